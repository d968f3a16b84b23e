//! Who makes room when the pool has none: this cell, or those furthest over their fair share.
//!
//! Other cells are only ever tried, never waited for, so a thread may hold any cells while it makes room.

use super::{Now, Shared, View};
use crate::chain::Gathering;
use crate::error::Error;
use crate::options::Eviction;
use std::sync::atomic::Ordering;

/// Cells looked at when the one furthest over its share is sought.
const SAMPLED_CELLS: usize = 64;
/// A cell over its share by less than this part of it more than ours is left alone: own room is the cheaper.
const SHARE_SLACK: u64 = 16;
/// Dead bytes for which a segment is compacted rather than that anything is refused: this part of a segment.
const WORTH_COMPACTING: usize = 64;
/// How often room is sought in all cells while others hold their locks.
const MAX_ROUNDS: usize = 1000;

impl Shared {
    /// The cell that holds most of a sample, if it holds more than `above` bytes.
    fn heaviest(&self, above: u64) -> Option<usize> {
        let cells = self.slots.len();
        let first = if cells > SAMPLED_CELLS { self.sample.fetch_add(SAMPLED_CELLS, Ordering::Relaxed) } else { 0 };
        let sample = (first..first + cells.min(SAMPLED_CELLS)).map(|n| n & (cells - 1));
        let held = sample.map(|n| (self.slots[n].held_bytes.load(Ordering::Relaxed), n));
        held.max().filter(|&(bytes, _)| bytes > above).map(|(_, n)| n)
    }

    fn try_reclaim(&self, cell: usize, now: Now) -> bool {
        let slot = &*self.slots[cell];
        let Some(mut guard) = slot.try_lock(now) else { return false };
        View { shared: self, slot, cell: &mut guard }.reclaim_own(now)
    }

    /// Makes some room in the heaviest cell, or in any.
    fn reclaim(&self, now: Now) -> bool {
        if let Some(cell) = self.heaviest(0)
            && self.try_reclaim(cell, now)
        {
            return true;
        }
        let first = self.sample.fetch_add(1, Ordering::Relaxed);
        // A refusal must not cost a look at thousands of cells each time.
        let cells = if self.options.eviction == Eviction::None { SAMPLED_CELLS } else { usize::MAX };
        (0..self.slots.len().min(cells)).any(|n| self.try_reclaim((first + n) & (self.slots.len() - 1), now))
    }

    /// Gathers extents for a value of `length` bytes, evicting as needed.
    pub fn gather(&self, mut gathering: Gathering, now: Now) -> Result<crate::Body, Error> {
        let mut failures = 0;
        while !gathering.take() {
            if self.reclaim(now) {
                failures = 0;
            } else {
                failures += 1;
                if failures == MAX_ROUNDS || self.options.eviction == Eviction::None {
                    return Err(Error::OutOfMemory);
                }
                std::thread::yield_now();
            }
        }
        Ok(gathering.finish())
    }
}

impl View<'_, '_> {
    /// Makes some room in this cell: what is mostly dead is compacted before anything alive is evicted.
    pub(super) fn reclaim_own(&mut self, now: Now) -> bool {
        let segment_bytes = self.segment_bytes();
        if self.compact(segment_bytes / 2, now) {
            return true;
        }
        if self.shared.options.eviction != Eviction::None {
            return self.evict(now);
        }
        self.sweep_all(now) || self.compact(segment_bytes / WORTH_COMPACTING, now)
    }

    /// Makes some room, in the cell that is furthest over its share.
    pub(super) fn reclaim(&mut self, now: Now) -> bool {
        let shared = self.shared;
        let share = shared.pool.geometry.cell_share_bytes();
        let own = self.slot.held_bytes.load(Ordering::Relaxed);
        if let Some(cell) = shared.heaviest(own.max(share) + share / SHARE_SLACK)
            && shared.try_reclaim(cell, now)
        {
            return true;
        }
        self.reclaim_own(now) || shared.reclaim(now)
    }
}
