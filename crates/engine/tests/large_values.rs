//! Values that are longer than any buffer, over both protocols and all commands that take values.

mod common;

use common::{Bench, Client, options};
use ringstone_engine::Protocol;

const MIB: usize = 1 << 20;

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn get(bench: &mut Bench, key: &str) -> Vec<u8> {
    let reply = bench.whole(Protocol::Memcached, format!("get {key}\r\n").as_bytes()).replies;
    let head = reply.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    assert!(reply.ends_with(b"\r\nEND\r\n"), "{}", String::from_utf8_lossy(&reply[..head]));
    reply[head..reply.len() - b"\r\nEND\r\n".len()].to_vec()
}

/// Sends in pieces of a socket's usual size.
fn send(bench: &mut Bench, bytes: &[u8]) -> Client {
    bench.pieces(Protocol::Auto, bytes.chunks(13_000))
}

fn resp(arguments: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        bytes.extend(format!("${}\r\n", argument.len()).bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[test]
fn memcached_values_of_any_length() {
    let mut bench = Bench::new(options());
    for length in [1, 100, 4096, 16_383, 16_384, 16_385, 65_536, 65_537, MIB, 3 * MIB + 7, 8 * MIB] {
        let value = body(length);
        let mut bytes = format!("set k 7 0 {length}\r\n").into_bytes();
        bytes.extend_from_slice(&value);
        bytes.extend_from_slice(b"\r\n");
        let client = send(&mut bench, &bytes);
        assert_eq!(client.text(), "STORED\r\n", "{length} bytes");
        assert!(get(&mut bench, "k") == value, "{length} bytes come back");
    }
}

#[test]
fn memcached_append_and_prepend_of_large_values() {
    let mut bench = Bench::new(options());
    let (first, second, third) = (body(MIB), body(300_000), body(20_000));
    let mut bytes = Vec::new();
    for (command, value) in [("set", &first), ("append", &second), ("prepend", &third)] {
        bytes.extend(format!("{command} k 0 0 {}\r\n", value.len()).bytes());
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    assert_eq!(send(&mut bench, &bytes).text(), "STORED\r\n".repeat(3));
    assert!(get(&mut bench, "k") == [third, first, second].concat());
}

#[test]
fn resp_options_may_follow_a_large_value() {
    let mut bench = Bench::new(options());
    let value = body(2 * MIB + 1);
    let stream = [
        resp(&[b"SET", b"k", &value, b"EX", b"100", b"NX"]),
        resp(&[b"TTL", b"k"]),
        resp(&[b"SET", b"k", &value, b"NX"]),
        resp(&[b"APPEND", b"k", &value]),
        resp(&[b"TTL", b"k"]),
        resp(&[b"MSET", b"a", &value, b"b", b"small", b"c", &value]),
        resp(&[b"STRLEN", b"c"]),
        resp(&[b"PING"]),
    ]
    .concat();
    let client = send(&mut bench, &stream);
    let length = value.len();
    let expected = format!("+OK\r\n:100\r\n$-1\r\n:{}\r\n:100\r\n+OK\r\n:{length}\r\n+PONG\r\n", 2 * length);
    assert_eq!(client.text(), expected);
    assert!(get(&mut bench, "a") == value && get(&mut bench, "c") == value);
    assert_eq!(get(&mut bench, "b"), b"small");
    assert!(get(&mut bench, "k") == [value.clone(), value].concat());
}

#[test]
fn large_arguments_that_are_not_values_work_too() {
    let mut bench = Bench::new(options());
    let message = body(200_000);
    let client = send(&mut bench, &resp(&[b"ECHO", &message]));
    assert!(client.replies == [&b"$200000\r\n"[..], &message, b"\r\n"].concat());
    let key = vec![b'k'; 65_536];
    let client =
        send(&mut bench, &[resp(&[b"SET", &key, b"v"]), resp(&[b"GET", &key]), resp(&[b"DEL", &key])].concat());
    assert_eq!(client.text(), "+OK\r\n$1\r\nv\r\n:1\r\n");
}

#[test]
fn a_length_over_the_limit_is_refused_before_the_body() {
    let mut bench = Bench::new(options());
    let mut client = Client::new(Protocol::Memcached);
    client.send(&mut bench.worker, b"set k 0 0 1\r\nx\r\nset k 0 0 8388609\r\n");
    assert_eq!(client.text(), "STORED\r\nSERVER_ERROR object too large for cache\r\n");
    let skipped = vec![b'x'; 8_388_609];
    skipped.chunks(100_000).for_each(|piece| client.send(&mut bench.worker, piece));
    client.send(&mut bench.worker, b"\r\nget k\r\n");
    assert_eq!(client.text(), "STORED\r\nSERVER_ERROR object too large for cache\r\nEND\r\n");

    let mut client = Client::new(Protocol::Resp);
    client.send(&mut bench.worker, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8388609\r\n");
    assert_eq!(client.text(), "-ERR string exceeds maximum allowed size (max_value_size)\r\n");
    skipped.chunks(100_000).for_each(|piece| client.send(&mut bench.worker, piece));
    client.send(&mut bench.worker, b"\r\n*1\r\n$4\r\nPING\r\n");
    assert_eq!(client.text(), "-ERR string exceeds maximum allowed size (max_value_size)\r\n+PONG\r\n");
    assert!(!client.closed);
}

#[test]
fn an_abandoned_body_leaves_nothing() {
    let mut bench = Bench::new(options());
    let mut client = Client::new(Protocol::Memcached);
    client.send(&mut bench.worker, b"set k 0 0 4000000\r\n");
    client.send(&mut bench.worker, &[b'x'; 100_000]);
    assert!(bench.shared.store.stats().reserved_bytes >= 4_000_000);
    drop(client);
    assert_eq!(bench.shared.store.stats().reserved_bytes, 0);
    assert_eq!(bench.shared.store.len(), 0);
}

#[test]
fn a_bad_end_of_a_large_value_is_told_and_the_connection_lives_on() {
    let mut bench = Bench::new(options());
    let mut bytes = b"set k 0 0 100000\r\n".to_vec();
    bytes.extend(vec![b'x'; 100_000]);
    bytes.extend_from_slice(b"XXversion\r\n");
    let client = send(&mut bench, &bytes);
    assert_eq!(client.text(), "CLIENT_ERROR bad data chunk\r\nVERSION 1.6.18\r\n");
}
