//! When requests are sent.

use crate::Options;

/// One thread's times of sending at a fixed rate: evenly spaced, whatever the server does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// When it began.
    start_ns: u64,
    /// Of the first request after the start; threads take turns.
    offset_ns: f64,
    interval_ns: f64,
    total: u64,
    sent: u64,
}

impl Schedule {
    /// `thread`'s share of `rate` requests per second: `total` of them from `start_ns` on.
    pub(crate) fn new(options: &Options, rate: f64, thread: usize, start_ns: u64, total: u64) -> Self {
        let interval_ns = options.threads as f64 / rate * 1e9;
        let offset_ns = thread as f64 / rate * 1e9;
        Self { start_ns, offset_ns, interval_ns, total, sent: 0 }
    }

    /// When the next request should be sent; `None` after the last.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        (self.sent < self.total).then(|| self.start_ns + (self.offset_ns + self.sent as f64 * self.interval_ns) as u64)
    }

    /// When it should be sent, if that is not after `now_ns`.
    pub(crate) fn due(&self, now_ns: u64) -> Option<u64> {
        self.next_ns().filter(|&next_ns| next_ns <= now_ns)
    }

    /// It was sent.
    pub(crate) fn advance(&mut self) {
        self.sent += 1;
    }

    /// Requests that should have been sent by `now_ns` and were not.
    pub(crate) fn behind(&self, now_ns: u64) -> u64 {
        let elapsed_ns = now_ns.saturating_sub(self.start_ns) as f64 - self.offset_ns;
        let due = if elapsed_ns < 0.0 { 0 } else { (elapsed_ns / self.interval_ns) as u64 + 1 };
        due.min(self.total) - self.sent.min(due)
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use crate::run::tests::options;

    #[test]
    fn threads_take_turns_at_even_distances() {
        let options = crate::Options { threads: 2, ..options() };
        let mut times = Vec::new();
        for thread in 0..2 {
            let mut schedule = Schedule::new(&options, 1000.0, thread, 500, 3);
            while let Some(time_ns) = schedule.due(u64::MAX) {
                times.push(time_ns);
                schedule.advance();
            }
        }
        times.sort_unstable();
        assert_eq!(times, [500, 1_000_500, 2_000_500, 3_000_500, 4_000_500, 5_000_500]);
    }

    #[test]
    fn what_was_not_sent_in_time_is_known() {
        let mut schedule = Schedule::new(&options(), 1000.0, 0, 0, 10);
        assert_eq!((schedule.due(0), schedule.behind(0)), (Some(0), 1));
        schedule.advance();
        assert_eq!((schedule.due(999_999), schedule.behind(999_999)), (None, 0));
        assert_eq!(schedule.behind(3_500_000), 3);
        assert_eq!(schedule.behind(1_000_000_000), 9);
        // Late, it keeps the times that were meant.
        assert_eq!(schedule.due(1_000_000_000), Some(1_000_000));
    }
}
