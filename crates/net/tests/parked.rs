//! Requests that are answered from another thread, at any time or never.

mod common;

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::server::{Server, ask, eventually, expect, options, rest};
use common::{next, on_both};
use ringstone_net::Runtime;

#[test]
fn parked_requests_keep_their_order() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let stop = Arc::new(AtomicBool::new(false));
        let (watch, ending) = (Arc::clone(&server.watch), Arc::clone(&stop));
        let resumer = std::thread::spawn(move || {
            let mut seed = 7;
            while !ending.load(Ordering::Relaxed) {
                let mut parked = std::mem::take(&mut *watch.parked.lock());
                while !parked.is_empty() {
                    let at = next(&mut seed) % parked.len();
                    parked.swap_remove(at).resume();
                }
                std::thread::yield_now();
            }
        });
        let clients: Vec<_> = (0..16)
            .map(|client| {
                let mut stream = server.connect();
                std::thread::spawn(move || {
                    let (mut requests, mut replies) = (Vec::new(), Vec::new());
                    for n in 0..500 {
                        requests.extend_from_slice(format!("P{}\nE3\n{client:03}B2\nok", client * 1000 + n).as_bytes());
                        replies.extend_from_slice(format!("p{}\n{client:03}2\nok", client * 1000 + n).as_bytes());
                    }
                    stream.write_all(&requests).expect("send");
                    expect(&mut stream, &replies);
                    stream.write_all(b"P9\n").expect("send");
                    stream.shutdown(Shutdown::Write).expect("shutdown");
                    assert_eq!(rest(&mut stream), b"p9\n", "a half-closed connection is resumed too");
                })
            })
            .collect();
        for client in clients {
            client.join().expect("client");
        }
        stop.store(true, Ordering::Relaxed);
        resumer.join().expect("resumer");
        server.expect_quiet();
        assert_eq!(server.watch.resumed.load(Ordering::Relaxed), 16 * 501);
    });
}

#[test]
fn completions_for_closed_connections_are_dropped() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        let server = Server::with(options, b"");
        for round in 0..50 {
            let mut gone = server.connect();
            gone.write_all(b"P1\n").expect("send");
            eventually("parking", || server.watch.parked.lock().len() == 1);
            // With a reset, so that the server notices although it does not read.
            socket2::SockRef::from(&gone).set_linger(Some(std::time::Duration::ZERO)).expect("linger");
            drop(gone);
            eventually("the close", || server.watch.reasons.lock().len() == 2 * round + 1);
            // The slot is used again before the completion comes.
            let mut next = server.connect();
            ask(&mut next, b"E1\nx", b"x");
            let parked = server.watch.parked.lock().pop().expect("parked");
            parked.resume();
            ask(&mut next, b"E1\ny", b"y");
            drop(next);
            eventually("the close", || server.watch.reasons.lock().len() == 2 * round + 2);
        }
        server.expect_quiet();
        assert_eq!(server.watch.resumed.load(Ordering::Relaxed), 0);
        let ids = server.watch.ids.lock();
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), 100, "one slot or few, a generation each");
        let slots: std::collections::HashSet<_> = ids.iter().map(|id| id.0 & 0xFF_FFFF).collect();
        assert!(slots.len() <= 3, "slots are reused: {slots:?}");
    });
}

#[test]
fn input_that_comes_while_parked_is_kept_and_bounded() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut stream = server.connect();
        let mut writer = stream.try_clone().expect("clone");
        let sender = std::thread::spawn(move || {
            writer.write_all(b"P5\n").expect("send");
            writer.write_all(&b"E4\nabcd".repeat(2_000_000)).expect("send");
        });
        eventually("parking", || server.watch.parked.lock().len() == 1);
        let mut other = server.connect();
        for _ in 0..100 {
            ask(&mut other, b"E4\nping", b"ping");
        }
        assert!(server.counters().buffer_bytes < 16 << 20, "{}", server.counters().buffer_bytes);
        server.watch.parked.lock().pop().expect("parked").resume();
        expect(&mut stream, b"p5\n");
        expect(&mut stream, &b"abcd".repeat(2_000_000));
        sender.join().expect("sender");
        drop((stream, other));
        server.expect_quiet();
    });
}

#[test]
fn much_input_behind_a_body_is_not_a_message_that_is_too_long() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.read_buffer_size = 4096;
        options.input_limit = 4096;
        let server = Server::with(options, b"");
        let mut stream = server.connect();
        let mut writer = stream.try_clone().expect("clone");
        let sender = std::thread::spawn(move || {
            writer.write_all(b"P1\n").expect("send");
            writer.write_all(&b"B3\nabcE2\nxy".repeat(50_000)).expect("send");
        });
        eventually("parking", || server.watch.parked.lock().len() == 1);
        eventually("more than a buffer", || server.counters().bytes_read > 4096 || runtime == Runtime::Mio);
        server.watch.parked.lock().pop().expect("parked").resume();
        expect(&mut stream, b"p1\n");
        expect(&mut stream, &b"3\nabcxy".repeat(50_000));
        sender.join().expect("sender");
        drop(stream);
        server.expect_quiet();
    });
}
