//! Every command of the table inside MULTI: it ends (no cell is locked twice, none is missing) and answers as outside.

mod common;

use common::{Bench, Client, cache_options};
use ringstone_engine::Protocol;
use ringstone_protocol::resp::command::{Command, SUBCOMMANDS, Spec, TABLE};
use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

/// A request that does not end within it waits for itself.
const WATCHDOG: Duration = Duration::from_secs(120);

const SETUP: &str = "SET k 10\r\nSET s hello EX 1000\r\nSET big 0123456789\r\nHSET h f 1 g two\r\nSET other x\r\n";

/// Requests whose replies say something; for every other (sub)command one is made up from its row.
const REQUESTS: &[&str] = &[
    "PING",
    "PING x",
    "ECHO x",
    "SELECT 0",
    "SELECT 9",
    "HELLO",
    "HELLO 2 SETNAME me",
    "GET k",
    "GET h",
    "SET k 2",
    "SET k 2 GET",
    "SET new 2 NX",
    "SET k 2 XX KEEPTTL",
    "PUT k 3",
    "DEL k s missing",
    "UNLINK k k",
    "EXISTS k s k",
    "MGET k s missing h",
    "MSET k 1 s 2 new 3",
    "INCR k",
    "DECR k",
    "INCRBY k 5",
    "DECRBY k 5",
    "INCR s",
    "APPEND s x",
    "STRLEN s",
    "EXPIRE k 10",
    "EXPIRE k -1",
    "PEXPIRE k 10 NX",
    "TTL s",
    "PTTL s",
    "PERSIST s",
    "TYPE k",
    "TYPE h",
    "DBSIZE",
    "FLUSHDB",
    "FLUSHALL ASYNC",
    "SETNX new 1",
    "SETEX k 5 v",
    "PSETEX k 5000 v",
    "GETSET k v",
    "GETDEL k",
    "GETEX s PERSIST",
    "MSETNX a 1 b 2",
    "MSETNX a 1 k 2",
    "GETRANGE s 0 2",
    "SUBSTR s 0 2",
    "SETRANGE s 1 XX",
    "INCRBYFLOAT k 1.5",
    "DELIFEQ k 10",
    "TOUCH k s",
    "EXPIREAT k 1800000000",
    "PEXPIREAT k 1800000000000",
    "EXPIRETIME s",
    "PEXPIRETIME s",
    "RENAME k moved",
    "RENAME missing moved",
    "RENAMENX k other",
    "COPY k copied",
    "COPY k other REPLACE",
    "OBJECT ENCODING k",
    "OBJECT REFCOUNT s",
    "RANDOMKEY",
    "KEYS k",
    "KEYS *e*",
    "SCAN 0 COUNT 1000",
    "SCAN 0 MATCH h*",
    "TIME",
    "WAIT 0 0",
    "PUBLISH c m",
    "SUBSCRIBE c",
    "PSUBSCRIBE c*",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "PUBSUB CHANNELS",
    "PUBSUB NUMSUB c",
    "HSET h x 1",
    "HMSET h x 1",
    "HSETNX h f 2",
    "HGET h f",
    "HMGET h f g x",
    "HGETALL h",
    "HDEL h f",
    "HEXISTS h f",
    "HLEN h",
    "HKEYS h",
    "HVALS h",
    "HINCRBY h f 2",
    "HINCRBYFLOAT h f 1.5",
    "HSCAN h 0",
    "HSTRLEN h g",
    "HSET k f 1",
    "UNWATCH",
    "COMMAND COUNT",
    "COMMAND LIST",
    "COMMAND DOCS get",
    "COMMAND INFO get config",
    "COMMAND GETKEYS MSET a 1 b 2",
    "COMMAND GETKEYSANDFLAGS GET k",
    "CONFIG GET max*",
    "CONFIG SET slowlog-max-len 5",
    "CONFIG SET slowlog-max-len x",
    "CONFIG RESETSTAT",
    "SLOWLOG LEN",
    "SLOWLOG GET 0",
    "LATENCY LATEST",
    "LATENCY RESET",
    "LATENCY HISTORY command",
    "MEMORY USAGE k",
    "MEMORY USAGE missing",
    "MEMORY PURGE",
    "MEMORY MALLOC-STATS",
    "CLUSTER INFO",
    "DEBUG SLEEP 0",
    "DEBUG HELP",
    "CLIENT ID",
    "CLIENT SETNAME x",
    "CLIENT GETNAME",
];

/// What a request of a row may look like: its words, and as many more as it takes.
fn made_up(spec: &Spec) -> String {
    let mut words: Vec<String> = spec.name.split('|').map(str::to_owned).collect();
    while words.len() < spec.arity.unsigned_abs() as usize {
        words.push(if words.len() == spec.first_key.unsigned_abs().max(1) as usize { "k" } else { "1" }.into());
    }
    words.join(" ")
}

/// Commands that are not queued.
fn is_not_queued(spec: &Spec) -> bool {
    use Command as C;
    matches!(spec.id, C::Multi | C::Exec | C::Discard | C::Watch | C::Quit | C::Reset)
}

/// Replies that show what the server or the connection does meanwhile, or whether there is a reply at all; and chance.
fn is_about_itself(line: &str) -> bool {
    [
        "INFO",
        "CLIENT LIST",
        "CLIENT INFO",
        "CLIENT REPLY",
        "CLIENT KILL",
        "LATENCY HISTOGRAM",
        "MEMORY STATS",
        "RANDOMKEY",
    ]
    .iter()
    .any(|start| line.to_ascii_uppercase().starts_with(start))
}

fn lines() -> Vec<String> {
    let mut lines: Vec<String> = REQUESTS.iter().map(|line| (*line).to_owned()).collect();
    let covered: BTreeSet<String> = REQUESTS.iter().map(|line| line.to_ascii_lowercase()).collect();
    for spec in TABLE.iter().chain(SUBCOMMANDS).filter(|spec| !is_not_queued(spec)) {
        let name = spec.name.replace('|', " ");
        let is_covered = covered.iter().any(|line| *line == name || line.starts_with(&format!("{name} ")));
        if !is_covered {
            lines.push(made_up(spec));
        }
    }
    lines
}

/// Replies of a fresh server after `SETUP`.
fn replies(input: &str) -> String {
    let mut bench = Bench::alike(cache_options());
    let mut client = Client::new(Protocol::Resp);
    client.send(&mut bench.worker, SETUP.as_bytes());
    let start = client.replies.len();
    client.send(&mut bench.worker, input.as_bytes());
    bench.shared.store.check_integrity();
    String::from_utf8_lossy(&client.replies[start..]).into_owned()
}

#[test]
fn every_command_ends_and_answers_as_outside() {
    let (done, ended) = mpsc::channel();
    let work = std::thread::spawn(move || {
        for line in lines() {
            done.send(line.clone()).expect("somebody waits");
            let outside = replies(&format!("{line}\r\n"));
            let inside = replies(&format!("MULTI\r\n{line}\r\nEXEC\r\n"));
            if is_about_itself(&line) {
                continue;
            }
            let is_refused = inside.ends_with("-EXECABORT Transaction discarded because of previous errors.\r\n");
            let expected = if is_refused {
                format!("+OK\r\n{outside}-EXECABORT Transaction discarded because of previous errors.\r\n")
            } else {
                format!("+OK\r\n+QUEUED\r\n*1\r\n{outside}")
            };
            assert_eq!(inside, expected, "{line}");
        }
    });
    let mut last = String::new();
    loop {
        match ended.recv_timeout(WATCHDOG) {
            Ok(line) => last = line,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{last} waits for itself"),
        }
    }
    work.join().expect("every reply is as outside");
}

#[test]
fn all_of_them_in_one_transaction() {
    let input: String =
        lines().iter().filter(|line| !is_about_itself(line)).map(|line| format!("{line}\r\n")).collect();
    let text = replies(&format!("MULTI\r\n{input}"));
    // Those that are refused when they are queued would end it.
    let refused = text
        .split("\r\n")
        .skip(1)
        .zip(lines().iter().filter(|line| !is_about_itself(line)).cloned().collect::<Vec<_>>());
    let kept: String =
        refused.filter(|(reply, _)| *reply == "+QUEUED").map(|(_, line)| format!("{line}\r\n")).collect();
    let text = replies(&format!("MULTI\r\n{kept}EXEC\r\n"));
    assert!(text.contains(&format!("*{}\r\n", kept.lines().count())), "{text}");
}
