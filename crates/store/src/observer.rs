//! Who is told of the changes of keys.
//!
//! What is told is what becomes of a key, in the order in which it happens, each change once:
//!
//! - A new version is [`Change::Written`], whether or not there was one before: what it replaces is not told. But one that
//!   had expired, or was flushed, and is found so by the write, is told as that first.
//! - Other attributes of the same version are [`Change::Touched`], also when they are what they were.
//! - An item that goes is told once, by the reason: removed, expired, evicted, or flushed. An expired one goes when an access
//!   or the sweep finds it, not at the moment when its time comes.
//! - A flush is not told of each key, or it would take as long as there are keys. Its items are told as flushed when they are
//!   found, which may be much later; who is to know of it at once has to be told by who calls [`Store::flush`](crate::Store::flush).
//! - A write that has no room may evict other items, and the very item that it is about: that is told before it.
//! - A write that is refused is not told, nor are reads. A removal that finds no item is told to who wants that: somebody may be
//!   about to write what is to be gone.

use crate::clock::UnixMillis;
use crate::entry::Cas;
use crate::hash::Hash;
use std::ops::BitOr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is a new version.
    Written,
    /// The version that was there has another expiry or other marks, or was given the same ones.
    Touched,
    /// Removed on request.
    Removed,
    /// Found expired, and gone.
    Expired,
    /// Gone for the room that it took.
    Evicted,
    /// Found older than the last flush, and gone.
    Flushed,
    /// A removal was asked for of a key that is not there. No change of an item: its length, flags, token and times are 0.
    NothingRemoved,
}

/// A set of kinds of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes(u8);

impl Changes {
    /// No change.
    pub const NONE: Changes = Changes(0);
    /// New versions.
    pub const WRITTEN: Changes = Changes::of(Change::Written);
    /// Other attributes.
    pub const TOUCHED: Changes = Changes::of(Change::Touched);
    /// Removals on request.
    pub const REMOVED: Changes = Changes::of(Change::Removed);
    /// Expired items that went.
    pub const EXPIRED: Changes = Changes::of(Change::Expired);
    /// Evictions.
    pub const EVICTED: Changes = Changes::of(Change::Evicted);
    /// Flushed items that went.
    pub const FLUSHED: Changes = Changes::of(Change::Flushed);
    /// Removals that found nothing.
    pub const NOTHING_REMOVED: Changes = Changes::of(Change::NothingRemoved);
    /// All that become of items.
    pub const ALL: Changes = Changes((Changes::FLUSHED.0 << 1) - 1);

    const fn of(change: Change) -> Changes {
        Changes(1 << change as u8)
    }

    /// Whether it is of the set.
    #[inline]
    pub fn contains(self, change: Change) -> bool {
        self.0 & Changes::of(change).0 != 0
    }
}

impl BitOr for Changes {
    type Output = Changes;

    fn bitor(self, other: Changes) -> Changes {
        Changes(self.0 | other.0)
    }
}

/// A change of a key.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// What became of it.
    pub change: Change,
    /// The key.
    pub key: &'a [u8],
    /// Its hash.
    pub hash: Hash,
    /// Length of the value: the new one, or of what went.
    pub value_bytes: usize,
    /// Client flags.
    pub flags: u32,
    /// Token as it is shown.
    pub cas: Cas,
    /// 0 = never.
    pub expires_at_ms: UnixMillis,
    /// Seconds since it was last read or written; 0 of a new version.
    pub idle_s: u32,
    /// Whether it was read since it was written.
    pub fetched: bool,
}

/// Who is told of changes.
pub trait Observer: Send + Sync {
    /// Called under the lock of the key's cell, by the thread that makes the change: it must be quick, must not panic, and
    /// may take locks only while holding which nobody uses the store.
    fn changed(&self, change: &Changed<'_>);
}

/// The observer of a store, and what it wants to know.
#[derive(Default)]
pub(crate) struct Observation {
    observed: AtomicU8,
    observer: OnceLock<Arc<dyn Observer>>,
}

impl Observation {
    pub fn set_observer(&self, observer: Arc<dyn Observer>) {
        assert!(self.observer.set(observer).is_ok(), "a store has one observer");
    }

    pub fn set_observed(&self, changes: Changes) {
        // Who uses the store after this call takes its cells' locks after it, and so do all whom that use precedes.
        self.observed.store(changes.0, Ordering::Relaxed);
    }

    #[inline]
    pub fn wants_any(&self) -> bool {
        self.observed.load(Ordering::Relaxed) != 0
    }

    #[inline]
    pub fn wants(&self, change: Change) -> bool {
        Changes(self.observed.load(Ordering::Relaxed)).contains(change)
    }

    pub fn tell(&self, changed: &Changed<'_>) {
        if let Some(observer) = self.observer.get() {
            observer.changed(changed);
        }
    }
}
