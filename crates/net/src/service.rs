//! What the program above the sockets is: the `Service` trait and the words in which it talks with the loop.

use std::sync::Arc;

use crate::{Body, Counters, Mailbox, Output};

/// Turns in one batch at most, and requests that a service should take from all of them before it executes.
pub const BATCH: usize = 32;

/// A connection within its server: generation, worker and slot, so that a late completion cannot meet a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

/// What is known of a connection when it is accepted.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// Identity for completions.
    pub id: ConnectionId,
    /// Counts up from 1 in the order of acceptance, over all workers (RESP `CLIENT ID`).
    pub serial: u64,
    /// Index into `NetOptions::listeners`.
    pub listener: usize,
    /// Peer and local address as text (`127.0.0.1:4242`, `[::1]:4242`, `unix:/path`).
    pub peer: Box<str>,
    /// See `peer`.
    pub local: Box<str>,
}

/// What a connection wants after its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More input; the unconsumed tail is kept and given again, with at least `Turn::need` bytes where that is set.
    Read,
    /// Its share of this tick is used up, input is left: a turn in the next tick, without waiting for the socket.
    Yield,
    /// Parked: no turn before `Service::resume` (input goes on being received up to a bound, the order is kept).
    Park,
    /// Send what is queued, then close.
    Close,
    /// A reply was given up, as more than `NetOptions::output_limit` is queued: close now (`CloseReason::OutputLimit`).
    Overrun,
}

/// What follows a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// A turn, as soon as nothing forbids it (unread output above `output_pause`).
    Turn,
    /// The connection closes now (`CloseReason::Service`), also one whose peer does not read; what is unsent is dropped.
    Close,
}

/// One connection's turn within a batch.
pub struct Turn<'a, C, B: Body> {
    /// The service's own state.
    pub connection: &'a mut C,
    /// All unconsumed bytes, contiguous. May be empty: on a turn after `resume`, after a body was filled directly, or
    /// at the end of input.
    pub input: &'a [u8],
    /// No more will come (the peer shut down its side).
    pub end_of_input: bool,
    /// Where replies go.
    pub output: &'a mut Output<B>,
    /// Set by the service: how much of `input` is done with.
    pub consumed: usize,
    /// Set by the service (starts as `Read`).
    pub next: Next,
    /// Set by the service with `Read`: total length of the unconsumed tail plus missing bytes that the next message
    /// needs, 0 if unknown. The loop does not give a turn before that many are there, and sizes its buffer by it.
    /// Above `NetOptions::input_limit` the connection is closed (`CloseReason::InputLimit`).
    pub need: usize,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer closed or reset.
    Peer,
    /// `Next::Close`.
    Service,
    /// No byte for `idle_timeout_ms`.
    Idle,
    /// Does not read its replies: output above `output_limit`.
    OutputLimit,
    /// `need`, or the unconsumed input, above `input_limit`.
    InputLimit,
    /// The server drains or stops.
    Shutdown,
    /// Socket error.
    Error,
}

/// The program above the sockets. One value per worker, made in the worker's thread; never leaves it.
pub trait Service: 'static {
    /// State of a connection.
    type Connection: 'static;
    /// Bodies it sends.
    type Body: Body;
    /// What other threads post to a parked connection.
    type Completion: Send + 'static;

    /// A connection was accepted. May write a greeting.
    fn open(&mut self, info: &ConnectionInfo, output: &mut Output<Self::Body>) -> Self::Connection;
    /// At most `BATCH` connections that have something to do. `arrived_ns`: monotonic clock at the start of the tick
    /// (before parsing), for latencies that include queueing.
    fn run(&mut self, batch: &mut [Turn<'_, Self::Connection, Self::Body>], arrived_ns: u64);
    /// Where the next bytes of this connection should be received directly (a large value being received). The loop
    /// reads into it with no copy where it can (mio; io_uring copies from its provided buffers), and calls
    /// `body_filled`. `None`: use the input buffer. Input that a turn left unconsumed goes there first.
    fn body_room<'c>(&mut self, connection: &'c mut Self::Connection) -> Option<&'c mut [u8]>;
    /// `bytes` of `body_room` are filled. True when the body is complete: the connection gets a turn.
    fn body_filled(&mut self, connection: &mut Self::Connection, bytes: usize) -> bool;
    /// Whether the next byte starts a message: nothing that the peer has begun is in progress in the service, as a body, a
    /// remainder to be skipped, or a part of a message that was consumed already. Asked while the server drains, which
    /// closes a connection only between two messages.
    fn is_between_messages(&self, connection: &Self::Connection) -> bool;
    /// Whether the connection is to be closed once it has moved no byte for `idle_timeout_ms`; not one that waits for what
    /// others send. Asked when that time has come, and not of parked ones, which are not closed.
    fn may_be_idle(&self, _connection: &Self::Connection) -> bool {
        true
    }
    /// A completion for a parked connection. Dropped by the loop if the connection is gone. Also called for a connection
    /// that is not parked: a way to reach it from another thread.
    fn resume(&mut self, connection: &mut Self::Connection, completion: Self::Completion) -> Resumed;
    /// The connection is gone (also at shutdown).
    fn close(&mut self, connection: Self::Connection, reason: CloseReason);
    /// Once per tick after all batches, before sleeping: republish gauges and the like. Must be cheap.
    fn end_of_tick(&mut self) {}
}

/// Given to the factory in the worker's thread.
pub struct WorkerContext<T> {
    /// 0 ..
    pub worker: usize,
    /// This worker's mailbox.
    pub mailbox: Mailbox<T>,
    /// Counters of all workers' network side (for `stats conns` and the like).
    pub counters: Arc<Counters>,
}
