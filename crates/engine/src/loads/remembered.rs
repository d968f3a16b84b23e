//! What is known for a while of keys that are not being loaded: that there is no value, or that a refresh has just failed.
//! Times are of the steady clock.

use super::GroupId;
use super::sieve::Sieve;
use ringstone_store::Hash;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Keys that are remembered at most; beyond, what would end first is forgotten.
pub const MAX_REMEMBERED_KEYS: usize = 65_536;
/// Bytes that these keys may have in all.
pub const MAX_REMEMBERED_BYTES: usize = 8 << 20;

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Its loader has no value for it.
    Absent,
    /// A refresh of it has failed.
    NotRefreshed,
}

struct Note {
    known: Known,
    group: GroupId,
    hash: Hash,
    until_ms: u64,
    serial: u64,
}

/// Notes on keys, bounded.
#[derive(Default)]
pub(super) struct Remembered {
    notes: HashMap<Arc<[u8]>, Note>,
    /// By the time of their end, and in the order of their making.
    ends: BTreeSet<(u64, u64, Arc<[u8]>)>,
    bytes: usize,
    next_serial: u64,
}

impl Remembered {
    /// Keys that are noted.
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// What is known of a key, if that is of the same pattern's loaders.
    pub fn get(&self, key: &[u8], group: GroupId, now_ms: u64) -> Option<Known> {
        let note = self.notes.get(key)?;
        (note.group == group && now_ms < note.until_ms).then_some(note.known)
    }

    /// Notes it in place of what was known.
    pub fn insert(
        &mut self,
        key: &Arc<[u8]>,
        hash: Hash,
        (known, group): (Known, GroupId),
        until_ms: u64,
        sieve: &Sieve,
    ) {
        self.remove(key, sieve);
        while self.notes.len() >= MAX_REMEMBERED_KEYS || self.bytes + key.len() > MAX_REMEMBERED_BYTES {
            let Some((_, _, oldest)) = self.ends.first().cloned() else { return };
            self.remove(&oldest, sieve);
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        self.bytes += key.len();
        sieve.add(hash);
        self.ends.insert((until_ms, serial, Arc::clone(key)));
        self.notes.insert(Arc::clone(key), Note { known, group, hash, until_ms, serial });
    }

    /// Forgets a key.
    pub fn remove(&mut self, key: &[u8], sieve: &Sieve) {
        if let Some((key, note)) = self.notes.remove_entry(key) {
            self.bytes -= key.len();
            sieve.remove(note.hash);
            self.ends.remove(&(note.until_ms, note.serial, key));
        }
    }

    /// Forgets what is over.
    pub fn expire(&mut self, now_ms: u64, sieve: &Sieve) {
        while let Some((_, _, key)) = self.ends.first().filter(|(until_ms, ..)| *until_ms <= now_ms).cloned() {
            self.remove(&key, sieve);
        }
    }

    /// When the next is over.
    pub fn first_end(&self) -> Option<u64> {
        self.ends.first().map(|(until_ms, ..)| *until_ms)
    }

    /// Forgets all.
    pub fn clear(&mut self, sieve: &Sieve) {
        self.notes.values().for_each(|note| sieve.remove(note.hash));
        *self = Remembered { next_serial: self.next_serial, ..Remembered::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: GroupId = GroupId(1);

    fn note(remembered: &mut Remembered, sieve: &Sieve, key: &[u8], until_ms: u64) {
        remembered.insert(&key.into(), Hash(key.len() as u64), (Known::Absent, GROUP), until_ms, sieve);
    }

    #[test]
    fn a_note_ends_and_is_of_one_pattern() {
        let (mut remembered, sieve) = (Remembered::default(), Sieve::default());
        note(&mut remembered, &sieve, b"k", 10);
        assert_eq!(remembered.get(b"k", GROUP, 9), Some(Known::Absent));
        assert_eq!(remembered.get(b"k", GroupId(2), 9), None);
        assert_eq!(remembered.get(b"k", GROUP, 10), None);
        note(&mut remembered, &sieve, b"k", 20);
        assert_eq!((remembered.len(), remembered.first_end()), (1, Some(20)), "in place of the first");
        remembered.expire(19, &sieve);
        assert_eq!(remembered.len(), 1);
        remembered.expire(20, &sieve);
        assert!(remembered.len() == 0 && !sieve.may_hold(Hash(1)));
    }

    #[test]
    fn beyond_the_bounds_the_first_to_end_is_forgotten() {
        let (mut remembered, sieve) = (Remembered::default(), Sieve::default());
        for n in 0..MAX_REMEMBERED_KEYS + 10 {
            note(&mut remembered, &sieve, &n.to_be_bytes(), 1000 + n as u64);
        }
        assert_eq!(remembered.len(), MAX_REMEMBERED_KEYS);
        assert_eq!(remembered.first_end(), Some(1010));
        let long = vec![b'k'; MAX_REMEMBERED_BYTES / 2];
        note(&mut remembered, &sieve, &long, 1 << 40);
        assert!(remembered.bytes <= MAX_REMEMBERED_BYTES && remembered.len() > 1);
        let sum: usize = remembered.notes.keys().map(|key| key.len()).sum();
        assert_eq!((remembered.bytes, remembered.ends.len()), (sum, remembered.notes.len()));
        remembered.clear(&sieve);
        assert!(remembered.len() == 0 && !sieve.may_hold(Hash(8)) && !sieve.may_hold(Hash(long.len() as u64)));
    }
}
