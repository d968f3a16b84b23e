//! The thread that frees expired and flushed items that nobody asks for, puts the store on huge pages, and tells of
//! keys whose time has come.

use crate::cache::Cache;
use crate::tracking::TICK;
use parking_lot::{Condvar, Mutex};
use std::cell::Cell;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often memory that was filled is put on huge pages, and how long none must have been begun before.
const HUGE_PAGES_INTERVAL: Duration = Duration::from_secs(1);

/// How other threads reach the sweeper.
#[derive(Default)]
pub struct SweepSignal {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Wanted {
    round: bool,
    look: bool,
    stop: bool,
}

impl SweepSignal {
    /// Asks for a round now, since much may have become free (a flush).
    pub fn request(&self) {
        self.wanted.lock().round = true;
        self.changed.notify_all();
    }

    /// There are timers now, so that it may be due earlier.
    pub fn look(&self) {
        self.wanted.lock().look = true;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.wanted.lock().stop = true;
        self.changed.notify_all();
    }

    fn is_stopping(&self) -> bool {
        self.wanted.lock().stop
    }

    fn is_wanted(&self) -> bool {
        let wanted = self.wanted.lock();
        wanted.round || wanted.stop
    }

    /// Waits for the moment, a request, or the end; true if a round is asked for.
    fn wait(&self, until: Instant) -> bool {
        let mut wanted = self.wanted.lock();
        if !wanted.round && !wanted.look && !wanted.stop {
            self.changed.wait_until(&mut wanted, until);
        }
        wanted.look = false;
        std::mem::take(&mut wanted.round)
    }
}

/// Sweeps the store once per `cleanup_interval`, a bounded slice at a time, until it is dropped.
pub struct Sweeper {
    cache: Arc<Cache>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// Starts the thread.
    pub fn start(cache: Arc<Cache>) -> std::io::Result<Sweeper> {
        let seen = Arc::clone(&cache);
        let thread = ringstone_net::spawn("ringstone-sweep".into(), move || {
            let interval = Duration::from_millis(seen.options.cleanup_interval_ms);
            let mut next_sweep = Instant::now() + interval;
            let mut next_huge = Instant::now() + HUGE_PAGES_INTERVAL;
            let mut huge = HugePages::default();
            let ticker = Ticker { next: Cell::new(Instant::now()) };
            while !seen.sweep_signal.is_stopping() {
                let asked = seen.sweep_signal.wait(ticker.before(next_sweep.min(next_huge), &seen));
                ticker.look(&seen);
                shrink(&seen, &ticker);
                if asked || Instant::now() >= next_sweep {
                    sweep(&seen, &ticker);
                    next_sweep = Instant::now() + interval;
                }
                if Instant::now() >= next_huge {
                    let is_due = huge.round(&seen, next_sweep, &ticker);
                    let pause = if is_due { Duration::ZERO } else { HUGE_PAGES_INTERVAL };
                    next_huge = Instant::now() + pause;
                }
            }
        })?;
        Ok(Sweeper { cache, thread: Some(thread) })
    }
}

/// Tells clients that keep copies of keys whose time has come, also between the slices of longer work.
struct Ticker {
    next: Cell<Instant>,
}

impl Ticker {
    /// The moment, or before it the next tick.
    fn before(&self, moment: Instant, cache: &Cache) -> Instant {
        if cache.tracking.has_timers() { moment.min(self.next.get()) } else { moment }
    }

    fn look(&self, cache: &Cache) {
        if !cache.tracking.has_timers() {
            return;
        }
        let now = Instant::now();
        if now >= self.next.get() {
            self.next.set(now + TICK);
            cache.tracking.tick(cache.clock.now_ms());
        }
    }
}

/// Gives back what is beyond a limit that was lowered. What bodies and replies hold of it goes with a later call.
fn shrink(cache: &Cache, ticker: &Ticker) {
    while !cache.sweep_signal.is_stopping() && cache.store.shrink_slice(cache.clock.now_ms()) {
        ticker.look(cache);
        std::thread::yield_now();
    }
}

fn sweep(cache: &Cache, ticker: &Ticker) {
    let slice = |at| {
        ticker.look(cache);
        cache.store.sweep_slice(at, cache.clock.now_ms())
    };
    round(0, || cache.sweep_signal.is_stopping(), slice);
}

/// Puts memory on huge pages while none is begun: who touches memory for the first time, with a cell in hand, waits for the
/// kernel meanwhile. A cache that fills is put on huge pages when it is full, or pauses.
#[derive(Default)]
struct HugePages {
    cursor: u32,
    resident_bytes: u64,
}

impl HugePages {
    /// Goes on with the round. Makes way for a sweep that is due, as there may be seconds of work after many GiB were filled;
    /// true if that was why it ended.
    fn round(&mut self, cache: &Cache, next_sweep: Instant, ticker: &Ticker) -> bool {
        let resident_bytes = cache.store.resident_bytes();
        if std::mem::replace(&mut self.resident_bytes, resident_bytes) != resident_bytes {
            return false;
        }
        let changes = || cache.store.resident_bytes() != resident_bytes;
        let makes_way = || cache.sweep_signal.is_wanted() || Instant::now() >= next_sweep;
        let slice = |at| {
            ticker.look(cache);
            cache.store.huge_pages_slice(at)
        };
        self.cursor = round(self.cursor, || makes_way() || changes(), slice);
        self.cursor != 0 && !changes()
    }
}

/// Slices of a round, until it ends or has to. Between them other threads of a busy machine get the core. Answers with the
/// cursor to go on from, which is the default for the next round.
fn round<T: Copy + Default>(from: T, is_over: impl Fn() -> bool, slice: impl Fn(T) -> Option<T>) -> T {
    let mut cursor = from;
    while !is_over() {
        match slice(cursor) {
            Some(next) => cursor = next,
            None => return T::default(),
        }
        std::thread::yield_now();
    }
    cursor
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.cache.sweep_signal.stop();
        if let Some(thread) = self.thread.take() {
            // A sweeper that panicked has said so already; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_pages_make_way_for_a_flush_and_go_on_after_it() {
        let signal = SweepSignal::default();
        let slice = |at: u32| {
            if at == 2 {
                signal.request();
            }
            (at < 5).then_some(at + 1)
        };
        assert_eq!(round(0, || signal.is_wanted(), slice), 3);
        assert!(signal.wait(Instant::now()), "the sweep is to be done first");
        assert_eq!(round(3, || signal.is_wanted(), slice), 0, "and then the rest");
    }
}
