//! MEMORY.

use super::{Request, subcommand};
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::{Context, Shared};
use crate::usage;
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply;

/// MEMORY
pub fn execute(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let Some(row) = subcommand(request, out) else { return };
    match row.name {
        "memory|usage" => usage(request, session, context, out),
        "memory|stats" => stats(context.shared, session, out),
        "memory|purge" => {
            context.shared.cache.sweep_signal.request();
            out.write(b"+OK\r\n");
        }
        "memory|malloc-stats" => reply::bulk(out, b"Stats not supported for the current allocator"),
        _ => reply::help(out, "MEMORY", HELP),
    }
}

/// MEMORY USAGE key [SAMPLES count]: exact, so that there is nothing to sample.
fn usage(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let mut words = request.arguments().skip(1);
    let key = words.next().unwrap_or_default();
    while let Some(option) = words.next() {
        let count = words.next();
        match count.filter(|_| option.eq_ignore_ascii_case(b"samples")).map(parse_i64) {
            Some(Some(0..)) => {}
            Some(None) => return reply::error(out, "ERR value is not an integer or out of range"),
            _ => return reply::error(out, "ERR syntax error"),
        }
    }
    let hash = context.store.hash(key);
    let bytes = context.cells.entry(key, hash, context.now_ms).memory_bytes();
    match bytes {
        Some(bytes) => reply::integer(out, i64::try_from(bytes).unwrap_or(i64::MAX)),
        None => reply::null(out, session.version),
    }
}

/// MEMORY STATS: Valkey's names for what there is.
fn stats(shared: &Shared, session: &Session, out: &mut impl Reply) {
    let (store, network) = (shared.store_stats(), shared.network_snapshot());
    let used = store.used_bytes();
    let dataset = store.item_segment_bytes + store.chain_bytes;
    let resident = usage::resident_bytes();
    let integers = [
        ("total.allocated", used),
        ("clients.normal", network.buffer_bytes),
        ("overhead.total", used - dataset),
        ("keys.count", store.items),
        ("keys.bytes-per-key", used.checked_div(store.items).unwrap_or(0)),
        ("dataset.bytes", dataset),
        ("allocator.resident", resident),
    ];
    let doubles = [
        ("dataset.percentage", percentage(dataset, used)),
        ("fragmentation", if used == 0 { 0.0 } else { resident as f64 / used as f64 }),
    ];
    reply::map(out, integers.len() + doubles.len(), session.version);
    for (name, number) in integers {
        reply::bulk(out, name.as_bytes());
        reply::integer(out, i64::try_from(number).unwrap_or(i64::MAX));
    }
    for (name, number) in doubles {
        reply::bulk(out, name.as_bytes());
        reply::double(out, number, session.version);
    }
}

fn percentage(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

const HELP: &[&str] = &[
    "MALLOC-STATS",
    "    Return internal statistics report from the memory allocator.",
    "PURGE",
    "    Attempt to purge dirty pages for reclamation by the allocator.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value. Nested values are",
    "    sampled up to <count> times (default: 5, 0 means sample all).",
];
