//! A running server as a JavaScript object, and what happens when nobody stops it.

use crate::error::{Code, Result, from_engine};
use crate::metrics::MetricFamily;
use crate::options::ServeOptions;
use napi::bindgen_prelude::Object;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;
use ringstone_engine::{ErrorCode, NetEvent, OpenCache, Runtime, Server, ServerInfo, ServerOptions};
use std::sync::{Arc, Mutex, PoisonError};

/// Events that wait for a busy JavaScript thread; above it the newest are dropped (they are log lines).
const MAX_QUEUED_EVENTS: usize = 256;

/// Weak: does not hold the process open.
pub type EventFunction = ThreadsafeFunction<NativeEvent, (), NativeEvent, Status, false, true, MAX_QUEUED_EVENTS>;

/// An event worth a log line.
#[napi(object)]
pub struct NativeEvent {
    /// A warning, else information.
    pub warning: bool,
    /// Stable code, `ACCEPT_PAUSED` and the like.
    pub code: String,
    /// In words.
    pub message: String,
}

impl From<NetEvent> for NativeEvent {
    fn from(event: NetEvent) -> Self {
        NativeEvent { warning: event.warning, code: event.code.to_owned(), message: event.message }
    }
}

/// Facts for the banner.
#[napi(object)]
pub struct NativeInfo {
    /// The runtime that was taken.
    #[napi(ts_type = "'uring' | 'mio'")]
    pub runtime: String,
    /// Why that one.
    pub runtime_reason: String,
    /// Threads.
    pub workers: u32,
    /// Real addresses, in the order of the listeners (`127.0.0.1:11211`, `unix:/path`).
    pub addresses: Vec<String>,
    /// Bytes.
    pub max_memory: f64,
    /// Cells of the store.
    pub cells: u32,
}

impl From<ServerInfo> for NativeInfo {
    fn from(info: ServerInfo) -> Self {
        let runtime = match info.runtime {
            Runtime::Uring => "uring",
            Runtime::Mio => "mio",
        };
        NativeInfo {
            runtime: runtime.to_owned(),
            runtime_reason: info.runtime_reason,
            workers: info.workers as u32,
            addresses: info.addresses,
            max_memory: info.max_memory as f64,
            cells: info.cells as u32,
        }
    }
}

/// The server until somebody takes it out to stop it, for good.
struct Slot(Mutex<Option<Arc<Server>>>);

impl Slot {
    fn get(&self) -> Option<Arc<Server>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn take(&self) -> Option<Arc<Server>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
    /// Closes everything at once.
    fn stop_now(&self) {
        if let Some(server) = self.take() {
            server.drain();
            server.finish(0);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.stop_now();
    }
}

/// A running server. Stopped in two steps: `drain`, `finish`.
#[napi]
pub struct NativeServer {
    info: ServerInfo,
    slot: Arc<Slot>,
}

impl NativeServer {
    /// Starts serving a cache. `on_event` is called on the thread that called this.
    pub fn start(
        env: Env,
        cache: Arc<OpenCache>,
        options: ServeOptions,
        on_event: EventFunction,
    ) -> Result<NativeServer> {
        let options = ServerOptions::try_from(options)?;
        let observer = move |event: NetEvent| {
            // A full queue or a closing environment loses a log line, never a thread.
            let _ = on_event.call(event.into(), ThreadsafeFunctionCallMode::NonBlocking);
        };
        let server = Server::start(cache, options, Arc::new(observer)).map_err(from_engine)?;
        let info = server.info().clone();
        let slot = Arc::new(Slot(Mutex::new(Some(Arc::new(server)))));
        // The hook costs some dozens of bytes per server until its environment ends; the server itself goes with `slot`.
        let weak = Arc::downgrade(&slot);
        let hook = env.add_env_cleanup_hook(weak, |weak| {
            if let Some(slot) = weak.upgrade() {
                slot.stop_now();
            }
        });
        hook.map_err(|error| napi::Error::new(Code::Napi(error.status), error.reason))?;
        Ok(NativeServer { info, slot })
    }
}

#[napi]
impl NativeServer {
    /// Facts for the banner; also after the server was stopped.
    #[napi]
    pub fn info(&self) -> NativeInfo {
        self.info.clone().into()
    }

    /// All metrics, read now.
    #[napi]
    pub fn metrics(&self) -> Result<Vec<MetricFamily>> {
        let server = self.slot.get();
        let server = server
            .ok_or_else(|| napi::Error::new(Code::Engine(ErrorCode::Stopped), "the server was stopped".to_owned()))?;
        Ok(server.metrics().into_iter().map(MetricFamily::from).collect())
    }

    /// Reads the file of users again; gives their number, 0 if there is no such file in the options.
    #[napi]
    pub fn reload_users(&self) -> Result<u32> {
        let count = self.slot.get().map_or(Ok(0), |server| server.reload_users()).map_err(from_engine)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Step 1 of stopping: no new connections; what is in flight is finished. Does nothing once stopped.
    #[napi]
    pub fn drain(&self) {
        if let Some(server) = self.slot.get() {
            server.drain();
        }
    }

    /// Step 2: waits up to `timeout_ms` for the connections, closes what is left, and joins the threads. True if all had drained; true at once when it was stopped before.
    #[napi(ts_return_type = "Promise<boolean>")]
    pub fn finish<'env>(&self, env: &'env Env, timeout_ms: u32) -> napi::Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred::<bool, _>()?;
        let slot = Arc::clone(&self.slot);
        // A thread of its own: libuv's pool is joined by `process.exit`, which must not wait for a drain.
        let thread = std::thread::Builder::new().name("rs-finish".to_owned());
        thread
            .spawn(move || {
                // Metrics stay readable until it has finished; then the store's memory goes.
                let drained = slot.get().is_none_or(|server| server.finish(u64::from(timeout_ms)));
                drop(slot.take());
                deferred.resolve(move |_| Ok(drained));
            })
            .map_err(|error| napi::Error::new(Status::GenericFailure, format!("no thread to stop in: {error}")))?;
        Ok(promise)
    }
}
