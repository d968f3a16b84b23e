//! The log of a cell: its segments, what is in them, and the queues that they stand in.

use super::{Cell, Now, Reason, View};
use crate::hash::Hash;
use crate::item::RawItem;
use crate::options::{Eviction, UNIT_BYTES};
use std::sync::atomic::Ordering;

/// Size classes: half the bit length of an item's size, i.e. powers of four, and one class of stubs.
pub(super) const CLASSES: usize = 10;
/// The class of stubs of large values; its segments are never evicted, but the items in them one by one.
pub(super) const STUBS: usize = CLASSES - 1;
pub(super) const NO_LOCAL: u16 = u16::MAX;
/// Share of the cell that may lie unused in open segments before classes fold together, in per cent: a long one in either queue
/// has room in that, or else long ones would be broken into plain ones one by one, for good. Measured with
/// `tests/miss_ratio.rs` at 500,000 requests: with sizes of 50 B - 60 KB the store misses 0.398 at 5, 0.359 at 10, 0.360 at 15
/// and 0.359 without folding; the other traces do not care.
const OPEN_PERCENT: u64 = 15;
/// Of how many segments of the arena a long segment is made.
const LONG_COUNTS: [u32; 2] = [2, 4];

/// Segments from the oldest to the open one, linked through their metas.
#[derive(Clone, Copy)]
pub(super) struct Queue {
    pub head: u16,
    pub tail: u16,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue { head: NO_LOCAL, tail: NO_LOCAL }
    }
}

/// What a cell knows of one of its segments.
#[derive(Clone, Copy)]
pub(super) struct SegmentMeta {
    pub next: u16,
    pub prev: u16,
    pub class: u8,
    pub queue: u8,
    /// Segments of the arena, side by side, that make it up; they have the cell's numbers from its own on. 0 when the number is
    /// not that of a segment in use.
    pub count: u8,
    /// How far before this number that of the segment is which it is a part of; 0 for itself.
    pub part: u8,
    /// Bytes appended so far.
    pub used: u32,
    pub live_bytes: u32,
    pub live_items: u32,
    /// Sum of the frequencies of the live items.
    pub hits: u32,
    /// The cell's inflation when the segment was opened.
    pub stamp: f64,
    /// No item expires before; `u64::MAX` when none does, 0 when all must be looked at.
    pub earliest_ms: u64,
}

/// The size class of an item of that many bytes.
pub(super) fn class_of(bytes: usize) -> usize {
    ((usize::BITS - bytes.leading_zeros()) as usize / 2).min(STUBS - 1)
}

impl<'a> View<'a, '_> {
    /// Bytes of a segment of the arena.
    pub(super) fn segment_bytes(&self) -> usize {
        self.shared.pool.geometry.segment_bytes
    }

    /// Bytes that fit into one of the cell's segments.
    pub(super) fn capacity(&self, local: u16) -> usize {
        self.segment_bytes() * self.meta(local).count as usize
    }

    /// The number of the segment of a place within the cell.
    #[inline]
    pub(super) fn local(&self, place: u32) -> u16 {
        let number = (place >> self.shared.pool.geometry.unit_bits) as u16;
        number - u16::from(self.meta(number).part)
    }

    pub(super) fn place(&self, local: u16, offset: usize) -> u32 {
        // A sum, for an offset in a long segment may lie in one of the numbers that follow.
        (u32::from(local) << self.shared.pool.geometry.unit_bits) + (offset / UNIT_BYTES) as u32
    }

    /// Where an item starts, or will start, in a segment of this cell.
    pub(super) fn item_at(&self, local: u16, offset: usize) -> RawItem {
        self.item(self.place(local, offset))
    }

    pub(super) fn meta(&self, local: u16) -> &SegmentMeta {
        &self.cell.metas[local as usize]
    }

    pub(super) fn meta_mut(&mut self, local: u16) -> &mut SegmentMeta {
        &mut self.cell.metas[local as usize]
    }

    /// The queue's open segment, if so many bytes fit into it.
    pub(super) fn open_with_room(&self, class: usize, queue: usize, bytes: usize) -> Option<u16> {
        let tail = self.cell.queues[class][queue].tail;
        (tail != NO_LOCAL && self.meta(tail).used as usize + bytes <= self.capacity(tail)).then_some(tail)
    }

    /// Another class's open segment with room, if open segments leave too much unused for one more; the nearest class.
    pub(super) fn fold(&self, class: usize, queue: usize, bytes: usize, always: bool) -> Option<u16> {
        if class == STUBS {
            return None;
        }
        if !always && self.may_open(1) {
            return None;
        }
        let candidates = (0..STUBS).filter_map(|other| {
            let local = self.open_with_room(other, queue, bytes)?;
            Some((other.abs_diff(class), local))
        });
        candidates.min_by_key(|&(distance, _)| distance).map(|(_, local)| local)
    }

    /// Whether open segments leave little enough unused for one more, of so many segments of the arena.
    fn may_open(&self, count: u32) -> bool {
        let segment_bytes = self.segment_bytes() as u64;
        let tails = self.cell.queues.iter().flatten().filter(|queue| queue.tail != NO_LOCAL);
        let unused: u64 =
            tails.map(|queue| self.capacity(queue.tail) as u64 - u64::from(self.meta(queue.tail).used)).sum();
        let limit = self.shared.pool.cell_share_bytes() * OPEN_PERCENT / 100;
        unused + u64::from(count) * segment_bytes <= limit.max(2 * segment_bytes)
    }

    /// Of how many segments of the arena one for items of that size is best made: what is left over at its end is lost, and
    /// of an open one half is unused on average, in either queue.
    fn best_count(&self, bytes: usize) -> u32 {
        let share = self.shared.pool.cell_share_bytes() as usize;
        let loss = |count: u32| {
            let capacity = self.segment_bytes() * count as usize;
            (capacity % bytes) as f64 / capacity as f64 + capacity as f64 / share as f64
        };
        let longer = LONG_COUNTS.into_iter().filter(|&count| loss(count) < loss(1));
        longer.min_by(|&a, &b| loss(a).total_cmp(&loss(b))).unwrap_or(1)
    }

    /// Whether the cell can number one segment more.
    pub(super) fn can_open(&self) -> bool {
        !self.cell.locals.is_empty()
    }

    /// Opens a segment for an item of that size in a queue: a long one where that loses less, if there are segments side by
    /// side for it, or a plain one; `None` if there is none.
    pub(super) fn open_for(&mut self, class: usize, queue: usize, bytes: usize) -> Option<u16> {
        let count = if class == STUBS { 1 } else { self.best_count(bytes) };
        let long = if count > 1 && self.may_open(count) { self.open(class, queue, count) } else { None };
        long.or_else(|| self.open(class, queue, 1))
    }

    /// Makes segments of the pool, side by side, the open one of a queue.
    fn open(&mut self, class: usize, queue: usize, count: u32) -> Option<u16> {
        let local = self.cell.locals.take(count)?;
        let Some(segment) = self.pool().take_segments(count) else {
            self.cell.locals.give(local, count);
            return None;
        };
        let stamp = self.next_stamp();
        let meta = SegmentMeta {
            next: NO_LOCAL,
            prev: NO_LOCAL,
            class: class as u8,
            queue: queue as u8,
            count: count as u8,
            part: 0,
            used: 0,
            live_bytes: 0,
            live_items: 0,
            hits: 0,
            stamp,
            earliest_ms: u64::MAX,
        };
        let (first, end) = (local as usize, local as usize + count as usize);
        if self.cell.metas.len() < end {
            self.cell.metas.resize(end, SegmentMeta { count: 0, ..meta });
        }
        self.cell.metas[first] = meta;
        for n in 1..count {
            self.cell.metas[first + n as usize] = SegmentMeta { count: 0, part: n as u8, ..meta };
        }
        for n in 0..count {
            self.slot.segments[first + n as usize].store(segment + n, Ordering::Relaxed);
        }
        self.slot.gauges.segments.add(u64::from(count));
        self.cell.enqueue(local);
        Some(local)
    }

    /// The stamp of what is opened now.
    pub(super) fn next_stamp(&mut self) -> f64 {
        if self.shared.options.eviction == Eviction::Lru {
            self.cell.inflation += 1.0;
        }
        self.cell.inflation
    }

    /// Room at the end of a segment, which has it; counted as a live item with that frequency.
    pub(super) fn append(&mut self, local: u16, bytes: usize, frequency: u32, expires_at_ms: u64) -> u32 {
        let meta = self.meta_mut(local);
        let offset = meta.used as usize;
        meta.used += bytes as u32;
        meta.live_bytes += bytes as u32;
        meta.live_items += 1;
        meta.hits += frequency;
        meta.expires(expires_at_ms);
        debug_assert!(offset + bytes <= self.capacity(local));
        self.place(local, offset)
    }

    /// Lets an item go that is no longer in the index.
    pub(super) fn bury(&mut self, hash: Hash, place: u32, frequency: u32, reason: Reason, now: Now) {
        self.report_going(hash, place, reason, now);
        self.make_gap(place, frequency, reason);
    }

    /// Counts an item out that is no longer in the index, and makes it a gap.
    pub(super) fn make_gap(&mut self, place: u32, frequency: u32, reason: Reason) {
        let item = self.item(place);
        let bytes = item.bytes();
        self.count_out(item, reason);
        if item.has_chain() {
            self.drop_large(place, item);
        }
        let local = self.local(place);
        self.meta_mut(local).forget(bytes, frequency);
        item.make_dead(bytes);
    }

    fn count_out(&mut self, item: RawItem, reason: Reason) {
        let bytes = (item.key_len() + item.value_len()) as u64;
        // What a flush has reached is not in the gauges any more.
        if item.cas() > self.cell.flush_cas {
            self.slot.gauges.items.sub(1);
            self.slot.gauges.key_value_bytes.sub(bytes);
            self.count_expiry(item.expires_at_ms(), 0);
        }
        let unread = u64::from(!item.is_fetched());
        let counters = &self.slot.counters;
        match reason {
            Reason::Removed | Reason::Replaced => {}
            Reason::Flushed => counters.flushed.add(1),
            Reason::Expired => {
                counters.expirations.add(1);
                counters.expired_unfetched.add(unread);
            }
            Reason::Evicted => {
                counters.evictions.add(1);
                counters.evicted_unfetched.add(unread);
            }
        }
    }

    /// Gives a segment back to the pool when nothing in it is alive.
    pub(super) fn release_if_empty(&mut self, local: u16) {
        if self.meta(local).live_items == 0 {
            self.cell.dequeue(local);
            self.release(local);
        }
    }

    /// Gives back a segment that stands in no queue.
    pub(super) fn release(&mut self, local: u16) {
        let count = u32::from(self.meta(local).count);
        self.meta_mut(local).count = 0;
        self.cell.locals.give(local, count);
        self.slot.gauges.segments.sub(u64::from(count));
        let segment = self.slot.segments[local as usize].load(Ordering::Relaxed);
        self.shared.pool.release_segments(segment, count);
    }
}

impl Cell {
    /// Puts a segment at the end of its queue.
    pub(super) fn enqueue(&mut self, local: u16) {
        let meta = self.metas[local as usize];
        let queue = &mut self.queues[meta.class as usize][meta.queue as usize];
        let prev = std::mem::replace(&mut queue.tail, local);
        if prev == NO_LOCAL {
            queue.head = local;
        } else {
            self.metas[prev as usize].next = local;
        }
        let meta = &mut self.metas[local as usize];
        (meta.prev, meta.next) = (prev, NO_LOCAL);
    }

    /// Takes a segment out of its queue.
    pub(super) fn dequeue(&mut self, local: u16) {
        let SegmentMeta { prev, next, class, queue, .. } = self.metas[local as usize];
        let queue = &mut self.queues[class as usize][queue as usize];
        if prev == NO_LOCAL {
            queue.head = next;
        } else {
            self.metas[prev as usize].next = next;
        }
        if next == NO_LOCAL {
            queue.tail = prev;
        } else {
            self.metas[next as usize].prev = prev;
        }
    }
}

impl SegmentMeta {
    /// Takes note of an expiry (0 = never) in the segment.
    pub fn expires(&mut self, expires_at_ms: u64) {
        if expires_at_ms != 0 {
            self.earliest_ms = self.earliest_ms.min(expires_at_ms);
        }
    }

    /// One live item less.
    pub fn forget(&mut self, bytes: usize, frequency: u32) {
        self.live_bytes -= bytes as u32;
        self.live_items -= 1;
        self.hits -= frequency;
    }

    pub fn in_use(&self) -> bool {
        self.count > 0
    }

    pub fn dead_bytes(&self) -> usize {
        (self.used - self.live_bytes) as usize
    }
}
