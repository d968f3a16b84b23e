//! The operations with a clock that the tests set.

use super::{ChangeError, Count, CountError, Direct, Operation, Ttl};
use crate::cache::{Cache, CacheOptions};
use crate::registry::OpenCache;
use ringstone_store::{Attributes, Error, Eviction, Kind, ManualClock, Marks, NewValue};
use std::sync::Arc;

const START_MS: u64 = 1_700_000_000_000;

struct Fixture {
    clock: Arc<ManualClock>,
    direct: Direct,
}

fn fixture(default_ttl_ms: u64, eviction: Eviction) -> Fixture {
    let clock = Arc::new(ManualClock::new(START_MS));
    let options = CacheOptions {
        max_memory: 8 << 20,
        max_value_size: 1 << 20,
        default_ttl_ms,
        cleanup_interval_ms: 3_600_000,
        eviction,
    };
    let cache = Cache::open(options, Arc::clone(&clock) as _).expect("opens");
    let cache = Arc::new(OpenCache::over(None, cache).expect("starts"));
    Fixture { clock, direct: Direct::new(cache) }
}

fn plain() -> Fixture {
    fixture(0, Eviction::S3Fifo)
}

impl Fixture {
    fn set(&self, key: &str, value: &[u8], ttl: Ttl) {
        self.direct.set(key.as_bytes(), NewValue::Bytes(value), 0, ttl).expect("is stored");
    }

    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.direct.get(key.as_bytes(), |item| item.value.to_vec())
    }

    fn incr(&self, key: &str, by: i64) -> Result<i64, CountError> {
        self.direct.incr(key.as_bytes(), &Count { by, initial: 0, flags: 0, ttl: Ttl::Default })
    }

    fn hash(&self, key: &str) {
        let store = &self.direct.cache().store;
        let marks = Marks { kind: Kind::Hash, ..Marks::default() };
        let attributes = Attributes { marks, ..Attributes::default() };
        let mut entry = store.entry(key.as_bytes(), store.hash(key.as_bytes()), START_MS);
        entry.set(NewValue::Bytes(b"fields"), attributes).expect("is stored");
    }
}

#[test]
fn what_is_written_is_read_until_its_time() {
    let f = plain();
    f.set("k", b"v", Ttl::Ms(100));
    assert_eq!((f.get("k"), f.direct.ttl_ms(b"k")), (Some(b"v".to_vec()), Some(Some(100))));
    f.clock.advance(99);
    assert_eq!((f.direct.has(b"k"), f.direct.ttl_ms(b"k")), (true, Some(Some(1))));
    f.clock.advance(1);
    assert_eq!((f.get("k"), f.direct.has(b"k"), f.direct.ttl_ms(b"k")), (None, false, None));
    f.set("k", b"v", Ttl::Never);
    assert_eq!(f.direct.ttl_ms(b"k"), Some(None));
}

#[test]
fn the_default_ttl_is_the_caches_and_a_write_begins_anew() {
    let f = fixture(1000, Eviction::S3Fifo);
    f.set("k", b"v", Ttl::Default);
    f.clock.advance(400);
    assert_eq!(f.direct.ttl_ms(b"k"), Some(Some(600)));
    f.set("k", b"w", Ttl::Default);
    assert_eq!(f.direct.ttl_ms(b"k"), Some(Some(1000)));
    assert_eq!(f.direct.touch(b"k", Ttl::Ms(5)), Ok(true));
    assert_eq!(f.direct.ttl_ms(b"k"), Some(Some(5)));
    assert_eq!(f.direct.touch(b"k", Ttl::Never), Ok(true));
    assert_eq!((f.direct.ttl_ms(b"k"), f.direct.touch(b"none", Ttl::Never)), (Some(None), Ok(false)));
}

#[test]
fn conditions_hold_or_nothing_is_written() {
    let f = plain();
    let d = &f.direct;
    let value = |bytes| NewValue::Bytes(bytes);
    assert_eq!(d.replace(b"k", value(b"a"), 0, Ttl::Never), Ok(false));
    assert_eq!(d.add(b"k", value(b"b"), 0, Ttl::Ms(10)), Ok(true));
    assert_eq!(d.add(b"k", value(b"c"), 0, Ttl::Never), Ok(false));
    let token = d.get(b"k", |item| item.cas).expect("is there");
    assert_eq!(d.replace(b"k", value(b"d"), 7, Ttl::Ms(10)), Ok(true));
    assert_eq!(d.cas(b"k", value(b"e"), 0, Ttl::Never, token), Ok(false));
    let (token, flags) = d.get(b"k", |item| (item.cas, item.flags)).expect("is there");
    assert_eq!((d.cas(b"k", value(b"f"), 0, Ttl::Ms(10), token), flags), (Ok(true), 7));
    f.clock.advance(10);
    assert_eq!(d.cas(b"k", value(b"g"), 0, Ttl::Never, token), Ok(false), "expired");
    assert_eq!(d.add(b"k", value(b"h"), 0, Ttl::Never), Ok(true), "expired");
    assert_eq!(f.get("k"), Some(b"h".to_vec()));
}

#[test]
fn large_values_are_received_outside_of_their_cell() {
    let f = plain();
    let threshold = f.direct.cache().store.chain_threshold();
    for length in [threshold - 1, threshold, threshold + 1, 1 << 20] {
        let value: Vec<u8> = (0..length).map(|n| ((n * 31) >> 3) as u8).collect();
        f.set("large", &value, Ttl::Never);
        assert_eq!(f.get("large"), Some(value.clone()), "{length}");
        assert_eq!(f.direct.add(b"large", NewValue::Bytes(&value), 0, Ttl::Never), Ok(false));
        assert_eq!(f.direct.cache().store.stats().reserved_bytes, 0);
    }
    let long = vec![0; (1 << 20) + 1];
    assert_eq!(f.direct.set(b"large", NewValue::Bytes(&long), 0, Ttl::Never), Err(Error::TooLarge));
    assert_eq!(f.direct.counters().counts().too_large, 1);
    assert_eq!(f.get("large").map(|value| value.len()), Some(1 << 20), "it is there still");
}

#[test]
fn bytes_are_added_at_either_end_and_the_time_stays() {
    let f = plain();
    assert_eq!(f.direct.extend(b"k", b"x", false), Ok(false));
    f.set("k", b"b", Ttl::Ms(50));
    assert_eq!(f.direct.extend(b"k", b"c", false), Ok(true));
    assert_eq!(f.direct.extend(b"k", b"a", true), Ok(true));
    assert_eq!((f.get("k"), f.direct.ttl_ms(b"k")), (Some(b"abc".to_vec()), Some(Some(50))));
    f.hash("h");
    assert_eq!(f.direct.extend(b"h", b"x", false), Err(ChangeError::WrongType));
    let most = vec![0; 1 << 20];
    assert_eq!(f.direct.extend(b"k", &most, true), Err(ChangeError::Refused(Error::TooLarge)));
    assert_eq!(f.get("k"), Some(b"abc".to_vec()));
}

#[test]
fn counting_is_that_of_redis_within_exact_numbers() {
    const MOST: i64 = (1 << 53) - 1;
    let f = plain();
    assert_eq!((f.incr("n", 1), f.incr("n", -3), f.incr("n", 0)), (Ok(1), Ok(-2), Ok(-2)));
    assert_eq!(f.get("n"), Some(b"-2".to_vec()));
    let count = Count { by: 5, initial: 10, flags: 3, ttl: Ttl::Ms(100) };
    assert_eq!(f.direct.incr(b"made", &count), Ok(15));
    assert_eq!(f.direct.incr(b"made", &Count { ttl: Ttl::Never, flags: 9, ..count }), Ok(20));
    assert_eq!(f.direct.ttl_ms(b"made"), Some(Some(100)), "the time is that of its making");
    assert_eq!(f.direct.get(b"made", |item| item.flags), Some(3));
    f.set("most", MOST.to_string().as_bytes(), Ttl::Never);
    assert_eq!((f.incr("most", 1), f.incr("most", 0)), (Err(CountError::OutOfRange), Ok(MOST)));
    assert_eq!(f.incr("most", -MOST), Ok(0));
    f.set("far", i64::MAX.to_string().as_bytes(), Ttl::Never);
    assert_eq!((f.incr("far", 1), f.incr("far", 0)), (Err(CountError::OutOfRange), Err(CountError::OutOfRange)));
    assert_eq!(f.get("far"), Some(i64::MAX.to_string().into_bytes()));
    for bad in [&b""[..], b" 1", b"1 ", b"+1", b"01", b"-0", b"1.0", b"x", b"9223372036854775808"] {
        f.set("bad", bad, Ttl::Never);
        assert_eq!(f.incr("bad", 1), Err(CountError::NotANumber), "{bad:?}");
    }
    f.set("bad", &vec![b'1'; 40_000], Ttl::Never);
    assert_eq!(f.incr("bad", 1), Err(CountError::NotANumber));
    f.hash("h");
    assert_eq!(f.incr("h", 1), Err(CountError::WrongType));
}

#[test]
fn a_walk_gives_what_matches_once() {
    let f = plain();
    (0..1000).for_each(|n| f.set(&format!("key:{n}"), b"v", Ttl::Never));
    (0..10).for_each(|n| f.set(&format!("other:{n}"), b"v", Ttl::Never));
    let walk = |items: usize, glob: Option<&[u8]>| {
        let (mut cursor, mut keys) = (0, Vec::new());
        loop {
            let walk = f.direct.walk(cursor, items, glob);
            let mut rest = &walk.packed[..];
            let before = keys.len();
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let (key, after) = after.split_at(u32::from_le_bytes(*length) as usize);
                keys.push(String::from_utf8(key.to_vec()).expect("text"));
                rest = after;
            }
            assert_eq!(keys.len() - before, walk.count as usize);
            cursor = walk.cursor;
            if cursor == 0 {
                keys.sort();
                return keys;
            }
        }
    };
    for items in [1, 7, 64, 100_000] {
        let keys = walk(items, None);
        assert_eq!(keys.len(), 1010);
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(walk(items, Some(b"other:[0-4]")).len(), 5);
        assert_eq!(walk(items, Some(b"*")).len(), 1010);
        assert_eq!(walk(items, Some(b"")).len(), 0);
    }
}

#[test]
fn everything_is_cleared_and_counted() {
    let f = plain();
    f.set("a", b"v", Ttl::Never);
    f.set("b", b"v", Ttl::Ms(1));
    f.hash("h");
    assert_eq!((f.direct.len(), f.direct.has(b"h")), (3, true));
    f.clock.advance(1);
    assert_eq!(f.get("b"), None);
    assert!(f.direct.delete(b"h"));
    assert!(!f.direct.delete(b"h"));
    f.direct.clear();
    assert!(f.direct.is_empty());
    assert_eq!(f.get("a"), None);
    assert_eq!(f.direct.peek(b"a", |_| ()), None);
    let counts = f.direct.counters().counts();
    assert_eq!((counts.hits, counts.misses), (0, [0, 1, 0, 1]));
    let calls = |operation| counts.operations[operation as usize];
    assert_eq!((calls(Operation::Get), calls(Operation::Set), calls(Operation::Delete)), (2, 2, 2));
    assert_eq!((calls(Operation::Clear), calls(Operation::Peek), calls(Operation::Has)), (1, 1, 1));
}

#[test]
fn what_callers_count_outlives_them() {
    let f = plain();
    f.set("a", b"v", Ttl::Never);
    let cache = Arc::clone(f.direct.cache());
    let other = Direct::new(Arc::clone(&cache));
    assert_eq!((cache.callers.count(), other.get(b"a", |_| ()), other.get(b"b", |_| ())), (2, Some(()), None));
    drop(other);
    let all = cache.callers.counts();
    assert_eq!((cache.callers.count(), all.hits, all.misses), (1, 1, [1, 0, 0, 0]));
    assert_eq!((f.direct.counters().counts().hits, cache.callers.counts().misses), (0, [1, 0, 0, 0]));
}

#[test]
fn a_full_cache_that_evicts_nothing_refuses() {
    let f = fixture(0, Eviction::None);
    let value = vec![b'x'; 4096];
    let refused = (0..4000).find_map(|n: u32| {
        let key = n.to_string();
        f.direct.set(key.as_bytes(), NewValue::Bytes(&value), 0, Ttl::Never).err()
    });
    assert_eq!(refused, Some(Error::OutOfMemory));
    assert!(f.direct.counters().counts().no_memory == 1);
    let large = vec![b'x'; 1 << 20];
    assert_eq!(f.direct.set(b"large", NewValue::Bytes(&large), 0, Ttl::Never), Err(Error::OutOfMemory));
    assert!(!f.direct.has(b"large"));
}
