//! What `npm run bench:instructions` counts the instructions of: one case per process, under callgrind, which collects within
//! [`measured`] only. Without arguments it prints the names of the cases and how many operations each is of; an argument is
//! the name of the case to run. Everything is the same in each run: keys and their order, the hash's key, the time.

mod common;

use common::{Feed, Key, PIPELINE, START_MS, VALUE, Wire, key, store};
use ringstone_store::{Attributes, Hash, ManualClock, NewValue, Store, Value};
use std::hint::black_box;
use std::sync::Arc;

const ITEMS: u64 = 10_000;
/// Operations that are counted.
const OPERATIONS: u64 = 10_000;
/// Rounds before that: reads then no longer change an item's frequency, as those of a server that has run for a while.
const WARM_UP: u64 = 4;
/// Spreads the operations over the items; it has no factor in common with `ITEMS`.
const STRIDE: u64 = 7919;

/// What is done, in the store alone and over a connection.
#[derive(Clone, Copy)]
enum Operation {
    Hit,
    Miss,
    /// A batch, or a pipeline.
    Hits16,
    New,
    Overwrite,
}

const OPERATION_NAMES: [(&str, Operation); 5] = [
    ("get, hit", Operation::Hit),
    ("get, miss", Operation::Miss),
    ("get, hit, 16 at once", Operation::Hits16),
    ("set, new", Operation::New),
    ("set, overwriting", Operation::Overwrite),
];

#[derive(Clone, Copy)]
enum Place {
    Store,
    Connection(Wire),
}

const PLACES: [(&str, Place); 3] = [
    ("store", Place::Store),
    ("memcached connection", Place::Connection(Wire::Memcached)),
    ("RESP connection", Place::Connection(Wire::Resp)),
];

impl Operation {
    /// Operations of one call.
    fn size(self) -> u64 {
        if matches!(self, Operation::Hits16) { PIPELINE as u64 } else { 1 }
    }

    /// Number of the item that the n-th operation is about.
    fn item(self, n: u64) -> u64 {
        match self {
            Operation::Miss | Operation::New => ITEMS + n,
            Operation::Hit | Operation::Hits16 | Operation::Overwrite => n * STRIDE % ITEMS,
        }
    }

    /// Rounds before the one that is counted. A new item is new once.
    fn warm_up(self) -> u64 {
        if matches!(self, Operation::New) { 0 } else { WARM_UP }
    }
}

/// The only function whose instructions are collected; callgrind is told its name.
#[inline(never)]
fn measured(calls: u64, call: &mut dyn FnMut(u64)) {
    (0..calls).for_each(call);
}

fn run(operation: Operation, mut call: impl FnMut(u64)) {
    let calls = OPERATIONS / operation.size();
    for _ in 0..operation.warm_up() {
        (0..calls).for_each(&mut call);
    }
    measured(calls, &mut call);
}

fn set(store: &Store, key: &Key) {
    let mut entry = store.entry(key, store.hash(key), START_MS);
    entry.set(NewValue::Bytes(&VALUE), Attributes::default()).expect("room");
}

/// As a server does: the value is copied into a buffer of replies.
fn get(store: &Store, key: &Key, hash: Hash, replies: &mut Vec<u8>) {
    let mut entry = store.entry(key, hash, START_MS);
    if let Ok(item) = entry.get()
        && let Value::Bytes(bytes) = item.value
    {
        replies.extend_from_slice(bytes);
    }
}

fn get_batch(store: &Store, keys: &[Key], replies: &mut Vec<u8>) {
    let hashes: [Hash; PIPELINE] = std::array::from_fn(|n| store.hash(&keys[n]));
    hashes.iter().for_each(|&hash| store.prefetch_cell(hash));
    hashes.iter().for_each(|&hash| store.prefetch_bucket(hash));
    hashes.iter().for_each(|&hash| store.prefetch_item(hash));
    keys.iter().zip(hashes).for_each(|(key, hash)| get(store, key, hash, replies));
}

fn run_store(operation: Operation) {
    let store = store();
    (0..ITEMS).for_each(|n| set(&store, &key(n)));
    let keys: Vec<Key> = (0..OPERATIONS).map(|n| key(operation.item(n))).collect();
    let mut replies = Vec::with_capacity(PIPELINE * VALUE.len());
    run(operation, |call| {
        let n = call as usize;
        match operation {
            Operation::Hit | Operation::Miss => get(&store, &keys[n], store.hash(&keys[n]), &mut replies),
            Operation::Hits16 => get_batch(&store, &keys[n * PIPELINE..(n + 1) * PIPELINE], &mut replies),
            Operation::New | Operation::Overwrite => set(&store, &keys[n]),
        }
        black_box(&replies[..]);
        replies.clear();
    });
}

fn run_connection(wire: Wire, operation: Operation) {
    let mut feed = Feed::new(wire, ITEMS, Arc::new(ManualClock::new(START_MS)));
    let request = |n| match operation {
        Operation::New | Operation::Overwrite => wire.set(operation.item(n)),
        Operation::Hit | Operation::Miss | Operation::Hits16 => wire.get(operation.item(n)),
    };
    let size = operation.size();
    let turns: Vec<Vec<u8>> =
        (0..OPERATIONS / size).map(|call| (call * size..(call + 1) * size).flat_map(request).collect()).collect();
    let mut reply_bytes = 0;
    run(operation, |call| reply_bytes += feed.turn(&turns[call as usize]));
    let expected = match operation {
        Operation::Hit | Operation::Hits16 => wire.hit_bytes(),
        Operation::Miss => wire.miss_bytes(),
        Operation::New | Operation::Overwrite => wire.stored_bytes(),
    };
    assert_eq!(reply_bytes as u64, OPERATIONS * (operation.warm_up() + 1) * expected as u64, "every reply is as meant");
}

fn main() {
    let wanted = std::env::args().nth(1).filter(|argument| argument != "--bench");
    for (place_name, place) in PLACES {
        for (operation_name, operation) in OPERATION_NAMES {
            let name = format!("{place_name}: {operation_name}");
            match &wanted {
                None => println!("{OPERATIONS} {name}"),
                Some(wanted) if *wanted == name => match place {
                    Place::Store => run_store(operation),
                    Place::Connection(wire) => run_connection(wire, operation),
                },
                Some(_) => {}
            }
        }
    }
}
