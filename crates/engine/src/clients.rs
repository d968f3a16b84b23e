//! All connections that are open, for who wants to list them or to reach one.

use crate::client::Client;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Connections of a worker by serial.
type OfWorker = Mutex<HashMap<u64, Arc<Client>>>;

/// The open connections by serial, with a lock for each worker: it is taken when a connection opens or closes, and by the few
/// commands that look at all.
pub struct Clients {
    workers: Box<[OfWorker]>,
}

impl Clients {
    /// For so many workers.
    pub fn new(workers: usize) -> Clients {
        Clients { workers: (0..workers).map(|_| Mutex::default()).collect() }
    }

    /// A connection has opened.
    pub fn add(&self, client: &Arc<Client>) {
        self.workers[client.worker].lock().insert(client.serial, Arc::clone(client));
    }

    /// A connection has closed.
    pub fn remove(&self, client: &Client) {
        self.workers[client.worker].lock().remove(&client.serial);
    }

    /// One of them.
    pub fn get(&self, serial: u64) -> Option<Arc<Client>> {
        self.workers.iter().find_map(|worker| worker.lock().get(&serial).cloned())
    }

    /// All of them, in the order in which they were accepted.
    pub fn all(&self) -> Vec<Arc<Client>> {
        let mut all: Vec<_> =
            self.workers.iter().flat_map(|worker| worker.lock().values().cloned().collect::<Vec<_>>()).collect();
        all.sort_unstable_by_key(|client| client.serial);
        all
    }
}
