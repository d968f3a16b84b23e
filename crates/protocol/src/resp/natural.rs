//! Natural numbers of any length, for the few decimal numbers that machine words cannot hold.

use std::cmp::Ordering;

/// Decimal digits that fit a limb's product with another.
pub(super) const CHUNK_DIGITS: usize = 9;
/// `10^CHUNK_DIGITS`.
pub(super) const CHUNK: u32 = 1_000_000_000;

/// Limbs of 32 bits, the lowest first, the last not 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Natural(Vec<u32>);

impl From<u64> for Natural {
    fn from(number: u64) -> Natural {
        let mut natural = Natural(vec![number as u32, (number >> u32::BITS) as u32]);
        natural.trim();
        natural
    }
}

impl Natural {
    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// Bits up to the highest that is set.
    pub fn bits(&self) -> usize {
        self.0.last().map_or(0, |last| self.0.len() * u32::BITS as usize - last.leading_zeros() as usize)
    }

    /// `self * factor + addend`
    pub fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = addend;
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + u64::from(carry);
            (*limb, carry) = (product as u32, (product >> u32::BITS) as u32);
        }
        if carry != 0 {
            self.0.push(carry);
        }
        self.trim();
    }

    /// `self * 10^power`
    pub fn multiply_by_power_of_ten(&mut self, power: usize) {
        (0..power / CHUNK_DIGITS).for_each(|_| self.multiply_add(CHUNK, 0));
        (0..power % CHUNK_DIGITS).for_each(|_| self.multiply_add(10, 0));
    }

    /// `self << bits`
    pub fn shift_left(&mut self, bits: usize) {
        let (limbs, bits) = (bits / u32::BITS as usize, bits as u32 % u32::BITS);
        if bits > 0 {
            self.multiply_add(1 << bits, 0);
        }
        if !self.is_zero() {
            self.0.splice(0..0, std::iter::repeat_n(0, limbs));
        }
    }

    /// `self / divisor`; gives the remainder.
    pub fn divide(&mut self, divisor: u32) -> u32 {
        let mut remainder = 0;
        for limb in self.0.iter_mut().rev() {
            let part = u64::from(remainder) << u32::BITS | u64::from(*limb);
            *limb = (part / u64::from(divisor)) as u32;
            remainder = (part % u64::from(divisor)) as u32;
        }
        self.trim();
        remainder
    }

    /// `self - other`, which is not greater.
    pub fn subtract(&mut self, other: &Natural) {
        let mut borrow = false;
        for (at, limb) in self.0.iter_mut().enumerate() {
            let (less, first) = limb.overflowing_sub(other.0.get(at).copied().unwrap_or(0));
            let (less, second) = less.overflowing_sub(u32::from(borrow));
            (*limb, borrow) = (less, first || second);
        }
        debug_assert!(!borrow, "the other is not greater");
        self.trim();
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn natural(number: u128) -> Natural {
        let mut natural = Natural::from((number >> 64) as u64);
        natural.shift_left(64);
        let mut low = Natural::from(number as u64);
        low.0.resize(2, 0);
        natural.0.resize(natural.0.len().max(2), 0);
        natural.0[..2].copy_from_slice(&low.0);
        natural.trim();
        natural
    }

    #[test]
    fn operations_agree_with_those_of_the_machine() {
        let numbers =
            [0, 1, 9, u128::from(u32::MAX), 1 << 32, u128::from(u64::MAX), 1 << 64, (1 << 90) - 1, 12_345 << 70];
        for a in numbers {
            assert_eq!(natural(a).bits(), (u128::BITS - a.leading_zeros()) as usize);
            let mut product = natural(a);
            product.multiply_add(CHUNK, 7);
            assert_eq!(product, natural(a * u128::from(CHUNK) + 7));
            let mut shifted = natural(a);
            shifted.shift_left(37);
            assert_eq!(shifted, natural(a << 37));
            let mut quotient = natural(a);
            assert_eq!(
                (quotient.divide(CHUNK), quotient),
                ((a % u128::from(CHUNK)) as u32, natural(a / u128::from(CHUNK)))
            );
            for b in numbers {
                assert_eq!(natural(a).cmp(&natural(b)), a.cmp(&b), "{a} {b}");
                if a >= b {
                    let mut difference = natural(a);
                    difference.subtract(&natural(b));
                    assert_eq!(difference, natural(a - b));
                }
            }
        }
    }
}
