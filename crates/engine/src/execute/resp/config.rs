//! CONFIG: the settings that exist, under Valkey's names.

use super::connection::shown;
use super::{Request, subcommand};
use crate::ListenAddress;
use crate::reply::Reply;
use crate::server::BACKLOG;
use crate::session::Session;
use crate::settings::MAX_SLOWLOG_LEN;
use crate::shared::{Context, Shared};
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply;
use ringstone_store::{ResizeError, UnixMillis};

/// Longest bulk string that is parsed, in bytes; values are bound by max_value_size before.
const MAX_BULK: u64 = crate::intake::MAX_BULK;

/// How a value is written, and what it may be.
#[derive(Clone, Copy)]
enum Form {
    /// A whole number within bounds.
    Number { least: i64, most: i64 },
    /// Bytes, with a unit.
    Memory,
}

/// Changes a setting to a number that its form allows; words of an error otherwise.
type Change = fn(&Shared, i64, UnixMillis) -> Result<(), String>;

/// Most keys that may be remembered for `CLIENT TRACKING`; their bytes have a bound of their own.
const MAX_TRACKED_KEYS: i64 = 1 << 30;

/// One setting.
struct Setting {
    name: &'static str,
    get: fn(&Shared) -> String,
    /// `None`: it stays as the server was started.
    set: Option<(Form, Change)>,
}

const fn fixed(name: &'static str, get: fn(&Shared) -> String) -> Setting {
    Setting { name, get, set: None }
}

/// In the order of their names.
const SETTINGS: &[Setting] = &[
    fixed("appendonly", |_| "no".into()),
    fixed("bind", hosts),
    fixed("cluster-enabled", |_| "no".into()),
    fixed("databases", |_| "1".into()),
    fixed("enable-debug-command", |_| "local".into()),
    fixed("io-threads", |shared| shared.options.workers.to_string()),
    Setting {
        name: "latency-monitor-threshold",
        get: |shared| shared.settings.latency_monitor_threshold_ms().to_string(),
        set: Some((Form::Number { least: 0, most: i64::MAX }, |shared, ms, _| {
            shared.settings.set_latency_monitor_threshold_ms(ms.unsigned_abs());
            Ok(())
        })),
    },
    fixed("latency-tracking", |_| "yes".into()),
    fixed("latency-tracking-info-percentiles", |_| "50 99 99.9".into()),
    fixed("maxclients", |shared| shared.options.max_connections.to_string()),
    Setting {
        name: "maxmemory",
        get: |shared| shared.store.max_memory().to_string(),
        set: Some((Form::Memory, set_max_memory)),
    },
    fixed("maxmemory-policy", |shared| super::info::policy(shared).into()),
    fixed("notify-keyspace-events", |_| String::new()),
    fixed("port", |shared| shared.tcp_port().to_string()),
    fixed("proto-max-bulk-len", |_| MAX_BULK.to_string()),
    fixed("save", |_| String::new()),
    Setting {
        name: "slowlog-log-slower-than",
        get: |shared| shared.settings.slowlog_log_slower_than_us().to_string(),
        set: Some((Form::Number { least: -1, most: i64::MAX }, |shared, us, _| {
            shared.settings.set_slowlog_log_slower_than_us(us);
            Ok(())
        })),
    },
    Setting {
        name: "slowlog-max-len",
        get: |shared| shared.settings.slowlog_max_len().to_string(),
        set: Some((Form::Number { least: 0, most: MAX_SLOWLOG_LEN as i64 }, |shared, len, _| {
            shared.settings.set_slowlog_max_len(len.unsigned_abs());
            Ok(())
        })),
    },
    fixed("tcp-backlog", |_| BACKLOG.to_string()),
    fixed("timeout", |shared| shared.options.idle_timeout_ms.div_ceil(1000).to_string()),
    Setting {
        name: "tracking-table-max-keys",
        get: |shared| shared.cache.tracking.max_keys().to_string(),
        set: Some((Form::Number { least: 1, most: MAX_TRACKED_KEYS }, |shared, keys, _| {
            shared.cache.tracking.set_max_keys(usize::try_from(keys).unwrap_or(usize::MAX));
            Ok(())
        })),
    },
    fixed("unixsocket", unix_socket),
];

/// Valkey takes 0 for no limit, which is not to be had here.
fn set_max_memory(shared: &Shared, bytes: i64, now_ms: UnixMillis) -> Result<(), String> {
    let resized = shared.cache.set_max_memory(bytes.unsigned_abs(), now_ms);
    resized.map_err(|ResizeError { least, most }| format!("argument must be between {least} and {most} inclusive"))
}

/// The addresses that TCP listeners have, each once.
fn hosts(shared: &Shared) -> String {
    let mut hosts: Vec<String> = Vec::new();
    for listener in &shared.options.listeners {
        if let ListenAddress::Tcp(address) = &listener.address
            && !hosts.contains(&address.ip().to_string())
        {
            hosts.push(address.ip().to_string());
        }
    }
    hosts.join(" ")
}

fn unix_socket(shared: &Shared) -> String {
    let path = shared.options.listeners.iter().find_map(|listener| match &listener.address {
        ListenAddress::Unix(path) => Some(path.display().to_string()),
        ListenAddress::Tcp(_) => None,
    });
    path.unwrap_or_default()
}

/// CONFIG
pub fn execute(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let Some(row) = subcommand(request, out) else { return };
    match row.name {
        "config|get" => get(request, session, context.shared, out),
        "config|set" => set(request, context, out),
        "config|resetstat" => {
            context.shared.reset_point.reset(context.shared);
            out.write(b"+OK\r\n");
        }
        "config|rewrite" => reply::error(out, "ERR The server is running without a config file"),
        _ => reply::help(out, "CONFIG", HELP),
    }
}

/// Each setting once, whichever patterns it matches; a name that is written out is answered as it was written.
fn get(request: &Request<'_>, session: &Session, shared: &Shared, out: &mut impl Reply) {
    let mut found: Vec<(&Setting, Option<&[u8]>)> = Vec::new();
    for word in request.arguments().skip(1) {
        let pattern = Pattern::ignoring_case(word);
        for setting in SETTINGS {
            let is_found = found.iter().any(|(other, _)| other.name == setting.name);
            if !is_found && pattern.matches(setting.name.as_bytes()) {
                let is_name = word.eq_ignore_ascii_case(setting.name.as_bytes());
                found.push((setting, is_name.then_some(word)));
            }
        }
    }
    reply::map(out, found.len(), session.version);
    for (setting, written) in found {
        reply::bulk(out, written.unwrap_or(setting.name.as_bytes()));
        reply::bulk(out, (setting.get)(shared).as_bytes());
    }
}

fn set(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    if let Err(text) = set_all(request, context) {
        reply::error(out, &text);
    } else {
        out.write(b"+OK\r\n");
    }
}

/// All that can be refused is, before the first is changed.
fn set_all(request: &Request<'_>, context: &mut Context<'_>) -> Result<(), String> {
    if !request.args.len().is_multiple_of(2) {
        return Err("ERR syntax error".into());
    }
    let mut changes: Vec<(&Setting, Change, i64)> = Vec::new();
    let mut words = request.arguments().skip(1);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        let Some(setting) = SETTINGS.iter().find(|setting| name.eq_ignore_ascii_case(setting.name.as_bytes())) else {
            let name = shown(name);
            return Err(format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'"));
        };
        let refused = |why: &str| failure(setting, why);
        let (form, change) = setting.set.ok_or_else(|| refused("can't set immutable config"))?;
        if changes.iter().any(|(other, ..)| other.name == setting.name) {
            return Err(refused("duplicate parameter"));
        }
        changes.push((setting, change, parse(form, value).map_err(|why| refused(&why))?));
    }
    for (setting, change, number) in changes {
        change(context.shared, number, context.now_ms).map_err(|why| failure(setting, &why))?;
    }
    context.timing.refresh(&context.shared.settings);
    Ok(())
}

fn failure(setting: &Setting, why: &str) -> String {
    format!("ERR CONFIG SET failed (possibly related to argument '{}') - {why}", setting.name)
}

fn parse(form: Form, value: &[u8]) -> Result<i64, String> {
    match form {
        Form::Number { least, most } => match parse_i64(value) {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            Some(_) => Err(format!("argument must be between {least} and {most} inclusive")),
            None => Err("argument couldn't be parsed into an integer".into()),
        },
        Form::Memory => memory(value).ok_or_else(|| "argument must be a memory value".into()),
    }
}

/// `100`, `1k` (1000), `1kb` (1024) and so on.
fn memory(value: &[u8]) -> Option<i64> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: i64 = std::str::from_utf8(&value[..digits]).ok()?.parse().ok()?;
    let unit = match value[digits..].to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

const HELP: &[&str] = &[
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_units() {
        for (text, bytes) in
            [("0", 0), ("12", 12), ("1b", 1), ("1k", 1000), ("1KB", 1024), ("2mb", 2 << 20), ("1g", 1_000_000_000)]
        {
            assert_eq!(memory(text.as_bytes()), Some(bytes), "{text}");
        }
        for text in ["", "-1", "x", "1x", "kb", "99999999999gb", "1 mb"] {
            assert_eq!(memory(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn settings_are_in_order() {
        assert!(SETTINGS.is_sorted_by_key(|setting| setting.name));
    }
}
