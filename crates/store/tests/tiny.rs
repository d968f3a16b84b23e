//! Small runs of everything that is unsafe, short enough for Miri:
//! `cargo +nightly miri test -p ringstone-store --test tiny miri_`.

use ringstone_store::{
    Attributes, Changed, Changes, Error, Eviction, Kind, Marks, NewValue, Observer, Options, Store, Value,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what it is told of keys that are what they were.
#[derive(Default)]
struct Told(AtomicUsize);

impl Observer for Told {
    fn changed(&self, changed: &Changed<'_>) {
        self.0.fetch_add(usize::from(!changed.key.is_empty()), Ordering::Relaxed);
    }
}

/// Miri is a thousand times slower.
const ROUNDS: usize = if cfg!(miri) { 60 } else { 400 };

fn open(max_memory: u64, eviction: Eviction) -> Store {
    Store::open(Options { max_memory, max_value_size: 1 << 20, eviction, hash_key: [4; 16] }).unwrap()
}

fn set(store: &Store, key: &[u8], value: &[u8], expires_at_ms: u64) -> Result<u64, Error> {
    let length = value.len();
    let marks = Marks { stale: length % 2 == 1, ..Marks::default() };
    let cas = if length.is_multiple_of(19) { length as u64 } else { 0 };
    let attributes = Attributes { flags: length as u32 % 3, expires_at_ms, marks, cas };
    store.entry(key, store.hash(key), 1000).set(NewValue::Bytes(value), attributes)
}

fn sweep(store: &Store, now_ms: u64) {
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        cursor = store.sweep_slice(at, now_ms);
    }
}

/// Sizes, overwriting in place and not, gaps, growth of the index with its overflow, eviction, compaction.
#[test]
fn miri_fill_and_evict() {
    for eviction in [Eviction::S3Fifo, Eviction::Lru] {
        let store = open(64 << 10, eviction);
        for i in 0..ROUNDS * 6 {
            let key = (i * 31 % 500).to_le_bytes();
            let value = vec![i as u8; [4, 20, 37, 190, 900][i % 5]];
            set(&store, &key, &value, if i % 4 == 0 { 5000 } else { 0 }).unwrap();
            let hash = store.hash(&key);
            store.prefetch_cell(hash);
            store.prefetch_bucket(hash);
            store.prefetch_item(hash);
            assert_eq!(store.entry(&key, hash, 1000).get().unwrap().value.to_vec(), value);
            if i % 3 == 0 {
                let key = (i * 17 % 500).to_le_bytes();
                store.entry(&key, store.hash(&key), 1000).remove();
            }
        }
        assert!(store.stats().evictions > 0);
        #[cfg(debug_assertions)]
        store.check_integrity();
        sweep(&store, 5000);
        assert!(store.stats().expirations > 0);
        #[cfg(debug_assertions)]
        store.check_integrity();
    }
}

/// Stubs, lists of large values, long keys, bodies filled piece by piece, extension in both forms.
#[test]
fn miri_chains() {
    let store = open(128 << 10, Eviction::S3Fifo);
    let long = vec![b'k'; 3000];
    for i in 0..ROUNDS / 4 {
        let number = (i % 7).to_le_bytes();
        let key: &[u8] = if i % 7 == 3 { &long } else { &number };
        let hash = store.hash(key);
        let value = vec![i as u8; 1000 + i % 40 * 300];
        let mut body = store.reserve(value.len(), 1000).unwrap();
        let half = body.spare().len() / 2;
        body.spare()[..half].fill(i as u8);
        body.filled(half);
        assert_eq!(body.fill_from(&value[half..]), value.len() - half);
        let mut entry = store.entry(key, hash, 1000);
        entry.set(NewValue::Body(body), Attributes::default()).unwrap();
        entry.append(NewValue::Bytes(b"tail")).unwrap().unwrap();
        entry.prepend(NewValue::Bytes(b"head")).unwrap().unwrap();
        entry.set_expiry(2000).unwrap().unwrap();
        let expected = [b"head".to_vec(), value, b"tail".to_vec()].concat();
        assert_eq!(entry.get().unwrap().value.to_vec(), expected);
        if i % 5 == 4 {
            entry.replace_value(b"small now").unwrap().unwrap();
        }
    }
    #[cfg(debug_assertions)]
    store.check_integrity();
    store.flush(0, 1000);
    sweep(&store, 1000);
    assert_eq!(store.stats().chain_bytes, 0);
    #[cfg(debug_assertions)]
    store.check_integrity();
}

/// Values that grow in their last page, by a new tail, and by a copy while another thread still reads the old one.
#[test]
fn miri_append() {
    let store = open(128 << 10, Eviction::S3Fifo);
    let hash = store.hash(b"k");
    let mut value = vec![1; 3000];
    set(&store, b"k", &value, 0).unwrap();
    for i in 0..ROUNDS / 6 {
        let mut entry = store.entry(b"k", hash, 1000);
        let Value::Chain(chain) = entry.get().unwrap().value else { panic!("a chain") };
        let held = (i % 3 == 0).then(|| chain.clone());
        let reader = held.map(|chain| {
            let expected = value.clone();
            std::thread::spawn(move || assert!(chain.chunks().flatten().copied().eq(expected)))
        });
        let more = vec![i as u8; [10, 300, 2000, 0, 5000][i % 5]];
        entry.append(NewValue::Bytes(&more)).unwrap().unwrap();
        value.extend_from_slice(&more);
        assert_eq!(entry.get().unwrap().value.to_vec(), value);
        drop(entry);
        reader.into_iter().for_each(|reader| reader.join().unwrap());
        if value.len() > 20_000 {
            value.truncate(2000);
            set(&store, b"k", &value, 0).unwrap();
        }
    }
    #[cfg(debug_assertions)]
    store.check_integrity();
}

/// Marks and tokens that were given, in items and stubs, put there by all that writes, with somebody told of each change.
#[test]
fn miri_marks() {
    let store = open(64 << 10, Eviction::S3Fifo);
    let told = Arc::new(Told::default());
    store.observe(told.clone());
    store.set_observed(Changes::ALL);
    let long = vec![b'k'; 1500];
    for i in 0..ROUNDS {
        let number = (i % 11).to_le_bytes();
        let key: &[u8] = [&number, &long[..300], &long][i % 3 * usize::from(i % 4 == 0)];
        let marks =
            Marks { kind: [Kind::String, Kind::Hash][i % 2], stale: i % 3 == 0, won: i % 5 == 0, loaded: i % 7 == 0 };
        let cas = [0, u64::MAX, 7][i % 3];
        let attributes = Attributes { flags: i as u32 % 2, marks, cas, ..Attributes::default() };
        let value = vec![i as u8; [3, 40, 1500][i % 3]];
        let mut entry = store.entry(key, store.hash(key), 1000);
        entry.set(NewValue::Bytes(&value), if i % 2 == 0 { attributes } else { Attributes::default() }).unwrap();
        entry.set_marks(marks).unwrap().unwrap();
        entry.set_expiry(2000).unwrap().unwrap();
        let renewed = entry.renew(marks, cas).unwrap().unwrap();
        let item = entry.get().unwrap();
        assert_eq!((item.marks, item.cas, item.value.to_vec()), (marks, renewed, value));
        entry.append(NewValue::Bytes(b"x")).unwrap().unwrap();
        assert_eq!(entry.get().unwrap().marks, marks.of_next());
    }
    assert!(told.0.load(Ordering::Relaxed) >= 5 * ROUNDS);
    #[cfg(debug_assertions)]
    store.check_integrity();
}

/// Two threads, one holding chains beyond their items' lives, and a store that goes before its chains.
#[test]
fn miri_threads_and_held_chains() {
    let store = Arc::new(open(128 << 10, Eviction::S3Fifo));
    let other = store.clone();
    let thread = std::thread::spawn(move || {
        let mut held = Vec::new();
        for i in 0..ROUNDS / 2 {
            let key = (i % 10).to_le_bytes();
            let hash = other.hash(&key);
            other.prefetch_bucket(hash);
            other.prefetch_item(hash);
            if let Ok(item) = other.entry(&key, hash, 1000).get()
                && let Value::Chain(chain) = item.value
            {
                held.push(chain.clone());
            }
            held.truncate(3);
        }
        held
    });
    for i in 0..ROUNDS / 2 {
        let key = (i % 10).to_le_bytes();
        let size = if i % 2 == 0 { 3000 } else { 20 };
        let result = set(&store, &key, &vec![i as u8; size], 0);
        assert!(matches!(result, Ok(_) | Err(Error::OutOfMemory)));
    }
    let held = thread.join().unwrap();
    drop(store);
    for chain in held {
        let first = chain.chunk_at(0)[0];
        assert!(chain.chunks().flatten().all(|&byte| byte == first));
    }
}

/// Room from cells that are held beside the entry's own.
#[test]
fn miri_held_cells() {
    let options =
        Options { max_memory: 8 << 20, max_value_size: 8 << 20, eviction: Eviction::S3Fifo, hash_key: [4; 16] };
    let store = Store::open(options).unwrap();
    let value = vec![1; 5 << 20];
    (0..10u8).for_each(|key| _ = set(&store, &[key], &value[..1 << 20], 0).unwrap());
    let mut cells = store.lock_all(1000);
    for key in [[20], [21]] {
        let mut entry = cells.entry(&key, store.hash(&key));
        entry.set(NewValue::Bytes(&value), Attributes::default()).unwrap();
        assert_eq!(entry.get().unwrap().value.len(), value.len());
    }
    drop(cells);
    #[cfg(debug_assertions)]
    store.check_integrity();
}
