//! What is counted of loads.

use super::{LOAD_ERRORS, LoadError};

/// Counts of all loaders of a cache since it was opened, and gauges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadStats {
    /// Runs begun, refreshes too.
    pub runs: u64,
    /// Loads that gave a value.
    pub loaded: u64,
    /// Loads that gave none.
    pub absent: u64,
    /// Loads that failed, by [`LoadError::index`]; also requests that were refused.
    pub failed: [u64; LOAD_ERRORS.len()],
    /// Loads whose key somebody wrote meanwhile, which stood, or removed, when nobody waited any more.
    pub superseded: u64,
    /// Loads whose loader was closed.
    pub gone: u64,
    /// Runs made again because the first had failed.
    pub handed_over: u64,
    /// Runs made again because the key was removed meanwhile.
    pub repeated: u64,
    /// Runs that answered when they had been given up.
    pub late: u64,
    /// Who waited for a load that another had begun.
    pub coalesced: u64,
    /// Reads that were answered with a stale value.
    pub stale_served: u64,
    /// Reads that were answered by remembering that there is no value.
    pub negative_hits: u64,
    /// Milliseconds that runs took which answered.
    pub run_ms: u64,
    /// Loaders registered now.
    pub loaders: u64,
    /// Runs now.
    pub running: u64,
    /// Loads that wait for their turn now.
    pub queued: u64,
    /// Requests and calls that wait now.
    pub waiting: u64,
    /// Keys of which it is remembered now that there is no value, or that a refresh failed.
    pub remembered: u64,
}

impl LoadStats {
    pub(super) fn fail(&mut self, error: &LoadError) {
        self.failed[error.index()] += 1;
    }

    /// Failures for all reasons.
    pub fn failures(&self) -> u64 {
        self.failed.iter().sum()
    }
}

/// The same of one loader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoaderStats {
    /// Runs begun.
    pub runs: u64,
    /// Runs that gave a value.
    pub loaded: u64,
    /// Runs that gave none.
    pub absent: u64,
    /// Runs that failed, and requests that were refused.
    pub failed: u64,
    /// Who waited for a load that another had begun.
    pub coalesced: u64,
    /// Reads that were answered with a stale value.
    pub stale_served: u64,
    /// Runs now.
    pub running: u64,
    /// Loads that wait for their turn now.
    pub queued: u64,
    /// Requests and calls that wait now.
    pub waiting: u64,
}
