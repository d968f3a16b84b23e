//! Random operations between the calls of a scan, against a map.
//!
//! `RINGSTONE_MODEL_CASES` sets the number of cases.

use super::{NOW_MS, integrity, is_there, key_of, number, open, remove, set};
use proptest::prelude::*;
use ringstone_store::{Eviction, NewValue, Store};
use std::collections::{HashMap, HashSet};

#[derive(Clone, Copy, Debug)]
enum Operation {
    /// Of so many keys from one on.
    Set {
        first: u32,
        count: u32,
        length: usize,
        ttl_ms: u64,
    },
    Append {
        first: u32,
        count: u32,
    },
    Remove {
        first: u32,
        count: u32,
    },
    Advance(u64),
    Sweep,
    Flush,
    /// To so many 64ths of what it was opened with.
    Resize(u64),
    Scan {
        budget: usize,
    },
}

const KEYS: u32 = 6000;

/// A scan, and what it owes.
#[derive(Default)]
struct Walk {
    cursor: u64,
    given: HashSet<u32>,
    /// Keys that were there all the time, as far as the model knows.
    stable: HashSet<u32>,
    begun: bool,
}

struct Model {
    store: Store,
    /// Value and time of expiry of what was written.
    items: HashMap<u32, (Vec<u8>, u64)>,
    walk: Walk,
    now_ms: u64,
    evicts: bool,
}

impl Model {
    fn is_live(&self, key: u32) -> bool {
        self.items.get(&key).is_some_and(|&(_, expires_at_ms)| expires_at_ms == 0 || expires_at_ms > self.now_ms)
    }

    /// What the store does not have is not stable; before it is written anew.
    fn look(&mut self, key: u32) {
        if !self.is_live(key) || !is_there(&self.store, &key_of(key), self.now_ms) {
            assert!(self.evicts || !self.is_live(key), "{key} is lost");
            self.items.remove(&key);
            self.walk.stable.remove(&key);
        }
    }

    fn set(&mut self, key: u32, length: usize, ttl_ms: u64) {
        self.look(key);
        let value: Vec<u8> = (0..length).map(|n| (n as u32 ^ key ^ self.now_ms as u32) as u8).collect();
        let expires_at_ms = if ttl_ms == 0 { 0 } else { self.now_ms + ttl_ms };
        if set(&self.store, &key_of(key), &value, expires_at_ms, self.now_ms) {
            self.items.insert(key, (value, expires_at_ms));
        } else {
            self.look(key);
        }
    }

    fn append(&mut self, key: u32) {
        self.look(key);
        let name = key_of(key);
        let mut entry = self.store.entry(&name, self.store.hash(&name), self.now_ms);
        let appended = entry.append(NewValue::Bytes(b"more"));
        drop(entry);
        assert_eq!(appended.is_some(), self.items.contains_key(&key));
        if let Some(Ok(_)) = appended {
            self.items.get_mut(&key).unwrap().0.extend_from_slice(b"more");
        } else {
            self.look(key);
        }
    }

    fn scan(&mut self, budget: usize) {
        let now_ms = self.now_ms;
        self.items.retain(|_, &mut (_, expires_at_ms)| expires_at_ms == 0 || expires_at_ms > now_ms);
        if !self.walk.begun {
            self.walk = Walk { begun: true, stable: self.items.keys().copied().collect(), ..Walk::default() };
        }
        let (given, items, mut looked) = (&mut self.walk.given, &self.items, 0);
        self.walk.cursor = self.store.scan(self.walk.cursor, budget, now_ms, &mut |key, item| {
            let key_number = number(key);
            assert_eq!(key, key_of(key_number));
            assert!(given.insert(key_number), "{key_number} is given twice");
            let (value, expires_at_ms) = items.get(&key_number).expect("what is given is live");
            assert_eq!((item.value.to_vec(), item.expires_at_ms), (value.clone(), *expires_at_ms));
            looked += 1;
        });
        assert!(looked < budget + 200, "{looked} given for {budget}");
        if self.walk.cursor == 0 {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.walk.begun = false;
        for &key in &self.walk.stable {
            let lost = !self.is_live(key) || self.evicts && !is_there(&self.store, &key_of(key), self.now_ms);
            assert!(lost || self.walk.given.contains(&key), "{key} was there all the time");
        }
    }

    fn run(&mut self, operation: Operation) {
        match operation {
            Operation::Set { first, count, length, ttl_ms } => {
                (first..first + count).for_each(|key| self.set(key % KEYS, length, ttl_ms));
            }
            Operation::Append { first, count } => (first..first + count).for_each(|key| self.append(key % KEYS)),
            Operation::Remove { first, count } => {
                for key in (first..first + count).map(|key| key % KEYS) {
                    remove(&self.store, &key_of(key), self.now_ms);
                    self.items.remove(&key);
                    self.walk.stable.remove(&key);
                }
            }
            Operation::Advance(step_ms) => {
                self.now_ms += step_ms;
                let Model { items, walk, now_ms, .. } = self;
                items.retain(|_, &mut (_, expires_at_ms)| expires_at_ms == 0 || expires_at_ms > *now_ms);
                walk.stable.retain(|key| items.contains_key(key));
            }
            Operation::Sweep => {
                let mut cursor = Some(0);
                while let Some(at) = cursor {
                    cursor = self.store.sweep_slice(at, self.now_ms);
                }
            }
            Operation::Flush => {
                self.store.flush(0, self.now_ms);
                self.items.clear();
                self.walk.stable.clear();
            }
            Operation::Resize(parts) => {
                // Refused where nothing is evicted, or what is too little.
                let _ = self.store.set_max_memory(self.store.options().max_memory / 64 * parts, self.now_ms);
                while self.store.shrink_slice(self.now_ms) {}
            }
            Operation::Scan { budget } => self.scan(budget),
        }
    }
}

fn operation() -> impl Strategy<Value = Operation> {
    let first = || 0..KEYS;
    let count = || prop_oneof![4 => 1..20u32, 2 => 20..300u32, 1 => 300..2000u32];
    let length = prop_oneof![6 => 0..60usize, 2 => 60..600usize, 1 => 5000..6000usize];
    let ttl = prop_oneof![4 => Just(0u64), 1 => 1..2000u64];
    prop_oneof![
        8 => (first(), count(), length, ttl)
            .prop_map(|(first, count, length, ttl_ms)| Operation::Set { first, count, length, ttl_ms }),
        2 => (first(), count()).prop_map(|(first, count)| Operation::Append { first, count }),
        3 => (first(), count()).prop_map(|(first, count)| Operation::Remove { first, count }),
        2 => (1..500u64).prop_map(Operation::Advance),
        1 => Just(Operation::Sweep),
        1 => Just(Operation::Flush),
        1 => (16..200u64).prop_map(Operation::Resize),
        16 => prop_oneof![1..20usize, 20..400usize, Just(0), Just(usize::MAX)]
            .prop_map(|budget| Operation::Scan { budget: budget.min(1 << 40) }),
    ]
}

fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("RINGSTONE_MODEL_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(default), failure_persistence: None, ..ProptestConfig::default() }
}

fn run(max_memory: u64, eviction: Eviction, operations: Vec<Operation>) {
    let (store, evicts) = (open(max_memory, eviction), eviction != Eviction::None);
    let mut model = Model { store, items: HashMap::new(), walk: Walk::default(), now_ms: NOW_MS, evicts };
    operations.into_iter().for_each(|operation| model.run(operation));
    while model.walk.begun {
        model.scan(100);
    }
    integrity(&model.store);
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn what_stays_is_given_once_while_others_come_and_go(operations in prop::collection::vec(operation(), 1..60)) {
        run(16 << 20, Eviction::None, operations);
    }

    #[test]
    fn what_stays_is_given_once_while_others_are_evicted(operations in prop::collection::vec(operation(), 1..60)) {
        run(512 << 10, Eviction::S3Fifo, operations);
    }

    #[test]
    fn what_stays_is_given_once_in_a_tiny_store(operations in prop::collection::vec(operation(), 1..60)) {
        run(64 << 10, Eviction::Lru, operations);
    }
}
