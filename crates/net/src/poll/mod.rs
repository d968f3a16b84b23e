//! The runtime over mio: epoll or kqueue, edge-triggered.
//!
//! Per ready connection and tick: one `recv` (a short one means that the socket is drained; a second is made only when
//! the first was full or the peer has hung up) and one `send` or `sendmsg`.

use std::io::{self, IoSlice};
use std::rc::Rc;
use std::time::Duration;

use arrayvec::ArrayVec;
use mio::unix::SourceFd;
use mio::{Events, Interest, Token};

use crate::buffer::Buffer;
use crate::buffer::pool::BufferPool;
use crate::connection::Key;
use crate::counters::WorkerCounters;
use crate::event_loop::{Context, EventLoop, Linked};
use crate::sys::{self, Socket};
use crate::{CloseReason, Service};

/// Readinesses taken from the system at once; more are taken in the next tick.
const EVENTS: usize = 1024;
/// Receives of one connection in one tick: several only for bodies, whose rooms may be short.
const RECEIVES: usize = 8;
/// Sends of one connection in one tick: more only for replies of more than `PIECES`, to a peer that reads as fast.
const SENDS: usize = 4;
/// Pieces of one `sendmsg`.
const PIECES: usize = 64;
/// The token of the waker; no key has it.
pub(crate) const WAKE: Token = Token(usize::MAX);

// Keys are tokens.
const _: () = assert!(usize::BITS >= 64);

/// epoll or kqueue.
pub(crate) struct Poll {
    poll: mio::Poll,
    events: Events,
    noted: Vec<(Key, Readiness)>,
    next: usize,
    pool: Rc<BufferPool>,
}

/// What mio says of a socket.
#[derive(Clone, Copy)]
pub(crate) struct Readiness {
    readable: bool,
    writable: bool,
    hung_up: bool,
    error: bool,
}

/// What is known of a socket.
#[derive(Default)]
pub(crate) struct Link {
    /// An edge was seen, and no short receive since.
    readable: bool,
    /// The peer has hung up: only a receive of nothing means drained.
    hung_up: bool,
    /// The socket's buffer is full: no send before the next edge.
    blocked: bool,
}

impl Poll {
    /// `poll` already has the waker registered as `WAKE`.
    pub(crate) fn new(poll: mio::Poll, pool: Rc<BufferPool>) -> Self {
        Self { poll, events: Events::with_capacity(EVENTS), noted: Vec::with_capacity(EVENTS), next: 0, pool }
    }

    /// One receive into the service's room. False if there is no such room.
    fn receive_body<S: Service>(connection: &mut Linked<S, Self>, context: &mut Context<'_, S>) -> bool {
        let Some(state) = connection.state.as_mut() else { return false };
        let Some(room) = context.service.body_room(state).filter(|room| !room.is_empty()) else { return false };
        let asked = room.len();
        match connection.socket.receive(room) {
            Ok(0) => connection.ended(),
            Ok(got) => {
                connection.touched = true;
                connection.link.got(got, asked);
                context.counters.read(got);
                connection.turn_due = context.service.body_filled(state, got);
            }
            Err(error) => failed(connection, &error),
        }
        true
    }

    /// One receive into the input.
    fn receive_input<S: Service>(&self, connection: &mut Linked<S, Self>, context: &mut Context<'_, S>) {
        let missing = connection.need.saturating_sub(connection.input.len());
        // With a tail, half a unit at least: less would make many small receives of one large one.
        let least = if connection.input.is_empty() { self.pool.unit() } else { self.pool.unit() / 2 };
        let room = connection.input.room(&self.pool, missing.max(least));
        if let Some(replaced) = room.replaced {
            self.pool.release(replaced);
        }
        let asked = room.bytes.len();
        match connection.socket.receive(room.bytes) {
            Ok(0) => connection.ended(),
            Ok(got) => {
                connection.link.got(got, asked);
                context.counters.read(got);
                connection.input.filled(got);
                connection.received();
            }
            Err(error) => failed(connection, &error),
        }
    }

    fn release(&self, buffer: Option<Buffer>) {
        if let Some(buffer) = buffer {
            self.pool.release(buffer);
        }
    }
}

impl Link {
    /// A short receive has drained the socket; after a hang-up only the end has.
    #[inline]
    fn got(&mut self, got: usize, asked: usize) {
        self.readable = got == asked || self.hung_up;
    }
}

fn failed<S: Service>(connection: &mut Linked<S, Poll>, error: &io::Error) {
    match error.kind() {
        io::ErrorKind::WouldBlock => connection.link.readable = false,
        io::ErrorKind::Interrupted => {}
        _ => connection.broken = Some(sys::close_reason(error)),
    }
}

impl<S: Service> EventLoop<S> for Poll {
    type Link = Link;
    type Event = Readiness;

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.noted.clear();
        self.next = 0;
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in self.events.iter().filter(|event| event.token() != WAKE) {
            let readiness = Readiness {
                readable: event.is_readable(),
                writable: event.is_writable(),
                hung_up: event.is_read_closed(),
                error: event.is_error(),
            };
            self.noted.push((Key::from_bits(event.token().0 as u64), readiness));
        }
        Ok(())
    }

    #[inline]
    fn next_event(&mut self) -> Option<(Key, Readiness)> {
        let event = self.noted.get(self.next).copied();
        self.next += 1;
        event
    }

    fn attach(&mut self, key: Key, socket: &Socket) -> io::Result<Link> {
        let token = Token(key.to_bits() as usize);
        self.poll.registry().register(&mut SourceFd(&socket.fd()), token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Link::default())
    }

    #[inline]
    fn apply(&mut self, connection: &mut Linked<S, Self>, event: Readiness, _counters: &WorkerCounters) -> bool {
        connection.link.readable |= event.readable || event.hung_up || event.error;
        connection.link.hung_up |= event.hung_up;
        let unblocked = event.writable && connection.link.blocked;
        connection.link.blocked &= !event.writable;
        if event.error && !connection.may_receive() {
            // Nobody will read the error from the socket soon.
            connection.broken = Some(CloseReason::Peer);
        }
        unblocked || (connection.link.readable && connection.may_receive())
    }

    fn receive(&mut self, connection: &mut Linked<S, Self>, context: &mut Context<'_, S>) {
        for _ in 0..RECEIVES {
            if !connection.link.readable || !connection.may_receive() || connection.broken.is_some() {
                return;
            }
            if !connection.input.is_empty() || !Self::receive_body(connection, context) {
                self.receive_input(connection, context);
            }
        }
    }

    #[inline]
    fn has_more(&self, connection: &Linked<S, Self>) -> bool {
        connection.link.readable && !connection.output_paused
    }

    fn is_quiet(&mut self, connection: &Linked<S, Self>) -> bool {
        // What came after the last look is as if it had come after the close.
        !connection.link.readable
    }

    fn suspect(&mut self, connection: &mut Linked<S, Self>) {
        connection.link.readable = true;
    }

    fn flush(&mut self, connection: &mut Linked<S, Self>, counters: &WorkerCounters) -> Result<(), CloseReason> {
        for _ in 0..SENDS {
            if connection.output.is_empty() || connection.link.blocked {
                break;
            }
            let pending = connection.output.pending();
            let (asked, result) = match pending.single() {
                Some(bytes) => (bytes.len(), connection.socket.send(bytes)),
                None => {
                    let mut pieces: ArrayVec<IoSlice<'_>, PIECES> = ArrayVec::new();
                    pending.pieces(|piece| {
                        pieces.push(IoSlice::new(piece));
                        !pieces.is_full()
                    });
                    (pieces.iter().map(|piece| piece.len()).sum(), connection.socket.send_pieces(&pieces))
                }
            };
            match result {
                // A body that is shorter than it said: its reply cannot be completed.
                Ok(0) => return Err(CloseReason::Error),
                Ok(sent) => {
                    connection.touched = true;
                    connection.link.blocked = sent < asked;
                    counters.written(sent);
                    connection.output.advance(sent);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => connection.link.blocked = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(sys::close_reason(&error)),
            }
        }
        Ok(())
    }

    #[inline]
    fn may_send(&self, connection: &Linked<S, Self>) -> bool {
        !connection.link.blocked && !connection.output.is_empty()
    }

    #[inline]
    fn unsent(&self, connection: &Linked<S, Self>) -> usize {
        connection.output.len()
    }

    #[inline]
    fn stuck(&self, connection: &Linked<S, Self>) -> usize {
        connection.output.len()
    }

    #[inline]
    fn rest(&mut self, connection: &mut Linked<S, Self>, _wanted: bool) {
        let buffer =
            if connection.ending.is_some() { connection.input.take() } else { connection.input.take_if_empty() };
        self.release(buffer);
    }

    fn next_revived(&mut self) -> Option<Key> {
        None
    }

    fn revive(&mut self, _connection: &mut Linked<S, Self>) {}

    fn close(&mut self, connection: &mut Linked<S, Self>) -> bool {
        let buffer = connection.input.take();
        self.release(buffer);
        // Closing the descriptor takes it out of epoll and kqueue; the token's generation catches what is noted already.
        true
    }

    fn settle(&mut self, _connection: &mut Linked<S, Self>) -> bool {
        true
    }

    fn buffer_bytes(&self) -> usize {
        0
    }
}
