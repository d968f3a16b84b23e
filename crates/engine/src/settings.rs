//! Settings that can be changed while serving (CONFIG SET).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// Most entries that the log of slow commands may be set to have.
pub const MAX_SLOWLOG_LEN: u64 = 1 << 14;
/// Defaults as Valkey's.
const SLOWLOG_LOG_SLOWER_THAN_US: i64 = 10_000;
const SLOWLOG_LEN: u64 = 128;

/// Read by the workers once per round.
pub struct Settings {
    slowlog_log_slower_than_us: AtomicI64,
    slowlog_max_len: AtomicU64,
    latency_monitor_threshold_ms: AtomicU64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            slowlog_log_slower_than_us: AtomicI64::new(SLOWLOG_LOG_SLOWER_THAN_US),
            slowlog_max_len: AtomicU64::new(SLOWLOG_LEN),
            latency_monitor_threshold_ms: AtomicU64::new(0),
        }
    }
}

impl Settings {
    /// Time from which on a command is logged; negative = none is, 0 = all are.
    pub fn slowlog_log_slower_than_us(&self) -> i64 {
        self.slowlog_log_slower_than_us.load(Relaxed)
    }

    /// Sets it.
    pub fn set_slowlog_log_slower_than_us(&self, us: i64) {
        self.slowlog_log_slower_than_us.store(us, Relaxed);
    }

    /// Entries of the log of slow commands.
    pub fn slowlog_max_len(&self) -> u64 {
        self.slowlog_max_len.load(Relaxed)
    }

    /// Sets it, to at most [`MAX_SLOWLOG_LEN`].
    pub fn set_slowlog_max_len(&self, len: u64) {
        self.slowlog_max_len.store(len.min(MAX_SLOWLOG_LEN), Relaxed);
    }

    /// Time from which on an event is kept for LATENCY; 0 = never.
    pub fn latency_monitor_threshold_ms(&self) -> u64 {
        self.latency_monitor_threshold_ms.load(Relaxed)
    }

    /// Sets it.
    pub fn set_latency_monitor_threshold_ms(&self, ms: u64) {
        self.latency_monitor_threshold_ms.store(ms, Relaxed);
    }
}
