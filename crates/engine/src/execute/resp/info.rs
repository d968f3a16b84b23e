//! INFO, with Valkey's names for what is really counted.

use super::Request;
use crate::Protocol;
use crate::counters::{COMMANDS, CommandIndex, ERROR_CODES};
use crate::reply::Reply;
use crate::reset_point::Totals;
use crate::session::Session;
use crate::shared::{Context, Shared};
use crate::usage;
use ringstone_protocol::resp::reply;
use ringstone_store::Eviction;
use std::fmt::Write as _;

/// Version of Valkey that clients may take this server for: they decide by it what to send (INFO, HELLO).
pub const COMPATIBLE_VERSION: &str = "7.2.4";

/// What the sections are written from.
struct Facts<'a> {
    shared: &'a Shared,
    /// Since the last CONFIG RESETSTAT.
    since: Totals,
}

/// When a section is shown without being named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    ByDefault,
    WithAll,
}

type Section = (&'static str, Shown, fn(&Facts<'_>, &mut String));

const SECTIONS: [Section; 13] = [
    ("server", Shown::ByDefault, server),
    ("clients", Shown::ByDefault, clients),
    ("memory", Shown::ByDefault, memory),
    ("persistence", Shown::ByDefault, persistence),
    ("stats", Shown::ByDefault, stats),
    ("replication", Shown::ByDefault, replication),
    ("cpu", Shown::ByDefault, cpu),
    ("modules", Shown::ByDefault, |_, text| text.push_str("# Modules\r\n")),
    ("commandstats", Shown::WithAll, command_stats),
    ("errorstats", Shown::ByDefault, error_stats),
    ("latencystats", Shown::WithAll, latency_stats),
    ("cluster", Shown::ByDefault, |_, text| text.push_str("# Cluster\r\ncluster_enabled:0\r\n")),
    ("keyspace", Shown::ByDefault, keyspace),
];

/// INFO [section ...]; `all` and `everything` add commandstats and latencystats.
pub fn write(request: &Request<'_>, session: &Session, context: &Context<'_>, out: &mut impl Reply) {
    let wanted = |name: &str, shown: Shown| {
        let mut arguments = request.arguments().peekable();
        if arguments.peek().is_none() {
            return shown == Shown::ByDefault;
        }
        arguments.any(|word| {
            let is = |other: &str| word.eq_ignore_ascii_case(other.as_bytes());
            is(name) || is("all") || is("everything") || shown == Shown::ByDefault && is("default")
        })
    };
    let facts = Facts { shared: context.shared, since: context.shared.reset_point.since(context.shared) };
    let mut text = String::new();
    for (name, shown, section) in SECTIONS {
        if wanted(name, shown) {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            section(&facts, &mut text);
        }
    }
    reply::verbatim(out, &text, session.version);
}

/// Writing to a `String` cannot fail.
macro_rules! lines {
    ($text:ident, $title:literal, $($name:literal : $value:expr),* $(,)?) => {
        $text.push_str(concat!("# ", $title, "\r\n"));
        $( let _ = write!($text, concat!($name, ":{}\r\n"), $value); )*
    };
}

fn server(facts: &Facts<'_>, text: &mut String) {
    let shared = facts.shared;
    let uptime_s = shared.started.elapsed().as_secs();
    lines!(text, "Server",
        "redis_version": COMPATIBLE_VERSION,
        "server_name": "ringstone",
        "ringstone_version": shared.options.version,
        "redis_mode": "standalone",
        "os": std::env::consts::OS,
        "arch_bits": usize::BITS,
        "process_id": std::process::id(),
        "run_id": shared.run_id,
        "tcp_port": shared.tcp_port(),
        "server_time_usec": shared.cache.clock.now_ms().saturating_mul(1000),
        "uptime_in_seconds": uptime_s,
        "uptime_in_days": uptime_s / 86_400,
        "io_threads_active": u8::from(shared.options.workers > 1),
    );
}

fn clients(facts: &Facts<'_>, text: &mut String) {
    let tracking = facts.shared.cache.tracking.counts();
    lines!(text, "Clients",
        "connected_clients": facts.shared.network_snapshot().connections,
        "maxclients": facts.shared.options.max_connections,
        // There is no command that blocks (what waits for loads, `loads_waiting` shows); tools take a missing field for the least
        // integer.
        "blocked_clients": 0,
        "tracking_clients": tracking.clients,
        "watching_clients": facts.shared.cache.watches.watchers(),
        "total_watched_keys": facts.shared.cache.watches.len(),
    );
}

/// Valkey's name of the policy of eviction, if it has one.
pub fn policy(shared: &Shared) -> &'static str {
    match shared.cache.options.eviction {
        Eviction::S3Fifo => "s3fifo",
        Eviction::Lru => "allkeys-lru",
        Eviction::None => "noeviction",
    }
}

fn memory(facts: &Facts<'_>, text: &mut String) {
    let (store, network) = (facts.shared.store_stats(), facts.shared.network_snapshot());
    let (used, resident) = (store.used_bytes(), usage::resident_bytes());
    let fragmentation = if used == 0 { 0.0 } else { resident as f64 / used as f64 };
    lines!(text, "Memory",
        "used_memory": used,
        "used_memory_human": human(used),
        "used_memory_rss": resident,
        "used_memory_rss_human": human(resident),
        "used_memory_overhead": used - store.item_segment_bytes - store.chain_bytes,
        "used_memory_dataset": store.key_value_bytes,
        "maxmemory": store.max_memory,
        "maxmemory_human": human(store.max_memory),
        "maxmemory_policy": policy(facts.shared),
        "mem_fragmentation_ratio": format_args!("{fragmentation:.2}"),
        "mem_clients_normal": network.buffer_bytes,
    );
}

/// `512B`, `1.50K`, `2.00M` ...
fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let power = (bytes.ilog2() / 10) as usize;
    format!("{:.2}{}", bytes as f64 / (1u64 << (10 * power)) as f64, UNITS[power - 1])
}

fn persistence(_: &Facts<'_>, text: &mut String) {
    lines!(text, "Persistence",
        "loading": 0,
        "async_loading": 0,
        "rdb_bgsave_in_progress": 0,
        "aof_enabled": 0,
        "aof_rewrite_in_progress": 0,
        "aof_rewrite_scheduled": 0,
    );
}

fn stats(facts: &Facts<'_>, text: &mut String) {
    let since = &facts.since;
    let tracking = facts.shared.cache.tracking.counts();
    let loads = facts.shared.cache.loads.stats();
    lines!(text, "Stats",
        "total_connections_received": since.accepted,
        "total_commands_processed": since.calls(),
        "total_net_input_bytes": since.bytes_read,
        "total_net_output_bytes": since.bytes_written,
        "rejected_connections": since.refused,
        "expired_keys": since.expired,
        "evicted_keys": since.evicted,
        "keyspace_hits": since.hits,
        "keyspace_misses": since.misses,
        "pubsub_channels": facts.shared.pubsub.channel_count(),
        "pubsub_patterns": facts.shared.pubsub.pattern_count(),
        "tracking_total_keys": tracking.keys,
        "tracking_total_items": tracking.items,
        "tracking_total_prefixes": tracking.prefixes,
        "total_error_replies": since.errors.iter().sum::<u64>(),
        "loads_run": loads.runs,
        "loads_failed": loads.failures(),
        "loads_coalesced": loads.coalesced,
        "loads_stale_served": loads.stale_served,
        "loads_running": loads.running,
        "loads_waiting": loads.waiting,
    );
}

fn replication(_: &Facts<'_>, text: &mut String) {
    lines!(text, "Replication", "role": "master", "connected_slaves": 0, "repl_backlog_active": 0);
}

fn cpu(_: &Facts<'_>, text: &mut String) {
    let (user_us, system_us) = usage::cpu_us();
    lines!(text, "CPU",
        "used_cpu_sys": format_args!("{}.{:06}", system_us / 1_000_000, system_us % 1_000_000),
        "used_cpu_user": format_args!("{}.{:06}", user_us / 1_000_000, user_us % 1_000_000),
    );
}

/// Without an average of the times that are left: that is not kept.
fn keyspace(facts: &Facts<'_>, text: &mut String) {
    text.push_str("# Keyspace\r\n");
    let stats = facts.shared.store_stats();
    if stats.items > 0 {
        let _ = write!(text, "db0:keys={},expires={}\r\n", stats.items, stats.expiring);
    }
}

/// RESP commands and their names.
fn resp_commands() -> impl Iterator<Item = (CommandIndex, &'static str)> {
    (0..COMMANDS).map(|index| CommandIndex(index as u8)).filter_map(|index| {
        let (protocol, name) = index.describe();
        (protocol == Protocol::Resp).then_some((index, name))
    })
}

fn command_stats(facts: &Facts<'_>, text: &mut String) {
    text.push_str("# Commandstats\r\n");
    for (index, name) in resp_commands() {
        let times = facts.since.command(index);
        let (calls, us) = (times.calls(), times.total_ns / 1000);
        if calls > 0 {
            let per_call = us as f64 / calls as f64;
            let _ = write!(text, "cmdstat_{name}:calls={calls},usec={us},usec_per_call={per_call:.2}\r\n");
        }
    }
}

fn error_stats(facts: &Facts<'_>, text: &mut String) {
    text.push_str("# Errorstats\r\n");
    let codes = ERROR_CODES.iter().copied().chain(["OTHER"]);
    for (code, count) in codes.zip(facts.since.errors).filter(|(_, count)| *count > 0) {
        let _ = write!(text, "errorstat_{code}:count={count}\r\n");
    }
}

/// Upper bounds of the percentiles: the histograms have a bucket per power of two of microseconds.
fn latency_stats(facts: &Facts<'_>, text: &mut String) {
    text.push_str("# Latencystats\r\n");
    for (index, name) in resp_commands() {
        let times = facts.since.command(index);
        if times.calls() > 0 {
            let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| times.percentile_us(share));
            let _ = write!(text, "latency_percentiles_usec_{name}:p50={p50}.000,p99={p99}.000,p99.9={p999}.000\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_for_people() {
        for (bytes, text) in
            [(0, "0B"), (1023, "1023B"), (1024, "1.00K"), (1536, "1.50K"), (64 << 20, "64.00M"), (u64::MAX, "16.00E")]
        {
            assert_eq!(super::human(bytes), text);
        }
    }
}
