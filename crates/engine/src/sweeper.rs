//! The thread that frees expired and flushed items that nobody asks for, and puts the store on huge pages.

use crate::shared::Shared;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often memory that was filled is put on huge pages.
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
    stop: bool,
}

impl SweepSignal {
    /// Asks for a round now, since much may have become free (a flush).
    pub fn request(&self) {
        self.wanted.lock().round = true;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.wanted.lock().stop = true;
        self.changed.notify_all();
    }

    fn is_stopping(&self) -> bool {
        self.wanted.lock().stop
    }

    /// Waits for the moment, a request, or the end; true if a round is asked for.
    fn wait(&self, until: Instant) -> bool {
        let mut wanted = self.wanted.lock();
        if !wanted.round && !wanted.stop {
            self.changed.wait_until(&mut wanted, until);
        }
        std::mem::take(&mut wanted.round)
    }
}

/// Sweeps the store once per `cleanup_interval`, a bounded slice at a time, until it is dropped.
pub struct Sweeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// Starts the thread.
    pub fn start(shared: Arc<Shared>) -> std::io::Result<Sweeper> {
        let seen = Arc::clone(&shared);
        let thread = ringstone_net::spawn("ringstone-sweep".into(), move || {
            let interval = Duration::from_millis(seen.options.cleanup_interval_ms);
            let mut next_sweep = Instant::now() + interval;
            while !seen.sweep_signal.is_stopping() {
                let asked = seen.sweep_signal.wait(next_sweep.min(Instant::now() + HUGE_PAGES_INTERVAL));
                if asked || Instant::now() >= next_sweep {
                    sweep(&seen);
                    next_sweep = Instant::now() + interval;
                }
                make_huge(&seen);
            }
        })?;
        Ok(Sweeper { shared, thread: Some(thread) })
    }
}

fn sweep(shared: &Shared) {
    round(shared, |at| shared.store.sweep_slice(at, shared.clock.now_ms()));
}

fn make_huge(shared: &Shared) {
    round(shared, |at| shared.store.huge_pages_slice(at));
}

/// One round of slices. Between them other threads of a busy machine get the core.
fn round<T: Default>(shared: &Shared, slice: impl Fn(T) -> Option<T>) {
    let mut cursor = Some(T::default());
    while let Some(at) = cursor {
        if shared.sweep_signal.is_stopping() {
            return;
        }
        cursor = slice(at);
        std::thread::yield_now();
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.shared.sweep_signal.stop();
        if let Some(thread) = self.thread.take() {
            // A sweeper that panicked has said so already; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}
