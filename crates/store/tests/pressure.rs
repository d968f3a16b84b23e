//! Stores that are full, or nearly, and what they owe their users then.

use ringstone_store::{
    Attributes, Chain, EXTENT_PAGE_BYTES, Error, Eviction, MAX_KEY_BYTES, NewValue, Options, Store, Value,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const NOW_MS: u64 = 1_000_000;

fn open(max_memory: u64, eviction: Eviction) -> Store {
    Store::open(Options { max_memory, max_value_size: u64::MAX, eviction, hash_key: [6; 16] }).unwrap()
}

fn set(store: &Store, key: &[u8], value: &[u8], expires_at_ms: u64) -> Result<u64, Error> {
    let attributes = Attributes { expires_at_ms, ..Attributes::default() };
    store.entry(key, store.hash(key), NOW_MS).set(NewValue::Bytes(value), attributes)
}

fn remove(store: &Store, key: &[u8]) -> bool {
    store.entry(key, store.hash(key), NOW_MS).remove()
}

fn chain(store: &Store, key: &[u8]) -> Chain {
    match store.entry(key, store.hash(key), NOW_MS).get().unwrap().value {
        Value::Chain(chain) => chain.clone(),
        Value::Bytes(_) => panic!("not large"),
    }
}

fn check(store: &Store) {
    #[cfg(debug_assertions)]
    store.check_integrity();
    assert_eq!((store.stats().reserved_bytes, store.stats().pinned_bytes), (0, 0));
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(limit)) >> 64) as u64
    }
}

/// A cache that may evict refuses nothing that can fit at all, whatever was stored before.
#[test]
fn nothing_that_fits_is_refused() {
    for eviction in [Eviction::S3Fifo, Eviction::Lru] {
        for (n, memory) in [64 << 10, 100_000, 128 << 10, 333_333, 1 << 20, 3_000_000].into_iter().enumerate() {
            let store = open(memory, eviction);
            let mut random = Random(77 + n as u64);
            let most = memory * 2 / 3;
            for round in 0..6000 {
                let length = match random.below(40) {
                    0..20 => random.below(60),
                    20..30 => random.below(1500),
                    30..38 => random.below(memory / 20),
                    _ => random.below(most),
                };
                let number = random.below(3000);
                let mut key = number.to_le_bytes().to_vec();
                key.resize([8, 8, 8, 8, 200, 300, 2000, 8][number as usize % 8], 1);
                let expires_at_ms = if number.is_multiple_of(3) { NOW_MS + 1 } else { 0 };
                let result = if length > memory / 20 && round % 2 == 0 {
                    store.reserve(length as usize, NOW_MS).and_then(|mut body| {
                        body.fill_from(&vec![3; length as usize]);
                        store.entry(&key, store.hash(&key), NOW_MS).set(NewValue::Body(body), Attributes::default())
                    })
                } else {
                    set(&store, &key, &vec![3; length as usize], expires_at_ms)
                };
                if let Err(error) = result {
                    panic!("{error:?} of {length} bytes in round {round}, {eviction:?} {memory}: {:?}", store.stats());
                }
                if random.below(4) == 0 {
                    let _ = store.entry(&key, store.hash(&key), NOW_MS).get();
                }
                if random.below(9) == 0 {
                    remove(&store, &key);
                }
                if round % 1000 == 0 {
                    check(&store);
                }
            }
            check(&store);
        }
    }
}

/// The longest value that is not refused as too large has room when it comes, also in a store full of the least items.
#[test]
fn the_largest_value_fits() {
    for memory in [64 << 10, 256 << 10, 1 << 20, 20 << 20] {
        let store = open(memory, Eviction::S3Fifo);
        for i in 0..memory / 16 {
            set(&store, &i.to_le_bytes(), b"", 0).unwrap();
        }
        let (mut fits, mut too_large) = (0, memory as usize + 1);
        while too_large - fits > 1 {
            let length = (fits + too_large) / 2;
            match store.reserve(length, NOW_MS) {
                Ok(_) => fits = length,
                Err(Error::TooLarge) => too_large = length,
                Err(error) => panic!("{error:?} for {length} of {memory}: {:?}", store.stats()),
            }
        }
        assert!(fits > memory as usize / 2, "{fits} of {memory}");
        set(&store, b"giant", &vec![1; fits], 0).unwrap_or_else(|error| panic!("{error:?} {fits} of {memory}"));
        assert_eq!(store.entry(b"giant", store.hash(b"giant"), NOW_MS).get().unwrap().value.len(), fits);
        for i in 0..1000u64 {
            set(&store, &i.to_le_bytes(), b"small again", 0).unwrap();
        }
        check(&store);
    }
}

/// A body above the share that all bodies together may have is received when it is the only one, though a reply still holds
/// a removed value.
#[test]
fn one_body_alone_may_be_large() {
    let store = open(8 << 20, Eviction::S3Fifo);
    set(&store, b"held", &[1; 20_000], 0).unwrap();
    let held = chain(&store, b"held");
    remove(&store, b"held");
    assert!(store.stats().pinned_bytes > 0);
    let body = store.reserve(3 << 20, NOW_MS).expect("the only body");
    assert_eq!(store.reserve(20_000, NOW_MS).err(), Some(Error::TooManyReserved));
    drop((body, held));
    check(&store);
}

/// Of two bodies that do not fit together one is received, however they come.
#[test]
fn two_bodies_never_refuse_each_other() {
    let store = open(8 << 20, Eviction::S3Fifo);
    let arrived = AtomicUsize::new(0);
    // A spinning one: both go on within nanoseconds of each other, if there is a core for each.
    let meet = |turn: usize| {
        arrived.fetch_add(1, Ordering::AcqRel);
        let mut spins = 0;
        while arrived.load(Ordering::Acquire) < 2 * turn {
            spins += 1;
            if spins % 1000 == 0 { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    };
    let received: Vec<[bool; 2000]> = std::thread::scope(|scope| {
        let reserve = || {
            std::array::from_fn(|round| {
                meet(2 * round + 1);
                let body = store.reserve(3 << 20, NOW_MS);
                // Held until the other has had its answer.
                meet(2 * round + 2);
                body.is_ok()
            })
        };
        let threads = [scope.spawn(reserve), scope.spawn(reserve)];
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (first, other) in received[0].iter().zip(&received[1]) {
        assert!(first ^ other, "{first} {other}");
    }
    check(&store);
}

/// A thread that is kept from running while it holds a cell does not make others' bodies be refused.
#[test]
fn a_body_waits_for_the_cell_that_could_make_room() {
    let store = Arc::new(open(1 << 20, Eviction::S3Fifo));
    for i in 0..20_000u64 {
        set(&store, &i.to_le_bytes(), &[1; 100], 0).unwrap();
    }
    let entry = store.entry(b"key", store.hash(b"key"), NOW_MS);
    let other = store.clone();
    let thread = std::thread::spawn(move || other.reserve(100_000, NOW_MS).map(drop));
    // The body is admitted, and then finds no room but in the cell that is held here: for as many turns as it likes.
    while store.stats().reserved_bytes == 0 {
        std::thread::yield_now();
    }
    for _ in 0..10_000 {
        assert!(!thread.is_finished(), "refused");
        std::thread::yield_now();
    }
    drop(entry);
    assert_eq!(thread.join().unwrap(), Ok(()));
    check(&store);
}

/// Without eviction, what was removed can be used again, by the same sizes or others.
#[test]
fn removed_room_is_used_again() {
    let store = open(4 << 20, Eviction::None);
    let mut random = Random(5);
    let mut filled = Vec::new();
    for round in 0..12u64 {
        let length = [40, 300, 2_000, 30_000, 17_000, 90][round as usize % 6];
        let mut keys: Vec<[u8; 8]> = Vec::new();
        for i in 0.. {
            let key = (round << 32 | i).to_le_bytes();
            match set(&store, &key, &vec![round as u8; length], 0) {
                Ok(_) => keys.push(key),
                Err(error) => {
                    assert_eq!(error, Error::OutOfMemory);
                    break;
                }
            }
        }
        filled.push(store.stats().key_value_bytes);
        // Removed in random order, the last of them too, or but for a tenth.
        while keys.len() > 1 {
            let key = keys.swap_remove(random.below(keys.len() as u64) as usize);
            assert!(remove(&store, &key));
        }
        assert!(remove(&store, &keys[0]));
        check(&store);
        assert_eq!(store.stats().item_segment_bytes + store.stats().chain_bytes, 0);
    }
    for (first, later) in filled[..6].iter().zip(&filled[6..]) {
        assert!(*later as f64 >= 0.8 * *first as f64, "{filled:?}");
    }
}

/// Half of the items of a full store go, at random; at least most of that half fits again.
#[test]
fn scattered_room_is_used_again() {
    for length in [10, 100, 1000] {
        let store = open(4 << 20, Eviction::None);
        let value = vec![1; length];
        let count = (0u64..).take_while(|i| set(&store, &i.to_le_bytes(), &value, 0).is_ok()).count() as u64;
        let mut random = Random(3);
        let gone = (0..count).filter(|i| random.below(2) == 0 && remove(&store, &i.to_le_bytes())).count();
        let again = (count..).take_while(|i| set(&store, &i.to_le_bytes(), &value, 0).is_ok()).count();
        assert!(again * 100 >= gone * 95, "{again} of {gone} of {count}, {length} bytes");
        check(&store);
    }
}

/// Every length of key and value at which the form of an item changes, in a row on the same key and across them.
#[test]
fn lengths_at_the_edges() {
    for memory in [256 << 10, 32 << 20] {
        let store = open(memory, Eviction::S3Fifo);
        let edge = store.chain_threshold();
        let keys = [0, 1, 3, 4, 254, 255, 256, 257, edge - 1, edge, edge + 1, MAX_KEY_BYTES - 1, MAX_KEY_BYTES];
        let page = EXTENT_PAGE_BYTES;
        let values = [0, 1, 2, 3, 4, 5, edge - 1, edge, edge + 1, 4 * edge - 1, 4 * edge, 4 * edge + 1, 5 * page];
        let mut random = Random(9);
        for _ in 0..6_000 {
            let length = keys[random.below(keys.len() as u64) as usize];
            let key = vec![length as u8; length];
            let value = vec![random.below(256) as u8; values[random.below(values.len() as u64) as usize]];
            let flags = random.below(2) as u32 * 7;
            let expires_at_ms = random.below(2) * (NOW_MS + 5);
            let mut entry = store.entry(&key, store.hash(&key), NOW_MS);
            match entry.set(NewValue::Bytes(&value), Attributes { flags, expires_at_ms, ..Attributes::default() }) {
                Ok(cas) => {
                    let item = entry.get().unwrap();
                    assert_eq!((item.cas, item.flags, item.expires_at_ms), (cas, flags, expires_at_ms));
                    assert!(item.value.to_vec() == value);
                }
                Err(error) => panic!("{error:?}: key {length}, value {}", value.len()),
            }
            if random.below(3) == 0 {
                let more = vec![value.first().copied().unwrap_or(0); random.below(6) as usize];
                let result = if random.below(2) == 0 {
                    entry.append(NewValue::Bytes(&more))
                } else {
                    entry.prepend(NewValue::Bytes(&more))
                };
                result.unwrap().unwrap();
                assert!(entry.get().unwrap().value.to_vec() == [value.clone(), more].concat());
                entry.set_expiry(NOW_MS + 9).unwrap().unwrap();
                assert_eq!(entry.peek().unwrap().expires_at_ms, NOW_MS + 9);
            }
        }
        let long = vec![0; MAX_KEY_BYTES + 1];
        assert_eq!(set(&store, &long, b"", 0), Err(Error::KeyTooLong));
        assert!(store.entry(&long, store.hash(&long), NOW_MS).get().is_err());
        check(&store);
    }
}

/// A value that is removed while nobody holds it is free at once: it never counts as pinned, and refuses nobody.
#[test]
fn what_nobody_holds_is_not_pinned() {
    let store = open(8 << 20, Eviction::S3Fifo);
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let value = vec![1; 20_000];
            for _ in 0..20_000 {
                set(&store, b"comes and goes", &value, 0).unwrap();
                remove(&store, b"comes and goes");
            }
            done.store(1, Ordering::Relaxed);
        });
        while done.load(Ordering::Relaxed) == 0 {
            assert_eq!(store.stats().pinned_bytes, 0);
        }
    });
    check(&store);
}

/// Several cells held at once, of which one has nothing and the others, all of them held, have everything: what is written
/// to the empty one finds room in those.
#[test]
fn cells_held_together_make_room_for_each_other() {
    let store = open(16 << 20, Eviction::S3Fifo);
    let cells = store.stats().cells;
    let key_of = |cell: u64| (0u64..).map(u64::to_le_bytes).find(|key| store.hash(key).0 % cells == cell).unwrap();
    let full = (0..3000u64).map(u64::to_le_bytes).filter(|key| !store.hash(key).0.is_multiple_of(cells));
    full.for_each(|key| _ = set(&store, &key, &[1; 60_000], 0).unwrap());
    assert!(store.stats().evictions > 0);
    let keys: Vec<[u8; 8]> = (0..cells).map(key_of).collect();
    let hashes: Vec<_> = keys.iter().map(|key| store.hash(key)).collect();
    let mut held = store.lock(&hashes, NOW_MS);
    for (key, hash) in keys.iter().zip(hashes) {
        let result = held.entry(key, hash).set(NewValue::Bytes(b"value"), Attributes::default());
        assert!(result.is_ok(), "{result:?}");
    }
    drop(held);
    check(&store);
}
