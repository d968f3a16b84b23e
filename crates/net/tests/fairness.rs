//! No connection has a worker for itself.

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use common::on_both;
use common::server::{Server, ask, eventually, options, rest};
use parking_lot::Mutex;
use ringstone_net::{
    Body, CloseReason, ConnectionInfo, ListenAddress, Listener, Next, Output, Resumed, Runtime, Service, Turn, serve,
};

#[test]
fn a_ping_is_answered_while_another_connection_floods() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        let server = Server::with(options, b"");
        let flooding = Arc::new(AtomicBool::new(true));
        let mut flood = server.connect();
        let mut reader = flood.try_clone().expect("clone");
        let on = Arc::clone(&flooding);
        let writer = std::thread::spawn(move || {
            let requests = b"E1\nx".repeat(4096);
            while on.load(Ordering::Relaxed) {
                flood.write_all(&requests).expect("send");
            }
            flood.shutdown(std::net::Shutdown::Write).expect("shutdown");
        });
        let drain = std::thread::spawn(move || rest(&mut reader).len());
        eventually("yields", || server.counters().yields > 0);
        let mut ping = server.connect();
        for _ in 0..200 {
            ask(&mut ping, b"E4\nping", b"ping");
        }
        flooding.store(false, Ordering::Relaxed);
        writer.join().expect("writer");
        assert!(drain.join().expect("reader") >= 4096);
        drop(ping);
        server.expect_quiet();
    });
}

/// Length of the reply, and of the pieces in which it is sent.
const REPLY: usize = 4 << 20;
const PIECE: usize = 1024;

#[derive(Default)]
struct Shared {
    ticks: AtomicU64,
    /// Of the ticks: before and after the reply was sent.
    span: Mutex<(u64, u64)>,
    /// The peer's end.
    peer: Mutex<Option<UnixStream>>,
}

/// A reply whose peer has always read what was sent, so that the socket never says that it is full.
struct Endless(Arc<Shared>);

impl Body for Endless {
    fn len(&self) -> usize {
        REPLY
    }
    fn chunk_at(&self, offset: usize) -> &[u8] {
        let mut piece = [0; 65536];
        if let Some(peer) = &mut *self.0.peer.lock() {
            while peer.read(&mut piece).is_ok_and(|bytes| bytes > 0) {}
        }
        &[0; PIECE][..PIECE.min(REPLY - offset)]
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.span.lock().1 = self.0.ticks.load(Ordering::Relaxed);
    }
}

struct Once(Arc<Shared>);

impl Service for Once {
    type Connection = ();
    type Body = Endless;
    type Completion = ();

    fn open(&mut self, _info: &ConnectionInfo, _output: &mut Output<Endless>) {}
    fn run(&mut self, batch: &mut [Turn<'_, (), Endless>], _arrived_ns: u64) {
        for turn in batch.iter_mut().filter(|turn| !turn.input.is_empty()) {
            turn.consumed = turn.input.len();
            turn.next = Next::Close;
            self.0.span.lock().0 = self.0.ticks.load(Ordering::Relaxed);
            turn.output.write_body(Endless(Arc::clone(&self.0)));
        }
    }
    fn body_room<'c>(&mut self, _connection: &'c mut ()) -> Option<&'c mut [u8]> {
        None
    }
    fn body_filled(&mut self, _connection: &mut (), _bytes: usize) -> bool {
        true
    }
    fn is_between_messages(&self, _connection: &()) -> bool {
        true
    }
    fn resume(&mut self, _connection: &mut (), _completion: ()) -> Resumed {
        Resumed::Turn
    }
    fn close(&mut self, _connection: (), _reason: CloseReason) {}
    fn end_of_tick(&mut self) {
        self.0.ticks.fetch_add(1, Ordering::Relaxed);
    }
}

fn reply_spans_ticks(runtime: Runtime) {
    let path = std::env::temp_dir().join(format!("ringstone-{}-fairness-{runtime:?}", std::process::id()));
    std::fs::remove_file(&path).ok();
    let mut options = options(runtime);
    options.workers = 1;
    options.output_pause = 2 * REPLY;
    options.listeners = vec![Listener { address: ListenAddress::Unix(path.clone()), refusal: b"" }];
    let shared = Arc::new(Shared::default());
    let served = Arc::clone(&shared);
    let handle = serve(options, move |_| Once(Arc::clone(&served)), Arc::new(|_| {})).expect("serve");
    let mut stream = UnixStream::connect(&path).expect("connect");
    let peer = stream.try_clone().expect("clone");
    peer.set_nonblocking(true).expect("nonblocking");
    *shared.peer.lock() = Some(peer);
    stream.write_all(b"x").expect("send");
    eventually("the reply", || handle.counters().snapshot().closed.iter().sum::<u64>() == 1);
    let (before, after) = *shared.span.lock();
    assert_eq!(handle.counters().snapshot().bytes_written, REPLY as u64);
    assert!(after - before >= 10, "{runtime:?}: {REPLY} bytes in {} ticks", after - before);
    handle.finish(10_000);
}

/// Others have their turns while a long reply goes out to a peer that reads as fast as we send.
#[test]
fn a_long_reply_is_sent_over_many_ticks() {
    on_both(reply_spans_ticks);
}
