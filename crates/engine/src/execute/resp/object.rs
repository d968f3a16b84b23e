//! OBJECT: how a value is kept, in Valkey's words.

use super::{Request, subcommand};
use crate::reply::{Reply, value_len};
use crate::session::Session;
use crate::shared::Context;
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply;
use ringstone_store::{Item, Kind, Value};

/// Longest string that Valkey calls `embstr`, in bytes.
const MAX_EMBEDDED: usize = 44;

const NO_FREQUENCY: &str = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
                            when switching between policies at runtime LRU and LFU data will take some time to adjust.";

const HELP: [&str; 15] = [
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
    "HELP",
    "    Prints this help.",
];

/// OBJECT ENCODING, FREQ, IDLETIME, REFCOUNT and HELP. Looking does not count as a read.
pub fn object(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let Some(row) = subcommand(request, out) else { return };
    if row.name == "object|help" {
        reply::array(out, HELP.len());
        return HELP.iter().for_each(|line| reply::simple(out, line));
    }
    let [_, key] = request.fixed();
    let entry = context.cells.entry(key, context.store.hash(key), context.now_ms);
    let Some(item) = entry.peek() else { return reply::null(out, session.version) };
    match row.name {
        "object|encoding" => reply::bulk(out, encoding(&item).as_bytes()),
        "object|idletime" => reply::integer(out, i64::from(item.idle_s)),
        "object|refcount" => reply::integer(out, 1),
        _ => reply::error(out, NO_FREQUENCY),
    }
}

/// What Valkey would say of a value that was just set: all are kept alike here.
fn encoding(item: &Item<'_>) -> &'static str {
    match (item.marks.kind, &item.value) {
        (Kind::Hash, _) => "listpack",
        (Kind::String, Value::Bytes(bytes)) if parse_i64(bytes).is_some() => "int",
        (Kind::String, value) if value_len(value) <= MAX_EMBEDDED => "embstr",
        (Kind::String, _) => "raw",
    }
}
