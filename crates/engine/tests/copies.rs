//! Caches of clients against writers of both protocols, with eviction, expiry and flushes: once everything is quiet, no
//! client holds what is no longer so.

mod common;
#[path = "common/push.rs"]
mod push;

use common::{START_MS, cache_options, options, serve};
use push::{Copies, Got, take_all};
use ringstone_engine::{
    Cache, CacheOptions, Connection, Eviction, Protocol, RuntimeChoice, ServerOptions, Shared, Worker, probe_uring,
};
use ringstone_net::{Next, Output, Service, Turn};
use ringstone_store::{Clock, ManualClock};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

/// Keys that readers and writers share.
const KEYS: u64 = 300;

/// Operations of each writer (`RINGSTONE_RACE_ROUNDS`).
fn rounds() -> u64 {
    std::env::var("RINGSTONE_RACE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

/// Steps of xorshift.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A request of a writer: over memcached or RESP, and one reply's worth of it.
fn change(draw: &mut Draw, memcached: bool, flushes: bool) -> String {
    let (key, value) = (draw.below(KEYS), draw.below(1_000_000));
    // What crowds out the others.
    let filler = "f".repeat(20_000);
    match (draw.below(100), memcached) {
        (0, _) if flushes && value % 20 == 0 => {
            if memcached {
                "flush_all\r\n".into()
            } else {
                "FLUSHALL\r\n".into()
            }
        }
        (0..20, true) => format!("set f{value} 0 0 {}\r\n{filler}\r\n", filler.len()),
        (0..20, false) => format!("*3\r\n$3\r\nSET\r\n$7\r\nf{value:06}\r\n${}\r\n{filler}\r\n", filler.len()),
        (20..40, true) => format!("delete key-{key}\r\n"),
        (20..40, false) => format!("DEL key-{key}\r\n"),
        (40..50, true) => format!("incr key-{key} 1\r\n"),
        (40..50, false) => format!("APPEND key-{key} 1\r\n"),
        (50..60, false) => format!("SET key-{key} {value} PX {}\r\n", 1 + draw.below(30)),
        (60..65, false) => format!("PEXPIRE key-{key} {}\r\n", draw.below(30)),
        (_, true) => format!("set key-{key} 0 0 6\r\n{value:06}\r\n"),
        (_, false) => format!("SET key-{key} {value}\r\n"),
    }
}

/// What is stored last, while nobody reads, to crowd out what is held: items of the same size, each asked for, so that they
/// are no worse.
fn flood(wave: u32) -> impl Iterator<Item = String> {
    (0..1500).map(move |batch| {
        let keys: Vec<_> = (0..50).map(|number| format!("flood-{wave}-{batch}-{number}")).collect();
        let sets: String = keys.iter().map(|key| format!("set {key} 0 0 6 noreply\r\n123456\r\n")).collect();
        format!("{sets}get {}\r\n", keys.join(" "))
    })
}

/// Waves of it at most.
const MAX_WAVES: u32 = 20;

/// Readers read and ask for what they do not hold; then they only listen; then they end.
const READ: u8 = 0;
const LISTEN: u8 = 1;
const END: u8 = 2;

/// A connection that is fed by hand.
struct Lane {
    worker: Worker,
    connection: Connection,
    output: Output<ringstone_engine::ChainBody>,
    replies: Vec<u8>,
}

impl Lane {
    fn new(shared: &Arc<Shared>, index: usize) -> Lane {
        Lane {
            worker: Worker::new(Arc::clone(shared), index),
            connection: Connection::new(Protocol::Auto, index as u64 + 1),
            output: Output::standalone(),
            replies: Vec::new(),
        }
    }

    fn send(&mut self, request: &[u8]) {
        let mut turn = Turn {
            connection: &mut self.connection,
            input: request,
            end_of_input: false,
            output: &mut self.output,
            consumed: 0,
            next: Next::Read,
            need: 0,
        };
        self.worker.run(std::slice::from_mut(&mut turn), 0);
        assert_eq!(turn.consumed, request.len());
        self.replies.extend(self.output.take_bytes());
    }
}

fn small() -> CacheOptions {
    CacheOptions { max_memory: 2 << 20, eviction: Eviction::S3Fifo, ..cache_options() }
}

fn race(tracking: &str, flushes: bool) {
    let clock = Arc::new(ManualClock::new(START_MS));
    let cache = Cache::open(small(), clock.clone()).expect("opens");
    let options = ServerOptions { workers: 5, ..options() };
    let shared = Arc::new(Shared::open(Arc::new(cache), options).expect("opens"));
    let phase = AtomicU8::new(READ);
    let mut crowded_out = (0, 0);
    let readers = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|index| {
                let (shared, phase) = (&shared, &phase);
                scope.spawn(move || {
                    let mut lane = Lane::new(shared, index);
                    lane.send(format!("HELLO 3\r\n{tracking}\r\n").as_bytes());
                    lane.replies.clear();
                    let (mut copies, mut draw) = (Copies::default(), Draw(index as u64 + 77));
                    loop {
                        let now = phase.load(Ordering::Acquire);
                        if now == END {
                            break;
                        }
                        let key = format!("key-{}", draw.below(KEYS));
                        if now == LISTEN || copies.of.contains_key(&key) && draw.below(4) > 0 {
                            lane.send(b"");
                            copies.take_in(None, take_all(&mut lane.replies));
                        } else {
                            lane.send(format!("GET {key}\r\n").as_bytes());
                            assert!(copies.take_in(Some(&key), take_all(&mut lane.replies)));
                        }
                    }
                    lane.send(b"");
                    copies.take_in(None, take_all(&mut lane.replies));
                    copies
                })
            })
            .collect();
        let writers: Vec<_> = (2..4)
            .map(|index| {
                let (shared, clock) = (&shared, &clock);
                scope.spawn(move || {
                    let (mut lane, mut draw) = (Lane::new(shared, index), Draw(index as u64 + 99));
                    for round in 0..rounds() {
                        lane.send(change(&mut draw, index == 2, flushes).as_bytes());
                        lane.replies.clear();
                        if index == 3 && round % 16 == 0 {
                            let now_ms = clock.now_ms() + 1;
                            clock.set(now_ms);
                            shared.cache.tracking.tick(now_ms);
                        }
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().expect("a writer"));
        clock.set(clock.now_ms() + 1000);
        shared.cache.tracking.tick(clock.now_ms());
        phase.store(LISTEN, Ordering::Release);
        let present = || {
            let keys = (0..KEYS).map(|key| format!("key-{key}").into_bytes());
            let store = &shared.store;
            keys.filter(|key| store.entry(key, store.hash(key), clock.now_ms()).peek().is_some()).count()
        };
        let before = present();
        let mut lane = Lane::new(&shared, 4);
        // What has been read often outlives a wave or two.
        let mut after = before;
        for wave in 0..MAX_WAVES {
            flood(wave).for_each(|request| lane.send(request.as_bytes()));
            lane.replies.clear();
            after = present();
            if after < before {
                break;
            }
        }
        phase.store(END, Ordering::Release);
        crowded_out = (before, after);
        readers.into_iter().map(|reader| reader.join().expect("a reader")).collect::<Vec<_>>()
    });
    assert!(crowded_out.1 < crowded_out.0, "{crowded_out:?} keys: none was crowded out");
    let mut judge = Lane::new(&shared, 4);
    for copies in readers {
        assert!(copies.invalidations > 100, "{}", copies.invalidations);
        for (key, copy) in copies.of {
            judge.send(format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len()).as_bytes());
            let truth = match take_all(&mut judge.replies).pop() {
                Some(Got::Bulk(value)) => Some(value),
                _ => None,
            };
            assert_eq!(copy, truth, "{key}");
        }
    }
}

#[test]
fn copies_of_keys_that_were_read_are_true_once_it_is_quiet() {
    race("CLIENT TRACKING ON", false);
}

#[test]
fn they_are_so_with_flushes_and_a_small_table() {
    race("CLIENT TRACKING ON", true);
}

/// A connection over a socket, which waits for replies.
struct Wire {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Wire {
    fn connect(address: &str) -> Wire {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Wire { stream, bytes: Vec::new() }
    }

    fn more(&mut self) {
        let mut room = [0; 65536];
        let length = self.stream.read(&mut room).expect("something comes");
        assert!(length > 0, "the connection was closed");
        self.bytes.extend_from_slice(&room[..length]);
    }

    fn get(&mut self, key: &str, copies: &mut Copies) {
        self.stream.write_all(format!("GET {key}\r\n").as_bytes()).expect("sends");
        while !copies.take_in(Some(key), take_all(&mut self.bytes)) {
            self.more();
        }
    }
}

fn race_over_sockets(runtime: RuntimeChoice) {
    let server = serve(small(), ServerOptions { workers: 4, runtime, max_connections: 20, ..options() });
    let address = server.info().addresses[0].clone();
    let writing = AtomicBool::new(true);
    let mut readers = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|index| {
                let (address, writing) = (&address, &writing);
                scope.spawn(move || {
                    let mut wire = Wire::connect(address);
                    wire.stream.write_all(b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n").expect("sends");
                    while !wire.bytes.ends_with(b"modules\r\n*0\r\n") {
                        wire.more();
                    }
                    wire.bytes.clear();
                    wire.stream.write_all(b"CLIENT TRACKING ON\r\n").expect("sends");
                    while wire.bytes != b"+OK\r\n" {
                        wire.more();
                    }
                    wire.bytes.clear();
                    let (mut copies, mut draw) = (Copies::default(), Draw(index + 77));
                    while writing.load(Ordering::Acquire) {
                        wire.get(&format!("key-{}", draw.below(KEYS)), &mut copies);
                    }
                    (wire, copies)
                })
            })
            .collect();
        let writers: Vec<_> = (0..2)
            .map(|index| {
                let address = &address;
                scope.spawn(move || {
                    let (mut wire, mut draw) = (Wire::connect(address), Draw(index + 99));
                    if index == 1 {
                        wire.stream.write_all(b"PING\r\n").expect("sends");
                        wire.more();
                    }
                    for _ in 0..rounds() / 10 {
                        wire.stream.write_all(change(&mut draw, index == 0, true).as_bytes()).expect("sends");
                        wire.bytes.clear();
                        while !wire.bytes.ends_with(b"\r\n") {
                            wire.more();
                        }
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().expect("a writer"));
        writing.store(false, Ordering::Release);
        readers.into_iter().map(|reader| reader.join().expect("a reader")).collect::<Vec<_>>()
    });
    let mut last = Wire::connect(&address);
    for request in flood(0) {
        last.stream.write_all(request.as_bytes()).expect("sends");
        while !last.bytes.ends_with(b"END\r\n") {
            last.more();
        }
        last.bytes.clear();
    }
    drop(last);
    // All times have come, and are told some 50 ms later; how late does not matter to what is tested.
    let mut judge = Wire::connect(&address);
    judge.stream.write_all(b"PING\r\n").expect("sends");
    judge.more();
    judge.bytes.clear();
    for (wire, copies) in &mut readers {
        // Until what it holds is what is there: what comes meanwhile only removes, and nothing is changed any more.
        let mut tries = 0;
        loop {
            let stale = copies.of.iter().find_map(|(key, copy)| {
                let mut truth = Copies::default();
                judge.get(key, &mut truth);
                (truth.of[key] != *copy).then(|| format!("{key}: {copy:?}, not {:?}", truth.of[key]))
            });
            let Some(stale) = stale else { break };
            tries += 1;
            assert!(tries < 100, "{stale}");
            // Something is under way: a reply that comes after it brings it.
            std::thread::sleep(Duration::from_millis(20));
            wire.get("sentinel", copies);
            copies.of.remove("sentinel");
        }
        assert!(copies.invalidations > 10, "{}", copies.invalidations);
    }
    drop(readers);
    drop(judge);
    assert!(server.finish(10_000));
}

#[test]
fn copies_over_sockets_are_true_with_mio() {
    race_over_sockets(RuntimeChoice::Mio);
}

#[test]
fn copies_over_sockets_are_true_with_uring() {
    if probe_uring().is_ok() {
        race_over_sockets(RuntimeChoice::Uring);
    }
}
