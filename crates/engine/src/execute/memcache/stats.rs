//! memcached's `stats`, with the names that its document and the exporters use. Only what is really counted is shown.

use crate::counters::{CommandIndex, Outcomes};
use crate::execute::memcache::COMPATIBLE_VERSION;
use crate::reply::Reply;
use crate::shared::{Context, Shared};
use crate::usage;
use ringstone_protocol::memcache::reply::{self, write_stat};
use ringstone_store::Eviction;
use std::time::{SystemTime, UNIX_EPOCH};

/// `stats [settings|items|slabs|sizes|reset]`; an unknown sub-command answers ERROR, as memcached does.
pub fn write(arguments: &[u8], context: &Context<'_>, out: &mut impl Reply) {
    match arguments.trim_ascii() {
        b"" => general(context.shared, out),
        b"settings" => settings(context.shared, out),
        b"items" => items(context.shared, out),
        b"slabs" => slabs(context.shared, out),
        b"sizes" => write_stat(out, "sizes_status", &"disabled"),
        b"reset" => {
            context.shared.baseline.reset(resettable(context.shared));
            out.write(b"RESET\r\n");
            return;
        }
        _ => {
            out.write(reply::ERROR);
            return;
        }
    }
    out.write(reply::END);
}

fn calls(shared: &Shared, indices: &[u8]) -> u64 {
    indices.iter().map(|index| shared.counters.calls(CommandIndex(*index))).sum()
}

fn misses(shared: &Shared, reason: usize, pick: fn(&crate::counters::WorkerCounters) -> &Outcomes) -> u64 {
    shared.counters.sum(|worker| &pick(worker).misses[reason])
}

/// Counters in the order in which they are shown; `stats reset` takes them as the new zero.
fn resettable(shared: &Shared) -> Vec<(&'static str, u64)> {
    let network = shared.network_snapshot();
    let store = shared.store_stats();
    let sum = |pick: fn(&crate::counters::WorkerCounters) -> &crate::counters::Counter| shared.counters.sum(pick);
    let all_misses: u64 = (0..4).map(|reason| misses(shared, reason, |w| &w.memcache)).sum();
    vec![
        ("total_connections", network.accepted),
        ("rejected_connections", network.refused),
        // Per key, so that hits and misses add up to it, as in memcached.
        ("cmd_get", sum(|w| &w.memcache.hits) + all_misses),
        ("cmd_set", calls(shared, &[4, 5, 6, 7, 8, 9])),
        ("cmd_flush", calls(shared, &[14])),
        ("cmd_touch", sum(|w| &w.touch.hits) + sum(|w| &w.touch.misses)),
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
    ]
}

fn general(shared: &Shared, out: &mut impl Reply) {
    let network = shared.network_snapshot();
    let store = shared.store_stats();
    let (user_us, system_us) = usage::cpu_us();
    let seconds = |us: u64| format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    write_stat(out, "pid", &std::process::id());
    write_stat(out, "uptime", &shared.started.elapsed().as_secs());
    write_stat(out, "time", &SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()));
    write_stat(out, "version", &COMPATIBLE_VERSION);
    write_stat(out, "ringstone_version", &shared.options.version);
    write_stat(out, "pointer_size", &usize::BITS);
    write_stat(out, "rusage_user", &seconds(user_us));
    write_stat(out, "rusage_system", &seconds(system_us));
    write_stat(out, "max_connections", &shared.options.max_connections);
    write_stat(out, "curr_connections", &network.connections);
    for (name, value) in resettable(shared) {
        write_stat(out, name, &shared.baseline.since_reset(name, value));
    }
    write_stat(out, "limit_maxbytes", &shared.options.max_memory);
    write_stat(out, "accepting_conns", &u8::from(network.connections < shared.options.max_connections as u64));
    write_stat(out, "threads", &shared.options.workers);
    write_stat(out, "bytes", &store.key_value_bytes);
    write_stat(out, "curr_items", &store.items);
}

fn settings(shared: &Shared, out: &mut impl Reply) {
    let options = &shared.options;
    let addresses = options.listeners.iter().map(crate::ListenerOptions::to_string).collect::<Vec<_>>().join(",");
    write_stat(out, "maxbytes", &options.max_memory);
    write_stat(out, "maxconns", &options.max_connections);
    write_stat(out, "inter", &addresses);
    write_stat(out, "evictions", &if options.eviction == Eviction::None { "off" } else { "on" });
    write_stat(out, "num_threads", &options.workers);
    write_stat(out, "cas_enabled", &"yes");
    write_stat(out, "item_size_max", &options.max_value_size);
    write_stat(out, "idle_timeout", &(options.idle_timeout_ms / 1000));
}

/// There are no slab classes here; tools that read them get one class that holds everything.
fn items(shared: &Shared, out: &mut impl Reply) {
    let store = shared.store_stats();
    if store.items == 0 {
        return;
    }
    write_stat(out, "items:1:number", &store.items);
    write_stat(out, "items:1:evicted", &store.evictions);
    write_stat(out, "items:1:evicted_unfetched", &store.evicted_unfetched);
    write_stat(out, "items:1:expired_unfetched", &store.expired_unfetched);
    write_stat(out, "items:1:reclaimed", &store.expirations);
    write_stat(out, "items:1:outofmemory", &shared.counters.no_memory());
    write_stat(out, "items:1:mem_requested", &store.key_value_bytes);
}

fn slabs(shared: &Shared, out: &mut impl Reply) {
    let store = shared.store_stats();
    if store.items > 0 {
        write_stat(out, "1:used_chunks", &store.items);
        write_stat(out, "1:mem_requested", &store.key_value_bytes);
    }
    write_stat(out, "active_slabs", &u8::from(store.items > 0));
    write_stat(out, "total_malloced", &store.resident_bytes);
}
