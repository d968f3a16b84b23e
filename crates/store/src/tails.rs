//! Segments shared by the tails of large values: which of their pages are free.

use crate::bits;

const NONE: u32 = u32::MAX;
/// Most pages of a segment: one bit each.
const MAX_PAGES: usize = 64;

/// A run of pages of the arena, numbered from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub page: u32,
    pub pages: u32,
}

#[derive(Clone, Copy)]
struct Shared {
    free: u64,
    prev: u32,
    next: u32,
}

/// Shared segments in lists by number of free pages, so that the best fit is found in at most 64 steps.
pub(crate) struct Tails {
    /// By number, up to the highest that was ever shared; there is room for all, so that this never moves.
    segments: Vec<Shared>,
    heads: [u32; MAX_PAGES + 1],
    pages: u32,
    free_pages: u64,
    shared: u32,
}

impl Tails {
    pub fn new(segments: u32, pages: u32) -> Tails {
        Tails {
            segments: Vec::with_capacity(segments as usize),
            heads: [NONE; MAX_PAGES + 1],
            pages,
            free_pages: 0,
            shared: 0,
        }
    }

    /// Free pages in shared segments.
    #[cfg(any(test, debug_assertions))]
    pub fn free_pages(&self) -> u64 {
        self.free_pages
    }

    /// Segments that are shared by tails.
    #[cfg(any(test, debug_assertions))]
    pub fn shared(&self) -> u32 {
        self.shared
    }

    /// Makes a free segment a shared one.
    pub fn add(&mut self, segment: u32) {
        if self.segments.len() <= segment as usize {
            self.segments.resize(segment as usize + 1, Shared { free: 0, prev: NONE, next: NONE });
        }
        self.segments[segment as usize].free = u64::MAX >> (64 - self.pages);
        self.free_pages += u64::from(self.pages);
        self.shared += 1;
        self.link(segment);
    }

    /// The shared segment with the fewest free pages, but at least `pages`.
    pub fn best(&self, pages: u32) -> Option<u32> {
        self.heads[pages as usize..=self.pages as usize].iter().copied().find(|&head| head != NONE)
    }

    /// The shared segment with the most free pages.
    pub fn largest(&self) -> Option<u32> {
        self.heads[1..=self.pages as usize].iter().rev().copied().find(|&head| head != NONE)
    }

    /// Takes up to `pages` pages of the segment as runs; returns how many it took.
    pub fn take(&mut self, segment: u32, pages: u32, mut run: impl FnMut(Run)) -> u32 {
        self.unlink(segment);
        let mut free = self.segments[segment as usize].free;
        let mut taken = 0;
        while taken < pages && free != 0 {
            let start = free.trailing_zeros();
            let length = (free >> start).trailing_ones().min(pages - taken);
            free &= !bits::run(start, length);
            run(Run { page: segment * self.pages + start, pages: length });
            taken += length;
        }
        self.segments[segment as usize].free = free;
        self.free_pages -= u64::from(taken);
        self.link(segment);
        taken
    }

    /// Gives a run back; true when the whole segment is free with it, and no longer shared.
    pub fn give(&mut self, run: Run) -> bool {
        let segment = run.page / self.pages;
        self.unlink(segment);
        let row = bits::run(run.page % self.pages, run.pages);
        let shared = &mut self.segments[segment as usize];
        debug_assert_eq!(shared.free & row, 0, "pages freed twice");
        shared.free |= row;
        self.free_pages += u64::from(run.pages);
        if shared.free.count_ones() == self.pages {
            shared.free = 0;
            self.free_pages -= u64::from(self.pages);
            self.shared -= 1;
            return true;
        }
        self.link(segment);
        false
    }

    fn link(&mut self, segment: u32) {
        let count = self.segments[segment as usize].free.count_ones() as usize;
        if count == 0 {
            return;
        }
        let next = std::mem::replace(&mut self.heads[count], segment);
        let shared = &mut self.segments[segment as usize];
        (shared.prev, shared.next) = (NONE, next);
        if next != NONE {
            self.segments[next as usize].prev = segment;
        }
    }

    fn unlink(&mut self, segment: u32) {
        let Shared { free, prev, next } = self.segments[segment as usize];
        if free == 0 {
            return;
        }
        if prev == NONE {
            self.heads[free.count_ones() as usize] = next;
        } else {
            self.segments[prev as usize].next = next;
        }
        if next != NONE {
            self.segments[next as usize].prev = prev;
        }
    }
}
