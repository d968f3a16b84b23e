//! Many threads ask, answer, write, remove, flush, withdraw, come and leave at random. Each who waits is told exactly once; nobody
//! is given, nor finds in the store, what was read before a removal that came before the question.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::Duration;

const KEYS: usize = 12;
const ASKERS: u64 = 3;

/// Questions of each asker; more by the environment.
fn questions() -> u64 {
    std::env::var("RINGSTONE_LOADS_QUESTIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(4000)
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Of who waits, by ticket: the least version that is not too old. Who has withdrawn may be told nevertheless.
#[derive(Default)]
struct Expected {
    tickets: Mutex<HashMap<u64, (u64, bool)>>,
    told: AtomicU64,
}

fn version(bytes: &[u8]) -> u64 {
    std::str::from_utf8(bytes).expect("text").parse().expect("a version")
}

impl Waiter for Expected {
    fn settled(&self, ticket: u64, outcome: &Settled) {
        let (least, _) = self.tickets.lock().remove(&ticket).expect("is told once, and only who waits");
        self.told.fetch_add(1, Ordering::Relaxed);
        if let Settled::Loaded(Some(value)) = outcome {
            let got = version(&value.bytes);
            assert!(got >= least, "{got} was read before {least}, which was known when it was asked for");
        }
    }
}

struct Storm {
    cache: Cache,
    /// Where loaders read: a version for each key.
    database: [AtomicU64; KEYS],
    /// Versions that were in the database before the last removal of their key from the cache.
    known: [AtomicU64; KEYS],
    expected: Arc<Expected>,
    hosts: Vec<Arc<Host>>,
    done: AtomicBool,
}

fn name(key: usize) -> String {
    format!("{}:{key}", key % 2)
}

fn options() -> LoaderOptions {
    LoaderOptions {
        ttl_ms: Some(2),
        stale_for_ms: 2,
        timeout_ms: 4,
        negative_ttl_ms: 1,
        max_concurrent: 3,
        max_waiting: 200,
        on_error: OnError::Error,
    }
}

impl Storm {
    fn asker(&self, number: u64) {
        let mut random = Random(number + 1);
        let (loads, store) = (&self.cache.loads, &self.cache.store);
        let mut waits = Vec::new();
        for question in 0..questions() {
            let key = random.below(KEYS as u64) as usize;
            let (text, ticket) = (name(key), number << 32 | question);
            let hash = store.hash(text.as_bytes());
            let least = self.known[key].load(Ordering::SeqCst);
            self.expected.tickets.lock().insert(ticket, (least, false));
            let waiter = (Arc::clone(&self.expected) as Arc<dyn Waiter>, ticket);
            match loads.ask(text.as_bytes(), hash, self.cache.clock.now_ms(), Some(waiter)) {
                Asked::Waits(wait) => waits.push((wait, ticket)),
                _ => assert!(self.expected.tickets.lock().remove(&ticket).is_some(), "is not told"),
            }
            if let Some(item) = store.entry(text.as_bytes(), hash, self.cache.clock.now_ms()).peek() {
                let got = version(&item.value.to_vec());
                assert!(got >= least, "{got} is stored, and is older than {least}");
            }
            if random.below(8) == 0
                && let Some((wait, ticket)) = waits.pop()
            {
                if let Some((_, withdrawn)) = self.expected.tickets.lock().get_mut(&ticket) {
                    *withdrawn = true;
                }
                loads.withdraw(wait);
            }
            if random.below(4) == 0 {
                thread::sleep(Duration::from_micros(random.below(100)));
            }
        }
    }

    /// Answers what hosts were given, in any order, at times late or never.
    fn answerer(&self, number: u64) {
        let mut random = Random(number + 100);
        let mut pending: Vec<(LoadRequest, u64)> = Vec::new();
        while !self.done.load(Ordering::Relaxed) {
            for host in &self.hosts {
                // Read when the run begins, so maybe too old when it answers.
                pending.extend(host.take().into_iter().map(|run| {
                    let read = self.database[version(&run.key[2..]) as usize].load(Ordering::SeqCst);
                    (run, read)
                }));
            }
            if pending.is_empty() || random.below(3) == 0 {
                thread::sleep(Duration::from_micros(random.below(200)));
                continue;
            }
            let (run, read) = pending.swap_remove(random.below(pending.len() as u64) as usize);
            match random.below(12) {
                0 => self.cache.loads.settle(run.id, Err("no".into())),
                1 => self.cache.loads.settle(run.id, Ok(None)),
                2 if random.below(4) == 0 => {}
                _ => self.cache.loads.settle(run.id, Ok(Some(value(&read.to_string())))),
            }
        }
    }

    /// Changes the database and then has the cache forget what is old, as applications do, or writes what is new.
    fn changer(&self) {
        let mut random = Random(7);
        let store = &self.cache.store;
        while !self.done.load(Ordering::Relaxed) {
            let key = random.below(KEYS as u64) as usize;
            let (text, now_ms) = (name(key), self.cache.clock.now_ms());
            let new = self.database[key].fetch_add(1, Ordering::SeqCst) + 1;
            let entry = || store.entry(text.as_bytes(), store.hash(text.as_bytes()), now_ms);
            match random.below(20) {
                0 => self.cache.flush(now_ms, now_ms),
                1..4 => {
                    let attributes = Attributes { expires_at_ms: now_ms + 3, ..Attributes::default() };
                    entry().set(NewValue::Bytes(new.to_string().as_bytes()), attributes).expect("is stored");
                }
                _ => _ = entry().remove(),
            }
            self.known[key].store(new, Ordering::SeqCst);
            thread::sleep(Duration::from_micros(random.below(300)));
        }
    }

    fn comer_and_goer(&self) {
        let mut random = Random(9);
        while !self.done.load(Ordering::Relaxed) {
            let host = &self.hosts[1 + random.below(self.hosts.len() as u64 - 1) as usize];
            let pattern = ["", "0:", "1:*"][random.below(3) as usize];
            let id = self.cache.loads.register(Arc::clone(host) as _, 0, pattern.as_bytes(), options());
            thread::sleep(Duration::from_micros(random.below(1000)));
            match random.below(2) {
                0 => self.cache.loads.leave(&(Arc::clone(host) as _)),
                _ => self.cache.loads.unregister(id.expect("registers")),
            }
        }
    }
}

#[test]
fn each_is_told_once_and_nothing_that_is_too_old() {
    let cache = CacheOptions {
        max_memory: 8 << 20,
        max_value_size: 1 << 20,
        default_ttl_ms: 0,
        cleanup_interval_ms: 60_000,
        eviction: Eviction::S3Fifo,
    };
    let storm = Storm {
        cache: Cache::open(cache, Arc::new(ringstone_store::SystemClock::new())).expect("opens"),
        database: Default::default(),
        known: Default::default(),
        expected: Arc::default(),
        hosts: (0..3).map(|_| Arc::default()).collect(),
        done: AtomicBool::new(false),
    };
    storm.cache.loads.register(Arc::clone(&storm.hosts[0]) as _, 0, b"", options()).expect("registers");
    thread::scope(|scope| {
        let storm = &storm;
        for number in 0..2 {
            scope.spawn(move || storm.answerer(number));
        }
        scope.spawn(|| storm.changer());
        scope.spawn(|| storm.comer_and_goer());
        let askers: Vec<_> = (0..ASKERS).map(|number| scope.spawn(move || storm.asker(number))).collect();
        let ended: Vec<_> = askers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        // The others end also when an asker has failed.
        storm.done.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(|ended| ended.expect("asks to the end"));
    });
    // By the thread of loads: nobody answers any more.
    let ended = (0..60_000).any(|_| {
        thread::sleep(Duration::from_millis(1));
        storm.cache.loads.stats().waiting == 0
    });
    assert!(ended, "nobody waits for ever");
    storm.cache.loads.core.table.check();
    let tickets = std::mem::take(&mut *storm.expected.tickets.lock());
    assert!(tickets.values().all(|(_, withdrawn)| *withdrawn), "who has not withdrawn is told");
    let stats = storm.cache.loads.stats();
    assert!(stats.loaded > 0 && stats.repeated > 0 && stats.superseded > 0 && stats.failures() > 0, "{stats:?}");
    assert!(storm.expected.told.load(Ordering::Relaxed) > questions() / 10, "{stats:?}");
    storm.cache.loads.close();
    storm.cache.loads.core.table.check();
}
