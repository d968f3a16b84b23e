//! A running server of a cache: its workers.

use crate::registry::OpenCache;
use crate::shared::Shared;
use crate::worker::Worker;
use crate::{Error, ErrorCode, Family, Protocol, ServerOptions, collect};
use parking_lot::Mutex;
use ringstone_net::{Handle, Listener, NetError, NetEvent, NetOptions, Runtime};
use std::sync::Arc;

/// Listen backlog; the system caps it at its own `somaxconn`.
pub const BACKLOG: u32 = 4096;
/// Queued replies above which a connection is not read from, in bytes.
const OUTPUT_PAUSE: usize = 1 << 20;
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

/// A running server.
pub struct Server {
    info: ServerInfo,
    shared: Arc<Shared>,
    running: Mutex<Option<(Handle, Service)>>,
}

/// The right to serve a cache, as long as it is used.
struct Service(Arc<OpenCache>);

impl Service {
    fn of(cache: Arc<OpenCache>) -> Result<Service, Error> {
        cache.serve()?;
        Ok(Service(cache))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.end_service();
    }
}

impl Server {
    /// Starts serving the cache.
    pub fn start(
        cache: Arc<OpenCache>,
        options: ServerOptions,
        observer: Arc<dyn Fn(NetEvent) + Send + Sync>,
    ) -> Result<Server, Error> {
        validate(&options)?;
        let service = Service::of(cache)?;
        let shared = Arc::new(Shared::open(Arc::clone(service.0.cache()), options)?);
        let _ = shared.host.set(Arc::clone(&observer));
        let factory = {
            let shared = Arc::clone(&shared);
            move |context: ringstone_net::WorkerContext<_>| {
                Worker::new(Arc::clone(&shared), context.worker).reached_by(context.mailbox)
            }
        };
        let handle = ringstone_net::serve(net_options(&shared), factory, observer).map_err(start_error)?;
        let _ = shared.network.set(handle.counters());
        let _ = shared.addresses.set(handle.local_addresses());
        let info = ServerInfo {
            runtime: handle.runtime(),
            runtime_reason: handle.runtime_reason().to_owned(),
            workers: shared.options.workers,
            addresses: handle.local_addresses(),
            max_memory: shared.cache.options.max_memory,
            cells: usize::try_from(shared.store_stats().cells).unwrap_or(usize::MAX),
        };
        Ok(Server { info, shared, running: Mutex::new(Some((handle, service))) })
    }

    /// Facts for the banner.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// All metrics, read now.
    pub fn metrics(&self) -> Vec<Family> {
        collect::families(&self.shared, &self.info)
    }

    /// Reads the file of users again, and answers with their number. After an error they are those from before.
    pub fn reload_users(&self) -> Result<usize, Error> {
        self.shared.auth.reload()
    }

    /// Step 1 of stopping: no new connections; what is in flight is finished. Idempotent.
    pub fn drain(&self) {
        if let Some((handle, _)) = &*self.running.lock() {
            handle.drain();
        }
    }

    /// Step 2: waits up to `timeout_ms`, closes what is left, joins the threads. True if all had drained. Idempotent.
    pub fn finish(&self, timeout_ms: u64) -> bool {
        let running = self.running.lock().take();
        match running {
            Some((handle, service)) => {
                let drained = handle.finish(timeout_ms);
                drop(service);
                drained
            }
            None => true,
        }
    }
}

fn validate(options: &ServerOptions) -> Result<(), Error> {
    let invalid = |message: &str| Err(Error::new(ErrorCode::InvalidOption, message));
    if options.workers == 0 {
        return invalid("workers must be at least 1");
    }
    if options.listeners.is_empty() {
        return invalid("there must be at least one listener");
    }
    Ok(())
}

fn net_options(shared: &Shared) -> NetOptions {
    let options = &shared.options;
    NetOptions {
        runtime: options.runtime,
        workers: options.workers,
        listeners: options
            .listeners
            .iter()
            .map(|listener| Listener { address: listener.address.clone(), refusal: refusal(listener.protocol) })
            .collect(),
        max_connections: options.max_connections,
        idle_timeout_ms: options.idle_timeout_ms,
        tcp_nodelay: options.tcp_nodelay,
        backlog: BACKLOG,
        read_buffer_size: options.read_buffer_size,
        write_buffer_size: options.write_buffer_size,
        input_limit: crate::intake::INPUT_LIMIT,
        output_pause: OUTPUT_PAUSE,
        output_limit: shared.output_limit(),
    }
}

fn refusal(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::Resp => b"-ERR max number of clients reached\r\n",
        Protocol::Auto | Protocol::Memcached => b"ERROR Too many open connections\r\n",
        Protocol::Ping | Protocol::Echo => b"ERROR too many connections\r\n",
    }
}

fn start_error(error: NetError) -> Error {
    use std::io::ErrorKind;
    match error {
        NetError::UringUnavailable(reason) => Error::new(
            ErrorCode::UringUnavailable,
            format!("io_uring does not work here: {reason}; use --runtime auto or --runtime mio"),
        ),
        NetError::Start(error) => Error::new(ErrorCode::StartFailed, format!("cannot start: {error}")),
        NetError::Bind { address, source } => {
            let (code, advice) = match source.kind() {
                ErrorKind::AddrInUse => {
                    (ErrorCode::AddressInUse, "another process listens there; stop it or choose another --listen")
                }
                ErrorKind::AddrNotAvailable => {
                    (ErrorCode::AddressUnavailable, "this machine has no such address; choose another --listen")
                }
                ErrorKind::PermissionDenied => {
                    (ErrorCode::PermissionDenied, "use a port above 1023 or a path that this user may write to")
                }
                _ => (ErrorCode::StartFailed, "choose another --listen"),
            };
            Error::new(code, format!("cannot listen on {address}: {source}; {advice}"))
        }
    }
}
