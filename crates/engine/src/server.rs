//! A running server.

use crate::{Error, Family, ServerOptions};
use ringstone_net::{NetEvent, Runtime};
use std::sync::Arc;

/// What the start banner says.
#[derive(Clone, Debug)]
pub struct ServerInfo {
    /// Taken runtime.
    pub runtime: Runtime,
    /// Why that one.
    pub runtime_reason: String,
    /// Worker threads.
    pub workers: usize,
    /// Real addresses, in the order of the listeners (`127.0.0.1:11211`, `unix:/path`).
    pub addresses: Vec<String>,
    /// Bytes.
    pub max_memory: u64,
    /// Cells of the store.
    pub cells: usize,
}

/// A running server: store, workers, sweeper.
pub struct Server {
    info: ServerInfo,
}

impl Server {
    /// Opens the store and starts serving.
    pub fn start(_options: ServerOptions, _observer: Arc<dyn Fn(NetEvent) + Send + Sync>) -> Result<Server, Error> {
        loop {}
    }
    /// Facts for the banner.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }
    /// All metrics, read now.
    pub fn metrics(&self) -> Vec<Family> {
        loop {}
    }
    /// Step 1 of stopping: no new connections; what is in flight is finished. Idempotent.
    pub fn drain(&self) {
        loop {}
    }
    /// Step 2: waits up to `timeout_ms`, closes what is left, joins the threads. True if all had drained. Idempotent.
    pub fn finish(&self, _timeout_ms: u64) -> bool {
        loop {}
    }
}
