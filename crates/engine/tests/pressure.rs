//! Clients that ask for much, or do not read what they asked for.

mod common;

use common::{Bench, options};
use ringstone_engine::{ChainBody, Connection, Protocol};
use ringstone_net::{Next, Output, Service, Turn};

/// What a turn may queue beyond its share: the last reply.
const TURN_SHARE: usize = 256 << 10;
const VALUE: usize = 8 << 20;
/// Bytes of the heads of the replies beside the values, at most.
const HEADS: usize = 1 << 20;

/// A connection whose output the test drains, or does not.
struct Slow {
    connection: Connection,
    output: Output<ChainBody>,
}

impl Slow {
    fn new() -> Slow {
        Slow { connection: Connection::new(Protocol::Memcached, 1), output: Output::standalone() }
    }

    /// One turn over `input`; how much of it was taken, and what is next.
    fn turn(&mut self, bench: &mut Bench, input: &[u8]) -> (usize, Next) {
        let mut turn = Turn {
            connection: &mut self.connection,
            input,
            end_of_input: false,
            output: &mut self.output,
            consumed: 0,
            next: Next::Read,
            need: 0,
        };
        bench.worker.run(std::slice::from_mut(&mut turn), 0);
        (turn.consumed, turn.next)
    }
}

fn store(bench: &mut Bench, key: &str, length: usize) {
    let head = format!("set {key} 0 0 {length}\r\n").into_bytes();
    let client = bench.whole(Protocol::Memcached, &[head, vec![b'v'; length], b"\r\n".to_vec()].concat());
    assert_eq!(client.text(), "STORED\r\n");
}

/// The loop gives turns to a connection whose unread replies are below its bound: if such a turn did nothing, the worker
/// would spin.
#[test]
fn a_turn_gets_on_however_much_is_unread() {
    let mut bench = Bench::new(options());
    store(&mut bench, "k", 10_000);
    let mut slow = Slow::new();
    let input = b"get k\r\n".repeat(1000);
    let mut done = 0;
    for _ in 0..3 {
        let queued = slow.output.len();
        let (consumed, next) = slow.turn(&mut bench, &input[done..]);
        assert!(consumed > 0 && next == Next::Yield);
        assert!(slow.output.len() - queued >= TURN_SHARE);
        done += consumed;
    }
}

/// Replies of large values must not pile up within a turn until the client is closed, although it reads.
#[test]
fn a_pipeline_of_large_values_is_answered_turn_by_turn() {
    let mut bench = Bench::new(options());
    store(&mut bench, "k", VALUE);
    let mut slow = Slow::new();
    let one = "VALUE k 0 8388608\r\n\r\nEND\r\n".len() + VALUE;
    let mut input = b"get k\r\n".repeat(20);
    // What was taken and then put off for the next turn: a refused value, a value in pieces, another line.
    input.extend_from_slice(b"set x 0 0 9000000\r\n");
    input.extend(vec![b'x'; 9_000_000]);
    input.extend_from_slice(b"\r\nget k\r\nversion\r\nset y 0 0 20000\r\n");
    input.extend(vec![b'y'; 10_000]);
    let (mut done, mut replies, mut turns) = (0, Vec::new(), 0);
    while done < input.len() {
        let (consumed, next) = slow.turn(&mut bench, &input[done..]);
        assert!(slow.output.len() <= TURN_SHARE + one);
        assert!(consumed > 0 && next != Next::Close);
        replies.extend(slow.output.take_bytes().into_iter().filter(|byte| *byte != b'v'));
        (done, turns) = (done + consumed, turns + 1);
    }
    let rest = [vec![b'y'; 10_000], b"\r\nget y\r\n".to_vec()].concat();
    let mut at = 0;
    while at < rest.len() {
        at += slow.turn(&mut bench, &rest[at..]).0;
        replies.extend(slow.output.take_bytes().into_iter().filter(|byte| *byte != b'v'));
    }
    assert!(turns >= 21);
    let got = "VALUE k 0 8388608\r\n\r\nEND\r\n";
    let expected = format!(
        "{}SERVER_ERROR object too large for cache\r\n{got}VERSION 1.6.18\r\nSTORED\r\nVALUE y 0 20000\r\n{}\r\nEND\r\n",
        got.repeat(20),
        "y".repeat(20_000)
    );
    // The version's and other lines' own `v` would be filtered with the values'; there are none in lower case.
    assert!(String::from_utf8_lossy(&replies) == expected);
}

/// One command must not reserve the memory of the machine: past the bound of unread replies the connection closes.
#[test]
fn the_reply_of_one_command_is_bounded() {
    // Of bytes that are copied, and of those that are sent from the store's 64 MiB.
    const COPIED: usize = 64 << 20;
    const SENT_FROM_STORE: usize = COPIED + (64 << 20) + 2 * VALUE;
    for (length, keys, limit) in [(16_000, 10_000, COPIED), (16_384, 10_000, SENT_FROM_STORE)] {
        let mut bench = Bench::new(options());
        store(&mut bench, "k", length);
        for stream in [
            [b"get".to_vec(), b" k".repeat(keys), b"\r\n".to_vec()].concat(),
            [b"gat 0".to_vec(), b" k".repeat(keys), b"\r\n".to_vec()].concat(),
        ] {
            let mut slow = Slow::new();
            let (_, next) = slow.turn(&mut bench, &stream);
            assert_eq!(next, Next::Overrun);
            assert!(slow.output.len() > limit && slow.output.len() <= limit + length * 11 / 10 + HEADS);
        }
        let stream = [format!("*{}\r\n$4\r\nMGET\r\n", keys + 1).into_bytes(), b"$1\r\nk\r\n".repeat(keys)].concat();
        let mut slow = Slow::new();
        slow.connection = Connection::new(Protocol::Resp, 1);
        let (_, next) = slow.turn(&mut bench, &stream);
        assert_eq!(next, Next::Overrun);
        assert!(slow.output.len() > limit && slow.output.len() <= limit + length * 11 / 10 + HEADS);
    }
}

/// Values that are sent from the store cost their reply nothing, so that a client may ask for many at once.
#[test]
fn one_command_may_ask_for_many_large_values() {
    let mut bench = Bench::new(options());
    store(&mut bench, "k", 1 << 20);
    let mut slow = Slow::new();
    let (_, next) = slow.turn(&mut bench, &[b"get".to_vec(), b" k".repeat(100), b"\r\n".to_vec()].concat());
    assert_eq!(next, Next::Read);
    assert!(slow.output.len() > 100 << 20);
}
