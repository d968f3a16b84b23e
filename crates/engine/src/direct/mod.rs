//! Calls from the same process: the operations of the store by function calls, coherent with all that clients do.
//!
//! Each caller (an environment of Node: the main thread or a `worker_thread`) has a [`Direct`] of its own, and counters that
//! only its thread writes. Every operation on one key is one [`Entry`](ringstone_store::Entry): what it does, others see whole
//! or not at all. A value is shown to the caller while its cell is locked, so a caller copies it, or takes a reference to its
//! [`Chain`](ringstone_store::Chain), and does all else afterwards.

mod callers;
mod count;
mod read;
mod several;
mod streams;
#[cfg(test)]
mod tests;
mod walk;
mod write;

pub use callers::{CallerCounters, CallerCounts, Callers, OPERATIONS, Operation};
pub use count::{Count, CountError};
pub use several::{Ended, JoinedKeys, KEY_SEPARATOR};
pub use streams::{Unreadable, ValueReader, ValueWriter, WriteError};
pub use walk::{MAX_WALK_ITEMS, Walk};

use crate::registry::OpenCache;
use ringstone_store::{Entry, Error, Item, Kind, UnixMillis};
use std::sync::Arc;

/// When a version expires that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// As the cache says.
    Default,
    /// Not at all.
    Never,
    /// After so many milliseconds.
    Ms(u64),
}

impl Ttl {
    /// Milliseconds as JavaScript gives them: 0 = never, negative or NaN = as the cache says.
    pub fn from_ms(ms: f64) -> Ttl {
        if ms > 0.0 {
            Ttl::Ms(ms as u64)
        } else if ms == 0.0 {
            Ttl::Never
        } else {
            Ttl::Default
        }
    }
}

/// Why what is there was not changed, where it was not for want of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// The key holds a hash.
    WrongType,
    /// The store refused.
    Refused(Error),
}

impl From<Error> for ChangeError {
    fn from(error: Error) -> ChangeError {
        ChangeError::Refused(error)
    }
}

/// One caller's way to a cache. Its methods are called by one thread at a time.
pub struct Direct {
    cache: Arc<OpenCache>,
    counters: Arc<CallerCounters>,
}

impl Direct {
    /// A caller more.
    pub fn new(cache: Arc<OpenCache>) -> Direct {
        let counters = cache.callers.join();
        Direct { cache, counters }
    }

    /// What it calls.
    pub fn cache(&self) -> &Arc<OpenCache> {
        &self.cache
    }

    /// What it has counted.
    pub fn counters(&self) -> &CallerCounters {
        &self.counters
    }

    #[inline]
    fn now_ms(&self) -> UnixMillis {
        self.cache.clock.now_ms()
    }

    /// Absolute time of expiry, 0 = never.
    #[inline]
    fn expires_at_ms(&self, ttl: Ttl, now_ms: UnixMillis) -> UnixMillis {
        match ttl {
            Ttl::Default => self.cache.default_expiry(now_ms),
            Ttl::Never => 0,
            Ttl::Ms(ms) => now_ms.saturating_add(ms),
        }
    }

    /// The key under its cell's lock, for one operation.
    #[inline]
    fn entry<'c, 'k>(&'c self, operation: Operation, key: &'k [u8], now_ms: UnixMillis) -> Entry<'c, 'k> {
        self.counters.call(operation);
        let store = &*self.cache.store;
        store.entry(key, store.hash(key), now_ms)
    }

    /// Counts why the store refused.
    fn refused(&self, error: Error) -> Error {
        let outcomes = &self.counters.outcomes;
        match error {
            Error::TooLarge | Error::KeyTooLong => outcomes.too_large.add(1),
            Error::OutOfMemory | Error::TooManyReserved => outcomes.no_memory.add(1),
        }
        error
    }

    /// Removes everything that was written before, for everybody.
    pub fn clear(&self) {
        self.counters.call(Operation::Clear);
        let now_ms = self.now_ms();
        self.cache.flush(now_ms, now_ms);
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.cache.callers.leave(&self.counters);
    }
}

/// Whether the value is bytes that a caller may have as they are, and no hash.
#[inline]
pub fn is_string(item: &Item<'_>) -> bool {
    item.marks.kind == Kind::String
}
