//! A process that may not have many addresses (`ulimit -v`): the store opens, but cannot grow.
//!
//! The only test of its process, whose limit it sets.

#![cfg(target_os = "linux")]

use ringstone_store::{Attributes, Eviction, NewValue, Options, Store};

const MEMORY: u64 = 256 << 20;

fn virtual_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmSize:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn without_addresses_to_spare_it_opens_and_does_not_grow() {
    let limit = libc::rlimit { rlim_cur: virtual_bytes() + MEMORY * 3 / 2, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit is a valid one, of this process alone.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    let options =
        Options { max_memory: MEMORY, max_value_size: 1 << 20, eviction: Eviction::S3Fifo, hash_key: [1; 16] };
    let store = Store::open(options).unwrap();
    let error = store.set_max_memory(MEMORY + (64 << 10), 1).unwrap_err();
    assert_eq!((error.most, store.max_memory()), (MEMORY, MEMORY));
    for n in 0..2000u32 {
        let key = n.to_le_bytes();
        store.entry(&key, store.hash(&key), 1).set(NewValue::Bytes(&[1; 1000]), Attributes::default()).unwrap();
    }
    store.set_max_memory(MEMORY / 2, 1).unwrap();
    store.set_max_memory(MEMORY, 1).unwrap();
    assert_eq!(store.len(), 2000);
}
