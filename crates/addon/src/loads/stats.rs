//! What is counted of loads, for JavaScript.

use napi_derive::napi;
use ringstone_engine::loads::{LOAD_ERRORS, LoadStats, LoaderStats};
use std::collections::HashMap;

/// What is counted of one loader.
#[napi(object, object_from_js = false)]
pub struct NativeLoaderStats {
    /// Runs begun.
    pub runs: f64,
    /// Loads that gave a value.
    pub loaded: f64,
    /// Loads that gave none.
    pub absent: f64,
    /// Loads that failed, and requests that were refused.
    pub failed: f64,
    /// Who waited for a load that another had begun.
    pub coalesced: f64,
    /// Reads that were answered with a stale value.
    pub stale_served: f64,
    /// Runs now.
    pub running: f64,
    /// Loads that wait for their turn now.
    pub queued: f64,
    /// Requests and calls that wait now.
    pub waiting: f64,
}

impl From<LoaderStats> for NativeLoaderStats {
    fn from(stats: LoaderStats) -> Self {
        NativeLoaderStats {
            runs: stats.runs as f64,
            loaded: stats.loaded as f64,
            absent: stats.absent as f64,
            failed: stats.failed as f64,
            coalesced: stats.coalesced as f64,
            stale_served: stats.stale_served as f64,
            running: stats.running as f64,
            queued: stats.queued as f64,
            waiting: stats.waiting as f64,
        }
    }
}

/// What is counted of all loaders of a cache, those that are gone included.
#[napi(object)]
pub struct NativeLoadsStats {
    /// Loaders now.
    pub loaders: f64,
    /// Runs begun.
    pub runs: f64,
    /// Loads that gave a value.
    pub loaded: f64,
    /// Loads that gave none.
    pub absent: f64,
    /// Loads that failed, and requests that were refused, by reason.
    pub failed: HashMap<String, f64>,
    /// Loads whose result was not wanted any more, for somebody had changed the key.
    pub superseded: f64,
    /// Loads whose loader was closed.
    pub gone: f64,
    /// Runs made again because the first had failed.
    pub handed_over: f64,
    /// Runs made again because the key was removed meanwhile.
    pub repeated: f64,
    /// Runs that answered when they had been given up.
    pub late: f64,
    /// Who waited for a load that another had begun.
    pub coalesced: f64,
    /// Reads that were answered with a stale value.
    pub stale_served: f64,
    /// Reads that were answered by remembering that there is no value.
    pub negative_hits: f64,
    /// Milliseconds that runs took which answered.
    pub run_ms: f64,
    /// Runs now.
    pub running: f64,
    /// Loads that wait for their turn now.
    pub queued: f64,
    /// Requests and calls that wait now.
    pub waiting: f64,
    /// Keys of which something is remembered now.
    pub remembered: f64,
}

impl From<LoadStats> for NativeLoadsStats {
    fn from(stats: LoadStats) -> Self {
        let failed = LOAD_ERRORS.into_iter().zip(stats.failed);
        NativeLoadsStats {
            loaders: stats.loaders as f64,
            runs: stats.runs as f64,
            loaded: stats.loaded as f64,
            absent: stats.absent as f64,
            failed: failed.map(|(reason, count)| (reason.to_owned(), count as f64)).collect(),
            superseded: stats.superseded as f64,
            gone: stats.gone as f64,
            handed_over: stats.handed_over as f64,
            repeated: stats.repeated as f64,
            late: stats.late as f64,
            coalesced: stats.coalesced as f64,
            stale_served: stats.stale_served as f64,
            negative_hits: stats.negative_hits as f64,
            run_ms: stats.run_ms as f64,
            running: stats.running as f64,
            queued: stats.queued as f64,
            waiting: stats.waiting as f64,
            remembered: stats.remembered as f64,
        }
    }
}
