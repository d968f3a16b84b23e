//! Walks through all items: [`Store::scan`] and [`Store::random_key`].
//!
//! # The guarantee of a scan
//!
//! A scan from cursor 0 to the answer 0 gives every key that is there all the time exactly once, and no key twice; one that
//! comes or goes meanwhile it may give or not. Others may write, evict, flush and expire meanwhile, and indexes may grow.
//!
//! A cursor is a number of a cell and a *position*, the upper half of a key's hash. A key's cell and position never change,
//! and one call gives what is in a range of positions, from that of its cursor to that of its answer. So the ranges of a scan
//! follow each other without gap or overlap, whatever happens between its calls. Within a call each range is that of one unit
//! of an index (`index/walk`), which is read whole under the lock of its cell: what is in the cell and in the range at that
//! moment is given, once, for the index has one slot for each item. A unit that begins before the cursor, since the index has
//! grown or had not yet when the cursor was made, gives only what is not before it. Cells without an item are passed over
//! without their lock, by a count that is never zero while an item stays (`cell/walk`).

use crate::cell::{Now, Shared, View};
use crate::clock::UnixMillis;
use crate::entry::Item;
use crate::random::Random;
use crate::store::Store;
use parking_lot::MutexGuard;

/// Units of an index that one call looks at, for each item of its budget: many are empty where a cell held more than it does.
const UNITS_PER_ITEM: usize = 10;
/// Cells without an item that one call passes over.
const PASSED_CELLS: usize = 4096;
/// The position within a cursor; the number of the cell is above.
const POSITION_BITS: u32 = u32::BITS;
/// Tries to meet an item at random before the cells are counted, and with them counted.
const TRIES: usize = 64;
const COUNTED_TRIES: usize = 4;
/// Up to so many cells are counted for each try.
const COUNTED_CELLS: usize = 64;

/// How a walk comes to a cell.
pub(crate) trait Visit {
    /// Calls `look` with the locked cell; `None` if the cell is none of this walk's.
    fn visit<R>(&mut self, cell: usize, look: impl FnOnce(&mut View<'_, '_>) -> R) -> Option<R>;
}

/// Locks a cell for each look, and lets it go to whoever waits.
struct EachLocked<'s> {
    shared: &'s Shared,
    now: Now,
}

impl Visit for EachLocked<'_> {
    fn visit<R>(&mut self, cell: usize, look: impl FnOnce(&mut View<'_, '_>) -> R) -> Option<R> {
        let slot = self.shared.slots.get(cell)?;
        let mut guard = slot.lock(self.now);
        let result = look(&mut View::of(self.shared, slot, &mut guard));
        MutexGuard::unlock_fair(guard);
        Some(result)
    }
}

/// One call of a scan.
pub(crate) fn scan(
    shared: &Shared,
    cells: &mut impl Visit,
    cursor: u64,
    budget: usize,
    now: Now,
    give: &mut dyn FnMut(&[u8], &Item<'_>),
) -> u64 {
    let (mut items, mut units, mut passed) =
        (budget.max(1), budget.max(1).saturating_mul(UNITS_PER_ITEM), PASSED_CELLS);
    let mut cell = usize::try_from(cursor >> POSITION_BITS).unwrap_or(usize::MAX);
    let mut position = cursor as u32;
    while items > 0 && units > 0 && passed > 0 {
        let Some(slot) = shared.slots.get(cell) else { return 0 };
        let looked =
            if slot.has_items() { cells.visit(cell, |view| view.walk_unit(position, now, give)) } else { None };
        let next = match looked {
            Some((met, next)) => {
                (items, units) = (items.saturating_sub(met), units - 1);
                next
            }
            None => {
                passed -= 1;
                None
            }
        };
        (cell, position) = next.map_or((cell + 1, 0), |next| (cell, next));
    }
    if cell < shared.slots.len() { (cell as u64) << POSITION_BITS | u64::from(position) } else { 0 }
}

/// A key at random: tries first, then the first item that there is from somewhere on.
pub(crate) fn random_key(shared: &Shared, cells: &mut impl Visit, seed: u64, now: Now) -> Option<Vec<u8>> {
    let mut random = Random::new(seed);
    for n in 0..TRIES + COUNTED_TRIES {
        let cell = if n < TRIES { likely_cell(shared, &mut random) } else { counted_cell(shared, &mut random) };
        let key = cell.and_then(|cell| cells.visit(cell, |view| view.random_key(&mut random, now)).flatten());
        if key.is_some() {
            return key;
        }
    }
    let first = random.below(shared.slots.len() as u64) as usize;
    let numbers = (0..shared.slots.len()).map(|n| (first + n) % shared.slots.len());
    for cell in numbers.filter(|&cell| shared.slots[cell].has_items()) {
        let mut local = 0;
        // A segment at a time, for each of which the cell is locked anew.
        while let Some((key, next)) = cells.visit(cell, |view| view.random_key_from(local, &mut random, now)).flatten()
        {
            if key.is_some() {
                return key;
            }
            local = next;
        }
    }
    None
}

/// A cell, each as likely as it has items compared with twice as many as the most that a sample has; `None` where chance says
/// no. Nearly all cells have nearly as many.
fn likely_cell(shared: &Shared, random: &mut Random) -> Option<usize> {
    let count = shared.slots.len();
    if count <= COUNTED_CELLS {
        return counted_cell(shared, random);
    }
    let items = |cell: u64| shared.slots[cell as usize % count].gauges.items.get();
    let first = random.below(count as u64);
    let most = 2 * (first..first + COUNTED_CELLS as u64).map(items).max().unwrap_or(0);
    let cell = random.below(count as u64);
    (random.below(most) < items(cell)).then_some(cell as usize)
}

/// A cell, each as likely as it has items.
fn counted_cell(shared: &Shared, random: &mut Random) -> Option<usize> {
    let items = || shared.slots.iter().map(|slot| slot.gauges.items.get());
    let mut at = random.below(items().sum());
    let mut reaches = |items: u64| {
        let reached = at < items;
        at = at.saturating_sub(items);
        reached
    };
    items().position(&mut reaches)
}

impl Store {
    /// Walks through the items in calls of bounded length: gives some, and answers with the cursor to go on from. Cursor 0
    /// begins, the answer 0 says that it is done. An item that is there from the first call to the last is given exactly once;
    /// none is given twice, nor one that is expired or flushed. Reads are not counted.
    ///
    /// `budget` is of items looked at; a call exceeds it by a few dozen at most, and gives none where it passed over
    /// much that is empty. The answers to `budget`s of any size go on with each other. Any other number as cursor is harmless:
    /// the walk begins somewhere, or is done. `give` is called with a cell locked: it must be quick and not use the store.
    pub fn scan(&self, cursor: u64, budget: usize, now_ms: UnixMillis, give: &mut dyn FnMut(&[u8], &Item<'_>)) -> u64 {
        let now = Now::at(now_ms);
        scan(&self.shared, &mut EachLocked { shared: &self.shared, now }, cursor, budget, now, give)
    }

    /// The key of an item at random, `None` if there is no item. Each is as likely as another, unless nearly all that the store
    /// holds is expired, or flushed and not swept yet: then it is the key of one that was found first. The same seed and
    /// contents give the same key. The read is not counted.
    pub fn random_key(&self, seed: u64, now_ms: UnixMillis) -> Option<Vec<u8>> {
        let now = Now::at(now_ms);
        random_key(&self.shared, &mut EachLocked { shared: &self.shared, now }, seed, now)
    }
}
