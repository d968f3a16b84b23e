//! The store misses no more than the policy that it is to be an implementation of.
//!
//! `Policy` is that policy on its own: cells of segments as vectors of keys, no index, no memory, sizes as numbers. Trace
//! and policy are deterministic. `RINGSTONE_TRACE_REQUESTS` sets the length of the traces.

use ringstone_store::{Attributes, Eviction, NewValue, Options, Store};
use std::collections::{HashMap, HashSet, VecDeque};

const MEMORY: usize = 64 << 20;
const CELLS: usize = 16;
const SEGMENT: usize = 64 << 10;
/// What an item takes besides key and value, in the policy's books.
const OVERHEAD: usize = 20;
/// How far the store may be from the policy, as a share of all requests.
const TOLERANCE: f64 = 0.015;
const PROBATION_WEIGHT: f64 = 0.6;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

struct Zipf(Vec<f64>);

impl Zipf {
    fn new(keys: usize, exponent: f64) -> Zipf {
        let mut sum = 0.0;
        Zipf(
            (1..=keys)
                .map(|rank| {
                    sum += (rank as f64).powf(-exponent);
                    sum
                })
                .collect(),
        )
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let at = random.unit() * self.0.last().unwrap();
        self.0.partition_point(|&sum| sum < at) as u64
    }
}

/// Requests as (key, bytes of key and value).
fn trace(kind: &str, requests: usize) -> Vec<(u64, usize)> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let middle = |key: u64| 116 + (key * 2_654_435_761 % 3900) as usize;
    let (keys, exponent) = match kind {
        "sizes" => (100_000, 0.8),
        "shift" => (200_000, 0.9),
        _ => (400_000, 0.9),
    };
    let zipf = Zipf::new(keys, exponent);
    let mut cold = 1_000_000_000;
    let request = |i: usize| match kind {
        "scan" if i > requests / 4 && (i / 20_000).is_multiple_of(3) => {
            cold += 1;
            (cold, middle(cold))
        }
        "sizes" => {
            let key = zipf.draw(&mut random);
            (key, 16 + (50.0 * 1200f64.powf((key * 40_503 % 1000) as f64 / 1000.0)) as usize)
        }
        "shift" => {
            let key = (zipf.draw(&mut random) + (i / 50_000 * 20_000) as u64) % 400_000;
            (key, middle(key))
        }
        _ => {
            let key = zipf.draw(&mut random);
            (key, middle(key))
        }
    };
    (0..requests).map(request).collect()
}

#[derive(Default)]
struct Segment {
    id: usize,
    used: usize,
    items: Vec<(u64, usize)>,
    stamp: f64,
}

#[derive(Default)]
struct Policy {
    free: usize,
    segments: usize,
    queues: HashMap<(usize, usize), VecDeque<Segment>>,
    /// Segment and frequency of each key.
    items: HashMap<u64, (usize, u32)>,
    ghosts: HashSet<u64>,
    ghost_order: VecDeque<u64>,
    inflation: f64,
}

impl Policy {
    fn access(&mut self, key: u64, size: usize) -> bool {
        if let Some((_, frequency)) = self.items.get_mut(&key) {
            *frequency = (*frequency + 1).min(3);
            return true;
        }
        let queue = usize::from(self.ghosts.remove(&key));
        let class = (usize::BITS - size.leading_zeros()) as usize / 2;
        self.append(class, queue, key, size, 0);
        false
    }

    fn append(&mut self, class: usize, queue: usize, key: u64, size: usize, frequency: u32) {
        let room = |segments: &VecDeque<Segment>| segments.back().is_some_and(|last| last.used + size <= SEGMENT);
        if !room(self.queues.entry((class, queue)).or_default()) {
            while self.free == 0 {
                self.evict();
            }
            self.free -= 1;
            self.segments += 1;
            let segment = Segment { id: self.segments, stamp: self.inflation, ..Segment::default() };
            self.queues.get_mut(&(class, queue)).unwrap().push_back(segment);
        }
        let segment = self.queues.get_mut(&(class, queue)).unwrap().back_mut().unwrap();
        segment.used += size;
        segment.items.push((key, size));
        self.items.insert(key, (segment.id, frequency));
    }

    fn value(&self, queue: usize, segments: &VecDeque<Segment>) -> f64 {
        let head = &segments[0];
        let live = head.items.iter().filter_map(|(key, _)| self.items.get(key)).filter(|(id, _)| *id == head.id);
        let hits: u32 = live.map(|(_, frequency)| 1 + frequency).sum();
        let weight = if queue == 1 { 1.0 } else { PROBATION_WEIGHT };
        let filling = segments.len() == 1 && head.used < SEGMENT * 3 / 4;
        (head.stamp + weight * f64::from(hits) / SEGMENT as f64) * if filling { 1.25 } else { 1.0 }
    }

    fn evict(&mut self) {
        let heads = self.queues.iter().filter(|(_, segments)| !segments.is_empty());
        let values = heads.map(|(&(class, queue), segments)| (self.value(queue, segments), class, queue));
        let (value, class, queue) = values.min_by(|a, b| a.partial_cmp(b).unwrap()).unwrap();
        let segment = self.queues.get_mut(&(class, queue)).unwrap().pop_front().unwrap();
        self.free += 1;
        self.inflation = self.inflation.max(value);
        let mut kept = Vec::new();
        for (key, size) in segment.items {
            match self.items.get(&key) {
                Some(&(id, frequency)) if id == segment.id && frequency > 0 => kept.push((key, size, frequency)),
                Some(&(id, _)) if id == segment.id => {
                    self.items.remove(&key);
                    if queue == 0 && self.ghosts.insert(key) {
                        self.ghost_order.push_back(key);
                    }
                }
                _ => {}
            }
        }
        while self.ghosts.len() > self.items.len() {
            let oldest = self.ghost_order.pop_front().unwrap();
            self.ghosts.remove(&oldest);
        }
        for (key, size, frequency) in kept {
            self.append(class, 1, key, size, if queue == 1 { frequency - 1 } else { 0 });
        }
    }
}

fn policy_misses(requests: &[(u64, usize)]) -> usize {
    let mut cells: Vec<Policy> = Vec::new();
    cells.resize_with(CELLS, || Policy { free: MEMORY / CELLS / SEGMENT, ..Policy::default() });
    let access = |&&(key, size): &&(u64, usize)| {
        let cell = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % CELLS;
        !cells[cell].access(key, (size + OVERHEAD).next_multiple_of(8))
    };
    requests.iter().filter(access).count()
}

fn store_misses(requests: &[(u64, usize)], eviction: Eviction) -> usize {
    let options = Options { max_memory: MEMORY as u64, max_value_size: 1 << 20, eviction, hash_key: [3; 16] };
    let store = Store::open(options).unwrap();
    let value = vec![1; 64 << 10];
    let mut misses = 0;
    for &(key, size) in requests {
        let key = format!("{key:016}");
        let mut entry = store.entry(key.as_bytes(), store.hash(key.as_bytes()), 1);
        if entry.get().is_err() {
            misses += 1;
            entry.set(NewValue::Bytes(&value[..size - 16]), Attributes::default()).unwrap();
        }
    }
    println!("  {:?}", store.stats());
    misses
}

fn compare(kind: &str) {
    let requests = std::env::var("RINGSTONE_TRACE_REQUESTS").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let requests = trace(kind, requests);
    let ratio = |misses: usize| misses as f64 / requests.len() as f64;
    let policy = ratio(policy_misses(&requests));
    let store = ratio(store_misses(&requests, Eviction::S3Fifo));
    let lru = ratio(store_misses(&requests, Eviction::Lru));
    println!("{kind}: policy {policy:.4} store {store:.4} lru {lru:.4}");
    assert!(store <= policy + TOLERANCE, "{kind}: the store misses {store:.4}, the policy {policy:.4}");
}

#[test]
fn zipf() {
    compare("zipf");
}

#[test]
fn scan() {
    compare("scan");
}

#[test]
fn sizes() {
    compare("sizes");
}

#[test]
fn shift() {
    compare("shift");
}

/// Items that live on are not evicted while there are expired ones, though nobody has swept.
#[test]
fn what_has_expired_goes_first() {
    let options =
        Options { max_memory: MEMORY as u64, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [3; 16] };
    let store = Store::open(options).unwrap();
    let value = [1; 1000];
    let set = |number: usize, expires_at_ms: u64, now_ms: u64| {
        let key = format!("{number:016}");
        let mut entry = store.entry(key.as_bytes(), store.hash(key.as_bytes()), now_ms);
        entry.set(NewValue::Bytes(&value), Attributes { expires_at_ms, ..Attributes::default() }).unwrap();
    };
    // Three of four items are dead by the second phase.
    let count = MEMORY * 9 / 10 / 1040;
    for number in 0..count {
        set(number, if number % 4 == 0 { 0 } else { 1000 }, 1);
    }
    assert_eq!(store.stats().evictions, 0);
    for number in count..count + count / 2 {
        set(number, 0, 1000);
    }
    assert_eq!(store.stats().evictions, 0);
    assert!(store.stats().expirations > count as u64 / 4);
}
