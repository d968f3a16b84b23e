//! The lines of memcached's logger, byte for byte but that times have all of their digits.

use super::{Command, Fetched};
use crate::client::Client;
use ringstone_net::CloseReason;
use ringstone_protocol::memcache::admin::CLASS;
use ringstone_store::{Absence, Changed};
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Appends text; a vector takes everything.
macro_rules! put {
    ($out:expr, $($text:tt)*) => {
        let _ = write!($out, $($text)*);
    };
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn begin(out: &mut Vec<u8>, gid: u64, kind: &str) {
    let now = now();
    put!(out, "ts={}.{:06} gid={gid} type={kind} ", now.as_secs(), now.subsec_micros());
}

fn key(out: &mut Vec<u8>, key: &[u8]) {
    out.extend_from_slice(b"key=");
    urlencode(out, key);
}

/// Letters, digits and `-._~` as they are, all others as `%XX`.
pub fn urlencode(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            put!(out, "%{byte:02X}");
        }
    }
}

/// `watch fetchers`.
pub fn fetched(out: &mut Vec<u8>, gid: u64, of: &[u8], fetched: Fetched, command: Command) {
    let (status, class, size) = match fetched {
        Ok(length) => ("found", CLASS, length),
        Err(Absence::Flushed) => ("flushed", 0, 0),
        Err(Absence::Expired) => ("expired", 0, 0),
        Err(Absence::Absent | Absence::Evicted) => ("not_found", 0, 0),
    };
    begin(out, gid, "item_get");
    key(out, of);
    put!(out, " status={status} clsid={class} cfd={} size={size}\n", command.connection);
}

/// `watch mutations`, of a write that was done.
pub fn stored(out: &mut Vec<u8>, gid: u64, changed: &Changed<'_>, command: Command) {
    begin(out, gid, "item_store");
    key(out, changed.key);
    let ttl = left_s(changed.expires_at_ms).unwrap_or(0);
    let (name, connection, size) = (command.name, command.connection, changed.value_bytes);
    put!(out, " status=stored cmd={name} ttl={ttl} clsid={CLASS} cfd={connection} size={size}\n");
}

/// `watch mutations`, of a write that was not done.
pub fn refused(out: &mut Vec<u8>, gid: u64, of: &[u8], status: &str, size: usize, command: Command) {
    begin(out, gid, "item_store");
    key(out, of);
    put!(out, " status={status} cmd={} ttl=0 clsid={CLASS} cfd={} size={size}\n", command.name, command.connection);
}

/// `watch evictions`.
pub fn evicted(out: &mut Vec<u8>, gid: u64, changed: &Changed<'_>) {
    begin(out, gid, "eviction");
    key(out, changed.key);
    let ttl = left_s(changed.expires_at_ms).map_or(-1, |left| left as i64);
    let fetch = if changed.fetched { "yes" } else { "no" };
    let (idle_s, size) = (changed.idle_s, changed.value_bytes);
    put!(out, " fetch={fetch} ttl={ttl} la={idle_s} clsid={CLASS} size={size}\n");
}

/// `watch deletions`.
pub fn deleted(out: &mut Vec<u8>, gid: u64, changed: &Changed<'_>, command: Command) {
    begin(out, gid, "deleted");
    key(out, changed.key);
    put!(out, " cmd={} clsid={CLASS} size={}\n", command.name, changed.value_bytes);
}

/// Seconds until a time of expiry; `None` if there is none.
fn left_s(expires_at_ms: u64) -> Option<u64> {
    let now_ms = u64::try_from(now().as_millis()).unwrap_or(u64::MAX);
    (expires_at_ms != 0).then(|| expires_at_ms.saturating_sub(now_ms).div_ceil(1000))
}

/// Address, port and transport of a peer.
fn peer(client: &Client) -> (&str, &str, &str) {
    match client.peer.rsplit_once(':') {
        Some((host, port)) if !client.peer.starts_with("unix:") => {
            (host.trim_start_matches('[').trim_end_matches(']'), port, "tcp")
        }
        _ => ("unix", "0", "local"),
    }
}

/// `watch connevents`, of a new connection.
pub fn opened(out: &mut Vec<u8>, gid: u64, client: &Client) {
    begin(out, gid, "conn_new");
    let (host, port, transport) = peer(client);
    put!(out, "rip={host} rport={port} transport={transport} cfd={}\n", client.serial);
}

/// `watch connevents`, of one that is gone.
pub fn closed(out: &mut Vec<u8>, gid: u64, client: &Client, reason: CloseReason) {
    begin(out, gid, "conn_close");
    let (host, port, transport) = peer(client);
    let reason = match reason {
        CloseReason::Peer | CloseReason::Service => "normal",
        CloseReason::Idle => "idle_timeout",
        CloseReason::Shutdown => "shutdown",
        _ => "error",
    };
    put!(out, "rip={host} rport={port} transport={transport} reason={reason} cfd={}\n", client.serial);
}

#[cfg(test)]
mod tests {
    use super::urlencode;

    #[test]
    fn keys_are_one_word_whatever_they_are() {
        let mut out = Vec::new();
        urlencode(&mut out, b"aZ0-._~:% \n\xff");
        assert_eq!(out, b"aZ0-._~%3A%25%20%0A%FF");
    }
}
