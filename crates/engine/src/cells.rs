//! The cells that a command works on: those of its keys, locked one command at a time, or those that a transaction holds.

use ringstone_store::{Entry, Hash, Item, LockedCells, Store, UnixMillis};

/// How a command comes by the entries of its keys.
#[expect(clippy::large_enum_variant, reason = "on the stack, and not moved while commands are executed")]
pub enum Cells<'a> {
    /// Each command locks for itself.
    Open(&'a Store),
    /// The same; that a key is read is not counted.
    Uncounted(&'a Store),
    /// A transaction holds the cells of all of its keys until it ends.
    Held {
        /// They.
        cells: LockedCells<'a>,
        /// Whether it is counted that a key is read.
        counts: bool,
    },
}

/// The cells of several keys, locked for one command.
pub enum Several<'c, 'a> {
    /// For this command.
    Own(LockedCells<'c>),
    /// The same; that a key is read is not counted.
    Uncounted(LockedCells<'c>),
    /// By the transaction that it is in.
    Lent {
        /// All that it holds.
        cells: &'c mut LockedCells<'a>,
        /// Whether it is counted that a key is read.
        counts: bool,
    },
}

/// Counted or not.
#[inline]
fn counted<'s, 'k>(entry: Entry<'s, 'k>, counts: bool) -> Entry<'s, 'k> {
    if counts { entry } else { entry.uncounted() }
}

impl<'a> Cells<'a> {
    /// One key under its cell's lock.
    ///
    /// # Panics
    /// When a transaction holds cells, and the key's is not among them.
    #[inline(always)]
    pub fn entry<'c, 'k>(&'c mut self, key: &'k [u8], hash: Hash, now_ms: UnixMillis) -> Entry<'c, 'k> {
        match self {
            Cells::Open(store) => store.entry(key, hash, now_ms),
            cells => cells.other_entry(key, hash, now_ms),
        }
    }

    #[cold]
    fn other_entry<'c, 'k>(&'c mut self, key: &'k [u8], hash: Hash, now_ms: UnixMillis) -> Entry<'c, 'k> {
        match self {
            Cells::Open(store) => store.entry(key, hash, now_ms),
            Cells::Uncounted(store) => store.entry(key, hash, now_ms).uncounted(),
            Cells::Held { cells, counts } => counted(cells.entry(key, hash), *counts),
        }
    }

    /// Whether it is counted from now on that a key is read.
    pub fn set_counted(&mut self, is_counted: bool) {
        match self {
            Cells::Open(store) | Cells::Uncounted(store) => {
                *self = if is_counted { Cells::Open(store) } else { Cells::Uncounted(store) };
            }
            Cells::Held { counts, .. } => *counts = is_counted,
        }
    }

    /// Removes all items. A transaction that does so holds all cells.
    pub fn flush(&mut self, at_ms: UnixMillis, now_ms: UnixMillis) {
        match self {
            Cells::Open(store) | Cells::Uncounted(store) => store.flush(at_ms, now_ms),
            Cells::Held { cells, .. } => cells.flush(at_ms),
        }
    }

    /// The cells of several keys, locked together, or as they are held.
    pub fn several<'c>(&'c mut self, hashes: &[Hash], now_ms: UnixMillis) -> Several<'c, 'a> {
        match self {
            Cells::Open(store) => Several::Own(store.lock(hashes, now_ms)),
            Cells::Uncounted(store) => Several::Uncounted(store.lock(hashes, now_ms)),
            Cells::Held { cells, counts } => Several::Lent { cells, counts: *counts },
        }
    }

    /// As [`Store::scan`]; of a transaction's cells it sees only those.
    pub fn scan(
        &mut self,
        cursor: u64,
        budget: usize,
        now_ms: UnixMillis,
        give: &mut dyn FnMut(&[u8], &Item<'_>),
    ) -> u64 {
        match self {
            Cells::Open(store) | Cells::Uncounted(store) => store.scan(cursor, budget, now_ms, give),
            Cells::Held { cells, .. } => cells.scan(cursor, budget, give),
        }
    }

    /// As [`Store::random_key`]; of a transaction's cells it sees only those.
    pub fn random_key(&mut self, seed: u64, now_ms: UnixMillis) -> Option<Vec<u8>> {
        match self {
            Cells::Open(store) | Cells::Uncounted(store) => store.random_key(seed, now_ms),
            Cells::Held { cells, .. } => cells.random_key(seed),
        }
    }
}

impl Several<'_, '_> {
    /// The entry of one of the keys.
    pub fn entry<'e, 'k>(&'e mut self, key: &'k [u8], hash: Hash) -> Entry<'e, 'k> {
        match self {
            Several::Own(cells) => cells.entry(key, hash),
            Several::Uncounted(cells) => cells.entry(key, hash).uncounted(),
            Several::Lent { cells, counts } => counted(cells.entry(key, hash), *counts),
        }
    }
}
