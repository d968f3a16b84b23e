//! All that a store can do, by several threads at once: what it shows of a key is always what it told of it last.
//!
//! `RINGSTONE_HISTORY_ROUNDS` sets the operations of each thread.

use ringstone_store::{
    Attributes, Chain, Change, Changed, Changes, Entry, Error, Eviction, Hash, Item, Kind, Marks, NewValue, Observer,
    Options, Store, Value,
};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const KEYS: u64 = 600;
const THREADS: u64 = 4;
const MIB: u64 = 1 << 20;

/// What was told of a key that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Told {
    cas: u64,
    value_bytes: usize,
    flags: u32,
    expires_at_ms: u64,
}

/// By key, what was told of it last, while it is there.
struct Ledger(Vec<Mutex<HashMap<Vec<u8>, Told>>>);

impl Ledger {
    fn of(&self, key: &[u8]) -> &Mutex<HashMap<Vec<u8>, Told>> {
        &self.0[key[0] as usize % self.0.len()]
    }

    fn len(&self) -> u64 {
        self.0.iter().map(|part| part.lock().unwrap().len() as u64).sum()
    }

    fn last(&self, key: &[u8]) -> Option<Told> {
        self.of(key).lock().unwrap().get(key).copied()
    }
}

impl Observer for Ledger {
    fn changed(&self, changed: &Changed<'_>) {
        let Changed { change, key, value_bytes, flags, cas, expires_at_ms, .. } = *changed;
        let mut there = self.of(key).lock().unwrap();
        let told = Told { cas, value_bytes, flags, expires_at_ms };
        match change {
            Change::Written => _ = there.insert(key.to_vec(), told),
            Change::Touched => {
                let before = there.insert(key.to_vec(), told).expect("what is touched is there");
                assert_eq!(Told { expires_at_ms, ..before }, told);
            }
            _ => assert_eq!(there.remove(key), Some(told), "{change:?}"),
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn marks(&mut self) -> Marks {
        let kind = if self.below(3) == 0 { Kind::Hash } else { Kind::String };
        if self.below(2) == 0 {
            return Marks::default();
        }
        Marks { kind, stale: self.below(2) == 0, won: self.below(2) == 0, loaded: self.below(2) == 0 }
    }

    fn cas(&mut self) -> u64 {
        if self.below(3) == 0 { 1 << 50 | self.below(1 << 30) } else { 0 }
    }

    fn length(&mut self, most: usize) -> usize {
        let length = [8, 30, 100, 1000, 5000, 20_000, 90_000, 300_000][self.below(8) as usize];
        (self.below(length) as usize).min(most)
    }
}

fn key_of(number: u64) -> Vec<u8> {
    let mut key = number.to_le_bytes().to_vec();
    key.resize([8, 9, 30, 255, 256, 300, 8, 8][number as usize % 8], 7);
    if number.is_multiple_of(29) {
        key.resize(20_000, 7);
    }
    key
}

fn byte_of(key: &[u8]) -> u8 {
    key[0] ^ key[1] ^ 0x5a
}

fn see(ledger: &Ledger, key: &[u8], item: &Item<'_>) {
    let told =
        Told { cas: item.cas, value_bytes: item.value.len(), flags: item.flags, expires_at_ms: item.expires_at_ms };
    assert_eq!(ledger.last(key), Some(told));
    assert!(item.value.contiguous().iter().all(|&byte| byte == byte_of(key)));
}

struct Storm {
    store: Store,
    ledger: Arc<Ledger>,
    now_ms: AtomicU64,
    most: usize,
}

impl Storm {
    fn now(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn sweep(&self) {
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            cursor = self.store.sweep_slice(at, self.now());
        }
    }

    /// When the threads have ended: all that was told is there, and nothing is left when it goes.
    fn settle(&self) {
        #[cfg(debug_assertions)]
        self.store.check_integrity();
        self.sweep();
        assert_eq!(self.store.len(), self.ledger.len());
        self.store.flush(0, self.now());
        self.sweep();
        assert_eq!(self.ledger.len(), 0);
        let stats = self.store.stats();
        assert_eq!((stats.items, stats.key_value_bytes, stats.item_segment_bytes, stats.chain_bytes), (0, 0, 0, 0));
        assert_eq!((stats.reserved_bytes, stats.pinned_bytes), (0, 0));
    }

    /// One change of a key, and what is there then.
    fn act(&self, random: &mut Random, entry: &mut Entry<'_, '_>, key: &[u8]) -> Option<Chain> {
        let value = vec![byte_of(key); random.length(self.most)];
        let expires_at_ms = if random.below(3) == 0 { self.now() + 1 + random.below(50) } else { 0 };
        let attributes =
            Attributes { flags: random.below(3) as u32, expires_at_ms, marks: random.marks(), cas: random.cas() };
        let mut held = None;
        match random.below(12) {
            0..=4 => _ = entry.set(NewValue::Bytes(&value), attributes),
            5 => _ = entry.append(NewValue::Bytes(&value[..value.len() / 8])),
            6 => _ = entry.prepend(NewValue::Bytes(&value[..value.len() / 8])),
            7 => _ = entry.set_expiry(expires_at_ms),
            8 => _ = entry.set_marks(attributes.marks),
            9 => _ = entry.renew(attributes.marks, attributes.cas),
            10 => _ = entry.remove(),
            _ => _ = entry.replace_value(&value),
        }
        match entry.get() {
            Ok(item) => {
                see(&self.ledger, key, &item);
                if let Value::Chain(chain) = item.value {
                    held = Some(chain.clone());
                }
            }
            Err(_) => assert_eq!(self.ledger.last(key), None),
        }
        held
    }

    /// Everything at one moment.
    fn hold_all(&self, random: &mut Random) {
        let now_ms = self.now();
        let mut cells = self.store.lock_all(now_ms);
        let (mut cursor, mut seen) = (0, HashSet::new());
        loop {
            cursor = cells.scan(cursor, 20, &mut |key, item| {
                see(&self.ledger, key, item);
                assert!(seen.insert(key.to_vec()), "given twice");
            });
            if cursor == 0 {
                break;
            }
        }
        let key = cells.random_key(random.below(1 << 30));
        assert_eq!(key.is_some(), !seen.is_empty());
        assert!(key.is_none_or(|key| seen.contains(&key)));
        if random.below(4) == 0 {
            cells.flush(now_ms + random.below(2) * 5);
        }
        for _ in 0..3 {
            let key = key_of(random.below(KEYS));
            self.act(random, &mut cells.entry(&key, self.store.hash(&key)), &key);
        }
    }

    fn hold_several(&self, random: &mut Random) {
        let keys: Vec<Vec<u8>> = (0..3).map(|_| key_of(random.below(KEYS))).collect();
        let hashes: Vec<Hash> = keys.iter().map(|key| self.store.hash(key)).collect();
        let mut cells = self.store.lock(&hashes, self.now());
        for (key, &hash) in keys.iter().zip(&hashes) {
            self.act(random, &mut cells.entry(key, hash), key);
        }
    }

    fn receive(&self, random: &mut Random, key: &[u8]) {
        let length = random.length(self.most);
        if let Ok(mut body) = self.store.reserve(length, self.now()) {
            body.fill_from(&vec![byte_of(key); length]);
            let mut entry = self.store.entry(key, self.store.hash(key), self.now());
            let result = entry.set(NewValue::Body(body), Attributes::default());
            assert!(!matches!(result, Err(Error::TooManyReserved | Error::KeyTooLong)));
        }
    }

    fn resize(&self, random: &mut Random) {
        let part = [20, 7, 60, 13, 64, 24][random.below(6) as usize];
        // Where nothing is evicted it is refused now and then.
        _ = self.store.set_max_memory(part * self.store.options().max_memory / 24, self.now());
    }

    fn one(&self, random: &mut Random, held: &mut Vec<(Chain, u8)>) {
        let key = key_of(random.below(KEYS));
        let now_ms = self.now();
        match random.below(400) {
            0 => self.hold_all(random),
            1..=10 => {
                let cursor = random.below(1 << 31) * random.below(8);
                self.store.scan(cursor, 30, now_ms, &mut |key, item| see(&self.ledger, key, item));
                self.store.random_key(cursor, now_ms);
            }
            11..=40 => self.hold_several(random),
            41..=60 => self.receive(random, &key),
            61 => self.store.flush(now_ms + random.below(2) * 3, now_ms),
            62..=64 => _ = self.now_ms.fetch_add(random.below(20), Ordering::Relaxed),
            65..=75 => _ = self.store.sweep_slice(0, now_ms),
            76..=78 => self.resize(random),
            79..=100 => _ = self.store.shrink_slice(now_ms),
            101 => _ = self.store.huge_pages_slice(random.below(8) as u32),
            102..=140 => held.clear(),
            _ => {
                let mut entry = self.store.entry(&key, self.store.hash(&key), now_ms);
                let chain = self.act(random, &mut entry, &key);
                drop(entry);
                if held.len() < 3 {
                    held.extend(chain.map(|chain| (chain, byte_of(&key))));
                }
                for (chain, byte) in &*held {
                    assert!(chain.chunks().flatten().all(|at| at == byte), "what is held does not change");
                }
            }
        }
    }
}

fn storm(max_memory: u64, most: usize, eviction: Eviction, seed: u64) {
    let asked = std::env::var("RINGSTONE_HISTORY_ROUNDS").ok().and_then(|n| n.parse().ok());
    let rounds: u64 = asked.unwrap_or(250);
    let store = Store::open(Options { max_memory, max_value_size: u64::MAX, eviction, hash_key: [8; 16] }).unwrap();
    let ledger = Arc::new(Ledger((0..16).map(|_| Mutex::default()).collect()));
    store.observe(ledger.clone());
    store.set_observed(Changes::ALL);
    let storm = Storm { store, ledger, now_ms: AtomicU64::new(1_000_000), most };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let storm = &storm;
            scope.spawn(move || {
                let mut random = Random(seed * 1000 + thread);
                let mut held = Vec::new();
                (0..rounds).for_each(|_| storm.one(&mut random, &mut held));
            });
        }
    });
    storm.settle();
}

#[test]
fn much_memory() {
    (0..2).for_each(|seed| storm(24 * MIB, usize::MAX, Eviction::S3Fifo, seed));
}

#[test]
fn little_memory() {
    (0..2).for_each(|seed| storm(MIB, 60_000, Eviction::S3Fifo, seed));
}

#[test]
fn the_least_memory() {
    (0..2).for_each(|seed| storm(64 << 10, 3000, Eviction::S3Fifo, seed));
}

#[test]
fn second_chance() {
    (0..2).for_each(|seed| storm(4 * MIB, 200_000, Eviction::Lru, seed));
}

#[test]
fn without_eviction() {
    (0..2).for_each(|seed| storm(8 * MIB, 200_000, Eviction::None, seed));
}
