//! Keys and strings over RESP where the clock, the length of values or the number of keys matters.

mod common;

use common::{Bench, Client, START_MS, cache_options, options};
use ringstone_engine::{CacheOptions, Protocol};
use std::collections::BTreeSet;

const MIB: usize = 1 << 20;

fn resp(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// The reply to words that hold no blanks.
fn ask(bench: &mut Bench, line: &str) -> String {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    bench.whole(Protocol::Resp, &resp(&words)).text()
}

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

/// Sends a command with a large value in pieces of a socket's usual size.
fn send(bench: &mut Bench, words: &[&[u8]]) -> String {
    let bytes = resp(words);
    bench.pieces(Protocol::Resp, bytes.chunks(13_000)).text()
}

fn value(bench: &mut Bench, key: &str) -> Vec<u8> {
    bulk(&bench.whole(Protocol::Resp, &resp(&[b"GET", key.as_bytes()])).replies)
}

/// The bytes of one bulk.
fn bulk(reply: &[u8]) -> Vec<u8> {
    let head = reply.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    assert!(reply.starts_with(b"$") && reply.ends_with(b"\r\n"), "{}", String::from_utf8_lossy(&reply[..head]));
    reply[head..reply.len() - 2].to_vec()
}

#[test]
fn every_time_of_expiry_is_met_to_the_millisecond() {
    for (set, ttl_ms) in [
        ("SETEX k 10 v".to_owned(), 10_000),
        ("PSETEX k 10 v".to_owned(), 10),
        ("SET k v PX 1".to_owned(), 1),
        (format!("SET k v PXAT {}", START_MS + 77), 77),
        (format!("SET k v EXAT {}", START_MS / 1000 + 3), 3000),
        ("GETEX k EX 2".to_owned(), 2000),
        ("GETEX k PX 3".to_owned(), 3),
        (format!("GETEX k PXAT {}", START_MS + 9), 9),
        (format!("GETEX k EXAT {}", START_MS / 1000 + 1), 1000),
        ("EXPIRE k 5".to_owned(), 5000),
        ("PEXPIRE k 6".to_owned(), 6),
        (format!("EXPIREAT k {}", START_MS / 1000 + 8), 8000),
        (format!("PEXPIREAT k {}", START_MS + 5), 5),
    ] {
        let mut bench = Bench::new(options());
        ask(&mut bench, "SET k v");
        ask(&mut bench, &set);
        assert_eq!(ask(&mut bench, "PTTL k"), format!(":{ttl_ms}\r\n"), "{set}");
        assert_eq!(ask(&mut bench, "PEXPIRETIME k"), format!(":{}\r\n", START_MS + ttl_ms), "{set}");
        bench.clock.set(START_MS + ttl_ms - 1);
        assert_eq!(ask(&mut bench, "GET k"), "$1\r\nv\r\n", "{set}");
        assert_eq!(ask(&mut bench, "PTTL k"), ":1\r\n", "{set}");
        bench.clock.set(START_MS + ttl_ms);
        for (gone, reply) in [
            ("GET k", "$-1\r\n"),
            ("TOUCH k", ":0\r\n"),
            ("TYPE k", "+none\r\n"),
            ("RENAME k other", "-ERR no such key\r\n"),
            ("COPY k other", ":0\r\n"),
            ("GETDEL k", "$-1\r\n"),
            ("GETRANGE k 0 -1", "$0\r\n\r\n"),
            ("OBJECT ENCODING k", "$-1\r\n"),
            ("RANDOMKEY", "$-1\r\n"),
            ("KEYS *", "*0\r\n"),
            ("SCAN 0", "*2\r\n$1\r\n0\r\n*0\r\n"),
            ("SETNX k w", ":1\r\n"),
        ] {
            assert_eq!(ask(&mut bench, gone), reply, "{set}, {gone}");
        }
    }
}

#[test]
fn a_value_whose_time_has_passed_is_not_stored() {
    let mut bench = Bench::new(options());
    for (line, reply) in [
        ("SET k v PXAT 1", "+OK\r\n"),
        ("SET k v", "+OK\r\n"),
        ("SET k w GET EXAT 1", "$1\r\nv\r\n"),
        ("SET k v", "+OK\r\n"),
        ("SET k w NX PXAT 1", "$-1\r\n"),
        ("SET k w XX PXAT 1", "+OK\r\n"),
    ] {
        assert_eq!(ask(&mut bench, line), reply, "{line}");
    }
    let stats = bench.shared.store.stats();
    assert_eq!((stats.items, stats.stored), (0, 2));
}

#[test]
fn seconds_are_rounded_to_the_nearest() {
    let mut bench = Bench::new(options());
    for (at_ms, seconds) in [(START_MS + 1499, 1), (START_MS + 1500, 2), (START_MS + 499, 0)] {
        ask(&mut bench, &format!("SET k v PXAT {at_ms}"));
        assert_eq!(ask(&mut bench, "TTL k"), format!(":{seconds}\r\n"));
        assert_eq!(ask(&mut bench, "EXPIRETIME k"), format!(":{}\r\n", START_MS / 1000 + seconds));
    }
}

#[test]
fn the_time_is_the_one_that_items_expire_by() {
    let mut bench = Bench::new(options());
    bench.clock.set(1_234_567_890_123);
    assert_eq!(ask(&mut bench, "TIME"), "*2\r\n$10\r\n1234567890\r\n$6\r\n123000\r\n");
}

#[test]
fn idle_time_counts_from_the_last_access_but_not_from_looks() {
    let mut bench = Bench::new(options());
    ask(&mut bench, "SET k v");
    bench.clock.advance(10_000);
    for look in ["TTL k", "TYPE k", "EXISTS k", "EXISTS k k", "OBJECT ENCODING k", "SCAN 0", "KEYS *", "RANDOMKEY"] {
        ask(&mut bench, look);
        assert_eq!(ask(&mut bench, "OBJECT IDLETIME k"), ":10\r\n", "{look}");
    }
    assert_eq!(ask(&mut bench, "TOUCH k nothing k"), ":2\r\n");
    assert_eq!(ask(&mut bench, "OBJECT IDLETIME k"), ":0\r\n");
    bench.clock.advance(10_000);
    let stream = [
        resp(&[b"CLIENT", b"NO-TOUCH", b"ON"]),
        resp(&[b"GETRANGE", b"k", b"0", b"0"]),
        resp(&[b"OBJECT", b"IDLETIME", b"k"]),
        resp(&[b"TOUCH", b"k"]),
        resp(&[b"OBJECT", b"IDLETIME", b"k"]),
    ];
    let text = bench.whole(Protocol::Resp, &stream.concat()).text();
    assert_eq!(text, "+OK\r\n$1\r\nv\r\n:10\r\n:1\r\n:0\r\n");
    bench.clock.advance(10_000);
    let transaction = "CLIENT NO-TOUCH ON\r\nMULTI\r\nGET k\r\nMGET k k\r\nOBJECT IDLETIME k\r\nTOUCH k\r\nOBJECT IDLETIME k\r\nEXEC\r\n";
    let text = bench.whole(Protocol::Resp, transaction.as_bytes()).text();
    assert!(text.ends_with(":10\r\n:1\r\n:0\r\n"), "in a transaction too: {text}");
}

#[test]
fn a_default_time_to_live_is_for_new_strings_without_one() {
    let mut bench = Bench::of(CacheOptions { default_ttl_ms: 5000, ..cache_options() }, options());
    for new in ["SETNX k v", "GETSET k v", "MSETNX k v", "SETRANGE k 0 v", "INCRBYFLOAT k 1"] {
        ask(&mut bench, "DEL k");
        ask(&mut bench, new);
        assert_eq!(ask(&mut bench, "PTTL k"), ":5000\r\n", "{new}");
    }
    ask(&mut bench, "PERSIST k");
    ask(&mut bench, "INCRBYFLOAT k 1");
    ask(&mut bench, "SETRANGE k 0 9");
    assert_eq!(ask(&mut bench, "PTTL k"), ":-1\r\n", "a version that is written in part keeps what it had");
}

#[test]
fn large_values_are_written_by_every_command_that_takes_one() {
    let mut bench = Bench::new(options());
    let (one, two) = (body(MIB + 1), body(70_001));
    assert_eq!(send(&mut bench, &[b"SETNX", b"a", &one]), ":1\r\n");
    assert_eq!(send(&mut bench, &[b"SETNX", b"a", &two]), ":0\r\n");
    assert_eq!(send(&mut bench, &[b"SETEX", b"b", b"100", &one]), "+OK\r\n");
    assert_eq!(send(&mut bench, &[b"PSETEX", b"c", b"100", &two]), "+OK\r\n");
    assert_eq!(send(&mut bench, &[b"MSETNX", b"d", &one, b"e", &two, b"f", b"small"]), ":1\r\n");
    assert_eq!(send(&mut bench, &[b"MSETNX", b"g", &one, b"e", &two]), ":0\r\n");
    let old = bench.pieces(Protocol::Resp, resp(&[b"GETSET", b"c", &one]).chunks(13_000)).replies;
    assert!(bulk(&old) == two);
    for (key, expected) in [("a", &one), ("b", &one), ("c", &one), ("d", &one), ("e", &two)] {
        assert!(value(&mut bench, key) == *expected, "{key}");
    }
    assert_eq!(value(&mut bench, "f"), b"small");
    assert_eq!(ask(&mut bench, "EXISTS g"), ":0\r\n");
    assert_eq!(send(&mut bench, &[b"DELIFEQ", b"a", &two]), ":0\r\n");
    assert_eq!(send(&mut bench, &[b"DELIFEQ", b"a", &one]), ":1\r\n");
    let got = bench.whole(Protocol::Resp, &resp(&[b"GETDEL", b"b"])).replies;
    assert!(bulk(&got) == one);
    assert_eq!(ask(&mut bench, "EXISTS a b"), ":0\r\n");
    assert_eq!(bench.shared.store.stats().reserved_bytes, 0);
}

#[test]
fn parts_of_large_values() {
    let mut bench = Bench::new(options());
    let length = 2 * MIB + 12_345;
    let whole = body(length);
    send(&mut bench, &[b"SET", b"k", &whole]);
    let segment = 64 << 10;
    for at in [0, 1, 1023, 1024, segment - 1, segment, segment + 1, MIB, length - 1] {
        for part in [1, 2, 1000, 16_383, 16_384, segment, segment + 1, MIB] {
            let end = (at + part).min(length);
            let line = format!("GETRANGE k {at} {}", at + part - 1);
            let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            assert!(bulk(&bench.whole(Protocol::Resp, &resp(&words)).replies) == whole[at..end], "{line}");
        }
    }
    let tail = bench.whole(Protocol::Resp, &resp(&[b"SUBSTR", b"k", b"-100000", b"-2"])).replies;
    assert!(bulk(&tail) == whole[length - 100_000..length - 1]);
}

#[test]
fn parts_are_written_anywhere_in_values_of_any_length() {
    let mut bench = Bench::new(options());
    let mut random = 7_usize;
    for old in [0, 5, 16_383, 16_384, 16_385, 70_000, 200_003] {
        for offset in [0, 1, 4, 16_000, 16_384, 65_536, 70_000, 200_000, 200_003, 210_000] {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let part = body([1, 300, 17_000, 66_000][random >> 62]);
            let mut expected = body(old);
            if old == 0 {
                ask(&mut bench, "DEL k");
            } else {
                send(&mut bench, &[b"SET", b"k", &expected, b"EX", b"100"]);
            }
            expected.resize(old.max(offset + part.len()), 0);
            expected[offset..offset + part.len()].copy_from_slice(&part);
            let reply = send(&mut bench, &[b"SETRANGE", b"k", offset.to_string().as_bytes(), &part]);
            assert_eq!(reply, format!(":{}\r\n", expected.len()), "{old} {offset}");
            assert!(value(&mut bench, "k") == expected, "{old} {offset} {}", part.len());
            assert_eq!(ask(&mut bench, "TTL k"), if old == 0 { ":-1\r\n" } else { ":100\r\n" });
        }
    }
}

#[test]
fn a_part_beyond_the_longest_value_is_refused_and_the_value_stays() {
    let mut bench = Bench::new(options());
    let refusal = "-ERR string exceeds maximum allowed size (max_value_size)\r\n";
    ask(&mut bench, "SET k value");
    let limit = 8 * MIB;
    for offset in [limit, limit - 1, usize::MAX / 2, i64::MAX as usize] {
        assert_eq!(ask(&mut bench, &format!("SETRANGE k {offset} xy")), refusal);
        assert_eq!(ask(&mut bench, &format!("SETRANGE new {offset} xy")), refusal);
    }
    assert_eq!(value(&mut bench, "k"), b"value");
    assert_eq!(ask(&mut bench, &format!("SETRANGE k {} xy", limit - 2)), format!(":{limit}\r\n"));
    assert_eq!(ask(&mut bench, &format!("GETRANGE k {} -1", limit - 4)), "$4\r\n\0\0xy\r\n");
    assert_eq!(ask(&mut bench, "EXISTS new"), ":0\r\n");
}

#[test]
fn numbers_in_large_values_are_numbers_or_errors() {
    let mut bench = Bench::new(options());
    let long = "1".repeat(20_000);
    send(&mut bench, &[b"SET", b"k", long.as_bytes()]);
    assert_eq!(ask(&mut bench, "INCRBYFLOAT k 1"), "-ERR value is not a valid float\r\n");
    assert_eq!(ask(&mut bench, &format!("INCRBYFLOAT n {long}")), "-ERR value is not a valid float\r\n");
    // In the least cache a value of a KiB is large already.
    let mut bench =
        Bench::of(CacheOptions { max_memory: 1 << 20, max_value_size: 1 << 16, ..cache_options() }, options());
    let zeros = format!("1.{}", "0".repeat(4000));
    send(&mut bench, &[b"SET", b"k", zeros.as_bytes()]);
    assert_eq!(ask(&mut bench, "INCRBYFLOAT k 0.5"), "$3\r\n1.5\r\n");
}

#[test]
fn items_are_renamed_and_copied_with_all_that_they_have() {
    let mut bench = Bench::new(options());
    let large = body(MIB + 7);
    for (name, bytes) in [("small", &b"value"[..]), ("large", &large)] {
        let mut store = format!("set {name} 77 100 {}\r\n", bytes.len()).into_bytes();
        store.extend_from_slice(bytes);
        store.extend_from_slice(b"\r\n");
        assert_eq!(bench.pieces(Protocol::Memcached, store.chunks(13_000)).text(), "STORED\r\n");
        assert_eq!(ask(&mut bench, &format!("COPY {name} copy")), ":1\r\n");
        assert_eq!(ask(&mut bench, &format!("RENAME {name} moved")), "+OK\r\n");
        assert_eq!(ask(&mut bench, &format!("EXISTS {name}")), ":0\r\n");
        for key in ["copy", "moved"] {
            assert!(value(&mut bench, key) == bytes, "{key}");
            assert_eq!(ask(&mut bench, &format!("PTTL {key}")), ":100000\r\n");
            let flags = bench.whole(Protocol::Memcached, format!("get {key}\r\n").as_bytes()).replies;
            assert!(flags.starts_with(format!("VALUE {key} 77 ").as_bytes()));
        }
        assert_eq!(ask(&mut bench, "DEL copy moved"), ":2\r\n");
    }
    let stats = bench.shared.store.stats();
    assert_eq!((stats.items, stats.chain_bytes, stats.pinned_bytes, stats.reserved_bytes), (0, 0, 0, 0));
}

/// The keys of a KEYS reply.
fn keys(reply: &str) -> BTreeSet<String> {
    let mut lines = reply.split("\r\n");
    let count: usize = lines.next().and_then(|line| line.strip_prefix('*')).expect("an array").parse().unwrap();
    let keys: Vec<String> = lines.skip(1).step_by(2).map(str::to_owned).collect();
    let set: BTreeSet<String> = keys.iter().take(count).cloned().collect();
    assert_eq!(set.len(), count, "none is given twice");
    set
}

fn fill(bench: &mut Bench, count: usize) {
    let stream: Vec<u8> = (0..count).flat_map(|n| resp(&[b"SET", format!("key:{n}").as_bytes(), b"v"])).collect();
    assert_eq!(bench.whole(Protocol::Resp, &stream).text(), "+OK\r\n".repeat(count));
}

#[test]
fn keys_gives_all_of_many_in_slices_and_in_order_with_other_requests() {
    let mut bench = Bench::new(options());
    fill(&mut bench, 20_000);
    let stream = [resp(&[b"ECHO", b"before"]), resp(&[b"KEYS", b"key:*7"]), resp(&[b"ECHO", b"after"])].concat();
    let text = bench.whole(Protocol::Resp, &stream).text();
    let reply = text.strip_prefix("$6\r\nbefore\r\n").and_then(|rest| rest.strip_suffix("$5\r\nafter\r\n")).unwrap();
    let expected: BTreeSet<String> = (0..20_000).filter(|n| n % 10 == 7).map(|n| format!("key:{n}")).collect();
    assert!(keys(reply) == expected);
    assert_eq!(keys(&ask(&mut bench, "KEYS *")).len(), 20_000);
    bench.whole(Protocol::Resp, &resp(&[b"SET", b"", b"v"]));
    assert_eq!(keys(&ask(&mut bench, "KEYS *")).len(), 20_001, "as no pattern it takes the empty key too");
    assert_eq!(keys(&ask(&mut bench, "KEYS **")).len(), 20_000, "as a pattern it does not");
    let inline = bench.whole(Protocol::Resp, b"KEYS key:1234?\r\nPING\r\n").text();
    assert_eq!(keys(inline.strip_suffix("+PONG\r\n").unwrap()).len(), 10);
}

#[test]
fn others_get_their_turn_while_keys_are_collected() {
    use ringstone_net::{Next, Output, Service, Turn};
    let mut bench = Bench::new(options());
    fill(&mut bench, 20_000);
    let mut walker = Client::new(Protocol::Resp);
    let mut output = Output::standalone();
    let request = resp(&[b"KEYS", b"*"]);
    let (mut input, mut turns, mut replies) = (&request[..], 0, Vec::new());
    loop {
        let mut turn = Turn {
            connection: &mut walker.connection,
            input,
            end_of_input: false,
            output: &mut output,
            consumed: 0,
            next: Next::Read,
            need: 0,
        };
        bench.worker.run(std::slice::from_mut(&mut turn), 0);
        let (consumed, next) = (turn.consumed, turn.next);
        input = &input[consumed..];
        replies.extend(output.take_bytes());
        turns += 1;
        if next != Next::Yield {
            break;
        }
        assert_eq!(ask(&mut bench, "PING"), "+PONG\r\n");
        assert!(!walker.connection.is_between_messages() || !replies.is_empty());
    }
    assert_eq!(keys(&String::from_utf8(replies).unwrap()).len(), 20_000);
    assert!(turns >= 20, "{turns} turns");
}

/// All that a walk of SCANs gives, and how many calls it took.
fn scan_all(bench: &mut Bench, options: &str) -> (Vec<String>, usize) {
    let (mut cursor, mut found, mut calls) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let reply = ask(bench, format!("SCAN {cursor} {options}").trim_end());
        let mut lines = reply.split("\r\n").skip(2);
        cursor = lines.next().unwrap().to_owned();
        let count: usize = lines.next().and_then(|line| line.strip_prefix('*')).expect("an array").parse().unwrap();
        found.extend(lines.skip(1).step_by(2).take(count).map(str::to_owned));
        calls += 1;
        if cursor == "0" {
            return (found, calls);
        }
    }
}

#[test]
fn scan_gives_every_key_once_whatever_is_asked_of_it() {
    let mut bench = Bench::new(options());
    fill(&mut bench, 12_000);
    ask(&mut bench, "HSET hash field value");
    for (options, expected) in [
        ("", 12_001),
        ("COUNT 1", 12_001),
        ("COUNT 1000", 12_001),
        ("COUNT 9223372036854775807", 12_001),
        ("MATCH key:1*", 3111),
        ("MATCH nothing COUNT 500", 0),
        ("TYPE string COUNT 100", 12_000),
        ("type HASH", 1),
        ("TYPE list", 0),
        ("MATCH ha* TYPE hash COUNT 100", 1),
    ] {
        let (mut found, calls) = scan_all(&mut bench, options);
        assert_eq!(found.len(), expected, "{options}");
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), expected, "{options}: none twice");
        // A call is of bounded length.
        assert!(calls >= 2, "{options}: {calls} calls");
    }
}

#[test]
fn scan_gives_what_stays_while_the_store_changes() {
    let mut bench = Bench::new(options());
    fill(&mut bench, 2000);
    let (mut cursor, mut found, mut round) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let reply = ask(&mut bench, &format!("SCAN {cursor} COUNT 20 MATCH key:*"));
        let mut lines = reply.split("\r\n").skip(2);
        cursor = lines.next().unwrap().to_owned();
        found.extend(lines.skip(2).step_by(2).filter(|key| !key.is_empty()).map(str::to_owned));
        if cursor == "0" {
            break;
        }
        // It grows to five times what it was, and odd keys go.
        round += 1;
        for n in 0..if round <= 40 { 200 } else { 1 } {
            ask(&mut bench, &format!("SET other:{round}:{n} v"));
        }
        ask(&mut bench, &format!("DEL key:{}", 2 * round + 1));
        ask(&mut bench, &format!("DEL other:{round}:1"));
    }
    let unique: BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len(), "none twice");
    for n in (0..2000).step_by(2) {
        assert!(unique.contains(&format!("key:{n}")), "key:{n} was there all the time");
    }
}

#[test]
fn a_random_key_is_any_of_them() {
    let mut bench = Bench::new(options());
    assert_eq!(ask(&mut bench, "RANDOMKEY"), "$-1\r\n");
    fill(&mut bench, 4);
    let drawn: BTreeSet<String> = (0..200).map(|_| ask(&mut bench, "RANDOMKEY")).collect();
    let expected: BTreeSet<String> = (0..4).map(|n| format!("$5\r\nkey:{n}\r\n")).collect();
    assert_eq!(drawn, expected);
}
