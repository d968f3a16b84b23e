//! Several cells at once, for operations on several keys.

use crate::cell::{Cell, Now, Shared, View};
use crate::clock::UnixMillis;
use crate::entry::{Entry, Item};
use crate::hash::Hash;
use crate::walk::{self, Visit};
use parking_lot::MutexGuard;
use smallvec::SmallVec;

/// Up to so many keys are locked together without an allocation.
const INLINE_CELLS: usize = 16;
/// A cell that is held, with its number.
type HeldCell<'s> = (usize, MutexGuard<'s, Cell>);

/// Cells that are held beside the one of an entry. All else that makes room finds them locked.
pub(crate) struct Others<'s> {
    before: &'s mut [HeldCell<'s>],
    after: &'s mut [HeldCell<'s>],
}

impl Others<'_> {
    /// With their numbers.
    pub fn each(&mut self) -> impl Iterator<Item = (&usize, &mut Cell)> {
        self.before.iter_mut().chain(&mut *self.after).map(|(number, cell)| (&*number, &mut **cell))
    }

    /// The cell of that number, if it is one of these.
    pub fn get(&mut self, number: usize) -> Option<&mut Cell> {
        let is_before = self.before.last().is_some_and(|(last, _)| number <= *last);
        let cells = if is_before { &mut *self.before } else { &mut *self.after };
        let at = cells.binary_search_by_key(&number, |(n, _)| *n).ok()?;
        Some(&mut cells[at].1)
    }

    /// Whether there are no cells but these and the entry's.
    pub fn are_all(&self, shared: &Shared) -> bool {
        self.before.len() + self.after.len() + 1 == shared.slots.len()
    }
}

/// The held cell at a place among several, and the others.
fn split<'a>(cells: &'a mut [HeldCell<'_>], at: usize) -> (&'a mut Cell, Option<Others<'a>>) {
    // SAFETY: the same slice, borrowed for as long, of guards that seem to live no longer than that. None of these must be put
    // in the place of one that lives longer: `Others` alone reaches them, and only lends what they guard.
    let cells = unsafe { std::slice::from_raw_parts_mut(cells.as_mut_ptr().cast::<HeldCell<'a>>(), cells.len()) };
    let (before, rest) = cells.split_at_mut(at);
    let (cell, after) = rest.split_first_mut().expect("a cell that is held");
    let others = !before.is_empty() || !after.is_empty();
    (&mut cell.1, others.then_some(Others { before, after }))
}

/// Several cells locked in ascending order, so that two such calls never wait for each other.
pub struct LockedCells<'s> {
    shared: &'s Shared,
    /// Sorted by the number of the cell.
    cells: SmallVec<[HeldCell<'s>; INLINE_CELLS]>,
    now: Now,
}

impl<'s> LockedCells<'s> {
    pub(crate) fn new(shared: &'s Shared, hashes: &[Hash], now: Now) -> LockedCells<'s> {
        let mut numbers: SmallVec<[usize; INLINE_CELLS]> =
            hashes.iter().map(|hash| hash.cell(shared.slots.len())).collect();
        numbers.sort_unstable();
        numbers.dedup();
        LockedCells::of(shared, numbers.into_iter(), now)
    }

    pub(crate) fn all(shared: &'s Shared, now: Now) -> LockedCells<'s> {
        LockedCells::of(shared, 0..shared.slots.len(), now)
    }

    /// `numbers` grow.
    fn of(shared: &'s Shared, numbers: impl Iterator<Item = usize>, now: Now) -> LockedCells<'s> {
        let cells = numbers.map(|number| (number, shared.slots[number].lock(now))).collect();
        LockedCells { shared, cells, now }
    }

    fn position(&self, number: usize) -> Option<usize> {
        self.cells.binary_search_by_key(&number, |(n, _)| *n).ok()
    }

    /// The entry of a key whose hash was among those locked.
    ///
    /// # Panics
    /// When the hash's cell was not among those locked.
    pub fn entry<'a, 'k>(&'a mut self, key: &'k [u8], hash: Hash) -> Entry<'a, 'k> {
        let number = hash.cell(self.shared.slots.len());
        let at = self.position(number).expect("the key's cell is locked");
        let (cell, others) = split(&mut self.cells, at);
        Entry::lent(self.shared, cell, others, key, hash, self.now)
    }

    /// As [`Store::scan`](crate::Store::scan), of the items of the cells that are locked.
    pub fn scan(&mut self, cursor: u64, budget: usize, give: &mut dyn FnMut(&[u8], &Item<'_>)) -> u64 {
        let (shared, now) = (self.shared, self.now);
        walk::scan(shared, self, cursor, budget, now, give)
    }

    /// As [`Store::random_key`](crate::Store::random_key), of the items of the cells that are locked.
    pub fn random_key(&mut self, seed: u64) -> Option<Vec<u8>> {
        let (shared, now) = (self.shared, self.now);
        walk::random_key(shared, self, seed, now)
    }

    /// As [`LockedCells::flush`]; each cell is let go as soon as it is flushed.
    pub(crate) fn flush_and_unlock(self, at_ms: UnixMillis) {
        for (number, mut cell) in self.cells {
            self.shared.slots[number].flush_at(&mut cell, at_ms, self.now.ms);
        }
    }

    /// As [`Store::flush`](crate::Store::flush), of the cells that are locked.
    pub fn flush(&mut self, at_ms: UnixMillis) {
        for (number, cell) in &mut self.cells {
            self.shared.slots[*number].flush_at(cell, at_ms, self.now.ms);
        }
    }
}

impl Visit for LockedCells<'_> {
    fn visit<R>(&mut self, cell: usize, look: impl FnOnce(&mut View<'_, '_>) -> R) -> Option<R> {
        let at = self.position(cell)?;
        Some(look(&mut View::of(self.shared, &self.shared.slots[cell], &mut self.cells[at].1)))
    }
}
