//! Tests with a clock that is set, hosts that note what they are to run, and waiters that note what they are told.

mod flow;
mod others;
mod storm;

use super::table::Table;
use super::*;
use crate::cache::{Cache, CacheOptions};
use ringstone_store::{Attributes, Error, Eviction, ManualClock, NewValue};
use std::collections::HashMap;

const NOW_MS: u64 = 1_790_000_000_000;

/// Notes what it is to run.
#[derive(Default)]
struct Host {
    runs: Mutex<Vec<LoadRequest>>,
    cancelled: Mutex<Vec<LoadId>>,
}

impl LoadHost for Host {
    fn run(&self, load: LoadRequest) {
        self.runs.lock().push(load);
    }

    fn cancel(&self, id: LoadId) {
        self.cancelled.lock().push(id);
    }
}

impl Host {
    /// The runs that were given since the last call.
    fn take(&self) -> Vec<LoadRequest> {
        std::mem::take(&mut self.runs.lock())
    }

    /// The only one.
    fn one(&self) -> LoadRequest {
        let mut runs = self.take();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }
}

/// Notes what it is told, by ticket.
#[derive(Default)]
struct Notes(Mutex<HashMap<u64, Settled>>);

impl Waiter for Notes {
    fn settled(&self, ticket: u64, outcome: &Settled) {
        let before = self.0.lock().insert(ticket, outcome.clone());
        assert_eq!(before, None, "{ticket} is told once");
    }
}

/// A cache whose clock stands still, with waiters numbered from 1.
struct Bench {
    cache: Cache,
    clock: Arc<ManualClock>,
    notes: Arc<Notes>,
    tickets: u64,
}

fn value(text: &str) -> LoadedValue {
    LoadedValue { bytes: text.as_bytes().to_vec(), flags: 0 }
}

impl Bench {
    fn new() -> Bench {
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let options = CacheOptions {
            max_memory: 8 << 20,
            max_value_size: 1 << 20,
            default_ttl_ms: 0,
            cleanup_interval_ms: 60_000,
            eviction: Eviction::S3Fifo,
        };
        let cache = Cache::open(options, clock.clone()).expect("opens");
        Bench { cache, clock, notes: Arc::default(), tickets: 0 }
    }

    /// With one loader for all keys, at a host of its own.
    fn with_loader(options: LoaderOptions) -> (Bench, Arc<Host>) {
        let bench = Bench::new();
        let host = bench.host("", options).0;
        (bench, host)
    }

    /// A host with a loader.
    fn host(&self, pattern: &str, options: LoaderOptions) -> (Arc<Host>, LoaderId) {
        let host = Arc::new(Host::default());
        let id = self.cache.loads.register(Arc::clone(&host) as _, 7, pattern.as_bytes(), options).expect("registers");
        (host, id)
    }

    /// Asks with a waiter, and answers with its ticket too.
    fn ask(&mut self, key: &str) -> (Asked, u64) {
        self.tickets += 1;
        let waiter = (Arc::clone(&self.notes) as Arc<dyn Waiter>, self.tickets);
        let key = key.as_bytes();
        let asked = self.cache.loads.ask(key, self.cache.store.hash(key), self.clock.now_ms(), Some(waiter));
        (asked, self.tickets)
    }

    /// The same of a key that is to be waited for.
    fn wait(&mut self, key: &str) -> u64 {
        let (asked, ticket) = self.ask(key);
        assert!(matches!(asked, Asked::Waits(_)), "{asked:?}");
        ticket
    }

    fn told(&self, ticket: u64) -> Option<Settled> {
        self.notes.0.lock().get(&ticket).cloned()
    }

    /// Settles a run with a value.
    fn give(&self, run: &LoadRequest, text: &str) {
        self.cache.loads.settle(run.id, Ok(Some(value(text))));
    }

    fn reject(&self, run: &LoadRequest, reason: &str) {
        self.cache.loads.settle(run.id, Err(reason.into()));
    }

    /// Lets time pass and has timeouts noticed.
    fn pass(&self, ms: u64) -> Option<u64> {
        self.clock.advance(ms);
        let next = self.cache.loads.tick();
        self.check();
        next
    }

    fn stats(&self) -> LoadStats {
        self.cache.loads.stats()
    }

    fn check(&self) {
        let table: &Table = &self.cache.loads.core.table;
        table.check();
    }

    /// What the store holds.
    fn stored(&self, key: &str) -> Option<String> {
        let (key, store) = (key.as_bytes(), &self.cache.store);
        let entry = store.entry(key, store.hash(key), self.clock.now_ms());
        entry.peek().map(|item| String::from_utf8(item.value.to_vec()).expect("text"))
    }

    fn write(&self, key: &str, text: &str) {
        let (key, store) = (key.as_bytes(), &self.cache.store);
        let mut entry = store.entry(key, store.hash(key), self.clock.now_ms());
        entry.set(NewValue::Bytes(text.as_bytes()), Attributes::default()).expect("is stored");
    }

    fn remove(&self, key: &str) -> bool {
        let (key, store) = (key.as_bytes(), &self.cache.store);
        store.entry(key, store.hash(key), self.clock.now_ms()).remove()
    }
}

fn loaded(text: &str) -> Option<Settled> {
    Some(Settled::Loaded(Some(Arc::new(value(text)))))
}

fn failed(reason: &str) -> Option<Settled> {
    Some(Settled::Failed(LoadError::rejected(reason)))
}
