//! The engine under real sockets, on each runtime that works here: what only shows with a peer that reads late.

mod common;

use common::{cache_options, options, serve};
use ringstone_engine::{RuntimeChoice, Server, ServerOptions, probe_uring};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const VALUE: usize = 8 << 20;

fn each_runtime(test: impl Fn(&Server, &str)) {
    each_runtime_with(&options(), test);
}

fn each_runtime_with(options: &ServerOptions, test: impl Fn(&Server, &str)) {
    for runtime in [RuntimeChoice::Mio, RuntimeChoice::Uring] {
        if runtime == RuntimeChoice::Uring && probe_uring().is_err() {
            continue;
        }
        let server = serve(cache_options(), ServerOptions { runtime, ..options.clone() });
        test(&server, &server.info().addresses[0]);
        assert!(server.finish(10_000), "{runtime:?}: everything had ended");
    }
}

fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).expect("connects")
}

fn store(address: &str, length: usize) {
    let mut stream = connect(address);
    let head = format!("set k 0 0 {length}\r\n").into_bytes();
    stream.write_all(&[head, vec![b'v'; length], b"\r\n".to_vec()].concat()).expect("writes");
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).expect("reads");
    assert_eq!(&reply, b"STORED\r\n");
}

/// The sum of a metric's samples with this label, or all of them.
fn metric(server: &Server, name: &str, label: Option<&str>) -> f64 {
    let families = server.metrics();
    let family = families.iter().find(|family| family.name == name).expect("there is such a metric");
    let wanted = family.samples.iter().filter(|sample| label.is_none_or(|l| sample.labels.iter().any(|(_, v)| v == l)));
    wanted.map(|sample| sample.value).sum()
}

#[test]
fn a_client_that_reads_a_long_pipeline_gets_all_of_it() {
    each_runtime(|server, address| {
        store(address, VALUE);
        let mut stream = connect(address);
        stream.write_all(&b"get k\r\n".repeat(20)).expect("writes");
        let one = [b"VALUE k 0 8388608\r\n".to_vec(), vec![b'v'; VALUE], b"\r\nEND\r\n".to_vec()].concat();
        let mut reply = vec![0; one.len()];
        for _ in 0..20 {
            stream.read_exact(&mut reply).expect("the whole reply");
            assert!(reply == one);
        }
        drop(stream);
        assert_eq!(metric(server, "ringstone_connections_closed_total", Some("output_limit")), 0.0);
    });
}

/// Turns that do nothing would show as yields without end.
#[test]
fn a_client_that_does_not_read_costs_nothing() {
    each_runtime(|server, address| {
        store(address, 10_000);
        let mut stream = connect(address);
        stream.set_nonblocking(true).expect("a socket");
        let requests = b"get k\r\n".repeat(100);
        // Until the server has stopped reading.
        let mut refused = 0;
        while refused < 20 {
            refused = if stream.write(&requests).is_ok() { 0 } else { refused + 1 };
            std::thread::sleep(Duration::from_millis(u64::from(refused > 0) * 5));
        }
        let yields = || metric(server, "ringstone_connection_yields_total", None);
        let (mut last, mut same) = (yields(), 0);
        let quiet = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            let now = yields();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            same == 20
        });
        assert!(quiet, "{last} yields and more to come");
    });
}

#[test]
fn a_peer_that_closes_is_counted_as_such() {
    each_runtime(|server, address| {
        store(address, 10);
        let closed = || metric(server, "ringstone_connections_closed_total", None);
        while closed() < 1.0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(metric(server, "ringstone_connections_closed_total", Some("peer")), 1.0);
    });
}

/// Sends `start`, has the server drain once it has read that, sends `end`: the message is answered in full all the same.
fn drains_after_the_message(start: &[u8], end: &[u8], reply: &str) {
    for runtime in [RuntimeChoice::Mio, RuntimeChoice::Uring] {
        if runtime == RuntimeChoice::Uring && probe_uring().is_err() {
            continue;
        }
        let server = serve(cache_options(), ServerOptions { runtime, ..options() });
        let mut stream = connect(&server.info().addresses[0]);
        stream.write_all(start).expect("writes");
        while metric(&server, "ringstone_network_received_bytes_total", None) < start.len() as f64 {
            std::thread::sleep(Duration::from_millis(1));
        }
        server.drain();
        // Long enough, as a rule, for the worker to have looked at the connection; correct without.
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(end).expect("writes");
        let mut got = String::new();
        stream.read_to_string(&mut got).expect("reads to the end");
        assert_eq!(got, reply, "{runtime:?}");
        assert!(server.finish(10_000), "{runtime:?}: everything had ended");
    }
}

#[test]
fn draining_waits_for_the_end_of_a_memcached_value() {
    let value = [b"set k 0 0 20000\r\n".to_vec(), vec![b'v'; 20_000]].concat();
    drains_after_the_message(&value, b"\r\n", "STORED\r\n");
    drains_after_the_message(&value[..10_000], &[&value[10_000..], b"\r\n"].concat(), "STORED\r\n");
    let refused = [b"set k 0 0 100000000\r\n".to_vec(), vec![b'v'; 100_000]].concat();
    let rest = [vec![b'v'; 99_900_000], b"\r\nget k\r\n".to_vec()].concat();
    drains_after_the_message(&refused, &rest, "SERVER_ERROR object too large for cache\r\nEND\r\n");
}

#[test]
fn draining_waits_for_the_end_of_a_resp_array() {
    let start = [b"*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000\r\n".to_vec(), vec![b'v'; 20_000], b"\r\n".to_vec()].concat();
    drains_after_the_message(&start, b"$2\r\nNX\r\n", "+OK\r\n");
}

/// As in Valkey and memcached: they wait for what others do, and need not say anything meanwhile.
#[test]
fn who_waits_for_messages_or_watches_is_not_idle() {
    each_runtime_with(&ServerOptions { idle_timeout_ms: 200, ..options() }, |server, address| {
        let ask = |request: &str, reply: &str| {
            let mut stream = connect(address);
            stream.write_all(request.as_bytes()).expect("writes");
            let mut got = vec![0; reply.len()];
            stream.read_exact(&mut got).expect("reads");
            assert_eq!(String::from_utf8_lossy(&got), reply);
            stream
        };
        let mut subscriber = ask("SUBSCRIBE ch\r\n", "*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n");
        let mut watcher = ask("watch mutations\r\n", "OK\r\n");
        // Each has been silent for longer than the next, and that one too long.
        for _ in 0..2 {
            let mut idle = ask("PING\r\n", "+PONG\r\n");
            assert_eq!(idle.read(&mut [0; 1]).expect("the end"), 0);
        }
        assert_eq!(metric(server, "ringstone_connections_closed_total", Some("idle")), 2.0);
        drop(ask("PUBLISH ch m\r\n", ":1\r\n"));
        store(address, 1);
        let message = b"*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\nm\r\n";
        let mut got = vec![0; message.len()];
        subscriber.read_exact(&mut got).expect("reads");
        assert_eq!(got, message);
        watcher.read_exact(&mut got[..3]).expect("reads");
        assert_eq!(&got[..3], b"ts=");
    });
}
