//! What others see and may do while a run goes on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::tally::Tally;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Setting every key.
    Preload,
    /// Load that is not counted.
    Warmup,
    /// The measurement.
    Measure,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Now.
    pub phase: Phase,
    /// Since the phase began, in seconds.
    pub elapsed_s: f64,
    /// In this phase.
    pub replies: u64,
    /// Per second, since the last call of the observer.
    pub replies_per_s: f64,
    /// Error replies in this phase.
    pub failed: u64,
    /// Connections that are not given up.
    pub open_connections: u64,
}

/// Ends a run from another thread.
#[derive(Debug, Default)]
pub struct Control {
    stop: AtomicBool,
}

impl Control {
    /// The run ends as soon as replies on their way have come, or shortly after; its report covers what was done.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// One thread's counters. Only that thread writes.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    replies: AtomicU64,
    failed: AtomicU64,
    open_connections: AtomicU64,
}

impl Counters {
    pub(crate) fn publish(&self, tally: &Tally, open_connections: usize) {
        self.replies.store(tally.replies, Ordering::Relaxed);
        self.failed.store(tally.failed, Ordering::Relaxed);
        self.open_connections.store(open_connections as u64, Ordering::Relaxed);
    }

    /// Replies, failed and connections of all threads.
    pub(crate) fn sum(all: &[Counters]) -> (u64, u64, u64) {
        all.iter().fold((0, 0, 0), |(replies, failed, open), one| {
            (
                replies + one.replies.load(Ordering::Relaxed),
                failed + one.failed.load(Ordering::Relaxed),
                open + one.open_connections.load(Ordering::Relaxed),
            )
        })
    }
}
