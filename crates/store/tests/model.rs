//! Random operations against a plain map, with a clock that the test sets.
//!
//! Without eviction the store must do exactly what the map does, but that it may refuse for want of memory. With eviction it
//! may lose items, but never show an old version, an expired or flushed one, or one never written.
//! `RINGSTONE_MODEL_CASES` sets the number of cases.

use proptest::prelude::*;
use ringstone_store::{Absence, Attributes, Clock, Error, Eviction, ManualClock, NewValue, Options, Store, Value};
use std::collections::{HashMap, HashSet};

const START_MS: u64 = 1_000_000;
const KEYS: u16 = 40;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Get(u16),
    Peek(u16),
    Set { key: u16, length: usize, ttl_ms: Option<u64>, flags: u32, as_body: bool },
    Extend { key: u16, length: usize, at_front: bool, as_body: bool },
    Replace { key: u16, length: usize },
    Increment(u16),
    SetExpiry { key: u16, ttl_ms: Option<u64> },
    Remove(u16),
    Hold(u16),
    Release,
    Several { first: u16, second: u16, length: usize },
    Sweep,
    Flush { delay_ms: u64 },
    Advance(u64),
}

#[derive(Clone, Debug, PartialEq)]
struct Version {
    value: Vec<u8>,
    flags: u32,
    cas: u64,
    expires_at_ms: u64,
}

struct Model {
    store: Store,
    clock: ManualClock,
    items: HashMap<u16, Version>,
    /// Highest token seen of each key, for ever.
    tokens: HashMap<u16, u64>,
    /// Keys that ever had an expiry.
    expiring: HashSet<u16>,
    flush_at_ms: Option<u64>,
    held: Vec<(ringstone_store::Chain, Vec<u8>)>,
    evicts: bool,
    /// No value of so many bytes is too large.
    certain_bytes: usize,
    writes: usize,
}

fn key_of(number: u16) -> Vec<u8> {
    let length = match number % 8 {
        0 => 300,
        1 => 5000,
        2 => 255,
        _ => number as usize % 30 + 2,
    };
    let mut key = number.to_le_bytes().to_vec();
    key.resize(length, number as u8);
    key
}

impl Model {
    fn new(max_memory: u64, eviction: Eviction) -> Model {
        let options = Options { max_memory, max_value_size: 64 << 10, eviction, hash_key: [9; 16] };
        Model {
            store: Store::open(options).unwrap(),
            clock: ManualClock::new(START_MS),
            items: HashMap::new(),
            tokens: HashMap::new(),
            expiring: HashSet::new(),
            flush_at_ms: None,
            held: Vec::new(),
            evicts: eviction != Eviction::None,
            certain_bytes: (64 << 10).min(max_memory as usize / 2),
            writes: 0,
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        self.writes += 1;
        (0..length).map(|i| (i ^ self.writes.wrapping_mul(37)) as u8).collect()
    }

    /// What the map holds now.
    fn expected(&mut self, key: u16) -> Option<Version> {
        let now_ms = self.clock.now_ms();
        self.items.get(&key).filter(|version| version.expires_at_ms == 0 || version.expires_at_ms > now_ms).cloned()
    }

    fn settle_flush(&mut self) {
        if self.flush_at_ms.is_some_and(|at_ms| at_ms <= self.clock.now_ms()) {
            self.items.clear();
            self.flush_at_ms = None;
        }
    }

    /// Checks what the store shows of a key; forgets what it has evicted. Returns whether it is there.
    fn check(&mut self, key: u16, counted: bool) -> bool {
        let expected = self.expected(key);
        let (name, now_ms) = (key_of(key), self.clock.now_ms());
        let mut entry = self.store.entry(&name, self.store.hash(&name), now_ms);
        let shown = if counted { entry.get() } else { entry.peek().ok_or(Absence::Absent) };
        let shown = shown.map(|item| Version {
            value: item.value.to_vec(),
            flags: item.flags,
            cas: item.cas,
            expires_at_ms: item.expires_at_ms,
        });
        drop(entry);
        match (shown, expected) {
            (Ok(shown), Some(expected)) => {
                assert_eq!(shown, expected);
                return true;
            }
            (Ok(shown), None) => panic!("{key} should not be there: {} bytes", shown.value.len()),
            (Err(_), Some(_)) => assert!(self.evicts, "{key} is lost"),
            (Err(absence), None) => {
                assert!(absence != Absence::Expired || self.expiring.contains(&key), "expired without an expiry");
            }
        }
        self.items.remove(&key);
        false
    }

    fn expiry(&self, ttl_ms: Option<u64>) -> u64 {
        ttl_ms.map_or(0, |ttl_ms| self.clock.now_ms() + ttl_ms)
    }

    fn note_expiry(&mut self, key: u16, expires_at_ms: u64) {
        if expires_at_ms != 0 {
            self.expiring.insert(key);
        }
    }

    fn wrote(&mut self, key: u16, result: Result<u64, Error>, version: Version) {
        match result {
            Ok(cas) => {
                let last = self.tokens.insert(key, cas).unwrap_or(0);
                assert!(cas > last, "tokens of a key grow");
                self.note_expiry(key, version.expires_at_ms);
                self.items.insert(key, Version { cas, ..version });
            }
            Err(Error::OutOfMemory | Error::TooManyReserved) => {}
            Err(Error::TooLarge) => assert!(version.value.len() > self.certain_bytes),
            Err(Error::KeyTooLong) => panic!("no key is too long"),
        }
    }

    fn new_value<'v>(&self, value: &'v [u8], as_body: bool) -> Option<NewValue<'v>> {
        if !as_body {
            return Some(NewValue::Bytes(value));
        }
        let mut body = self.store.reserve(value.len(), self.clock.now_ms()).ok()?;
        for piece in value.chunks(777) {
            assert_eq!(body.fill_from(piece), piece.len());
        }
        assert_eq!(body.chunks().flatten().copied().collect::<Vec<u8>>(), value);
        Some(NewValue::Body(body))
    }

    fn run(&mut self, operation: Operation) {
        self.settle_flush();
        let now_ms = self.clock.now_ms();
        match operation {
            Operation::Get(key) => _ = self.check(key, true),
            Operation::Peek(key) => _ = self.check(key, false),
            Operation::Set { key, length, ttl_ms, flags, as_body } => {
                let value = self.bytes(length);
                let attributes = Attributes { flags, expires_at_ms: self.expiry(ttl_ms), ..Attributes::default() };
                let Some(new) = self.new_value(&value, as_body) else { return };
                let name = key_of(key);
                let result = self.store.entry(&name, self.store.hash(&name), now_ms).set(new, attributes);
                let version = Version { value, flags, cas: 0, expires_at_ms: attributes.expires_at_ms };
                self.wrote(key, result, version);
            }
            Operation::Extend { key, length, at_front, as_body } => self.extend(key, length, at_front, as_body),
            Operation::Replace { key, length } => {
                let there = self.check(key, false);
                let value = self.bytes(length);
                let name = key_of(key);
                let result = self.store.entry(&name, self.store.hash(&name), now_ms).replace_value(&value);
                assert_eq!(result.is_some(), there);
                if let Some(result) = result {
                    let version = Version { value, ..self.items[&key].clone() };
                    self.wrote(key, result, version);
                }
            }
            Operation::Increment(key) => self.increment(key),
            Operation::SetExpiry { key, ttl_ms } => self.set_expiry(key, self.expiry(ttl_ms)),
            Operation::Remove(key) => {
                let there = self.check(key, false);
                let name = key_of(key);
                assert_eq!(self.store.entry(&name, self.store.hash(&name), now_ms).remove(), there);
                self.items.remove(&key);
            }
            Operation::Hold(key) => {
                let name = key_of(key);
                let mut entry = self.store.entry(&name, self.store.hash(&name), now_ms);
                if let Ok(item) = entry.get()
                    && let Value::Chain(chain) = item.value
                {
                    self.held.push((chain.clone(), item.value.to_vec()));
                }
            }
            Operation::Release => _ = self.held.pop(),
            Operation::Several { first, second, length } => self.several([first, second], length),
            Operation::Sweep => self.sweep(),
            Operation::Flush { delay_ms } => {
                self.store.flush(now_ms + delay_ms, now_ms);
                self.flush_at_ms = Some(now_ms + delay_ms);
                self.settle_flush();
            }
            Operation::Advance(step_ms) => self.clock.advance(step_ms),
        }
    }

    fn extend(&mut self, key: u16, length: usize, at_front: bool, as_body: bool) {
        let added = self.bytes(length);
        let Some(new) = self.new_value(&added, as_body) else { return };
        let there = self.check(key, false);
        let name = key_of(key);
        let mut entry = self.store.entry(&name, self.store.hash(&name), self.clock.now_ms());
        let result = if at_front { entry.prepend(new) } else { entry.append(new) };
        drop(entry);
        assert_eq!(result.is_some(), there);
        if let Some(result) = result {
            let mut version = self.items[&key].clone();
            let end = if at_front { 0 } else { version.value.len() };
            version.value.splice(end..end, added);
            self.wrote(key, result, version);
        }
    }

    /// A read and a write under one lock, as the engine does arithmetic.
    fn increment(&mut self, key: u16) {
        let there = self.check(key, true);
        let name = key_of(key);
        let mut entry = self.store.entry(&name, self.store.hash(&name), self.clock.now_ms());
        let Ok(item) = entry.get() else { return assert!(!there) };
        let next = (item.value.len() as u64 + 1).to_string();
        let result = entry.replace_value(next.as_bytes()).unwrap();
        drop(entry);
        let version = Version { value: next.into_bytes(), ..self.items[&key].clone() };
        self.wrote(key, result, version);
    }

    fn set_expiry(&mut self, key: u16, expires_at_ms: u64) {
        let there = self.check(key, false);
        let name = key_of(key);
        let mut entry = self.store.entry(&name, self.store.hash(&name), self.clock.now_ms());
        let result = entry.set_expiry(expires_at_ms);
        drop(entry);
        assert_eq!(result.is_some(), there);
        if result == Some(Ok(())) {
            self.items.get_mut(&key).unwrap().expires_at_ms = expires_at_ms;
            self.note_expiry(key, expires_at_ms);
        }
    }

    fn several(&mut self, keys: [u16; 2], length: usize) {
        let value = self.bytes(length);
        let names = keys.map(key_of);
        let hashes = [self.store.hash(&names[0]), self.store.hash(&names[1])];
        let mut cells = self.store.lock(&hashes, self.clock.now_ms());
        let results: Vec<_> = (0..2)
            .map(|i| cells.entry(&names[i], hashes[i]).set(NewValue::Bytes(&value), Attributes::default()))
            .collect();
        drop(cells);
        for (key, result) in keys.into_iter().zip(results) {
            self.wrote(key, result, Version { value: value.clone(), flags: 0, cas: 0, expires_at_ms: 0 });
        }
    }

    fn sweep(&mut self) {
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            cursor = self.store.sweep_slice(at, self.clock.now_ms());
        }
        let now_ms = self.clock.now_ms();
        self.items.retain(|_, version| version.expires_at_ms == 0 || version.expires_at_ms > now_ms);
        let alive = self.items.len() as u64;
        let items = self.store.len();
        assert!(items <= alive && (self.evicts || items == alive), "{items} items, {alive} in the map");
    }

    fn finish(&mut self) {
        self.settle_flush();
        for (chain, value) in self.held.drain(..) {
            assert_eq!(chain.chunks().flatten().copied().collect::<Vec<u8>>(), value);
        }
        (0..KEYS).for_each(|key| _ = self.check(key, true));
        self.store.flush(0, self.clock.now_ms());
        self.items.clear();
        self.sweep();
        let stats = self.store.stats();
        assert_eq!((stats.items, stats.key_value_bytes, stats.item_segment_bytes, stats.chain_bytes), (0, 0, 0, 0));
        assert_eq!((stats.reserved_bytes, stats.pinned_bytes), (0, 0));
        self.integrity();
    }

    fn integrity(&self) {
        #[cfg(debug_assertions)]
        self.store.check_integrity();
    }
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..40usize, 4 => 40..1000usize, 2 => 1000..5000usize, 2 => 5000..30_000usize, 1 => 60_000..66_000usize]
}

fn operation() -> impl Strategy<Value = Operation> {
    let key = || 0..KEYS;
    let ttl = || prop::option::of(1..3000u64);
    prop_oneof![
        6 => key().prop_map(Operation::Get),
        1 => key().prop_map(Operation::Peek),
        8 => (key(), length(), ttl(), prop_oneof![Just(0u32), any::<u32>()], any::<bool>())
            .prop_map(|(key, length, ttl_ms, flags, as_body)| Operation::Set { key, length, ttl_ms, flags, as_body }),
        3 => (key(), length(), any::<bool>(), any::<bool>())
            .prop_map(|(key, length, at_front, as_body)| Operation::Extend { key, length, at_front, as_body }),
        2 => (key(), length()).prop_map(|(key, length)| Operation::Replace { key, length }),
        2 => key().prop_map(Operation::Increment),
        2 => (key(), ttl()).prop_map(|(key, ttl_ms)| Operation::SetExpiry { key, ttl_ms }),
        2 => key().prop_map(Operation::Remove),
        1 => key().prop_map(Operation::Hold),
        1 => Just(Operation::Release),
        1 => (key(), key(), length()).prop_map(|(first, second, length)| Operation::Several { first, second, length }),
        1 => Just(Operation::Sweep),
        1 => prop_oneof![Just(0), 1..500u64].prop_map(|delay_ms| Operation::Flush { delay_ms }),
        3 => (0..400u64).prop_map(Operation::Advance),
    ]
}

fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("RINGSTONE_MODEL_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(default),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    }
}

fn run(max_memory: u64, eviction: Eviction, operations: Vec<Operation>) {
    let mut model = Model::new(max_memory, eviction);
    for (n, operation) in operations.into_iter().enumerate() {
        model.run(operation);
        if n % 16 == 0 {
            model.integrity();
        }
    }
    model.finish();
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn nothing_is_lost_without_eviction(operations in prop::collection::vec(operation(), 1..300)) {
        run(4 << 20, Eviction::None, operations);
    }

    #[test]
    fn little_memory_without_eviction(operations in prop::collection::vec(operation(), 1..300)) {
        run(256 << 10, Eviction::None, operations);
    }

    #[test]
    fn never_wrong_with_eviction(operations in prop::collection::vec(operation(), 1..400)) {
        run(256 << 10, Eviction::S3Fifo, operations);
    }

    #[test]
    fn never_wrong_with_lru(operations in prop::collection::vec(operation(), 1..400)) {
        run(256 << 10, Eviction::Lru, operations);
    }

    #[test]
    fn never_wrong_in_the_least_memory(operations in prop::collection::vec(operation(), 1..200)) {
        run(64 << 10, Eviction::S3Fifo, operations);
    }
}
