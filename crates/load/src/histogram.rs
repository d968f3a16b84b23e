//! Latencies: a high dynamic range histogram of nanoseconds, and what is told of it.

/// Digits that a value keeps.
const SIGNIFICANT_DIGITS: u8 = 3;
/// Longest latency that is told apart; longer ones count as this.
const MAX_NS: u64 = 3_600_000_000_000;

/// Latencies in nanoseconds, to three digits, up to an hour.
#[derive(Clone, Debug)]
pub struct Histogram(hdrhistogram::Histogram<u64>);

impl Histogram {
    /// An empty one.
    pub fn new() -> Self {
        let made = hdrhistogram::Histogram::new_with_bounds(1, MAX_NS, SIGNIFICANT_DIGITS);
        Self(made.expect("the bounds are constants that hold"))
    }

    /// Counts one latency.
    #[inline]
    pub fn record(&mut self, latency_ns: u64) {
        self.0.saturating_record(latency_ns);
    }

    /// Adds another one's latencies.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// Nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is told of it.
    pub fn latency(&self) -> Latency {
        let at = |percent| self.0.value_at_percentile(percent) as f64 / 1000.0;
        Latency {
            count: self.0.len(),
            min_us: if self.0.is_empty() { 0.0 } else { self.0.min() as f64 / 1000.0 },
            mean_us: self.0.mean() / 1000.0,
            p50_us: at(50.0),
            p90_us: at(90.0),
            p95_us: at(95.0),
            p99_us: at(99.0),
            p999_us: at(99.9),
            p9999_us: at(99.99),
            max_us: self.0.max() as f64 / 1000.0,
        }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Latencies in microseconds, each within 0.1 %; all 0 when there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    /// Replies.
    pub count: u64,
    /// Shortest.
    pub min_us: f64,
    /// Mean.
    pub mean_us: f64,
    /// Half of all took at most this.
    pub p50_us: f64,
    /// 90 %.
    pub p90_us: f64,
    /// 95 %.
    pub p95_us: f64,
    /// 99 %.
    pub p99_us: f64,
    /// 99.9 %.
    pub p999_us: f64,
    /// 99.99 %.
    pub p9999_us: f64,
    /// Longest.
    pub max_us: f64,
}

#[cfg(test)]
mod tests {
    use super::{Histogram, Latency, MAX_NS};

    fn near(measured: f64, expected: f64) {
        assert!((measured / expected - 1.0).abs() < 0.0011, "{measured} is not {expected}");
    }

    #[test]
    fn percentiles_of_known_latencies() {
        // 1 us, 2 us ... 100 ms, in two halves that are added.
        let mut halves = [Histogram::new(), Histogram::new()];
        for us in 1..=100_000_u64 {
            halves[(us % 2) as usize].record(us * 1000);
        }
        let [mut all, other] = halves;
        all.add(&other);
        let latency = all.latency();
        assert_eq!(latency.count, 100_000);
        near(latency.min_us, 1.0);
        near(latency.mean_us, 50_000.5);
        near(latency.p50_us, 50_000.0);
        near(latency.p90_us, 90_000.0);
        near(latency.p95_us, 95_000.0);
        near(latency.p99_us, 99_000.0);
        near(latency.p999_us, 99_900.0);
        near(latency.p9999_us, 99_990.0);
        near(latency.max_us, 100_000.0);
    }

    #[test]
    fn none_and_too_long() {
        assert_eq!(Histogram::new().latency(), Latency::default());
        let mut one = Histogram::new();
        one.record(u64::MAX);
        near(one.latency().max_us, MAX_NS as f64 / 1000.0);
    }
}
