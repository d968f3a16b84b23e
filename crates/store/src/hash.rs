//! The keyed hash of a key and the parts of it that are used.
//!
//! SipHash-1-3 with a secret key: clients choose the keys of items, so an unkeyed hash would let them fill one bucket.
//! The parts do not overlap where it matters: the upper half picks the bucket, bits 24-31 are the tag, bits 16-31 the
//! fingerprint of a ghost, the lowest bits the cell.

use siphasher::sip::SipHasher13;

/// Keyed 64-bit hash of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(pub u64);

/// Hashes keys with the store's secret.
#[derive(Clone, Copy)]
pub(crate) struct Hasher(SipHasher13);

impl Hasher {
    pub fn new(key: &[u8; 16]) -> Hasher {
        Hasher(SipHasher13::new_with_key(key))
    }

    #[inline]
    pub fn hash(&self, key: &[u8]) -> Hash {
        Hash(self.0.hash(key))
    }
}

impl Hash {
    /// Which of `cells` (a power of two).
    #[inline]
    pub(crate) fn cell(self, cells: usize) -> usize {
        self.0 as usize & (cells - 1)
    }

    /// Which of `lines`, growing with the hash: a longer table keeps the order of the shorter one.
    #[inline]
    pub(crate) fn line(self, lines: u32) -> u32 {
        (((self.0 >> 32) * u64::from(lines)) >> 32) as u32
    }

    /// 1-255: zero marks what is not an item.
    #[inline]
    pub(crate) fn tag(self) -> u32 {
        ((self.0 >> 24) as u32 & 0xff).max(1)
    }

    /// Not zero: zero marks an empty place among the ghosts.
    #[inline]
    pub(crate) fn fingerprint(self) -> u16 {
        ((self.0 >> 16) as u16).max(1)
    }
}
