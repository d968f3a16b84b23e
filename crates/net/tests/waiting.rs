//! Connections on which nothing can happen cost nothing, whatever they wait for.

mod common;

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::on_both;
use common::server::{Server, ask, eventually, options, rest};
use ringstone_net::CloseReason;

/// Waits until the workers sleep: no tick in a number of looks in a row.
fn expect_sleep(server: &Server) {
    let ticks = || server.watch.ticks.load(Ordering::Relaxed);
    let asleep = || {
        let before = ticks();
        (0..20).all(|_| {
            std::thread::sleep(Duration::from_millis(5));
            ticks() == before
        })
    };
    eventually("sleep", asleep);
}

/// Sends as many requests as go without anybody reading; the last may be incomplete.
fn stuff(stream: &TcpStream) {
    stream.set_nonblocking(true).expect("nonblocking");
    let requests = b"E4\nabcd".repeat(1000);
    let (mut at, mut tries) = (0, 0);
    while tries < 20 {
        match (&*stream).write(&requests[at..]) {
            Ok(sent) => (at, tries) = ((at + sent) % requests.len(), 0),
            Err(_) => tries += 1,
        }
        std::thread::sleep(Duration::from_millis(u64::from(tries > 0)));
    }
    stream.set_nonblocking(false).expect("blocking");
}

/// One connection in each state in which it waits.
fn waiting(server: &Server) -> Vec<TcpStream> {
    let with = |bytes: &[u8]| {
        let mut stream = server.connect();
        stream.write_all(bytes).expect("send");
        stream
    };
    let mut streams = vec![
        with(b""),
        with(b"E10\nabc"),
        with(b"B10\nabc"),
        with(b"B200000\nabc"),
        with(b"S10\nabc"),
        // Replies that nobody reads, then the end of the server's or of the peer's side.
        with(b"R50000000\n"),
        with(b"R50000000\nQ\nE1\nx"),
        with(b"R50000000\nR50000000\n"),
        // Parked, with and without more.
        with(b"P1\n"),
        with(b"P1\nE10\nabc"),
    ];
    for bytes in [&b"P1\n"[..], b"R50000000\nE1\nx", b"R50000000\nP1\n"] {
        let stream = with(bytes);
        stream.shutdown(Shutdown::Write).expect("shutdown");
        streams.push(stream);
    }
    let urgent = with(b"E10\nabc");
    socket2::SockRef::from(&urgent).send_out_of_band(b"!").expect("send");
    streams.push(urgent);
    for bytes in [&b"P1\n"[..], b"R50000000\n"] {
        let stream = with(bytes);
        stuff(&stream);
        streams.push(stream);
    }
    eventually("all that park", || server.watch.parked.lock().len() == 5);
    eventually("all that are paused", || server.counters().output_pauses >= 6);
    expect_sleep(server);
    streams
}

#[test]
fn connections_that_wait_cost_nothing() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.output_limit = 1 << 30;
        let server = Server::with(options, b"");
        let streams = waiting(&server);
        assert_eq!(server.counters().connections, streams.len() as u64);
        ask(&mut server.connect(), b"E1\nx", b"x");
        expect_sleep(&server);
        server.drain();
        // Only those close that have nothing to do.
        eventually("the idle one's end", || server.counters().connections == streams.len() as u64 - 1);
        expect_sleep(&server);
        assert_eq!(server.closed_for(CloseReason::Shutdown), 1);
        assert!(!server.finish(1).0);
    });
}

#[test]
fn peers_that_reset_are_noticed_in_every_state_but_parked() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.output_limit = 1 << 30;
        let server = Server::with(options, b"");
        let streams = waiting(&server);
        for stream in &streams {
            socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).expect("linger");
        }
        drop(streams);
        eventually("the ends", || {
            let parked = server.watch.parked.lock().len() as u64;
            server.counters().connections <= parked
        });
        expect_sleep(&server);
        server.watch.parked.lock().drain(..).for_each(common::Parked::resume);
        server.expect_quiet();
        assert_eq!(server.watch.reasons.lock().iter().filter(|&&reason| reason != CloseReason::Peer).count(), 0);
    });
}

#[test]
fn waiting_connections_go_on_when_they_can() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.output_limit = 1 << 30;
        let server = Server::with(options, b"");
        let mut streams = waiting(&server);
        server.watch.parked.lock().drain(..).for_each(common::Parked::resume);
        for stream in &streams {
            stream.shutdown(Shutdown::Write).ok();
        }
        let lengths: Vec<usize> = streams.iter_mut().map(|stream| rest(stream).len()).collect();
        assert_eq!(
            lengths[..14],
            [0, 0, 0, 0, 0, 50_000_000, 50_000_004, 100_000_000, 3, 3, 3, 50_000_001, 50_000_003, 0]
        );
        assert!(lengths[14] > 100_000 && lengths[15] > 50_100_000, "{lengths:?}");
        server.expect_quiet();
    });
}

/// Of a peer's data and its reset behind it, both there before the worker looks, neither is forgotten.
#[test]
fn a_reset_behind_data_is_seen() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        let server = Server::with(options, b"");
        // The start of a value, so that a receive has been woken before.
        let mut streams: Vec<_> = (0..40).map(|_| server.connect()).collect();
        for stream in &mut streams {
            ask(stream, b"E1\nx", b"x");
            stream.write_all(b"B1000000\nabc").expect("send");
        }
        let blocker = server.while_the_worker_waits(|| {
            for (index, mut stream) in streams.drain(..).enumerate() {
                stream.write_all(&vec![b'x'; 1 << (index % 18)]).expect("send");
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("linger");
            }
        });
        eventually("all are closed", || server.closed_for(CloseReason::Peer) == 40);
        drop(blocker);
    });
}
