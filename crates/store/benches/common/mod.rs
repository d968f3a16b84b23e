//! What the benches of the store have in common: keys of 16 bytes, values of 100, uniform.
#![allow(dead_code)] // each bench uses its own part

use ringstone_store::{Attributes, Eviction, Hash, NewValue, Options, Store, Value};
use std::time::Duration;

pub const VALUE: [u8; 100] = [7; 100];
pub const NOW_MS: u64 = 1_700_000_000_000;
/// Bytes of memory for each item, so that all stay.
pub const ITEM_BYTES: u64 = 160;

/// Xorshift: cheap beside what is measured, and the same numbers each time.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(0x1234_5678_9abc_def1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(limit)) >> 64) as u64
    }
}

pub type Key = [u8; 16];

pub fn key(n: u64) -> Key {
    let mut key = [b'k'; 16];
    key[..8].copy_from_slice(&n.to_le_bytes());
    key
}

/// Always the same key of the hash, so that runs can be compared.
pub fn open(max_memory: u64) -> Store {
    let options = Options { max_memory, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [1; 16] };
    Store::open(options).expect("address space")
}

/// A store with items 0 to `items`, which are all there.
pub fn filled(items: u64) -> Store {
    let store = open((items * ITEM_BYTES).max(8 << 20));
    (0..items).for_each(|n| set(&store, &key(n)));
    assert_eq!((store.len(), store.stats().evictions), (items, 0), "all items fit");
    settle(&store);
    store
}

/// What a server's sweeper does beside the requests: full memory comes to be on huge pages.
fn settle(store: &Store) {
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        cursor = store.huge_pages_slice(at);
    }
}

pub fn set(store: &Store, key: &[u8]) {
    store.entry(key, store.hash(key), NOW_MS).set(NewValue::Bytes(&VALUE), Attributes::default()).expect("room");
}

/// As a server does: the value is copied into a buffer of replies.
#[inline]
pub fn get(store: &Store, key: &[u8], hash: Hash, replies: &mut Vec<u8>) {
    let mut entry = store.entry(key, hash, NOW_MS);
    match entry.get().expect("all items are there").value {
        Value::Bytes(bytes) => replies.extend_from_slice(bytes),
        Value::Chain(_) => unreachable!("all values are small"),
    }
}

/// Looks up a batch in the stages in which `engine` does it.
#[inline]
pub fn get_batch<const N: usize>(store: &Store, keys: &[Key; N], replies: &mut Vec<u8>) {
    let hashes: [Hash; N] = std::array::from_fn(|n| store.hash(&keys[n]));
    prefetch(store, &hashes);
    for (key, &hash) in keys.iter().zip(&hashes) {
        get(store, key, hash, replies);
    }
}

#[inline]
pub fn prefetch(store: &Store, hashes: &[Hash]) {
    hashes.iter().for_each(|&hash| store.prefetch_cell(hash));
    hashes.iter().for_each(|&hash| store.prefetch_bucket(hash));
    hashes.iter().for_each(|&hash| store.prefetch_item(hash));
}

/// Quick by default, so that all benches together take some minutes; `--warm-up-time` and `--measurement-time` override it.
pub fn quick() -> criterion::Criterion {
    criterion::Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2))
}
