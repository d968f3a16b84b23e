//! Counters and gauges.

use crate::options::Geometry;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters (since start or reset) and gauges of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Items. Gauge.
    pub items: u64,
    /// Of those, with a time of expiry. Gauge.
    pub expiring: u64,
    /// Bytes of keys and values of the items. Gauge.
    pub key_value_bytes: u64,
    /// Bytes of segments in use by items (without chains). Gauge.
    pub item_segment_bytes: u64,
    /// Bytes of extents of large values in the store. Gauge.
    pub chain_bytes: u64,
    /// Bytes reserved by bodies being received. Gauge.
    pub reserved_bytes: u64,
    /// Bytes of chains removed from the store but still referenced by replies. Gauge.
    pub pinned_bytes: u64,
    /// Bytes of index. Gauge.
    pub index_bytes: u64,
    /// Bytes of ghosts. Gauge.
    pub ghost_bytes: u64,
    /// Bytes of the arena that are backed by memory now, at most: runs of segments of which some was used. Gauge.
    pub resident_bytes: u64,
    /// The budget. Gauge.
    pub max_memory: u64,
    /// Cells. Gauge.
    pub cells: u64,
    /// Items ever stored (new keys and overwrites).
    pub stored: u64,
    /// Items evicted for room.
    pub evictions: u64,
    /// Of those, never read.
    pub evicted_unfetched: u64,
    /// Items removed because their time had come.
    pub expirations: u64,
    /// Of those, never read.
    pub expired_unfetched: u64,
    /// Items removed by flush.
    pub flushed: u64,
    /// Segments compacted.
    pub compactions: u64,
    /// Writes refused for want of memory.
    pub out_of_memory: u64,
}

/// A number that whoever holds the cell's lock changes, and anybody reads: no more than a plain number costs.
#[derive(Default)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// With the cell's lock, as all that change it.
    #[inline]
    pub fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    #[inline]
    pub fn add(&self, number: u64) {
        self.set(self.get() + number);
    }

    #[inline]
    pub fn sub(&self, number: u64) {
        self.set(self.get() - number);
    }
}

/// What a cell holds.
#[derive(Default)]
pub(crate) struct Gauges {
    /// Items that no flush has reached.
    pub items: Tally,
    /// Bytes of their keys and values.
    pub key_value_bytes: Tally,
    /// Of the items, those with a time of expiry.
    pub expiring: Tally,
    /// Segments with items.
    pub segments: Tally,
    /// Bytes of extents of large values.
    pub chain_bytes: Tally,
    /// Pages of index and of ghosts.
    pub index_pages: Tally,
    pub ghost_pages: Tally,
}

/// The counters of one cell.
#[derive(Default)]
pub(crate) struct Counters {
    pub stored: Tally,
    pub evictions: Tally,
    pub evicted_unfetched: Tally,
    pub expirations: Tally,
    pub expired_unfetched: Tally,
    pub flushed: Tally,
    pub compactions: Tally,
    pub out_of_memory: Tally,
}

impl Counters {
    /// With the cell's lock.
    pub fn reset(&self) {
        self.stored.set(0);
        self.evictions.set(0);
        self.evicted_unfetched.set(0);
        self.expirations.set(0);
        self.expired_unfetched.set(0);
        self.flushed.set(0);
        self.compactions.set(0);
        self.out_of_memory.set(0);
    }
}

impl Stats {
    /// Bytes of the budget in use.
    pub fn used_bytes(&self) -> u64 {
        self.item_segment_bytes
            + self.chain_bytes
            + self.reserved_bytes
            + self.pinned_bytes
            + self.index_bytes
            + self.ghost_bytes
    }

    pub(crate) fn gauge(&mut self, gauges: &Gauges, geometry: &Geometry) {
        let page = geometry.index_page_bytes() as u64;
        self.items += gauges.items.get();
        self.key_value_bytes += gauges.key_value_bytes.get();
        self.expiring += gauges.expiring.get();
        self.item_segment_bytes += gauges.segments.get() * geometry.segment_bytes as u64;
        self.chain_bytes += gauges.chain_bytes.get();
        self.index_bytes += gauges.index_pages.get() * page;
        self.ghost_bytes += gauges.ghost_pages.get() * page;
    }

    pub(crate) fn count(&mut self, counters: &Counters) {
        self.stored += counters.stored.get();
        self.evictions += counters.evictions.get();
        self.evicted_unfetched += counters.evicted_unfetched.get();
        self.expirations += counters.expirations.get();
        self.expired_unfetched += counters.expired_unfetched.get();
        self.flushed += counters.flushed.get();
        self.compactions += counters.compactions.get();
        self.out_of_memory += counters.out_of_memory.get();
    }
}
