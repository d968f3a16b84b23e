//! Sockets <-> bytes: the event loops (io_uring and mio) behind one interface, the acceptor, buffer pools and chains.
//!
//! This crate knows no protocol and no store. A program above it implements [`Service`] and is given batches of
//! connections that have input; it answers into [`Output`]s.
//!
//! # Thread model
//!
//! - One acceptor thread (`ringstone-accept`) owns the listeners and hands each connection to the worker with the fewest.
//! - Each worker thread (`ringstone-w0` ...) owns its connections, its event loop, its buffer pools and its [`Service`]
//!   value; nothing of them is shared and nothing of them is locked.
//! - Other threads reach a worker only through its mailbox: new connections, completions of parked requests
//!   ([`Mailbox::post`]) and the phase of the server.
//! - All these threads block every signal, so a host process (Node.js) receives them in its main thread.
//!
//! # A tick
//!
//! Wait; collect every readiness or completion; give the service batches of at most [`BATCH`] turns; flush each
//! connection once after its turn; sleep. A connection that answers [`Next::Yield`], or that has more to read than one
//! buffer, gets its next turn in the next tick, after the other sockets were looked at.
//!
//! # Invariants
//!
//! - A connection that is neither queued for a turn nor holding a partial message holds no buffer.
//! - A turn is never given to a connection that is parked, whose unsent output is above `output_pause`, or that ends.
//! - A slot is reused only when the kernel holds no operation of the connection that had it; identities carry a generation.
//! - Per connection replies leave in the order in which they were written, with at most one send in flight.
//! - In steady state a request allocates nothing (`tests/allocation.rs`).
//! - A connection on which nothing can happen causes no tick (`tests/waiting.rs`).
//! - While the server drains a connection closes between two messages (`Service::is_between_messages`) and when nothing
//!   is left in its socket.
//!
//! # Bounds, besides those of [`NetOptions`]
//!
//! | bound | where | value |
//! | --- | --- | --- |
//! | turns in a batch | `BATCH` | 32 |
//! | readinesses taken at once (mio) | `poll::EVENTS` | 1,024 |
//! | receives and sends of a connection per tick (mio) | `poll::RECEIVES`, `poll::SENDS` | 8, 4 |
//! | pieces of a send | `PIECES` | 64 |
//! | operations and completions in the rings (io_uring) | `uring::SUBMISSIONS`, `uring::COMPLETIONS` | 1,024, 8,192; more wait in the kernel |
//! | provided buffers of a worker | `uring::PROVIDED_BYTES`, `uring::PROVIDED_COUNT` | 4 MiB, 64 to 1,024 |
//! | of those, waiting with one connection before its receive is cancelled | `uring::HELD_HIGH` | 16 |
//! | quiet sends in a tick | `uring::QUIET_SENDS` | 64 |
//! | input kept for a parked connection before receiving stops | `read_buffer_size` | one unit |
//! | connections accepted from a listener in one go | `acceptor::ACCEPTS` | 64 |
//! | slots searched for idle connections in a tick | `housekeeping::SWEEP_SLOTS` | 16,384 |
//! | buffers given back to the system in a tick | `pool::COOLED_UNITS` | 128 |
//!
//! `unsafe` is confined to `buffer/` (raw pool memory), `sys.rs` (system calls), and `uring/`.

mod acceptor;
mod buffer;
mod clock;
mod connection;
mod counters;
mod error;
mod event;
mod event_loop;
mod handle;
mod listener;
mod mailbox;
mod options;
mod poll;
mod probe;
mod serve;
mod service;
mod slots;
mod sys;
mod thread;
#[cfg(target_os = "linux")]
mod uring;
mod wake;
mod worker;

pub use buffer::output::{Body, Output};
pub use counters::{Counters, CountersSnapshot};
pub use error::NetError;
pub use event::NetEvent;
pub use handle::Handle;
pub use mailbox::Mailbox;
pub use options::{ListenAddress, Listener, NetOptions, Runtime, RuntimeChoice};
pub use probe::probe_uring;
pub use serve::serve;
pub use service::{BATCH, CloseReason, ConnectionId, ConnectionInfo, Next, Resumed, Service, Turn, WorkerContext};
pub use thread::spawn;
