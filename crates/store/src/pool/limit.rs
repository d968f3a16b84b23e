//! How much of the arena may be used, which may change while it is.
//!
//! The budget is of segments of groups that are touched. When it shrinks, what is free is *withheld* at once: it is in no
//! list any more, so that nobody can take it, and goes back to the system in slices. For the rest the cells evict, and what they
//! give back is withheld in turn. When it grows again, what is withheld comes back before other groups are begun.
//!
//! So groups are left with holes, and not on huge pages. As segments come and go the holes are *gathered*: a segment that is
//! given back in a group with holes is withheld for one of an earlier group, until that has none, and the later are free as a
//! whole.

use super::huge::Pages;
use super::{Group, Pool, RETAINED_GROUPS, State};
use crate::arena::HUGE_PAGE_BYTES;
use crate::bits;
use crate::options::{GROUP_SEGMENTS, Geometry, MIN_MEMORY_BYTES, RESERVED_AND_PINNED_SHARE, RESERVED_SHARE};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicU64, Ordering};

/// Segments that each cell keeps, on average.
const LEAST_CELL_SEGMENTS: u64 = 8;
/// The index may have this part of what is left at least: its pages are never given back.
const INDEX_PART: u64 = 2;
/// Groups whose withheld segments one slice gives back to the system, at a tenth of a millisecond each.
const SLICE_GROUPS: usize = 8;

/// While holes are gathered, stale segments may be this part of the limit.
const STALE_PART: u32 = 64;

/// `max_memory` cannot be set to that while the store is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("max_memory can be set to {least} - {most} bytes now")]
pub struct ResizeError {
    /// Least bytes: for what cannot be evicted.
    pub least: u64,
    /// Most bytes: of those for which addresses were reserved when the store was opened, and which the system gives.
    pub most: u64,
}

/// What may be read of the limit without the pool's lock.
pub(super) struct Limit {
    max_memory: AtomicU64,
    bytes: AtomicU64,
    cell_share_bytes: AtomicU64,
    /// Held by who changes the limit, or gives back what is withheld: one of them at a time.
    changing: Mutex<()>,
}

impl Limit {
    pub fn new(geometry: &Geometry) -> Limit {
        let new = || AtomicU64::new(0);
        let limit = Limit { max_memory: new(), bytes: new(), cell_share_bytes: new(), changing: Mutex::new(()) };
        limit.set(geometry, geometry.max_memory, geometry.opened_segments);
        limit
    }

    fn set(&self, geometry: &Geometry, max_memory: u64, segments: u32) {
        let bytes = u64::from(segments) * geometry.segment_bytes as u64;
        self.max_memory.store(max_memory, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
        self.cell_share_bytes.store(bytes / geometry.cells as u64, Ordering::Relaxed);
    }
}

impl Pool {
    /// The limit as it was asked for.
    pub fn max_memory(&self) -> u64 {
        self.limit.max_memory.load(Ordering::Relaxed)
    }

    /// A cell's fair share of what may be used, in bytes.
    #[inline]
    pub fn cell_share_bytes(&self) -> u64 {
        self.limit.cell_share_bytes.load(Ordering::Relaxed)
    }

    /// The most bytes that one value can have with everything else evicted.
    pub fn largest_value_bytes(&self) -> u64 {
        let state = self.state.lock();
        // Besides the value a cell needs a segment for its item and one for pages of index.
        let kept = state.index_segments.max(1) + 1;
        u64::from(state.limit.saturating_sub(kept)) * self.geometry.segment_bytes as u64
    }

    /// Counts a body's bytes as reserved if the bounds allow it, beside those it has already. Whoever comes first is
    /// admitted: two that do not fit together never refuse each other.
    pub fn admit_bytes(&self, bytes: u64, own_bytes: u64) -> bool {
        let limit_bytes = self.limit.bytes.load(Ordering::Relaxed) as f64;
        let admit = |reserved: u64| {
            let pinned = self.pinned_bytes.load(Ordering::Relaxed);
            let after = reserved + bytes;
            let alone = reserved == own_bytes && after + pinned <= self.largest_value_bytes();
            let within = after as f64 <= limit_bytes * RESERVED_SHARE
                && (after + pinned) as f64 <= limit_bytes * RESERVED_AND_PINNED_SHARE;
            (alone || within).then_some(after)
        };
        self.reserved_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, admit).is_ok()
    }

    /// Sets the limit. What is used beyond it goes with [`Pool::withhold`] and evictions; where nothing is evicted that is
    /// refused.
    pub fn resize(&self, max_memory: u64, evicts: bool) -> Result<(), ResizeError> {
        let _changing = self.limit.changing.lock();
        let mut state = self.state.lock();
        let bounds = self.bounds(&state, evicts);
        if !(bounds.least..=bounds.most).contains(&max_memory) {
            return Err(bounds);
        }
        let segments = (max_memory / self.geometry.segment_bytes as u64).min(u64::from(self.geometry.segments)) as u32;
        let groups = segments.div_ceil(GROUP_SEGMENTS);
        if groups > state.usable_groups {
            drop(state);
            self.make_usable(groups).map_err(|_| ResizeError { most: self.max_memory(), ..bounds })?;
            state = self.state.lock();
        }
        state.limit = segments;
        state.restore();
        let idle_groups = state.withhold();
        drop(state);
        self.limit.set(&self.geometry, max_memory, segments);
        idle_groups.into_iter().for_each(|group| self.give_back(Some(group)));
        Ok(())
    }

    fn bounds(&self, state: &State, evicts: bool) -> ResizeError {
        let kept = (self.geometry.cells as u64 * LEAST_CELL_SEGMENTS).max(u64::from(state.index_segments) * INDEX_PART);
        let used = u64::from(state.touched_segments - state.free_segments);
        let least = if evicts { kept } else { kept.max(used) }.min(u64::from(state.limit));
        let least = (least * self.geometry.segment_bytes as u64).max(MIN_MEMORY_BYTES);
        // It can always be set to what it is, which need not be whole segments.
        let most = (self.geometry.arena_bytes() as u64).max(self.geometry.max_memory);
        ResizeError { least: least.min(self.max_memory()), most }
    }

    /// Lets the groups up to a number be used.
    fn make_usable(&self, groups: u32) -> std::io::Result<()> {
        let group_bytes = GROUP_SEGMENTS as usize * self.geometry.segment_bytes;
        let before = self.state.lock().usable_groups;
        let end = (groups as usize * group_bytes).min(self.geometry.arena_bytes());
        self.arena.make_usable(before as usize * group_bytes, end - before as usize * group_bytes)?;
        let mut state = self.state.lock();
        state.usable_groups = groups;
        // Under those that can be used already, which are taken first.
        state.untouched.splice(0..0, (before..groups).rev());
        Ok(())
    }

    /// Withholds what is free beyond the limit; true if more is used than that, so that some is to be evicted.
    pub fn withhold(&self) -> bool {
        let _changing = self.limit.changing.lock();
        let idle_groups = self.state.lock().withhold();
        idle_groups.into_iter().for_each(|group| self.give_back(Some(group)));
        let state = self.state.lock();
        state.touched_segments > state.limit
    }

    /// Gives a slice of what is withheld back to the system; true if there is more.
    pub fn give_back_withheld(&self) -> bool {
        let _changing = self.limit.changing.lock();
        for _ in 0..SLICE_GROUPS {
            let Some(group) = self.state.lock().stale_groups.pop() else { return false };
            self.give_back_stale(group);
        }
        !self.state.lock().stale_groups.is_empty()
    }

    /// Gives the withheld segments of a group back to the system. Nobody restores them, or takes the whole group anew,
    /// meanwhile.
    fn give_back_stale(&self, group: u32) {
        let Some(giving) = self.state.lock().begin_giving(group) else { return };
        if giving.makes_small {
            // Or else the kernel might fill a huge page up again by itself.
            self.arena.make_small(group as usize * HUGE_PAGE_BYTES);
        }
        let mut left = giving.stale;
        while left != 0 {
            let start = left.trailing_zeros();
            let count = (left >> start).trailing_ones();
            left &= !(bits::run(start, count) as u32);
            let (first, bytes) = ((group * GROUP_SEGMENTS + start) as usize, self.geometry.segment_bytes);
            self.arena.give_back_part(first * bytes, count as usize * bytes);
        }
        let mut state = self.state.lock();
        let g = &mut state.groups[group as usize];
        g.stale &= !giving.stale;
        let is_left = g.stale != 0;
        state.stale_segments -= giving.stale.count_ones();
        if is_left {
            state.stale_groups.push(group);
        }
        let idle_group = state.end_change(group, giving.stays_huge);
        drop(state);
        self.give_back(idle_group);
    }
}

/// A group whose withheld segments are being given back.
struct Giving {
    stale: u32,
    makes_small: bool,
    /// The mapping would be cut too often.
    stays_huge: bool,
}

impl State {
    /// Whether somebody is giving a free group back to the system.
    fn is_going(&self, group: u32) -> bool {
        self.groups[group as usize].whole && !self.touched_whole.contains(&group)
    }

    /// Takes what is free beyond the limit out of use. Returns groups that are free, to be given back as a whole.
    fn withhold(&mut self) -> SmallVec<[u32; RETAINED_GROUPS + 1]> {
        let mut idle_groups = SmallVec::new();
        let mut excess = self.touched_segments.saturating_sub(self.limit);
        let is_settled = |state: &State, group: u32| state.groups[group as usize].pages != Pages::Changing;
        while excess > 0
            && let Some(at) = self.touched_whole.iter().position(|&group| is_settled(self, group))
        {
            let group = self.touched_whole.swap_remove(at);
            let count = self.groups[group as usize].all.count_ones();
            self.free_segments -= count;
            excess = excess.saturating_sub(count);
            idle_groups.push(group);
        }
        while excess > 0 {
            self.drop_useless();
            let kept_for_index = self.index_group.filter(|&group| self.groups[group as usize].free != 0);
            let Some(group) = self.partial.last().copied().or(kept_for_index) else { break };
            let count = self.withhold_in(group, bits::lowest(self.groups[group as usize].free, excess));
            excess -= count;
            self.first_withheld = 0;
        }
        idle_groups
    }

    /// Takes free segments of a group out of use; returns how many.
    fn withhold_in(&mut self, group: u32, withheld: u32) -> u32 {
        let g = &mut self.groups[group as usize];
        if g.stale == 0 {
            self.stale_groups.push(group);
        }
        (g.free, g.all, g.stale) = (g.free & !withheld, g.all & !withheld, g.stale | withheld);
        let count = withheld.count_ones();
        self.free_segments -= count;
        self.touched_segments -= count;
        self.stale_segments += count;
        count
    }

    /// Lets so many of a group's withheld segments be used again.
    fn restore_in(&mut self, group: u32, count: u32) {
        let g = &mut self.groups[group as usize];
        let back = bits::lowest(g.exist & !g.all, count);
        self.stale_segments -= (g.stale & back).count_ones();
        (g.free, g.all, g.stale) = (g.free | back, g.all | back, g.stale & !back);
        self.touched_segments += back.count_ones();
        self.free_segments += back.count_ones();
        if !g.whole {
            self.list(group);
        }
    }

    /// Lets what is withheld be used again, as far as the limit allows.
    fn restore(&mut self) {
        for group in 0..self.groups.len() as u32 {
            let room = self.limit.saturating_sub(self.touched_segments);
            if room == 0 {
                return;
            }
            if self.groups[group as usize].touched && !self.is_going(group) {
                self.restore_in(group, room);
            }
        }
    }

    /// The first group with holes, if it is before another and can have them filled now.
    pub(super) fn first_with_holes(&mut self, before: u32) -> Option<u32> {
        let is_full = |g: &Group| !g.touched || g.all == g.exist;
        while self.first_withheld < before && is_full(&self.groups[self.first_withheld as usize]) {
            self.first_withheld += 1;
        }
        let to = self.first_withheld;
        let is_settled = to < before && !self.is_going(to) && self.groups[to as usize].pages != Pages::Changing;
        is_settled.then_some(to)
    }

    /// Withholds the segment of that bit, which is free now, for one of the first group with holes, if that is an earlier one.
    pub(super) fn gather(&mut self, group: u32, bit: u32) {
        let has_room = self.stale_segments <= self.limit / STALE_PART && self.touched_segments <= self.limit;
        if has_room && let Some(to) = self.first_with_holes(group) {
            self.withhold_in(group, bit);
            self.restore_in(to, 1);
        }
    }

    /// Fills holes for a group that was given back.
    pub(super) fn fill_holes(&mut self, group: u32) {
        while self.touched_segments < self.limit
            && let Some(to) = self.first_with_holes(group)
        {
            self.restore_in(to, self.limit - self.touched_segments);
        }
    }

    /// What of a group is to be given back, if anything is. The group itself is not, until `end_change`.
    fn begin_giving(&mut self, group: u32) -> Option<Giving> {
        let (stale, pages) = (self.groups[group as usize].stale, self.groups[group as usize].pages);
        if stale == 0 || self.is_going(group) {
            return None;
        }
        if pages == Pages::Changing {
            self.stale_groups.push(group);
            return None;
        }
        let makes_small = self.forget_huge(group);
        self.set_pages(group, Pages::Changing);
        Some(Giving { stale, makes_small, stays_huge: pages == Pages::Huge && !makes_small })
    }

    /// Panics where what is free could not be found, or is counted wrong.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_groups(&self) {
        let sum = |bits: fn(&Group) -> u32| {
            self.groups.iter().filter(|g| g.touched).map(|g| bits(g).count_ones()).sum::<u32>()
        };
        assert_eq!(sum(|g| g.free), self.free_segments, "free segments of the groups");
        assert_eq!(sum(|g| g.all), self.touched_segments, "segments of the groups that are touched");
        assert_eq!(sum(|g| g.stale), self.stale_segments, "stale segments");
        for (number, g) in (0u32..).zip(&self.groups) {
            let listed = self.partial.iter().filter(|&&other| other == number).count();
            let whole = self.touched_whole.iter().chain(&self.untouched).filter(|&&other| other == number).count();
            let usable = number < self.usable_groups;
            assert_eq!(
                (listed, whole),
                (usize::from(g.listed), usize::from(g.whole && usable)),
                "group {number} is listed once"
            );
            let reachable = g.listed || g.whole || self.index_group == Some(number);
            assert!(g.free == 0 || reachable, "group {number}: {} free", g.free.count_ones());
            assert!(!g.whole || g.free == g.all, "a whole group is free");
            assert!(g.touched || g.all == g.exist, "nothing is withheld of what is not touched");
            assert!(g.free & !g.all == 0 && g.all & g.stale == 0 && (g.all | g.stale) & !g.exist == 0);
            assert!(g.stale == 0 || self.stale_groups.contains(&number), "what is stale will be given back");
        }
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::random::Random;

    const GROUPS: u32 = 12;

    #[test]
    fn holes_are_gathered() {
        let opened = u64::from(GROUPS * GROUP_SEGMENTS) << 16;
        let pool = Pool::new(Geometry::of(opened)).unwrap();
        let mut taken: Vec<u32> = std::iter::from_fn(|| pool.take_segments(1)).collect();
        let (kept, free): (Vec<u32>, Vec<u32>) = taken.iter().partition(|&segment| segment % 3 == 0);
        free.iter().for_each(|&segment| pool.release_segments(segment, 1));
        pool.resize(opened / 3, true).unwrap();
        while pool.give_back_withheld() {}
        let full = |pool: &Pool| pool.state.lock().groups.iter().filter(|g| g.touched && g.all == g.exist).count();
        assert_eq!((full(&pool), pool.free_segments()), (0, 0));
        taken = kept;
        let mut random = Random::new(1);
        for round in 0..100 {
            for _ in 0..64 {
                let at = random.below(taken.len() as u64) as usize;
                pool.release_segments(taken.swap_remove(at), 1);
                taken.push(pool.take_segments(1).expect("one was given back"));
            }
            pool.state.lock().check_groups();
            let state = pool.state.lock();
            assert!(
                state.touched_segments <= state.limit && state.stale_segments <= state.limit / STALE_PART + 1,
                "{round}"
            );
            drop(state);
            while pool.give_back_withheld() {}
        }
        assert_eq!((full(&pool), pool.take_segments(1)), (GROUPS as usize / 3, None), "and no others are touched");
        assert_eq!(pool.resident_bytes(), opened / 3);
        pool.resize(opened, true).unwrap();
        pool.state.lock().check_groups();
        assert_eq!(std::iter::from_fn(|| pool.take_segments(1)).count() as u32, GROUPS * GROUP_SEGMENTS / 3 * 2);
    }
}
