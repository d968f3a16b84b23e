//! Calls from the same process: the operations of the store by function calls, coherent with all that clients do.
//!
//! Each caller (an environment of Node: the main thread or a `worker_thread`) has a [`Direct`] of its own, and counters that
//! only its thread writes.

mod callers;
mod several;
mod streams;

pub use callers::{CallerCounters, Callers};
pub use several::{BadKeys, JoinedKeys, KEY_SEPARATOR};
pub use streams::{Unreadable, ValueReader, ValueWriter, WriteError};

use crate::registry::OpenCache;
use ringstone_store::{Attributes, Error, Item, Kind, NewValue, UnixMillis};
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

    /// Shows the item to `found`, and counts the read; `None` where there is none.
    #[inline]
    pub fn get<R>(&self, key: &[u8], found: impl FnOnce(&Item<'_>) -> R) -> Option<R> {
        let store = &*self.cache.store;
        let mut entry = store.entry(key, store.hash(key), self.now_ms());
        let outcome = entry.get().map(|item| found(&item));
        drop(entry);
        self.counters.outcomes.read(outcome.as_ref().map(|_| ()).map_err(|absence| *absence));
        outcome.ok()
    }

    /// Writes a version.
    #[inline]
    pub fn set(&self, key: &[u8], value: NewValue<'_>, flags: u32, ttl: Ttl) -> Result<(), Error> {
        let (store, now_ms) = (&*self.cache.store, self.now_ms());
        let attributes = Attributes { flags, expires_at_ms: self.expires_at_ms(ttl, now_ms), ..Attributes::default() };
        store.entry(key, store.hash(key), now_ms).set(value, attributes).map(drop)
    }

    /// Removes; true if there was a live item.
    pub fn delete(&self, key: &[u8]) -> bool {
        let store = &*self.cache.store;
        let removed = store.entry(key, store.hash(key), self.now_ms()).remove();
        self.counters.delete.count(removed);
        removed
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
