//! Items across the borders within long segments: of sizes for which long segments, plain ones or extents are chosen, with all that moves
//! or removes them, against what was written.
//!
//! `RINGSTONE_BORDER_ROUNDS` sets the operations on each store.

use ringstone_store::{Attributes, Error, Eviction, NewValue, Options, Store};
use std::collections::HashMap;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(limit)) >> 64) as u64
    }
}

/// What was written last of a key.
#[derive(Clone, Copy)]
struct Version {
    seed: u64,
    bytes: usize,
    expires_at_ms: u64,
}

struct Run {
    store: Store,
    evicts: bool,
    random: Random,
    written: HashMap<u64, Version>,
    now_ms: u64,
    refused: u64,
}

/// No two places of a value, and no two values, look alike.
fn value(version: Version) -> Vec<u8> {
    let mut random = Random(version.seed | 1);
    (0..version.bytes.div_ceil(8)).flat_map(|_| random.below(u64::MAX).to_le_bytes()).take(version.bytes).collect()
}

impl Run {
    fn new(max_memory: u64, eviction: Eviction) -> Run {
        let options = Options { max_memory, max_value_size: 1 << 20, eviction, hash_key: [8; 16] };
        let store = Store::open(options).unwrap();
        let (evicts, random) = (eviction != Eviction::None, Random(max_memory ^ 0x5eed));
        Run { store, evicts, random, written: HashMap::new(), now_ms: 1_000_000, refused: 0 }
    }

    /// Just above and below what divides one, two or four segments; anything small; now and then a large one.
    fn bytes(&mut self) -> usize {
        let segment = self.store.chain_threshold() as u64 * 4;
        let count = [1, 2, 4][self.random.below(3) as usize];
        let near = count * segment / (4 * count + self.random.below(20 * count)) + self.random.below(40);
        (match self.random.below(20) {
            0 => self.random.below(60),
            1 => self.random.below(2 * segment),
            2..5 => self.random.below(segment / 4),
            _ => near.saturating_sub(45),
        }) as usize
    }

    fn check(&mut self, key: u64) {
        let version = self.written.get(&key).filter(|v| v.expires_at_ms == 0 || v.expires_at_ms > self.now_ms);
        let (name, version) = (key.to_le_bytes(), version.copied());
        let found =
            self.store.entry(&name, self.store.hash(&name), self.now_ms).get().ok().map(|item| item.value.to_vec());
        match (found, version) {
            (Some(found), Some(version)) => assert!(found == value(version), "{key}: another value"),
            (None, Some(_)) => assert!(self.evicts, "{key} is lost"),
            (Some(found), None) => panic!("{key} is there, with {} bytes", found.len()),
            (None, None) => {}
        }
    }

    fn set(&mut self, key: u64, keys: u64) {
        let expires_at_ms = if self.random.below(2) == 0 { 0 } else { self.now_ms + 1 + self.random.below(4 * keys) };
        let version = Version { seed: self.random.below(u64::MAX), bytes: self.bytes(), expires_at_ms };
        let name = key.to_le_bytes();
        let mut entry = self.store.entry(&name, self.store.hash(&name), self.now_ms);
        let result = entry.set(NewValue::Bytes(&value(version)), Attributes { expires_at_ms, ..Attributes::default() });
        drop(entry);
        match result {
            Ok(_) => _ = self.written.insert(key, version),
            Err(error) => {
                assert!(!self.evicts && error == Error::OutOfMemory, "{error:?} of {} bytes", version.bytes);
                self.refused += 1;
            }
        }
    }

    fn sweep(&self) {
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            cursor = self.store.sweep_slice(at, self.now_ms);
        }
    }

    fn step(&mut self, keys: u64) {
        let key = self.random.below(keys);
        match self.random.below(1000) {
            0 if self.random.below(20) == 0 => {
                self.store.flush(0, self.now_ms);
                self.written.clear();
            }
            0..3 => self.sweep(),
            3..100 => self.now_ms += self.random.below(20),
            100..150 => {
                let name = key.to_le_bytes();
                self.store.entry(&name, self.store.hash(&name), self.now_ms).remove();
                self.written.remove(&key);
            }
            150..400 => self.check(key),
            _ => self.set(key, keys),
        }
    }

    fn integrity(&self) {
        #[cfg(debug_assertions)]
        self.store.check_integrity();
    }

    fn end(&mut self, keys: u64) {
        (0..keys).for_each(|key| self.check(key));
        self.store.flush(0, self.now_ms);
        self.sweep();
        self.integrity();
        let stats = self.store.stats();
        assert_eq!((stats.items, stats.item_segment_bytes, stats.chain_bytes), (0, 0, 0));
    }
}

#[test]
fn every_version_is_as_it_was_written() {
    let rounds = std::env::var("RINGSTONE_BORDER_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000);
    for eviction in [Eviction::S3Fifo, Eviction::Lru, Eviction::None] {
        for max_memory in [64 << 10, 256 << 10, 1 << 20, 3_300_000, 5 << 20, 20 << 20] {
            let mut run = Run::new(max_memory, eviction);
            // Twice as much as fits.
            let keys = 2 * max_memory / (run.store.chain_threshold() as u64 / 2);
            for round in 0..rounds.max(3 * keys) {
                run.step(keys);
                if round % 500 == 0 {
                    run.integrity();
                }
            }
            let stats = run.store.stats();
            println!("{eviction:?} {max_memory}: refused {}, {stats:?}", run.refused);
            run.end(keys);
        }
    }
}
