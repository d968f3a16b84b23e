//! Several threads at once; what they saw is checked per key.
//!
//! `RINGSTONE_HISTORY_ROUNDS` sets the operations of each thread.

use ringstone_store::{Attributes, Eviction, NewValue, Options, Store, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const THREADS: u64 = 4;
const KEYS: u64 = 64;
const NOW_MS: u64 = 1_000_000;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn rounds(default: u64) -> u64 {
    std::env::var("RINGSTONE_HISTORY_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn open(max_memory: u64, eviction: Eviction) -> Arc<Store> {
    let options = Options { max_memory, max_value_size: 8 << 20, eviction, hash_key: [2; 16] };
    Arc::new(Store::open(options).unwrap())
}

fn in_threads<R: Send + 'static>(
    store: &Arc<Store>,
    run: impl Fn(Arc<Store>, u64) -> R + Clone + Send + 'static,
) -> Vec<R> {
    let threads: Vec<_> = (0..THREADS)
        .map(|n| {
            let (store, run) = (store.clone(), run.clone());
            std::thread::spawn(move || run(store, n))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// The length of a version's value: small ones, some that grow, and chains.
fn length(stamp: u64) -> usize {
    [8, 16, 40, 900, 20_000, 70_000][(stamp % 6) as usize]
}

fn value(key: u64, stamp: u64) -> Vec<u8> {
    let mut value = stamp.to_le_bytes().to_vec();
    value.resize(length(stamp), (key ^ stamp) as u8);
    value
}

/// Which version a value is; panics if it is torn or belongs to another key.
fn stamp_of(key: u64, value: &[u8]) -> u64 {
    let stamp = u64::from_le_bytes(value[..8].try_into().unwrap());
    assert_eq!(value.len(), length(stamp));
    assert!(value[8..].iter().all(|&byte| byte == (key ^ stamp) as u8), "a torn value");
    stamp
}

/// What a key's lock protects is written down under it: the token and the version last written, zeros after a removal. So
/// there is one order of all operations on a key, and every read is checked against it: it sees exactly the last version
/// or, after an eviction, nothing; nothing old, nothing removed, nothing torn.
#[test]
fn reads_see_the_last_write() {
    let store = open(8 << 20, Eviction::S3Fifo);
    let last: Arc<Vec<[AtomicU64; 2]>> = Arc::new((0..KEYS).map(|_| [AtomicU64::new(0), AtomicU64::new(0)]).collect());
    let stamps = Arc::new(AtomicU64::new(1));
    let rounds = rounds(20_000);
    let seen = in_threads(&store, move |store, thread| {
        let mut random = Random(thread + 1);
        let mut newest: HashMap<u64, u64> = HashMap::new();
        let mut seen = 0;
        for _ in 0..rounds {
            let key = random.below(KEYS);
            let name = key.to_le_bytes();
            let hash = store.hash(&name);
            store.prefetch_cell(hash);
            store.prefetch_bucket(hash);
            store.prefetch_item(hash);
            let mut entry = store.entry(&name, hash, NOW_MS);
            let [last_cas, last_stamp] = &last[key as usize];
            let newest = newest.entry(key).or_insert(0);
            match random.below(8) {
                0..3 => {
                    let stamp = stamps.fetch_add(1, Ordering::Relaxed);
                    let cas = entry.set(NewValue::Bytes(&value(key, stamp)), Attributes::default()).unwrap();
                    assert!(cas > *newest && cas > last_cas.load(Ordering::Relaxed), "tokens grow");
                    *newest = cas;
                    last_cas.store(cas, Ordering::Relaxed);
                    last_stamp.store(stamp, Ordering::Relaxed);
                }
                3 => {
                    entry.remove();
                    last_stamp.store(0, Ordering::Relaxed);
                }
                _ => {
                    if let Ok(item) = entry.get() {
                        assert_eq!(item.cas, last_cas.load(Ordering::Relaxed));
                        assert_eq!(stamp_of(key, &item.value.to_vec()), last_stamp.load(Ordering::Relaxed));
                        seen += 1;
                    }
                }
            }
        }
        seen
    });
    assert!(seen.iter().sum::<u64>() > THREADS * rounds / 8, "most reads are hits: {seen:?}");
    #[cfg(debug_assertions)]
    store.check_integrity();
}

#[test]
fn no_increment_is_lost() {
    let store = open(4 << 20, Eviction::None);
    let rounds = rounds(20_000);
    in_threads(&store, move |store, thread| {
        let mut random = Random(thread + 11);
        for _ in 0..rounds {
            let name = random.below(4).to_le_bytes();
            let mut entry = store.entry(&name, store.hash(&name), NOW_MS);
            let old =
                entry.get().map_or(0, |item| String::from_utf8(item.value.to_vec()).unwrap().parse::<u64>().unwrap());
            entry.set(NewValue::Bytes((old + 1).to_string().as_bytes()), Attributes::default()).unwrap();
        }
    });
    let sum: u64 = (0..4u64)
        .map(|key| {
            let name = key.to_le_bytes();
            let entry = store.entry(&name, store.hash(&name), NOW_MS);
            String::from_utf8(entry.peek().unwrap().value.to_vec()).unwrap().parse::<u64>().unwrap()
        })
        .sum();
    assert_eq!(sum, THREADS * rounds);
}

/// Two keys are always written together; no reader of both may see them differ.
#[test]
fn several_keys_change_at_once() {
    let store = open(32 << 20, Eviction::None);
    let rounds = rounds(10_000);
    in_threads(&store, move |store, thread| {
        let names = [b"first", b"other"];
        let hashes = names.map(|name| store.hash(name));
        for round in 0..rounds {
            let mut cells = store.lock(&[hashes[(round % 2) as usize], hashes[1 - (round % 2) as usize]], NOW_MS);
            if thread % 2 == 0 {
                let new = (thread << 32 | round).to_le_bytes();
                for (name, hash) in names.into_iter().zip(hashes) {
                    cells.entry(name, hash).set(NewValue::Bytes(&new), Attributes::default()).unwrap();
                }
            } else {
                let seen = [0, 1].map(|i| cells.entry(names[i], hashes[i]).get().ok().map(|item| item.value.to_vec()));
                assert_eq!(seen[0], seen[1]);
            }
        }
    });
}

/// Bodies, held chains, sweeps, flushes and eviction across cells, all at once; the walker judges.
#[test]
fn everything_at_once_leaves_a_sound_store() {
    let store = open(16 << 20, Eviction::S3Fifo);
    let rounds = rounds(8_000);
    let end = Arc::new(AtomicBool::new(false));
    let sweeper = {
        let (store, end) = (store.clone(), end.clone());
        std::thread::spawn(move || {
            let (mut cursor, mut huge) = (0, 0);
            while !end.load(Ordering::Relaxed) {
                cursor = store.sweep_slice(cursor, NOW_MS + 50).unwrap_or(0);
                huge = store.huge_pages_slice(huge).unwrap_or(0);
                store.stats();
                std::thread::yield_now();
            }
        })
    };
    in_threads(&store, move |store, thread| {
        let mut random = Random(thread + 21);
        let mut held = Vec::new();
        for round in 0..rounds {
            let key = random.below(2000);
            let name = key.to_le_bytes();
            let hash = store.hash(&name);
            let now_ms = NOW_MS + random.below(100);
            if round % 16 == 0
                && let Ok(mut body) = store.reserve(random.below(400_000) as usize, now_ms)
            {
                while body.remaining() > 0 {
                    let part = body.spare();
                    part.fill(key as u8);
                    let filled = part.len();
                    body.filled(filled);
                }
                let _ = store.entry(&name, hash, now_ms).set(NewValue::Body(body), Attributes::default());
            } else if round % 3 == 0 {
                let attributes =
                    Attributes { flags: 1, expires_at_ms: NOW_MS + random.below(100), ..Attributes::default() };
                let new = vec![key as u8; random.below(3000) as usize];
                let _ = store.entry(&name, hash, now_ms).set(NewValue::Bytes(&new), attributes);
            } else if let Ok(item) = store.entry(&name, hash, now_ms).get() {
                match item.value {
                    Value::Chain(chain) => held.push((key, chain.clone())),
                    Value::Bytes(bytes) => assert!(bytes.iter().all(|&byte| byte == key as u8)),
                }
            }
            if held.len() > 5 {
                let (key, chain) = held.swap_remove(random.below(5) as usize);
                assert!(chain.chunks().flatten().all(|&byte| byte == key as u8));
            }
            if round % 2000 == 1999 {
                store.flush(0, now_ms);
            }
        }
    });
    end.store(true, Ordering::Relaxed);
    sweeper.join().unwrap();
    let stats = store.stats();
    assert_eq!((stats.reserved_bytes, stats.pinned_bytes), (0, 0));
    assert!(stats.evictions > 0 && stats.expirations > 0 && stats.flushed > 0, "{stats:?}");
    #[cfg(debug_assertions)]
    store.check_integrity();
}

/// While all together stay within their bounds, nobody is refused anything, whoever holds which cell at the moment.
#[test]
fn nobody_is_refused_for_the_sake_of_another() {
    for memory in [1 << 20, 8 << 20, 16 << 20] {
        let store = open(memory, Eviction::S3Fifo);
        let rounds = rounds(10_000);
        in_threads(&store, move |store, thread| {
            let mut random = Random(thread + 31);
            for _ in 0..rounds {
                let name = random.below(5000).to_le_bytes();
                let hash = store.hash(&name);
                let large = random.below(8) == 0;
                let length = random.below(if large { memory / 20 } else { 3000 }) as usize;
                if large {
                    let mut body = store.reserve(length, NOW_MS).unwrap();
                    body.fill_from(&vec![1; length]);
                    store.entry(&name, hash, NOW_MS).set(NewValue::Body(body), Attributes::default()).unwrap();
                } else if random.below(4) == 0 {
                    let names = [name, random.below(5000).to_le_bytes()];
                    let hashes = names.map(|name| store.hash(&name));
                    let mut cells = store.lock(&hashes, NOW_MS);
                    for (name, hash) in names.iter().zip(hashes) {
                        cells.entry(name, hash).set(NewValue::Bytes(&[2; 100]), Attributes::default()).unwrap();
                    }
                } else {
                    let value = vec![3; length];
                    store.entry(&name, hash, NOW_MS).set(NewValue::Bytes(&value), Attributes::default()).unwrap();
                }
            }
        });
        #[cfg(debug_assertions)]
        store.check_integrity();
    }
}
