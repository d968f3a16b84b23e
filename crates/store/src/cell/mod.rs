//! A cell: a small single-threaded cache behind one lock.

mod amend;
mod append;
mod evict;
mod expire;
mod large;
mod locals;
mod reclaim;
mod report;
mod segments;
mod walk;
mod write;

#[cfg(any(test, debug_assertions))]
mod integrity;

pub(crate) use reclaim::Room;
pub(crate) use write::Source;

use crate::entry::Absence;
use crate::ghosts::Ghosts;
use crate::hash::{Hash, Hasher};
use crate::index::{Index, IndexView, Keys, SlotRef, Table, prefetch};
use crate::item::{RawItem, access_second};
use crate::lock::Others;
use crate::observer::Observation;
use crate::options::{Geometry, Options, UNIT_BYTES};
use crate::pool::Pool;
use crate::stats::{Counters, Gauges};
use crossbeam_utils::CachePadded;
use large::LargeList;
use locals::Locals;
use parking_lot::{Mutex, MutexGuard};
use segments::{CLASSES, Queue, SegmentMeta};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Queue of new items.
const PROBATION: usize = 0;
/// Queue of items that were read, or remembered by a ghost.
const MAIN: usize = 1;

/// The moment of an operation.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    pub ms: u64,
    /// As an item keeps it.
    pub s: u32,
}

impl Now {
    #[inline]
    pub fn at(ms: u64) -> Now {
        Now { ms, s: access_second(ms) }
    }
}

/// Why an item goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Removed,
    Replaced,
    Expired,
    Flushed,
    Evicted,
}

/// All that the cells share.
pub(crate) struct Shared {
    pub pool: Arc<Pool>,
    pub hasher: Hasher,
    pub options: Options,
    pub slots: Box<[CachePadded<Slot>]>,
    pub observation: Observation,
    /// Where the next sample of cells to evict from begins.
    sample: AtomicUsize,
}

/// A cell and what may be read of it without its lock.
#[repr(C)]
pub(crate) struct Slot {
    pub table: Table,
    /// The arena's segment for each of the cell's own numbers.
    segments: Box<[AtomicU32]>,
    pub gauges: Gauges,
    cell: Mutex<Cell>,
    pub counters: Counters,
}

pub(crate) struct Cell {
    /// Of the latest version written.
    pub cas: u64,
    /// Versions up to this one were flushed.
    flush_cas: u64,
    /// When the next flush comes; `u64::MAX` for none.
    flush_at_ms: u64,
    metas: Vec<SegmentMeta>,
    index: Index,
    ghosts: Ghosts,
    queues: [[Queue; 2]; CLASSES],
    large: [LargeList; 2],
    locals: Locals,
    /// Value of what was evicted last: GreedyDual's clock. For LRU a count of segments opened.
    inflation: f64,
}

/// A locked cell with its surroundings; all operations on items are methods of it.
pub(crate) struct View<'a, 'c> {
    pub shared: &'a Shared,
    pub slot: &'a Slot,
    pub cell: &'c mut Cell,
    /// Cells that the thread holds besides, in which nobody else can make room.
    pub others: Option<&'c mut Others<'a>>,
}

impl Shared {
    pub fn new(options: Options, geometry: Geometry, pool: Arc<Pool>) -> Shared {
        let slots = (0..geometry.cells).map(|_| CachePadded::new(Slot::new(&geometry))).collect();
        let hasher = Hasher::new(&options.hash_key);
        Shared { pool, hasher, options, slots, observation: Observation::default(), sample: AtomicUsize::new(0) }
    }

    #[inline]
    pub fn slot(&self, hash: Hash) -> &Slot {
        &self.slots[hash.cell(self.slots.len())]
    }
}

impl Slot {
    fn new(geometry: &Geometry) -> Slot {
        Slot {
            table: Table::new(geometry),
            segments: (0..geometry.local_segments()).map(|_| AtomicU32::new(0)).collect(),
            gauges: Gauges::default(),
            cell: Mutex::new(Cell::new(geometry)),
            counters: Counters::default(),
        }
    }

    /// Waits for the cell's lock.
    #[inline]
    pub fn lock(&self, now: Now) -> MutexGuard<'_, Cell> {
        let mut cell = self.cell.lock();
        if now.ms >= cell.flush_at_ms {
            self.flush(&mut cell);
        }
        cell
    }

    /// Takes the cell's lock if nobody has it.
    pub fn try_lock(&self, now: Now) -> Option<MutexGuard<'_, Cell>> {
        let mut cell = self.cell.try_lock()?;
        if now.ms >= cell.flush_at_ms {
            self.flush(&mut cell);
        }
        Some(cell)
    }

    /// Bytes of segments and extents that the cell holds.
    pub fn held_bytes(&self, geometry: &Geometry) -> u64 {
        self.gauges.segments.get() * geometry.segment_bytes as u64 + self.gauges.chain_bytes.get()
    }

    /// The address of a place, which may be stale when the lock is not held.
    #[inline]
    pub fn address(&self, pool: &Pool, place: u32) -> *mut u8 {
        let bits = pool.geometry.unit_bits;
        let segment = self.segments[(place >> bits) as usize].load(Ordering::Relaxed);
        pool.segment(segment).wrapping_add((place & ((1 << bits) - 1)) as usize * UNIT_BYTES)
    }

    /// The item at a place of a live slot.
    #[inline]
    fn item(&self, pool: &Pool, place: u32) -> RawItem {
        // SAFETY: only reached through a `Cell` reference, hence with the lock; places in the index are those of items.
        unsafe { RawItem::at(self.address(pool, place)) }
    }

    /// Finds a key, live or not.
    #[inline]
    pub fn find<'s>(&'s self, pool: &'s Pool, cell: &Cell, key: &[u8], hash: Hash) -> Option<(SlotRef<'s>, RawItem)> {
        let index = IndexView { pool, table: &self.table, index: &cell.index };
        let mut item = None;
        let slot = index.find(hash, |place| {
            let candidate = self.item(pool, place);
            let same = candidate.key_is(key);
            if same {
                item = Some(candidate);
            }
            same
        })?;
        item.map(|item| (slot, item))
    }
}

impl Cell {
    fn new(geometry: &Geometry) -> Cell {
        // With room for all segments from the start: the operations that free one must not be those that allocate.
        let segments = geometry.local_segments();
        Cell {
            cas: 0,
            flush_cas: 0,
            flush_at_ms: u64::MAX,
            metas: Vec::with_capacity(segments),
            index: Index::default(),
            ghosts: Ghosts::default(),
            queues: Default::default(),
            large: Default::default(),
            locals: Locals::new(segments),
            inflation: 0.0,
        }
    }

    /// Whether an item is no longer there, though nobody has removed it.
    #[inline]
    pub fn is_gone(&self, item: RawItem, now: Now) -> Option<Reason> {
        let expires_at_ms = item.expires_at_ms();
        if item.cas() <= self.flush_cas {
            Some(Reason::Flushed)
        } else if expires_at_ms != 0 && expires_at_ms <= now.ms {
            Some(Reason::Expired)
        } else {
            None
        }
    }

    fn next_cas(&mut self) -> u64 {
        self.cas += 1;
        debug_assert!(self.cas <= crate::item::MAX_CAS);
        self.cas
    }
}

/// The keys of a locked cell's items.
struct ItemKeys<'a> {
    shared: &'a Shared,
    slot: &'a Slot,
}

impl Keys for ItemKeys<'_> {
    fn prefetch(&self, place: u32) {
        prefetch(self.slot.address(&self.shared.pool, place));
    }

    fn hash(&self, place: u32) -> Hash {
        self.slot.item(&self.shared.pool, place).with_key(|key| self.shared.hasher.hash(key))
    }
}

impl<'a, 'c> View<'a, 'c> {
    /// Of a cell that is locked alone.
    #[inline]
    pub fn of(shared: &'a Shared, slot: &'a Slot, cell: &'c mut Cell) -> View<'a, 'c> {
        View { shared, slot, cell, others: None }
    }
}

impl<'a> View<'a, '_> {
    fn keys(&self) -> ItemKeys<'a> {
        ItemKeys { shared: self.shared, slot: self.slot }
    }

    fn pool(&self) -> &'a Pool {
        &self.shared.pool
    }

    fn index(&mut self) -> IndexView<'a, &mut Index> {
        IndexView { pool: &self.shared.pool, table: &self.slot.table, index: &mut self.cell.index }
    }

    fn item(&self, place: u32) -> RawItem {
        self.slot.item(self.pool(), place)
    }

    /// Finds a key, live or not.
    #[inline]
    pub fn find(&self, key: &[u8], hash: Hash) -> Option<(SlotRef<'a>, RawItem)> {
        self.slot.find(&self.shared.pool, self.cell, key, hash)
    }

    /// Finds a live item; one whose time has come is removed, and the answer says why.
    #[inline(always)]
    pub fn find_live(&mut self, key: &[u8], hash: Hash, now: Now) -> Result<(SlotRef<'a>, RawItem), Option<Reason>> {
        let (slot, item) = self.find(key, hash).ok_or(None)?;
        match self.cell.is_gone(item, now) {
            None => Ok((slot, item)),
            Some(reason) => {
                self.remove_gone(hash, slot, reason, now);
                Err(Some(reason))
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn remove_gone(&mut self, hash: Hash, slot: SlotRef<'a>, reason: Reason, now: Now) {
        self.remove(hash, slot, reason, now);
    }

    /// What is to be said of a key that is not there. `reason`: why it was removed just now, if it was.
    #[inline(never)]
    pub fn absence(&mut self, hash: Hash, reason: Option<Reason>) -> Absence {
        match reason {
            Some(Reason::Expired) => Absence::Expired,
            Some(_) => Absence::Flushed,
            None if self.is_ghost(hash) => Absence::Evicted,
            None => Absence::Absent,
        }
    }

    /// Counts a read of a live item.
    #[inline(always)]
    pub fn count_read(&mut self, slot: SlotRef<'a>, item: RawItem, now: Now) {
        let frequency = slot.frequency();
        if frequency < crate::index::MAX_FREQUENCY {
            slot.set_frequency(frequency + 1);
            let local = self.local(slot.place());
            self.cell.metas[local as usize].hits += 1;
        }
        item.touch(now.s);
    }

    /// Whether the key was evicted and is remembered.
    pub fn is_ghost(&mut self, hash: Hash) -> bool {
        self.cell.ghosts.contains(hash, &self.shared.pool)
    }

    /// Removes an item.
    pub fn remove(&mut self, hash: Hash, slot: SlotRef<'a>, reason: Reason, now: Now) {
        let (place, frequency) = (slot.place(), slot.frequency());
        self.index().remove(hash, slot);
        self.bury(hash, place, frequency, reason, now);
        self.release_if_empty(self.local(place));
    }
}
