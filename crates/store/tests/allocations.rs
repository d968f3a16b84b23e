//! Small values are read, written and removed without the heap.

use ringstone_store::{Attributes, Eviction, NewValue, Options, Store};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn work(store: &Store, rounds: std::ops::Range<u64>) {
    let value = [7; 500];
    for i in rounds {
        let key = (i * 7919 % 40_000).to_le_bytes();
        let hash = store.hash(&key);
        let mut entry = store.entry(&key, hash, 1000 + i / 100);
        if entry.get().is_err() || i % 4 == 0 {
            let expires_at_ms = if i % 5 == 0 { 2000 + i / 100 } else { 0 };
            let attributes = Attributes { expires_at_ms, ..Attributes::default() };
            entry.set(NewValue::Bytes(&value[..(i % 400) as usize]), attributes).unwrap();
        }
        drop(entry);
        store.sweep_slice((i % 2) as usize, 1000 + i / 100);
    }
}

#[test]
fn steady_state_does_not_allocate() {
    let options =
        Options { max_memory: 4 << 20, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [6; 16] };
    let store = Store::open(options).unwrap();
    work(&store, 0..200_000);
    assert!(store.stats().evictions > 0);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work(&store, 200_000..300_000);
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    // The index may still get a page of overflow lines.
    assert!(allocations <= 4, "{allocations} allocations in 100,000 rounds");
    removing_allocates_nothing();
}

/// Every list of what is free has room for all that can be: a cell's segments, overflow lines, the pool's groups.
fn removing_allocates_nothing() {
    let options =
        Options { max_memory: 64 << 20, max_value_size: 1 << 20, eviction: Eviction::None, hash_key: [6; 16] };
    let store = Store::open(options).unwrap();
    let key = |i: u64| i.to_le_bytes();
    let value = [7; 1000];
    for i in 0..50_000u64 {
        let length = if i < 40_000 { 1000 } else { 10 };
        store
            .entry(&key(i), store.hash(&key(i)), 1)
            .set(NewValue::Bytes(&value[..length]), Attributes::default())
            .unwrap();
    }
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        cursor = store.huge_pages_slice(at);
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let removed = (0..50_000).filter(|&i| store.entry(&key(i), store.hash(&key(i)), 1).remove()).count();
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert_eq!((removed, allocations), (50_000, 0));
    assert_eq!(store.stats().item_segment_bytes, 0);
}
