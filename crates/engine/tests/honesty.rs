//! Replies and counters that must not say what is not so.

mod common;

use common::{Bench, Client, cache_options, options};
use ringstone_engine::CacheOptions;
use ringstone_engine::Protocol::{Memcached, Resp};
use ringstone_net::{Next, Service, Turn};

fn resp(arguments: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        bytes.extend(format!("${}\r\n", argument.len()).bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// The value of a line of `stats`.
fn stat(bench: &mut Bench, name: &str) -> u64 {
    let text = bench.whole(Memcached, b"stats\r\n").text();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("STAT {name} ")));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn the_farthest_time_is_not_in_the_past() {
    let mut bench = Bench::new(options());
    bench.whole(Memcached, b"set k 0 9223372036854775807 1\r\nx\r\n");
    let text = bench.whole(Resp, b"PTTL k\r\nTTL k\r\n").text();
    assert!(text.lines().all(|line| line.trim_start_matches(':').parse::<i64>().is_ok_and(|left| left > 0)), "{text}");
}

#[test]
fn a_refused_mset_writes_nothing() {
    let mut bench = Bench::new(options());
    let key = vec![b'k'; 65_537];
    let client = bench.whole(Resp, &resp(&[b"MSET", b"a", b"1", &key, b"2", b"b", b"3"]));
    assert_eq!(client.text(), "-ERR key exceeds maximum allowed size (65536 bytes)\r\n");
    assert_eq!(bench.whole(Resp, b"MGET a b\r\n").text(), "*2\r\n$-1\r\n$-1\r\n");
}

#[test]
fn an_mset_of_large_and_small_values_puts_each_under_its_key() {
    let mut bench = Bench::new(options());
    let large: Vec<Vec<u8>> = (0..5_u8).map(|fill| vec![b'a' + fill; 20_000 + usize::from(fill)]).collect();
    let mut arguments: Vec<&[u8]> = vec![b"MSET"];
    for (key, value) in [b"k0", b"k1", b"k2", b"k3", b"k4"].iter().zip(&large) {
        arguments.extend([&key[..], value, b"small", &value[..3]]);
    }
    let bytes = resp(&arguments);
    assert_eq!(bench.pieces(Resp, bytes.chunks(10_000)).text(), "+OK\r\n");
    for (at, value) in large.iter().enumerate() {
        let reply = bench.whole(Resp, format!("GET k{at}\r\n").as_bytes()).replies;
        assert!(reply == [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat(), "k{at}");
    }
    assert_eq!(bench.whole(Resp, b"GET small\r\n").text(), "$3\r\neee\r\n");
}

#[test]
fn what_a_pipeline_did_is_counted_before_it_asks() {
    let mut bench = Bench::new(options());
    let text = bench.whole(Memcached, b"set a 0 0 1\r\nx\r\nset b 0 0 1\r\nx\r\nstats\r\n").text();
    assert!(text.contains("STAT cmd_set 2\r\n"), "{text}");
    bench.whole(Memcached, b"set a 0 0 1\r\nx\r\nstats reset\r\n");
    assert_eq!(stat(&mut bench, "cmd_set"), 0);
    let text = bench.whole(Resp, b"SET a 1\r\nSET a 2\r\nINFO commandstats\r\n").text();
    assert!(text.contains("cmdstat_set:calls=2,"), "{text}");
}

#[test]
fn a_value_too_large_is_no_protocol_error_with_or_without_a_reply() {
    let mut bench = Bench::new(options());
    let client = bench.whole(Memcached, b"set a 0 0 9000000 noreply\r\n");
    assert_eq!(client.text(), "");
    bench.whole(Memcached, b"set a 0 0 9000000\r\n");
    assert_eq!(stat(&mut bench, "store_too_large"), 2);
    let counters = bench.shared.counters.worker(0);
    assert_eq!(counters.memcache.protocol_errors.get(), 0);
}

#[test]
fn no_room_for_a_value_being_received_is_no_protocol_error() {
    let mut bench =
        Bench::of(CacheOptions { max_memory: 16 << 20, max_value_size: 3 << 20, ..cache_options() }, options());
    let mut first = Client::new(Memcached);
    first.send(&mut bench.worker, b"set a 0 0 3000000\r\n");
    let second = bench.whole(Memcached, b"set b 0 0 3000000\r\n");
    assert_eq!(second.text(), "SERVER_ERROR out of memory storing object\r\n");
    assert_eq!(bench.shared.counters.worker(0).memcache.protocol_errors.get(), 0);
}

/// What a connection keeps for itself is not charged to the cache, so it must be short.
#[test]
fn a_connection_keeps_only_short_names() {
    let mut bench = Bench::new(options());
    let long = vec![b'n'; 2000];
    let mut client = Client::new(Resp);
    for request in [
        resp(&[b"CLIENT", b"SETNAME", &long]),
        resp(&[b"CLIENT", b"SETINFO", b"lib-name", &long]),
        resp(&[b"CLIENT", b"SETINFO", b"lib-ver", &long]),
        resp(&[b"HELLO", b"2", b"SETNAME", &long]),
    ] {
        client.replies.clear();
        client.send(&mut bench.worker, &request);
        assert!(client.text().starts_with("-ERR ") && client.replies.len() < 300, "{}", client.text());
    }
    let session = &client.connection.session;
    assert_eq!(*session.client.names.lock(), Default::default());
}

#[test]
fn an_error_quotes_little_of_a_long_word() {
    let mut bench = Bench::new(options());
    let long = vec![b'w'; 100_000];
    for request in [
        resp(&[b"CLIENT", &long]),
        resp(&[b"COMMAND", &long]),
        resp(&[b"CLIENT", b"SETINFO", &long, b"x"]),
        resp(&[b"HELLO", b"2", &long]),
    ] {
        let client = bench.pieces(Resp, request.chunks(10_000));
        assert!(client.text().starts_with("-ERR ") && client.replies.len() < 300, "{} bytes", client.replies.len());
    }
}

/// Who ended a connection is counted by the loop: it must not be told that the server did when the peer did.
#[test]
fn the_end_of_the_input_is_the_peers() {
    let mut bench = Bench::new(options());
    for (input, next) in
        [(&b""[..], Next::Read), (b"get a", Next::Read), (b"get a\r\n", Next::Read), (b"quit\r\n", Next::Close)]
    {
        let mut client = Client::new(Memcached);
        let mut turn = Turn {
            connection: &mut client.connection,
            input,
            end_of_input: true,
            output: &mut client.output,
            consumed: 0,
            next: Next::Read,
            need: 0,
        };
        bench.worker.run(std::slice::from_mut(&mut turn), 0);
        assert_eq!(turn.next, next);
    }
}

#[test]
fn what_memory_could_not_take_is_counted() {
    let mut bench =
        Bench::of(CacheOptions { max_memory: 16 << 20, max_value_size: 3 << 20, ..cache_options() }, options());
    let mut first = Client::new(Memcached);
    first.send(&mut bench.worker, b"set a 0 0 3000000\r\n");
    bench.whole(Memcached, b"set b 0 0 3000000\r\n");
    assert_eq!(stat(&mut bench, "store_no_memory"), 1);
    let refused = bench.whole(Resp, b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$3000000\r\n").text();
    assert!(refused.starts_with("-OOM "), "{refused}");
    assert_eq!(stat(&mut bench, "store_no_memory"), 2);
}
