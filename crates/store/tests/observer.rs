//! What the observer of a store is told, and what not. That every change is told once and in order is checked by the model too.

use ringstone_store::{
    Attributes, Change, Changed, Changes, Entry, Eviction, Kind, Marks, NewValue, Observer, Options, Store,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

const NOW_MS: u64 = 1_000_000;

#[derive(Default)]
struct Log(Mutex<Vec<(Change, Vec<u8>, u64)>>);

impl Observer for Log {
    fn changed(&self, changed: &Changed<'_>) {
        self.0.lock().unwrap().push((changed.change, changed.key.to_vec(), changed.cas));
    }
}

impl Log {
    fn take(&self) -> Vec<Change> {
        self.0.lock().unwrap().drain(..).map(|(change, ..)| change).collect()
    }
}

fn open(max_memory: u64) -> (Store, Arc<Log>) {
    let options = Options { max_memory, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [6; 16] };
    let (store, log) = (Store::open(options).unwrap(), Arc::new(Log::default()));
    store.observe(log.clone());
    (store, log)
}

fn entry<'s, 'k>(store: &'s Store, key: &'k [u8], now_ms: u64) -> Entry<'s, 'k> {
    store.entry(key, store.hash(key), now_ms)
}

fn set(store: &Store, key: &[u8], expires_at_ms: u64, now_ms: u64) -> u64 {
    let attributes = Attributes { expires_at_ms, ..Attributes::default() };
    entry(store, key, now_ms).set(NewValue::Bytes(b"value"), attributes).unwrap()
}

fn sweep(store: &Store, now_ms: u64) {
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        cursor = store.sweep_slice(at, now_ms);
    }
}

#[test]
fn each_kind_of_change_is_told_once() {
    let (store, log) = open(1 << 20);
    store.set_observed(Changes::ALL);
    set(&store, b"key", NOW_MS + 1, NOW_MS);
    assert_eq!(log.take(), [Change::Written]);
    set(&store, b"key", NOW_MS + 1, NOW_MS);
    assert_eq!(log.take(), [Change::Written], "what is replaced is not told");
    set(&store, b"key", NOW_MS + 9, NOW_MS + 5);
    assert_eq!(log.take(), [Change::Expired, Change::Written], "what had expired is");
    entry(&store, b"key", NOW_MS).set_expiry(0);
    entry(&store, b"key", NOW_MS).set_marks(Marks { kind: Kind::Hash, ..Marks::default() });
    assert_eq!(log.take(), [Change::Touched, Change::Touched]);
    entry(&store, b"key", NOW_MS).renew(Marks::default(), 0);
    entry(&store, b"key", NOW_MS).append(NewValue::Bytes(b"1"));
    entry(&store, b"key", NOW_MS).prepend(NewValue::Bytes(&[1; 30_000]));
    entry(&store, b"key", NOW_MS).replace_value(b"5");
    assert_eq!(log.take(), [Change::Written; 4]);
    assert!(entry(&store, b"key", NOW_MS).get().is_ok() && entry(&store, b"other", NOW_MS).get().is_err());
    assert!(!entry(&store, b"other", NOW_MS).remove());
    assert_eq!(log.take(), [], "reads and what finds nothing");
    assert!(entry(&store, b"key", NOW_MS).remove());
    assert_eq!(log.take(), [Change::Removed]);
    set(&store, b"key", 0, NOW_MS);
    store.flush(0, NOW_MS);
    assert_eq!(log.take(), [Change::Written], "a flush is not told of each key");
    set(&store, b"key", NOW_MS + 1, NOW_MS);
    assert_eq!(log.take(), [Change::Flushed, Change::Written], "when it is found, it is");
    sweep(&store, NOW_MS + 1);
    sweep(&store, NOW_MS + 1);
    assert_eq!(log.take(), [Change::Expired]);
}

#[test]
fn only_what_is_wanted_is_told() {
    let (store, log) = open(1 << 20);
    set(&store, b"key", 0, NOW_MS);
    assert_eq!(log.take(), [], "nothing is wanted at first");
    store.set_observed(Changes::WRITTEN | Changes::REMOVED);
    set(&store, b"key", 0, NOW_MS);
    entry(&store, b"key", NOW_MS).set_expiry(NOW_MS + 1);
    set(&store, b"key", 0, NOW_MS + 2);
    entry(&store, b"key", NOW_MS).remove();
    assert_eq!(log.take(), [Change::Written, Change::Written, Change::Removed]);
    store.set_observed(Changes::NONE);
    set(&store, b"key", 0, NOW_MS);
    assert_eq!(log.take(), []);
    for (changes, change) in [(Changes::EXPIRED, Change::Expired), (Changes::EVICTED, Change::Evicted)] {
        assert!(changes.contains(change) && !changes.contains(Change::Written) && Changes::ALL.contains(change));
    }
}

#[test]
fn a_store_that_nobody_observes_tells_nobody() {
    let options =
        Options { max_memory: 1 << 20, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [6; 16] };
    let store = Store::open(options).unwrap();
    store.set_observed(Changes::ALL);
    set(&store, b"key", 0, NOW_MS);
}

#[test]
#[should_panic(expected = "one observer")]
fn there_is_one_observer() {
    let (store, log) = open(1 << 20);
    store.observe(log);
}

/// Of every key, what is told follows from what was told before, and the last word on it is what the store shows: also
/// while threads evict from each other's cells.
#[test]
fn threads_are_told_in_the_order_of_their_changes() {
    const THREADS: u64 = 4;
    const WRITES: u64 = 20_000;
    let (store, log) = open(16 << 20);
    store.set_observed(Changes::ALL);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                let mut random = thread + 1;
                for _ in 0..WRITES {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let key = (random >> 50).to_le_bytes();
                    let value = &[1; 4000][..random as usize % 4000];
                    match random >> 20 & 7 {
                        0 => _ = entry(store, &key, NOW_MS).remove(),
                        1 => _ = entry(store, &key, NOW_MS).set_expiry(NOW_MS + 5),
                        2 => _ = entry(store, &key, NOW_MS + 10).get().is_ok(),
                        _ => _ = entry(store, &key, NOW_MS).set(NewValue::Bytes(value), Attributes::default()),
                    }
                }
            });
        }
    });
    let mut there = HashMap::new();
    let mut evictions = 0;
    for (change, key, cas) in log.0.lock().unwrap().drain(..) {
        match change {
            Change::Written => assert!(there.insert(key, cas).is_none_or(|before| before < cas)),
            Change::Touched => assert_eq!(there.get(&key), Some(&cas)),
            gone => {
                evictions += u64::from(gone == Change::Evicted);
                assert_eq!(there.remove(&key), Some(cas));
            }
        }
    }
    assert!(evictions > 0);
    assert_eq!(evictions, store.stats().evictions);
    assert_eq!(store.len(), there.len() as u64);
    for (key, cas) in there {
        assert_eq!(entry(&store, &key, NOW_MS).peek().unwrap().cas, cas);
    }
}

#[test]
fn a_removal_that_finds_nothing_is_told_to_who_wants_that() {
    let (store, log) = open(1 << 20);
    store.set_observed(Changes::REMOVED | Changes::NOTHING_REMOVED);
    assert!(!entry(&store, b"key", NOW_MS).remove());
    set(&store, b"key", NOW_MS + 1, NOW_MS);
    assert!(entry(&store, b"key", NOW_MS).remove());
    set(&store, b"key", NOW_MS + 1, NOW_MS);
    assert!(!entry(&store, b"key", NOW_MS + 1).remove(), "its time had come");
    assert_eq!(log.take(), [Change::NothingRemoved, Change::Removed, Change::NothingRemoved]);
    assert!(!Changes::ALL.contains(Change::NothingRemoved), "nothing becomes of an item");
}
