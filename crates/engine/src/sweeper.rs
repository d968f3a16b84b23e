//! The thread that frees expired items that nobody asks for.

use crate::shared::Shared;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Sweeps the store once per `cleanup_interval`, a bounded slice at a time, until it is dropped.
pub struct Sweeper {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// Starts the thread.
    pub fn start(shared: Arc<Shared>) -> std::io::Result<Sweeper> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let seen = Arc::clone(&stop);
        let thread = ringstone_net::spawn("ringstone-sweep".into(), move || {
            let interval = Duration::from_millis(shared.options.cleanup_interval_ms.max(1));
            let (stopped, wake) = &*seen;
            let mut guard = stopped.lock();
            while !*guard {
                wake.wait_for(&mut guard, interval);
                if !*guard {
                    parking_lot::MutexGuard::unlocked(&mut guard, || sweep(&shared, stopped));
                }
            }
        })?;
        Ok(Sweeper { stop, thread: Some(thread) })
    }
}

/// One round. Between slices other threads of a busy machine get the core.
fn sweep(shared: &Shared, stopped: &Mutex<bool>) {
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        if *stopped.lock() {
            return;
        }
        cursor = shared.store.sweep_slice(at, shared.clock.now_ms());
        std::thread::yield_now();
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A sweeper that panicked has said so already; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}
