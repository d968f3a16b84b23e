//! `stats settings`.

use super::Rows;
use crate::shared::Shared;
use ringstone_store::Eviction;

/// What the server was started with.
pub fn write(shared: &Shared, rows: &mut dyn Rows) {
    let (options, cache) = (&shared.options, &shared.cache.options);
    let addresses = options.listeners.iter().map(crate::ListenerOptions::to_string).collect::<Vec<_>>().join(",");
    rows.row("maxbytes", &shared.store.max_memory());
    rows.row("maxconns", &options.max_connections);
    rows.row("inter", &addresses);
    rows.row("evictions", &if cache.eviction == Eviction::None { "off" } else { "on" });
    rows.row("num_threads", &options.workers);
    rows.row("cas_enabled", &"yes");
    rows.row("item_size_max", &cache.max_value_size);
    rows.row("idle_timeout", &(options.idle_timeout_ms / 1000));
}
