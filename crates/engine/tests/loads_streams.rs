//! Random streams of requests of which some wait for loads: however their bytes come, and whenever and in whatever order the
//! loads are settled, the replies are those to the same requests one after the other.

mod common;
#[path = "common/loader.rs"]
mod loader;

use common::{Bench, Client, cache_options, packet};
use loader::Host;
use ringstone_engine::Protocol::{self, Memcached, Resp};
use ringstone_engine::loads::{LoadRequest, LoadedValue, LoaderOptions, OnError};
use ringstone_net::{CloseReason, Service};

const LOADER: LoaderOptions = LoaderOptions {
    ttl_ms: None,
    stale_for_ms: 0,
    timeout_ms: 60_000,
    negative_ttl_ms: 0,
    max_concurrent: 2,
    max_waiting: 100,
    on_error: OnError::Error,
};
/// Bytes of what is so large that it does not come in one piece, nor lies in one.
const LARGE: usize = 70_000;

/// Streams of each protocol; more by the environment.
fn streams() -> u64 {
    std::env::var("RINGSTONE_LOADS_STREAMS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// Those that begin with `l` are loaded: `l3` has no value, `l4` a large one, and the load of `l5` fails.
    fn key(&mut self) -> &'static str {
        self.of(&["l1", "l2", "l3", "l4", "l5", "a", "b"])
    }

    fn memcached(&mut self) -> Vec<u8> {
        let (key, other) = (self.key(), self.key());
        let reply = self.of(&["", " noreply"]);
        match self.below(16) {
            0..3 => format!("get {key}\r\n"),
            3 => format!("get {key} {other} {}\r\n", self.key()),
            4 => format!("gets {other} {key}\r\n"),
            5 => format!("gat 100 {key} {other}\r\n"),
            6 => format!("mg {key} v f q k O123\r\nmn\r\n"),
            7 => format!("mg {key} v c N30 t\r\n"),
            8 => format!("mg {key} s\r\n"),
            9 => format!("set {key} 3 0 5{reply}\r\nhello\r\n"),
            10 => format!("set {key} 3 0 {LARGE}{reply}\r\n{}\r\n", "y".repeat(LARGE)),
            11 | 12 => format!("delete {key}{reply}\r\n"),
            13 => format!("append {key} 0 0 1{reply}\r\n!\r\n"),
            14 => format!("md {key} q\r\nmn\r\n"),
            _ => self.of(&["flush_all\r\n", "bogus\r\n", "incr n 1\r\n", "mn\r\n"]).to_owned(),
        }
        .into_bytes()
    }

    fn binary(&mut self) -> Vec<u8> {
        let (key, flags) = (self.key().as_bytes(), [0, 0, 0, 5, 0, 0, 0, 0]);
        match self.below(9) {
            0..3 => packet([0x00, 0x0c, 0x09][self.below(3)], b"", key, b""),
            3 => [packet(0x0d, b"", key, b""), packet(0x0a, b"", b"", b"")].concat(),
            4 => packet(0x1d, &[0, 0, 0, 9], key, b""),
            5 => packet([0x01, 0x11][self.below(2)], &flags, key, b"hello"),
            6 => packet(0x01, &flags, key, &[b'y'; LARGE]),
            7 => packet(0x04, b"", key, b""),
            _ => packet(0x0a, b"", b"", b""),
        }
    }

    fn resp(&mut self) -> Vec<u8> {
        let (key, other) = (self.key(), self.key());
        let large = "y".repeat(LARGE);
        let words: Vec<&str> = match self.below(18) {
            0..3 => vec!["GET", key],
            3 => vec!["MGET", key, "a", other],
            4 => vec!["GETEX", key, "PX", "100000"],
            5 => vec!["GETEX", key, "BOGUS"],
            6 => vec!["SET", key, "hello"],
            7 => vec!["SET", key, &large],
            8 | 9 => vec!["DEL", key, other],
            10 => vec!["APPEND", key, "!"],
            11 => vec!["MULTI"],
            12 => vec!["EXEC"],
            13 => vec!["CLIENT", "REPLY", "SKIP"],
            14 => vec!["KEYS", "*"],
            15 => vec!["STRLEN", key],
            _ => self
                .of(&["PING", "INCR n", "HELLO 3", "HELLO 2", "FLUSHALL", "GET", "SUBSCRIBE ch"])
                .split(' ')
                .collect(),
        };
        if self.below(4) == 0 {
            return format!("{}\r\n", words.join(" ")).into_bytes();
        }
        let word = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
        format!("*{}\r\n{}", words.len(), words.iter().map(word).collect::<String>()).into_bytes()
    }
}

/// A bench and its only connection.
struct Wire {
    bench: Bench,
    host: std::sync::Arc<Host>,
    client: Client,
    runs: Vec<LoadRequest>,
}

impl Wire {
    fn new(protocol: Protocol) -> Wire {
        // Alike, as tokens and walks are shown.
        let bench = Bench::alike(cache_options());
        let host = Host::register(&bench.shared.cache.loads, "l", LOADER).0;
        Wire { bench, host, client: Client::new(protocol), runs: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.client.send(&mut self.bench.worker, bytes);
        self.runs.extend(self.host.take());
    }

    /// Settles one of the runs.
    fn settle(&mut self, at: usize) {
        let run = self.runs.swap_remove(at);
        let value = |bytes: &[u8]| Ok(Some(LoadedValue { bytes: bytes.to_vec(), flags: 7 }));
        let result = match &*run.key {
            b"l3" => Ok(None),
            b"l4" => value(&[b'x'; LARGE]),
            b"l5" => Err("no way".to_owned()),
            key => value(key),
        };
        self.bench.shared.cache.loads.settle(run.id, result);
        self.runs.extend(self.host.take());
    }

    /// Until it does not wait any more.
    fn settle_all(&mut self) {
        loop {
            while !self.runs.is_empty() {
                self.settle(0);
            }
            self.send(b"");
            if !self.client.parked {
                return;
            }
            assert!(!self.runs.is_empty(), "waits for nothing");
        }
    }

    /// What was replied, and what is left of the loads: nothing.
    fn end(self) -> Vec<u8> {
        let Wire { mut bench, client, .. } = self;
        let stats = bench.shared.cache.loads.stats();
        assert_eq!((stats.waiting, stats.queued), (0, 0));
        bench.worker.close(client.connection, CloseReason::Peer);
        client.replies
    }
}

fn check(protocol: Protocol, seed: u64, next: fn(&mut Random) -> Vec<u8>) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (seed << 8 | 1));
    (0..8).for_each(|_| _ = random.below(2));
    let requests: Vec<Vec<u8>> = (0..30).map(|_| next(&mut random)).collect();
    let mut one_by_one = Wire::new(protocol);
    for request in &requests {
        one_by_one.send(request);
        one_by_one.settle_all();
    }
    let mut at_once = Wire::new(protocol);
    let stream = requests.concat();
    let mut rest = &stream[..];
    while !rest.is_empty() {
        let most = [1, 40, 500, 100_000][random.below(4)];
        let (piece, behind) = rest.split_at((1 + random.below(most)).min(rest.len()));
        rest = behind;
        at_once.send(piece);
        while at_once.client.parked && random.below(3) > 0 {
            if random.below(2) == 0 && !at_once.runs.is_empty() {
                let at = random.below(at_once.runs.len());
                at_once.settle(at);
            }
            if random.below(2) == 0 {
                at_once.send(b"");
            }
        }
    }
    at_once.settle_all();
    let (got, expected) = (at_once.end(), one_by_one.end());
    if got != expected {
        let at = got.iter().zip(&expected).take_while(|(got, expected)| got == expected).count();
        let shown = |bytes: &[u8]| {
            String::from_utf8_lossy(&bytes[at.saturating_sub(60)..bytes.len().min(at + 100)]).into_owned()
        };
        let requests: Vec<String> = requests
            .iter()
            .map(|request| String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned())
            .collect();
        panic!("{protocol:?} {seed}, at {at}: {:?}, expected {:?}: {requests:#?}", shown(&got), shown(&expected));
    }
}

#[test]
fn memcached_streams() {
    (0..streams()).for_each(|seed| check(Memcached, seed, Random::memcached));
}

#[test]
fn binary_streams() {
    (0..streams()).for_each(|seed| check(Memcached, seed, Random::binary));
}

#[test]
fn resp_streams() {
    (0..streams()).for_each(|seed| check(Resp, seed, Random::resp));
}
