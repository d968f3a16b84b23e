//! Counters and gauges.

/// Counters (since start or reset) and gauges of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Items. Gauge.
    pub items: u64,
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
    /// Bytes of the arena that are backed by memory now. Gauge.
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

/// The counters of one cell, under its lock.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    pub stored: u64,
    pub evictions: u64,
    pub evicted_unfetched: u64,
    pub expirations: u64,
    pub expired_unfetched: u64,
    pub flushed: u64,
    pub compactions: u64,
    pub out_of_memory: u64,
}

impl Stats {
    pub(crate) fn count(&mut self, counters: &Counters) {
        self.stored += counters.stored;
        self.evictions += counters.evictions;
        self.evicted_unfetched += counters.evicted_unfetched;
        self.expirations += counters.expirations;
        self.expired_unfetched += counters.expired_unfetched;
        self.flushed += counters.flushed;
        self.compactions += counters.compactions;
        self.out_of_memory += counters.out_of_memory;
    }
}
