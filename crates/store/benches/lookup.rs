//! Nanoseconds per operation on one thread: `cargo bench -p ringstone-store [-- ITEMS ...]`. 16-byte keys, 100-byte values,
//! uniform. Prints figures; asserts nothing.

use ringstone_store::{Attributes, Eviction, Hash, NewValue, Options, Store, Value};
use std::hint::black_box;
use std::time::Instant;

const VALUE: [u8; 100] = [7; 100];
const OPERATIONS: u64 = 4_000_000;
const NOW_MS: u64 = 1_700_000_000_000;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(limit)) >> 64) as u64
    }
}

fn key(n: u64) -> [u8; 16] {
    let mut key = [b'k'; 16];
    key[..8].copy_from_slice(&n.to_le_bytes());
    key
}

fn timed(name: &str, items: u64, operations: u64, mut run: impl FnMut(&mut Random)) {
    let mut random = Random(0x1234_5678_9abc_def1);
    let start = Instant::now();
    run(&mut random);
    println!("{items:>10} items  {name:<24} {:>7.1} ns", start.elapsed().as_nanos() as f64 / operations as f64);
}

fn set(store: &Store, key: &[u8]) {
    store.entry(key, store.hash(key), NOW_MS).set(NewValue::Bytes(&VALUE), Attributes::default()).expect("room");
}

/// As a server does: the value is copied into a buffer of replies.
fn get(store: &Store, key: &[u8], hash: Hash, replies: &mut Vec<u8>) {
    let mut entry = store.entry(key, hash, NOW_MS);
    let item = entry.get().expect("the store is large enough");
    match item.value {
        Value::Bytes(bytes) => replies.extend_from_slice(bytes),
        Value::Chain(_) => unreachable!("all values are small"),
    }
}

/// Sends what a turn has replied.
fn send(replies: &mut Vec<u8>) {
    black_box(&replies[..]);
    replies.clear();
}

fn batches(store: &Store, items: u64, batch: usize) {
    let mut replies = Vec::with_capacity(1 << 16);
    timed(&format!("get, batches of {batch}"), items, OPERATIONS, |random| {
        for _ in 0..OPERATIONS / batch as u64 {
            let keys: Vec<[u8; 16]> = (0..batch).map(|_| key(random.below(items))).collect();
            let hashes: Vec<Hash> = keys.iter().map(|key| store.hash(key)).collect();
            hashes.iter().for_each(|&hash| store.prefetch_cell(hash));
            hashes.iter().for_each(|&hash| store.prefetch_bucket(hash));
            hashes.iter().for_each(|&hash| store.prefetch_item(hash));
            keys.iter().zip(&hashes).for_each(|(key, &hash)| get(store, key, hash, &mut replies));
            send(&mut replies);
        }
    });
}

fn measure(items: u64) {
    let max_memory = (items * 160).max(8 << 20);
    let options = Options { max_memory, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [1; 16] };
    let store = Store::open(options).expect("memory");
    timed("set, new", items, items, |_| (0..items).for_each(|n| set(&store, &key(n))));
    let mut replies = Vec::with_capacity(1 << 16);
    timed("get, one by one", items, OPERATIONS, |random| {
        for _ in 0..OPERATIONS {
            let key = key(random.below(items));
            get(&store, &key, store.hash(&key), &mut replies);
            send(&mut replies);
        }
    });
    batches(&store, items, 16);
    batches(&store, items, 32);
    timed("get, missing", items, OPERATIONS, |random| {
        for _ in 0..OPERATIONS {
            let key = key(items + random.below(items));
            black_box(store.entry(&key, store.hash(&key), NOW_MS).get().is_err());
        }
    });
    timed("set, overwriting", items, OPERATIONS, |random| {
        (0..OPERATIONS).for_each(|_| set(&store, &key(random.below(items))));
    });
    timed("set, evicting", items, 2 * items, |_| (items..3 * items).for_each(|n| set(&store, &key(n))));
}

/// What a store of thousands of cells takes to be counted.
fn count(gib: u64) {
    let max_memory = gib << 30;
    let options = Options { max_memory, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [1; 16] };
    let store = Store::open(options).expect("address space");
    const COUNTS: u64 = 1_000;
    (0..100_000).for_each(|n| set(&store, &key(n)));
    timed(&format!("len, {gib} GiB"), 100_000, COUNTS, |_| (0..COUNTS).for_each(|_| _ = black_box(store.len())));
    timed(&format!("stats, {gib} GiB"), 100_000, COUNTS, |_| (0..COUNTS).for_each(|_| _ = black_box(store.stats())));
}

/// Ten bytes more at the end of a value of 8 MiB.
fn append() {
    let options =
        Options { max_memory: 64 << 20, max_value_size: 16 << 20, eviction: Eviction::S3Fifo, hash_key: [1; 16] };
    let store = Store::open(options).expect("memory");
    const APPENDS: u64 = 2_000;
    let mut entry = store.entry(b"log", store.hash(b"log"), NOW_MS);
    entry.set(NewValue::Bytes(&vec![7; 8 << 20]), Attributes::default()).expect("room");
    timed("append to 8 MiB", 1, APPENDS, |_| {
        (0..APPENDS).for_each(|_| _ = entry.append(NewValue::Bytes(b"ten bytes.")).expect("there").expect("room"));
    });
}

fn main() {
    let asked: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![100_000, 1_000_000] } else { asked };
    sizes.into_iter().for_each(measure);
    count(16);
    append();
}
