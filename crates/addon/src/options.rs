//! The one object that crosses from `ts/config`: complete and validated there, only converted here.

use crate::error::{Result, invalid_option};
use crate::number::{whole, whole_usize};
use napi_derive::napi;
use ringstone_engine::{ListenAddress, ListenerOptions, Protocol, RuntimeChoice, ServerOptions};

/// What a listener speaks.
#[napi(string_enum = "lowercase")]
pub enum ListenerProtocol {
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

/// The wish for an event loop.
#[napi(string_enum = "lowercase")]
pub enum WantedRuntime {
    /// io_uring if it works, else mio.
    Auto,
    /// io_uring or an error.
    Uring,
    /// mio.
    Mio,
}

/// Which items go when the memory is full.
#[napi(string_enum = "lowercase")]
pub enum EvictionPolicy {
    /// Density-aware S3-FIFO.
    S3Fifo,
    /// Second chance by last access.
    Lru,
    /// Refuse writes that do not fit.
    None,
}

/// One listener: `address` or `path`.
#[napi(object)]
pub struct ServeListener {
    /// `127.0.0.1:11211`, `[::1]:11211`: numeric, names are resolved in TypeScript.
    pub address: Option<String>,
    /// Of a unix socket.
    pub path: Option<String>,
    /// What it speaks.
    pub protocol: ListenerProtocol,
}

/// Everything a server needs to know. Sizes in bytes, times in milliseconds, all of them whole numbers.
#[napi(object)]
pub struct ServeOptions {
    /// Of the package.
    pub version: String,
    /// At least one.
    pub listeners: Vec<ServeListener>,
    /// The wish.
    pub runtime: WantedRuntime,
    /// Threads, at least 1.
    pub workers: f64,
    /// Connections at once.
    pub max_connections: f64,
    /// 0 = off.
    pub idle_timeout_ms: f64,
    /// A multiple of 4 KiB.
    pub read_buffer_size: f64,
    /// A multiple of 4 KiB.
    pub write_buffer_size: f64,
    /// TCP_NODELAY.
    pub tcp_nodelay: bool,
    /// memcached's `shutdown` is obeyed.
    pub enable_shutdown: bool,
    /// Of users and passwords.
    pub auth_file: Option<String>,
}

impl TryFrom<ServeListener> for ListenerOptions {
    type Error = napi::Error<crate::error::Code>;

    fn try_from(listener: ServeListener) -> Result<Self> {
        let protocol = match listener.protocol {
            ListenerProtocol::Auto => Protocol::Auto,
            ListenerProtocol::Memcached => Protocol::Memcached,
            ListenerProtocol::Resp => Protocol::Resp,
            ListenerProtocol::Ping => Protocol::Ping,
            ListenerProtocol::Echo => Protocol::Echo,
        };
        let address = match (listener.address, listener.path) {
            (Some(address), None) => ListenAddress::Tcp(
                address
                    .parse()
                    .map_err(|_| invalid_option(format!("{address} is not a numeric address with a port")))?,
            ),
            (None, Some(path)) => ListenAddress::Unix(path.into()),
            _ => return Err(invalid_option("a listener has either an address or a path")),
        };
        Ok(ListenerOptions { address, protocol })
    }
}

impl TryFrom<ServeOptions> for ServerOptions {
    type Error = napi::Error<crate::error::Code>;

    fn try_from(options: ServeOptions) -> Result<Self> {
        Ok(ServerOptions {
            version: options.version,
            listeners: options.listeners.into_iter().map(ListenerOptions::try_from).collect::<Result<_>>()?,
            runtime: match options.runtime {
                WantedRuntime::Auto => RuntimeChoice::Auto,
                WantedRuntime::Uring => RuntimeChoice::Uring,
                WantedRuntime::Mio => RuntimeChoice::Mio,
            },
            workers: whole_usize("workers", options.workers)?,
            max_connections: whole_usize("maxConnections", options.max_connections)?,
            idle_timeout_ms: whole("idleTimeoutMs", options.idle_timeout_ms)?,
            read_buffer_size: whole_usize("readBufferSize", options.read_buffer_size)?,
            write_buffer_size: whole_usize("writeBufferSize", options.write_buffer_size)?,
            tcp_nodelay: options.tcp_nodelay,
            enable_shutdown: options.enable_shutdown,
            auth_file: options.auth_file.map(Into::into),
        })
    }
}
