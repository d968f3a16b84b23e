//! Bodies that grow, and end before the room that they have.

use ringstone_store::{Attributes, Body, EXTENT_PAGE_BYTES, Error, Eviction, NewValue, Options, Store};

const NOW_MS: u64 = 1_000_000;
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

fn store(max_memory: usize, eviction: Eviction) -> Store {
    let options = Options { max_memory: max_memory as u64, max_value_size: u64::MAX, eviction, hash_key: [8; 16] };
    Store::open(options).unwrap()
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// A body that is begun with so much room, and filled piece by piece; as much again is added whenever it is full.
fn received(store: &Store, value: &[u8], step: usize) -> Body {
    let mut body = store.reserve(step, NOW_MS).unwrap();
    let mut rest = value;
    while !rest.is_empty() {
        if body.remaining() == 0 {
            store.grow(&mut body, step, NOW_MS).unwrap();
        }
        rest = &rest[body.fill_from(rest)..];
    }
    body
}

fn set(store: &Store, key: &[u8], body: Body) {
    store.entry(key, store.hash(key), NOW_MS).set(NewValue::Body(body), Attributes::default()).unwrap();
}

fn check(store: &Store, key: &[u8], value: &[u8]) {
    assert!(store.entry(key, store.hash(key), NOW_MS).get().unwrap().value.contiguous() == value, "{}", value.len());
    assert_eq!(store.stats().reserved_bytes, 0);
    #[cfg(debug_assertions)]
    store.check_integrity();
}

#[test]
fn it_is_what_was_received_however_it_grew_and_where_it_ended() {
    let store = store(32 * MIB, Eviction::S3Fifo);
    for step in [EXTENT_PAGE_BYTES, 16 * KIB, 64 * KIB, 80 * KIB, MIB] {
        for length in
            [1, KIB - 1, KIB, 16 * KIB, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 300 * KIB + 7, MIB, 3 * MIB + 11]
        {
            if length / step > 1000 {
                continue;
            }
            let value = pattern(length);
            let mut body = received(&store, &value, step);
            assert_eq!(store.stats().reserved_bytes, body.len() as u64);
            store.cut(&mut body, NOW_MS).unwrap();
            assert_eq!((body.len(), body.remaining()), (length, 0));
            assert_eq!(store.stats().reserved_bytes, length.next_multiple_of(EXTENT_PAGE_BYTES) as u64);
            set(&store, b"key", body);
            check(&store, b"key", &value);
            // Its extents are such as an append goes on with.
            store.entry(b"key", store.hash(b"key"), NOW_MS).append(NewValue::Bytes(b"more")).unwrap().unwrap();
            check(&store, b"key", &[&value, &b"more"[..]].concat());
        }
    }
}

#[test]
fn it_grows_over_what_is_scattered() {
    let store = store(8 * MIB, Eviction::S3Fifo);
    let name = |n: u32| n.to_le_bytes();
    // Tails of segments that others share, with holes between them.
    for n in 0..400 {
        set(&store, &name(n), received(&store, &pattern(17 * KIB), 17 * KIB));
    }
    for n in (0..400).step_by(2) {
        store.entry(&name(n), store.hash(&name(n)), NOW_MS).remove();
    }
    let value = pattern(MIB + 5);
    let mut body = received(&store, &value, 40 * KIB);
    store.cut(&mut body, NOW_MS).unwrap();
    set(&store, b"key", body);
    check(&store, b"key", &value);
}

#[test]
fn what_is_refused_or_dropped_leaves_nothing_reserved() {
    let store = store(32 * MIB, Eviction::S3Fifo);
    let mut alone = received(&store, &pattern(8 * MIB), MIB);
    // Alone it may have more than the share of bodies, and with another it may not.
    store.grow(&mut alone, MIB, NOW_MS).unwrap();
    alone.fill_from(&pattern(MIB));
    assert_eq!(store.grow(&mut alone, 40 * MIB, NOW_MS), Err(Error::TooLarge));
    drop(alone);
    assert_eq!(store.stats().reserved_bytes, 0);
    let (mut one, other) = (received(&store, &pattern(MIB), MIB), received(&store, &pattern(6 * MIB), MIB));
    assert_eq!(store.grow(&mut one, 2 * MIB, NOW_MS), Err(Error::TooManyReserved));
    assert_eq!((one.len(), one.remaining()), (MIB, 0));
    drop((one, other));
    assert_eq!(store.stats().reserved_bytes, 0);
    #[cfg(debug_assertions)]
    store.check_integrity();
}

#[test]
#[should_panic(expected = "when it is full")]
fn a_body_that_is_not_full_does_not_grow() {
    let store = store(MIB, Eviction::None);
    let mut body = store.reserve(64 * KIB, NOW_MS).unwrap();
    let _ = store.grow(&mut body, KIB, NOW_MS);
}
