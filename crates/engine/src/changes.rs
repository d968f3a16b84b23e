//! The store's one observer: tells the parts of the engine that want to know what becomes of keys.

use parking_lot::Mutex;
use ringstone_store::{Change, Changed, Changes, Observer, Store};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

/// A part of the engine that may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `CLIENT TRACKING`.
    Tracking,
    /// memcached's `watch`.
    Watch,
    /// `WATCH` of transactions.
    Transactions,
    /// Loaders, whose results are old when a key is written or removed meanwhile.
    Loads,
}

const PARTS: usize = 4;
const CHANGES: [Change; 7] = [
    Change::Written,
    Change::Touched,
    Change::Removed,
    Change::Expired,
    Change::Evicted,
    Change::Flushed,
    Change::NothingRemoved,
];

/// Who is told of which changes. While no part wants any the store tells of none, which costs an access one load.
///
/// The rules of [`Observer::changed`] hold for every part: it is called under the lock of the key's cell, so it must be quick
/// and may take only locks under which nobody uses the store.
#[derive(Default)]
pub struct Listeners {
    parts: [OnceLock<Arc<dyn Observer>>; PARTS],
    /// By change, bits of the parts that want it.
    wanting: [AtomicU8; CHANGES.len()],
    /// By part, what it wants.
    wanted: Mutex<[Changes; PARTS]>,
}

impl Listeners {
    /// Names a part, once. It is told of nothing before it says of what.
    ///
    /// # Panics
    /// When the part was named before.
    pub fn join(&self, part: Part, listener: Arc<dyn Observer>) {
        assert!(self.parts[part as usize].set(listener).is_ok(), "a part is named once");
    }

    /// Of which changes a part is told from now on, by every thread whose access to a key follows one of the caller's.
    pub fn want(&self, part: Part, changes: Changes, store: &Store) {
        let mut wanted = self.wanted.lock();
        wanted[part as usize] = changes;
        for change in CHANGES {
            let bits = (0..PARTS).filter(|part| wanted[*part].contains(change)).fold(0, |bits, part| bits | 1 << part);
            self.wanting[change as usize].store(bits, Ordering::Relaxed);
        }
        store.set_observed(wanted.iter().fold(Changes::NONE, |all, changes| all | *changes));
    }
}

impl Observer for Listeners {
    fn changed(&self, changed: &Changed<'_>) {
        let mut wanting = self.wanting[changed.change as usize].load(Ordering::Relaxed);
        while wanting != 0 {
            let part = wanting.trailing_zeros() as usize;
            wanting &= wanting - 1;
            if let Some(listener) = self.parts[part].get() {
                listener.changed(changed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringstone_store::{Attributes, Eviction, NewValue, Options};

    #[derive(Default)]
    struct Notes(Mutex<Vec<Change>>);

    impl Observer for Notes {
        fn changed(&self, changed: &Changed<'_>) {
            self.0.lock().push(changed.change);
        }
    }

    #[test]
    fn each_part_is_told_of_what_it_wants() {
        let options =
            Options { max_memory: 8 << 20, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [0; 16] };
        let store = Store::open(options).expect("opens");
        let listeners = Arc::new(Listeners::default());
        let (tracking, watch) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
        listeners.join(Part::Tracking, Arc::clone(&tracking) as _);
        listeners.join(Part::Watch, Arc::clone(&watch) as _);
        store.observe(Arc::clone(&listeners) as _);
        let write = || {
            let mut entry = store.entry(b"k", store.hash(b"k"), 1);
            entry.set(NewValue::Bytes(b"v"), Attributes::default()).expect("is stored");
            entry.remove();
        };
        write();
        listeners.want(Part::Tracking, Changes::ALL, &store);
        listeners.want(Part::Watch, Changes::REMOVED, &store);
        write();
        listeners.want(Part::Tracking, Changes::NONE, &store);
        write();
        listeners.want(Part::Watch, Changes::NONE, &store);
        write();
        assert_eq!(*tracking.0.lock(), [Change::Written, Change::Removed]);
        assert_eq!(*watch.0.lock(), [Change::Removed, Change::Removed]);
    }
}
