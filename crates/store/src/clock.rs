//! Sources of time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// Source of time. [`SystemClock`] (wall time, never backwards within the process) and [`ManualClock`] (tests).
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> UnixMillis;

    /// Microseconds since the Unix epoch, never less than `now_ms` said before; for who shows the time.
    fn now_us(&self) -> u64 {
        self.now_ms() * US_PER_MS
    }

    /// Milliseconds since a time of its own, of a clock that nobody sets: for what must be over some time later, whatever
    /// becomes of the other.
    fn steady_ms(&self) -> u64;
}

const US_PER_MS: u64 = 1000;
static STEADY_START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Wall time that never goes backwards: when the system's clock is set back, it stands still until it is caught up with.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest_ms: AtomicU64,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> SystemClock {
        SystemClock::default()
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> UnixMillis {
        // A system clock before 1970 reads as 0, i.e. as the latest time seen.
        let wall_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        let seen_ms = self.latest_ms.load(Ordering::Relaxed);
        // Written at most once per millisecond, so readers share the line.
        if wall_ms > seen_ms { wall_ms.max(self.latest_ms.fetch_max(wall_ms, Ordering::Relaxed)) } else { seen_ms }
    }

    fn now_us(&self) -> u64 {
        let wall_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as u64);
        wall_us.max(self.now_ms() * US_PER_MS)
    }

    fn steady_ms(&self) -> u64 {
        STEADY_START.elapsed().as_millis() as u64
    }
}

/// A clock that a test sets.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_ms: AtomicU64,
    steady_ms: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now_ms` until told otherwise.
    pub fn new(now_ms: UnixMillis) -> ManualClock {
        ManualClock { now_ms: AtomicU64::new(now_ms), steady_ms: AtomicU64::new(now_ms) }
    }

    /// Shows another time, also an earlier one, as if the system's clock had been set: no time passes.
    pub fn set(&self, now_ms: UnixMillis) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Goes on by `step_ms`.
    pub fn advance(&self, step_ms: u64) {
        self.now_ms.fetch_add(step_ms, Ordering::Relaxed);
        self.steady_ms.fetch_add(step_ms, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> UnixMillis {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn steady_ms(&self) -> u64 {
        self.steady_ms.load(Ordering::Relaxed)
    }
}
