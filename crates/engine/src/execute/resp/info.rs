//! INFO, with Valkey's names for what is really counted.

use super::Request;
use crate::Protocol;
use crate::counters::{COMMANDS, CommandIndex};
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::{Context, Shared};
use crate::usage;
use ringstone_protocol::resp::reply;
use ringstone_store::Eviction;
use std::fmt::Write as _;

/// Version of Valkey that clients may take this server for: they decide by it what to send (INFO, HELLO).
pub const COMPATIBLE_VERSION: &str = "7.2.4";

type Section = (&'static str, fn(&Shared, &mut String));

const SECTIONS: [Section; 6] = [
    ("server", server),
    ("clients", clients),
    ("memory", memory),
    ("stats", stats),
    ("cpu", cpu),
    ("keyspace", keyspace),
];
const COMMAND_STATS: Section = ("commandstats", command_stats);

/// INFO [section ...]; `all` and `everything` add commandstats.
pub fn write(request: &Request<'_>, session: &Session, context: &Context<'_>, out: &mut impl Reply) {
    let wanted = |name: &str, by_default: bool| {
        let mut arguments = request.arguments().peekable();
        if arguments.peek().is_none() {
            return by_default;
        }
        arguments.any(|word| {
            let is = |other: &str| word.eq_ignore_ascii_case(other.as_bytes());
            is(name) || is("all") || is("everything") || by_default && is("default")
        })
    };
    let mut text = String::new();
    let sections = SECTIONS.iter().map(|section| (section, true)).chain([(&COMMAND_STATS, false)]);
    for ((name, section), by_default) in sections {
        if wanted(name, by_default) {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            section(context.shared, &mut text);
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

fn server(shared: &Shared, text: &mut String) {
    let uptime_s = shared.started.elapsed().as_secs();
    let port = shared.options.listeners.iter().find_map(|listener| match &listener.address {
        crate::ListenAddress::Tcp(address) => Some(address.port()),
        crate::ListenAddress::Unix(_) => None,
    });
    lines!(text, "Server",
        "redis_version": COMPATIBLE_VERSION,
        "server_name": "ringstone",
        "ringstone_version": shared.options.version,
        "redis_mode": "standalone",
        "os": std::env::consts::OS,
        "arch_bits": usize::BITS,
        "process_id": std::process::id(),
        "tcp_port": port.unwrap_or(0),
        "uptime_in_seconds": uptime_s,
        "uptime_in_days": uptime_s / 86_400,
        "io_threads_active": u8::from(shared.options.workers > 1),
    );
}

fn clients(shared: &Shared, text: &mut String) {
    lines!(text, "Clients",
        "connected_clients": shared.network_snapshot().connections,
        "maxclients": shared.options.max_connections,
        // There is no command that blocks; tools take a missing field for the least integer.
        "blocked_clients": 0,
    );
}

fn memory(shared: &Shared, text: &mut String) {
    let stats = shared.store_stats();
    let policy = match shared.options.eviction {
        Eviction::S3Fifo => "s3fifo",
        Eviction::Lru => "allkeys-lru",
        Eviction::None => "noeviction",
    };
    lines!(text, "Memory",
        "used_memory": stats.item_segment_bytes + stats.chain_bytes + stats.reserved_bytes + stats.pinned_bytes
            + stats.index_bytes + stats.ghost_bytes,
        "used_memory_rss": usage::resident_bytes(),
        "used_memory_dataset": stats.key_value_bytes,
        "maxmemory": shared.options.max_memory,
        "maxmemory_policy": policy,
    );
}

fn stats(shared: &Shared, text: &mut String) {
    let network = shared.network_snapshot();
    let stats = shared.store_stats();
    let counters = &shared.counters;
    let commands: u64 = (0..COMMANDS).map(|index| counters.calls(CommandIndex(index as u8))).sum();
    let misses: u64 = (0..4).map(|reason| counters.sum(|worker| &worker.resp.misses[reason])).sum();
    lines!(text, "Stats",
        "total_connections_received": network.accepted,
        "total_commands_processed": commands,
        "total_net_input_bytes": network.bytes_read,
        "total_net_output_bytes": network.bytes_written,
        "rejected_connections": network.refused,
        "expired_keys": stats.expirations,
        "evicted_keys": stats.evictions,
        "keyspace_hits": counters.sum(|worker| &worker.resp.hits),
        "keyspace_misses": misses,
        "total_error_replies": counters.sum(|worker| &worker.resp.protocol_errors),
    );
}

fn cpu(_shared: &Shared, text: &mut String) {
    let (user_us, system_us) = usage::cpu_us();
    lines!(text, "CPU",
        "used_cpu_sys": format_args!("{}.{:06}", system_us / 1_000_000, system_us % 1_000_000),
        "used_cpu_user": format_args!("{}.{:06}", user_us / 1_000_000, user_us % 1_000_000),
    );
}

fn keyspace(shared: &Shared, text: &mut String) {
    text.push_str("# Keyspace\r\n");
    let stats = shared.store_stats();
    if stats.items > 0 {
        let _ = write!(text, "db0:keys={}\r\n", stats.items);
    }
}

fn command_stats(shared: &Shared, text: &mut String) {
    text.push_str("# Commandstats\r\n");
    for index in (0..COMMANDS).map(|index| CommandIndex(index as u8)) {
        let (protocol, name) = index.describe();
        let calls = shared.counters.calls(index);
        if protocol == Protocol::Resp && calls > 0 {
            let us = shared.counters.sum(|worker| &worker.commands[usize::from(index.0)].total_ns) / 1000;
            let _ = write!(
                text,
                "cmdstat_{name}:calls={calls},usec={us},usec_per_call={:.2}\r\n",
                us as f64 / calls as f64
            );
        }
    }
}
