//! The pool of segments that all cells share: whole segments, pages of index, extents of large values.
//!
//! The pool's lock is a leaf: nothing else is locked while it is held, so a last reference to a chain may be dropped
//! anywhere, with or without a cell's lock.

mod extents;
mod huge;
mod limit;

pub use limit::ResizeError;

use crate::arena::Arena;
use crate::bits;
use crate::options::{GROUP_SEGMENTS, Geometry};
use crate::tails::Tails;
use huge::Pages;
use limit::Limit;
use parking_lot::Mutex;
use std::io;
use std::sync::atomic::AtomicU64;

/// Groups that are looked at for segments side by side, before a free one is begun.
const RUN_GROUPS: usize = 4;
/// Free groups that stay backed by memory, so that a cache at its limit does not give back and fault in by turns.
const RETAINED_GROUPS: usize = 4;

pub(crate) struct Pool {
    pub arena: Arena,
    pub geometry: Geometry,
    /// Bytes of bodies being received: reserved for them with [`Pool::admit_bytes`].
    pub reserved_bytes: AtomicU64,
    /// Bytes of chains that the store has let go but somebody still holds.
    pub pinned_bytes: AtomicU64,
    limit: Limit,
    state: Mutex<State>,
}

/// Segments side by side. Those of one that is touched are in the budget, but for what is withheld of it, and of others none.
struct Group {
    /// A bit per free segment.
    free: u32,
    /// The bits of the segments that may be used: those that exist but for what the limit withholds.
    all: u32,
    exist: u32,
    /// Those of the withheld that are not given back to the system yet.
    stale: u32,
    touched: bool,
    /// In `partial`.
    listed: bool,
    /// In `touched_whole` or `untouched`, or being given back.
    whole: bool,
    pages: Pages,
}

struct State {
    groups: Box<[Group]>,
    partial: Vec<u32>,
    touched_whole: Vec<u32>,
    untouched: Vec<u32>,
    /// The group that index segments come from, so that they do not keep many groups from being given back.
    index_group: Option<u32>,
    index_pages: Vec<u32>,
    index_segments: u32,
    /// Free segments of touched groups, but for those that are being given back.
    free_segments: u32,
    /// Segments of touched groups that may be used.
    touched_segments: u32,
    /// As many may be touched. There are more while the limit is lower than it was and not reached yet.
    limit: u32,
    /// Groups whose memory can be used at all.
    usable_groups: u32,
    /// Groups that have, or had, stale segments; and how many stale segments there are.
    stale_groups: Vec<u32>,
    stale_segments: u32,
    /// Of no touched group before this one anything is withheld.
    first_withheld: u32,
    /// Neighbouring groups of which one alone is on huge pages.
    page_edges: u32,
    /// Where the next round that looks for full groups begins.
    round_start: u32,
    /// Groups that this round looked at and that were not full.
    vain_looks: u32,
    tails: Tails,
}

/// What the pool holds, for the integrity check.
#[cfg(any(test, debug_assertions))]
pub(crate) struct PoolGauges {
    pub segments: u32,
    pub free_segments: u32,
    pub index_segments: u32,
    pub tail_segments: u32,
    pub free_tail_pages: u64,
}

impl Pool {
    pub fn new(geometry: Geometry) -> io::Result<Pool> {
        let usable_groups = geometry.opened_segments.div_ceil(GROUP_SEGMENTS);
        let usable = (usable_groups * GROUP_SEGMENTS).min(geometry.segments) as usize * geometry.segment_bytes;
        let arena = Arena::map(geometry.arena_bytes(), usable)?;
        let groups: Box<[Group]> = (0..geometry.segments.div_ceil(GROUP_SEGMENTS))
            .map(|g| {
                let exist = (geometry.segments - g * GROUP_SEGMENTS).min(GROUP_SEGMENTS);
                Group::untouched(u32::MAX >> (32 - exist))
            })
            .collect();
        let state = State {
            partial: Vec::with_capacity(groups.len()),
            // And one that is just being put on huge pages.
            touched_whole: Vec::with_capacity(RETAINED_GROUPS + 1),
            untouched: (0..usable_groups).rev().collect(),
            groups,
            index_group: None,
            index_pages: Vec::with_capacity(geometry.index_pages_per_segment() as usize),
            index_segments: 0,
            free_segments: 0,
            touched_segments: 0,
            limit: geometry.opened_segments,
            usable_groups,
            stale_groups: Vec::new(),
            stale_segments: 0,
            first_withheld: geometry.segments.div_ceil(GROUP_SEGMENTS),
            page_edges: 0,
            round_start: 0,
            vain_looks: 0,
            tails: Tails::new(geometry.segments, geometry.extent_pages()),
        };
        let (reserved_bytes, pinned_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        let limit = Limit::new(&geometry);
        Ok(Pool { arena, geometry, reserved_bytes, pinned_bytes, limit, state: Mutex::new(state) })
    }

    /// The address of a segment.
    #[inline]
    pub fn segment(&self, segment: u32) -> *mut u8 {
        self.arena.at(segment as usize * self.geometry.segment_bytes)
    }

    /// The address of a page of index or ghosts.
    #[inline]
    pub fn index_page(&self, page: u32) -> *mut u8 {
        self.arena.at(page as usize * self.geometry.index_page_bytes())
    }

    /// Takes so many segments side by side, if there are; answers with the first.
    pub fn take_segments(&self, count: u32) -> Option<u32> {
        let mut state = self.state.lock();
        if count == 1 { state.take() } else { state.take_run(count) }
    }

    /// Gives back segments side by side, of one group.
    pub fn release_segments(&self, first: u32, count: u32) {
        let mut state = self.state.lock();
        // Only the last one can make its group free.
        let idle_group = (first..first + count).filter_map(|segment| state.release(segment)).last();
        drop(state);
        self.give_back(idle_group);
    }

    /// A zeroed page for an index or for ghosts. It is never given back, so that stale addresses of it stay good.
    pub fn take_index_page(&self) -> Option<u32> {
        let page = self.state.lock().take_index_page(self.geometry.index_pages_per_segment())?;
        // SAFETY: the page was handed out to nobody else, and lies within the arena.
        unsafe { self.index_page(page).write_bytes(0, self.geometry.index_page_bytes()) };
        Some(page)
    }

    /// Segments that are in no use.
    #[cfg(all(test, not(miri)))]
    pub fn free_segments(&self) -> u32 {
        let state = self.state.lock();
        state.free_segments + state.limit.saturating_sub(state.touched_segments)
    }

    /// Whether a segment is in no use.
    #[cfg(any(test, debug_assertions))]
    pub fn is_free(&self, segment: u32) -> bool {
        self.state.lock().groups[(segment / GROUP_SEGMENTS) as usize].free >> (segment % GROUP_SEGMENTS) & 1 != 0
    }

    /// Checks the pool's own invariants, too.
    #[cfg(any(test, debug_assertions))]
    pub fn gauges(&self) -> PoolGauges {
        let state = self.state.lock();
        state.check_pages();
        state.check_groups();
        PoolGauges {
            segments: state.touched_segments,
            free_segments: state.free_segments,
            index_segments: state.index_segments,
            tail_segments: state.tails.shared(),
            free_tail_pages: state.tails.free_pages(),
        }
    }

    /// Bytes of the arena that are backed by memory, at most.
    pub fn resident_bytes(&self) -> u64 {
        let state = self.state.lock();
        u64::from(state.touched_segments + state.stale_segments) * self.geometry.segment_bytes as u64
    }

    /// Gives a free group back to the system, outside the lock: it may take 100 microseconds.
    fn give_back(&self, group: Option<u32>) {
        let Some(group) = group else { return };
        let bytes = GROUP_SEGMENTS as usize * self.geometry.segment_bytes;
        let start = group as usize * bytes;
        self.arena.give_back(start, bytes.min(self.geometry.arena_bytes() - start));
        self.make_small(group);
        self.state.lock().forget(group);
    }
}

impl Group {
    fn untouched(exist: u32) -> Group {
        let (free, all, stale) = (exist, exist, 0);
        Group { free, all, exist, stale, touched: false, listed: false, whole: true, pages: Pages::Small }
    }
}

impl State {
    /// Drops from the end of `partial` what has nothing to take, so that what is released there is put at its end again.
    fn drop_useless(&mut self) {
        while let Some(&group) = self.partial.last() {
            let g = &mut self.groups[group as usize];
            if !g.whole && g.free != 0 {
                return;
            }
            g.listed = false;
            self.partial.pop();
        }
    }

    fn take(&mut self) -> Option<u32> {
        self.drop_useless();
        if let Some(&group) = self.partial.last() {
            return Some(self.take_from(group));
        }
        if let Some(group) = self.take_whole() {
            self.open_group(group);
            let segment = self.take_from(group);
            self.list(group);
            return Some(segment);
        }
        let group = self.index_group?;
        (self.groups[group as usize].free != 0).then(|| self.take_from(group))
    }

    /// A free group.
    fn take_whole(&mut self) -> Option<u32> {
        self.touched_whole.pop().or_else(|| self.take_untouched())
    }

    fn take_untouched(&mut self) -> Option<u32> {
        if self.touched_segments < self.limit { self.untouched.pop() } else { None }
    }

    /// Takes segments side by side, from a group that was used lately or from one that is free.
    fn take_run(&mut self, count: u32) -> Option<u32> {
        let has_run = |g: &Group| if g.whole { None } else { bits::lowest_run(u64::from(g.free), count) };
        self.drop_useless();
        let recent = self.partial.iter().rev().take(RUN_GROUPS);
        let found = recent.copied().find_map(|group| Some((group, has_run(&self.groups[group as usize])?)));
        let (group, start) = match found {
            Some(found) => found,
            None => {
                let group = self.take_whole()?;
                self.open_group(group);
                let start = bits::lowest_run(u64::from(self.groups[group as usize].free), count);
                self.list(group);
                (group, start?)
            }
        };
        self.groups[group as usize].free &= !(bits::run(start, count) as u32);
        self.free_segments -= count;
        Some(group * GROUP_SEGMENTS + start)
    }

    fn open_group(&mut self, group: u32) {
        let room = self.limit.saturating_sub(self.touched_segments);
        let g = &mut self.groups[group as usize];
        g.whole = false;
        if g.touched {
            return;
        }
        // The limit may end within it.
        g.all = bits::lowest(g.exist, room);
        (g.touched, g.free) = (true, g.all);
        self.touched_segments += g.all.count_ones();
        self.free_segments += g.all.count_ones();
    }

    fn take_from(&mut self, group: u32) -> u32 {
        let g = &mut self.groups[group as usize];
        let bit = g.free.trailing_zeros();
        g.free &= g.free - 1;
        self.free_segments -= 1;
        group * GROUP_SEGMENTS + bit
    }

    fn list(&mut self, group: u32) {
        let g = &mut self.groups[group as usize];
        if !g.listed && g.free != 0 && self.index_group != Some(group) {
            g.listed = true;
            self.partial.push(group);
        }
    }

    /// Returns a group whose memory is to be given back; its segments count as free only after that.
    fn release(&mut self, segment: u32) -> Option<u32> {
        let group = segment / GROUP_SEGMENTS;
        let g = &mut self.groups[group as usize];
        let bit = 1 << (segment % GROUP_SEGMENTS);
        debug_assert_eq!(g.free & bit, 0, "segment freed twice");
        g.free |= bit;
        self.free_segments += 1;
        if g.free != g.all {
            if g.all != g.exist {
                self.gather(group, bit);
            }
            self.list(group);
            return None;
        }
        g.whole = true;
        let (has_holes, is_changing) = (g.all != g.exist, g.pages == Pages::Changing);
        let retains = self.touched_whole.len() < RETAINED_GROUPS
            && self.touched_segments <= self.limit
            && !(has_holes && self.first_with_holes(group).is_some());
        if retains || is_changing {
            self.touched_whole.push(group);
            return None;
        }
        self.free_segments -= self.groups[group as usize].all.count_ones();
        Some(group)
    }

    /// A free group was given back to the system, and all of it.
    fn forget(&mut self, group: u32) {
        let g = &mut self.groups[group as usize];
        self.touched_segments -= g.all.count_ones();
        self.stale_segments -= g.stale.count_ones();
        *g = Group { pages: g.pages, listed: g.listed, ..Group::untouched(g.exist) };
        self.untouched.push(group);
        self.fill_holes(group);
    }

    fn take_index_page(&mut self, pages_per_segment: u32) -> Option<u32> {
        if self.index_pages.is_empty() {
            let segment = self.take_index_segment()?;
            self.index_segments += 1;
            let first = segment * pages_per_segment;
            self.index_pages.extend((first..first + pages_per_segment).rev());
        }
        self.index_pages.pop()
    }

    fn take_index_segment(&mut self) -> Option<u32> {
        let used_up = self.index_group.is_none_or(|group| self.groups[group as usize].free == 0);
        if used_up && let Some(group) = self.take_untouched() {
            self.open_group(group);
            self.index_group = Some(group);
        }
        match self.index_group {
            Some(group) if self.groups[group as usize].free != 0 => Some(self.take_from(group)),
            _ => self.take(),
        }
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_behind_groups_that_are_full() {
        let pool = Pool::new(Geometry::of(u64::from(4 * GROUP_SEGMENTS * RUN_GROUPS as u32) * (64 << 10))).unwrap();
        let runs: Vec<u32> = std::iter::from_fn(|| pool.take_segments(4)).collect();
        assert_eq!((runs.len(), pool.free_segments()), (4 * 8 * RUN_GROUPS, 0));
        for &run in &runs {
            pool.release_segments(run, 4);
            assert_eq!(pool.take_segments(4), Some(run));
        }
    }
}
