//! Ghosts: fingerprints of what was evicted unread, in lines of 32 two-byte fingerprints, the newest first.

use crate::hash::Hash;
use crate::index::prefetch;
use crate::pool::Pool;

const LINE_GHOSTS: usize = 32;
const LINE_BYTES: usize = 64;
/// Items per line at which the table grows.
const LINE_ITEMS: u32 = LINE_GHOSTS as u32;

/// The ghosts of a cell, as many as its items. Under the cell's lock.
#[derive(Default)]
pub(crate) struct Ghosts {
    pages: Vec<u32>,
    lines: u32,
}

impl Ghosts {
    /// Pages that it holds.
    #[cfg(any(test, debug_assertions))]
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// How many pages more are wanted for that many items.
    pub fn pages_wanted(&self, items: u32, pool: &Pool) -> u32 {
        if items <= self.lines.saturating_mul(LINE_ITEMS) {
            return 0;
        }
        let page_lines = (pool.geometry.index_page_bytes() / LINE_BYTES) as u32;
        // Each growth copies all lines, so the steps are not too small.
        let lines = items.div_ceil(LINE_ITEMS).max(self.lines + self.lines / 16);
        lines.div_ceil(page_lines).saturating_sub(self.pages.len() as u32)
    }

    /// Takes more zeroed pages. A line's ghosts go to the lines that its hashes now fall into, to each of them all.
    pub fn grow(&mut self, pages: &[u32], pool: &Pool) {
        let page_lines = (pool.geometry.index_page_bytes() / LINE_BYTES) as u32;
        if pages.is_empty() {
            return;
        }
        let old = u64::from(self.lines);
        self.pages.extend_from_slice(pages);
        self.lines = self.pages.len() as u32 * page_lines;
        if old == 0 {
            return;
        }
        // From the highest down, no line is overwritten before it was copied: the source is never above its target.
        for line in (0..self.lines).rev() {
            let source = (u64::from(line) * old / u64::from(self.lines)) as u32;
            let ghosts = *self.line(source, pool);
            *self.line(line, pool) = ghosts;
        }
    }

    /// Remembers a hash; `items` says how many ghosts are wanted in all.
    pub fn insert(&mut self, hash: Hash, items: u32, pool: &Pool) {
        if self.lines == 0 {
            return;
        }
        let depth = ((items / self.lines) as usize + 1).min(LINE_GHOSTS);
        let line = self.line(hash.line(self.lines), pool);
        line.copy_within(0..depth - 1, 1);
        line[0] = hash.fingerprint();
        line[depth..].fill(0);
    }

    /// Whether the hash is remembered.
    pub fn contains(&mut self, hash: Hash, pool: &Pool) -> bool {
        self.lines > 0 && self.line(hash.line(self.lines), pool).contains(&hash.fingerprint())
    }

    /// Forgets the hash; true if it was remembered.
    pub fn remove(&mut self, hash: Hash, pool: &Pool) -> bool {
        if self.lines == 0 {
            return false;
        }
        let line = self.line(hash.line(self.lines), pool);
        let found = line.iter().position(|&ghost| ghost == hash.fingerprint());
        if let Some(at) = found {
            line.copy_within(at + 1.., at);
            line[LINE_GHOSTS - 1] = 0;
        }
        found.is_some()
    }

    /// Asks for the hash's line.
    pub fn prefetch(&self, hash: Hash, pool: &Pool) {
        if self.lines > 0 {
            prefetch(self.address(hash.line(self.lines), pool));
        }
    }

    fn line(&mut self, line: u32, pool: &Pool) -> &mut [u16; LINE_GHOSTS] {
        let start = self.address(line, pool);
        // SAFETY: the page is this cell's own, whose lock is held, and the borrow of `self` makes the
        // line's exclusive. Any bytes are valid fingerprints.
        unsafe { &mut *start.cast() }
    }

    fn address(&self, line: u32, pool: &Pool) -> *mut u8 {
        let page_lines = (pool.geometry.index_page_bytes() / LINE_BYTES) as u32;
        let page = self.pages[(line / page_lines) as usize];
        pool.index_page(page).wrapping_add((line % page_lines) as usize * LINE_BYTES)
    }
}
