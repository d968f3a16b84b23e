//! Bytes go in and come out whole, however they are cut.

mod common;

use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use common::on_both;
use common::server::{Server, ask, eventually, expect, options, pattern, rest};
use ringstone_net::{CloseReason, ListenAddress, Listener};

#[test]
fn echoes_over_v4_and_v6() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options
            .listeners
            .push(Listener { address: ListenAddress::Tcp("[::1]:0".parse().expect("address")), refusal: b"" });
        let server = Server::with(options, b"hhhh");
        ask(&mut server.connect(), b"E5\nhello", b"hello");
        let address = server.handle().local_addresses()[1].clone();
        let mut stream = std::net::TcpStream::connect(address).expect("connect");
        ask(&mut stream, b"E5\nhello", b"hhhhhello");
        drop(stream);
        server.expect_quiet();
    });
}

/// Requests of every kind with their replies.
fn dialogue() -> (Vec<u8>, Vec<u8>) {
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    for len in [0, 1, 10, 33] {
        let bytes = pattern(len);
        requests.extend_from_slice(format!("E{len}\n").as_bytes());
        requests.extend_from_slice(&bytes);
        replies.extend_from_slice(&bytes);
        requests.extend_from_slice(b"R3\n");
        replies.extend_from_slice(b"rrr");
        if len > 0 {
            requests.extend_from_slice(format!("B{len}\n").as_bytes());
            requests.extend_from_slice(&bytes);
            replies.extend_from_slice(format!("{len}\n").as_bytes());
            replies.extend_from_slice(&bytes);
        }
    }
    (requests, replies)
}

#[test]
fn a_pipeline_split_at_every_byte_is_answered_alike() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let (requests, replies) = dialogue();
        let mut stream = server.connect();
        for at in 0..=requests.len() {
            stream.write_all(&requests[..at]).expect("send");
            // Long enough, as a rule, for the server to see the parts apart; correct without.
            std::thread::sleep(Duration::from_millis(1));
            stream.write_all(&requests[at..]).expect("send");
            expect(&mut stream, &replies);
        }
        for byte in &requests {
            stream.write_all(std::slice::from_ref(byte)).expect("send");
            std::thread::yield_now();
        }
        expect(&mut stream, &replies);
        drop(stream);
        server.expect_quiet();
    });
}

#[test]
fn long_pipelines_cross_many_buffers() {
    on_both(|runtime| {
        for read_buffer_size in [4096, 16 << 10] {
            let mut options = options(runtime);
            options.read_buffer_size = read_buffer_size;
            let server = Server::with(options, b"");
            let (requests, replies) = dialogue();
            let mut stream = server.connect();
            let mut writer = stream.try_clone().expect("clone");
            let sender = std::thread::spawn(move || writer.write_all(&requests.repeat(2000)).expect("send"));
            expect(&mut stream, &replies.repeat(2000));
            sender.join().expect("sender");
            drop(stream);
            server.expect_quiet();
        }
    });
}

#[test]
fn large_bodies_both_ways() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut clients = Vec::new();
        for len in [1, 16 << 10, (64 << 10) + 1, 8 << 20] {
            let mut stream = server.connect();
            clients.push(std::thread::spawn(move || {
                let body = pattern(len);
                let mut request = format!("B{len}\n").into_bytes();
                request.extend_from_slice(&body);
                // What follows a body is not part of it.
                request.extend_from_slice(b"E2\nok");
                let mut reply = format!("{len}\n").into_bytes();
                reply.extend_from_slice(&body);
                reply.extend_from_slice(b"ok");
                for _ in 0..3 {
                    let mut writer = stream.try_clone().expect("clone");
                    let request = request.clone();
                    let sender = std::thread::spawn(move || writer.write_all(&request).expect("send"));
                    expect(&mut stream, &reply);
                    sender.join().expect("sender");
                }
            }));
        }
        for client in clients {
            client.join().expect("client");
        }
        server.expect_quiet();
    });
}

#[test]
fn bodies_that_arrive_while_output_is_paused_stay_bodies() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.output_pause = 64 << 10;
        let server = Server::with(options, b"");
        for len in [3000, 32 << 10, 200_000] {
            let (body, count) = (pattern(len), 20_000_000 / len);
            let mut request = format!("B{len}\n").into_bytes();
            request.extend_from_slice(&body);
            let pauses = server.counters().output_pauses;
            let mut stream = server.connect();
            let mut writer = stream.try_clone().expect("clone");
            let sender = std::thread::spawn(move || (0..count).for_each(|_| writer.write_all(&request).expect("send")));
            eventually("a pause", || server.counters().output_pauses > pauses);
            for _ in 0..count {
                expect(&mut stream, format!("{len}\n").as_bytes());
                expect(&mut stream, &body);
            }
            sender.join().expect("sender");
        }
        server.expect_quiet();
    });
}

#[test]
fn messages_longer_than_a_buffer_are_contiguous() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut stream = server.connect();
        for len in [16 << 10, 100_000, (1 << 20) - 20] {
            let bytes = pattern(len);
            let mut request = format!("E{len}\n").into_bytes();
            request.extend_from_slice(&bytes);
            let mut writer = stream.try_clone().expect("clone");
            let sender = std::thread::spawn(move || writer.write_all(&request).expect("send"));
            expect(&mut stream, &bytes);
            sender.join().expect("sender");
        }
        stream.write_all(format!("E{}\n", 1 << 20).as_bytes()).expect("send");
        assert!(rest(&mut stream).is_empty(), "above input_limit the connection is closed");
        server.expect_quiet();
        assert_eq!(server.closed_for(CloseReason::InputLimit), 1);
    });
}

#[test]
fn a_half_closed_connection_gets_its_replies() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut stream = server.connect();
        let mut request = b"E3\nabc".repeat(1000);
        request.extend_from_slice(b"E9\nincompl");
        stream.write_all(&request).expect("send");
        stream.shutdown(Shutdown::Write).expect("shutdown");
        assert_eq!(rest(&mut stream), b"abc".repeat(1000));
        let mut body = server.connect();
        body.write_all(b"B100\nshort").expect("send");
        body.shutdown(Shutdown::Write).expect("shutdown");
        assert_eq!(rest(&mut body), b"");
        server.expect_quiet();
        assert_eq!(server.closed_for(CloseReason::Peer), 2);
    });
}

#[test]
fn close_sends_what_is_queued_first() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut stream = server.connect();
        stream.write_all(b"R3000000\nQ\n").expect("send");
        let got = rest(&mut stream);
        assert_eq!((got.len(), &got[got.len() - 4..]), (3_000_004, &b"bye\n"[..]));
        server.expect_quiet();
        assert_eq!(server.closed_for(CloseReason::Service), 1);
        assert_eq!(server.counters().bytes_written, 3_000_004);
        assert_eq!(server.counters().bytes_read, 11);
    });
}
