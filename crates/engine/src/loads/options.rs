//! How a loader is used, and what all loaders together are bound by.

/// Longest key in bytes that is loaded; loads of longer ones are refused.
pub const MAX_LOAD_KEY_BYTES: usize = 4096;
/// Longest pattern in bytes.
pub const MAX_PATTERN_BYTES: usize = 1024;
/// Loaders of a cache, over all environments.
pub const MAX_LOADERS: usize = 1024;
/// Longest time in milliseconds that a run may be given: a day.
pub const MAX_TIMEOUT_MS: u64 = 24 * 60 * 60 * 1000;
/// A load is given up after so many of its loader's timeouts, whatever has become of it: one to wait for its turn, one for the
/// first run and one for the second.
pub const TIMEOUTS_PER_LOAD: u64 = 3;
/// Runs of a load that may fail before those who wait are told.
pub const MAX_FAILURES: u8 = 2;
/// Milliseconds after a refresh has failed in which no other one of that key is started. The stale value is served meanwhile.
pub const REFRESH_RETRY_MS: u64 = 1000;

/// What those who wait are told when a load has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// That there is no value.
    Miss,
    /// That it has failed, and why.
    #[default]
    Error,
}

/// How a loader is used. Several of the same pattern, of several environments, should have the same ones: each load goes by
/// those of the loader that runs it, and `stale_for_ms` is that of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Milliseconds for which a loaded value is fresh, 0 = for ever; `None`: the cache's default.
    pub ttl_ms: Option<u64>,
    /// Milliseconds after that in which it is served while one refresh runs. Without a time to live it means nothing.
    pub stale_for_ms: u64,
    /// Milliseconds that a run may take, and a load may wait for its turn: 1 to [`MAX_TIMEOUT_MS`], to which it is brought.
    pub timeout_ms: u64,
    /// Milliseconds for which it is remembered that there is no value for a key, 0 = not at all.
    pub negative_ttl_ms: u64,
    /// Runs at once, of this loader; others wait for their turn. At least 1.
    pub max_concurrent: usize,
    /// Requests and calls that may wait for loads of this loader; more are refused. At least 1.
    pub max_waiting: usize,
    /// What is answered when a load has failed.
    pub on_error: OnError,
}

impl Default for LoaderOptions {
    fn default() -> LoaderOptions {
        LoaderOptions {
            ttl_ms: None,
            stale_for_ms: 0,
            timeout_ms: 10_000,
            negative_ttl_ms: 0,
            max_concurrent: 64,
            max_waiting: 10_000,
            on_error: OnError::Error,
        }
    }
}

impl LoaderOptions {
    /// Within the bounds, whatever was asked for: nothing waits for ever.
    pub(super) fn bounded(self) -> LoaderOptions {
        LoaderOptions {
            timeout_ms: self.timeout_ms.clamp(1, MAX_TIMEOUT_MS),
            max_concurrent: self.max_concurrent.max(1),
            max_waiting: self.max_waiting.max(1),
            ..self
        }
    }
}
