//! SKELETON of what the crate above (`engine`) is written against. Keep names, signatures and meanings; split into
//! files as DESIGN says (event_loop.rs, uring/, poll/, buffer/{pool,chain}.rs, listener ...).

use std::sync::Arc;

/// Turns in one batch at most, and requests that a service should take from all of them before it executes.
pub const BATCH: usize = 32;

/// A connection within its server: worker, slot and generation, so that a late completion cannot meet a stranger.
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
    /// Peer and local address as text (`127.0.0.1:4242`, `unix:/path`).
    pub peer: Box<str>,
    /// See `peer`.
    pub local: Box<str>,
}

/// Bytes that live elsewhere (a large value in the store) and are sent from there; dropped when sent or abandoned.
pub trait Body: 'static {
    /// Length in bytes.
    fn len(&self) -> usize;
    /// Contiguous bytes from `offset` to the end of that extent, empty at the end. O(1).
    fn chunk_at(&self, offset: usize) -> &[u8];
}

/// What is to be sent on one connection: pooled buffers and bodies, in order. Holds no buffer while empty.
pub struct Output<B: Body>(Option<B>);

impl<B: Body> Output<B> {
    /// Copies bytes to the end.
    #[inline]
    pub fn write(&mut self, _bytes: &[u8]) { loop {} }
    /// At least `bytes` (<= 1024) of contiguous room to format into; followed by `commit`.
    #[inline]
    pub fn room(&mut self, _bytes: usize) -> &mut [u8] { loop {} }
    /// The first `bytes` of the last `room` are valid.
    #[inline]
    pub fn commit(&mut self, _bytes: usize) { loop {} }
    /// Sends `body` from where it is, without copying.
    pub fn write_body(&mut self, _body: B) { loop {} }
    /// Bytes queued and not yet handed to the kernel.
    pub fn len(&self) -> usize { loop {} }
    /// Nothing queued.
    pub fn is_empty(&self) -> bool { loop {} }
    /// A free-standing output with its own small pool (tests, benches, callers without sockets).
    pub fn standalone() -> Self { loop {} }
    /// Takes everything queued as one vector (tests).
    pub fn take_bytes(&mut self) -> Vec<u8> { loop {} }
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
}

/// One connection's turn within a batch.
pub struct Turn<'a, C, B: Body> {
    /// The service's own state.
    pub connection: &'a mut C,
    /// All unconsumed bytes, contiguous. Empty on a turn after `resume` or after a body was filled directly.
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
pub enum CloseReason { /// the peer closed or reset
    Peer, /// `Next::Close`
    Service, /// no byte for `idle_timeout_ms`
    Idle, /// does not read its replies: output above `output_limit`
    OutputLimit, /// `need` above `input_limit`
    InputLimit, /// the server drains
    Shutdown, /// socket error
    Error }

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
    /// reads into it with no copy where it can (mio; io_uring copies from its provided buffers or posts a plain receive),
    /// and calls `body_filled`. `None`: use the input buffer.
    fn body_room<'c>(&mut self, connection: &'c mut Self::Connection) -> Option<&'c mut [u8]>;
    /// `bytes` of `body_room` are filled. True when the body is complete: the connection gets a turn.
    fn body_filled(&mut self, connection: &mut Self::Connection, bytes: usize) -> bool;
    /// A completion for a parked connection; it gets a turn next. Dropped by the loop if the connection is gone.
    fn resume(&mut self, connection: &mut Self::Connection, completion: Self::Completion);
    /// The connection is gone (also at shutdown).
    fn close(&mut self, connection: Self::Connection, reason: CloseReason);
    /// Once per tick after all batches, before sleeping: republish gauges and the like. Must be cheap.
    fn end_of_tick(&mut self) {}
}

/// Posts completions to a worker from any thread, and wakes it.
pub struct Mailbox<T>(std::marker::PhantomData<fn(T)>);
impl<T: Send + 'static> Mailbox<T> {
    /// Never blocks. Bounded by the connections: one completion per parked request.
    pub fn post(&self, _connection: ConnectionId, _completion: T) { loop {} }
}
impl<T> Clone for Mailbox<T> { fn clone(&self) -> Self { loop {} } }

/// Given to the factory in the worker's thread.
pub struct WorkerContext<T> {
    /// 0 ..
    pub worker: usize,
    /// This worker's mailbox.
    pub mailbox: Mailbox<T>,
    /// Counters of all workers' network side (for `stats conns` and the like).
    pub counters: Arc<Counters>,
}

/// The wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeChoice { /// io_uring if a real round trip works, else mio
    Auto, /// io_uring or an error
    Uring, /// epoll / kqueue
    Mio }

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime { /// io_uring
    Uring, /// mio
    Mio }

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress { /// resolved by the caller (TypeScript resolves names)
    Tcp(std::net::SocketAddr), /// path; a stale socket file is replaced, a live one is `AddressInUse`
    Unix(std::path::PathBuf) }

/// One listener.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Where.
    pub address: ListenAddress,
    /// Sent to a connection above `max_connections` before it is closed.
    pub refusal: &'static [u8],
}

/// How the network side is run. Every bound is here and named.
#[derive(Clone, Debug)]
pub struct NetOptions {
    /// Which event loop.
    pub runtime: RuntimeChoice,
    /// Threads; at least 1.
    pub workers: usize,
    /// Where to listen.
    pub listeners: Vec<Listener>,
    /// Above it new connections get the refusal; at the limit of file descriptors accepting pauses.
    pub max_connections: usize,
    /// Close after so long without a byte; 0 = off.
    pub idle_timeout_ms: u64,
    /// Set TCP_NODELAY.
    pub tcp_nodelay: bool,
    /// Listen backlog.
    pub backlog: u32,
    /// Unit of the receive pool (provided buffers), bytes, multiple of 4 KiB.
    pub read_buffer_size: usize,
    /// Unit of the send pool, bytes, multiple of 4 KiB.
    pub write_buffer_size: usize,
    /// Longest contiguous message tail (`need`), bytes.
    pub input_limit: usize,
    /// Queued output above which the connection is not read from until it is below half, bytes.
    pub output_pause: usize,
    /// Queued output above which the connection is closed, bytes (bodies in the store count by length).
    pub output_limit: usize,
}

/// One network event worth a log line; handed to the observer given to `serve`. Rate-limited by the network side.
#[derive(Clone, Debug)]
pub struct NetEvent {
    /// `warn` or `info`
    pub warning: bool,
    /// Stable code, `ACCEPT_PAUSED` and the like.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// Cache-padded relaxed counters, per worker inside, summed on reading.
pub struct Counters(());
/// A reading of `Counters`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountersSnapshot {
    /// Gauge.
    pub connections: u64,
    /// Accepted so far.
    pub accepted: u64,
    /// Refused at max_connections.
    pub refused: u64,
    /// Closed, by reason in the order of `CloseReason`.
    pub closed: [u64; 7],
    /// Bytes.
    pub bytes_read: u64,
    /// Bytes.
    pub bytes_written: u64,
    /// Turns that yielded.
    pub yields: u64,
    /// Times reading was paused because the peer did not read.
    pub output_pauses: u64,
    /// Times accepting was paused for want of file descriptors.
    pub accept_pauses: u64,
    /// Microseconds of that.
    pub accept_paused_us: u64,
    /// Receives that found no provided buffer (io_uring).
    pub buffer_starvations: u64,
    /// Bytes of buffers that the pools hold now. Gauge.
    pub buffer_bytes: u64,
}
impl Counters {
    /// Sum over the workers.
    pub fn snapshot(&self) -> CountersSnapshot { loop {} }
    /// Connections per worker.
    pub fn connections_by_worker(&self) -> Vec<u64> { loop {} }
    /// Zeroes the counters, not the gauges.
    pub fn reset(&self) { loop {} }
}

/// Why serving could not start.
#[derive(Debug)]
pub enum NetError {
    /// Address and the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL ...).
    Bind { /// as given
        address: String, /// system's
        source: std::io::Error },
    /// `RuntimeChoice::Uring` and io_uring does not work here: the reason in words.
    UringUnavailable(String),
    /// Anything else at start.
    Start(std::io::Error),
}

/// A running server. Dropping it without `finish` shuts down at once.
pub struct Handle(());
impl Handle {
    /// What was taken.
    pub fn runtime(&self) -> Runtime { loop {} }
    /// Why (for the banner): "io_uring: round trip works" or "mio: io_uring_setup: EPERM (seccomp filter)".
    pub fn runtime_reason(&self) -> &str { loop {} }
    /// Real addresses (with the port that the system chose for :0), in the order of the listeners.
    pub fn local_addresses(&self) -> Vec<String> { loop {} }
    /// Counters.
    pub fn counters(&self) -> Arc<Counters> { loop {} }
    /// Step 1 of stopping: no new connections; connections are closed as soon as what they have sent is answered and flushed.
    pub fn drain(&self) { loop {} }
    /// Step 2: waits up to `timeout_ms` for the connections, closes the rest, joins the threads. True if all had drained.
    pub fn finish(self, _timeout_ms: u64) -> bool { loop {} }
}

/// Starts acceptor and workers; returns once all listeners listen and every worker is up.
pub fn serve<S, F>(_options: NetOptions, _factory: F, _observer: Arc<dyn Fn(NetEvent) + Send + Sync>) -> Result<Handle, NetError>
where
    S: Service,
    F: Fn(WorkerContext<S::Completion>) -> S + Send + Sync + 'static,
{
    loop {}
}

/// Whether io_uring works here: ring, provided buffers, multishot receive and send on a socket pair, for real.
/// `Ok(kernel facts in words)` or `Err(reason in words that says what to do)`.
pub fn probe_uring() -> Result<String, String> { loop {} }
