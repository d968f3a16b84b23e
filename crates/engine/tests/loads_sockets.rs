//! Connections that wait for loads, under real sockets on each runtime that works here: what becomes of a parked one.

mod common;
#[path = "common/loader.rs"]
mod loader;

use common::{cache_options, options};
use loader::{Host, give};
use ringstone_engine::loads::{LoaderOptions, Loads, OnError};
use ringstone_engine::{OpenCache, RuntimeChoice, Server, ServerOptions, probe_uring};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const PATIENT: LoaderOptions = LoaderOptions {
    ttl_ms: None,
    stale_for_ms: 0,
    timeout_ms: 60_000,
    negative_ttl_ms: 0,
    max_concurrent: 1000,
    max_waiting: 1000,
    on_error: OnError::Error,
};

struct Bench {
    cache: Arc<OpenCache>,
    server: Server,
    host: Arc<Host>,
}

impl Bench {
    fn loads(&self) -> &Loads {
        &self.cache.cache().loads
    }

    fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.server.info().addresses[0]).expect("connects");
        stream.write_all(request.as_bytes()).expect("writes");
        stream
    }

    /// Until so many wait.
    fn wait_for(&self, waiting: u64) {
        while self.loads().stats().waiting != waiting {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn each_runtime(loader: LoaderOptions, options: &ServerOptions, test: impl Fn(Bench)) {
    for runtime in [RuntimeChoice::Mio, RuntimeChoice::Uring] {
        if runtime == RuntimeChoice::Uring && probe_uring().is_err() {
            continue;
        }
        let cache = OpenCache::open(None, cache_options(), |_| None).expect("opens");
        let options = ServerOptions { runtime, workers: 2, ..options.clone() };
        let server = Server::start(Arc::clone(&cache), options, Arc::new(|_| {})).expect("starts");
        let (host, _) = Host::register(&cache.cache().loads, "l", loader);
        test(Bench { cache, server, host });
    }
}

fn expect(stream: &mut TcpStream, reply: &str) {
    let mut got = vec![0; reply.len()];
    stream.read_exact(&mut got).expect("reads");
    assert_eq!(String::from_utf8_lossy(&got), reply);
}

const L1: &str = "VALUE l1 7 11\r\nvalue of l1\r\nEND\r\n";

#[test]
fn many_connections_wait_and_one_run_answers_them_all() {
    let options = ServerOptions { max_connections: 200, ..options() };
    each_runtime(PATIENT, &options, |bench| {
        let mut streams: Vec<TcpStream> =
            (0..100).map(|n| bench.send(&format!("set own{n} 0 0 1\r\nx\r\nget l1\r\nget own{n}\r\n"))).collect();
        bench.wait_for(100);
        give(bench.loads(), &bench.host.next());
        for (n, stream) in streams.iter_mut().enumerate() {
            expect(stream, &format!("STORED\r\n{L1}VALUE own{n} 0 1\r\nx\r\nEND\r\n"));
        }
        assert_eq!((bench.loads().stats().runs, bench.loads().stats().waiting), (1, 0));
        // Others are served meanwhile, by the same workers.
        let mut parked = bench.send("get l2\r\n");
        bench.wait_for(1);
        for _ in 0..10 {
            expect(&mut bench.send("get l1\r\n"), L1);
        }
        give(bench.loads(), &bench.host.next());
        expect(&mut parked, "VALUE l2 7 11\r\nvalue of l2\r\nEND\r\n");
    });
}

#[test]
fn a_pipeline_longer_than_the_buffers_is_kept_while_its_first_request_waits() {
    each_runtime(PATIENT, &options(), |bench| {
        let mut stream = bench.send("get l1\r\n");
        bench.wait_for(1);
        let writer = {
            let mut stream = stream.try_clone().expect("clones");
            std::thread::spawn(move || stream.write_all(&b"incr n 1\r\n".repeat(100_000)).expect("writes"))
        };
        let mut other = bench.send("set n 0 0 1\r\n0\r\n");
        expect(&mut other, "STORED\r\n");
        give(bench.loads(), &bench.host.next());
        expect(&mut stream, L1);
        for n in 1..=100_000 {
            expect(&mut stream, &format!("{n}\r\n"));
        }
        writer.join().expect("writes");
    });
}

#[test]
fn a_connection_that_is_killed_while_it_waits_waits_no_more() {
    each_runtime(PATIENT, &options(), |bench| {
        let mut killed = bench.send("CLIENT SETNAME victim\r\nGET l1\r\n");
        expect(&mut killed, "+OK\r\n");
        bench.wait_for(1);
        let mut killer = bench.send("CLIENT ID\r\n");
        let mut id = [0; 16];
        let length = killer.read(&mut id).expect("reads");
        let own: u64 = std::str::from_utf8(&id[1..length]).expect("text").trim().parse().expect("a number");
        killer.write_all(format!("CLIENT KILL ID {}\r\n", own - 1).as_bytes()).expect("writes");
        expect(&mut killer, ":1\r\n");
        assert_eq!(killed.read(&mut [0; 1]).expect("the end"), 0);
        bench.wait_for(0);
        // What it had asked for is of use to others.
        give(bench.loads(), &bench.host.next());
        expect(&mut bench.send("get l1\r\n"), L1);
    });
}

#[test]
fn a_peer_that_has_ended_its_side_gets_its_answer() {
    each_runtime(PATIENT, &options(), |bench| {
        let mut stream = bench.send("get l1\r\n");
        stream.shutdown(Shutdown::Write).expect("shuts down");
        bench.wait_for(1);
        std::thread::sleep(Duration::from_millis(20));
        give(bench.loads(), &bench.host.next());
        let mut got = String::new();
        stream.read_to_string(&mut got).expect("reads to the end");
        assert_eq!(got, L1);
    });
}

#[test]
fn draining_waits_for_those_that_wait() {
    each_runtime(PATIENT, &options(), |bench| {
        let mut stream = bench.send("get l1\r\nget l1\r\n");
        bench.wait_for(1);
        bench.server.drain();
        std::thread::sleep(Duration::from_millis(20));
        give(bench.loads(), &bench.host.next());
        let mut got = String::new();
        stream.read_to_string(&mut got).expect("reads to the end");
        assert_eq!(got, L1.repeat(2));
        assert!(bench.server.finish(10_000), "nothing was cut off");
    });
}

#[test]
fn what_waits_longer_than_the_shutdown_may_take_is_cut_off() {
    each_runtime(PATIENT, &options(), |bench| {
        let mut stream = bench.send("get l1\r\n");
        bench.wait_for(1);
        assert!(!bench.server.finish(20), "it was cut off");
        assert_eq!(bench.loads().stats().waiting, 0);
        assert_eq!(stream.read(&mut [0; 1]).expect("the end"), 0);
        give(bench.loads(), &bench.host.next());
    });
}

#[test]
fn who_waits_is_not_idle_nor_right_after() {
    let options = ServerOptions { idle_timeout_ms: 200, ..options() };
    each_runtime(PATIENT, &options, |bench| {
        let mut stream = bench.send("mg l1 v q\r\n");
        bench.wait_for(1);
        std::thread::sleep(Duration::from_millis(500));
        bench.loads().settle(bench.host.next().id, Ok(None));
        bench.wait_for(0);
        // A quiet miss: no byte has moved since the request.
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"mn\r\n").expect("writes");
        expect(&mut stream, "MN\r\n");
        assert_eq!(stream.read(&mut [0; 1]).expect("the end"), 0, "then it is");
    });
}

#[test]
fn a_host_that_never_answers_holds_nobody_for_ever() {
    each_runtime(LoaderOptions { timeout_ms: 20, ..PATIENT }, &options(), |bench| {
        let mut memcached = bench.send("get l1\r\nget x\r\n");
        let mut resp = bench.send("GET l1\r\n");
        expect(&mut memcached, "SERVER_ERROR load failed: the loader did not answer in time\r\nEND\r\n");
        expect(&mut resp, "-ERR load failed: the loader did not answer in time\r\n");
        let stats = bench.loads().stats();
        assert!(stats.handed_over >= 1 && stats.running == 0);
    });
}
