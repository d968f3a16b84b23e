//! Counts of keys by bits of their hashes, so that a change of a key that nobody follows needs no lock.

use ringstone_store::Hash;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const BUCKETS: usize = 4096;

/// How many keys are followed, by bits of their hashes. Changed under the lock of the table, read without it.
pub(super) struct Sieve(Box<[AtomicU32]>);

impl Default for Sieve {
    fn default() -> Sieve {
        Sieve((0..BUCKETS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl Sieve {
    /// Bits that the index and the cells of the store use little.
    fn bucket(&self, hash: Hash) -> &AtomicU32 {
        &self.0[(hash.0 >> 20) as usize % BUCKETS]
    }

    /// A key is followed. With its cell's lock held: who changes the key after that sees it.
    pub fn add(&self, hash: Hash) {
        self.bucket(hash).fetch_add(1, Relaxed);
    }

    /// A key is followed no more.
    pub fn remove(&self, hash: Hash) {
        self.bucket(hash).fetch_sub(1, Relaxed);
    }

    /// False if no key of this hash is followed.
    #[inline]
    pub fn may_hold(&self, hash: Hash) -> bool {
        self.bucket(hash).load(Relaxed) != 0
    }
}
