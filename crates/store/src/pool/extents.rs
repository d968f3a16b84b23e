//! Extents of large values: whole segments, and runs of pages in segments shared by tails.

use super::{Pool, State};
use crate::tails::Run;

impl Pool {
    /// Takes up to `pages` pages of extents, whole segments first; returns how many are still wanted.
    pub fn take_extents(&self, pages: u32, run: impl FnMut(Run)) -> u32 {
        self.state.lock().take_extents(pages, self.geometry.extent_pages(), run)
    }

    pub fn release_extents(&self, runs: impl Iterator<Item = Run>) {
        let whole = self.geometry.extent_pages();
        // One lock per run: a long chain must not hold up every cell that wants a segment.
        for run in runs {
            let mut state = self.state.lock();
            let free = run.pages == whole || state.tails.give(run);
            let idle_group = if free { state.release(run.page / whole) } else { None };
            drop(state);
            self.give_back(idle_group);
        }
    }
}

impl State {
    fn take_extents(&mut self, mut pages: u32, whole: u32, mut run: impl FnMut(Run)) -> u32 {
        while pages >= whole {
            let Some(segment) = self.take() else { break };
            run(Run { page: segment * whole, pages: whole });
            pages -= whole;
        }
        if pages > 0 && pages < whole {
            if self.tails.best(pages).is_none()
                && let Some(segment) = self.take()
            {
                self.tails.add(segment);
            }
            if let Some(segment) = self.tails.best(pages) {
                pages -= self.tails.take(segment, pages, &mut run);
            }
        }
        // Nothing fits as a piece: gather what there is before anything is evicted for it.
        while pages > 0
            && let Some(segment) = self.tails.largest()
        {
            pages -= self.tails.take(segment, pages, &mut run);
        }
        pages
    }
}
