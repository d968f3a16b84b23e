//! What a server is started with. Complete and validated by TypeScript; there are no defaults here.

use ringstone_net::{ListenAddress, RuntimeChoice};
use std::path::PathBuf;

/// Queued replies above which a connection is closed, in bytes that were copied for it: a client that asked for much in many
/// requests and reads slowly is paused, not closed.
pub const OUTPUT_LIMIT: usize = 64 << 20;

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// memcached or RESP, told apart by a connection's first bytes.
    Auto,
    /// memcached.
    Memcached,
    /// RESP2/3.
    Resp,
    /// `PING [msg]`.
    Ping,
    /// `<len>\r\n<data>`.
    Echo,
}

impl Protocol {
    /// Its name in options, metrics and replies.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Auto => "auto",
            Protocol::Memcached => "memcached",
            Protocol::Resp => "resp",
            Protocol::Ping => "ping",
            Protocol::Echo => "echo",
        }
    }
}

/// One listener.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// Where.
    pub address: ListenAddress,
    /// What it speaks.
    pub protocol: Protocol,
}

/// Everything a server needs to know.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Of the package, for `version`, INFO and HELLO.
    pub version: String,
    /// Listeners, at least one.
    pub listeners: Vec<ListenerOptions>,
    /// Wish.
    pub runtime: RuntimeChoice,
    /// Worker threads, at least 1.
    pub workers: usize,
    /// Connections at once.
    pub max_connections: usize,
    /// 0 = off. Subscribers and watchers are never idle.
    pub idle_timeout_ms: u64,
    /// Bytes, a multiple of 4 KiB.
    pub read_buffer_size: usize,
    /// Bytes, a multiple of 4 KiB.
    pub write_buffer_size: usize,
    /// TCP_NODELAY.
    pub tcp_nodelay: bool,
    /// memcached's `shutdown` is obeyed.
    pub enable_shutdown: bool,
    /// Users and passwords; without one everybody may do everything.
    pub auth_file: Option<PathBuf>,
}

impl std::fmt::Display for ListenerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.address {
            ListenAddress::Tcp(address) => write!(f, "{address}"),
            ListenAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
