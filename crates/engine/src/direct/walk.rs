//! Walks through the keys in calls of bounded length.

use super::{Direct, Operation};
use ringstone_protocol::glob::Pattern;

/// Items that one call looks at, at most; a few dozen more may be met.
pub const MAX_WALK_ITEMS: usize = 10_000;
/// Items between two looks at what was gathered.
const STEP_ITEMS: usize = 64;
/// Bytes of keys after which a call looks at no more.
const WALK_BYTES: usize = 1 << 20;

/// What a call of [`Direct::walk`] found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Where to go on; 0 when all was seen.
    pub cursor: u64,
    /// Keys.
    pub count: u32,
    /// Each with its length before it: four bytes, the lowest first.
    pub packed: Vec<u8>,
}

impl Walk {
    fn push(&mut self, key: &[u8]) {
        // No key has so many bytes that they do not fit.
        self.packed.extend_from_slice(&(key.len() as u32).to_le_bytes());
        self.packed.extend_from_slice(key);
        self.count += 1;
    }
}

impl Direct {
    /// Keys from a cursor on, 0 for the beginning, that Redis' `glob` matches; looks at some `items` items. What a whole walk
    /// gives is said of [`Store::scan`](ringstone_store::Store::scan): each key that is there all the time exactly once.
    pub fn walk(&self, cursor: u64, items: usize, glob: Option<&[u8]>) -> Walk {
        self.counters.call(Operation::Scan);
        let pattern = glob.and_then(Pattern::of_names);
        let now_ms = self.now_ms();
        let mut left = items.clamp(1, MAX_WALK_ITEMS);
        let mut walk = Walk { cursor, ..Walk::default() };
        let (mut keys, mut ends) = (Vec::new(), Vec::new());
        loop {
            keys.clear();
            ends.clear();
            walk.cursor = self.cache.store.scan(walk.cursor, left.min(STEP_ITEMS), now_ms, &mut |key, _| {
                keys.extend_from_slice(key);
                ends.push(keys.len());
            });
            left = left.saturating_sub(ends.len().max(1));
            // With no cell locked: it is the caller who chooses how long this takes.
            let mut start = 0;
            for &end in &ends {
                let key = &keys[start..end];
                start = end;
                if pattern.as_ref().is_none_or(|pattern| pattern.matches(key)) {
                    walk.push(key);
                }
            }
            if walk.cursor == 0 || left == 0 || walk.packed.len() > WALK_BYTES {
                return walk;
            }
        }
    }
}
