//! Which of a cell's own numbers of segments are free.

use crate::bits;

/// A bit for each number that is free.
pub(super) struct Locals(Box<[u64]>);

impl Locals {
    /// Numbers below `count`, all free.
    pub fn new(count: usize) -> Locals {
        let word = |n: usize| u64::MAX >> (64 - (count - n * 64).min(64));
        Locals((0..count.div_ceil(64)).map(word).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// Takes so many numbers in a row, up to 64, the lowest there are.
    pub fn take(&mut self, count: u32) -> Option<u16> {
        let (n, start) = self.0.iter().enumerate().find_map(|(n, &word)| Some((n, bits::lowest_run(word, count)?)))?;
        self.0[n] &= !bits::run(start, count);
        Some((n * 64) as u16 + start as u16)
    }

    pub fn give(&mut self, first: u16, count: u32) {
        let row = bits::run(u32::from(first) % 64, count);
        let word = &mut self.0[first as usize / 64];
        debug_assert_eq!(*word & row, 0, "a number freed twice");
        *word |= row;
    }

    #[cfg(any(test, debug_assertions))]
    pub fn is_free(&self, number: u16) -> bool {
        self.0[number as usize / 64] & bits::run(u32::from(number) % 64, 1) != 0
    }

    /// How many are free.
    #[cfg(any(test, debug_assertions))]
    pub fn free(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row() {
        let mut locals = Locals::new(70);
        assert_eq!(locals.take(1), Some(0));
        assert_eq!(locals.take(4), Some(1));
        locals.give(2, 2);
        assert_eq!([locals.take(4), locals.take(2), locals.take(1)], [Some(5), Some(2), Some(9)]);
        // A row does not go from one word to the next: of the first, two are left over.
        let rows = std::iter::from_fn(|| locals.take(4)).collect::<Vec<_>>();
        assert_eq!(rows[rows.len() - 2..], [58, 64]);
        assert_eq!(std::iter::from_fn(|| locals.take(1)).collect::<Vec<_>>(), [62, 63, 68, 69]);
        assert!(locals.is_empty() && locals.free() == 0 && locals.take(1).is_none());
        (0..70).for_each(|n| locals.give(n, 1));
        assert_eq!((locals.free(), locals.take(64)), (70, Some(0)));
    }
}
