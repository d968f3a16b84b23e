//! Joins store, protocol and network: what a request means.
//!
//! # What is where
//! - `connection`, `intake`, `assembly`: a connection as a state machine fed with bytes; it never sees a socket.
//! - `worker`, `lane`: the service of one event-loop thread: takes the steps of a batch of connections in rounds, hashes, prefetches,
//!   executes and counts.
//! - `loads`, `parking`: keys that are loaded by somebody's loader, and requests that wait for them.
//! - `execute`: request x store -> reply, for each protocol, over a `Reply` that may be a socket's output or a vector.
//! - `counters`, `collect`, `metrics`: one writer per counter, summed when read.
//! - `transaction`, `watches`, `cells`: what is queued between MULTI and EXEC, who wants to know that a key has changed, and how
//!   a command comes by its keys' cells, alone or in a transaction that holds them.
//! - `settings`, `timing`, `slowlog`, `spikes`, `reset_point`: what CONFIG, SLOWLOG and LATENCY set and show.
//! - `cache`, `registry`: a cache, with a server or without, which threads of the process find by its name. `direct`: calls from there.
//! - `server`, `sweeper`: life cycle.
//!
//! # Threads
//! One `Worker` per event-loop thread owns its connections; nothing of a connection is shared. The store is shared, and
//! locks one cell at a time; commands of RESP on several keys, and transactions, lock all of theirs, in ascending order. Counters are written by their worker alone with relaxed
//! stores and read by anyone. The sweeper is a thread of its own, and so is that which gives up loads, while there are loaders.
//!
//! # Invariants
//! - Taking steps (`intake`) changes nothing but the connection, and reserves room for large values; only execution writes
//!   items, in the order of the connection's requests. So a step that was taken can be given back and taken again.
//! - A request in steady state allocates nothing (a test counts); inline commands, large values and refusals may.
//! - No wait: every command is answered from memory (but for DEBUG SLEEP). A read of a key that is loaded is not executed before it
//!   is there, or will not be: its connection is parked, and its worker goes on.

mod assembly;
mod auth;
mod baseline;
mod binary;
mod cache;
mod cells;
mod changes;
mod client;
mod clients;
mod collect;
pub mod connection;
mod counters;
pub mod direct;
mod error;
mod execute;
mod fields;
mod inbox;
mod intake;
mod lane;
pub mod loads;
mod metrics;
mod options;
mod parking;
mod plain;
mod pubsub;
mod registry;
mod reply;
mod reset_point;
mod round;
mod server;
mod session;
mod settings;
mod shared;
mod slowlog;
mod spikes;
mod subscriptions;
mod sweeper;
mod timing;
mod trace;
mod tracking;
mod transaction;
mod usage;
mod watches;
mod worker;

pub use cache::{Cache, CacheOptions};
pub use connection::Connection;
pub use error::{Error, ErrorCode};
pub use metrics::{Family, FamilyKind, Sample};
pub use options::{ListenerOptions, Protocol, ServerOptions};
pub use registry::OpenCache;
pub use reply::{ChainBody, Reply};
pub use ringstone_net::{ListenAddress, NetEvent, Runtime, RuntimeChoice, probe_uring};
pub use ringstone_store::{Chain, Error as StoreError, Eviction, Item, MAX_KEY_BYTES, NewValue, Stats, Value};
pub use server::{Server, ServerInfo};
pub use shared::Shared;
pub use worker::Worker;
