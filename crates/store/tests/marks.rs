//! Marks of items and tokens that were given, through everything that moves or changes an item.

use ringstone_store::{Attributes, Entry, Eviction, Kind, Marks, NewValue, Options, Store};

const NOW_MS: u64 = 1_000_000;
const ALL: Marks = Marks { kind: Kind::Hash, stale: true, won: true, loaded: true };
/// Values in a segment and in extents, keys of one byte of length, of a word, and in a chain.
const FORMS: [(usize, usize); 5] = [(3, 10), (300, 10), (3, 20_000), (300, 20_000), (20_000, 10)];

fn open() -> Store {
    Store::open(Options { max_memory: 4 << 20, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [2; 16] })
        .unwrap()
}

fn entry<'s, 'k>(store: &'s Store, key: &'k [u8], now_ms: u64) -> Entry<'s, 'k> {
    store.entry(key, store.hash(key), now_ms)
}

/// What is shown of an item, without its value.
fn shown(store: &Store, key: &[u8]) -> (Attributes, bool, u32) {
    let entry = entry(store, key, NOW_MS);
    let item = entry.peek().unwrap();
    let attributes =
        Attributes { flags: item.flags, expires_at_ms: item.expires_at_ms, marks: item.marks, cas: item.cas };
    (attributes, item.fetched, item.idle_s)
}

fn forms(test: impl Fn(&Store, &[u8], &[u8])) {
    for (key, value) in FORMS {
        let store = open();
        test(&store, &vec![b'k'; key], &vec![b'v'; value]);
        #[cfg(debug_assertions)]
        store.check_integrity();
    }
}

#[test]
fn all_combinations_are_shown_as_they_were_written() {
    forms(|store, key, value| {
        let mut last = 0;
        for n in 0..64u32 {
            let bit = |bit: u32| n >> bit & 1 == 1;
            let kind = if bit(0) { Kind::Hash } else { Kind::String };
            let attributes = Attributes {
                flags: if bit(1) { u32::MAX } else { 0 },
                expires_at_ms: if bit(2) { NOW_MS + 9 } else { 0 },
                marks: Marks { kind, stale: bit(3), won: bit(4), loaded: bit(5) },
                cas: if bit(5) { u64::MAX - 1 } else { 0 },
            };
            // Over what was there before, and where nothing was.
            for again in [true, false] {
                let cas = entry(store, key, NOW_MS).set(NewValue::Bytes(value), attributes).unwrap();
                assert_eq!(shown(store, key), (Attributes { cas, ..attributes }, false, 0));
                if bit(5) {
                    assert_eq!(cas, u64::MAX - 1);
                } else {
                    assert!(cas > last, "the store's own tokens grow");
                    last = cas;
                }
                assert_eq!(entry(store, key, NOW_MS).get().unwrap().value.to_vec(), value);
                if !again {
                    entry(store, key, NOW_MS).remove();
                }
            }
        }
    });
}

#[test]
fn marks_change_nothing_else() {
    forms(|store, key, value| {
        for cas in [0, 7] {
            let before = NOW_MS - 60_000;
            let attributes = Attributes { flags: 3, expires_at_ms: NOW_MS + 9, cas, ..Attributes::default() };
            let cas = entry(store, key, before).set(NewValue::Bytes(value), attributes).unwrap();
            for read in [false, true] {
                if read {
                    assert!(!entry(store, key, before).get().unwrap().fetched, "not before this access");
                }
                for marks in [ALL, Marks::default(), Marks { stale: true, ..Marks::default() }] {
                    entry(store, key, NOW_MS).set_marks(marks).unwrap().unwrap();
                    assert_eq!(shown(store, key), (Attributes { cas, marks, ..attributes }, read, 60));
                }
                entry(store, key, NOW_MS).set_expiry(0).unwrap().unwrap();
                entry(store, key, NOW_MS).set_expiry(NOW_MS + 9).unwrap().unwrap();
            }
            assert!(entry(store, key, NOW_MS).get().unwrap().fetched);
            assert_eq!(entry(store, key, NOW_MS).peek().unwrap().value.to_vec(), value);
            assert_eq!(store.stats().stored, 1 + u64::from(cas == 7));
        }
    });
}

#[test]
fn an_expiry_without_room_changes_nothing_else() {
    forms(|store, key, value| {
        let attributes = Attributes { flags: 3, marks: ALL, cas: 5, ..Attributes::default() };
        entry(store, key, NOW_MS - 60_000).set(NewValue::Bytes(value), attributes).unwrap();
        entry(store, key, NOW_MS).set_expiry(NOW_MS + 9).unwrap().unwrap();
        assert_eq!(shown(store, key), (Attributes { expires_at_ms: NOW_MS + 9, ..attributes }, false, 60));
    });
}

#[test]
fn a_new_value_keeps_the_kind_and_is_neither_stale_nor_won() {
    forms(|store, key, value| {
        let attributes = Attributes { flags: 3, expires_at_ms: NOW_MS + 9, marks: ALL, cas: 5 };
        let marks = Marks { kind: Kind::Hash, ..Marks::default() };
        let mut last = 0;
        // Of one byte for what there is room for in place, of many for what there is not.
        for length in [1, 1, 100, 30_000] {
            for change in 0..3 {
                entry(store, key, NOW_MS).set(NewValue::Bytes(value), attributes).unwrap();
                entry(store, key, NOW_MS).get().unwrap();
                let new = vec![b'n'; length];
                let (result, expected) = {
                    let mut entry = entry(store, key, NOW_MS);
                    match change {
                        0 => (entry.append(NewValue::Bytes(&new)), [value, &new].concat()),
                        1 => (entry.prepend(NewValue::Bytes(&new)), [&new, value].concat()),
                        _ => (entry.replace_value(&new), new.clone()),
                    }
                };
                let cas = result.unwrap().unwrap();
                assert!(cas > last, "a token of the store's own");
                last = cas;
                assert_eq!(shown(store, key), (Attributes { marks, cas, ..attributes }, false, 0));
                assert_eq!(entry(store, key, NOW_MS).peek().unwrap().value.to_vec(), expected);
            }
        }
    });
}

#[test]
fn a_renewed_version_has_another_token_and_the_same_value() {
    forms(|store, key, value| {
        let attributes = Attributes { flags: 3, expires_at_ms: NOW_MS + 9, ..Attributes::default() };
        let mut last = entry(store, key, NOW_MS - 60_000).set(NewValue::Bytes(value), attributes).unwrap();
        let stale = Marks { stale: true, ..Marks::default() };
        for (marks, cas) in [(stale, 0), (stale, u64::MAX), (ALL, 1), (Marks::default(), 0)] {
            let renewed = entry(store, key, NOW_MS).renew(marks, cas).unwrap().unwrap();
            assert!(if cas == 0 { renewed > last } else { renewed == cas });
            last = last.max(if cas == 0 { renewed } else { 0 });
            assert_eq!(shown(store, key), (Attributes { marks, cas: renewed, ..attributes }, false, 60));
        }
        assert_eq!(entry(store, key, NOW_MS).peek().unwrap().value.to_vec(), value);
        assert!(entry(store, b"nothing", NOW_MS).renew(ALL, 0).is_none());
        assert!(entry(store, b"nothing", NOW_MS).set_marks(ALL).is_none());
    });
}

/// What an item shows has nothing to do with what a flush reaches.
#[test]
fn a_flush_goes_by_the_stores_own_tokens() {
    forms(|store, key, value| {
        let high = Attributes { cas: u64::MAX, ..Attributes::default() };
        let low = Attributes { cas: 1, ..Attributes::default() };
        entry(store, key, NOW_MS).set(NewValue::Bytes(value), high).unwrap();
        store.flush(0, NOW_MS);
        assert!(entry(store, key, NOW_MS).peek().is_none());
        entry(store, key, NOW_MS).set(NewValue::Bytes(value), low).unwrap();
        entry(store, key, NOW_MS).set_marks(ALL).unwrap().unwrap();
        assert_eq!(shown(store, key).0.cas, 1);
    });
}

#[test]
fn marks_and_tokens_survive_moves() {
    let store = open();
    let kinds = |i: u64| if i.is_multiple_of(2) { Kind::Hash } else { Kind::String };
    for round in 0..3 {
        for i in 0..60_000u64 {
            let marks = Marks { kind: kinds(i), stale: i % 3 == 0, won: i % 5 == 0, loaded: i % 7 == 0 };
            let attributes = Attributes { marks, cas: if i % 7 == 0 { i + 1 } else { 0 }, ..Attributes::default() };
            entry(&store, &i.to_le_bytes(), NOW_MS).set(NewValue::Bytes(&[1; 100]), attributes).unwrap();
            // Read often enough to stay, in a segment whose other items go.
            let kept = (i % 50).to_le_bytes();
            assert!(round + i < 50 || entry(&store, &kept, NOW_MS).get().is_ok());
        }
    }
    assert!(store.stats().evictions > 0);
    let mut found = 0;
    for i in 0..60_000u64 {
        if let Some(item) = entry(&store, &i.to_le_bytes(), NOW_MS).peek() {
            assert_eq!(item.marks, Marks { kind: kinds(i), stale: i % 3 == 0, won: i % 5 == 0, loaded: i % 7 == 0 });
            assert!(i % 7 != 0 || item.cas == i + 1);
            found += 1;
        }
    }
    assert!(found > 1000, "{found}");
    #[cfg(debug_assertions)]
    store.check_integrity();
}

#[test]
fn only_what_is_marked_is_longer() {
    let bytes_of = |attributes: Attributes| {
        let store = open();
        for i in 0..4000u64 {
            entry(&store, &i.to_le_bytes(), NOW_MS).set(NewValue::Bytes(&[1; 100]), attributes).unwrap();
        }
        store.stats().item_segment_bytes as f64 / 4000.0
    };
    let plain = bytes_of(Attributes::default());
    let marked = bytes_of(Attributes { marks: ALL, ..Attributes::default() });
    let given = bytes_of(Attributes { cas: 1, ..Attributes::default() });
    println!("{plain} {marked} {given}");
    let segment = 16.0 * 1024.0 / 4000.0;
    assert!((plain - 120.0).abs() <= segment && marked - plain <= 4.0 + segment && given - plain <= 12.0 + segment);
}
