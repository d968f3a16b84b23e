//! Many connections, floods, slow readers, parked requests.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::server::{Server, ask, eventually, expect, options, pattern, rest};
use common::{next, on_both};
use ringstone_net::{CloseReason, Runtime};

/// Connections of the test of coming and going.
const CHURN: usize = 2000;

#[test]
fn floods_from_many_connections_outlast_the_provided_buffers() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        // Large units are few.
        options.read_buffer_size = 64 << 10;
        let server = Server::with(options, b"");
        let clients: Vec<_> = (0..24)
            .map(|_| {
                let mut stream = server.connect();
                std::thread::spawn(move || {
                    let mut writer = stream.try_clone().expect("clone");
                    let sender =
                        std::thread::spawn(move || writer.write_all(&b"E4\nabcd".repeat(200_000)).expect("send"));
                    let mut got = vec![0; 800_000];
                    stream.read_exact(&mut got).expect("replies");
                    assert!(got.chunks(4).all(|reply| reply == b"abcd"));
                    sender.join().expect("sender");
                })
            })
            .collect();
        for client in clients {
            client.join().expect("client");
        }
        if runtime == Runtime::Uring {
            assert!(server.counters().buffer_starvations > 0, "they did run out");
        }
        server.expect_quiet();
    });
}

#[test]
fn connections_that_found_no_provided_buffer_are_not_forgotten() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        // 64 provided buffers.
        options.read_buffer_size = 64 << 10;
        let server = Server::with(options, b"");
        let mut streams = Vec::new();
        // All of them are received for in one go, and nothing happens afterwards that would wake the worker.
        let blocking = server.while_the_worker_waits(|| {
            streams.extend((0..100).map(|_| server.connect()));
            streams.iter_mut().for_each(|stream| stream.write_all(b"E4\nping").expect("send"));
            eventually("all accepted", || server.counters().accepted == 101);
        });
        streams.iter_mut().for_each(|stream| expect(stream, b"ping"));
        if runtime == Runtime::Uring {
            assert!(server.counters().buffer_starvations > 0, "they did run out");
        }
        drop((streams, blocking));
        server.expect_quiet();
    });
}

#[test]
fn a_slow_reader_is_paused_and_goes_on_when_it_reads() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.output_pause = 64 << 10;
        let server = Server::with(options, b"");
        let mut slow = server.connect();
        let mut writer = slow.try_clone().expect("clone");
        let sender = std::thread::spawn(move || writer.write_all(&b"R100000\n".repeat(1000)).expect("send"));
        eventually("a pause", || server.counters().output_pauses > 0);
        let mut other = server.connect();
        ask(&mut other, b"E4\nping", b"ping");
        let held = server.counters().buffer_bytes;
        assert!(held < 32 << 20, "a paused connection holds {held} bytes");
        let mut got = vec![0; 100_000];
        for _ in 0..1000 {
            slow.read_exact(&mut got).expect("replies");
        }
        sender.join().expect("sender");
        ask(&mut slow, b"E4\nping", b"ping");
        drop((slow, other));
        server.expect_quiet();
    });
}

#[test]
fn output_above_the_limit_closes() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.output_pause = 64 << 10;
        options.output_limit = 16 << 20;
        let server = Server::with(options, b"");
        let mut slow = server.connect();
        slow.write_all(b"R50000000\n").expect("send");
        eventually("a close", || server.closed_for(CloseReason::OutputLimit) == 1);
        assert!(rest(&mut slow).len() < 50_000_000);
        server.expect_quiet();
    });
}

/// Random requests, their replies, and what they ask for altogether.
fn conversation(seed: &mut u64, requests: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..requests {
        let len = next(seed) % [1, 10, 100, 5000, 40_000][next(seed) % 5];
        let bytes = pattern(len + 1);
        let (command, reply) = match next(seed) % 4 {
            0 => (format!("E{}\n", bytes.len()), Vec::new()),
            1 => (format!("B{}\n", bytes.len()), format!("{}\n", bytes.len()).into_bytes()),
            2 => (format!("R{len}\n"), vec![b'r'; len]),
            _ => (format!("P{len}\n"), format!("p{len}\n").into_bytes()),
        };
        asked.extend_from_slice(command.as_bytes());
        answered.extend_from_slice(&reply);
        if command.starts_with(['E', 'B']) {
            asked.extend_from_slice(&bytes);
            answered.extend_from_slice(&bytes);
        }
    }
    (asked, answered)
}

#[test]
fn any_requests_in_any_pieces_at_any_pace_are_answered_in_order() {
    let rounds = std::env::var("RINGSTONE_NET_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    on_both(|runtime| {
        for round in 0..rounds {
            let mut options = options(runtime);
            options.read_buffer_size = 4096 << (round % 3);
            options.output_pause = 16 << 10;
            let server = Server::with(options, b"");
            let stop = Arc::new(AtomicBool::new(false));
            let (watch, ending) = (Arc::clone(&server.watch), Arc::clone(&stop));
            let resumer = std::thread::spawn(move || {
                while !ending.load(Ordering::Relaxed) {
                    std::mem::take(&mut *watch.parked.lock()).into_iter().for_each(common::Parked::resume);
                    std::thread::sleep(std::time::Duration::from_micros(50));
                }
            });
            let clients: Vec<_> = (0..8).map(|client| converse(server.connect(), round * 8 + client)).collect();
            for (writer, reader) in clients {
                writer.join().expect("writer");
                reader.join().expect("reader");
            }
            stop.store(true, Ordering::Relaxed);
            resumer.join().expect("resumer");
            server.expect_quiet();
        }
    });
}

/// One connection's conversation: a thread that writes and one that reads, both by fits and starts.
fn converse(mut stream: TcpStream, seed: u64) -> (std::thread::JoinHandle<()>, std::thread::JoinHandle<()>) {
    let mut seed = seed;
    let (asked, answered) = conversation(&mut seed, 200);
    let (mut write_seed, mut read_seed) = (seed, seed ^ 1);
    let mut writer = stream.try_clone().expect("clone");
    let hesitate = |seed: &mut u64| {
        if next(seed).is_multiple_of(20) {
            std::thread::sleep(std::time::Duration::from_micros(500));
        }
    };
    let writing = std::thread::spawn(move || {
        let mut rest = &asked[..];
        while !rest.is_empty() {
            let now = rest.len().min(1 + next(&mut write_seed) % [10, 1000, 100_000][next(&mut write_seed) % 3]);
            writer.write_all(&rest[..now]).expect("send");
            rest = &rest[now..];
            hesitate(&mut write_seed);
        }
        writer.shutdown(Shutdown::Write).expect("shutdown");
    });
    let reading = std::thread::spawn(move || {
        let mut at = 0;
        while at < answered.len() {
            let now = (answered.len() - at).min(1 + next(&mut read_seed) % 30_000);
            expect(&mut stream, &answered[at..at + now]);
            at += now;
            hesitate(&mut read_seed);
        }
        assert!(rest(&mut stream).is_empty());
    });
    (writing, reading)
}

#[test]
fn thousands_come_and_go_and_leave_nothing() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let before = server.counters().buffer_bytes;
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let address = server.address();
                std::thread::spawn(move || {
                    let mut seed = client;
                    for _ in 0..CHURN / 4 / 10 {
                        let mut streams: Vec<_> =
                            (0..10).map(|_| TcpStream::connect(&address).expect("connect")).collect();
                        for stream in &mut streams {
                            leave(stream, next(&mut seed) % 6);
                        }
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().expect("client");
        }
        eventually("all accepted", || server.counters().accepted == CHURN as u64);
        eventually("all opened", || server.watch.opened.load(Ordering::Relaxed) == CHURN as u64);
        server.watch.parked.lock().drain(..).for_each(common::Parked::resume);
        server.expect_quiet();
        assert_eq!(server.handle().counters().connections_by_worker(), [0, 0]);
        let allowed = before + 2 * 16 * (16 << 10) * 2;
        eventually("buffers given back", || server.counters().buffer_bytes <= allowed);
    });
}

/// Ends in one of many ways.
fn leave(stream: &mut TcpStream, way: usize) {
    match way {
        0 => {}
        1 => ask(stream, b"E5\nhello", b"hello"),
        2 => {
            // A reset, with replies under way.
            stream.write_all(b"R500000\n").expect("send");
            socket2::SockRef::from(&*stream).set_linger(Some(std::time::Duration::ZERO)).expect("linger");
        }
        3 => stream.write_all(b"E100\nincomplete").expect("send"),
        4 => {
            stream.write_all(b"P1\n").expect("send");
            socket2::SockRef::from(&*stream).set_linger(Some(std::time::Duration::ZERO)).expect("linger");
        }
        _ => ask(stream, b"Q\n", b"bye\n"),
    }
}

#[test]
fn idle_connections_hold_no_buffers() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let before = server.counters().buffer_bytes;
        let mut streams: Vec<_> = (0..600).map(|_| server.connect()).collect();
        for stream in &mut streams {
            stream.write_all(b"E4\nping").expect("send");
        }
        for stream in &mut streams {
            expect(stream, b"ping");
        }
        // Per worker what a pool keeps warm, and replies that went out in the last tick.
        let allowed = before + 2 * (16 + 64) * (16 << 10);
        eventually("buffers given back", || server.counters().buffer_bytes <= allowed);
        drop(streams);
        server.expect_quiet();
    });
}

#[test]
fn batches_span_connections() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        let server = Server::with(options, b"");
        let mut streams: Vec<_> = (0..200).map(|_| server.connect()).collect();
        for _ in 0..20 {
            for stream in &mut streams {
                stream.write_all(b"E4\nping").expect("send");
            }
            for stream in &mut streams {
                expect(stream, b"ping");
            }
        }
        assert!(server.watch.largest_batch.load(Ordering::Relaxed) > 1);
        drop(streams);
        server.expect_quiet();
    });
}
