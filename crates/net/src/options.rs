//! How the network side is run. Defaults and their validation live with the caller; every bound is named here.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Buffers are cut in multiples of this, bytes.
pub(crate) const BUFFER_GRAIN: usize = 4096;
/// Largest unit of a pool, bytes: lengths within a buffer are 32 bits and a provided buffer's is smaller still.
const BUFFER_MAX: usize = 4 << 20;
/// Largest `input_limit`, bytes: a buffer for it, in powers of two and with some more input behind, has a 32-bit length.
const INPUT_LIMIT_MAX: usize = 1 << 30;
/// Workers at most: bits for the worker in a `ConnectionId`.
const WORKERS_MAX: usize = 1 << 12;

/// The wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeChoice {
    /// io_uring if a real round trip works, else mio.
    Auto,
    /// io_uring or an error.
    Uring,
    /// epoll / kqueue.
    Mio,
}

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// io_uring.
    Uring,
    /// mio.
    Mio,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// Resolved by the caller (TypeScript resolves names). A v6 address takes v6 only.
    Tcp(SocketAddr),
    /// Path; a stale socket file is replaced, a live one is `AddressInUse`.
    Unix(PathBuf),
}

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
    /// Close after so long without a byte in either direction; 0 = off. Checked with a granularity of a quarter of it
    /// (at least 10 ms, at most 1 s). A parked connection waits for us and is never idle.
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

impl NetOptions {
    /// What would make the loops misbehave is refused at the start.
    pub(crate) fn validate(&self) -> io::Result<()> {
        let fail = |words: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        let unit_ok = |bytes: usize| (BUFFER_GRAIN..=BUFFER_MAX).contains(&bytes) && bytes.is_multiple_of(BUFFER_GRAIN);
        if self.workers == 0 || self.workers > WORKERS_MAX {
            return fail("workers must be 1 to 4096");
        }
        if !unit_ok(self.read_buffer_size) || !unit_ok(self.write_buffer_size) {
            return fail("buffer sizes must be multiples of 4096 bytes, at most 4 MiB");
        }
        if self.output_limit < self.output_pause {
            return fail("output_limit must not be below output_pause");
        }
        if !(1..=INPUT_LIMIT_MAX).contains(&self.input_limit) {
            return fail("input_limit must be 1 byte to 1 GiB");
        }
        Ok(())
    }
}
