//! Another limit while the store is used.
//!
//! `RINGSTONE_HISTORY_ROUNDS` sets the operations of each thread. That the process's memory falls is in `memory.rs`.

use ringstone_store::{Attributes, Chain, Error, Eviction, NewValue, Options, ResizeError, Store, Value};
use std::sync::{Arc, LazyLock};

const NOW_MS: u64 = 1_000_000;
const MIB: u64 = 1 << 20;

fn open(max_memory: u64, eviction: Eviction) -> Store {
    Store::open(Options { max_memory, max_value_size: u64::MAX, eviction, hash_key: [8; 16] }).unwrap()
}

fn set(store: &Store, key: u64, value: &[u8]) -> Result<u64, Error> {
    let name = key.to_le_bytes();
    store.entry(&name, store.hash(&name), NOW_MS).set(NewValue::Bytes(value), Attributes::default())
}

/// Values are parts of these, one per key from another place on.
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| (0..400_000u32).map(|n| (n ^ (n / 251)) as u8).collect());

fn value(key: u64, length: usize) -> &'static [u8] {
    &BYTES[(key % 65_521) as usize..][..length]
}

/// Its own value, or nothing.
fn check(store: &Store, key: u64, length: usize) -> bool {
    let name = key.to_le_bytes();
    let mut entry = store.entry(&name, store.hash(&name), NOW_MS);
    entry.get().is_ok_and(|item| {
        assert_eq!(item.value.to_vec(), value(key, length), "{key}");
        true
    })
}

fn length(key: u64) -> usize {
    [10, 100, 100, 1000, 5000, 20_000, 90_000, 300_000][(key % 8) as usize]
}

fn fill(store: &Store, keys: std::ops::Range<u64>) {
    for key in keys {
        match set(store, key, value(key, length(key))) {
            Ok(_) | Err(Error::TooLarge) => {}
            Err(error) => panic!("{error}: {:?}", store.stats()),
        }
    }
}

fn used(store: &Store) -> u64 {
    let stats = store.stats();
    stats.item_segment_bytes + stats.chain_bytes + stats.index_bytes + stats.ghost_bytes
}

/// Goes on until the limit is reached; it must not take for ever.
fn settle(store: &Store) {
    for _ in 0..100_000 {
        if !store.shrink_slice(NOW_MS) {
            return integrity(store);
        }
    }
    panic!("it does not end: {:?}", store.stats());
}

fn integrity(store: &Store) {
    #[cfg(debug_assertions)]
    store.check_integrity();
    #[cfg(not(debug_assertions))]
    let _ = store;
}

#[test]
fn it_grows_to_what_the_cells_can_address() {
    for (opened, most) in
        [(64 << 10, 256 << 10), (MIB, 4 * MIB), (16 * MIB, 64 * MIB), (31 * MIB, 64 * MIB), (100 * MIB, 256 * MIB)]
    {
        let store = open(opened, Eviction::S3Fifo);
        let error = store.set_max_memory(most + 1, NOW_MS).unwrap_err();
        assert_eq!(error.most, most);
        assert_eq!(error.to_string(), format!("max_memory can be set to {} - {most} bytes now", error.least));
        assert_eq!(store.max_memory(), opened);
        store.set_max_memory(most, NOW_MS).unwrap();
        assert_eq!((store.max_memory(), store.stats().max_memory), (most, most));
        integrity(&store);
    }
}

#[test]
fn more_items_live_when_it_grows() {
    let store = open(8 * MIB, Eviction::S3Fifo);
    let small = [7; 100];
    (0..200_000).for_each(|key| _ = set(&store, key, &small).unwrap());
    let before = store.stats();
    store.set_max_memory(32 * MIB, NOW_MS).unwrap();
    (0..400_000).for_each(|key| _ = set(&store, 1_000_000 + key, &small).unwrap());
    let after = store.stats();
    assert!(before.evictions > 0 && after.evictions > before.evictions, "both were full");
    assert!(after.items as f64 > 3.8 * before.items as f64, "{} and then {}", before.items, after.items);
    assert!(after.resident_bytes <= 32 * MIB, "{after:?}");
    integrity(&store);
}

#[test]
fn it_shrinks_and_grows_with_what_it_holds() {
    for eviction in [Eviction::S3Fifo, Eviction::Lru] {
        for (opened, other) in [(16 * MIB, 5 * MIB), (32 * MIB, 24 * MIB), (MIB, 300_000), (20_000_000, 11_111_111)] {
            let store = open(opened, eviction);
            let keys = 3 * opened / 50_000;
            fill(&store, 0..keys);
            for round in 1..5 {
                store.set_max_memory(other, NOW_MS).unwrap();
                assert_eq!(store.stats().max_memory, other);
                settle(&store);
                let stats = store.stats();
                assert!(used(&store) <= other && stats.resident_bytes <= other, "{stats:?}");
                let live = (0..keys * round).filter(|&key| check(&store, key, length(key))).count();
                assert_eq!(live as u64, stats.items);
                // What is full stays within its limit.
                fill(&store, keys * round..keys * round + keys / 2);
                let stats = store.stats();
                assert!(used(&store) <= other && stats.resident_bytes <= other + other / 32, "{stats:?}");
                settle(&store);
                assert!(store.stats().resident_bytes <= other);
                assert!(other < MIB || used(&store) >= other * 7 / 10, "all of it is used again: {stats:?}");
                store.set_max_memory(opened, NOW_MS).unwrap();
                fill(&store, keys * round + keys / 2..keys * (round + 1));
                let stats = store.stats();
                assert!(used(&store) > opened * 3 / 4 && stats.resident_bytes <= opened, "{stats:?}");
                integrity(&store);
            }
        }
    }
}

#[test]
fn the_least_limit_still_serves() {
    for opened in [64 << 10, MIB, 64 * MIB] {
        let store = open(opened, Eviction::S3Fifo);
        fill(&store, 0..200);
        let ResizeError { least, .. } = store.set_max_memory(0, NOW_MS).unwrap_err();
        assert!(least <= opened && (least == 64 << 10 || least <= opened / 4), "{least} of {opened}");
        assert!(store.set_max_memory(least - 1, NOW_MS).is_err());
        store.set_max_memory(least, NOW_MS).unwrap();
        settle(&store);
        for key in 0..20_000 {
            let length = [10, 100, 1000, 3000][key as usize % 4];
            set(&store, key, value(key, length)).unwrap();
            assert!(check(&store, key, length));
        }
        assert!(used(&store) <= least);
        integrity(&store);
    }
}

#[test]
fn the_longest_value_follows_the_limit() {
    let store = open(16 * MIB, Eviction::S3Fifo);
    let (long, longer) = (vec![1; 10 << 20], vec![1; 40 << 20]);
    assert!(set(&store, 1, &long).is_ok());
    assert_eq!(set(&store, 2, &longer), Err(Error::TooLarge));
    store.set_max_memory(8 * MIB, NOW_MS).unwrap();
    settle(&store);
    assert_eq!(store.stats().items, 0, "it has no room any more");
    assert_eq!(set(&store, 1, &long), Err(Error::TooLarge));
    assert_eq!(store.reserve(long.len(), NOW_MS).unwrap_err(), Error::TooLarge);
    store.set_max_memory(64 * MIB, NOW_MS).unwrap();
    assert!(set(&store, 2, &longer).is_ok());
    integrity(&store);
}

#[test]
fn what_bodies_and_replies_hold_is_waited_for() {
    let store = open(16 * MIB, Eviction::S3Fifo);
    set(&store, 1, &vec![3; 6 << 20]).unwrap();
    let held: Chain =
        match store.entry(&1u64.to_le_bytes(), store.hash(&1u64.to_le_bytes()), NOW_MS).get().unwrap().value {
            Value::Chain(chain) => chain.clone(),
            Value::Bytes(_) => panic!("not large"),
        };
    let body = store.reserve(2 << 20, NOW_MS).unwrap();
    store.set_max_memory(5 * MIB, NOW_MS).unwrap();
    settle(&store);
    assert_eq!(store.stats().items, 0);
    assert!(store.stats().resident_bytes >= 8 << 20, "nothing that is held goes");
    assert!(held.chunks().flatten().all(|&byte| byte == 3));
    drop((held, body));
    settle(&store);
    assert!(store.stats().resident_bytes <= 5 << 20, "{:?}", store.stats());
    fill(&store, 0..5);
    integrity(&store);
}

#[test]
fn without_eviction_it_shrinks_to_what_is_used_at_most() {
    let store = open(32 * MIB, Eviction::None);
    (0..60).for_each(|key| _ = set(&store, key, value(key, 200_000)).unwrap());
    let error = store.set_max_memory(10 * MIB, NOW_MS).unwrap_err();
    assert!(error.least >= used(&store) && error.least <= used(&store) + 2 * MIB, "{error} {}", used(&store));
    assert_eq!(store.max_memory(), 32 * MIB, "nothing was changed");
    store.set_max_memory(error.least, NOW_MS).unwrap();
    settle(&store);
    assert_eq!((store.stats().items, store.stats().evictions), (60, 0));
    let refused = (100..200).filter(|&key| set(&store, key, value(key, 200_000)).is_err()).count();
    assert!(refused >= 90, "{refused}");
    assert!((0..60).all(|key| check(&store, key, 200_000)));
    for name in (0..50).map(u64::to_le_bytes) {
        assert!(store.entry(&name, store.hash(&name), NOW_MS).remove());
    }
    store.set_max_memory(10 * MIB, NOW_MS).unwrap();
    settle(&store);
    assert!(store.stats().resident_bytes <= 10 * MIB && (50..60).all(|key| check(&store, key, 200_000)));
    store.set_max_memory(128 * MIB, NOW_MS).unwrap();
    (1000..1500).for_each(|key| _ = set(&store, key, value(key, 200_000)).unwrap());
    integrity(&store);
}

/// Writers, a reader of whole chains and one that puts memory on huge pages, while the limit goes up and down.
#[test]
fn it_may_change_while_threads_write() {
    let asked = std::env::var("RINGSTONE_HISTORY_ROUNDS").ok().and_then(|n| n.parse().ok());
    let rounds: u64 = asked.unwrap_or(3000);
    let store = Arc::new(open(24 * MIB, Eviction::S3Fifo));
    let writers: Vec<_> = (0..3u64)
        .map(|thread| {
            let store = store.clone();
            std::thread::spawn(move || {
                for n in 0..rounds {
                    let key = thread << 32 | (n * 7919 % 900);
                    // Another thread may hold what would be evicted.
                    match set(&store, key, value(key, length(key))) {
                        Ok(_) | Err(Error::OutOfMemory | Error::TooLarge) => {}
                        Err(error) => panic!("{error}"),
                    }
                    check(&store, thread << 32 | (n * 31 % 900), length(n * 31 % 900));
                }
            })
        })
        .collect();
    let mut n = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        n += 1;
        store.set_max_memory([20, 7, 60, 13, 64, 24][n % 6] * MIB, NOW_MS).unwrap();
        for _ in 0..n % 50 {
            store.shrink_slice(NOW_MS);
            store.huge_pages_slice(n as u32 % 8);
        }
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    store.set_max_memory(10 * MIB, NOW_MS).unwrap();
    settle(&store);
    assert!(used(&store) <= 10 * MIB && store.stats().resident_bytes <= 10 * MIB, "{:?}", store.stats());
    assert_eq!((store.stats().reserved_bytes, store.stats().pinned_bytes), (0, 0));
}
