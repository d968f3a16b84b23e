//! The engine.

use crate::cell::{Now, Shared, View};
use crate::chain::{Body, Gathering, extent_bytes};
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::error::Error;
use crate::hash::Hash;
use crate::index::prefetch;
use crate::lock::LockedCells;
use crate::observer::{Changes, Observer};
use crate::options::{Geometry, MIN_MEMORY_BYTES, Options};
use crate::pool::Pool;
use crate::stats::Stats;
use parking_lot::MutexGuard;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A line of the processor's cache.
const LINE_BYTES: usize = 64;
/// Segments that one slice of the sweep goes through.
const SLICE_SEGMENTS: usize = 8;
/// Cells that one slice of the sweep looks at.
const SLICE_CELLS: usize = 64;
/// A cursor of the sweep is the number of a cell and, in these low bits, of a segment in it.
const CURSOR_BITS: u32 = 16;

/// The engine. `Send + Sync`, shared by `Arc`.
pub struct Store {
    pub(crate) shared: Shared,
}

impl Shared {
    /// Refuses what can never fit, before anything is touched.
    pub(crate) fn check_length(&self, key: usize, value: usize) -> Result<(), Error> {
        if value as u64 > self.options.max_value_size {
            return Err(Error::TooLarge);
        }
        let threshold = self.pool.geometry.chain_threshold();
        if value < threshold && key <= threshold {
            return Ok(());
        }
        let key_bytes = if key > threshold { extent_bytes(key) } else { 0 };
        let fits = value.checked_add(threshold).is_some()
            && extent_bytes(value) + key_bytes <= self.pool.largest_value_bytes();
        if fits { Ok(()) } else { Err(Error::TooLarge) }
    }
}

impl Store {
    /// Reserves the arena, and addresses for it to grow if there are any. Errors when the mapping is refused, or `max_memory` is less than [`MIN_MEMORY_BYTES`].
    pub fn open(options: Options) -> io::Result<Store> {
        if options.max_memory < MIN_MEMORY_BYTES {
            let text = format!("max_memory is less than {MIN_MEMORY_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let geometry = Geometry::of(options.max_memory);
        // Where there are no addresses to spare (`ulimit -v`) it cannot grow.
        let pool = Pool::new(geometry).or_else(|_| Pool::new(geometry.fixed()))?;
        Ok(Store { shared: Shared::new(options, pool.geometry, Arc::new(pool)) })
    }

    /// The options it was opened with; what the limit is now, [`Store::max_memory`] says.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Values of at least this many bytes are kept as chains (a quarter of a segment).
    pub fn chain_threshold(&self) -> usize {
        self.shared.pool.geometry.chain_threshold()
    }

    /// Hash of a key.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> Hash {
        self.shared.hasher.hash(key)
    }

    /// First stage of a batched look-up: the cell's header.
    #[inline]
    pub fn prefetch_cell(&self, hash: Hash) {
        let start = std::ptr::from_ref(self.shared.slot(hash)).cast::<u8>();
        prefetch(start);
        prefetch(start.wrapping_add(LINE_BYTES));
    }

    /// Second stage: the index buckets.
    #[inline]
    pub fn prefetch_bucket(&self, hash: Hash) {
        self.shared.slot(hash).table.prefetch_line(&self.shared.pool, hash);
    }

    /// Third stage: the item that the tag points at, as far as its cell's items reach on average. Measured with
    /// `benches/store.rs` (values of 100 bytes): 0.88 of the time per `get` of one line alone.
    #[inline]
    pub fn prefetch_item(&self, hash: Hash) {
        let (slot, pool) = (self.shared.slot(hash), &self.shared.pool);
        slot.table.guess_place(pool, hash, |place| {
            let start = slot.address(pool, place);
            prefetch(start);
            // Few items end in the line that they start in.
            prefetch(start.wrapping_add(LINE_BYTES));
            if slot.gauges.key_value_bytes.get() > slot.gauges.items.get() * LINE_BYTES as u64 {
                prefetch(start.wrapping_add(2 * LINE_BYTES));
            }
        });
    }

    /// Locks the key's cell. `now_ms` is read once per batch by the caller.
    #[inline]
    pub fn entry<'s, 'k>(&'s self, key: &'k [u8], hash: Hash, now_ms: UnixMillis) -> Entry<'s, 'k> {
        Entry::own(&self.shared, key, hash, Now::at(now_ms))
    }

    /// Locks the cells of all hashes, in ascending order.
    pub fn lock(&self, hashes: &[Hash], now_ms: UnixMillis) -> LockedCells<'_> {
        LockedCells::new(&self.shared, hashes, Now::at(now_ms))
    }

    /// Locks all cells, in ascending order: for what must see or change everything at one moment. Nobody else gets on
    /// meanwhile.
    pub fn lock_all(&self, now_ms: UnixMillis) -> LockedCells<'_> {
        LockedCells::all(&self.shared, Now::at(now_ms))
    }

    /// Reserves extents for a value of `length` bytes, evicting as needed. `TooLarge` before anything is touched;
    /// `TooManyReserved` when [`RESERVED_SHARE`](crate::RESERVED_SHARE) or
    /// [`RESERVED_AND_PINNED_SHARE`](crate::RESERVED_AND_PINNED_SHARE) would be exceeded, unless it is the only
    /// body and fits beside what is pinned.
    ///
    /// Waits for cells that others hold, so the thread must hold no [`Entry`] and no [`LockedCells`] of this store.
    pub fn reserve(&self, length: usize, now_ms: UnixMillis) -> Result<Body, Error> {
        self.shared.check_length(0, length)?;
        let gathering = Gathering::admitted(&self.shared.pool, length).ok_or(Error::TooManyReserved)?;
        self.shared.gather(gathering, Now::at(now_ms))
    }

    /// Makes room for `more` bytes at the end of a body that is full, for a value whose length is not known beforehand. What is
    /// not needed of it in the end, [`Store::cut`] takes off. Refuses as [`Store::reserve`] does, and the body is as it was then.
    ///
    /// # Panics
    /// When the body is not full, or its length is no multiple of [`EXTENT_PAGE_BYTES`](crate::EXTENT_PAGE_BYTES).
    pub fn grow(&self, body: &mut Body, more: usize, now_ms: UnixMillis) -> Result<(), Error> {
        self.shared.check_length(0, body.len().saturating_add(more))?;
        let gathering = Gathering::beside(&self.shared.pool, more, body).ok_or(Error::TooManyReserved)?;
        body.join(self.shared.gather(gathering, Now::at(now_ms))?);
        Ok(())
    }

    /// Ends a body with what is filled of it. Copies what comes after its last full segment.
    pub fn cut(&self, body: &mut Body, now_ms: UnixMillis) -> Result<(), Error> {
        if body.remaining() == 0 {
            return Ok(());
        }
        let gathering = Gathering::new(&self.shared.pool, body.tail_bytes());
        body.cut(self.shared.gather(gathering, Now::at(now_ms))?);
        Ok(())
    }

    /// Names the observer of changes, which is told of none until [`Store::set_observed`] says of which.
    ///
    /// # Panics
    /// When there is one already.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.shared.observation.set_observer(observer);
    }

    /// Of which changes the observer is told from now on, by every thread whose access to the store follows this call.
    /// What nobody observes costs an access one load.
    pub fn set_observed(&self, changes: Changes) {
        self.shared.observation.set_observed(changes);
    }

    /// Removes everything that was written up to now, or, with a later `at_ms`, everything written before that moment
    /// once it comes (a later call replaces an earlier one, as memcached does). With all cells locked: of what is written
    /// in one step nobody sees a part flushed.
    pub fn flush(&self, at_ms: UnixMillis, now_ms: UnixMillis) {
        self.lock_all(now_ms).flush_and_unlock(at_ms);
    }

    /// One bounded slice of the sweep for expired and flushed items, starting from cursor 0; call again with the answer
    /// until it is `None` (round done).
    pub fn sweep_slice(&self, cursor: usize, now_ms: UnixMillis) -> Option<usize> {
        let now = Now::at(now_ms);
        let (mut number, mut first) = (cursor >> CURSOR_BITS, cursor & ((1 << CURSOR_BITS) - 1));
        let (mut segments, mut cells) = (SLICE_SEGMENTS, SLICE_CELLS);
        while segments > 0 && cells > 0 {
            let slot = self.shared.slots.get(number)?;
            let mut cell = slot.lock(now);
            let next = View::of(&self.shared, slot, &mut cell).sweep(first, now);
            // The lock is let go after each segment, to whoever waits: one that is merely unlocked is taken here again before
            // the other has woken up, and a read was seen to wait for as much as a whole cell, 4 ms.
            MutexGuard::unlock_fair(cell);
            match next {
                Some(next) => (first, segments) = (next, segments - 1),
                None => (number, first, cells) = (number + 1, 0, cells - 1),
            }
        }
        (number < self.shared.slots.len()).then_some(number << CURSOR_BITS | first)
    }

    /// One bounded slice of the work that puts memory on huge pages, for faster look-ups: at most one run of 2 MiB, if it is
    /// in use nearly whole, starting from cursor 0; call again with the answer until it is `None`. What is stored is on small
    /// pages at first, so that only what is used of it is resident. Takes no cell's lock, but while the kernel is at work,
    /// some 0.2 to 1 ms and more where a virtual machine's memory is lent page by page, who touches that run waits, and
    /// so does who touches memory of the arena for the first time, with a cell in hand. So wait until
    /// [`Store::resident_bytes`] has stood still.
    pub fn huge_pages_slice(&self, cursor: u32) -> Option<u32> {
        self.shared.pool.make_huge(cursor)
    }

    /// As in [`Stats`]: it changes when memory is begun or given back.
    pub fn resident_bytes(&self) -> u64 {
        self.shared.pool.resident_bytes()
    }

    /// Live items (expired ones that were not yet met count). Reads a number of each cell, without its lock.
    pub fn len(&self) -> u64 {
        self.shared.slots.iter().map(|slot| slot.gauges.items.get()).sum()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counters and gauges, summed over the cells without their locks: exact while nobody writes, and of each cell at some
    /// moment of the call otherwise.
    pub fn stats(&self) -> Stats {
        let pool = &self.shared.pool;
        let mut stats = Stats {
            reserved_bytes: pool.reserved_bytes.load(Ordering::Relaxed),
            pinned_bytes: pool.pinned_bytes.load(Ordering::Relaxed),
            resident_bytes: pool.resident_bytes(),
            max_memory: pool.max_memory(),
            cells: self.shared.slots.len() as u64,
            ..Stats::default()
        };
        for slot in &self.shared.slots {
            stats.gauge(&slot.gauges, &pool.geometry);
            stats.count(&slot.counters);
        }
        stats
    }

    /// Zeroes the counters (not the gauges).
    pub fn reset_stats(&self) {
        for slot in &self.shared.slots {
            // The lock, so that what others count meanwhile is not lost or brought back.
            let _cell = slot.lock(Now::at(0));
            slot.counters.reset();
        }
    }

    /// Checks every invariant of the structure and panics where one does not hold. Nobody else may be using the store.
    #[cfg(any(test, debug_assertions))]
    #[doc(hidden)]
    pub fn check_integrity(&self) {
        self.shared.check_integrity();
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for slot in &self.shared.slots {
            let mut cell = slot.lock(Now::at(0));
            View::of(&self.shared, slot, &mut cell).drop_chains();
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
