//! Walking through an index in the order of its keys' hashes.
//!
//! A position is the upper half of a hash. The home line grows with it, in the layout before a growth as in the one after it,
//! and every key of a unit, in its lines or its overflow, has its home there. So the keys of a unit are all those of one range
//! of positions, and no position belongs to two units, wherever the frontier stands: below the boundary, the first position
//! whose old line is above the frontier, keys are where the old layout has them, in units below the frontier; above it they are
//! where the new layout has them, and these units are not below the frontier, since no key moves to a lower line.

use super::{Index, IndexView, Line, PLACE_SHIFT, TAG_MASK, Table, UNIT_LINES, link_of};
use crate::hash::Hash;
use std::ops::Deref;
use std::sync::atomic::Ordering;

impl Table {
    /// The unit of a position, and the first position after it that belongs to another; none at the end.
    fn unit_at(&self, position: u32) -> (u32, Option<u32>) {
        let unit = self.home(Hash(u64::from(position) << 32)) / UNIT_LINES;
        let is_old = unit < self.frontier.load(Ordering::Relaxed);
        let lines = if is_old { &self.old_lines } else { &self.lines }.load(Ordering::Relaxed);
        let end = u64::from((unit + 1) * UNIT_LINES);
        let next = (end < u64::from(lines)).then(|| (end << 32).div_ceil(u64::from(lines)) as u32);
        (unit, next)
    }
}

impl<I: Deref<Target = Index>> IndexView<'_, I> {
    /// Calls `each` with the places of all keys of the unit that a position belongs to; some may be before the position. Answers
    /// with the first position of the next unit, or with `None` at the end.
    pub fn walk_unit(&self, position: u32, mut each: impl FnMut(u32)) -> Option<u32> {
        if self.index.entries == 0 {
            return None;
        }
        let (unit, next) = self.table.unit_at(position);
        self.collect(unit, |slot| each(slot >> PLACE_SHIFT));
        next
    }

    /// Calls `each` with every key's slot of a unit; returns the number of its overflow lines.
    pub(super) fn collect(&self, unit: u32, mut each: impl FnMut(u32)) -> usize {
        let mut take = |line: &Line| {
            let slots = line.0.iter().map(|slot| slot.load(Ordering::Relaxed));
            slots.filter(|slot| slot & TAG_MASK != 0).for_each(&mut each);
        };
        self.unit_lines(unit).for_each(&mut take);
        let (mut chained, mut next) = (0, self.unit_overflow(unit));
        while let Some(overflow) = next {
            take(self.overflow_line(overflow));
            next = link_of(self.overflow_line(overflow));
            chained += 1;
        }
        chained
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Geometry;

    /// At each stage of a growth: every position belongs to the unit that its keys are in, and a walk meets each unit once.
    #[test]
    fn positions_are_cut_into_units() {
        let table = Table::new(&Geometry::of(64 << 20));
        for (old, lines) in [(0, 64), (64, 128), (192, 256), (448, 576), (960, 1920)] {
            for frontier in 0..=old / UNIT_LINES {
                table.old_lines.store(old, Ordering::Relaxed);
                table.lines.store(lines, Ordering::Relaxed);
                table.frontier.store(frontier, Ordering::Relaxed);
                let (mut position, mut before) = (0, None);
                loop {
                    let (unit, next) = table.unit_at(position);
                    assert!(before.is_none_or(|before| before < unit), "units grow with the position");
                    let last = next.map_or(u32::MAX, |next| next - 1);
                    for at in [position, position + (last - position) / 2, last] {
                        assert_eq!(table.unit_at(at), (unit, next), "{old} {lines} {frontier}: {at}");
                    }
                    before = Some(unit);
                    let Some(next) = next else { break };
                    position = next;
                }
            }
        }
    }
}
