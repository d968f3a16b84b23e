//! Which groups of segments are on huge pages: those that are backed by memory nearly whole.

use super::{Pool, RETAINED_GROUPS, State};
use crate::arena::HUGE_PAGE_BYTES;
use crate::options::GROUP_SEGMENTS;

/// Least bytes of a group that must be backed by small pages, so that a huge one does not take much more.
const MIN_BACKED_BYTES: usize = HUGE_PAGE_BYTES / 32 * 31;
/// Groups that one slice looks at.
const SLICE_GROUPS: u32 = 64;
/// Groups that one round looks at in vain; the next goes on from there. Each costs some 3 microseconds, also when the server
/// is idle, and a cache of many GiB may have begun more of its groups than it fills.
const ROUND_LOOKS: u32 = 1024;
/// Looks that one counts as if the system then refuses a huge page, for it costs so much more. Up to one in ten are refused
/// while others write, so that a round does not end with the first.
const REFUSAL_LOOKS: u32 = 32;
/// The kernel cuts the arena's mapping where the kind of its pages changes; a process has 65,530 mappings, by default.
const MAX_PAGE_EDGES: u32 = 16_384;

/// What backs a group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pages {
    Small,
    /// Somebody looks at it, or makes it huge; it is not given back meanwhile.
    Changing,
    Huge,
}

impl Pool {
    /// Puts one group on huge pages, the first that is worth it of a bounded number from the `first` of this round on.
    /// Answers with the one to go on from, or with `None` at the end. Holds no lock while the kernel is at work.
    pub fn make_huge(&self, first: u32) -> Option<u32> {
        let group_bytes = GROUP_SEGMENTS as usize * self.geometry.segment_bytes;
        if !self.arena.has_huge_pages() || group_bytes != HUGE_PAGE_BYTES {
            return None;
        }
        let (start, groups) = self.state.lock().begin_slice(first);
        let end = first.saturating_add(SLICE_GROUPS).min(groups);
        for at in first..end {
            let group = (start + at) % groups;
            if !self.state.lock().begin_change(group) {
                continue;
            }
            let offset = group as usize * group_bytes;
            let worth_it = self.arena.backed_bytes(offset) >= MIN_BACKED_BYTES;
            let is_huge = worth_it && self.arena.make_huge(offset);
            let mut state = self.state.lock();
            let idle_group = state.end_change(group, is_huge);
            let is_over = !is_huge && state.looked_in_vain(group, if worth_it { REFUSAL_LOOKS } else { 1 });
            drop(state);
            self.give_back(idle_group);
            if is_over {
                return None;
            }
            if worth_it {
                return (at + 1 < groups).then_some(at + 1);
            }
        }
        (end < groups).then_some(end)
    }

    /// A free group that was given back, and that nobody can take yet, is on small pages again, unless the mapping would be
    /// cut too often.
    pub(super) fn make_small(&self, group: u32) {
        if self.state.lock().forget_huge(group) {
            self.arena.make_small(group as usize * HUGE_PAGE_BYTES);
        }
    }
}

impl State {
    /// Where the round began that a slice is part of, and how many groups there are to look at.
    fn begin_slice(&mut self, first: u32) -> (u32, u32) {
        if first == 0 {
            self.vain_looks = 0;
        }
        (self.round_start, self.usable_groups)
    }

    /// Whether the round is over, since it has looked at so many groups.
    fn looked_in_vain(&mut self, group: u32, looks: u32) -> bool {
        self.vain_looks += looks;
        let is_over = self.vain_looks >= ROUND_LOOKS;
        if is_over {
            self.round_start = group + 1;
        }
        is_over
    }

    /// Whether a group may be put on huge pages now; nobody else does so, or gives it back, until `end_change`.
    fn begin_change(&mut self, group: u32) -> bool {
        let g = &mut self.groups[group as usize];
        // What is withheld of a group would be backed again.
        let eligible = g.touched && !g.whole && g.all == u32::MAX && g.pages == Pages::Small;
        if !eligible || !self.may_change_pages(group) {
            return false;
        }
        self.groups[group as usize].pages = Pages::Changing;
        true
    }

    /// Returns the group if it became free meanwhile and its memory is to be given back.
    pub(super) fn end_change(&mut self, group: u32, is_huge: bool) -> Option<u32> {
        self.groups[group as usize].pages = Pages::Small;
        if is_huge {
            self.set_pages(group, Pages::Huge);
        }
        let g = &self.groups[group as usize];
        if !g.whole || self.touched_whole.len() <= RETAINED_GROUPS {
            return None;
        }
        self.free_segments -= g.all.count_ones();
        self.touched_whole.retain(|&free| free != group);
        Some(group)
    }

    pub(super) fn forget_huge(&mut self, group: u32) -> bool {
        let forgets = self.groups[group as usize].pages == Pages::Huge && self.may_change_pages(group);
        if forgets {
            self.set_pages(group, Pages::Small);
        }
        forgets
    }

    /// Whether a group may change to the other kind of pages: then what was an edge beside it is none, and the reverse.
    fn may_change_pages(&self, group: u32) -> bool {
        let around = self.around(group);
        let pairs = around.clone().count() as u32 - 1;
        let edges = self.edges(around);
        pairs <= 2 * edges || self.page_edges + pairs - 2 * edges <= MAX_PAGE_EDGES
    }

    /// A group and its neighbours.
    fn around(&self, group: u32) -> std::ops::RangeInclusive<usize> {
        let group = group as usize;
        group.saturating_sub(1)..=(group + 1).min(self.groups.len() - 1)
    }

    /// Changes the kind of a group's pages, and counts the edges.
    pub(super) fn set_pages(&mut self, group: u32, pages: Pages) {
        let around = self.around(group);
        self.page_edges -= self.edges(around.clone());
        self.groups[group as usize].pages = pages;
        self.page_edges += self.edges(around);
    }

    /// Neighbours among those groups of which one alone is on huge pages.
    fn edges(&self, groups: std::ops::RangeInclusive<usize>) -> u32 {
        self.groups[groups]
            .windows(2)
            .filter(|pair| (pair[0].pages == Pages::Huge) != (pair[1].pages == Pages::Huge))
            .count() as u32
    }

    /// Panics where an invariant does not hold.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_pages(&self) {
        assert_eq!(self.page_edges, self.edges(0..=self.groups.len() - 1), "edges between kinds of pages");
        assert!(
            self.groups.iter().all(|g| g.touched || g.pages != Pages::Changing),
            "what is being changed is not given back"
        );
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;
    use crate::options::Geometry;
    use std::os::fd::AsRawFd;

    /// Enough for segments of full size, and for some groups to be given back.
    const GROUPS: u32 = 2 * RETAINED_GROUPS as u32 + 1;

    fn pool() -> Pool {
        pool_of(GROUPS)
    }

    fn pool_of(groups: u32) -> Pool {
        Pool::new(Geometry::of(u64::from(groups) * HUGE_PAGE_BYTES as u64)).unwrap()
    }

    fn round(pool: &Pool) {
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            cursor = pool.make_huge(at);
            pool.state.lock().check_pages();
        }
    }

    fn huge_groups(pool: &Pool) -> Vec<u32> {
        let state = pool.state.lock();
        (0..state.groups.len() as u32).filter(|&group| state.groups[group as usize].pages == Pages::Huge).collect()
    }

    /// Takes all segments and fills them but for the share `left` of each group in `holes`.
    fn fill(pool: &Pool, holes: &[u32], left: usize) -> Vec<u32> {
        let segments: Vec<u32> = std::iter::from_fn(|| pool.take_segments(1)).collect();
        for &segment in &segments {
            let whole = pool.geometry.segment_bytes;
            let bytes = if holes.contains(&(segment / GROUP_SEGMENTS)) { whole - left } else { whole };
            // SAFETY: the segment was handed out to this test alone.
            unsafe { pool.segment(segment).write_bytes(segment as u8 | 1, bytes) };
        }
        segments
    }

    #[test]
    fn what_is_full_is_on_huge_pages_until_it_is_given_back() {
        let pool = pool();
        round(&pool);
        assert_eq!(huge_groups(&pool), [], "nothing was touched");
        let segments = fill(&pool, &[1], 8192);
        round(&pool);
        if !pool.arena.has_huge_pages() {
            return;
        }
        assert_eq!(huge_groups(&pool), (0..GROUPS).filter(|&group| group != 1).collect::<Vec<_>>());
        assert!(pool.arena.backed_bytes(HUGE_PAGE_BYTES) < MIN_BACKED_BYTES, "what is not used has no memory");
        for &segment in &segments {
            // SAFETY: as above.
            let bytes =
                unsafe { std::slice::from_raw_parts(pool.segment(segment), pool.geometry.segment_bytes - 8192) };
            assert!(bytes.iter().all(|&byte| byte == segment as u8 | 1), "nothing is changed by it");
        }
        segments.iter().for_each(|&segment| pool.release_segments(segment, 1));
        pool.state.lock().check_pages();
        assert_eq!(huge_groups(&pool).len() + 1, RETAINED_GROUPS, "what stays backed stays as it is");
        fill(&pool, &[], 0);
        round(&pool);
        assert_eq!(huge_groups(&pool), (0..GROUPS).collect::<Vec<_>>(), "full again");
    }

    #[test]
    fn a_group_that_is_changed_is_not_given_back() {
        let pool = pool();
        let segments = fill(&pool, &[], 0);
        let last = GROUPS - 1;
        assert!(pool.state.lock().begin_change(last));
        assert!(!pool.state.lock().begin_change(last), "one at a time");
        // In order, so that the last one is free when as many are retained as may be.
        segments.iter().for_each(|&segment| pool.release_segments(segment, 1));
        assert_eq!(pool.arena.backed_bytes(last as usize * HUGE_PAGE_BYTES), HUGE_PAGE_BYTES);
        let idle_group = pool.state.lock().end_change(last, false);
        assert_eq!(idle_group, Some(last), "as many are retained as may be");
        pool.give_back(idle_group);
        assert_eq!(pool.arena.backed_bytes(last as usize * HUGE_PAGE_BYTES), 0);
        assert_eq!(pool.state.lock().touched_segments as usize, RETAINED_GROUPS * GROUP_SEGMENTS as usize);
        assert_eq!(pool.free_segments(), pool.geometry.opened_segments);
        assert_eq!(fill(&pool, &[], 0).len(), segments.len(), "each can be taken again");
    }

    #[test]
    fn no_more_is_retained_for_being_changed() {
        let pool = pool();
        let segments = fill(&pool, &[], 0);
        for group in segments.chunks(GROUP_SEGMENTS as usize) {
            let number = group[0] / GROUP_SEGMENTS;
            assert!(pool.state.lock().begin_change(number));
            group.iter().for_each(|&segment| pool.release_segments(segment, 1));
            let idle_group = pool.state.lock().end_change(number, false);
            pool.give_back(idle_group);
        }
        assert_eq!(pool.state.lock().touched_segments as usize, RETAINED_GROUPS * GROUP_SEGMENTS as usize);
        assert_eq!(pool.free_segments(), pool.geometry.opened_segments);
    }

    #[test]
    fn edges_are_bounded() {
        let pool = pool();
        let segments = fill(&pool, &[], 0);
        pool.state.lock().page_edges = MAX_PAGE_EDGES;
        assert!(!pool.state.lock().begin_change(3));
        pool.state.lock().page_edges = 0;
        for group in [2, 4] {
            pool.state.lock().begin_change(group);
            pool.state.lock().end_change(group, true);
        }
        pool.state.lock().page_edges = MAX_PAGE_EDGES;
        assert!(pool.state.lock().begin_change(3), "it closes a gap");
        pool.state.lock().end_change(3, true);
        assert_eq!(pool.state.lock().page_edges, MAX_PAGE_EDGES - 2);
        (0..GROUPS).for_each(|group| pool.state.lock().set_pages(group, Pages::Huge));
        pool.state.lock().page_edges = MAX_PAGE_EDGES;
        segments.iter().for_each(|&segment| pool.release_segments(segment, 1));
        assert!(pool.state.lock().page_edges <= MAX_PAGE_EDGES, "nor does giving back cut the mapping further");
    }

    #[test]
    fn a_round_is_bounded_and_the_next_goes_on() {
        let pool = pool_of(ROUND_LOOKS + SLICE_GROUPS);
        let segments: Vec<u32> = std::iter::from_fn(|| pool.take_segments(1)).collect();
        let last = ROUND_LOOKS + SLICE_GROUPS - 1;
        for segment in segments.into_iter().filter(|segment| segment / GROUP_SEGMENTS == last) {
            // SAFETY: the segment was handed out to this test alone.
            unsafe { pool.segment(segment).write_bytes(1, pool.geometry.segment_bytes) };
        }
        round(&pool);
        assert_eq!(huge_groups(&pool), [], "so many were not full");
        round(&pool);
        assert_eq!(huge_groups(&pool), if pool.arena.has_huge_pages() { vec![last] } else { vec![] });
    }

    #[test]
    fn what_the_system_could_not_do_is_tried_again() {
        let pool = pool();
        fill(&pool, &[], 0);
        // The kernel does not move a page that a pipe refers to.
        let (reader, writer) = std::io::pipe().unwrap();
        let page = libc::iovec { iov_base: pool.arena.at(HUGE_PAGE_BYTES).cast(), iov_len: 4096 };
        // SAFETY: the page is mapped until the end of this test, and nobody writes to it.
        let spliced = unsafe { libc::vmsplice(writer.as_raw_fd(), &raw const page, 1, 0) };
        if spliced != 4096 || !pool.arena.has_huge_pages() {
            return;
        }
        round(&pool);
        assert_eq!(huge_groups(&pool), (0..GROUPS).filter(|&group| group != 1).collect::<Vec<_>>());
        drop((reader, writer));
        round(&pool);
        assert_eq!(huge_groups(&pool), (0..GROUPS).collect::<Vec<_>>());
    }
}
