//! Where loads run: one JavaScript thread with its loaders of one opening of a cache.

use super::queue::{Event, Queue};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};
use ringstone_engine::Cache;
use ringstone_engine::loads::{Asked, LoadHost, LoadId, LoadRequest, Loads, Settled, Waiter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// At most one call of the function that wakes JavaScript is under way; what it is woken for is in the [`Queue`].
const MAX_WAKES: usize = 1;

/// Weak: holds the process open only while it is asked to.
pub type WakeFunction = ThreadsafeFunction<(), (), (), Status, false, true, MAX_WAKES>;

/// What is done about a key that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ToDo {
    /// Read it as always.
    Read = 0,
    /// There is no value.
    Nothing = 1,
    /// Wait: an event will tell.
    Wait = 2,
}

/// One environment's.
pub struct Host {
    queue: Mutex<Queue>,
    wake: WakeFunction,
}

impl Host {
    /// With the function that makes JavaScript take events.
    pub fn new(wake: WakeFunction) -> Arc<Host> {
        Arc::new(Host { queue: Mutex::default(), wake })
    }

    /// What has to be told next.
    pub fn next(&self) -> Option<Event> {
        self.queue().next()
    }

    /// Has JavaScript an answer to a run that is still wanted?
    pub fn answered(&self, id: LoadId) -> bool {
        self.queue().answered(id)
    }

    /// Asks for a key in the name of a caller.
    pub fn ask(self: &Arc<Self>, cache: &Cache, key: &[u8], ticket: u64) -> ToDo {
        if !cache.loads.any() {
            return ToDo::Read;
        }
        self.queue().expect(ticket);
        let waiter = (Arc::clone(self) as Arc<dyn Waiter>, ticket);
        let asked = cache.loads.ask(key, cache.store.hash(key), cache.clock.now_ms(), Some(waiter));
        match asked {
            Asked::Waits(wait) => {
                self.queue().waits(ticket, wait);
                return ToDo::Wait;
            }
            Asked::Refused(error) => {
                // Told in the same way as all other failures.
                self.settled(ticket, &Settled::Failed(error));
                return ToDo::Wait;
            }
            Asked::NoLoader | Asked::Fresh | Asked::Stale | Asked::Absent => {}
        }
        self.queue().forget(ticket);
        if asked == Asked::Absent { ToDo::Nothing } else { ToDo::Read }
    }

    /// A caller waits no longer.
    pub fn withdraw(&self, loads: &Loads, ticket: u64) {
        let wait = self.queue().forget(ticket);
        if let Some(wait) = wait {
            loads.withdraw(wait);
        }
    }

    /// The environment ends, or lets the cache go: what runs here is handed over.
    pub fn leave(self: &Arc<Self>, loads: &Loads) {
        let waits = self.queue().close();
        waits.into_iter().for_each(|wait| loads.withdraw(wait));
        loads.leave(&(Arc::clone(self) as Arc<dyn LoadHost>));
    }

    /// Whether the process is held open by what somebody here waits for.
    pub fn hold_open(&self, env: Env, is_wanted: bool) -> napi::Result<()> {
        let status = self.wake.handle.with_read_aborted(|is_gone| {
            if is_gone {
                return sys::Status::napi_ok;
            }
            let (env, function) = (env.raw(), self.wake.raw());
            // SAFETY: called on the thread of the environment that it was made for, and the function is there: its
            // finalizer, which runs on this thread too, would have set the flag.
            unsafe {
                if is_wanted {
                    sys::napi_ref_threadsafe_function(env, function)
                } else {
                    sys::napi_unref_threadsafe_function(env, function)
                }
            }
        });
        napi::check_status!(status)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A function that is full has been called already; one that is closing belongs to an environment that ends, and leaves.
    fn wake(&self, is_wanted: bool) {
        if is_wanted {
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

impl LoadHost for Host {
    fn run(&self, load: LoadRequest) {
        let wakes = self.queue().run(load);
        self.wake(wakes);
    }

    fn cancel(&self, id: LoadId) {
        let wakes = self.queue().cancel(id);
        self.wake(wakes);
    }
}

impl Waiter for Host {
    fn settled(&self, ticket: u64, outcome: &Settled) {
        let wakes = self.queue().settle(ticket, outcome.clone());
        self.wake(wakes);
    }
}
