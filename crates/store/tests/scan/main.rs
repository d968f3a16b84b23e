//! Walks through a store that others change: what is there all the time is given once, and nothing twice.

mod model;

use ringstone_store::{Attributes, Eviction, NewValue, Options, Store};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const NOW_MS: u64 = 1_000_000;

fn open(max_memory: u64, eviction: Eviction) -> Store {
    Store::open(Options { max_memory, max_value_size: 8 << 20, eviction, hash_key: [3; 16] }).unwrap()
}

fn set(store: &Store, key: &[u8], value: &[u8], expires_at_ms: u64, now_ms: u64) -> bool {
    let attributes = Attributes { expires_at_ms, ..Attributes::default() };
    store.entry(key, store.hash(key), now_ms).set(NewValue::Bytes(value), attributes).is_ok()
}

fn remove(store: &Store, key: &[u8], now_ms: u64) -> bool {
    store.entry(key, store.hash(key), now_ms).remove()
}

fn is_there(store: &Store, key: &[u8], now_ms: u64) -> bool {
    store.entry(key, store.hash(key), now_ms).peek().is_some()
}

/// All keys from a cursor on, in the order in which they are given.
fn keys_from(store: &Store, mut cursor: u64, budget: usize, now_ms: u64) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    loop {
        let next = store.scan(cursor, budget, now_ms, &mut |key, _| keys.push(key.to_vec()));
        if next == 0 {
            return keys;
        }
        assert!(next > cursor, "a cursor grows");
        cursor = next;
    }
}

fn number(key: &[u8]) -> u32 {
    u32::from_le_bytes(key[..4].try_into().unwrap())
}

/// Some keys are long, and a few so long that they are in chains.
fn key_of(number: u32) -> Vec<u8> {
    let mut key = number.to_le_bytes().to_vec();
    key.resize([4, 9, 30, 300][number as usize % 4], 7);
    if number.is_multiple_of(97) {
        key.resize(20_000, 7);
    }
    key
}

fn integrity(store: &Store) {
    #[cfg(debug_assertions)]
    store.check_integrity();
    #[cfg(not(debug_assertions))]
    let _ = store;
}

/// One key more for each call of the scan, so that it goes on at each stage of each growth.
#[test]
fn a_scan_goes_on_at_every_stage_of_a_growth() {
    const STABLE: u32 = 500;
    for step in [1, 3, 7] {
        let store = open(2 << 20, Eviction::None);
        (0..STABLE).for_each(|key| assert!(set(&store, &key.to_le_bytes(), b"", 0, NOW_MS)));
        let (mut next, mut rounds) = (STABLE, 0);
        while next < 20_000 {
            let (mut cursor, mut given) = (0, HashSet::new());
            loop {
                cursor = store.scan(cursor, 1, NOW_MS, &mut |key, _| assert!(given.insert(number(key)), "twice"));
                if cursor == 0 {
                    break;
                }
                (0..step).for_each(|n| assert!(set(&store, &(next + n).to_le_bytes(), b"", 0, NOW_MS)));
                next += step;
            }
            assert!((0..STABLE).all(|key| given.contains(&key)));
            rounds += 1;
        }
        assert!(rounds > 10);
        integrity(&store);
    }
}

#[test]
fn threads_that_write_do_not_disturb_what_stays() {
    const STABLE: u32 = 3000;
    for (memory, eviction) in [(32 << 20, Eviction::None), (8 << 20, Eviction::S3Fifo)] {
        let store = Arc::new(open(memory, eviction));
        (0..STABLE).for_each(|key| assert!(set(&store, &key_of(key), &[1; 20], 0, NOW_MS)));
        let done = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (1..4u32)
            .map(|thread| {
                let (store, done) = (store.clone(), done.clone());
                std::thread::spawn(move || {
                    let mut n = 0u32;
                    while !done.load(Ordering::Relaxed) {
                        n += 1;
                        let key = (thread << 24) | (n % 60_000);
                        match n % 11 {
                            10 => _ = remove(&store, &key_of((thread << 24) | (n / 2 % 60_000)), NOW_MS),
                            9 => _ = set(&store, &key_of(n.wrapping_mul(7919) % STABLE), &[2; 50], 0, NOW_MS),
                            _ => _ = set(&store, &key_of(key), &[3; 40], 0, NOW_MS),
                        }
                    }
                })
            })
            .collect();
        for budget in [10, 100, 1000, 10, 100, usize::MAX] {
            let given = keys_from(&store, 0, budget, NOW_MS);
            let distinct: HashSet<u32> = given.iter().map(|key| number(key)).collect();
            assert_eq!(distinct.len(), given.len(), "nothing twice");
            assert!(eviction != Eviction::None || (0..STABLE).all(|key| distinct.contains(&key)));
        }
        done.store(true, Ordering::Relaxed);
        writers.into_iter().for_each(|thread| thread.join().unwrap());
        integrity(&store);
    }
}

#[test]
fn any_cursor_is_harmless() {
    let store = open(64 << 20, Eviction::S3Fifo);
    (0..5000).for_each(|key| assert!(set(&store, &key_of(key), b"value", 0, NOW_MS)));
    let cells = store.stats().cells;
    let all: HashSet<Vec<u8>> = keys_from(&store, 0, 50, NOW_MS).into_iter().collect();
    assert_eq!(all.len(), 5000);
    for cursor in (0..64).flat_map(|bit| [1u64 << bit, (1 << bit) - 1, u64::MAX >> bit, u64::MAX << bit]) {
        let given = keys_from(&store, cursor, 77, NOW_MS);
        let distinct: HashSet<Vec<u8>> = given.iter().cloned().collect();
        assert!(distinct.len() == given.len() && distinct.is_subset(&all));
        assert!(cursor >> 32 < cells || given.is_empty());
        assert!(cursor > 0 || given.len() == 5000);
    }
}

#[test]
fn it_gives_what_is_live_and_leaves_no_trace() {
    let store = open(8 << 20, Eviction::S3Fifo);
    assert_eq!(store.scan(0, 10, NOW_MS, &mut |_, _| panic!("there is nothing")), 0);
    assert!(set(&store, b"flushed", b"", 0, NOW_MS));
    store.flush(0, NOW_MS);
    assert!(set(&store, b"expired", b"", NOW_MS + 1, NOW_MS));
    assert!(set(&store, b"large", &vec![5; 200_000], 0, NOW_MS) && set(&store, &[6; 60_000], b"long key", 0, NOW_MS));
    let attributes = Attributes { flags: 9, expires_at_ms: NOW_MS + 20_000, ..Attributes::default() };
    let cas = store.entry(b"live", store.hash(b"live"), NOW_MS).set(NewValue::Bytes(b"value"), attributes).unwrap();
    let mut given = HashMap::new();
    let later_ms = NOW_MS + 5000;
    for _ in 0..2 {
        let cursor = store.scan(0, usize::MAX, later_ms, &mut |key, item| {
            given.insert(key.to_vec(), (item.value.to_vec(), item.flags, item.cas, item.expires_at_ms, item.idle_s));
        });
        assert_eq!(cursor, 0);
    }
    assert_eq!(given.len(), 3);
    assert_eq!(given[&b"live"[..]], (b"value".to_vec(), 9, cas, NOW_MS + 20_000, 5));
    assert_eq!((given[&b"large"[..]].0.len(), &given[&[6; 60_000][..]].0[..]), (200_000, &b"long key"[..]));
    let item_idle_s = store.entry(b"live", store.hash(b"live"), later_ms).peek().unwrap().idle_s;
    assert_eq!(item_idle_s, 5, "the walk is no access");
    integrity(&store);
}

/// 32 GiB of address space, nothing in it: 4096 cells and more are not passed over in one call.
#[test]
fn empty_cells_are_passed_over_in_bounded_calls() {
    let store = open(32 << 30, Eviction::S3Fifo);
    assert_eq!(store.stats().cells, 8192);
    let mut calls = 1;
    let mut cursor = store.scan(0, 10, NOW_MS, &mut |_, _| {});
    while cursor != 0 {
        cursor = store.scan(cursor, 10, NOW_MS, &mut |_, _| {});
        calls += 1;
    }
    assert!((2..=3).contains(&calls), "{calls}");
    assert_eq!(store.random_key(1, NOW_MS), None);
    (0..3).for_each(|key| assert!(set(&store, &key_of(key), b"", 0, NOW_MS)));
    assert_eq!(keys_from(&store, 0, 10, NOW_MS).len(), 3);
    let seen: HashSet<_> = (0..100).map(|seed| store.random_key(seed, NOW_MS).unwrap()).collect();
    assert_eq!(seen.len(), 3, "each of few in many cells");
}

#[test]
fn locked_cells_are_walked_and_flushed_at_one_moment() {
    let store = open(64 << 20, Eviction::S3Fifo);
    (0..1000).for_each(|key| assert!(set(&store, &key_of(key), b"value", 0, NOW_MS)));
    let mut cells = store.lock_all(NOW_MS);
    let mut given = HashSet::new();
    let mut cursor = cells.scan(0, 10, &mut |key, _| assert!(given.insert(number(key))));
    while cursor != 0 {
        cursor = cells.scan(cursor, 10, &mut |key, _| assert!(given.insert(number(key))));
    }
    assert_eq!(given.len(), 1000);
    assert!(given.contains(&number(&cells.random_key(5).unwrap())));
    cells.flush(NOW_MS + 10);
    assert!(cells.entry(b"new", store.hash(b"new")).set(NewValue::Bytes(b""), Attributes::default()).is_ok());
    assert_eq!(cells.scan(0, usize::MAX, &mut |_, _| {}), 0);
    cells.flush(NOW_MS);
    assert_eq!((cells.random_key(5), cells.scan(0, usize::MAX, &mut |_, _| panic!("flushed"))), (None, 0));
    assert!(cells.entry(b"new", store.hash(b"new")).set(NewValue::Bytes(b""), Attributes::default()).is_ok());
    drop(cells);
    assert_eq!(keys_from(&store, 0, 10, NOW_MS), [b"new"]);
    let mut cells = store.lock(&[store.hash(b"new")], NOW_MS);
    assert_eq!(cells.random_key(9).as_deref(), Some(&b"new"[..]));
    assert_eq!(cells.scan(0, usize::MAX, &mut |key, _| assert_eq!(key, b"new")), 0);
    drop(cells);
    integrity(&store);
}

/// Of a hundred keys over all cells each is met about as often as another.
#[test]
fn random_keys_are_as_likely_as_each_other() {
    const DRAWS: u64 = 20_000;
    for memory in [64 << 10, 64 << 20, 512 << 20] {
        let store = open(memory, Eviction::S3Fifo);
        assert_eq!(store.random_key(0, NOW_MS), None);
        (0..100u32).for_each(|key| assert!(set(&store, &key.to_le_bytes(), b"", 0, NOW_MS)));
        let mut counts = HashMap::new();
        for seed in 0..DRAWS {
            *counts.entry(store.random_key(seed, NOW_MS).unwrap()).or_insert(0u64) += 1;
        }
        let expected = DRAWS as f64 / 100.0;
        let deviation: f64 = counts.values().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
        // Chi squared with 99 degrees of freedom: above 160 once in 10,000.
        assert!(counts.len() == 100 && deviation < 160.0, "{memory}: {deviation}");
    }
}

#[test]
fn a_random_key_is_found_among_what_is_gone() {
    let store = open(16 << 20, Eviction::S3Fifo);
    (0..20_000).for_each(|key| assert!(set(&store, &key_of(key), b"", NOW_MS + 1, NOW_MS)));
    assert!(set(&store, b"last one", b"", 0, NOW_MS));
    for seed in 0..20 {
        assert_eq!(store.random_key(seed, NOW_MS + 1).as_deref(), Some(&b"last one"[..]));
    }
    assert!(remove(&store, b"last one", NOW_MS + 1));
    assert_eq!(store.random_key(1, NOW_MS + 1), None, "all is expired");
    store.flush(0, NOW_MS);
    assert_eq!(store.random_key(1, NOW_MS), None, "all is flushed");
}
