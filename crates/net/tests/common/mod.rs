//! A service with a small line protocol that uses every feature of the loop, and a server around it.
//!
//! ```text
//! E<len>\n<bytes>   echoes the bytes from the input
//! B<len>\n<bytes>   receives the bytes into a room of its own, answers "<len>\n" and the bytes as a body
//! S<len>\n<bytes>   skips the bytes, answers "s\n"
//! R<len>\n          answers <len> bytes
//! P<n>\n            parks; another thread resumes it; answers "p<n>\n"
//! W\n               waits for `Watch::gate`, and with it the whole worker
//! Q\n               answers "bye\n" and closes
//! X\n               panics
//! ```
#![allow(dead_code, reason = "every test binary uses a part")]

pub mod server;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use ringstone_net::{
    BATCH, Body, CloseReason, ConnectionId, ConnectionInfo, Mailbox, Next, Output, Resumed, Runtime, Service, Turn,
};

/// Requests of one connection in one turn.
pub const SHARE: usize = 64;

/// A body in extents of 64 KiB, as a large value in a store has.
pub struct Extents {
    extents: Vec<Box<[u8]>>,
    len: usize,
    /// Counts the bodies that live.
    alive: Arc<AtomicU64>,
}

const EXTENT: usize = 64 << 10;

impl Extents {
    fn new(len: usize, alive: &Arc<AtomicU64>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        let extents = (0..len).step_by(EXTENT).map(|at| vec![0; EXTENT.min(len - at)].into()).collect();
        Self { extents, len, alive: Arc::clone(alive) }
    }
}

impl Drop for Extents {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Body for Extents {
    fn len(&self) -> usize {
        self.len
    }
    fn chunk_at(&self, offset: usize) -> &[u8] {
        self.extents.get(offset / EXTENT).map_or(&[], |extent| &extent[offset % EXTENT..])
    }
}

/// What the tests look at from outside.
#[derive(Default)]
pub struct Watch {
    pub opened: AtomicU64,
    pub reasons: Mutex<Vec<CloseReason>>,
    pub ids: Mutex<Vec<ConnectionId>>,
    pub bodies_alive: Arc<AtomicU64>,
    pub completions_alive: Arc<AtomicU64>,
    pub resumed: AtomicU64,
    pub largest_batch: AtomicU64,
    pub ticks: AtomicU64,
    /// Held by a test so that a worker waits in its service.
    pub gate: Mutex<()>,
    /// Workers that have come to the gate so far.
    pub at_gate: AtomicU64,
    /// Where parked requests go: connection, number, mailbox.
    pub parked: Mutex<Vec<Parked>>,
}

pub struct Parked {
    pub connection: ConnectionId,
    pub number: u64,
    pub mailbox: Mailbox<Done>,
    alive: Arc<AtomicU64>,
}

impl Parked {
    pub fn resume(self) {
        self.alive.fetch_add(1, Ordering::Relaxed);
        self.mailbox.post(self.connection, Done { number: self.number, alive: Arc::clone(&self.alive) });
    }
}

/// A completion that counts itself.
pub struct Done {
    number: u64,
    alive: Arc<AtomicU64>,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

pub struct Toy {
    pub watch: Arc<Watch>,
    pub mailbox: Mailbox<Done>,
    pub greeting: &'static [u8],
}

pub struct ToyConnection {
    id: ConnectionId,
    receiving: Option<(Extents, usize)>,
    /// Bytes that are still to be skipped.
    skipping: Option<usize>,
    done: VecDeque<u64>,
    parked: bool,
}

enum Step {
    Consumed(usize),
    Need(usize),
    Body(usize, usize),
    Skip(usize, usize),
    Wait(usize),
    Park(usize, u64),
    Quit(usize),
}

fn parse(input: &[u8], output: &mut Output<Extents>) -> Step {
    let Some(line) = input.iter().position(|&byte| byte == b'\n') else { return Step::Need(0) };
    let number = std::str::from_utf8(&input[1..line]).expect("text").parse().unwrap_or(0usize);
    let after = line + 1;
    match input[0] {
        b'E' if input.len() < after + number => Step::Need(after + number),
        b'E' => {
            output.write(&input[after..after + number]);
            Step::Consumed(after + number)
        }
        b'B' => Step::Body(after, number),
        b'S' => Step::Skip(after, number),
        b'W' => Step::Wait(after),
        b'R' => {
            let piece = [b'r'; 1000];
            for at in (0..number).step_by(piece.len()) {
                output.write(&piece[..piece.len().min(number - at)]);
            }
            Step::Consumed(after)
        }
        b'P' => Step::Park(after, number as u64),
        b'Q' => Step::Quit(after),
        b'X' => panic!("asked for"),
        other => panic!("unknown command {other}"),
    }
}

fn write_number(output: &mut Output<Extents>, prefix: &str, number: u64) {
    use std::io::Write;
    let room = output.room(32);
    let len = room.len();
    let mut rest = &mut room[..];
    writeln!(rest, "{prefix}{number}").expect("room");
    let used = len - rest.len();
    output.commit(used);
}

impl Toy {
    fn turn(&self, turn: &mut Turn<'_, ToyConnection, Extents>) {
        let connection = &mut *turn.connection;
        assert!(!connection.parked, "a parked connection gets no turn");
        if let Some((body, filled)) = connection.receiving.take() {
            if filled < body.len {
                assert!(turn.end_of_input, "a turn before the body is complete");
                return;
            }
            write_number(turn.output, "", body.len as u64);
            turn.output.write_body(body);
        }
        while let Some(number) = connection.done.pop_front() {
            write_number(turn.output, "p", number);
        }
        for _ in 0..SHARE {
            if let Some(left) = connection.skipping.take() {
                let now = left.min(turn.input.len() - turn.consumed);
                turn.consumed += now;
                if now < left {
                    connection.skipping = Some(left - now);
                    return;
                }
                turn.output.write(b"s\n");
            }
            if turn.consumed == turn.input.len() {
                return;
            }
            match parse(&turn.input[turn.consumed..], turn.output) {
                Step::Consumed(bytes) => turn.consumed += bytes,
                Step::Need(bytes) => {
                    turn.need = bytes;
                    return;
                }
                Step::Body(bytes, len) => {
                    turn.consumed += bytes;
                    connection.receiving = Some((Extents::new(len, &self.watch.bodies_alive), 0));
                    return;
                }
                Step::Skip(bytes, len) => {
                    turn.consumed += bytes;
                    connection.skipping = Some(len);
                }
                Step::Wait(bytes) => {
                    turn.consumed += bytes;
                    self.watch.at_gate.fetch_add(1, Ordering::Relaxed);
                    drop(self.watch.gate.lock());
                }
                Step::Park(bytes, number) => {
                    turn.consumed += bytes;
                    turn.next = Next::Park;
                    connection.parked = true;
                    let alive = Arc::clone(&self.watch.completions_alive);
                    let mailbox = self.mailbox.clone();
                    self.watch.parked.lock().push(Parked { connection: connection.id, number, mailbox, alive });
                    return;
                }
                Step::Quit(bytes) => {
                    turn.consumed += bytes;
                    turn.output.write(b"bye\n");
                    turn.next = Next::Close;
                    return;
                }
            }
        }
        turn.next = Next::Yield;
    }
}

impl Service for Toy {
    type Connection = ToyConnection;
    type Body = Extents;
    type Completion = Done;

    fn open(&mut self, info: &ConnectionInfo, output: &mut Output<Extents>) -> ToyConnection {
        self.watch.opened.fetch_add(1, Ordering::Relaxed);
        self.watch.ids.lock().push(info.id);
        output.write(self.greeting);
        ToyConnection { id: info.id, receiving: None, skipping: None, done: VecDeque::new(), parked: false }
    }

    fn run(&mut self, batch: &mut [Turn<'_, ToyConnection, Extents>], arrived_ns: u64) {
        assert!(!batch.is_empty() && batch.len() <= BATCH && arrived_ns > 0);
        self.watch.largest_batch.fetch_max(batch.len() as u64, Ordering::Relaxed);
        for turn in batch {
            self.turn(turn);
        }
    }

    fn body_room<'c>(&mut self, connection: &'c mut ToyConnection) -> Option<&'c mut [u8]> {
        let (body, filled) = connection.receiving.as_mut()?;
        let extent = body.extents.get_mut(*filled / EXTENT)?;
        Some(&mut extent[*filled % EXTENT..])
    }

    fn body_filled(&mut self, connection: &mut ToyConnection, bytes: usize) -> bool {
        let (body, filled) = connection.receiving.as_mut().expect("a body is being received");
        *filled += bytes;
        assert!(*filled <= body.len);
        *filled == body.len
    }

    fn is_between_messages(&self, connection: &ToyConnection) -> bool {
        connection.receiving.is_none() && connection.skipping.is_none()
    }

    fn resume(&mut self, connection: &mut ToyConnection, completion: Done) -> Resumed {
        assert!(connection.parked, "only parked connections are resumed");
        connection.parked = false;
        connection.done.push_back(completion.number);
        self.watch.resumed.fetch_add(1, Ordering::Relaxed);
        Resumed::Turn
    }

    fn end_of_tick(&mut self) {
        self.watch.ticks.fetch_add(1, Ordering::Relaxed);
    }

    fn close(&mut self, connection: ToyConnection, reason: CloseReason) {
        drop(connection);
        self.watch.reasons.lock().push(reason);
    }
}

/// Runs `body` once on each runtime; says so where io_uring does not work.
pub fn on_both(body: impl Fn(Runtime)) {
    body(Runtime::Mio);
    match ringstone_net::probe_uring() {
        Ok(_) => body(Runtime::Uring),
        Err(reason) => eprintln!("io_uring is unavailable here, tested on mio only: {reason}"),
    }
}

/// A generator of numbers that need not be good.
pub fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (*seed >> 33) as usize
}
