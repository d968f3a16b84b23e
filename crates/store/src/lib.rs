//! The item store of Ringstone: many small single-threaded caches (cells) over one arena. It knows no sockets, no
//! protocol and no Node.
//!
//! ```
//! use ringstone_store::{Attributes, Eviction, NewValue, Options, Store};
//!
//! let options = Options { max_memory: 1 << 20, max_value_size: 1 << 16, eviction: Eviction::S3Fifo, hash_key: [0; 16] };
//! let store = Store::open(options)?;
//! let now_ms = 1_700_000_000_000;
//! let mut entry = store.entry(b"key", store.hash(b"key"), now_ms);
//! let cas = entry.set(NewValue::Bytes(b"value"), Attributes { expires_at_ms: now_ms + 1000, ..Attributes::default() }).unwrap();
//! assert_eq!(entry.get().unwrap().cas, cas);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Structure
//!
//! - `arena`: one mapping, of `max_memory` and of addresses for more (`pool/limit`), on small pages at first and on huge ones
//!   where it is full (`pool/huge`). `pool` deals out its segments of 64 KiB (4 KiB at least, when the cache is tiny),
//!   whole, as pages of index, or, with `tails`, as runs of 1-KiB pages for the ends of large values.
//! - `cell`: a cache of 4-8 MiB behind one lock. Items are appended to open segments (`cell/segments`), found by an index of
//!   4-byte slots (`index`), evicted by density-aware S3-FIFO (`cell/evict`), swept when they expire (`cell/expire`).
//! - `chain`: values of a quarter of a segment and more, in extents that never need to be contiguous, held by reference
//!   count. The item in the cell is then a stub.
//! - `entry`, `lock`, `store`: the operations; `walk`: those that go through all items, in the order of their hashes
//!   (`index/walk`); `resize`: another limit while the store is used.
//! - `marks`, `item/wide`: what few items have, the kind of a value, memcached's stale and won, a token that was given.
//! - `observer`, `cell/report`: who is told what becomes of keys.
//!
//! # Threads
//!
//! Everything about a key happens under the lock of its cell, so each key has one order of operations; hence no operation
//! is lost, torn or undone. An [`Entry`] holds that lock until it is dropped: at most one entry per thread, or one
//! [`LockedCells`]; a second one, [`Store::reserve`], [`Store::flush`], [`Store::reset_stats`], [`Store::sweep_slice`],
//! [`Store::scan`] and [`Store::random_key`] wait for the lock, [`Store::set_max_memory`] and [`Store::shrink_slice`] do not; [`Store::stats`] and [`Store::len`] read what every cell keeps beside its lock. Writing through an entry only *tries* other cells for room and never waits for
//! one. The pool's lock is a leaf. So locks are ordered: cells by number, then the pool; a [`Chain`] or [`Body`] may be dropped
//! anywhere.
//!
//! An [`Observer`] is called with the cell's lock held, so it is told of a key's changes in their order. Its own locks are
//! leaves: it must not use the store, nor take a lock that somebody holds who does.
//!
//! The `prefetch_*` calls take no lock: they read the geometry of the index and its slots as atomics, and pages of an
//! index stay pages of that index until the store goes.
//!
//! # Invariants (checked by `Store::check_integrity` in debug builds)
//!
//! - A segment is free, withheld by the limit, or in exactly one use: items of one cell, extents of chains, pages of index.
//! - The segments of a long one lie side by side in the arena, and have consecutive numbers in their cell.
//! - A cell's index has one slot for each live item and no others; a segment's items fill it without a hole.
//! - A segment counts its live items, their bytes and the sum of their frequencies; one with nothing alive is given back.
//! - No item expires before its segment's `earliest_ms`.
//! - Tokens (CAS) count up per cell, so they are never used twice for a key, whatever happens to the item in between. That a
//!   version was given another one to show changes nothing about its own, by which a flush goes.
//!
//! # Memory
//!
//! Within `max_memory`, per item: `12 + key + value`, `+ 8` with an expiry, `+ 4` with flags that are not zero, `+ 4` with a
//! key above 255 bytes or with marks, `+ 12` with a token that was given, whatever its key and marks, all rounded up to 4; 5-6
//! bytes of index; 2 bytes of ghosts once anything was evicted. The end of a segment that is too short for the next item is
//! lost (half an item per segment on average); items that would lose more than is gained by short segments get long ones, of
//! two or four of the pool's segments side by side, while there are such (of 4 KiB, 2.5 % are lost for 5.6). Each cell has one open segment per size class and queue in use, of which a tenth of the cell
//! may lie unused. Measured in `tests/memory.rs`, whole process, 16-byte keys, 64 MiB full: 21 bytes over key and value at 16-byte values, 23
//! at 100, 42 at 1,000 (30, 32 and 42 with an expiry); in cells that are a quarter full or less, where nothing unused counts but
//! the rest of a page: 19, 18, 38 and, at 4 KiB, 134 (27, 26, 38 and 133). A large value takes its length rounded up to 1 KiB,
//! and a stub of `60 + key` bytes, `+ 8` with a token that was given.
//!
//! Outside of it, on the heap: up to 15 KiB per cell (numbers of pages and of segments, their counts), 20 bytes per
//! segment (and one per segment that there are only addresses for), and per large value 80 bytes and 8 per extent (a segment, or a run of pages).
//!
//! What is begun is on small pages, so that only what is used of it is resident; [`Store::huge_pages_slice`] puts runs of 2 MiB
//! that are in use nearly whole (31 of 32 parts) on huge pages, by which look-ups are faster (`benches/segcache.rs`, 10 million
//! items: 111 ns per `get` in batches of 16 for 211). It is for a thread in the background to call, as often as each second. A
//! run that is free again goes back to the system, and to small pages; four stay as they are. A cache of less than 16 MiB, whose
//! segments are smaller, stays on small pages.
//!
//! What of a group of 32 segments (2 MiB) lies free when the limit is lowered goes back to the system by itself, so that the
//! memory falls however the rest is scattered. Such groups are not on huge pages; as segments come and go the holes are
//! gathered in few groups, which go back whole. Meanwhile up to 1/64 of the limit more is resident, until
//! [`Store::shrink_slice`] is called, as often as each second.
//!
//! The index does not shrink: a cache that was once full of the smallest items keeps up to a tenth of its memory for it.

mod arena;
mod bits;
mod cell;
mod chain;
mod clock;
mod entry;
mod error;
mod ghosts;
mod hash;
mod index;
mod item;
mod lock;
mod marks;
mod observer;
mod options;
mod pool;
mod random;
mod resize;
mod scratch;
mod stats;
mod store;
mod tails;
mod walk;

pub use chain::{Body, Chain};
pub use clock::{Clock, ManualClock, SystemClock, UnixMillis};
pub use entry::{Absence, Attributes, Cas, Entry, Item, NewValue, Value};
pub use error::Error;
pub use hash::Hash;
pub use lock::LockedCells;
pub use marks::{Kind, Marks};
pub use observer::{Change, Changed, Changes, Observer};
pub use options::{
    EXTENT_PAGE_BYTES, Eviction, MAX_KEY_BYTES, MIN_MEMORY_BYTES, Options, RESERVED_AND_PINNED_SHARE, RESERVED_SHARE,
};
pub use pool::ResizeError;
pub use stats::Stats;
pub use store::Store;
