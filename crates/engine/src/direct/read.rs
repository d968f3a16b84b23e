//! What reads a key.

use super::{Direct, Operation};
use ringstone_store::Item;

impl Direct {
    /// Shows the item to `found`, and counts the read; `None` where there is none. `found` must be quick and must not use the
    /// cache, for the item's cell is locked.
    #[inline]
    pub fn get<R>(&self, key: &[u8], found: impl FnOnce(&Item<'_>) -> R) -> Option<R> {
        let mut entry = self.entry(Operation::Get, key, self.now_ms());
        let outcome = entry.get().map(|item| found(&item));
        drop(entry);
        self.counters.outcomes.read(outcome.as_ref().map(|_| ()).map_err(|absence| *absence));
        outcome.ok()
    }

    /// The same, as if it had not been read: neither hit nor miss, nor of any weight when room is made.
    #[inline]
    pub fn peek<R>(&self, key: &[u8], found: impl FnOnce(&Item<'_>) -> R) -> Option<R> {
        self.entry(Operation::Peek, key, self.now_ms()).peek().map(|item| found(&item))
    }

    /// Whether there is an item of any kind; not counted as a read.
    #[inline]
    pub fn has(&self, key: &[u8]) -> bool {
        self.entry(Operation::Has, key, self.now_ms()).peek().is_some()
    }

    /// Milliseconds that an item has left, `Some(None)` if it never expires; not counted as a read.
    pub fn ttl_ms(&self, key: &[u8]) -> Option<Option<u64>> {
        let now_ms = self.now_ms();
        let expires_at_ms = self.entry(Operation::Ttl, key, now_ms).peek()?.expires_at_ms;
        Some((expires_at_ms != 0).then(|| expires_at_ms.saturating_sub(now_ms)))
    }

    /// Items that there are; expired ones that nobody has met are among them.
    pub fn len(&self) -> u64 {
        self.cache.store.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.cache.store.is_empty()
    }
}
