//! What a cache counts, for JavaScript.

use crate::loads::NativeLoadsStats;
use napi_derive::napi;
use ringstone_engine::Stats;
use ringstone_engine::direct::{CallerCounts, Direct, Operation};
use std::collections::HashMap;

/// What callers have counted.
#[napi(object)]
pub struct NativeCounts {
    /// Reads that found their key.
    pub hits: f64,
    /// Reads that did not, for it was never there or is forgotten.
    pub misses_absent: f64,
    /// The same, for its time had come.
    pub misses_expired: f64,
    /// The same, for it was evicted.
    pub misses_evicted: f64,
    /// The same, for it was flushed.
    pub misses_flushed: f64,
    /// Writes refused for the length of their value.
    pub values_too_large: f64,
    /// Writes refused for want of memory.
    pub out_of_memory: f64,
    /// Calls by operation.
    pub operations: HashMap<String, f64>,
}

impl From<CallerCounts> for NativeCounts {
    fn from(counts: CallerCounts) -> Self {
        let [absent, expired, evicted, flushed] = counts.misses.map(|count| count as f64);
        let calls = counts.operations.map(|count| count as f64);
        NativeCounts {
            hits: counts.hits as f64,
            misses_absent: absent,
            misses_expired: expired,
            misses_evicted: evicted,
            misses_flushed: flushed,
            values_too_large: counts.too_large as f64,
            out_of_memory: counts.no_memory as f64,
            operations: Operation::NAMES.into_iter().map(str::to_owned).zip(calls).collect(),
        }
    }
}

/// What a cache counts: of the store, and of those who call it. Sizes in bytes.
#[napi(object)]
pub struct NativeStats {
    /// Items.
    pub items: f64,
    /// Bytes of their keys and values.
    pub items_bytes: f64,
    /// Bytes of segments with items.
    pub item_segments_bytes: f64,
    /// Bytes of large values.
    pub large_values_bytes: f64,
    /// Bytes of values that are being received.
    pub receiving_bytes: f64,
    /// Bytes of values that are gone and still being sent or read.
    pub sending_bytes: f64,
    /// Bytes of index.
    pub index_bytes: f64,
    /// Bytes of ghosts.
    pub ghosts_bytes: f64,
    /// Bytes of the arena that are backed by memory, at most.
    pub resident_bytes: f64,
    /// The limit.
    pub limit_bytes: f64,
    /// Items ever written.
    pub items_stored: f64,
    /// Items evicted for room.
    pub evictions: f64,
    /// Of those, never read.
    pub evictions_unread: f64,
    /// Items removed because their time had come.
    pub expirations: f64,
    /// Of those, never read.
    pub expirations_unread: f64,
    /// Items removed by a flush.
    pub flushed_items: f64,
    /// Segments compacted.
    pub compactions: f64,
    /// Openings now, of all threads.
    pub callers: u32,
    /// Of this opening.
    pub own: NativeCounts,
    /// Of all openings that there are and were.
    pub all: NativeCounts,
    /// Of all loaders.
    pub loads: NativeLoadsStats,
}

impl NativeStats {
    /// Read now.
    pub fn of(direct: &Direct) -> NativeStats {
        let callers = &direct.cache().callers;
        let store: Stats = direct.cache().store.stats();
        NativeStats {
            items: store.items as f64,
            items_bytes: store.key_value_bytes as f64,
            item_segments_bytes: store.item_segment_bytes as f64,
            large_values_bytes: store.chain_bytes as f64,
            receiving_bytes: store.reserved_bytes as f64,
            sending_bytes: store.pinned_bytes as f64,
            index_bytes: store.index_bytes as f64,
            ghosts_bytes: store.ghost_bytes as f64,
            resident_bytes: store.resident_bytes as f64,
            limit_bytes: store.max_memory as f64,
            items_stored: store.stored as f64,
            evictions: store.evictions as f64,
            evictions_unread: store.evicted_unfetched as f64,
            expirations: store.expirations as f64,
            expirations_unread: store.expired_unfetched as f64,
            flushed_items: store.flushed as f64,
            compactions: store.compactions as f64,
            callers: u32::try_from(callers.count()).unwrap_or(u32::MAX),
            own: direct.counters().counts().into(),
            all: callers.counts().into(),
            loads: direct.cache().loads.stats().into(),
        }
    }
}
