//! The index of a cell: 64-byte lines of sixteen 4-byte slots, in pages of the arena.
//!
//! A slot is `place (22 bits) | tag (8) | frequency (2)`; zero is empty, and tag zero marks a link. A key's home line is
//! `upper hash x lines >> 32`. When a line is full, its last slot becomes a link to an overflow line that four
//! neighbouring lines share, so an insert is never refused and an average of fourteen keys a line is no trouble.
//!
//! Lines are written by the holder of the cell's lock only, one atomic store per slot, so that a prefetch may read them
//! without the lock. For the same reason pages of an index are never given back to the pool.

mod grow;
mod simd;
mod walk;

pub(crate) use grow::Keys;
pub(crate) use simd::prefetch;

use crate::hash::Hash;
use crate::options::{Geometry, PLACE_BITS};
use crate::pool::Pool;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const SLOTS: usize = 16;
/// Bytes of a slot.
pub(crate) const SLOT_BYTES: usize = size_of::<AtomicU32>();
const LAST: usize = SLOTS - 1;
/// Lines that share their overflow.
const UNIT_LINES: u32 = 4;
const LINE_BYTES: usize = 64;
/// Keys per line, on average, at which the index grows.
pub(crate) const LINE_LOAD: u32 = 16;
const NO_PAGE: u32 = u32::MAX;

const FREQUENCY_MASK: u32 = 3;
/// Highest frequency: further reads write nothing.
pub(crate) const MAX_FREQUENCY: u32 = FREQUENCY_MASK;
const TAG_SHIFT: u32 = 2;
const TAG_MASK: u32 = 0xff << TAG_SHIFT;
const PLACE_SHIFT: u32 = 32 - PLACE_BITS;

#[repr(align(64))]
pub(crate) struct Line([AtomicU32; SLOTS]);

/// What one needs to know of an index to find a line; readable without the lock.
pub(crate) struct Table {
    /// Numbers of the pages that hold the lines, in order. Written once each.
    pages: Box<[AtomicU32]>,
    lines: AtomicU32,
    /// Lines before the last growth; those of units below the frontier are still laid out for it.
    old_lines: AtomicU32,
    frontier: AtomicU32,
    page_line_bits: u32,
}

/// The rest of an index, under the cell's lock.
#[derive(Default)]
pub(crate) struct Index {
    /// Keys in the index.
    entries: u32,
    overflow_pages: Vec<u32>,
    free_overflow: Vec<u32>,
    /// Pages that hold lines, or will after the next growth.
    line_pages: u32,
    /// Slots of the unit that is being moved; kept to be reused.
    moving: Vec<(u32, Hash)>,
}

/// A key's slot.
#[derive(Clone, Copy)]
pub(crate) struct SlotRef<'p> {
    line: &'p Line,
    lane: usize,
    /// The overflow line that it is in.
    overflow: Option<u32>,
}

/// An index with the pages that it is in. `I` is `&Index` or `&mut Index`.
pub(crate) struct IndexView<'p, I> {
    pub pool: &'p Pool,
    pub table: &'p Table,
    pub index: I,
}

impl SlotRef<'_> {
    #[inline]
    fn load(&self) -> u32 {
        self.line.0[self.lane].load(Ordering::Relaxed)
    }

    #[inline]
    fn store(&self, slot: u32) {
        self.line.0[self.lane].store(slot, Ordering::Relaxed);
    }

    #[inline]
    pub fn frequency(&self) -> u32 {
        self.load() & FREQUENCY_MASK
    }

    #[inline]
    pub fn set_frequency(&self, frequency: u32) {
        self.store(self.load() & !FREQUENCY_MASK | frequency);
    }

    #[inline]
    pub fn place(&self) -> u32 {
        self.load() >> PLACE_SHIFT
    }

    pub fn set_place(&self, place: u32) {
        self.store(self.load() & (TAG_MASK | FREQUENCY_MASK) | place << PLACE_SHIFT);
    }
}

fn is_link(slot: u32) -> bool {
    slot != 0 && slot & TAG_MASK == 0
}

fn link_to(overflow: u32) -> u32 {
    (overflow + 1) << PLACE_SHIFT
}

fn link_target(slot: u32) -> u32 {
    (slot >> PLACE_SHIFT) - 1
}

/// The overflow line that a line goes on with.
fn link_of(line: &Line) -> Option<u32> {
    let last = line.0[LAST].load(Ordering::Relaxed);
    is_link(last).then(|| link_target(last))
}

fn empty_lanes(line: &Line) -> usize {
    simd::matches(line, u32::MAX, 0).count_ones() as usize
}

impl Table {
    pub fn new(geometry: &Geometry) -> Table {
        let page_lines = geometry.index_page_bytes() / LINE_BYTES;
        // Room for a cell full of the least items that are of use (8 bytes of key, none of value).
        let most_items = geometry.most_cell_bytes() as usize / 24;
        let pages = (most_items / LINE_LOAD as usize / page_lines).max(1) + 1;
        Table {
            pages: (0..pages).map(|_| AtomicU32::new(NO_PAGE)).collect(),
            lines: AtomicU32::new(0),
            old_lines: AtomicU32::new(0),
            frontier: AtomicU32::new(0),
            page_line_bits: page_lines.ilog2(),
        }
    }

    #[inline]
    fn home(&self, hash: Hash) -> u32 {
        let frontier = self.frontier.load(Ordering::Relaxed);
        if frontier > 0 {
            let old = hash.line(self.old_lines.load(Ordering::Relaxed));
            if old / UNIT_LINES < frontier {
                return old;
            }
        }
        hash.line(self.lines.load(Ordering::Acquire))
    }

    /// The address of a line; null while the index has no pages.
    #[inline]
    fn address(&self, pool: &Pool, line: u32) -> *const Line {
        let page = self.pages[(line >> self.page_line_bits) as usize].load(Ordering::Acquire);
        if page == NO_PAGE {
            return std::ptr::null();
        }
        let within = line as usize & ((1 << self.page_line_bits) - 1);
        pool.index_page(page).wrapping_add(within * LINE_BYTES).cast()
    }

    /// Asks for the hash's line, without the lock.
    #[inline]
    pub fn prefetch_line(&self, pool: &Pool, hash: Hash) {
        prefetch(self.address(pool, self.home(hash)).cast());
    }

    /// Calls `found` with the place of the item that the tag points at, without the lock: a guess.
    #[inline]
    pub fn guess_place(&self, pool: &Pool, hash: Hash, found: impl FnOnce(u32)) {
        let line = self.address(pool, self.home(hash));
        // SAFETY: pages of an index stay one and are zeroed before they are published; slots are atomics.
        let Some(line) = (unsafe { line.as_ref() }) else { return };
        let wanted = hash.tag() << TAG_SHIFT;
        let slot = line.0.iter().map(|slot| slot.load(Ordering::Relaxed)).find(|slot| slot & TAG_MASK == wanted);
        if let Some(slot) = slot {
            found(slot >> PLACE_SHIFT);
        }
    }
}

impl<'p, I: Deref<Target = Index>> IndexView<'p, I> {
    #[inline]
    fn line(&self, line: u32) -> Option<&'p Line> {
        // SAFETY: pages of an index stay one, are aligned and zeroed before they are published; slots are atomics.
        unsafe { self.table.address(self.pool, line).as_ref() }
    }

    #[inline]
    fn home_line(&self, hash: Hash) -> Option<&'p Line> {
        self.line(self.table.home(hash))
    }

    fn overflow_line(&self, overflow: u32) -> &'p Line {
        let bits = self.table.page_line_bits;
        let page = self.index.overflow_pages[(overflow >> bits) as usize];
        let within = overflow as usize & ((1 << bits) - 1);
        // SAFETY: as for `line`.
        unsafe { &*self.pool.index_page(page).wrapping_add(within * LINE_BYTES).cast::<Line>() }
    }

    /// The first slot with the hash's tag of which `accept` says yes to the place.
    #[inline]
    pub fn find(&self, hash: Hash, mut accept: impl FnMut(u32) -> bool) -> Option<SlotRef<'p>> {
        let mut line = self.home_line(hash)?;
        let mut overflow = None;
        let wanted = hash.tag() << TAG_SHIFT;
        loop {
            let mut bits = simd::matches(line, TAG_MASK, wanted);
            while bits != 0 {
                let slot = SlotRef { line, lane: bits.trailing_zeros() as usize, overflow };
                if accept(slot.place()) {
                    return Some(slot);
                }
                bits &= bits - 1;
            }
            let next = link_of(line)?;
            overflow = Some(next);
            line = self.overflow_line(next);
        }
    }

    /// The slot of the item at a place.
    pub fn find_place(&self, hash: Hash, place: u32) -> Option<SlotRef<'p>> {
        self.find(hash, |at| at == place)
    }

    /// Whether an insert of the hash needs overflow lines, which must be there before.
    pub fn needs_overflow(&self, hash: Hash) -> bool {
        let Some(line) = self.home_line(hash) else { return true };
        if empty_lanes(line) > 0 {
            return false;
        }
        let mut next = self.unit_overflow(self.table.home(hash) / UNIT_LINES);
        while let Some(overflow) = next {
            let line = self.overflow_line(overflow);
            if empty_lanes(line) >= 2 {
                return false;
            }
            next = link_of(line);
        }
        true
    }

    /// The first overflow line of a unit.
    fn unit_overflow(&self, unit: u32) -> Option<u32> {
        self.unit_lines(unit).find_map(link_of)
    }

    fn unit_lines(&self, unit: u32) -> impl Iterator<Item = &'p Line> {
        (unit * UNIT_LINES..(unit + 1) * UNIT_LINES).map(|n| self.line(n).expect("a line of the table"))
    }

    pub fn free_overflow(&self) -> usize {
        self.index.free_overflow.len()
    }

    /// All keys' slots, as (place, frequency).
    #[cfg(any(test, debug_assertions))]
    pub fn slots(&self) -> impl Iterator<Item = (u32, u32)> {
        let homes = (0..self.table.lines.load(Ordering::Relaxed)).filter_map(|n| self.line(n));
        let lines_per_page = 1u32 << self.table.page_line_bits;
        let overflow = (0..self.index.overflow_pages.len() as u32 * lines_per_page).map(|n| self.overflow_line(n));
        homes
            .chain(overflow)
            .flat_map(|line| line.0.iter().map(|slot| slot.load(Ordering::Relaxed)))
            .filter(|slot| slot & TAG_MASK != 0)
            .map(|slot| (slot >> PLACE_SHIFT, slot & FREQUENCY_MASK))
    }
}

impl IndexView<'_, &mut Index> {
    /// Adds a slot. Its key is not in the index; a page and, when the home line is full, an overflow line are there.
    pub fn insert(&mut self, hash: Hash, place: u32, frequency: u32) {
        self.index.entries += 1;
        self.insert_slot(hash, place << PLACE_SHIFT | hash.tag() << TAG_SHIFT | frequency);
    }

    fn insert_slot(&mut self, hash: Hash, slot: u32) {
        let home = self.table.home(hash);
        let line = self.line(home).expect("a page was added before the first insert");
        if put(line, slot) {
            return;
        }
        let last = line.0[LAST].load(Ordering::Relaxed);
        if is_link(last) {
            return self.insert_overflow(link_target(last), slot);
        }
        let overflow = self.unit_overflow(home / UNIT_LINES).unwrap_or_else(|| self.take_overflow());
        line.0[LAST].store(link_to(overflow), Ordering::Relaxed);
        self.insert_overflow(overflow, last);
        self.insert_overflow(overflow, slot);
    }

    fn insert_overflow(&mut self, mut overflow: u32, slot: u32) {
        loop {
            let line = self.overflow_line(overflow);
            if put(line, slot) {
                return;
            }
            let last = line.0[LAST].load(Ordering::Relaxed);
            if is_link(last) {
                overflow = link_target(last);
                continue;
            }
            overflow = self.take_overflow();
            let next = self.overflow_line(overflow);
            put(next, last);
            put(next, slot);
            return line.0[LAST].store(link_to(overflow), Ordering::Relaxed);
        }
    }

    fn take_overflow(&mut self) -> u32 {
        self.index.free_overflow.pop().expect("overflow lines were added before the insert")
    }

    /// Removes a key's slot.
    pub fn remove(&mut self, hash: Hash, slot: SlotRef<'_>) {
        slot.store(0);
        self.index.entries -= 1;
        let Some(overflow) = slot.overflow else { return };
        if empty_lanes(slot.line) == SLOTS {
            self.unlink(self.table.home(hash), overflow);
        }
    }

    /// Takes an empty overflow line out of its unit.
    fn unlink(&mut self, home: u32, overflow: u32) {
        let mut linked = None;
        for line in self.unit_lines(home / UNIT_LINES) {
            match link_of(line) {
                Some(first) if first == overflow => line.0[LAST].store(0, Ordering::Relaxed),
                Some(first) => linked = Some(first),
                None => {}
            }
        }
        // All homes of a unit share the first overflow line: if it is another one, ours follows in its chain.
        while let Some(before) = linked {
            let line = self.overflow_line(before);
            linked = link_of(line);
            if linked == Some(overflow) {
                line.0[LAST].store(0, Ordering::Relaxed);
                linked = None;
            }
        }
        self.index.free_overflow.push(overflow);
    }
}

/// Writes a slot into an empty lane, if there is one.
fn put(line: &Line, slot: u32) -> bool {
    let empty = simd::matches(line, u32::MAX, 0);
    if empty != 0 {
        line.0[empty.trailing_zeros() as usize].store(slot, Ordering::Relaxed);
    }
    empty != 0
}
