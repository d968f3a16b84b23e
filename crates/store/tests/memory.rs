//! What items cost, and that the limit holds.
//!
//! The tests that look at the process's own memory are in one test function, so that no other test disturbs them.

use ringstone_store::{Attributes, Eviction, NewValue, Options, Store};

/// As many cells as a debug build fills in reasonable time; a cell is the same in both.
const MEMORY: u64 = if cfg!(debug_assertions) { 16 << 20 } else { 64 << 20 };

fn open(max_memory: u64, eviction: Eviction) -> Store {
    Store::open(Options { max_memory, max_value_size: 8 << 20, eviction, hash_key: [5; 16] }).unwrap()
}

fn set(store: &Store, key: &[u8], value: &[u8], expires_at_ms: u64, now_ms: u64) {
    let mut entry = store.entry(key, store.hash(key), now_ms);
    entry.set(NewValue::Bytes(value), Attributes { expires_at_ms, ..Attributes::default() }).unwrap();
}

fn sweep(store: &Store, now_ms: u64) {
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        cursor = store.sweep_slice(at, now_ms);
    }
}

/// Puts what is full on huge pages, as the server does every second.
fn use_huge_pages(store: &Store) {
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        cursor = store.huge_pages_slice(at);
    }
}

/// Resident bytes of this process, of anonymous memory; exact, where /proc/self/status sums approximate counters.
#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find(|line| line.starts_with("Anonymous:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[cfg(not(target_os = "linux"))]
fn resident_bytes() -> u64 {
    0
}

/// Fills a store beyond its limit with items of 16-byte keys; returns its bytes per item over key and value: what items,
/// index and ghosts use, and all that the process has grown by.
fn overhead(value_bytes: usize, expires_at_ms: u64) -> (f64, f64) {
    let before = resident_bytes();
    let store = open(MEMORY, Eviction::S3Fifo);
    let value = vec![7; value_bytes];
    let items = MEMORY / (value_bytes as u64 + 16) * 5 / 4;
    for i in 0..items {
        set(&store, format!("{i:016}").as_bytes(), &value, expires_at_ms, 1);
    }
    use_huge_pages(&store);
    let stats = store.stats();
    assert!(stats.evictions > 0 && stats.resident_bytes <= MEMORY, "{stats:?}");
    let per_item = |bytes: u64| (bytes as f64 - stats.key_value_bytes as f64) / stats.items as f64;
    let process = resident_bytes().saturating_sub(before);
    assert!(process <= MEMORY + MEMORY / 20 + (1 << 20), "{process}");
    println!("{value_bytes}: {stats:?} process {process}");
    (per_item(stats.item_segment_bytes + stats.index_bytes + stats.ghost_bytes), per_item(process))
}

#[test]
fn overhead_and_resident_memory() {
    // A segment of 64 KiB holds 63 items of 1,028 bytes and leaves 772, 12 per item, that nothing of that size can use, and
    // the open segment of each queue of each cell weighs on few items; hence the higher bound there.
    for (value_bytes, most, most_with_ttl) in [(16, 24.0, 32.0), (100, 24.0, 32.0), (1000, 44.0, 56.0)] {
        for (expires_at_ms, most) in [(0, most), (1_000_000, most_with_ttl)] {
            let (own, process) = overhead(value_bytes, expires_at_ms);
            println!(
                "{value_bytes} bytes, expiry {expires_at_ms}: {own:.2} by its own account, {process:.2} by the process's"
            );
            assert!(own <= most, "{own}");
            assert!(process <= most + 4.0, "{process}");
        }
    }
    what_is_not_used_yet_is_not_resident();
    overwriting_holds_the_limit();
    expired_memory_is_free_after_a_sweep();
    memory_beyond_a_lower_limit_goes_back();
}

/// Cells as full as those of a server with a limit of 1 GiB that holds a million items of 16 or 100 bytes, 200,000 of 1,000
/// or 100,000 of 4 KiB: what each has begun and not used yet must not count. The bounds are those of the whole process, whose
/// heap may differ by a little.
fn what_is_not_used_yet_is_not_resident() {
    for (value_bytes, items_per_cell, most) in
        [(16, 3906, 22.0), (100, 3906, 22.0), (1000, 781, 40.0), (4096, 390, 164.0)]
    {
        for (expires_at_ms, most) in [(0, most), (1_000_000, most + 8.0)] {
            let before = resident_bytes();
            let store = open(4 * MEMORY, Eviction::S3Fifo);
            let items = store.stats().cells * items_per_cell;
            let value = vec![7; value_bytes];
            for i in 0..items {
                set(&store, format!("{i:016}").as_bytes(), &value, expires_at_ms, 1);
                if i % (1 << 16) == 0 {
                    use_huge_pages(&store);
                }
            }
            use_huge_pages(&store);
            let stats = store.stats();
            assert_eq!((stats.items, stats.evictions), (items, 0));
            let process = resident_bytes().saturating_sub(before + stats.key_value_bytes) as f64 / items as f64;
            println!("{value_bytes} bytes, expiry {expires_at_ms}, cells begun: {process:.2}");
            assert!(process <= most, "{process}");
            #[cfg(debug_assertions)]
            store.check_integrity();
        }
    }
}

/// Ten times the cache's size of mixed sizes and times to live.
fn overwriting_holds_the_limit() {
    let before = resident_bytes();
    let memory = 16 << 20;
    let store = open(memory, Eviction::S3Fifo);
    let value = vec![9; 100_000];
    let (mut written, mut i) = (0, 0u64);
    while written < 10 * memory {
        let length = [10, 90, 800, 5_000, 17_000, 90_000][(i % 6) as usize];
        let now_ms = 1000 + i;
        let expires_at_ms = if i.is_multiple_of(3) { 0 } else { now_ms + 500 };
        set(&store, &(i * 7919 % 5000).to_le_bytes(), &value[..length], expires_at_ms, now_ms);
        if i % 1000 == 0 {
            sweep(&store, now_ms);
            use_huge_pages(&store);
        }
        written += length as u64;
        i += 1;
    }
    let stats = store.stats();
    assert!(stats.resident_bytes <= memory, "{stats:?}");
    let used = stats.item_segment_bytes + stats.chain_bytes + stats.index_bytes + stats.ghost_bytes;
    assert!(used <= memory, "{stats:?}");
    let process = resident_bytes().saturating_sub(before);
    assert!(process <= memory + memory / 20 + (1 << 20), "{process}");
    #[cfg(debug_assertions)]
    store.check_integrity();
}

fn expired_memory_is_free_after_a_sweep() {
    let before = resident_bytes();
    let store = open(32 << 20, Eviction::S3Fifo);
    let value = vec![9; 40_000];
    for i in 0..20_000u64 {
        set(&store, &i.to_le_bytes(), &value[..[100, 900, 2_000][i as usize % 3]], 2_000, 1_000);
    }
    for i in 0..100u64 {
        set(&store, &(1_000_000 + i).to_le_bytes(), &value, 2_000, 1_000);
        set(&store, &(2_000_000 + i).to_le_bytes(), &value[..50], 0, 1_000);
    }
    use_huge_pages(&store);
    #[cfg(target_os = "linux")]
    assert!(resident_bytes() >= before + (20 << 20));
    sweep(&store, 1_999);
    assert_eq!(store.stats().expirations, 0, "not a moment too soon");
    sweep(&store, 2_000);
    let stats = store.stats();
    assert_eq!((stats.items, stats.chain_bytes, stats.expirations), (100, 0, 20_100));
    assert!(stats.item_segment_bytes <= 16 * (64 << 10), "{stats:?}");
    assert!(stats.resident_bytes <= 16 << 20, "{stats:?}");
    assert!(resident_bytes() <= before + stats.resident_bytes + (1 << 20));
    #[cfg(debug_assertions)]
    store.check_integrity();
}

/// Items and large values, on small pages and huge ones, to a third of the limit and back.
fn memory_beyond_a_lower_limit_goes_back() {
    let before = resident_bytes();
    let (high, low) = (48 << 20, 16 << 20);
    let store = open(high, Eviction::S3Fifo);
    let value = vec![9; 100_000];
    let fill = |first: u64| {
        for i in first..first + 6000 {
            set(&store, &i.to_le_bytes(), &value[..[100, 900, 4_000, 50_000][i as usize % 4]], 0, 1_000);
        }
    };
    for round in 0..2 {
        fill(round * 10_000);
        use_huge_pages(&store);
        #[cfg(target_os = "linux")]
        assert!(resident_bytes() >= before + high * 9 / 10, "it was full");
        store.set_max_memory(low, 1_000).unwrap();
        while store.shrink_slice(1_000) {}
        let stats = store.stats();
        assert!(stats.resident_bytes <= low && stats.evictions > 0 && stats.items > 0, "{stats:?}");
        let process = resident_bytes().saturating_sub(before);
        assert!(process <= low + low / 20 + (1 << 20), "{process}");
        // It stays so, also when pages are looked at and items written.
        use_huge_pages(&store);
        fill(round * 10_000 + 1_000_000);
        use_huge_pages(&store);
        let process = resident_bytes().saturating_sub(before);
        assert!(process <= low + low / 20 + (1 << 20), "{process} after more was written");
        #[cfg(debug_assertions)]
        store.check_integrity();
        store.set_max_memory(high, 1_000).unwrap();
    }
}
