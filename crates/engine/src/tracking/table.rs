//! Which connections have read which keys.

use crate::client::Client;
use crossbeam_utils::CachePadded;
use indexmap::IndexMap;
use parking_lot::Mutex;
use ringstone_store::{Hash, UnixMillis};
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 64;
/// Bytes that the table may take, as they are estimated.
pub const TABLE_BYTES: usize = 256 << 20;
/// Of them for a key, beside its own, and for each of its readers.
const KEY_OVERHEAD: usize = 128;
const READER_BYTES: usize = size_of::<Arc<Client>>();
/// Readers of a key from which on those that are gone are looked for before one more is added.
const CROWD: usize = 16;

/// Connections that have read a key, by serial.
pub type Readers = SmallVec<[Arc<Client>; 1]>;

/// A key that the table has given up, and who is to be told.
pub struct Dropped {
    /// The key.
    pub key: Box<[u8]>,
    /// Who has read it.
    pub readers: Readers,
}

/// A key with its hash, which is the store's: it is spread well, and secret.
#[derive(PartialEq, Eq)]
struct TrackedKey {
    hash: Hash,
    bytes: Box<[u8]>,
}

impl std::hash::Hash for TrackedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash.0);
    }
}

/// The same, borrowed.
struct KeyRef<'k>(&'k [u8], Hash);

impl std::hash::Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.1.0);
    }
}

impl indexmap::Equivalent<TrackedKey> for KeyRef<'_> {
    fn equivalent(&self, key: &TrackedKey) -> bool {
        self.1 == key.hash && *self.0 == *key.bytes
    }
}

/// The hash is there already.
#[derive(Default)]
struct Given(u64);

impl Hasher for Given {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_empty(), "only whole hashes are given");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Default)]
struct Interest {
    readers: Readers,
    /// When the key's time comes; 0 = never.
    due_ms: UnixMillis,
}

#[derive(Default)]
struct Shard {
    keys: IndexMap<TrackedKey, Interest, BuildHasherDefault<Given>>,
    /// Keys with a time: when it comes, and their index.
    due: BTreeSet<(UnixMillis, usize)>,
    bytes: usize,
    readers: usize,
    /// State of the draw of a key to be given up.
    draw: u64,
}

/// The keys that connections have read and not been told of since.
///
/// Its locks are taken under those of the store's cells: that orders what is read and what changes. Under them nothing else is
/// locked.
pub struct Table {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
    /// Keys with a time.
    timed: AtomicUsize,
    max_keys: AtomicUsize,
}

impl Table {
    /// For so many keys.
    pub fn new(max_keys: usize) -> Table {
        Table {
            shards: (0..SHARDS).map(|_| CachePadded::default()).collect(),
            timed: AtomicUsize::new(0),
            max_keys: AtomicUsize::new(max_keys),
        }
    }

    fn shard(&self, hash: Hash) -> &Mutex<Shard> {
        // The store takes a key's cell from other bits.
        &self.shards[(hash.0 >> 32) as usize % SHARDS]
    }

    /// From now on; keys beyond go as others come.
    pub fn set_max_keys(&self, max_keys: usize) {
        self.max_keys.store(max_keys, Ordering::Relaxed);
    }

    /// The bound, which is kept for each part of the table.
    pub fn max_keys(&self) -> usize {
        self.max_keys.load(Ordering::Relaxed)
    }

    /// The client is about to read the key, whose time comes at `due_ms` (0 = never). With the key's cell locked. Puts what had
    /// to go for it into `dropped`; true if this is the first key with a time.
    pub fn remember(
        &self,
        client: &Arc<Client>,
        key: &[u8],
        hash: Hash,
        due_ms: UnixMillis,
        dropped: &mut Vec<Dropped>,
    ) -> bool {
        let mut shard = self.shard(hash).lock();
        let timed_before = shard.due.len();
        let index = shard.add(client, key, hash);
        shard.set_due(index, due_ms);
        let max_keys = (self.max_keys() / SHARDS).max(1);
        while shard.keys.len() > max_keys || shard.bytes > TABLE_BYTES / SHARDS {
            let index = shard.draw();
            dropped.push(shard.remove(index));
        }
        self.count_timed(timed_before, shard.due.len())
    }

    /// True if these are the first.
    fn count_timed(&self, before: usize, after: usize) -> bool {
        if after >= before {
            after > before && self.timed.fetch_add(after - before, Ordering::Relaxed) == 0
        } else {
            self.timed.fetch_sub(before - after, Ordering::Relaxed);
            false
        }
    }

    /// Takes out a key that has changed: who has read it. With the key's cell locked.
    pub fn take(&self, key: &[u8], hash: Hash) -> Option<Readers> {
        let mut shard = self.shard(hash).lock();
        let index = shard.keys.get_index_of(&KeyRef(key, hash))?;
        let timed_before = shard.due.len();
        let readers = shard.remove(index).readers;
        self.count_timed(timed_before, shard.due.len());
        Some(readers)
    }

    /// Takes out the keys whose time has come.
    pub fn take_due(&self, now_ms: UnixMillis, mut each: impl FnMut(Dropped)) {
        for shard in &self.shards {
            loop {
                let dropped = self.take_first_due(&mut shard.lock(), now_ms);
                let Some(dropped) = dropped else { break };
                each(dropped);
            }
        }
    }

    fn take_first_due(&self, shard: &mut Shard, now_ms: UnixMillis) -> Option<Dropped> {
        let (due_ms, index) = *shard.due.first()?;
        if due_ms > now_ms {
            return None;
        }
        let timed_before = shard.due.len();
        let dropped = shard.remove(index);
        self.count_timed(timed_before, shard.due.len());
        Some(dropped)
    }

    /// Whether there is a key with a time.
    pub fn has_timed(&self) -> bool {
        self.timed.load(Ordering::Relaxed) > 0
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let timed_before = shard.due.len();
            let draw = shard.draw;
            *shard = Shard { draw, ..Shard::default() };
            self.count_timed(timed_before, 0);
        }
    }

    /// Keys, and pairs of a key and a reader.
    pub fn counts(&self) -> (usize, usize) {
        self.shards.iter().fold((0, 0), |(keys, readers), shard| {
            let shard = shard.lock();
            (keys + shard.keys.len(), readers + shard.readers)
        })
    }
}

impl Shard {
    /// Index of the key, of which the client is a reader then.
    fn add(&mut self, client: &Arc<Client>, key: &[u8], hash: Hash) -> usize {
        let index = match self.keys.get_index_of(&KeyRef(key, hash)) {
            Some(index) => index,
            None => {
                self.bytes += KEY_OVERHEAD + key.len();
                self.keys.insert_full(TrackedKey { hash, bytes: key.into() }, Interest::default()).0
            }
        };
        let readers = &mut self.keys[index].readers;
        let before = readers.len();
        if let Err(mut place) = readers.binary_search_by_key(&client.serial, |reader| reader.serial) {
            if before >= CROWD && before == readers.capacity() {
                readers.retain(|reader| !reader.is_gone());
                place = readers.partition_point(|reader| reader.serial < client.serial);
            }
            readers.insert(place, Arc::clone(client));
        }
        let after = readers.len();
        self.readers = self.readers + after - before;
        self.bytes = self.bytes + after * READER_BYTES - before * READER_BYTES;
        index
    }

    /// The key's time comes at `due_ms`, or before if that is known already.
    fn set_due(&mut self, index: usize, due_ms: UnixMillis) {
        let known_ms = self.keys[index].due_ms;
        if due_ms == 0 || known_ms != 0 && known_ms <= due_ms {
            return;
        }
        self.due.remove(&(known_ms, index));
        self.due.insert((due_ms, index));
        self.keys[index].due_ms = due_ms;
    }

    /// Takes a key out; the last one gets its index.
    fn remove(&mut self, index: usize) -> Dropped {
        let last = self.keys.len() - 1;
        let (key, interest) = self.keys.swap_remove_index(index).expect("an index of the map");
        self.due.remove(&(interest.due_ms, index));
        if index != last {
            let due_ms = self.keys[index].due_ms;
            if self.due.remove(&(due_ms, last)) {
                self.due.insert((due_ms, index));
            }
        }
        self.bytes -= KEY_OVERHEAD + key.bytes.len() + interest.readers.len() * READER_BYTES;
        self.readers -= interest.readers.len();
        Dropped { key: key.bytes, readers: interest.readers }
    }

    /// Any key but the last, which has just come; that one if there is no other.
    fn draw(&mut self) -> usize {
        // Steps of a Weyl sequence: what is drawn need not be unpredictable, only spread.
        self.draw = self.draw.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let others = self.keys.len().saturating_sub(1).max(1);
        ((u128::from(self.draw) * others as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(key: &[u8]) -> Hash {
        // FNV-1a, and its bits spread.
        let hash = key
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        Hash((hash ^ hash >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31))
    }

    fn client(serial: u64) -> Arc<Client> {
        Arc::new(Client::detached(serial))
    }

    fn remember(table: &Table, client: &Arc<Client>, key: &str, due_ms: u64) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        table.remember(client, key.as_bytes(), hash_of(key.as_bytes()), due_ms, &mut dropped);
        dropped
    }

    fn take(table: &Table, key: &str) -> Vec<u64> {
        let readers = table.take(key.as_bytes(), hash_of(key.as_bytes()));
        readers.iter().flatten().map(|reader| reader.serial).collect()
    }

    #[test]
    fn a_key_is_told_once_to_each_of_its_readers() {
        let table = Table::new(1000);
        for serial in [3, 1, 2, 1, 3] {
            remember(&table, &client(serial), "k", 0);
        }
        assert_eq!(table.counts(), (1, 3));
        assert_eq!(take(&table, "other"), []);
        assert_eq!(take(&table, "k"), [1, 2, 3]);
        assert_eq!(take(&table, "k"), []);
        assert_eq!(table.counts(), (0, 0));
    }

    #[test]
    fn times_come_in_order_and_only_for_keys_that_are_there() {
        let table = Table::new(100_000);
        let reader = client(1);
        for number in 0..1000_u64 {
            remember(&table, &reader, &format!("k{number}"), if number % 4 == 0 { 0 } else { 10_000 - number });
        }
        // A later time than the one that is known changes nothing, an earlier one does.
        remember(&table, &reader, "k1", 20_000);
        remember(&table, &reader, "k2", 5);
        // Others take the places of those that go.
        for number in (1..1000).step_by(2) {
            assert_eq!(take(&table, &format!("k{number}")), [1]);
        }
        assert!(table.has_timed());
        let due = |now_ms| {
            let mut keys = Vec::new();
            table.take_due(now_ms, |dropped| keys.push(String::from_utf8(dropped.key.into_vec()).expect("text")));
            keys
        };
        assert_eq!(due(4), [""; 0]);
        assert_eq!(due(5), ["k2"]);
        let mut rest = due(9998);
        rest.sort();
        let mut expected: Vec<String> =
            (6..1000).filter(|number| number % 4 == 2).map(|number| format!("k{number}")).collect();
        expected.sort();
        assert_eq!(rest, expected);
        assert!(!table.has_timed());
        assert_eq!(table.counts(), (250, 250), "those without a time are still there");
    }

    #[test]
    fn the_table_is_bounded_by_keys_and_bytes() {
        let table = Table::new(640);
        let reader = client(1);
        let mut dropped = 0;
        for number in 0..10_000 {
            dropped += remember(&table, &reader, &format!("k{number}"), number + 1).len();
        }
        let (keys, _) = table.counts();
        assert!((320..=640).contains(&keys) && keys + dropped == 10_000, "{keys} keys, {dropped} dropped");
        table.clear();
        assert_eq!((table.counts(), table.has_timed()), ((0, 0), false));
        table.set_max_keys(usize::MAX);
        let long = "k".repeat(60_000);
        for number in 0..TABLE_BYTES / long.len() + 1000 {
            remember(&table, &reader, &format!("{long}{number}"), 0);
        }
        let bytes: usize = table.shards.iter().map(|shard| shard.lock().bytes).sum();
        assert!(bytes <= TABLE_BYTES && bytes > TABLE_BYTES / 2, "{bytes}");
    }

    #[test]
    fn readers_that_are_gone_do_not_pile_up() {
        let table = Table::new(1000);
        for serial in 0..10_000 {
            let reader = client(serial);
            remember(&table, &reader, "k", 0);
            reader.leave();
        }
        assert!(table.counts().1 <= 4 * CROWD, "{:?}", table.counts());
    }
}
