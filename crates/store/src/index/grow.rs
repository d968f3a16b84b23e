//! Growth of an index, in place and a unit at a time.
//!
//! The home line grows with the hash, whatever the number of lines. So when the table gets more lines, every key moves to
//! the same line or a higher one, and moving units from the highest to the lowest never meets one that has not moved.

use super::{Index, IndexView, LINE_LOAD, Line, PLACE_SHIFT, SLOTS, UNIT_LINES, empty_lanes, link_of};
use crate::hash::Hash;
use std::sync::atomic::Ordering;

/// A unit is tidied before it gets another overflow line if so many of its home slots are empty.
const WORTH_TIDYING: usize = 16;

/// The keys of the items at places of the cell, of which an index keeps no hash.
pub(crate) trait Keys {
    /// Asks for the item, whose key will be hashed soon.
    fn prefetch(&self, place: u32);
    /// Hashes the item's key.
    fn hash(&self, place: u32) -> Hash;
}

impl IndexView<'_, &mut Index> {
    /// Whether units are still to be moved after a growth.
    pub fn is_growing(&self) -> bool {
        self.table.frontier.load(Ordering::Relaxed) > 0
    }

    /// How many pages more are wanted now, for a cell that may come to hold `expected` keys.
    pub fn pages_wanted(&self, expected: u64) -> u32 {
        let lines = self.table.lines.load(Ordering::Relaxed);
        if self.is_growing() || self.index.entries < lines * LINE_LOAD {
            return 0;
        }
        // Straight to what is expected where that is near, but neither tiny steps, which cost moves, nor great leaps.
        let least = lines + (lines / 8).max(1);
        let wanted = u32::try_from(expected / u64::from(LINE_LOAD)).unwrap_or(u32::MAX);
        let pages = wanted.clamp(least, (lines * 2).max(least)).div_ceil(1 << self.table.page_line_bits);
        pages.min(self.table.pages.len() as u32).saturating_sub(self.index.line_pages)
    }

    /// Takes a zeroed page for lines; they are used after `start_growth`.
    pub fn add_line_page(&mut self, page: u32) {
        self.table.pages[self.index.line_pages as usize].store(page, Ordering::Release);
        self.index.line_pages += 1;
    }

    /// Takes a zeroed page for overflow lines.
    pub fn add_overflow_page(&mut self, page: u32) {
        let bits = self.table.page_line_bits;
        let first = (self.index.overflow_pages.len() as u32) << bits;
        self.index.overflow_pages.push(page);
        // For all lines that there are, so that a removal never allocates.
        let lines = self.index.overflow_pages.len() << bits;
        self.index.free_overflow.reserve(lines - self.index.free_overflow.len());
        self.index.free_overflow.extend((first..first + (1 << bits)).rev());
    }

    /// Begins to use the pages added.
    pub fn start_growth(&mut self) {
        let old = self.table.lines.load(Ordering::Relaxed);
        let lines = self.index.line_pages << self.table.page_line_bits;
        if lines == old {
            return;
        }
        // In this order a prefetch that mixes old and new values only misses its guess.
        self.table.old_lines.store(old, Ordering::Relaxed);
        self.table.frontier.store(old / UNIT_LINES, Ordering::Relaxed);
        self.table.lines.store(lines, Ordering::Release);
    }

    /// Moves the keys of one unit. False when overflow lines are short.
    pub fn move_unit(&mut self, keys: &impl Keys) -> bool {
        let unit = self.table.frontier.load(Ordering::Relaxed) - 1;
        self.lay_out(unit, unit, keys)
    }

    /// Fills the home lines of the hash's unit from its overflow, if removals have left some room in them: what was put
    /// into an overflow line stays there otherwise.
    pub fn tidy_unit(&mut self, hash: Hash, keys: &impl Keys) {
        let unit = self.table.home(hash) / UNIT_LINES;
        let empty: usize = self.unit_lines(unit).map(empty_lanes).sum();
        if empty >= WORTH_TIDYING && self.unit_overflow(unit).is_some() {
            let frontier = self.table.frontier.load(Ordering::Relaxed);
            self.lay_out(unit, frontier, keys);
        }
    }

    /// Takes all keys of a unit out and puts them in again, with the frontier at another place.
    fn lay_out(&mut self, unit: u32, frontier: u32, keys: &impl Keys) -> bool {
        let mut moving = std::mem::take(&mut self.index.moving);
        moving.clear();
        let chained = self.collect(unit, |slot| {
            keys.prefetch(slot >> PLACE_SHIFT);
            moving.push((slot, Hash(0)));
        });
        // Each line of a new unit's chain has at least fifteen keys of it; a few units share what one unit had.
        let needed = moving.len() / (SLOTS - 1) + UNIT_LINES as usize;
        let enough = self.index.free_overflow.len() + chained >= needed;
        if enough {
            self.clear(unit);
            self.table.frontier.store(frontier, Ordering::Relaxed);
            for (slot, hash) in &mut moving {
                *hash = keys.hash(*slot >> PLACE_SHIFT);
            }
            for &(slot, hash) in &moving {
                self.insert_slot(hash, slot);
            }
        }
        self.index.moving = moving;
        enough
    }

    fn clear(&mut self, unit: u32) {
        let empty = |line: &Line| line.0.iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
        let mut next = self.unit_overflow(unit);
        while let Some(overflow) = next {
            next = link_of(self.overflow_line(overflow));
            empty(self.overflow_line(overflow));
            self.index.free_overflow.push(overflow);
        }
        self.unit_lines(unit).for_each(empty);
    }
}

impl Index {
    /// Keys in the index.
    pub fn entries(&self) -> u32 {
        self.entries
    }

    /// Pages that the index holds.
    pub fn pages(&self) -> usize {
        self.line_pages as usize + self.overflow_pages.len()
    }
}
