//! Writes while many cells are held.

use ringstone_store::{Attributes, Error, Eviction, NewValue, Options, Store};

const NOW_MS: u64 = 1_000_000;
const MIB: usize = 1 << 20;

/// Holds as many items of that length as it can.
fn full(max_memory: usize, length: usize, eviction: Eviction) -> Store {
    let options = Options { max_memory: max_memory as u64, max_value_size: u64::MAX, eviction, hash_key: [8; 16] };
    let store = Store::open(options).unwrap();
    let value = vec![1; length];
    for name in (0..2 * max_memory / length).map(usize::to_le_bytes) {
        let result = store.entry(&name, store.hash(&name), NOW_MS).set(NewValue::Bytes(&value), Attributes::default());
        assert!(result.is_ok() || eviction == Eviction::None);
    }
    store
}

/// A value longer than what its own cell holds takes its room from the others, also when all of them are held.
#[test]
fn a_large_value_finds_room_while_all_cells_are_held() {
    for eviction in [Eviction::S3Fifo, Eviction::Lru] {
        for length in [3000, 10_000, MIB] {
            let store = full(32 * MIB, length, eviction);
            let value = vec![2; 12 * MIB];
            let mut cells = store.lock_all(NOW_MS);
            for name in (0..3u64).map(u64::to_le_bytes) {
                let mut entry = cells.entry(&name, store.hash(&name));
                entry.set(NewValue::Bytes(&value), Attributes::default()).unwrap();
                assert_eq!(entry.get().unwrap().value.len(), value.len());
            }
            drop(cells);
            #[cfg(debug_assertions)]
            store.check_integrity();
        }
    }
}

#[test]
fn without_eviction_it_is_refused() {
    let store = full(32 * MIB, MIB, Eviction::None);
    let items = store.len();
    let mut cells = store.lock_all(NOW_MS);
    let result =
        cells.entry(b"key", store.hash(b"key")).set(NewValue::Bytes(&vec![2; 12 * MIB]), Attributes::default());
    assert_eq!(result, Err(Error::OutOfMemory));
    drop(cells);
    assert_eq!(store.len(), items);
}
