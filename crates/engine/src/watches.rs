//! WATCH: which connections want to know that a key has changed.
//!
//! A connection that watches a key is told of every version and every time of expiry that the key is given from then on, by any
//! protocol, through a flag that is set under the lock of the key's cell; EXEC looks at it with that cell locked, so nothing
//! happens between the look and the execution. What ends an item (deletion, expiry, eviction, a flush) need not be told: a key that
//! was there and is not there at EXEC has changed, and a key that came back has been written, which was told.

use crate::changes::{Listeners, Part};
use parking_lot::Mutex;
use ringstone_store::{Changed, Changes, Hash, LockedCells, Observer, Store};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Keys that a connection may watch.
pub const MAX_KEYS: usize = 4096;
/// Bytes that the keys watched by a connection may have in all.
pub const MAX_KEY_BYTES: usize = 1 << 20;
/// Locks of the table.
const SHARDS: usize = 64;
/// Counts of watched keys by bits of their hashes, so that a change of a key that nobody watches needs no lock.
const BUCKETS: usize = 4096;

type Shard = Mutex<HashMap<u64, Vec<Arc<AtomicBool>>>>;

/// Is told when the first connection watches, and when the last has ended.
type Switch = Box<dyn Fn(bool) + Send + Sync>;

/// Watched keys of all connections. The keys are known by their hashes: of two with the same one, which is one chance in 2^64 and
/// costs a transaction that is tried again, each counts for the other.
pub struct WatchTable {
    shards: Box<[Shard]>,
    buckets: Box<[AtomicU32]>,
    watched: AtomicUsize,
    watchers: Mutex<usize>,
    switch: Switch,
}

impl WatchTable {
    /// Of this store, whose changes it is told of while any key is watched.
    pub fn of(store: &Arc<Store>, listeners: &Arc<Listeners>) -> Arc<WatchTable> {
        let (weak_store, weak_listeners) = (Arc::downgrade(store), Arc::downgrade(listeners));
        let table = WatchTable::new(Box::new(move |is_watched| {
            let changes = if is_watched { Changes::WRITTEN | Changes::TOUCHED } else { Changes::NONE };
            if let (Some(store), Some(listeners)) = (weak_store.upgrade(), weak_listeners.upgrade()) {
                listeners.want(Part::Transactions, changes, &store);
            }
        }));
        let table = Arc::new(table);
        listeners.join(Part::Transactions, Arc::clone(&table) as _);
        table
    }

    fn new(switch: Switch) -> WatchTable {
        WatchTable {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(),
            watched: AtomicUsize::new(0),
            watchers: Mutex::new(0),
            switch,
        }
    }

    /// A connection begins to watch.
    fn join(&self) {
        let mut watchers = self.watchers.lock();
        *watchers += 1;
        if *watchers == 1 {
            (self.switch)(true);
        }
    }

    /// A connection has ended that.
    fn leave(&self) {
        let mut watchers = self.watchers.lock();
        *watchers -= 1;
        if *watchers == 0 {
            (self.switch)(false);
        }
    }

    /// Connections that watch.
    pub fn watchers(&self) -> usize {
        *self.watchers.lock()
    }

    /// Keys watched, each by each connection that does.
    pub fn len(&self) -> usize {
        self.watched.load(Ordering::Relaxed)
    }

    #[cold]
    fn tell(&self, hash: Hash) {
        for dirty in self.shard(hash).lock().get(&hash.0).into_iter().flatten() {
            dirty.store(true, Ordering::Relaxed);
        }
    }

    fn add(&self, hash: Hash, dirty: &Arc<AtomicBool>) {
        self.shard(hash).lock().entry(hash.0).or_default().push(Arc::clone(dirty));
        self.bucket(hash).fetch_add(1, Ordering::Relaxed);
        self.watched.fetch_add(1, Ordering::Relaxed);
    }

    fn remove(&self, hash: Hash, dirty: &Arc<AtomicBool>) {
        let mut shard = self.shard(hash).lock();
        if let Some(watchers) = shard.get_mut(&hash.0) {
            if let Some(at) = watchers.iter().position(|watcher| Arc::ptr_eq(watcher, dirty)) {
                watchers.swap_remove(at);
                self.bucket(hash).fetch_sub(1, Ordering::Relaxed);
                self.watched.fetch_sub(1, Ordering::Relaxed);
            }
            if watchers.is_empty() {
                shard.remove(&hash.0);
            }
        }
    }

    /// Bits that the index and the cells of the store use little, so that the parts of this table fill evenly.
    fn shard(&self, hash: Hash) -> &Shard {
        &self.shards[(hash.0 >> 26) as usize % SHARDS]
    }

    fn bucket(&self, hash: Hash) -> &AtomicU32 {
        &self.buckets[(hash.0 >> 20) as usize % BUCKETS]
    }
}

impl Observer for WatchTable {
    /// With the lock of the key's cell held, as with `Watches::add`: that orders the two, so that relaxed loads suffice.
    fn changed(&self, changed: &Changed<'_>) {
        if self.bucket(changed.hash).load(Ordering::Relaxed) > 0 {
            self.tell(changed.hash);
        }
    }
}

/// What one connection watches, until dropped.
pub struct Watches {
    table: Arc<WatchTable>,
    dirty: Arc<AtomicBool>,
    keys: BTreeMap<Box<[u8]>, Watched>,
    key_bytes: usize,
}

struct Watched {
    hash: Hash,
    was_there: bool,
}

impl Watches {
    /// None yet; before the first key's cell is locked.
    pub fn new(table: &Arc<WatchTable>) -> Watches {
        table.join();
        Watches {
            table: Arc::clone(table),
            dirty: Arc::new(AtomicBool::new(false)),
            keys: BTreeMap::new(),
            key_bytes: 0,
        }
    }

    /// Whether there is room for another key.
    pub fn has_room(&self, key: &[u8]) -> bool {
        self.keys.contains_key(key)
            || self.keys.len() < MAX_KEYS && self.key_bytes.saturating_add(key.len()) <= MAX_KEY_BYTES
    }

    /// Watches one more key. With the lock of its cell held; `is_there`: whether it has a live item.
    pub fn add(&mut self, key: &[u8], hash: Hash, is_there: bool) {
        if !self.keys.contains_key(key) {
            self.table.add(hash, &self.dirty);
            self.keys.insert(key.into(), Watched { hash, was_there: is_there });
            self.key_bytes += key.len();
        }
    }

    /// Keys watched.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Hashes of the keys.
    pub fn hashes(&self) -> impl Iterator<Item = Hash> {
        self.keys.values().map(|watched| watched.hash)
    }

    /// Whether any of the keys has changed; their cells are locked.
    pub fn is_dirty(&self, cells: &mut LockedCells<'_>) -> bool {
        let mut is_gone =
            |key: &[u8], watched: &Watched| watched.was_there && cells.entry(key, watched.hash).peek().is_none();
        self.dirty.load(Ordering::Relaxed) || self.keys.iter().any(|(key, watched)| is_gone(key, watched))
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        for watched in self.keys.values() {
            self.table.remove(watched.hash, &self.dirty);
        }
        self.table.leave();
    }
}

impl std::fmt::Debug for Watches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watches").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
