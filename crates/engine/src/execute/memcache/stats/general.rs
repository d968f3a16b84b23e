//! `stats`.

use super::Rows;
use crate::counters::{CommandIndex, Outcomes};
use crate::execute::memcache::COMPATIBLE_VERSION;
use crate::shared::Shared;
use crate::usage;
use std::time::{SystemTime, UNIX_EPOCH};

fn calls(shared: &Shared, indices: &[u8]) -> u64 {
    indices.iter().map(|index| shared.counters.calls(CommandIndex(*index))).sum()
}

fn misses(shared: &Shared, reason: usize, pick: fn(&crate::counters::WorkerCounters) -> &Outcomes) -> u64 {
    shared.counters.sum(|worker| &pick(worker).misses[reason])
}

/// Counters in the order in which they are shown; `stats reset` takes them as the new zero.
pub fn resettable(shared: &Shared) -> Vec<(&'static str, u64)> {
    let network = shared.network_snapshot();
    let store = shared.store_stats();
    let loads = shared.cache.loads.stats();
    let sum = |pick: fn(&crate::counters::WorkerCounters) -> &crate::counters::Counter| shared.counters.sum(pick);
    let all_misses: u64 = (0..4).map(|reason| misses(shared, reason, |w| &w.memcache)).sum();
    vec![
        ("total_connections", network.accepted),
        ("rejected_connections", network.refused),
        // Per key, so that hits and misses add up to it, as in memcached.
        ("cmd_get", sum(|w| &w.memcache.hits) + all_misses),
        ("cmd_set", calls(shared, &[4, 5, 6, 7, 8, 9, CommandIndex::META_SET.0])),
        ("cmd_flush", calls(shared, &[14])),
        ("cmd_touch", sum(|w| &w.touch.hits) + sum(|w| &w.touch.misses)),
        // As in memcached, the other meta commands are counted as what they do.
        ("cmd_meta", calls(shared, &[CommandIndex::META_DEBUG.0])),
        ("get_hits", sum(|w| &w.memcache.hits)),
        ("get_misses", all_misses),
        ("get_expired", misses(shared, 1, |w| &w.memcache)),
        ("get_flushed", misses(shared, 3, |w| &w.memcache)),
        ("delete_misses", sum(|w| &w.delete.misses)),
        ("delete_hits", sum(|w| &w.delete.hits)),
        ("incr_misses", sum(|w| &w.incr.misses)),
        ("incr_hits", sum(|w| &w.incr.hits)),
        ("decr_misses", sum(|w| &w.decr.misses)),
        ("decr_hits", sum(|w| &w.decr.hits)),
        ("cas_misses", sum(|w| &w.cas.misses)),
        ("cas_hits", sum(|w| &w.cas.hits)),
        ("cas_badval", sum(|w| &w.cas_badval)),
        ("touch_hits", sum(|w| &w.touch.hits)),
        ("touch_misses", sum(|w| &w.touch.misses)),
        ("auth_cmds", sum(|w| &w.login.hits) + sum(|w| &w.login.misses)),
        ("auth_errors", sum(|w| &w.login.misses)),
        ("store_too_large", sum(|w| &w.memcache.too_large)),
        ("store_no_memory", shared.counters.no_memory()),
        ("bytes_read", network.bytes_read),
        ("bytes_written", network.bytes_written),
        ("listen_disabled_num", network.accept_pauses),
        ("time_in_listen_disabled_us", network.accept_paused_us),
        ("conn_yields", network.yields),
        ("total_items", store.stored),
        ("evictions", store.evictions),
        ("evicted_unfetched", store.evicted_unfetched),
        ("reclaimed", store.expirations),
        ("expired_unfetched", store.expired_unfetched),
        ("load_runs", loads.runs),
        ("load_loaded", loads.loaded),
        ("load_absent", loads.absent),
        ("load_failed", loads.failures()),
        ("load_coalesced", loads.coalesced),
        ("load_stale_served", loads.stale_served),
    ]
}

/// Everything that is counted, and what is the case now.
pub fn write(shared: &Shared, rows: &mut dyn Rows) {
    let network = shared.network_snapshot();
    let store = shared.store_stats();
    let (user_us, system_us) = usage::cpu_us();
    let seconds = |us: u64| format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    rows.row("pid", &std::process::id());
    rows.row("uptime", &shared.started.elapsed().as_secs());
    rows.row("time", &SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()));
    rows.row("version", &COMPATIBLE_VERSION);
    rows.row("ringstone_version", &shared.options.version);
    rows.row("pointer_size", &usize::BITS);
    rows.row("rusage_user", &seconds(user_us));
    rows.row("rusage_system", &seconds(system_us));
    rows.row("max_connections", &shared.options.max_connections);
    rows.row("curr_connections", &network.connections);
    for (name, value) in resettable(shared) {
        rows.row(name, &shared.baseline.since_reset(name, value));
    }
    let loads = shared.cache.loads.stats();
    rows.row("load_running", &loads.running);
    rows.row("load_waiting", &loads.waiting);
    rows.row("limit_maxbytes", &shared.store.max_memory());
    rows.row("accepting_conns", &u8::from(network.connections < shared.options.max_connections as u64));
    rows.row("threads", &shared.options.workers);
    rows.row("bytes", &store.key_value_bytes);
    rows.row("curr_items", &store.items);
}
