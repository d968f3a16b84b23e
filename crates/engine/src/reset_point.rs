//! Values of the counters at the last CONFIG RESETSTAT, so that resetting never writes to another worker's counters and
//! Prometheus' counters never go back.

use crate::counters::{COMMANDS, CommandIndex, ERROR_CODES, LATENCY_BUCKETS};
use crate::shared::Shared;
use parking_lot::Mutex;

/// Times of one command.
#[derive(Clone, Copy)]
pub struct Times {
    /// Calls by duration.
    pub buckets: [u64; LATENCY_BUCKETS + 1],
    /// In all.
    pub total_ns: u64,
}

impl Times {
    /// Calls in all.
    pub fn calls(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Upper bound of the duration of this share of the calls, in microseconds; 0 without calls.
    pub fn percentile_us(&self, share: f64) -> u64 {
        let wanted = (self.calls() as f64 * share).ceil() as u64;
        let mut total = 0;
        for (bucket, calls) in self.buckets.iter().enumerate() {
            total += calls;
            if total >= wanted && total > 0 {
                return 1 << bucket;
            }
        }
        0
    }
}

/// What INFO shows and CONFIG RESETSTAT resets.
#[derive(Clone, Default)]
pub struct Totals {
    commands: Vec<Times>,
    /// Error replies by code, in the order of `ERROR_CODES` and those of other codes.
    pub errors: [u64; ERROR_CODES.len() + 1],
    /// Connections accepted.
    pub accepted: u64,
    /// Connections refused.
    pub refused: u64,
    /// Bytes received.
    pub bytes_read: u64,
    /// Bytes sent.
    pub bytes_written: u64,
    /// Items that expired.
    pub expired: u64,
    /// Items evicted.
    pub evicted: u64,
    /// Reads over RESP that found their key.
    pub hits: u64,
    /// Those that did not.
    pub misses: u64,
}

impl Totals {
    fn now(shared: &Shared) -> Totals {
        let (counters, network, store) = (&shared.counters, shared.network_snapshot(), shared.store_stats());
        let times = |at: usize| Times {
            buckets: std::array::from_fn(|bucket| counters.sum(|worker| &worker.commands[at].buckets[bucket])),
            total_ns: counters.sum(|worker| &worker.commands[at].total_ns),
        };
        Totals {
            commands: (0..COMMANDS).map(times).collect(),
            errors: std::array::from_fn(|code| counters.sum(|worker| &worker.resp_errors[code])),
            accepted: network.accepted,
            refused: network.refused,
            bytes_read: network.bytes_read,
            bytes_written: network.bytes_written,
            expired: store.expirations,
            evicted: store.evictions,
            hits: counters.sum(|worker| &worker.resp.hits),
            misses: (0..4).map(|reason| counters.sum(|worker| &worker.resp.misses[reason])).sum(),
        }
    }

    /// Times of one command.
    pub fn command(&self, index: CommandIndex) -> Times {
        self.commands[usize::from(index.0)]
    }

    /// Commands executed, over all protocols.
    pub fn calls(&self) -> u64 {
        self.commands.iter().map(Times::calls).sum()
    }

    fn since(mut self, start: &Totals) -> Totals {
        for (times, then) in self.commands.iter_mut().zip(&start.commands) {
            times.buckets.iter_mut().zip(then.buckets).for_each(|(now, then)| *now = now.saturating_sub(then));
            times.total_ns = times.total_ns.saturating_sub(then.total_ns);
        }
        self.errors.iter_mut().zip(start.errors).for_each(|(now, then)| *now = now.saturating_sub(then));
        let pairs = [
            (&mut self.accepted, start.accepted),
            (&mut self.refused, start.refused),
            (&mut self.bytes_read, start.bytes_read),
            (&mut self.bytes_written, start.bytes_written),
            (&mut self.expired, start.expired),
            (&mut self.evicted, start.evicted),
            (&mut self.hits, start.hits),
            (&mut self.misses, start.misses),
        ];
        pairs.into_iter().for_each(|(now, then)| *now = now.saturating_sub(then));
        self
    }
}

/// The last reset.
#[derive(Default)]
pub struct ResetPoint(Mutex<Totals>);

impl ResetPoint {
    /// From now on.
    pub fn reset(&self, shared: &Shared) {
        let now = Totals::now(shared);
        *self.0.lock() = now;
    }

    /// What was counted since.
    pub fn since(&self, shared: &Shared) -> Totals {
        let now = Totals::now(shared);
        now.since(&self.0.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_upper_bounds() {
        let mut times = Times { buckets: [0; LATENCY_BUCKETS + 1], total_ns: 0 };
        assert_eq!(times.percentile_us(0.5), 0);
        times.buckets[3] = 98;
        times.buckets[5] = 1;
        times.buckets[9] = 1;
        assert_eq!([0.5, 0.98, 0.99, 0.999].map(|share| times.percentile_us(share)), [8, 8, 32, 512]);
    }
}
