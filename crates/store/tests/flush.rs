//! What was written before a flush never comes back, whatever else goes on.
//!
//! `RINGSTONE_HISTORY_ROUNDS` sets the operations of each thread.

use ringstone_store::{Attributes, Entry, Eviction, NewValue, Options, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const THREADS: u64 = 3;
/// Of each thread.
const KEYS: u64 = 400;
const NOW_MS: u64 = 1_000_000;
/// Operations of all threads between two flushes, about.
const FLUSH_EVERY: u64 = 3_000;

/// Flushes that have begun, and those that have ended.
#[derive(Default)]
struct Flushes {
    begun: AtomicU64,
    ended: AtomicU64,
    operations: AtomicU64,
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

/// Small, growing, and as a chain.
fn length(random: &mut Random) -> usize {
    match random.below(20) {
        0 => 20_000 + random.below(200_000) as usize,
        1..4 => random.below(5_000) as usize,
        _ => random.below(200) as usize,
    }
}

/// Changes what is there; whether the key has a value of now after it.
fn change(entry: &mut Entry<'_, '_>, random: &mut Random, bytes: &[u8]) -> bool {
    match random.below(6) {
        0 => entry.append(NewValue::Bytes(bytes)).is_some_and(|result| result.is_ok()),
        1 => entry.prepend(NewValue::Bytes(&bytes[..bytes.len().min(300)])).is_some_and(|result| result.is_ok()),
        2 => entry.replace_value(&bytes[..bytes.len().min(300)]).is_some_and(|result| result.is_ok()),
        3 => entry.set_expiry(NOW_MS + 1_000_000 * random.below(2)).is_some_and(|result| result.is_ok()),
        _ => entry.set(NewValue::Bytes(bytes), Attributes::default()).is_ok(),
    }
}

fn work(store: &Store, flushes: &Flushes, thread: u64, rounds: u64) {
    let mut random = Random(thread + 77);
    // The flushes that had begun when the key was last written: the next one removes it.
    let mut written = vec![0; KEYS as usize];
    for _ in 0..rounds {
        flushes.operations.fetch_add(1, Ordering::Relaxed);
        let number = random.below(KEYS);
        let name = (thread << 32 | number).to_le_bytes();
        let hash = store.hash(&name);
        if random.below(2) == 0 {
            let bytes = vec![number as u8; length(&mut random)];
            let done = if bytes.len() >= 20_000 {
                let body = store.reserve(bytes.len(), NOW_MS).ok().map(|mut body| {
                    body.fill_from(&bytes);
                    body
                });
                body.is_some_and(|body| {
                    store.entry(&name, hash, NOW_MS).set(NewValue::Body(body), Attributes::default()).is_ok()
                })
            } else {
                change(&mut store.entry(&name, hash, NOW_MS), &mut random, &bytes)
            };
            if done {
                written[number as usize] = flushes.begun.load(Ordering::SeqCst);
            }
        } else {
            let ended = flushes.ended.load(Ordering::SeqCst);
            let there = store.entry(&name, hash, NOW_MS).get().is_ok();
            let then = written[number as usize];
            assert!(!there || ended <= then, "key {number}: written after {then} flushes, there after {ended}");
        }
    }
}

#[test]
fn what_was_flushed_stays_away() {
    let rounds = std::env::var("RINGSTONE_HISTORY_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(30_000);
    for memory in [1 << 20, 4 << 20, 64 << 20] {
        let options =
            Options { max_memory: memory, max_value_size: 8 << 20, eviction: Eviction::S3Fifo, hash_key: [2; 16] };
        let store = Arc::new(Store::open(options).unwrap());
        let flushes = Flushes::default();
        let end = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut cursor, mut huge) = (0, 0);
                while !end.load(Ordering::Relaxed) {
                    cursor = store.sweep_slice(cursor, NOW_MS).unwrap_or(0);
                    huge = store.huge_pages_slice(huge).unwrap_or(0);
                    if flushes.operations.load(Ordering::Relaxed) >= FLUSH_EVERY {
                        flushes.operations.store(0, Ordering::Relaxed);
                        flushes.begun.fetch_add(1, Ordering::SeqCst);
                        store.flush(0, NOW_MS);
                        flushes.ended.fetch_add(1, Ordering::SeqCst);
                    }
                    std::thread::yield_now();
                }
            });
            let (store, flushes) = (&store, &flushes);
            let threads: Vec<_> =
                (0..THREADS).map(|thread| scope.spawn(move || work(store, flushes, thread, rounds))).collect();
            let results: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            end.store(true, Ordering::Relaxed);
            assert!(results.iter().all(Result::is_ok));
        });
        assert!(flushes.ended.load(Ordering::Relaxed) > 3);
        #[cfg(debug_assertions)]
        store.check_integrity();
    }
}
