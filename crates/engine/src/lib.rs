//! Joins store, protocol and network.

mod error;
mod metrics;
mod options;
mod server;

pub use error::{Error, ErrorCode};
pub use metrics::{Family, FamilyKind, Sample};
pub use options::{ListenerOptions, Protocol, ServerOptions};
pub use ringstone_net::{ListenAddress, NetEvent, Runtime, RuntimeChoice, probe_uring};
pub use ringstone_store::Eviction;
pub use server::{Server, ServerInfo};
