//! Values of the counters at the last `stats reset`, so that resetting never writes to another worker's counters and
//! Prometheus' counters never go back.

use std::collections::HashMap;
use std::sync::Mutex;

/// Subtracted from what memcached's `stats` shows.
#[derive(Default)]
pub struct Baseline(Mutex<HashMap<&'static str, u64>>);

impl Baseline {
    /// `value` since the last reset.
    pub fn since_reset(&self, name: &'static str, value: u64) -> u64 {
        let values = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        value.saturating_sub(values.get(name).copied().unwrap_or(0))
    }

    /// Takes these values as the new zero.
    pub fn reset(&self, now: impl IntoIterator<Item = (&'static str, u64)>) {
        let mut values = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        values.clear();
        values.extend(now);
    }
}
