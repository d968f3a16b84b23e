//! The store's operations on one thread: `cargo bench -p ringstone-store --bench store`. Batches go through the stages of
//! prefetching in which `engine` does them. A reported time is that of one iteration: a batch is its whole number of keys.

mod common;

use common::{Key, NOW_MS, Random, VALUE, filled, get, get_batch, key, open, prefetch, set};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use ringstone_store::{Attributes, Hash, NewValue, Store};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Fits the processor's cache in part, and does not.
const ITEMS: [u64; 2] = [100_000, 1_000_000];
const BATCH: usize = 16;
/// As many requests as a worker of `engine` takes in one round.
const LARGE_BATCH: usize = 32;
/// New items of one store.
const FILL_ITEMS: u64 = 500_000;

fn random_keys<const N: usize>(random: &mut Random, items: u64) -> [Key; N] {
    std::array::from_fn(|_| key(random.below(items)))
}

/// Sends what a turn has replied.
fn send(replies: &mut Vec<u8>) {
    black_box(&replies[..]);
    replies.clear();
}

fn get_batches<const N: usize>(group: &mut BenchmarkGroup<'_, WallTime>, store: &Store, items: u64) {
    let (mut random, mut replies) = (Random::new(), Vec::with_capacity(1 << 16));
    group.throughput(Throughput::Elements(N as u64)).bench_function(format!("batch of {N}"), |bench| {
        bench.iter(|| {
            get_batch::<N>(store, &random_keys(&mut random, items), &mut replies);
            send(&mut replies);
        });
    });
}

fn gets(criterion: &mut Criterion) {
    for items in ITEMS {
        let store = filled(items);
        let mut random = Random::new();
        let mut replies = Vec::with_capacity(1 << 16);
        let mut group = criterion.benchmark_group(format!("store: get of {items}"));
        group.throughput(Throughput::Elements(1)).bench_function("one", |bench| {
            bench.iter(|| {
                let key = key(random.below(items));
                get(&store, &key, store.hash(&key), &mut replies);
                send(&mut replies);
            });
        });
        group.bench_function("one that is missing", |bench| {
            bench.iter(|| {
                let key = key(items + random.below(items));
                store.entry(&key, store.hash(&key), NOW_MS).get().is_err()
            });
        });
        get_batches::<BATCH>(&mut group, &store, items);
        get_batches::<LARGE_BATCH>(&mut group, &store, items);
    }
}

/// Time to write `iterations` new items, into stores that have room for them.
fn fill(iterations: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = iterations;
    while left > 0 {
        let items = left.min(FILL_ITEMS);
        let store = open(FILL_ITEMS * common::ITEM_BYTES);
        let start = Instant::now();
        (0..items).for_each(|n| set(&store, &key(n)));
        spent += start.elapsed();
        left -= items;
    }
    spent
}

fn sets(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("store: set");
    group.throughput(Throughput::Elements(1));
    group.bench_function("new, into an empty store", |bench| bench.iter_custom(fill));
    for items in ITEMS {
        let store = filled(items);
        let mut random = Random::new();
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("overwrite one of {items}"), |bench| {
            bench.iter(|| set(&store, &key(random.below(items))));
        });
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function(format!("overwrite a batch of {BATCH} of {items}"), |bench| {
            bench.iter(|| overwrite_batch(&store, &random_keys(&mut random, items)));
        });
        group.throughput(Throughput::Elements(1));
        let mut next = items;
        // Fills it up first: what is measured evicts.
        while store.stats().evictions < items {
            set(&store, &key(next));
            next += 1;
        }
        group.bench_function(format!("new, evicting from {items}"), |bench| {
            bench.iter(|| {
                set(&store, &key(next));
                next += 1;
            });
        });
    }
}

fn overwrite_batch(store: &Store, keys: &[Key; BATCH]) {
    let hashes: [Hash; BATCH] = std::array::from_fn(|n| store.hash(&keys[n]));
    prefetch(store, &hashes);
    for (key, &hash) in keys.iter().zip(&hashes) {
        store.entry(key, hash, NOW_MS).set(NewValue::Bytes(&VALUE), Attributes::default()).expect("room");
    }
}

/// What a store of thousands of cells takes to be counted.
fn counts(criterion: &mut Criterion) {
    let store = open(16 << 30);
    (0..100_000).for_each(|n| set(&store, &key(n)));
    let mut group = criterion.benchmark_group("store: 16 GiB in 4096 cells");
    group.bench_function("len", |bench| bench.iter(|| store.len()));
    group.bench_function("stats", |bench| bench.iter(|| store.stats()));
}

/// Ten bytes more at the end of a value of 8 MiB.
fn append(criterion: &mut Criterion) {
    const VALUE_BYTES: usize = 8 << 20;
    let options = ringstone_store::Options { max_value_size: 1 << 30, ..open(64 << 20).options().clone() };
    let store = Store::open(options).expect("memory");
    let mut entry = store.entry(b"log", store.hash(b"log"), NOW_MS);
    let (value, mut length) = (vec![7; VALUE_BYTES], usize::MAX);
    criterion.bench_function("store: append to 8 MiB", |bench| {
        bench.iter(|| {
            // Before it has grown much.
            if length > VALUE_BYTES + (1 << 20) {
                entry.set(NewValue::Bytes(&value), Attributes::default()).expect("room");
                length = VALUE_BYTES;
            }
            entry.append(NewValue::Bytes(b"ten bytes.")).expect("there").expect("room");
            length += 10;
        });
    });
}

criterion_group! {
    name = benches;
    config = common::quick();
    targets = gets, sets, counts, append
}
criterion_main!(benches);
