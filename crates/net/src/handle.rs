//! A running server, and how it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::mailbox::{Doorbell, Phase};
use crate::worker::Ended;
use crate::{Counters, Runtime};

/// A running server. Dropping it without `finish` shuts down at once.
pub struct Handle {
    pub(crate) runtime: Runtime,
    pub(crate) reason: String,
    pub(crate) local_addresses: Vec<String>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) acceptor: AcceptorHandle,
    pub(crate) doorbells: Vec<Arc<Doorbell>>,
    pub(crate) threads: Vec<JoinHandle<()>>,
    pub(crate) ends: Arc<Ends>,
}

/// The acceptor's thread; stopping it joins it.
pub(crate) struct AcceptorHandle {
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) waker: mio::Waker,
    pub(crate) thread: Mutex<Option<JoinHandle<()>>>,
}

impl AcceptorHandle {
    /// Returns once the listeners are closed: whatever was accepted has been delivered.
    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        let mut thread = self.thread.lock();
        if let Some(thread) = thread.take() {
            // Fails only for a closed descriptor; the thread owns the other end until it is joined.
            self.waker.wake().ok();
            // A panic of the acceptor has closed its listeners as well.
            thread.join().ok();
        }
    }
}

/// Counts the workers that have ended, however they did.
pub(crate) struct Ends {
    state: Mutex<EndsState>,
    changed: Condvar,
}

struct EndsState {
    running: usize,
    /// No worker had to close a connection with work left, or failed.
    all_drained: bool,
}

impl Ends {
    pub(crate) fn new(workers: usize) -> Self {
        Self { state: Mutex::new(EndsState { running: workers, all_drained: true }), changed: Condvar::new() }
    }

    /// A worker has ended; `None`: it failed.
    pub(crate) fn note(&self, ended: Option<Ended>) {
        let mut state = self.state.lock();
        state.running -= 1;
        state.all_drained &= ended == Some(Ended::Drained);
        self.changed.notify_all();
    }

    /// Waits until none runs, or until `deadline`.
    fn wait(&self, deadline: Instant) {
        let mut state = self.state.lock();
        while state.running > 0 && !self.changed.wait_until(&mut state, deadline).timed_out() {}
    }

    fn all_drained(&self) -> bool {
        self.state.lock().all_drained
    }
}

impl Handle {
    /// What was taken.
    pub fn runtime(&self) -> Runtime {
        self.runtime
    }

    /// Why (for the banner): "asked for", "io_uring: round trip works" or "io_uring_setup: EPERM: a seccomp filter forbids it".
    pub fn runtime_reason(&self) -> &str {
        &self.reason
    }

    /// Real addresses (with the port that the system chose for :0), in the order of the listeners.
    pub fn local_addresses(&self) -> Vec<String> {
        self.local_addresses.clone()
    }

    /// Counters.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Step 1 of stopping: no new connections; connections are closed as soon as what they have sent is answered and
    /// flushed.
    pub fn drain(&self) {
        self.acceptor.stop();
        self.advance_to(Phase::Drain);
    }

    /// Step 2: waits up to `timeout_ms` for the connections, closes the rest, joins the threads. True if all had drained.
    pub fn finish(mut self, timeout_ms: u64) -> bool {
        self.drain();
        // A timeout beyond what the clock can express is for ever in all but name.
        let wait = Duration::from_millis(timeout_ms).min(Duration::from_secs(365 * 86_400));
        self.ends.wait(Instant::now() + wait);
        self.stop();
        self.ends.all_drained()
    }

    fn advance_to(&self, phase: Phase) {
        for doorbell in &self.doorbells {
            doorbell.advance_to(phase);
        }
    }

    fn stop(&mut self) {
        self.acceptor.stop();
        self.advance_to(Phase::Stop);
        for thread in self.threads.drain(..) {
            // Workers catch their panics and tell the observer.
            thread.join().ok();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
    }
}
