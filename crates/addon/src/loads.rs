//! Loaders in JavaScript: what the engine asks of them goes through a queue to their thread, and back come calls.

mod host;
mod queue;
mod stats;

pub use host::{Host, WakeFunction};
pub use stats::{NativeLoaderStats, NativeLoadsStats};

use crate::direct::Handle;
use crate::error::{Code, Result};
use crate::number::{whole, whole_usize};
use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, Uint8Array};
use napi_derive::napi;
use queue::Event;
use ringstone_engine::loads::{
    LoadError, LoadHost, LoadId, LoadRequest, LoadedValue, LoaderId, LoaderOptions, MAX_LOADERS, OnError,
    RegisterError, Settled,
};
use ringstone_engine::{ErrorCode, OpenCache};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

const MANY_HINT: &str = " (1024 of a cache); close those that are not used, or take wider patterns";
const _: () = assert!(MAX_LOADERS == 1024, "the hint says so");

/// How a loader is used; whole numbers, times in milliseconds.
#[napi(object)]
pub struct NativeLoaderOptions {
    /// 0 = never; missing: as the cache says.
    pub ttl_ms: Option<f64>,
    /// How long a value is served beyond that.
    pub stale_for_ms: f64,
    /// Of a run.
    pub timeout_ms: f64,
    /// How long it is remembered that there is no value.
    pub negative_ttl_ms: f64,
    /// Runs at once.
    pub max_concurrent: f64,
    /// Requests and calls that wait.
    pub max_waiting: f64,
    /// Whether a failure is answered as a miss.
    pub fails_as_miss: bool,
}

impl TryFrom<NativeLoaderOptions> for LoaderOptions {
    type Error = napi::Error<Code>;

    fn try_from(options: NativeLoaderOptions) -> Result<Self> {
        Ok(LoaderOptions {
            ttl_ms: options.ttl_ms.map(|ms| whole("ttl", ms)).transpose()?,
            stale_for_ms: whole("staleFor", options.stale_for_ms)?,
            timeout_ms: whole("timeout", options.timeout_ms)?,
            negative_ttl_ms: whole("negativeTtl", options.negative_ttl_ms)?,
            max_concurrent: whole_usize("maxConcurrent", options.max_concurrent)?,
            max_waiting: whole_usize("maxWaiting", options.max_waiting)?,
            on_error: if options.fails_as_miss { OnError::Miss } else { OnError::Error },
        })
    }
}

/// Something for JavaScript to do; one of the three.
#[napi(object, object_from_js = false)]
pub struct LoaderEvent {
    /// Call the loader's function.
    pub run: Option<LoaderRun>,
    /// Abort the run of this id.
    pub cancelled: Option<f64>,
    /// Tell a caller.
    pub settled: Option<LoaderSettled>,
}

/// A run to be made.
#[napi(object, object_from_js = false)]
pub struct LoaderRun {
    /// To be named when it is settled.
    pub id: f64,
    /// By the number that it was registered with.
    pub loader: u32,
    /// The key.
    pub key: Buffer,
    /// The value that is to be refreshed.
    pub stale: Option<Buffer>,
    /// Its flags.
    pub stale_flags: u32,
}

/// What a caller waited for.
#[napi(object, object_from_js = false)]
pub struct LoaderSettled {
    /// The caller's.
    pub ticket: f64,
    /// What became of it; `read`: the key is to be read as always.
    #[napi(ts_type = "'value' | 'absent' | 'read' | 'failed' | 'timeout' | 'refused'")]
    pub outcome: &'static str,
    /// The value.
    pub value: Option<Buffer>,
    /// Its flags.
    pub flags: u32,
    /// Why it has failed.
    pub reason: Option<String>,
}

/// The loaders of one opening, and those who wait for loads there.
#[napi]
pub struct NativeLoaders {
    handle: Rc<Handle>,
    host: Arc<Host>,
    loaders: HashMap<u32, LoaderId>,
}

impl NativeLoaders {
    /// Of an opening, which lets them go when it is closed.
    pub fn new(handle: &Rc<Handle>, wake: WakeFunction) -> NativeLoaders {
        let host = Host::new(wake);
        handle.use_host(&host);
        NativeLoaders { handle: Rc::clone(handle), host, loaders: HashMap::new() }
    }

    fn cache(&self) -> Result<Arc<OpenCache>> {
        let closed = || napi::Error::new(Code::Engine(ErrorCode::Closed), "the cache was closed".to_owned());
        self.handle.cache().ok_or_else(closed)
    }
}

#[napi]
impl NativeLoaders {
    /// Registers a loader by a number of the caller's choice.
    #[napi]
    pub fn register(&mut self, loader: u32, pattern: String, options: NativeLoaderOptions) -> Result<()> {
        let cache = self.cache()?;
        let options = LoaderOptions::try_from(options)?;
        let host = Arc::clone(&self.host) as Arc<dyn LoadHost>;
        let pattern = pattern.into_bytes();
        let id = cache.loads.register(host, loader, &pattern, options).map_err(|error| {
            let code = match error {
                RegisterError::Closed => ErrorCode::Closed,
                RegisterError::TooMany | RegisterError::PatternTooLong => ErrorCode::InvalidOption,
                RegisterError::Thread(_) => ErrorCode::StartFailed,
            };
            let hint = if matches!(error, RegisterError::TooMany) { MANY_HINT } else { "" };
            napi::Error::new(Code::Engine(code), format!("a loader cannot be registered: {error}{hint}"))
        })?;
        self.loaders.insert(loader, id);
        Ok(())
    }

    /// Closes a loader: its runs are handed over.
    #[napi]
    pub fn unregister(&mut self, loader: u32) {
        if let (Some(id), Some(cache)) = (self.loaders.remove(&loader), self.handle.cache()) {
            cache.loads.unregister(id);
        }
    }

    /// What is counted of a loader, as long as it is registered.
    #[napi]
    pub fn stats(&self, loader: u32) -> Option<NativeLoaderStats> {
        let (id, cache) = (self.loaders.get(&loader)?, self.handle.cache()?);
        cache.loads.loader_stats(*id).map(NativeLoaderStats::from)
    }

    /// What is to be done next; nothing: the next event will call the function that was given.
    #[napi]
    pub fn next(&self) -> Option<LoaderEvent> {
        let none = LoaderEvent { run: None, cancelled: None, settled: None };
        Some(match self.next_wanted()? {
            Event::Run(request) => LoaderEvent { run: Some(request.into()), ..none },
            Event::Cancel(id) => LoaderEvent { cancelled: Some(id.0 as f64), ..none },
            Event::Settled(ticket, outcome) => LoaderEvent { settled: Some(settled(ticket, &outcome)), ..none },
        })
    }

    /// The answer of a run: a value, or that there is none.
    #[napi]
    pub fn answer(&self, id: f64, value: Option<Either<String, Uint8Array>>, flags: u32) {
        let bytes = value.map(|value| match value {
            Either::A(text) => text.into_bytes(),
            Either::B(bytes) => bytes.to_vec(),
        });
        self.settle(id, Ok(bytes.map(|bytes| LoadedValue { bytes, flags })));
    }

    /// A run has failed. Gives the reason as it is told to others, in one short line.
    #[napi]
    pub fn fail(&self, id: f64, reason: String) -> String {
        let told = LoadError::rejected(&reason).to_string();
        self.settle(id, Err(reason));
        told
    }

    /// The caller of this ticket waits no longer.
    #[napi]
    pub fn withdraw(&self, ticket: f64) {
        if let Some(cache) = self.handle.cache() {
            self.host.withdraw(&cache.loads, ticket as u64);
        }
    }

    /// Whether the process is held open, as by any other input or output that is awaited.
    #[napi]
    pub fn hold_open(&self, env: Env, is_wanted: bool) -> napi::Result<()> {
        self.host.hold_open(env, is_wanted)
    }

    /// Without runs of loaders that were closed while these were on their way: they were handed over.
    fn next_wanted(&self) -> Option<Event> {
        loop {
            match self.host.next()? {
                Event::Run(request) if !self.loaders.contains_key(&request.at_host) => {
                    self.host.answered(request.id);
                }
                event => return Some(event),
            }
        }
    }

    fn settle(&self, id: f64, result: std::result::Result<Option<LoadedValue>, String>) {
        let id = LoadId(id as u64);
        if let Some(cache) = self.handle.cache().filter(|_| self.host.answered(id)) {
            cache.loads.settle(id, result);
        }
    }
}

impl From<LoadRequest> for LoaderRun {
    fn from(request: LoadRequest) -> LoaderRun {
        let LoadRequest { id, at_host, key, stale } = request;
        LoaderRun {
            id: id.0 as f64,
            loader: at_host,
            key: key.to_vec().into(),
            stale_flags: stale.as_ref().map_or(0, |stale| stale.flags),
            stale: stale.map(|stale| stale.bytes.clone().into()),
        }
    }
}

fn settled(ticket: u64, settled: &Settled) -> LoaderSettled {
    let (outcome, reason) = match settled {
        Settled::Loaded(Some(_)) => ("value", None),
        // Somebody else wrote it, or there is no loader any more.
        Settled::Loaded(None) | Settled::Gone => ("read", None),
        Settled::Absent => ("absent", None),
        Settled::Failed(error) => (kind(error), Some(error.to_string())),
    };
    let value = if let Settled::Loaded(Some(value)) = settled { Some(value) } else { None };
    LoaderSettled {
        ticket: ticket as f64,
        outcome,
        value: value.map(|value| value.bytes.clone().into()),
        flags: value.map_or(0, |value| value.flags),
        reason,
    }
}

fn kind(error: &LoadError) -> &'static str {
    match error {
        LoadError::TimedOut | LoadError::NotStarted => "timeout",
        LoadError::TooManyWaiting | LoadError::KeyTooLong => "refused",
        LoadError::Rejected(_) | LoadError::HostGone | LoadError::NotStored(_) => "failed",
    }
}
