//! The thread that gives up what takes too long. It is there only while loaders are. All times here are of the steady clock:
//! that somebody sets the other one neither ends loads nor has them go on.

use super::Core;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks at least, in milliseconds: how late a timeout may be noticed.
const GRANULARITY_MS: u64 = 5;
/// Nothing is due.
const NEVER: u64 = u64::MAX;

/// When the thread looks next.
pub(super) struct Alarm {
    /// As under the lock.
    next_ms: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next_ms: u64,
    stop: bool,
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm { next_ms: AtomicU64::new(NEVER), state: Mutex::default(), changed: Condvar::new() }
    }
}

impl Alarm {
    /// Has the thread look at this time, if it would not before. After the table's lock was held to put in what is due then: the
    /// thread either finds that, or has let this be seen that it does not.
    #[inline]
    pub fn set_before(&self, due_ms: u64) {
        if due_ms < self.next_ms.load(Relaxed) {
            let mut state = self.state.lock();
            state.next_ms = state.next_ms.min(due_ms);
            self.next_ms.store(state.next_ms, Relaxed);
            self.changed.notify_all();
        }
    }

    /// From now on whatever is put in sets the alarm; false if the thread is to end.
    fn clear(&self) -> bool {
        let mut state = self.state.lock();
        state.next_ms = NEVER;
        self.next_ms.store(NEVER, Relaxed);
        !state.stop
    }

    /// Sleeps until it is due, or until the end.
    fn wait(&self, core: &Core, due_ms: Option<u64>) {
        let mut state = self.state.lock();
        state.next_ms = state.next_ms.min(due_ms.unwrap_or(NEVER));
        self.next_ms.store(state.next_ms, Relaxed);
        let mut least = GRANULARITY_MS;
        while !state.stop {
            let left_ms = state.next_ms.saturating_sub(core.clock.steady_ms()).max(least);
            if left_ms == 0 {
                return;
            }
            let sleep = Duration::from_millis(left_ms);
            if state.next_ms == NEVER {
                self.changed.wait(&mut state);
            } else if self.changed.wait_for(&mut state, sleep).timed_out() {
                least = 0;
            }
        }
    }
}

/// The thread, if it runs.
#[derive(Default)]
pub(super) struct Timer(Option<JoinHandle<()>>);

impl Timer {
    /// Starts it, if it does not run.
    pub fn start(&mut self, core: &Arc<Core>) -> std::io::Result<()> {
        if self.0.is_none() {
            core.alarm.state.lock().stop = false;
            let core = Arc::clone(core);
            let look = move || {
                while core.alarm.clear() {
                    let due_ms = core.tick();
                    core.alarm.wait(&core, due_ms);
                }
            };
            self.0 = Some(ringstone_net::spawn("ringstone-loads".into(), look)?);
        }
        Ok(())
    }

    /// Whether it does not run.
    #[cfg(test)]
    pub fn is_stopped(&self) -> bool {
        self.0.is_none()
    }

    /// Ends it, and waits for that.
    pub fn stop(&mut self, alarm: &Alarm) {
        if let Some(thread) = self.0.take() {
            alarm.state.lock().stop = true;
            alarm.changed.notify_all();
            // It may itself be who lets go of the cache last. A panic has been told of already; there is nothing left to stop.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
