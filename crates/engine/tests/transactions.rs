//! MULTI, EXEC, DISCARD and WATCH on connections that are fed by hand.

mod common;

use common::{Bench, Client, START_MS, options};
use ringstone_engine::Protocol;

/// Sends one line and returns what it was answered.
fn ask(bench: &mut Bench, client: &mut Client, line: &str) -> String {
    let start = client.replies.len();
    client.send(&mut bench.worker, format!("{line}\r\n").as_bytes());
    String::from_utf8_lossy(&client.replies[start..]).into_owned()
}

fn two() -> (Bench, Client, Client) {
    (Bench::new(options()), Client::new(Protocol::Resp), Client::new(Protocol::Resp))
}

const NULL: &str = "*-1\r\n";

#[test]
fn commands_are_queued_and_executed_in_order() {
    let (mut bench, mut client, mut other) = two();
    for (line, reply) in [
        ("MULTI", "+OK\r\n"),
        ("SET a 1", "+QUEUED\r\n"),
        ("INCR a", "+QUEUED\r\n"),
        ("MSET b x c y", "+QUEUED\r\n"),
        ("MGET a b c missing", "+QUEUED\r\n"),
        ("INCR b", "+QUEUED\r\n"),
        ("DBSIZE", "+QUEUED\r\n"),
    ] {
        assert_eq!(ask(&mut bench, &mut client, line), reply, "{line}");
    }
    assert_eq!(ask(&mut bench, &mut other, "GET a"), "$-1\r\n", "nothing is executed before EXEC");
    let values = "*4\r\n$1\r\n2\r\n$1\r\nx\r\n$1\r\ny\r\n$-1\r\n";
    let expected = format!("*6\r\n+OK\r\n:2\r\n+OK\r\n{values}-ERR value is not an integer or out of range\r\n:3\r\n");
    assert_eq!(ask(&mut bench, &mut client, "EXEC"), expected);
    assert_eq!(ask(&mut bench, &mut client, "GET a"), "$1\r\n2\r\n");
}

#[test]
fn large_values_are_queued_in_the_store() {
    let (mut bench, mut client, _) = two();
    let large = "v".repeat(100_000);
    let set = |key: &str| [format!("*3\r\n$3\r\nSET\r\n$1\r\n{key}\r\n$100000\r\n"), format!("{large}\r\n")];
    client.send(&mut bench.worker, b"MULTI\r\n");
    // In two parts, or it would be no longer than the input.
    set("a").iter().for_each(|part| client.send(&mut bench.worker, part.as_bytes()));
    client.send(&mut bench.worker, b"STRLEN a\r\nEXEC\r\n");
    assert_eq!(client.text(), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:100000\r\n");
    assert_eq!(bench.shared.store_stats().reserved_bytes, 0);
    client.send(&mut bench.worker, b"MULTI\r\n");
    set("b").iter().for_each(|part| client.send(&mut bench.worker, part.as_bytes()));
    assert!(bench.shared.store_stats().reserved_bytes > 0);
    client.send(&mut bench.worker, b"DISCARD\r\n");
    assert_eq!(bench.shared.store_stats().reserved_bytes, 0);
}

#[test]
fn a_refusal_while_queueing_ends_in_execabort() {
    let (mut bench, mut client, _) = two();
    let too_large = format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n${}\r\n{}", 9 << 20, "v".repeat(9 << 20));
    for refused in ["FOO", "GET", "CONFIG FOO", "CONFIG GET", too_large.as_str()] {
        assert_eq!(ask(&mut bench, &mut client, "MULTI"), "+OK\r\n");
        assert_eq!(ask(&mut bench, &mut client, "SET a 1"), "+QUEUED\r\n");
        assert!(ask(&mut bench, &mut client, refused).starts_with("-ERR "));
        assert_eq!(ask(&mut bench, &mut client, "SET a 2"), "+QUEUED\r\n");
        let reply = ask(&mut bench, &mut client, "EXEC");
        assert_eq!(reply, "-EXECABORT Transaction discarded because of previous errors.\r\n");
        assert_eq!(ask(&mut bench, &mut client, "GET a"), "$-1\r\n");
    }
}

#[test]
fn a_transaction_has_bounds() {
    let (mut bench, mut client, _) = two();
    let half = "v".repeat(15_000);
    let mut input = b"MULTI\r\n".to_vec();
    for _ in 0..(64 << 20) / half.len() + 1 {
        input.extend_from_slice(format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$15000\r\n{half}\r\n").as_bytes());
    }
    client.send(&mut bench.worker, &input);
    let text = client.text();
    assert!(
        text.ends_with("-ERR transaction exceeds 131072 commands or 67108864 bytes\r\n")
            || text.contains("-ERR transaction exceeds")
    );
    assert!(ask(&mut bench, &mut client, "EXEC").starts_with("-EXECABORT"));
    let mut client = Client::new(Protocol::Resp);
    client.send(&mut bench.worker, &[b"MULTI\r\n", b"PING\r\n".repeat((1 << 17) + 1).as_slice()].concat());
    assert!(client.text().ends_with("+QUEUED\r\n-ERR transaction exceeds 131072 commands or 67108864 bytes\r\n"));
}

#[test]
fn replies_without_room_do_not_stop_what_was_begun() {
    let (mut bench, mut client, mut other) = two();
    ask(&mut bench, &mut other, &format!("SET big {}", "v".repeat(15_000)));
    ask(&mut bench, &mut client, "MULTI");
    let gets = 10 * (64 << 20) / 15_000;
    client.send(&mut bench.worker, "GET big\r\n".repeat(gets).as_bytes());
    ask(&mut bench, &mut client, "SET done 1");
    client.send(&mut bench.worker, b"EXEC\r\n");
    assert!(client.replies.len() < 200 << 20, "{} bytes of replies", client.replies.len());
    assert_eq!(ask(&mut bench, &mut other, "GET done"), "$1\r\n1\r\n");
}

/// What is done to `k` between WATCH and EXEC, and whether EXEC is to do nothing.
const CHANGES: [(&str, &str, bool); 18] = [
    ("SET k 1", "SET k 2", true),
    ("SET k 1", "SET k 1", true),
    ("SET k 1", "GET k", false),
    ("SET k 1", "SET other 1", false),
    ("SET k 1", "GETEX k PERSIST", false),
    ("SET k 1", "GETEX k EX 5", true),
    ("SET k 1", "DEL k", true),
    ("SET k 1", "DEL k|SET k 1", true),
    ("SET k 1", "INCR k", true),
    ("SET k 1", "APPEND k x", true),
    ("SET k 1", "EXPIRE k 100", true),
    ("SET k 1 EX 100", "PERSIST k", true),
    ("SET k 1", "FLUSHALL", true),
    ("SET k 1", "FLUSHALL|SET k 1", true),
    ("SET other 1", "FLUSHALL", false),
    ("SET other 1", "SET k 1", true),
    ("SET other 1", "SET k 1|DEL k", true),
    ("SET other 1", "DEL k", false),
];

#[test]
fn exec_does_nothing_once_a_watched_key_has_changed() {
    for by_itself in [false, true] {
        for (before, change, is_dirty) in CHANGES {
            let (mut bench, mut client, mut other) = two();
            ask(&mut bench, &mut client, before);
            assert_eq!(ask(&mut bench, &mut client, "WATCH w1 k w2"), "+OK\r\n");
            for line in change.split('|') {
                ask(&mut bench, if by_itself { &mut client } else { &mut other }, line);
            }
            ask(&mut bench, &mut client, "MULTI");
            ask(&mut bench, &mut client, "PING");
            let reply = ask(&mut bench, &mut client, "EXEC");
            assert_eq!(reply, if is_dirty { NULL } else { "*1\r\n+PONG\r\n" }, "{before}, {change}");
            ask(&mut bench, &mut client, "MULTI");
            assert_eq!(ask(&mut bench, &mut client, "EXEC"), "*0\r\n", "watches end with EXEC");
        }
    }
}

#[test]
fn memcached_changes_are_seen_by_watch() {
    for (change, is_dirty) in [
        ("set k 0 0 1\r\n2", true),
        ("touch k 100", true),
        ("gat 100 k", true),
        ("get k", false),
        ("incr k 1", true),
        ("delete k", true),
        ("flush_all", true),
        ("ms k 1\r\n2", true),
        ("ma k", true),
        ("md k I T30", true),
        ("mg k v", false),
        ("mg k T30", true),
    ] {
        let (mut bench, mut client, _) = two();
        let mut other = Client::new(Protocol::Memcached);
        ask(&mut bench, &mut client, "SET k 1");
        ask(&mut bench, &mut client, "WATCH k");
        ask(&mut bench, &mut other, change);
        ask(&mut bench, &mut client, "MULTI");
        assert_eq!(ask(&mut bench, &mut client, "EXEC"), if is_dirty { NULL } else { "*0\r\n" }, "{change}");
    }
}

#[test]
fn a_watched_key_that_expires_has_changed() {
    let (mut bench, mut client, mut other) = two();
    ask(&mut bench, &mut client, "SET k 1 PX 50");
    ask(&mut bench, &mut client, "WATCH k");
    bench.clock.set(START_MS + 51);
    ask(&mut bench, &mut client, "MULTI");
    assert_eq!(ask(&mut bench, &mut client, "EXEC"), NULL);
    // One that had expired when it was watched is not there, whether it was removed or not.
    ask(&mut bench, &mut client, "SET k 1 PX 50");
    bench.clock.set(START_MS + 200);
    ask(&mut bench, &mut client, "WATCH k");
    ask(&mut bench, &mut other, "GET k");
    ask(&mut bench, &mut client, "MULTI");
    assert_eq!(ask(&mut bench, &mut client, "EXEC"), "*0\r\n");
}

#[test]
fn unwatch_discard_reset_and_the_end_of_a_connection_forget() {
    for forget in ["UNWATCH", "MULTI|DISCARD", "MULTI|EXEC", "RESET"] {
        let (mut bench, mut client, mut other) = two();
        ask(&mut bench, &mut client, "WATCH k l");
        assert_eq!(bench.shared.cache.watches.len(), 2);
        forget.split('|').for_each(|line| drop(ask(&mut bench, &mut client, line)));
        assert_eq!(bench.shared.cache.watches.len(), 0, "{forget}");
        ask(&mut bench, &mut other, "SET k 1");
        ask(&mut bench, &mut client, "MULTI");
        assert_eq!(ask(&mut bench, &mut client, "EXEC"), "*0\r\n");
    }
    let (mut bench, mut client, _) = two();
    ask(&mut bench, &mut client, "WATCH k");
    drop(client);
    assert_eq!(bench.shared.cache.watches.len(), 0);
}

#[test]
fn watches_have_a_bound() {
    let (mut bench, mut client, _) = two();
    let keys: String = (0..4096).map(|key| format!(" k{key}")).collect();
    assert_eq!(ask(&mut bench, &mut client, &format!("WATCH{keys}")), "+OK\r\n");
    assert_eq!(ask(&mut bench, &mut client, "WATCH k1"), "+OK\r\n");
    assert!(ask(&mut bench, &mut client, "WATCH more").starts_with("-ERR too many watched keys"));
    assert_eq!(bench.shared.cache.watches.len(), 4096);
}

#[test]
fn errors_of_the_five_commands() {
    let (mut bench, mut client, _) = two();
    assert_eq!(ask(&mut bench, &mut client, "EXEC"), "-ERR EXEC without MULTI\r\n");
    assert_eq!(ask(&mut bench, &mut client, "DISCARD"), "-ERR DISCARD without MULTI\r\n");
    ask(&mut bench, &mut client, "MULTI");
    assert_eq!(ask(&mut bench, &mut client, "MULTI"), "-ERR MULTI calls can not be nested\r\n");
    assert_eq!(ask(&mut bench, &mut client, "WATCH a"), "-ERR WATCH inside MULTI is not allowed\r\n");
    assert_eq!(ask(&mut bench, &mut client, "UNWATCH"), "+QUEUED\r\n");
    assert_eq!(ask(&mut bench, &mut client, "EXEC"), "*1\r\n+OK\r\n", "neither was worth an EXECABORT");
    ask(&mut bench, &mut client, "MULTI");
    assert_eq!(ask(&mut bench, &mut client, "RESET"), "+RESET\r\n");
    assert_eq!(ask(&mut bench, &mut client, "GET a"), "$-1\r\n");
    ask(&mut bench, &mut client, "HELLO 3");
    ask(&mut bench, &mut client, "WATCH a");
    ask(&mut bench, &mut client, "SET a 1");
    ask(&mut bench, &mut client, "MULTI");
    assert_eq!(ask(&mut bench, &mut client, "EXEC"), "_\r\n");
}

#[test]
fn a_message_has_no_place_among_the_replies() {
    let mut bench = Bench::new(options());
    let mut client = Client::new(Protocol::Resp);
    client.send(&mut bench.worker, b"HELLO 3\r\nSUBSCRIBE a\r\nMULTI\r\nPUBLISH a x\r\nHELLO 2\r\nPUBLISH none x\r\n");
    client.take_text();
    client.send(&mut bench.worker, b"EXEC\r\n");
    let text = client.take_text();
    assert!(text.starts_with("*3\r\n:1\r\n*14\r\n"), "{text}");
    assert!(text.ends_with("*0\r\n:0\r\n"), "{text}");
    client.send(&mut bench.worker, b"PING\r\n");
    assert!(client.take_text().starts_with(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"), "it comes after them");
}
