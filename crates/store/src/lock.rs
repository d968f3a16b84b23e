//! Several cells at once, for operations on several keys.

use crate::cell::{Cell, Now, Shared, View};
use crate::entry::Entry;
use crate::hash::Hash;
use parking_lot::MutexGuard;
use smallvec::SmallVec;

/// Up to so many keys are locked together without an allocation.
const INLINE_CELLS: usize = 16;
/// Segments that the first item of a cell may need: its own, and one for pages of index.
const FIRST_SEGMENTS: u32 = 2;

/// Several cells locked in ascending order, so that two such calls never wait for each other.
pub struct LockedCells<'s> {
    shared: &'s Shared,
    /// Sorted by the number of the cell.
    cells: SmallVec<[(usize, MutexGuard<'s, Cell>); INLINE_CELLS]>,
    now: Now,
}

impl<'s> LockedCells<'s> {
    pub(crate) fn new(shared: &'s Shared, hashes: &[Hash], now: Now) -> LockedCells<'s> {
        let mut numbers: SmallVec<[usize; INLINE_CELLS]> =
            hashes.iter().map(|hash| hash.cell(shared.slots.len())).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let cells = numbers.into_iter().map(|number| (number, shared.slots[number].lock(now))).collect();
        LockedCells { shared, cells, now }
    }

    /// A cell with nothing to evict finds room in others, but not in those that are held here: if these have all, some of it
    /// is evicted now. That ends, since nobody else fills cells that are held.
    #[cold]
    fn make_room(&mut self, at: usize) {
        let geometry = &self.shared.pool.geometry;
        while self.shared.pool.free_segments() < FIRST_SEGMENTS {
            let others = self.cells.iter_mut().enumerate().filter(|(n, _)| *n != at).map(|(_, cell)| cell);
            let heaviest = others.max_by_key(|(number, _)| self.shared.slots[*number].held_bytes(geometry));
            let Some((number, cell)) = heaviest else { return };
            let slot = &*self.shared.slots[*number];
            if !(View { shared: self.shared, slot, cell }).reclaim_own(self.now) {
                return;
            }
        }
    }

    /// The entry of a key whose hash was among those locked.
    ///
    /// # Panics
    /// When the hash's cell was not among those locked.
    pub fn entry<'a, 'k>(&'a mut self, key: &'k [u8], hash: Hash) -> Entry<'a, 'k> {
        let number = hash.cell(self.shared.slots.len());
        let at = self.cells.binary_search_by_key(&number, |(n, _)| *n).expect("the key's cell is locked");
        if self.shared.slots[number].is_bare() && self.cells.len() > 1 {
            self.make_room(at);
        }
        Entry::lent(self.shared, &mut self.cells[at].1, key, hash, self.now)
    }
}
