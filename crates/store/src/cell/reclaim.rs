//! Who makes room when the pool has none: this cell, or those furthest over their fair share.
//!
//! A thread that holds a cell only ever tries others and never waits for one; of several that it holds it uses all. So whoever holds a cell lets it go in the end,
//! and a thread that holds none, for a body, may wait for it.

use super::{Cell, Now, Shared, Slot, View};
use crate::chain::Gathering;
use crate::error::Error;
use crate::lock::Others;
use crate::options::Eviction;
use parking_lot::MutexGuard;
use std::sync::atomic::Ordering;

/// Cells looked at when the one furthest over its share is sought.
const SAMPLED_CELLS: usize = 64;
/// A cell over its share by less than this part of it more than ours is left alone: own room is the cheaper.
const SHARE_SLACK: u64 = 16;
/// Dead bytes for which a segment is compacted rather than that anything is refused: this part of a segment.
const WORTH_COMPACTING: usize = 64;
/// How often in a row a thread that holds no cell waits for one whose lock others hold, before it gives up. One wait is
/// nearly always enough, since whoever holds a cell does not wait for others.
const MAX_WAITS: usize = 16;
/// How often a thread that holds cells itself, and so must not wait, goes through the others while some are locked, and lets
/// other threads run in between; and how many cells it tries in all, once it has been through them.
const MAX_ROUNDS: usize = 1000;
/// The same where nothing is evicted: threads that are refused hold cells themselves while they look, and would wait for each
/// other. Measured with two of them: 50 us for each write refused, 2.6 ms with `MAX_ROUNDS`.
const MAX_ROUNDS_TO_REFUSE: usize = 16;
const MAX_TRIED_CELLS: usize = 1 << 14;

/// Whether room was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Made,
    /// None where it could be looked for, but others hold the lock of this cell, at least.
    Locked(usize),
    /// There is nothing to be had.
    Nothing,
}

impl Shared {
    /// The cell that holds most of a sample, if it holds more than `above` bytes.
    fn heaviest(&self, above: u64) -> Option<usize> {
        let cells = self.slots.len();
        let first = if cells > SAMPLED_CELLS { self.sample.fetch_add(SAMPLED_CELLS, Ordering::Relaxed) } else { 0 };
        let sample = (first..first + cells.min(SAMPLED_CELLS)).map(|n| n & (cells - 1));
        let held = sample.map(|n| (self.slots[n].held_bytes(&self.pool.geometry), n));
        held.max().filter(|&(bytes, _)| bytes > above).map(|(_, n)| n)
    }

    fn try_reclaim(&self, cell: usize, now: Now) -> Room {
        match self.slots[cell].try_lock(now) {
            Some(guard) => self.reclaim_in(cell, guard, now),
            None => Room::Locked(cell),
        }
    }

    fn reclaim_in(&self, cell: usize, mut guard: MutexGuard<'_, Cell>, now: Now) -> Room {
        let made = View::of(self, &self.slots[cell], &mut guard).reclaim_own(now);
        if made { Room::Made } else { Room::Nothing }
    }

    /// A refusal must not cost a look at thousands of cells each time.
    fn cells_tried(&self) -> usize {
        if self.options.eviction == Eviction::None { SAMPLED_CELLS } else { usize::MAX }
    }

    /// Makes some room in the heaviest cell, or in any, without waiting for one; not in `own`, which this thread holds: it
    /// would be found locked for ever.
    pub fn reclaim(&self, own: Option<&Slot>, now: Now) -> Room {
        let is_own = |cell: usize| own.is_some_and(|own| std::ptr::eq(own, &raw const *self.slots[cell]));
        if let Some(cell) = self.heaviest(0)
            && !is_own(cell)
            && self.try_reclaim(cell, now) == Room::Made
        {
            return Room::Made;
        }
        let first = self.sample.fetch_add(1, Ordering::Relaxed);
        let mut room = Room::Nothing;
        let tried = (0..self.slots.len().min(self.cells_tried())).map(|n| (first + n) & (self.slots.len() - 1));
        for cell in tried.filter(|&cell| !is_own(cell)) {
            match self.try_reclaim(cell, now) {
                Room::Made => return Room::Made,
                Room::Nothing => {}
                locked @ Room::Locked(_) => room = locked,
            }
        }
        room
    }

    /// Gathers extents for a value of `length` bytes, evicting as needed. The thread holds no cell: this may wait for one.
    pub fn gather(&self, mut gathering: Gathering, now: Now) -> Result<crate::Body, Error> {
        let mut waits = 0;
        while !gathering.take() {
            let room = match self.reclaim(None, now) {
                Room::Locked(cell) if waits < MAX_WAITS => {
                    waits += 1;
                    match self.reclaim_in(cell, self.slots[cell].lock(now), now) {
                        // What made it locked may have moved what there is to elsewhere.
                        Room::Nothing => continue,
                        room => room,
                    }
                }
                room => room,
            };
            match room {
                Room::Made => waits = 0,
                _ => return Err(Error::OutOfMemory),
            }
        }
        Ok(gathering.finish())
    }
}

impl View<'_, '_> {
    /// Makes some room in this cell: what is mostly dead is compacted before anything alive is evicted.
    pub fn reclaim_own(&mut self, now: Now) -> bool {
        let segment_bytes = self.segment_bytes();
        if self.compact(segment_bytes / 2, now) {
            return true;
        }
        if self.shared.options.eviction != Eviction::None {
            return self.evict(now);
        }
        self.sweep_all(now) || self.compact(segment_bytes / WORTH_COMPACTING, now)
    }

    /// Makes some room, in the cell that is furthest over its share. Other cells are tried again while others hold them, but
    /// not waited for: this thread holds one or more.
    pub(super) fn reclaim(&mut self, now: Now) -> bool {
        let shared = self.shared;
        let share = shared.pool.cell_share_bytes();
        let own = self.slot.held_bytes(&shared.pool.geometry);
        if let Some(cell) = shared.heaviest(own.max(share) + share / SHARE_SLACK)
            && (self.reclaim_held(cell, now) || shared.try_reclaim(cell, now) == Room::Made)
        {
            return true;
        }
        if self.reclaim_own(now) {
            return true;
        }
        let refuses = shared.options.eviction == Eviction::None;
        let rounds = if refuses { MAX_ROUNDS_TO_REFUSE } else { MAX_ROUNDS };
        let holds_all = self.others.as_ref().is_some_and(|others| others.are_all(shared));
        (0..rounds.min(MAX_TRIED_CELLS / shared.slots.len()).max(1))
            .find_map(|_| {
                let room = if holds_all { Room::Nothing } else { shared.reclaim(Some(self.slot), now) };
                let made = room == Room::Made || self.others.as_mut().is_some_and(|others| others.reclaim(shared, now));
                match room {
                    _ if made => Some(true),
                    Room::Locked(_) => {
                        std::thread::yield_now();
                        None
                    }
                    _ => Some(false),
                }
            })
            .unwrap_or(false)
    }
}

impl View<'_, '_> {
    /// Makes some room in a cell that this thread holds besides, if it is one.
    fn reclaim_held(&mut self, cell: usize, now: Now) -> bool {
        let shared = self.shared;
        self.others.as_mut().is_some_and(|others| others.reclaim_in(cell, shared, now))
    }
}

impl Others<'_> {
    /// Makes some room in the heaviest of a sample, or in any.
    fn reclaim(&mut self, shared: &Shared, now: Now) -> bool {
        if let Some(cell) = shared.heaviest(0)
            && self.reclaim_in(cell, shared, now)
        {
            return true;
        }
        let cells = shared.cells_tried();
        self.each().take(cells).any(|(number, cell)| View::of(shared, &shared.slots[*number], cell).reclaim_own(now))
    }

    fn reclaim_in(&mut self, number: usize, shared: &Shared, now: Now) -> bool {
        self.get(number).is_some_and(|cell| View::of(shared, &shared.slots[number], cell).reclaim_own(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Geometry, Options};
    use crate::pool::Pool;
    use std::sync::Arc;

    #[test]
    fn a_thread_does_not_wait_for_the_cell_that_it_holds() {
        for max_memory in [64 << 10, 32 << 20] {
            let options = Options { max_memory, max_value_size: 1, eviction: Eviction::None, hash_key: [0; 16] };
            let geometry = Geometry::of(max_memory);
            let shared = Shared::new(options, geometry, Arc::new(Pool::new(geometry).unwrap()));
            let now = Now::at(1);
            for slot in &shared.slots {
                let _cell = slot.lock(now);
                assert!(shared.reclaim(Some(slot), now) == Room::Nothing);
                assert!(matches!(shared.reclaim(None, now), Room::Locked(_)), "others wait for it");
            }
        }
    }
}
