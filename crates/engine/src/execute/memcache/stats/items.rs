//! `stats items` and `stats slabs`.

use super::{Rows, general};
use crate::shared::Shared;

/// Counters that memcached has for each class.
const CLASS_COUNTERS: [&str; 8] =
    ["get_hits", "cmd_set", "delete_hits", "incr_hits", "decr_hits", "cas_hits", "cas_badval", "touch_hits"];

/// There are no slab classes here; tools that read them get one class that holds everything.
pub fn items(shared: &Shared, rows: &mut dyn Rows) {
    let store = shared.store_stats();
    if store.items == 0 {
        return;
    }
    rows.row("items:1:number", &store.items);
    rows.row("items:1:evicted", &store.evictions);
    rows.row("items:1:evicted_unfetched", &store.evicted_unfetched);
    rows.row("items:1:expired_unfetched", &store.expired_unfetched);
    rows.row("items:1:reclaimed", &store.expirations);
    rows.row("items:1:outofmemory", &shared.counters.no_memory());
    rows.row("items:1:mem_requested", &store.key_value_bytes);
}

/// The same for `stats slabs`.
pub fn slabs(shared: &Shared, rows: &mut dyn Rows) {
    let store = shared.store_stats();
    if store.items > 0 {
        rows.row("1:used_chunks", &store.items);
        rows.row("1:mem_requested", &store.key_value_bytes);
        // Exporters take the counters of all classes, or none.
        for (name, value) in general::resettable(shared) {
            if CLASS_COUNTERS.contains(&name) {
                rows.row(&format!("1:{name}"), &shared.baseline.since_reset(name, value));
            }
        }
    }
    rows.row("active_slabs", &u8::from(store.items > 0));
    rows.row("total_malloced", &store.resident_bytes);
}
