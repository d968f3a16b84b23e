//! A request that waits for loads: its connection is parked, and goes on when the last of them is settled.

use crate::client::Client;
use crate::loads::{LoadError, Loads, Settled, Wait, Waiter};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a request has asked for, shared with the loads.
struct Parking {
    client: Arc<Client>,
    /// Loads that are not settled yet, and one for whoever is still asking.
    pending: AtomicUsize,
    /// The first that failed.
    failure: Mutex<Option<LoadError>>,
}

impl Parking {
    /// One is done; true if it was the last.
    fn is_last(&self) -> bool {
        self.pending.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

impl Waiter for Parking {
    fn settled(&self, _ticket: u64, outcome: &Settled) {
        if let Settled::Failed(error) = outcome {
            self.failure.lock().get_or_insert_with(|| error.clone());
        }
        if self.is_last() {
            self.client.go_on();
        }
    }
}

/// Who waits, as its connection keeps it.
pub struct Waiting {
    parking: Arc<Parking>,
    waits: Vec<Wait>,
}

impl Waiting {
    /// Of a connection that is about to ask.
    pub fn of(client: &Arc<Client>) -> Waiting {
        let (pending, failure) = (AtomicUsize::new(1), Mutex::default());
        Waiting { parking: Arc::new(Parking { client: Arc::clone(client), pending, failure }), waits: Vec::new() }
    }

    /// The waiter for one more key.
    pub fn waiter(&self) -> Arc<dyn Waiter> {
        self.parking.pending.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.parking) as _
    }

    /// The key is waited for.
    pub fn add(&mut self, wait: Wait) {
        self.waits.push(wait);
    }

    /// The key need not be waited for.
    pub fn skip(&self) {
        self.parking.is_last();
    }

    /// All keys were asked for; false if there is nothing to wait for any more.
    pub fn begin(&self) -> bool {
        !self.parking.is_last()
    }

    /// Whether there is nothing to wait for any more.
    pub fn is_over(&self) -> bool {
        self.parking.pending.load(Ordering::Acquire) == 0
    }

    /// Why it has failed, if it has.
    pub fn failure(&self) -> Option<LoadError> {
        self.parking.failure.lock().clone()
    }

    /// The connection does not wait any more.
    pub fn withdraw(&self, loads: &Loads) {
        self.waits.iter().for_each(|wait| loads.withdraw(*wait));
    }
}
