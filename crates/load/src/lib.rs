//! The load generator behind `ringstone bench`: asks a server in memcached's text protocol or RESP, checks every reply, and
//! measures latencies, throughput and the server's CPU time.
//!
//! # Closed loop and fixed rate
//!
//! In a **closed loop** a connection sends `pipeline` requests at once, waits for all their replies, and sends the next
//! ones: throughput is what the server can do, latency what a client sees that waits. With a **fixed rate** requests have
//! times of their own, evenly spaced, whatever the server does. One that no connection was free for is sent late, and its
//! latency counts from when it should have been sent, so a stall of the server shows in every request it delayed (no
//! coordinated omission). What was due and could not be sent at all is counted as `unsent`.
//!
//! # Whose lateness
//!
//! A load that is not given its core sends late and reads late, and both look like a slow server. At a fixed rate each latency
//! is therefore divided: into what may have been the load's own lateness, and the rest. A thread that is owed a reply does not
//! sleep, so it knows when it had looked at its sockets before: a reply that it finds had not come then. And it knows how late
//! it sent though a connection was free; until nothing is owed any more, whatever is sent may be waiting behind that. The share
//! is an upper bound, so the rest is what the server and the kernel took at least.
//!
//! # Thread model
//!
//! `run` blocks. It opens all connections, then gives each of `threads` threads its share of connections, requests and rate;
//! the threads share nothing but counters for progress and the wish to stop. Phases (preload, warm-up, measurement) begin
//! and end for all threads together. With a fixed rate a thread looks at its sockets without sleeping while a reply is owed or
//! the next request is less than a millisecond away.
//!
//! It does not use `crates/net`, whose event loops are built around accepted connections that are given turns when input
//! has come: here the clock and the end of a batch decide who sends.
//!
//! # Invariants
//!
//! - Every request that was sent is counted once: as a reply, which is an error or not, or as unanswered. Gets count a hit or a
//!   miss for each of their keys.
//! - A reply that is not understood, a connection that ends and a silence beyond `timeout` are problems of the report; that
//!   connection is not used any more.

mod clock;
mod connection;
mod dialect;
mod driver;
mod error;
mod histogram;
mod keys;
mod options;
mod pace;
mod process;
mod progress;
mod report;
mod run;
mod socket;
mod tally;
mod workload;
mod zipf;

pub use error::Error;
pub use histogram::{Histogram, Latency};
pub use keys::Keys;
pub use options::{Distribution, Options, Protocol, Target};
pub use progress::{Control, Phase, Progress};
pub use report::{Problem, Report};
pub use run::run;
pub use zipf::Zipf;
