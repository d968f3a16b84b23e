//! The thread that frees expired and flushed items that nobody asks for.

use crate::shared::Shared;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

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

    /// Waits for the interval to pass, a request, or the end.
    fn wait(&self, interval: Duration) {
        let mut wanted = self.wanted.lock();
        if !wanted.round && !wanted.stop {
            self.changed.wait_for(&mut wanted, interval);
        }
        wanted.round = false;
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
            while !seen.sweep_signal.is_stopping() {
                seen.sweep_signal.wait(interval);
                sweep(&seen);
            }
        })?;
        Ok(Sweeper { shared, thread: Some(thread) })
    }
}

/// One round. Between slices other threads of a busy machine get the core.
fn sweep(shared: &Shared) {
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        if shared.sweep_signal.is_stopping() {
            return;
        }
        cursor = shared.store.sweep_slice(at, shared.clock.now_ms());
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
