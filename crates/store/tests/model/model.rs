//! The plain map, and what the store must show and tell by it.

use crate::operation::{KEYS, NewItem, Operation, key_of};
use crate::told::{Log, Told};
use crate::version::Version;
use ringstone_store::{
    Absence, Attributes, Cas, Chain, Change, Changes, Clock, Entry, Error, Eviction, Hash, ManualClock, Marks,
    NewValue, Options, Store, Value,
};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

const START_MS: u64 = 1_000_000;

pub struct Model {
    store: Arc<Store>,
    log: Arc<Log>,
    clock: ManualClock,
    /// What the store holds by what it told: also what is expired or flushed and was not found yet.
    items: HashMap<u16, Version>,
    /// Highest of the store's own tokens seen of each key, for ever.
    tokens: HashMap<u16, u64>,
    /// Keys that ever had an expiry.
    expiring: HashSet<u16>,
    flush_at_ms: Option<u64>,
    held: Vec<(Chain, Vec<u8>)>,
    evicts: bool,
    /// No value of so many bytes is too large.
    certain_bytes: usize,
    writes: usize,
}

impl Model {
    pub fn new(max_memory: u64, eviction: Eviction) -> Model {
        let options = Options { max_memory, max_value_size: 64 << 10, eviction, hash_key: [9; 16] };
        let (store, log) = (Arc::new(Store::open(options).unwrap()), Arc::new(Log::default()));
        store.observe(log.clone());
        store.set_observed(Changes::ALL);
        Model {
            store,
            log,
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

    /// One operation on a key, under its cell's lock.
    fn with<R>(&self, key: u16, operation: impl FnOnce(&mut Entry<'_, '_>) -> R) -> R {
        let name = key_of(key);
        operation(&mut self.store.entry(&name, self.store.hash(&name), self.clock.now_ms()))
    }

    /// Takes out what the store told of items that went by themselves. Returns what it told besides, in order.
    fn take_told(&mut self) -> Vec<Told> {
        let now_ms = self.clock.now_ms();
        let mut asked = Vec::new();
        for told in self.log.take() {
            match told.change {
                Change::Written | Change::Touched | Change::Removed => asked.push(told),
                change => {
                    assert!(asked.is_empty(), "{told:?} comes after what was asked for");
                    let version = self.items.remove(&told.key).expect("what goes was there");
                    assert_eq!(told, version.told(change, told.key, now_ms));
                    assert_eq!(change, version.is_gone(now_ms).unwrap_or(Change::Evicted));
                    assert!(change != Change::Evicted || self.evicts);
                }
            }
        }
        asked
    }

    fn expected(&self, key: u16) -> Option<&Version> {
        self.items.get(&key).filter(|version| version.is_gone(self.clock.now_ms()).is_none())
    }

    fn settle_flush(&mut self) {
        if self.flush_at_ms.is_some_and(|at_ms| at_ms <= self.clock.now_ms()) {
            self.items.values_mut().for_each(|version| version.flushed = true);
            self.flush_at_ms = None;
        }
    }

    /// Checks what the store shows of a key. Returns whether it is there.
    fn check(&mut self, key: u16, counted: bool) -> bool {
        assert_eq!(self.take_told(), []);
        let (expected, now_ms) = (self.expected(key).cloned(), self.clock.now_ms());
        let shown = self.with(key, |entry| {
            let shown = if counted { entry.get() } else { entry.peek().ok_or(Absence::Absent) };
            shown.map(|item| {
                let version = Version {
                    value: item.value.to_vec(),
                    flags: item.flags,
                    cas: item.cas,
                    expires_at_ms: item.expires_at_ms,
                    marks: item.marks,
                    fetched: item.fetched,
                    accessed_ms: 0,
                    flushed: false,
                };
                (version, item.idle_s)
            })
        });
        match (shown, expected) {
            (Ok((shown, idle_s)), Some(expected)) => {
                assert_eq!(idle_s, expected.idle_s(now_ms));
                assert_eq!(Version { accessed_ms: expected.accessed_ms, ..shown }, expected);
                if counted {
                    self.count_read(key);
                }
                return true;
            }
            (Ok((shown, _)), None) => panic!("{key} should not be there: {} bytes", shown.value.len()),
            (Err(_), Some(_)) => panic!("{key} is lost"),
            (Err(absence), None) => {
                assert!(absence != Absence::Expired || self.expiring.contains(&key), "expired without an expiry");
            }
        }
        assert_eq!(self.take_told(), []);
        assert!(!counted || !self.items.contains_key(&key), "what was found gone was told");
        false
    }

    fn count_read(&mut self, key: u16) {
        let now_ms = self.clock.now_ms();
        let version = self.items.get_mut(&key).unwrap();
        (version.fetched, version.accessed_ms) = (true, now_ms);
    }

    fn expiry(&self, ttl_ms: Option<u64>) -> u64 {
        ttl_ms.map_or(0, |ttl_ms| self.clock.now_ms() + ttl_ms)
    }

    fn note_expiry(&mut self, key: u16, expires_at_ms: u64) {
        if expires_at_ms != 0 {
            self.expiring.insert(key);
        }
    }

    /// A token that was asked for is shown; 0 asks for one of the store's own.
    fn check_token(&mut self, key: u16, asked: Cas, cas: Cas) {
        if asked == 0 {
            let last = self.tokens.insert(key, cas).unwrap_or(0);
            assert!(cas > last, "tokens of a key grow");
        } else {
            assert_eq!(cas, asked);
        }
    }

    /// A new version, whose `cas` is the one that was asked for, was written or refused.
    fn wrote(&mut self, key: u16, result: Result<Cas, Error>, version: Version) {
        let told = self.take_told();
        match result {
            Ok(cas) => {
                self.check_token(key, version.cas, cas);
                self.note_expiry(key, version.expires_at_ms);
                let now_ms = self.clock.now_ms();
                let version = Version { cas, fetched: false, accessed_ms: now_ms, flushed: false, ..version };
                assert_eq!(told, [version.told(Change::Written, key, now_ms)]);
                self.items.insert(key, version);
            }
            Err(error) => {
                assert_eq!(told, []);
                match error {
                    Error::OutOfMemory | Error::TooManyReserved => {}
                    Error::TooLarge => assert!(version.value.len() > self.certain_bytes),
                    Error::KeyTooLong => panic!("no key is too long"),
                }
            }
        }
    }

    /// A live item was to be given what `version` has; or it was refused.
    fn amended<T>(&mut self, key: u16, result: &Result<T, Error>, change: Change, version: Version) {
        let told = self.take_told();
        if result.is_err() {
            return assert_eq!(told, []);
        }
        // One that was evicted for the room that it then got is there again.
        let change = if self.items.contains_key(&key) { change } else { Change::Written };
        assert_eq!(told, [version.told(change, key, self.clock.now_ms())]);
        self.note_expiry(key, version.expires_at_ms);
        self.items.insert(key, version);
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

    pub fn run(&mut self, operation: Operation) {
        self.settle_flush();
        match operation {
            Operation::Get(key) => _ = self.check(key, true),
            Operation::Peek(key) => _ = self.check(key, false),
            Operation::Set { key, length, new } => self.set(key, length, new),
            Operation::Extend { key, length, at_front, as_body } => self.extend(key, length, at_front, as_body),
            Operation::Replace { key, length } => self.replace(key, length),
            Operation::Increment(key) => self.increment(key),
            Operation::SetExpiry { key, ttl_ms } => self.set_expiry(key, self.expiry(ttl_ms)),
            Operation::SetMarks { key, marks } => self.set_marks(key, marks),
            Operation::Renew { key, marks, cas } => self.renew(key, marks, cas),
            Operation::Remove(key) => self.remove(key),
            Operation::Hold(key) => self.hold(key),
            Operation::Release => _ = self.held.pop(),
            Operation::Several { first, second, length } => self.several([first, second], length),
            Operation::Sweep => self.sweep(),
            Operation::Flush { delay_ms } => {
                let now_ms = self.clock.now_ms();
                self.store.flush(now_ms + delay_ms, now_ms);
                self.flush_at_ms = Some(now_ms + delay_ms);
                self.settle_flush();
            }
            Operation::Advance(step_ms) => self.clock.advance(step_ms),
        }
        assert_eq!(self.take_told(), [], "nothing is told twice");
    }

    fn set(&mut self, key: u16, length: usize, new: NewItem) {
        let value = self.bytes(length);
        let NewItem { flags, marks, cas, .. } = new;
        let attributes = Attributes { flags, expires_at_ms: self.expiry(new.ttl_ms), marks, cas };
        let Some(bytes) = self.new_value(&value, new.as_body) else { return };
        let result = self.with(key, |entry| entry.set(bytes, attributes));
        self.wrote(key, result, Version::of(value, attributes));
    }

    fn extend(&mut self, key: u16, length: usize, at_front: bool, as_body: bool) {
        let added = self.bytes(length);
        let Some(new) = self.new_value(&added, as_body) else { return };
        let there = self.check(key, false);
        let result = self.with(key, |entry| if at_front { entry.prepend(new) } else { entry.append(new) });
        assert_eq!(result.is_some(), there);
        if let Some(result) = result {
            let mut value = self.items[&key].value.clone();
            let end = if at_front { 0 } else { value.len() };
            value.splice(end..end, added);
            self.wrote(key, result, self.items[&key].next(value));
        }
    }

    fn replace(&mut self, key: u16, length: usize) {
        let there = self.check(key, false);
        let value = self.bytes(length);
        let result = self.with(key, |entry| entry.replace_value(&value));
        assert_eq!(result.is_some(), there);
        if let Some(result) = result {
            self.wrote(key, result, self.items[&key].next(value));
        }
    }

    /// A read and a write under one lock, as the engine does arithmetic.
    fn increment(&mut self, key: u16) {
        let there = self.check(key, true);
        let written = self.with(key, |entry| {
            let mut next = Vec::new();
            let Ok(result) = entry.update_value(|item| {
                next = (item.value.len() as u64 + 1).to_string().into_bytes();
                Ok::<_, Infallible>(next.clone())
            });
            result.map(|result| (next, result))
        });
        assert_eq!(written.is_some(), there);
        if let Some((value, result)) = written {
            self.wrote(key, result, self.items[&key].next(value));
        }
    }

    fn set_expiry(&mut self, key: u16, expires_at_ms: u64) {
        let there = self.check(key, false);
        let result = self.with(key, |entry| entry.set_expiry(expires_at_ms));
        assert_eq!(result.is_some(), there);
        if let Some(result) = result {
            let version = Version { expires_at_ms, ..self.items[&key].clone() };
            self.amended(key, &result, Change::Touched, version);
        }
    }

    fn set_marks(&mut self, key: u16, marks: Marks) {
        let there = self.check(key, false);
        let result = self.with(key, |entry| entry.set_marks(marks));
        assert_eq!(result.is_some(), there);
        if let Some(result) = result {
            let version = Version { marks, ..self.items[&key].clone() };
            self.amended(key, &result, Change::Touched, version);
        }
    }

    fn renew(&mut self, key: u16, marks: Marks, asked: Cas) {
        let there = self.check(key, false);
        let result = self.with(key, |entry| entry.renew(marks, asked));
        assert_eq!(result.is_some(), there);
        if let Some(result) = result {
            let cas = result.unwrap_or(asked);
            if result.is_ok() {
                self.check_token(key, asked, cas);
            }
            let version = Version { marks, cas, ..self.items[&key].clone() };
            self.amended(key, &result, Change::Written, version);
        }
    }

    fn remove(&mut self, key: u16) {
        let there = self.check(key, false);
        let name = key_of(key);
        let removed = self.store.entry(&name, self.store.hash(&name), self.clock.now_ms()).remove();
        assert_eq!(removed, there);
        let told = self.take_told();
        if there {
            let version = self.items.remove(&key).unwrap();
            assert_eq!(told, [version.told(Change::Removed, key, self.clock.now_ms())]);
        } else {
            assert_eq!(told, []);
        }
    }

    fn hold(&mut self, key: u16) {
        let chain = self.with(key, |entry| {
            let item = entry.get().ok()?;
            Some(if let Value::Chain(chain) = item.value { Some(((*chain).clone(), chain_bytes(chain))) } else { None })
        });
        if let Some(chain) = chain {
            self.count_read(key);
            self.held.extend(chain);
        }
    }

    fn several(&mut self, keys: [u16; 2], length: usize) {
        let value = self.bytes(length);
        let names = keys.map(key_of);
        let store = self.store.clone();
        let hashes: [Hash; 2] = [store.hash(&names[0]), store.hash(&names[1])];
        let mut cells = store.lock(&hashes, self.clock.now_ms());
        for i in 0..2 {
            let result = cells.entry(&names[i], hashes[i]).set(NewValue::Bytes(&value), Attributes::default());
            self.wrote(keys[i], result, Version::of(value.clone(), Attributes::default()));
        }
    }

    fn sweep(&mut self) {
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            cursor = self.store.sweep_slice(at, self.clock.now_ms());
        }
        assert_eq!(self.take_told(), []);
        let now_ms = self.clock.now_ms();
        assert!(self.items.values().all(|version| version.is_gone(now_ms).is_none()), "what is gone was told");
        assert_eq!(self.store.len(), self.items.len() as u64);
    }

    pub fn finish(&mut self) {
        self.settle_flush();
        for (chain, value) in self.held.drain(..) {
            assert_eq!(chain_bytes(&chain), value);
        }
        (0..KEYS).for_each(|key| _ = self.check(key, true));
        self.store.flush(0, self.clock.now_ms());
        self.flush_at_ms = Some(0);
        self.settle_flush();
        self.sweep();
        let stats = self.store.stats();
        assert_eq!((stats.items, stats.key_value_bytes, stats.item_segment_bytes, stats.chain_bytes), (0, 0, 0, 0));
        assert_eq!((stats.reserved_bytes, stats.pinned_bytes), (0, 0));
        self.integrity();
    }

    pub fn integrity(&self) {
        #[cfg(debug_assertions)]
        self.store.check_integrity();
    }
}

fn chain_bytes(chain: &Chain) -> Vec<u8> {
    chain.chunks().flatten().copied().collect()
}
