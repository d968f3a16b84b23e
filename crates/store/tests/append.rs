//! Appending to large values: what is there stays where it is, and who holds it sees none of it.

use ringstone_store::{Attributes, Chain, Eviction, NewValue, Options, Store, Value};

const NOW_MS: u64 = 1_000_000;
const KEY: &[u8] = b"key";

fn open(max_memory: u64) -> Store {
    let options = Options { max_memory, max_value_size: u64::MAX, eviction: Eviction::S3Fifo, hash_key: [3; 16] };
    Store::open(options).unwrap()
}

fn set(store: &Store, key: &[u8], value: &[u8]) {
    let attributes = Attributes { flags: 7, expires_at_ms: NOW_MS + 5, ..Attributes::default() };
    store.entry(key, store.hash(key), NOW_MS).set(NewValue::Bytes(value), attributes).unwrap();
}

fn append(store: &Store, bytes: &[u8]) -> u64 {
    store.entry(KEY, store.hash(KEY), NOW_MS).append(NewValue::Bytes(bytes)).unwrap().unwrap()
}

fn append_body(store: &Store, bytes: &[u8]) -> u64 {
    let mut body = store.reserve(bytes.len(), NOW_MS).unwrap();
    body.fill_from(bytes);
    store.entry(KEY, store.hash(KEY), NOW_MS).append(NewValue::Body(body)).unwrap().unwrap()
}

fn chain(store: &Store) -> Chain {
    match store.entry(KEY, store.hash(KEY), NOW_MS).get().unwrap().value {
        Value::Chain(chain) => chain.clone(),
        Value::Bytes(_) => panic!("not large"),
    }
}

fn bytes(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|i| ((i ^ seed).wrapping_mul(0x9e37_79b9) >> 13) as u8).collect()
}

fn check(store: &Store, value: &[u8]) {
    let mut entry = store.entry(KEY, store.hash(KEY), NOW_MS);
    let item = entry.get().unwrap();
    assert_eq!((item.flags, item.expires_at_ms), (7, NOW_MS + 5));
    assert!(item.value.to_vec() == value, "{} bytes", value.len());
    drop(entry);
    let stats = store.stats();
    assert_eq!((stats.items, stats.key_value_bytes), (1, (KEY.len() + value.len()) as u64));
    assert_eq!(stats.chain_bytes, value.len().next_multiple_of(1024) as u64);
    assert_eq!((stats.reserved_bytes, stats.pinned_bytes, stats.out_of_memory), (0, 0, 0));
    #[cfg(debug_assertions)]
    store.check_integrity();
}

/// Around every boundary of pages and segments, by little and by much.
#[test]
fn appended_to_at_every_boundary() {
    let store = open(32 << 20);
    let segment = 4 * store.chain_threshold();
    for start in
        [segment / 4, segment - 1024, segment - 1, segment, segment + 1, 3 * segment - 1000, 3 * segment + 5000]
    {
        let mut value = bytes(start, start);
        set(&store, KEY, &value);
        let mut cas = 0;
        for (n, added) in [1, 0, 22, 1000, 1024, 1, 3, segment - 1, 5000, 2 * segment, 7, 1017].into_iter().enumerate()
        {
            let more = bytes(added, n);
            let next = if n % 3 == 2 { append_body(&store, &more) } else { append(&store, &more) };
            assert!(next > cas);
            cas = next;
            value.extend_from_slice(&more);
            check(&store, &value);
        }
    }
}

/// Appending a little to a long value writes that little: the segments that are full stay where they are, and no other
/// room is needed than that of a segment. Copying would evict the neighbours, or fail.
#[test]
fn what_is_there_stays() {
    let store = open(16 << 20);
    let mut value = bytes(10 << 20, 1);
    set(&store, KEY, &value);
    let front = chain(&store).chunk_at(0).as_ptr();
    for n in 0..3000 {
        let more = bytes(100, n);
        append(&store, &more);
        value.extend_from_slice(&more);
    }
    assert_eq!(chain(&store).chunk_at(0).as_ptr(), front);
    assert_eq!(store.stats().evictions, 0);
    check(&store, &value);
}

/// A reply that is being sent goes on with what it had.
#[test]
fn who_holds_it_sees_nothing_of_it() {
    let store = open(16 << 20);
    for length in [20_000, 65_536, 65_537, 200_000] {
        let value = bytes(length, 2);
        set(&store, KEY, &value);
        let held = chain(&store);
        append(&store, b"in the page, if there is room");
        append(&store, &bytes(3000, 4));
        assert!(held.chunks().flatten().copied().eq(value.iter().copied()));
        drop(held);
        check(&store, &[&value[..], b"in the page, if there is room", &bytes(3000, 4)].concat());
    }
}

/// In a store so small that making room evicts the very item, or its neighbours, no byte is lost or moved.
#[test]
fn appending_in_little_memory() {
    let store = open(64 << 10);
    for round in 0..300 {
        let mut value = bytes(1000 + round * 37 % 20_000, round);
        set(&store, KEY, &value);
        for i in 0..60u64 {
            set(&store, &i.to_le_bytes(), &[1; 900]);
        }
        let more = bytes(round * 11 % 9000, 5);
        let mut entry = store.entry(KEY, store.hash(KEY), NOW_MS);
        let result = entry.append(NewValue::Bytes(&more));
        value.extend_from_slice(&more);
        match (result, entry.get()) {
            (Some(Ok(cas)), Ok(item)) => {
                assert_eq!(item.cas, cas);
                assert!(item.value.to_vec() == value);
            }
            (None, Err(_)) => {}
            (result, _) => panic!("{result:?} in round {round}"),
        }
        drop(entry);
        #[cfg(debug_assertions)]
        store.check_integrity();
    }
}
