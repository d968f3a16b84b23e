//! Who runs loads, and who waits for them.

use super::{LoadedValue, Settled};
use std::sync::Arc;

/// One run of a load. Never given twice: what comes late from a run that was given up meets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoadId(pub u64);

/// A loader that is registered. Never given twice within a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoaderId(pub u64);

/// A run that a host is to make.
#[derive(Clone, Debug)]
pub struct LoadRequest {
    /// To be named when it is settled.
    pub id: LoadId,
    /// The loader, by its number at this host.
    pub at_host: u32,
    /// The key.
    pub key: Arc<[u8]>,
    /// The value that is there, if it is a refresh.
    pub stale: Option<Arc<LoadedValue>>,
}

/// Where loads run: an environment of Node.
///
/// Called from any thread, with no lock of the store or of the loads held. The calls must not block, and must not call the
/// [`Loads`](super::Loads) back from within: what a host has to say it says from its own thread, later. A call may come late, after the
/// loader was unregistered or the host has left, and is then to be ignored.
pub trait LoadHost: Send + Sync {
    /// Make this run, and settle it with [`Loads::settle`](super::Loads::settle). If that does not happen within the loader's timeout it is
    /// given up.
    fn run(&self, load: LoadRequest);
    /// A run was given up: timed out, or its loader or the cache is closed. What it comes to is of no use.
    fn cancel(&self, id: LoadId);
}

/// Who waits for loads: a connection, or a caller in JavaScript.
pub trait Waiter: Send + Sync {
    /// Called once for each [`Asked::Waits`](super::Asked::Waits) (unless withdrawn), from any thread, also from within [`Loads::ask`](super::Loads::ask),
    /// with no lock of the store or of the loads held. Must not block, and must not call the [`Loads`](super::Loads) back from within.
    fn settled(&self, ticket: u64, outcome: &Settled);
}
