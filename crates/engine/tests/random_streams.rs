//! Random pipelines with values of all lengths and refusals, fed as a loop would with random reads and rooms, are answered as
//! when each request is sent alone. `RINGSTONE_STREAMS` sets how many are tried.

mod common;

use common::{Bench, cache_options, options, packet, without_tokens};
use ringstone_engine::{CacheOptions, ChainBody, Connection, Protocol};
use ringstone_net::{Next, Output, Service, Turn};

const DEFAULT_STREAMS: u64 = 60;
const REQUESTS: u64 = 60;
const LENGTHS: [usize; 12] = [0, 1, 7, 100, 4000, 16_383, 16_384, 16_385, 40_000, 65_537, 100_000, 100_001];
const KEYS: [&str; 5] = ["a", "b", "c", "n", "missing"];

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

fn value(random: &mut Random) -> Vec<u8> {
    let (length, start) = (random.of(&LENGTHS), random.below(64));
    (0..length as u64).map(|at| b'0' + ((start + at) % 64) as u8).collect()
}

fn memcache(random: &mut Random) -> Vec<u8> {
    let (key, noreply) = (random.of(&KEYS), random.of(&["", "", " noreply"]));
    match random.below(10) {
        0..4 => {
            let (command, value) = (random.of(&["set", "set", "add", "replace", "append", "prepend"]), value(random));
            let end = random.of(&["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "xy"]);
            let head = format!("{command} {key} {} 0 {}{noreply}\r\n", random.below(9), value.len());
            [head.into_bytes(), value, end.into()].concat()
        }
        4..7 => format!("get {key} {} {}\r\n", random.of(&KEYS), random.of(&KEYS)).into(),
        7 => format!("set n 0 0 2{noreply}\r\n41\r\nincr n {}{noreply}\r\n", random.below(9)).into(),
        8 => format!("delete {key}{noreply}\r\n").into(),
        _ => random.of(&["bogus\r\n", "version\r\n", "touch a 0\r\n", "get\r\n", "gat 0 a b\r\n"]).into(),
    }
}

fn resp(random: &mut Random) -> Vec<u8> {
    let (key, other) = (random.of(&KEYS).into(), random.of(&KEYS).into());
    let words: Vec<Vec<u8>> = match random.below(10) {
        0..3 => vec![b"SET".into(), key, value(random)],
        3 => vec![b"SET".into(), key, value(random), random.of(&["NX", "XX", "GET", "KEEPTTL", "FOO"]).into()],
        4 => vec![b"MSET".into(), key, value(random), other, value(random)],
        5 => vec![b"APPEND".into(), key, value(random)],
        6 => vec![b"MGET".into(), key, other],
        7 => vec![b"GET".into(), key],
        8 => vec![b"DEL".into(), key, other],
        _ => {
            return random
                .of(&["PING\r\n", "*1\r\n$5\r\nBOGUS\r\n", "*0\r\n", "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"])
                .into();
        }
    };
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn binary(random: &mut Random) -> Vec<u8> {
    let key = random.of(&KEYS).as_bytes();
    match random.below(10) {
        0..3 => packet(random.of(&[0x01, 0x02, 0x03, 0x11, 0x12, 0x13]), &[0; 8], key, &value(random)),
        3 => packet(random.of(&[0x0e, 0x0f, 0x19, 0x1a]), b"", key, &value(random)),
        4..7 => packet(random.of(&[0x00, 0x09, 0x0c, 0x0d]), b"", key, b""),
        7 => packet(random.of(&[0x05, 0x06, 0x15]), &[0; 20], b"n", b""),
        8 => packet(random.of(&[0x04, 0x14]), b"", key, b""),
        _ => match random.below(4) {
            0 => packet(0x0a, b"", b"", b""),
            1 => packet(0x77, b"extras", key, &value(random)),
            2 => packet(0x10, b"", b"nonsense", &value(random)),
            _ => packet(0x1d, &[0; 4], key, b""),
        },
    }
}

/// A connection with its unconsumed input, driven as the event loops do.
struct Driven {
    connection: Connection,
    output: Output<ChainBody>,
    input: Vec<u8>,
    need: usize,
    replies: Vec<u8>,
}

impl Driven {
    fn new(protocol: Protocol) -> Driven {
        let connection = Connection::new(protocol, 1);
        Driven { connection, output: Output::standalone(), input: Vec::new(), need: 0, replies: Vec::new() }
    }

    fn turns(&mut self, bench: &mut Bench) {
        loop {
            let mut turn = Turn {
                connection: &mut self.connection,
                input: &self.input,
                end_of_input: false,
                output: &mut self.output,
                consumed: 0,
                next: Next::Read,
                need: 0,
            };
            bench.worker.run(std::slice::from_mut(&mut turn), 0);
            let (consumed, next, need) = (turn.consumed, turn.next, turn.need);
            self.input.drain(..consumed);
            self.replies.extend(self.output.take_bytes());
            assert_ne!(next, Next::Close);
            if next == Next::Read {
                assert!(need == 0 || need > self.input.len());
                self.need = need;
                return;
            }
        }
    }

    /// A read of the socket: into the room of a body if there is one, else into the input.
    fn read(&mut self, bench: &mut Bench, bytes: &[u8]) -> usize {
        let room = if self.input.is_empty() { bench.worker.body_room(&mut self.connection) } else { None };
        if let Some(room) = room {
            let read = room.len().min(bytes.len());
            room[..read].copy_from_slice(&bytes[..read]);
            if bench.worker.body_filled(&mut self.connection, read) {
                self.turns(bench);
            }
            return read;
        }
        self.input.extend_from_slice(bytes);
        if self.input.len() >= self.need {
            self.turns(bench);
        }
        bytes.len()
    }
}

fn check(seed: u64, protocol: Protocol, request: fn(&mut Random) -> Vec<u8>) {
    let mut random = Random(seed);
    let requests: Vec<Vec<u8>> = (0..REQUESTS).map(|_| request(&mut random)).collect();
    let small = || Bench::of(CacheOptions { max_value_size: 100_000, ..cache_options() }, options());
    let (mut bench, mut alone) = (small(), Driven::new(protocol));
    for request in &requests {
        alone.input.extend_from_slice(request);
        alone.turns(&mut bench);
    }
    assert!(alone.input.is_empty());
    let stream = requests.concat();
    let largest = random.of(&[1000, 20_000, 1 << 20, 1 << 30]);
    let (mut bench, mut piped) = (small(), Driven::new(protocol));
    let mut at = 0;
    while at < stream.len() {
        let read = (1 + random.below(largest)).min((stream.len() - at) as u64) as usize;
        at += piped.read(&mut bench, &stream[at..at + read]);
    }
    if protocol == Protocol::Memcached && stream[0] == 0x80 {
        for replies in [&mut piped.replies, &mut alone.replies] {
            *replies = without_tokens(replies);
        }
    }
    let same = piped.replies.iter().zip(&alone.replies).take_while(|(one, other)| one == other).count();
    let shown = |replies: &[u8]| String::from_utf8_lossy(&replies[same..replies.len().min(same + 60)]).into_owned();
    let (got, expected) = (shown(&piped.replies), shown(&alone.replies));
    assert!(got.is_empty() && expected.is_empty(), "seed {seed}, reads up to {largest}: {got:?}, alone {expected:?}");
    let reserved = bench.shared.store.stats().reserved_bytes;
    assert_eq!(reserved, 0, "seed {seed}: nothing is being received");
}

#[test]
fn a_pipeline_is_answered_as_its_requests_alone() {
    let streams = std::env::var("RINGSTONE_STREAMS").map_or(DEFAULT_STREAMS, |n| n.parse().expect("a number"));
    for seed in 1..=streams {
        check(seed * 2, Protocol::Memcached, memcache);
        check(seed * 2 + 1, Protocol::Resp, resp);
        check(seed * 2, Protocol::Memcached, binary);
    }
}
