//! What is done now and then: closing idle connections, giving unused memory back.

use std::time::Duration;

use super::Worker;
use crate::event_loop::EventLoop;
use crate::{CloseReason, NetOptions, Service, clock};

/// Between two looks at what the pools hold without need, milliseconds.
const TRIM_INTERVAL_MS: u64 = 1000;
/// Between two slices of what is given back, milliseconds.
const TRIM_SLICE_MS: u64 = 10;
/// Bounds of the granularity of the idle timeout, milliseconds.
const SWEEP_INTERVAL_MS: std::ops::RangeInclusive<u64> = 10..=1000;
/// Slots that one tick searches for idle connections.
const SWEEP_SLOTS: usize = 16 << 10;

/// When to do what next.
pub(super) struct Housekeeping {
    trim_at_ms: u64,
    /// One tick did not give back all.
    trimming: bool,
    sweep_at_ms: u64,
    sweep_interval_ms: u64,
    /// Where a sweep goes on that one tick did not finish.
    sweep_from: usize,
}

impl Housekeeping {
    pub(super) fn new(options: &NetOptions, now_ms: u64) -> Self {
        let interval = (options.idle_timeout_ms / 4).clamp(*SWEEP_INTERVAL_MS.start(), *SWEEP_INTERVAL_MS.end());
        Self { trim_at_ms: now_ms, trimming: false, sweep_at_ms: now_ms, sweep_interval_ms: interval, sweep_from: 0 }
    }
}

impl<S: Service, E: EventLoop<S>> Worker<S, E> {
    /// How long the worker may sleep; `None`: nothing is to be done.
    pub(super) fn next_housekeeping(&self) -> Option<Duration> {
        let sweep = self.may_sweep().then_some(self.housekeeping.sweep_at_ms);
        let trim = self.wants_trim().then_some(self.housekeeping.trim_at_ms);
        let next_ms = sweep.into_iter().chain(trim).min()?;
        let now_ms = clock::ms_of(clock::monotonic_ns());
        // Never zero: a due time that has just passed would otherwise make two ticks of one.
        Some(Duration::from_millis(next_ms.saturating_sub(now_ms).max(1)))
    }

    pub(super) fn keep_house(&mut self) {
        if self.now_ms >= self.housekeeping.trim_at_ms && self.wants_trim() {
            let ends = !self.housekeeping.trimming;
            let mut more = self.pools.read.trim(ends);
            if !std::rc::Rc::ptr_eq(&self.pools.read, &self.pools.output.buffers) {
                more |= self.pools.output.buffers.trim(ends);
            }
            self.housekeeping.trimming = more;
            self.housekeeping.trim_at_ms = self.now_ms + if more { TRIM_SLICE_MS } else { TRIM_INTERVAL_MS };
        }
        if self.now_ms >= self.housekeeping.sweep_at_ms && self.may_sweep() {
            self.sweep();
        }
    }

    fn wants_trim(&self) -> bool {
        self.pools.read.wants_trim() || self.pools.output.buffers.wants_trim()
    }

    fn may_sweep(&self) -> bool {
        self.shared.options.idle_timeout_ms > 0 && self.slots.len() > 0
    }

    /// Closes connections that moved no byte for the idle timeout, in a bounded slice of the slots.
    fn sweep(&mut self) {
        let end = self.slots.capacity().min(self.housekeeping.sweep_from + SWEEP_SLOTS);
        let before_ms = (self.now_ms + 1).saturating_sub(self.shared.options.idle_timeout_ms);
        let mut from = self.housekeeping.sweep_from.min(end);
        while let Some(key) = self.slots.quiet_since(from..end, before_ms) {
            from = key.slot as usize + 1;
            if let Some(connection) = self.slots.take(key) {
                let is_idle = connection.state.as_ref().is_some_and(|state| self.service.may_be_idle(state));
                if is_idle && !connection.parked {
                    self.close(connection, CloseReason::Idle);
                } else {
                    self.slots.put(key, connection);
                }
            }
        }
        let done = end == self.slots.capacity();
        self.housekeeping.sweep_from = if done { 0 } else { end };
        self.housekeeping.sweep_at_ms = self.now_ms + if done { self.housekeeping.sweep_interval_ms } else { 0 };
    }
}
