//! How long one thread keeps others from a cell: `cargo bench -p ringstone-store --bench pauses [-- --items N --memory 4gb]`.
//! Each time is that from asking for a cell's lock to letting it go, or of a call that takes and lets go several, which
//! bounds each. docs/benchmarks.md has what is done and how to read the table.

#[path = "../common/mod.rs"]
mod common;
mod meter;

use common::{NOW_MS, Random, key};
use meter::Meter;
use ringstone_store::{Attributes, Eviction, NewValue, Options, Store};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const DEFAULT_ITEMS: u64 = 20_000_000;
const DEFAULT_MEMORY_BYTES: u64 = 4 << 30;
const HOUR_MS: u64 = 3_600_000;
/// What no hold may exceed, unless preempted.
const MOST_MS: u64 = 5;
/// As `engine`'s sweeper.
const HUGE_PAGES_INTERVAL: Duration = Duration::from_secs(1);

const LARGEST_SMALL_BYTES: u64 = 8 << 10;
const LARGEST_BYTES: u64 = 8 << 20;
/// One in so many items of the phase that evicts is not of the usual size.
const ODD_EVERY: u64 = 64;
/// Large values that are written, and their keys.
const LARGE_VALUES: u64 = 500;
const LARGE_KEYS: u64 = 64;
/// Times of nothing per thread, and how long each is: about as long as a set.
const NOTHINGS: u64 = 4_000_000;
const NOTHING: Duration = Duration::from_micros(2);
/// Statistics are summed over all cells: not after each item.
const LOOK_EVERY: u64 = 100_000;

struct Rig {
    store: Arc<Store>,
    items: u64,
    random: Random,
    bytes: Vec<u8>,
}

impl Rig {
    fn set(&self, meter: &mut Meter, n: u64, length: u64, expires_at_ms: u64) {
        let key = key(n);
        let hash = self.store.hash(&key);
        let value = NewValue::Bytes(&self.bytes[..length as usize]);
        meter.time(|| {
            let attributes = Attributes { expires_at_ms, ..Attributes::default() };
            self.store.entry(&key, hash, NOW_MS).set(value, attributes).expect("room");
        });
    }

    /// A phase, while another thread puts on huge pages what has become full, as `engine`'s sweeper does: not while memory is
    /// begun.
    fn beside_sweeper(&mut self, phase: impl FnOnce(&mut Rig) -> Meter) -> [Meter; 2] {
        let (store, done) = (Arc::clone(&self.store), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let sweeper = scope.spawn(|| {
                let mut meter = Meter::of_no_hold("huge pages beside it");
                let mut resident_bytes = 0;
                while !done.load(Ordering::Relaxed) {
                    let now_bytes = store.resident_bytes();
                    let stands_still = std::mem::replace(&mut resident_bytes, now_bytes) == now_bytes;
                    let mut cursor = stands_still.then_some(0);
                    while let Some(at) = cursor.filter(|_| store.resident_bytes() == resident_bytes) {
                        cursor = meter.time(|| store.huge_pages_slice(at));
                    }
                    std::thread::park_timeout(HUGE_PAGES_INTERVAL);
                    meter.restart();
                }
                meter
            });
            let meter = phase(self);
            done.store(true, Ordering::Relaxed);
            sweeper.thread().unpark();
            [meter, sweeper.join().expect("the sweeper does not panic")]
        })
    }

    /// Every second item lives for an hour.
    fn fill(&mut self) -> Meter {
        let mut meter = Meter::new("fill");
        for n in 0..self.items {
            self.set(&mut meter, n, 100, if n % 2 == 0 { NOW_MS + HOUR_MS } else { 0 });
        }
        meter
    }

    /// With values of other lengths, so that most move and leave something dead behind.
    fn overwrite(&mut self) -> Meter {
        let mut meter = Meter::new("overwrite");
        for _ in 0..self.items / 4 {
            let (n, length) = (self.random.below(self.items), 60 + self.random.below(80));
            self.set(&mut meter, n, length, if n % 2 == 0 { NOW_MS + HOUR_MS } else { 0 });
        }
        meter
    }

    /// New items until the memory is full, and until a quarter as many as there were have gone for them.
    fn evict(&mut self) -> Meter {
        let mut meter = Meter::new("fill up and evict");
        let mut n = self.items;
        while self.store.stats().evictions < self.items / 4 {
            for _ in 0..LOOK_EVERY {
                let odd = n.is_multiple_of(ODD_EVERY);
                let length = if odd { self.random.below(LARGEST_SMALL_BYTES) } else { 100 };
                self.set(&mut meter, n, length, if n % 2 == 0 { NOW_MS + HOUR_MS } else { 0 });
                n += 1;
            }
            meter.restart();
        }
        meter
    }

    /// Values in extents, into a full cache, each received as a server does. Reserving takes several cells' locks.
    fn large(&mut self) -> [Meter; 2] {
        let mut reserving = Meter::new("large value: reserve");
        let mut setting = Meter::new("large value: set");
        for _ in 0..LARGE_VALUES {
            let key = key(u64::MAX - self.random.below(LARGE_KEYS));
            let hash = self.store.hash(&key);
            let length = self.store.chain_threshold() + self.random.below(LARGEST_BYTES / 2) as usize;
            reserving.restart();
            let mut body = reserving.time(|| self.store.reserve(length, NOW_MS)).expect("room");
            while body.remaining() > 0 {
                let spare = body.spare();
                spare.fill(7);
                let bytes = spare.len();
                body.filled(bytes);
            }
            setting.restart();
            setting.time(|| {
                self.store.entry(&key, hash, NOW_MS).set(NewValue::Body(body), Attributes::default()).expect("room");
            });
        }
        [reserving, setting]
    }

    /// A round of the sweep, a slice at a time, and what another thread's reads meet meanwhile.
    fn sweep(&self, now_ms: u64, name: &'static str, reads_name: &'static str) -> [Meter; 2] {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| self.read(reads_name, now_ms, &done));
            let mut meter = Meter::new(name);
            let mut cursor = Some(0);
            while let Some(at) = cursor {
                cursor = meter.time(|| self.store.sweep_slice(at, now_ms));
            }
            done.store(true, Ordering::Relaxed);
            [meter, reader.join().expect("the reader does not panic")]
        })
    }

    /// Reads until told to stop. By the clock, a read takes as long as it waits for its cell.
    fn read(&self, name: &'static str, now_ms: u64, done: &AtomicBool) -> Meter {
        let (mut meter, mut random) = (Meter::new(name), Random::new());
        while !done.load(Ordering::Relaxed) {
            let key = key(random.below(self.items));
            let hash = self.store.hash(&key);
            meter.time(|| black_box(self.store.entry(&key, hash, now_ms).get().is_ok()));
        }
        meter
    }

    fn flush(&self, now_ms: u64) -> Meter {
        let mut meter = Meter::new("flush, all cells");
        meter.time(|| self.store.flush(now_ms, now_ms));
        meter
    }
}

/// What is held against the limit.
#[derive(Default)]
struct Tally {
    longest_ns: u64,
    above: u64,
    times: u64,
}

impl Tally {
    fn add(&mut self, meter: &Meter) {
        self.longest_ns = self.longest_ns.max(meter.longest_ns());
        self.above += meter.count_above_ns(MOST_MS * 1_000_000);
        self.times += meter.count();
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (longest_ms, per_million) = (self.longest_ns as f64 / 1e6, self.above as f64 * 1e6 / self.times as f64);
        write!(
            f,
            "longest {longest_ms:.3} ms, {} of {} above {MOST_MS} ms ({per_million:.3} in a million)",
            self.above, self.times
        )
    }
}

/// Nothing but the clock, on two threads: the pauses of the machine itself, which are in all that follows.
fn nothing() -> [Meter; 2] {
    let spin = |name| {
        let mut meter = Meter::of_no_hold(name);
        for _ in 0..NOTHINGS {
            meter.time(|| {
                let start = Instant::now();
                while start.elapsed() < NOTHING {}
            });
        }
        meter
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| spin("nothing, beside it"));
        [spin("nothing"), other.join().expect("it does not panic")]
    })
}

/// Bytes from `4gb` or `512mb`.
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => 0,
        "mb" => 20,
        "gb" => 30,
        _ => return None,
    };
    Some(digits.parse::<u64>().ok()? << unit)
}

fn main() {
    let (mut items, mut max_memory) = (DEFAULT_ITEMS, DEFAULT_MEMORY_BYTES);
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let number = arguments.next().as_deref().and_then(parse_size);
        match (argument.as_str(), number) {
            ("--items", Some(number)) => items = number,
            ("--memory", Some(number)) => max_memory = number,
            _ => panic!("usage: [--items N] [--memory 4gb]"),
        }
    }
    let options = Options { max_memory, max_value_size: LARGEST_BYTES, eviction: Eviction::S3Fifo, hash_key: [1; 16] };
    let store = Store::open(options).expect("address space");
    let mut rig =
        Rig { store: Arc::new(store), items, random: Random::new(), bytes: vec![7; LARGEST_SMALL_BYTES as usize] };
    println!("{items} items of 16 + 100 bytes, max_memory {} MiB", max_memory >> 20);
    Meter::print_head();
    let (mut of_machine, mut of_store) = (Tally::default(), Tally::default());
    for meter in nothing() {
        meter.print();
        of_machine.add(&meter);
    }
    let mut report = |meters: &[Meter]| {
        for meter in meters {
            meter.print();
            if !meter.holds_nothing() {
                of_store.add(meter);
            }
        }
    };
    report(&rig.beside_sweeper(Rig::fill));
    assert_eq!(rig.store.len(), items, "memory for all items");
    report(&rig.beside_sweeper(Rig::overwrite));
    report(&rig.beside_sweeper(Rig::evict));
    report(&rig.large());
    report(&rig.sweep(NOW_MS + 2 * HOUR_MS, "sweep, a slice", "reads beside the sweep"));
    report(&[rig.flush(NOW_MS + 2 * HOUR_MS)]);
    report(&rig.sweep(NOW_MS + 2 * HOUR_MS, "sweep after flush, a slice", "reads beside that"));
    println!("without preemption, holds: {of_store}; nothing at all, on this machine: {of_machine}");
}
