//! Density-aware S3-FIFO, second chance, and compaction.
//!
//! To make room, the oldest segments of all queues are compared and the one goes whose items are worth least per byte:
//! `stamp + weight x (live items + hits) / bytes`. The stamp is the cell's inflation when the segment was opened, and
//! the inflation rises to the value of what is evicted, so what was put in long ago has to be read more to stay
//! (GreedyDual). Within the segment S3-FIFO's rule holds: what was read moves on to the main queue, at the price of a
//! read, and the rest goes; from probation it leaves a ghost, by which it is known when it comes back.
//!
//! What has expired and was not swept yet goes before anything alive: an eviction first sweeps a segment that has some.
//!
//! No spare segment is needed: what stays fills the main queue's open segment, and what does not fit there slides to the
//! front of the segment at hand, which becomes the open one.

use super::segments::{NO_LOCAL, STUBS};
use super::{MAIN, Now, PROBATION, Reason, View};
use crate::hash::Hash;
use crate::index::SlotRef;
use crate::item::RawItem;
use crate::options::Eviction;

/// What the items of the probation queue count for, against 1 for the main queue's.
const PROBATION_WEIGHT: f64 = 0.6;
/// Factor on the value of a queue's only segment while it is not nearly full: it has had no time to be read.
const FILLING_FACTOR: f64 = 1.25;

/// Items of a segment whose lines of memory are asked for ahead.
const BATCH_ITEMS: usize = 16;

/// What is evicted next.
#[derive(Clone, Copy)]
enum Victim {
    Segment { local: u16 },
    Large { place: u32, queue: usize },
}

/// Why a segment is gone through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Evict,
    Compact,
}

/// A segment that is gone through.
struct Walk {
    local: u16,
    class: usize,
    to: usize,
    /// Bytes that slid to its front.
    kept: usize,
    earliest_ms: u64,
}

/// What becomes of an item.
enum Fate {
    Goes(Reason),
    Stays { frequency: u32 },
}

impl<'a> View<'a, '_> {
    fn is_lru(&self) -> bool {
        self.shared.options.eviction == Eviction::Lru
    }

    fn weight(&self, queue: usize) -> f64 {
        if queue == MAIN { 1.0 } else { PROBATION_WEIGHT }
    }

    /// Makes room: by removing what is gone already, else by evicting what is worth least; false if there is nothing.
    pub(super) fn evict(&mut self, now: Now) -> bool {
        if self.sweep_overdue(now) {
            return true;
        }
        let Some((value, victim)) = self.victim() else { return false };
        if !self.is_lru() {
            self.cell.inflation = self.cell.inflation.max(value);
        }
        match victim {
            Victim::Segment { local } => {
                self.cell.dequeue(local);
                self.recycle(local, Mode::Evict, now);
            }
            Victim::Large { place, queue } => self.evict_large(place, queue, now),
        }
        true
    }

    /// Sweeps the segment in which an item has been gone for longest; true if that made room. It is one segment and no more,
    /// so that the cell is not held for longer than an eviction takes, also where every segment has some of these.
    fn sweep_overdue(&mut self, now: Now) -> bool {
        let due = self.cell.metas.iter().enumerate().filter(|(_, meta)| meta.in_use() && meta.earliest_ms <= now.ms);
        let Some((local, &before)) = due.min_by_key(|(_, meta)| meta.earliest_ms) else { return false };
        let went = self.sweep_segment(local as u16, now);
        let after = self.meta(local as u16);
        // A stub that goes leaves its extents. Of other segments there is room when they are given back, or compacted.
        !after.in_use() || after.used < before.used || went && before.class as usize == STUBS
    }

    fn victim(&self) -> Option<(f64, Victim)> {
        let mut least: Option<(f64, Victim)> = None;
        let mut offer = |value: f64, victim| {
            if least.is_none_or(|(other, _)| value < other) {
                least = Some((value, victim));
            }
        };
        for queues in &self.cell.queues[..STUBS] {
            for (number, queue) in queues.iter().enumerate().filter(|(_, queue)| queue.head != NO_LOCAL) {
                let filling = queue.head == queue.tail;
                offer(self.segment_value(queue.head, number, filling), Victim::Segment { local: queue.head });
            }
        }
        for (queue, list) in
            self.cell.large.iter().enumerate().filter(|(_, list)| list.oldest != super::large::NO_PLACE)
        {
            offer(self.large_value(list.oldest, queue), Victim::Large { place: list.oldest, queue });
        }
        least
    }

    fn segment_value(&self, local: u16, queue: usize, only: bool) -> f64 {
        let meta = self.meta(local);
        if self.is_lru() {
            return meta.stamp;
        }
        let capacity = self.capacity(local);
        let density = f64::from(meta.live_items + meta.hits) / capacity as f64;
        let filling = only && (meta.used as usize) < capacity * 3 / 4;
        (meta.stamp + self.weight(queue) * density) * if filling { FILLING_FACTOR } else { 1.0 }
    }

    fn large_value(&self, place: u32, queue: usize) -> f64 {
        let item = self.item(place);
        if self.is_lru() {
            return item.stamp();
        }
        let slot = item.with_key(|key| self.find(key, self.shared.hasher.hash(key)));
        let frequency = slot.map_or(0, |(slot, _)| slot.frequency());
        item.stamp() + self.weight(queue) * f64::from(1 + frequency) / item.extent_bytes().max(1) as f64
    }

    fn evict_large(&mut self, place: u32, queue: usize, now: Now) {
        let item = self.item(place);
        let hash = item.with_key(|key| self.shared.hasher.hash(key));
        let slot = self.slot_at(hash, place);
        match self.fate(item, slot, Mode::Evict, queue, now) {
            Fate::Goes(reason) => {
                self.remove(hash, slot, reason, now);
                self.remember(hash, queue, reason);
            }
            Fate::Stays { frequency } => {
                self.set_frequency(slot, frequency);
                let to = self.next_queue(queue);
                self.requeue_large(place, to);
            }
        }
    }

    /// Where what was read goes on to.
    fn next_queue(&self, queue: usize) -> usize {
        if self.is_lru() { queue } else { MAIN }
    }

    fn slot_at(&mut self, hash: Hash, place: u32) -> SlotRef<'a> {
        self.index().find_place(hash, place).expect("a live item is in the index")
    }

    /// Sets a slot's frequency and counts it in the item's segment.
    pub(super) fn set_frequency(&mut self, slot: SlotRef<'a>, frequency: u32) {
        let local = self.local(slot.place());
        let meta = self.meta_mut(local);
        meta.hits = meta.hits - slot.frequency() + frequency;
        slot.set_frequency(frequency);
    }

    fn remember(&mut self, hash: Hash, queue: usize, reason: Reason) {
        if reason == Reason::Evicted && queue == PROBATION && !self.is_lru() {
            let items = self.cell.index.entries();
            self.cell.ghosts.insert(hash, items, &self.shared.pool);
        }
    }

    fn fate(&self, item: RawItem, slot: SlotRef<'a>, mode: Mode, queue: usize, now: Now) -> Fate {
        let frequency = slot.frequency();
        if let Some(reason) = self.cell.is_gone(item, now) {
            Fate::Goes(reason)
        } else if mode == Mode::Compact {
            Fate::Stays { frequency }
        } else if frequency == 0 {
            Fate::Goes(Reason::Evicted)
        } else {
            // From probation a read item starts again; LRU's second chance is one, too.
            Fate::Stays { frequency: if queue == MAIN { frequency - 1 } else { 0 } }
        }
    }

    /// Compacts the segment with the most dead bytes for its length, if they are at least `least` per segment of the arena;
    /// false if there is none.
    pub(super) fn compact(&mut self, least: usize, now: Now) -> bool {
        let used = self.cell.metas.iter().enumerate().filter(|(_, meta)| meta.in_use());
        let dead_bytes = |meta: &super::SegmentMeta| meta.dead_bytes() / meta.count as usize;
        let Some((local, meta)) = used.max_by_key(|(_, meta)| dead_bytes(meta)) else { return false };
        if dead_bytes(meta) < least {
            return false;
        }
        self.compact_segment(local as u16, now);
        true
    }

    pub(super) fn compact_segment(&mut self, local: u16, now: Now) {
        self.slot.counters.compactions.add(1);
        self.cell.dequeue(local);
        self.recycle(local, Mode::Compact, now);
    }

    /// Goes through a segment that stands in no queue: drops what goes, moves what stays to the open segment of the queue
    /// that it belongs to, and, when that is full, makes this segment the open one. Else it is given back.
    fn recycle(&mut self, local: u16, mode: Mode, now: Now) {
        let meta = *self.meta(local);
        let from = meta.queue as usize;
        let to = if mode == Mode::Compact { from } else { self.next_queue(from) };
        let mut walk = Walk { local, class: meta.class as usize, to, kept: 0, earliest_ms: u64::MAX };
        let mut offset = 0;
        let mut batch = [(0, Hash(0)); BATCH_ITEMS];
        while offset < meta.used as usize {
            let items = self.next_batch(local, &mut offset, &mut batch);
            for &(at, hash) in &batch[..items] {
                let slot = self.slot_at(hash, self.place(local, at));
                let item = self.item_at(local, at);
                match self.fate(item, slot, mode, from, now) {
                    Fate::Goes(reason) => {
                        let (place, frequency) = (slot.place(), slot.frequency());
                        self.index().remove(hash, slot);
                        self.bury(hash, place, frequency, reason, now);
                        self.remember(hash, from, reason);
                    }
                    Fate::Stays { frequency } => {
                        self.set_frequency(slot, frequency);
                        self.keep(&mut walk, slot, item);
                    }
                }
            }
        }
        if walk.kept == 0 {
            return self.release(local);
        }
        let stamp = if mode == Mode::Compact { meta.stamp } else { self.next_stamp() };
        let meta = self.meta_mut(local);
        (meta.used, meta.earliest_ms) = (walk.kept as u32, walk.earliest_ms);
        (meta.stamp, meta.queue) = (stamp, to as u8);
        self.cell.enqueue(local);
    }

    /// The next live items of a segment, with the lines of memory asked for that their going will touch.
    fn next_batch(&self, local: u16, offset: &mut usize, batch: &mut [(usize, Hash); BATCH_ITEMS]) -> usize {
        let used = self.meta(local).used as usize;
        let mut items = 0;
        while *offset < used && items < BATCH_ITEMS {
            let item = self.item_at(local, *offset);
            if !item.is_dead() {
                let hash = item.with_key(|key| self.shared.hasher.hash(key));
                self.slot.table.prefetch_line(self.pool(), hash);
                self.cell.ghosts.prefetch(hash, self.pool());
                batch[items] = (*offset, hash);
                items += 1;
            }
            *offset += item.bytes();
        }
        items
    }

    fn keep(&mut self, walk: &mut Walk, slot: SlotRef<'a>, item: RawItem) {
        let bytes = item.bytes();
        if let Some(open) = self.open_with_room(walk.class, walk.to, bytes) {
            return self.move_out(walk.local, slot, item, open);
        }
        let expires_at_ms = item.expires_at_ms();
        if expires_at_ms != 0 {
            walk.earliest_ms = walk.earliest_ms.min(expires_at_ms);
        }
        self.relocate(slot, item, bytes, self.place(walk.local, walk.kept));
        walk.kept += bytes;
    }

    /// Moves an item to another segment, which has room.
    fn move_out(&mut self, local: u16, slot: SlotRef<'a>, item: RawItem, open: u16) {
        let (bytes, frequency) = (item.bytes(), slot.frequency());
        let place = self.append(open, bytes, frequency, item.expires_at_ms());
        self.relocate(slot, item, bytes, place);
        self.meta_mut(local).forget(bytes, frequency);
    }

    fn relocate(&mut self, slot: SlotRef<'a>, item: RawItem, bytes: usize, place: u32) {
        let from = slot.place();
        if from == place {
            return;
        }
        let to = self.item(place);
        item.move_to(to, bytes);
        slot.set_place(place);
        if to.has_chain() {
            self.relink_large(from, place);
        }
    }
}
