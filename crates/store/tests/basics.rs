//! Each operation on its own.

use ringstone_store::{Absence, Attributes, Error, Eviction, NewValue, Options, Store};

fn store(max_memory: u64, eviction: Eviction) -> Store {
    Store::open(Options { max_memory, max_value_size: 8 << 20, eviction, hash_key: *b"0123456789abcdef" }).unwrap()
}

fn set(store: &Store, key: &[u8], value: &[u8], attributes: Attributes) -> Result<u64, Error> {
    store.entry(key, store.hash(key), 1_000_000).set(NewValue::Bytes(value), attributes)
}

fn get(store: &Store, key: &[u8], now_ms: u64) -> Result<Vec<u8>, Absence> {
    store.entry(key, store.hash(key), now_ms).get().map(|item| item.value.to_vec())
}

fn bytes(length: usize, seed: usize) -> Vec<u8> {
    let pattern: Vec<u8> = (0..256).map(|i: usize| (i.wrapping_mul(31) ^ seed) as u8).collect();
    pattern.iter().copied().cycle().take(length).collect()
}

#[test]
fn values_of_all_sizes_come_back() {
    let store = store(16 << 20, Eviction::S3Fifo);
    for length in [0, 1, 7, 8, 100, 1023, 1024, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000, 1_000_000] {
        for key in [b"k".to_vec(), bytes(250, 1), bytes(256, 2), bytes(20_000, 3), bytes(65_536, 4), Vec::new()] {
            let value = bytes(length, key.len());
            let attributes = Attributes { flags: 7, expires_at_ms: 2_000_000, ..Attributes::default() };
            let cas = set(&store, &key, &value, attributes).unwrap();
            assert_eq!(get(&store, &key, 1_000_000).unwrap(), value, "{length} {}", key.len());
            let entry = store.entry(&key, store.hash(&key), 1_500_000);
            let item = entry.peek().unwrap();
            assert_eq!((item.flags, item.cas, item.expires_at_ms, item.idle_s), (7, cas, 2_000_000, 500));
        }
        store.check_integrity();
    }
    assert_eq!(store.len(), 6);
}

#[test]
fn extending_replacing_and_removing() {
    let store = store(8 << 20, Eviction::S3Fifo);
    let attributes = Attributes { flags: 3, expires_at_ms: 2_000_000, ..Attributes::default() };
    for length in [5, 16_380, 70_000] {
        let (mut expected, key) = (bytes(length, 9), b"key");
        set(&store, key, &expected, attributes).unwrap();
        let mut entry = store.entry(key, store.hash(key), 1_000_000);
        let mut last = entry.peek().unwrap().cas;
        for i in 0..40 {
            let more = bytes(i, i);
            let cas = if i % 2 == 0 {
                expected.extend_from_slice(&more);
                entry.append(NewValue::Bytes(&more)).unwrap().unwrap()
            } else {
                expected.splice(0..0, more.clone());
                entry.prepend(NewValue::Bytes(&more)).unwrap().unwrap()
            };
            assert!(cas > last);
            last = cas;
            let item = entry.get().unwrap();
            assert_eq!((item.value.to_vec(), item.flags, item.expires_at_ms), (expected.clone(), 3, 2_000_000));
        }
        entry.set_expiry(0).unwrap().unwrap();
        assert_eq!(entry.peek().unwrap().cas, last, "a touch keeps the token");
        entry.replace_value(b"42").unwrap().unwrap();
        let item = entry.peek().unwrap();
        assert_eq!((item.value.to_vec(), item.flags, item.expires_at_ms), (b"42".to_vec(), 3, 0));
        assert_eq!(entry.update_value(|_| Err::<[u8; 1], _>("refused")), Err("refused"));
        let cas = entry.peek().unwrap().cas;
        let updated = entry.update_value(|item| Ok::<_, ()>([item.value.to_vec(), vec![b'0'; 99]].concat()));
        assert!(updated.unwrap().unwrap().unwrap() > cas);
        let item = entry.peek().unwrap();
        assert_eq!((item.value.len(), item.flags, item.expires_at_ms), (101, 3, 0), "one that is longer moves");
        assert!(entry.remove() && !entry.remove());
        assert_eq!(entry.update_value(|_| Ok::<_, ()>(b"never")), Ok(None));
        assert_eq!(entry.get().err(), Some(Absence::Absent));
        assert!(entry.append(NewValue::Bytes(b"x")).is_none() && entry.set_expiry(1).is_none());
        drop(entry);
        store.check_integrity();
    }
    assert_eq!(store.stats().item_segment_bytes, 0, "nothing is left behind");
}

#[test]
fn expiry_is_exact_and_flush_reaches_back() {
    let store = store(1 << 20, Eviction::S3Fifo);
    for (key, expires_at_ms) in [(b"a", 1_000_001), (b"b", 1_000_002), (b"c", 0)] {
        set(&store, key, b"v", Attributes { expires_at_ms, ..Attributes::default() }).unwrap();
    }
    assert!(get(&store, b"a", 1_000_000).is_ok());
    assert_eq!(get(&store, b"a", 1_000_001), Err(Absence::Expired));
    assert_eq!(get(&store, b"a", 1_000_001), Err(Absence::Absent));
    assert!(get(&store, b"b", 1_000_001).is_ok());
    store.flush(1_000_500, 1_000_001);
    assert!(get(&store, b"c", 1_000_499).is_ok());
    assert_eq!(get(&store, b"c", 1_000_500), Err(Absence::Flushed));
    set(&store, b"c", b"new", Attributes::default()).unwrap();
    assert!(get(&store, b"c", 1_000_501).is_ok());
    store.flush(0, 1_000_501);
    assert_eq!(store.sweep_slice(0, 1_000_501), None);
    let stats = store.stats();
    assert_eq!((stats.items, stats.item_segment_bytes, stats.expirations, stats.flushed), (0, 0, 1, 3));
    store.check_integrity();
}

#[test]
fn what_can_never_fit_is_refused_and_nothing_is_touched() {
    let store = Store::open(Options {
        max_memory: 1 << 20,
        max_value_size: 64 << 20,
        eviction: Eviction::S3Fifo,
        hash_key: [7; 16],
    })
    .unwrap();
    set(&store, b"small", b"value", Attributes::default()).unwrap();
    assert_eq!(set(&store, b"big", &bytes(1 << 20, 1), Attributes::default()), Err(Error::TooLarge));
    assert_eq!(store.reserve(usize::MAX, 0).err(), Some(Error::TooLarge));
    assert_eq!(store.reserve(1 << 20, 0).err(), Some(Error::TooLarge));
    let key = bytes(65_537, 1);
    assert_eq!(set(&store, &key, b"", Attributes::default()), Err(Error::KeyTooLong));
    assert_eq!(get(&store, b"small", 1_000_000).unwrap(), b"value");
    assert_eq!(store.stats().evictions, 0);
    let body = store.reserve(600_000, 0).unwrap();
    assert_eq!(store.reserve(600_000, 0).err(), Some(Error::TooManyReserved));
    assert_eq!(store.stats().reserved_bytes, 600_064);
    drop(body);
    assert_eq!(store.stats().reserved_bytes, 0);
    store.check_integrity();
}

/// An item that gets its first time of expiry is written anew, but is still the one that was read.
#[test]
fn an_expiry_does_not_make_an_item_unread() {
    let store = store(1 << 20, Eviction::S3Fifo);
    for key in [b"read", b"new!"] {
        set(&store, key, b"value", Attributes::default()).unwrap();
    }
    get(&store, b"read", 1000).unwrap();
    for key in [b"read", b"new!"] {
        store.entry(key, store.hash(key), 2000).set_expiry(3000).unwrap().unwrap();
        assert!(get(&store, key, 3000).is_err());
    }
    let stats = store.stats();
    assert_eq!((stats.expirations, stats.expired_unfetched, stats.stored), (2, 1, 2));
}

/// Who counts waits for nobody, and at rest the numbers are exact, flushed items out of them.
#[test]
fn counting_takes_no_lock() {
    let store = store(16 << 20, Eviction::S3Fifo);
    for i in 0..1000usize {
        set(&store, &i.to_le_bytes(), &bytes(100, i), Attributes::default()).unwrap();
    }
    set(&store, b"large", &bytes(100_000, 1), Attributes::default()).unwrap();
    let mut entry = store.entry(b"large", store.hash(b"large"), 0);
    assert_eq!((store.len(), store.stats().items, store.stats().stored), (1001, 1001, 1001));
    assert_eq!(store.stats().key_value_bytes, 1000 * 108 + 100_005);
    assert_eq!(store.stats().chain_bytes, 100_352);
    assert!(entry.remove());
    assert_eq!((store.len(), store.stats().chain_bytes), (1000, 0));
    drop(entry);
    store.flush(0, 0);
    assert_eq!((store.len(), store.stats().key_value_bytes), (0, 0));
    // Some of the flushed are written over, some removed, and none counts twice.
    for i in 0..10usize {
        set(&store, &i.to_le_bytes(), b"new", Attributes::default()).unwrap();
    }
    assert!(get(&store, &500usize.to_le_bytes(), 0).is_err());
    assert_eq!((store.len(), store.stats().key_value_bytes, store.stats().flushed), (10, 110, 11));
    store.reset_stats();
    assert_eq!((store.len(), store.stats().stored, store.stats().flushed), (10, 0, 0));
    store.check_integrity();
}

#[test]
fn a_chain_outlives_its_item() {
    let store = store(2 << 20, Eviction::S3Fifo);
    let value = bytes(100_000, 5);
    let mut body = store.reserve(value.len(), 0).unwrap();
    assert_eq!(body.fill_from(&value[..70_000]), 70_000);
    assert_eq!(body.chunks().flatten().count(), 70_000);
    assert_eq!(body.fill_from(&value[70_000..]), 30_000);
    assert_eq!((body.remaining(), body.spare().len()), (0, 0));
    let mut entry = store.entry(b"k", store.hash(b"k"), 0);
    entry.set(NewValue::Body(body), Attributes::default()).unwrap();
    let ringstone_store::Value::Chain(chain) = entry.get().unwrap().value else { panic!("a chain") };
    let held = chain.clone();
    entry.remove();
    drop(entry);
    assert_eq!(store.stats().pinned_bytes, 100_352);
    for i in 0..4000 {
        set(&store, &bytes(8, i), &bytes(2000, i), Attributes::default()).unwrap();
    }
    assert_eq!(held.chunks().flatten().copied().collect::<Vec<u8>>(), value);
    assert_eq!(held.chunk_at(value.len()), b"");
    let end = std::thread::spawn(move || drop(held));
    end.join().unwrap();
    assert_eq!(store.stats().pinned_bytes, 0);
    store.check_integrity();
}

#[test]
fn without_eviction_writes_are_refused_until_there_is_room() {
    let store = store(1 << 20, Eviction::None);
    let soon = Attributes { expires_at_ms: 1_000_001, ..Attributes::default() };
    let fill = |store: &Store| {
        (0..).take_while(|i: &usize| set(store, &i.to_le_bytes(), &bytes(500, *i), soon).is_ok()).count()
    };
    let stored = fill(&store);
    assert!(stored > 1500, "{stored}");
    assert!(store.stats().out_of_memory > 0);
    for i in 0..stored {
        assert_eq!(get(&store, &i.to_le_bytes(), 1_000_000).unwrap(), bytes(500, i));
    }
    let key = b"later";
    let mut entry = store.entry(key, store.hash(key), 1_000_001);
    entry.set(NewValue::Bytes(b"x"), Attributes::default()).unwrap();
    drop(entry);
    store.check_integrity();
}

#[test]
fn eviction_keeps_within_memory_and_serves_what_is_there() {
    for eviction in [Eviction::S3Fifo, Eviction::Lru] {
        let store = store(1 << 20, eviction);
        for i in 0..12_000usize {
            let key = (i * 7919 % 4_000).to_le_bytes();
            let length = [20, 100, 700, 3000, 20_000][i % 5];
            if i % 3 == 0 {
                let _ = get(&store, &key, 1_000_000);
            } else {
                set(&store, &key, &bytes(length, i), Attributes::default()).unwrap();
                assert_eq!(get(&store, &key, 1_000_000).unwrap(), bytes(length, i));
            }
            if i % 2000 == 0 {
                store.check_integrity();
            }
        }
        let stats = store.stats();
        assert!(stats.evictions > 1000 && stats.evicted_unfetched < stats.evictions, "{stats:?}");
        assert!(stats.resident_bytes <= 4 << 20);
        store.check_integrity();
    }
}

#[test]
fn the_largest_value_that_is_not_refused_is_stored() {
    for max_memory in [64 << 10, 1 << 20, 16 << 20] {
        let options = Options { max_memory, max_value_size: 64 << 20, eviction: Eviction::S3Fifo, hash_key: [8; 16] };
        let store = Store::open(options).unwrap();
        for i in 0..max_memory as usize / 600 {
            set(&store, &i.to_le_bytes(), &bytes(500, i), Attributes::default()).unwrap();
        }
        let mut length = max_memory as usize;
        let value = bytes(length, 3);
        let stored = loop {
            match set(&store, b"largest", &value[..length], Attributes::default()) {
                Err(Error::TooLarge) => {
                    assert!(store.entry(&[0; 8], store.hash(&[0; 8]), 1_000_000).peek().is_some() || store.len() > 20);
                    length -= 1024;
                }
                other => break other,
            }
        };
        assert!(stored.is_ok(), "{length} of {max_memory}: {stored:?}");
        assert!(length * 10 > max_memory as usize * 8, "{length} of {max_memory}");
        assert!(get(&store, b"largest", 1_000_000).unwrap() == value[..length]);
        store.check_integrity();
    }
}

#[test]
fn the_cell_furthest_over_its_share_gives_way() {
    let store = store(16 << 20, Eviction::S3Fifo);
    let cells = store.stats().cells;
    assert_eq!(cells, 4);
    let cell_of = |i: usize| store.hash(&i.to_le_bytes()).0 % cells;
    let alive = |cell: u64| {
        let keys = (0..80_000usize).filter(|&i| cell_of(i) == cell);
        keys.filter(|i| store.entry(&i.to_le_bytes(), store.hash(&i.to_le_bytes()), 1_000_000).peek().is_some()).count()
    };
    for i in (0..80_000).filter(|&i| cell_of(i) == 0) {
        set(&store, &i.to_le_bytes(), &bytes(700, i), Attributes::default()).unwrap();
    }
    let alone = alive(0);
    assert!(alone * 800 > 12 << 20, "a cell may use what nobody else does: {alone} items");
    for i in (0..80_000).filter(|&i| cell_of(i) != 0) {
        set(&store, &i.to_le_bytes(), &bytes(700, i), Attributes::default()).unwrap();
    }
    let shared = [0, 1, 2, 3].map(alive);
    let (least, most) = (shared.iter().min().unwrap(), shared.iter().max().unwrap());
    assert!(*least * 5 > *most * 4, "{shared:?}");
    store.check_integrity();
}
