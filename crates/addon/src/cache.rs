//! An open cache as a JavaScript object: one per environment and opening.

use crate::direct::{self, Handle};
use crate::error::{Code, Result, from_engine};
use crate::loads::{NativeLoaders, WakeFunction};
use crate::number::whole;
use crate::options::{EvictionPolicy, ServeOptions};
use crate::server::{EventFunction, NativeServer};
use crate::stats::NativeStats;
use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;
use ringstone_engine::{CacheOptions, ErrorCode, Eviction, OpenCache};
use std::rc::Rc;

/// How a cache is made. Sizes in bytes, times in milliseconds, all of them whole numbers.
#[napi(object)]
pub struct OpenOptions {
    /// Others in this process join the cache by it; without one nobody does.
    pub name: Option<String>,
    /// For items, index and ghosts.
    pub max_memory: f64,
    /// Longest value.
    pub max_value_size: f64,
    /// 0 = never.
    pub default_ttl_ms: f64,
    /// Between sweeps.
    pub cleanup_interval_ms: f64,
    /// Policy.
    pub eviction: EvictionPolicy,
    /// Names of the options that were asked for: where the cache is open already, it must have these.
    pub asked: Vec<String>,
}

impl TryFrom<&OpenOptions> for CacheOptions {
    type Error = napi::Error<Code>;

    fn try_from(options: &OpenOptions) -> Result<Self> {
        Ok(CacheOptions {
            max_memory: whole("maxMemory", options.max_memory)?,
            max_value_size: whole("maxValueSize", options.max_value_size)?,
            default_ttl_ms: whole("defaultTtl", options.default_ttl_ms)?,
            cleanup_interval_ms: whole("cleanupInterval", options.cleanup_interval_ms)?,
            eviction: match options.eviction {
                EvictionPolicy::S3Fifo => Eviction::S3Fifo,
                EvictionPolicy::Lru => Eviction::Lru,
                EvictionPolicy::None => Eviction::None,
            },
        })
    }
}

/// What is asked for and is not so.
fn difference(asked: &[String], wanted: &CacheOptions, is: &CacheOptions) -> Option<String> {
    let differs = |name: &str| asked.iter().any(|one| one == name);
    let numbers = [
        ("maxMemory", is.max_memory, wanted.max_memory),
        ("maxValueSize", is.max_value_size, wanted.max_value_size),
        ("defaultTtl", is.default_ttl_ms, wanted.default_ttl_ms),
        ("cleanupInterval", is.cleanup_interval_ms, wanted.cleanup_interval_ms),
    ];
    for (name, is, wanted) in numbers {
        if is != wanted && differs(name) {
            return Some(format!("{name} is {is}, not {wanted}"));
        }
    }
    let is_other = is.eviction != wanted.eviction && differs("eviction");
    is_other.then(|| format!("eviction is {:?}, not {:?}", is.eviction, wanted.eviction).to_lowercase())
}

/// One opening of a cache.
#[napi]
pub struct NativeCache {
    handle: Rc<Handle>,
}

/// Opens a cache, or joins the one of that name. `slab` is where values are copied to; see `direct`.
#[napi]
pub fn open_cache(env: Env, options: OpenOptions, slab: Uint8Array) -> Result<NativeCache> {
    let wanted = CacheOptions::try_from(&options)?;
    let OpenOptions { name, asked, .. } = options;
    let differs = |is: &CacheOptions| difference(&asked, &wanted, is);
    let cache = OpenCache::open(name.as_deref(), wanted.clone(), differs).map_err(from_engine)?;
    let handle = Rc::new(Handle::new(cache, slab));
    // The hook costs some dozens of bytes per opening until its environment ends; the cache itself goes with the handle.
    let weak = Rc::downgrade(&handle);
    let hook = env.add_env_cleanup_hook(weak, |weak| {
        if let Some(handle) = weak.upgrade() {
            handle.close();
        }
    });
    hook.map_err(|error| napi::Error::new(Code::Napi(error.status), error.reason))?;
    Ok(NativeCache { handle })
}

impl NativeCache {
    /// What its operations share.
    pub fn handle(&self) -> &Rc<Handle> {
        &self.handle
    }
}

#[napi]
impl NativeCache {
    /// The operations, as functions that belong to this opening.
    #[napi(ts_return_type = "object")]
    pub fn operations<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        direct::operations(env, &self.handle)
    }

    /// Counters and gauges, read now.
    #[napi]
    pub fn stats(&self) -> Result<NativeStats> {
        self.handle.direct().as_ref().map(NativeStats::of).ok_or_else(closed)
    }

    /// Another place where values are copied to.
    #[napi]
    pub fn use_slab(&self, slab: Uint8Array) {
        self.handle.use_slab(slab);
    }

    /// Loaders of this opening. `wake` is called when there is something to do: `next` tells what.
    #[napi]
    pub fn loaders(&self, #[napi(ts_arg_type = "() => void")] wake: WakeFunction) -> NativeLoaders {
        NativeLoaders::new(&self.handle, wake)
    }

    /// Starts serving it. `on_event` is called on the thread that called this.
    #[napi]
    pub fn serve(
        &self,
        env: Env,
        options: ServeOptions,
        #[napi(ts_arg_type = "(event: NativeEvent) => void")] on_event: EventFunction,
    ) -> Result<NativeServer> {
        let cache = self.handle.cache().ok_or_else(closed)?;
        NativeServer::start(env, cache, options, on_event)
    }

    /// Lets it go; the last who does frees its memory. Does nothing the second time.
    #[napi]
    pub fn close(&self) {
        self.handle.close();
    }
}

fn closed() -> napi::Error<Code> {
    napi::Error::new(Code::Engine(ErrorCode::Closed), "the cache was closed".to_owned())
}
