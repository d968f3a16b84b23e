//! A loader that a test answers for.
#![allow(dead_code)] // each test binary uses its own part

use ringstone_engine::loads::{LoadHost, LoadId, LoadRequest, LoadedValue, LoaderId, LoaderOptions, Loads};
use std::sync::{Arc, Condvar, Mutex};

/// Notes what it is to run.
#[derive(Default)]
pub struct Host {
    runs: Mutex<Vec<LoadRequest>>,
    changed: Condvar,
}

impl LoadHost for Host {
    fn run(&self, load: LoadRequest) {
        self.runs.lock().expect("no panic").push(load);
        self.changed.notify_all();
    }

    fn cancel(&self, _id: LoadId) {}
}

impl Host {
    /// A host with one loader.
    pub fn register(loads: &Loads, pattern: &str, options: LoaderOptions) -> (Arc<Host>, LoaderId) {
        let host = Arc::new(Host::default());
        let id = loads.register(host.clone(), 1, pattern.as_bytes(), options).expect("registers");
        (host, id)
    }

    /// The keys that it was asked for since the last call, in order.
    pub fn take(&self) -> Vec<LoadRequest> {
        std::mem::take(&mut self.runs.lock().expect("no panic"))
    }

    /// The first run that was not taken, which is waited for.
    pub fn next(&self) -> LoadRequest {
        let runs = self.runs.lock().expect("no panic");
        self.changed.wait_while(runs, |runs| runs.is_empty()).expect("no panic").remove(0)
    }
}

/// Answers a run: `value of <key>`, with the flags 7.
pub fn give(loads: &Loads, run: &LoadRequest) {
    let bytes = [b"value of ", &*run.key].concat();
    loads.settle(run.id, Ok(Some(LoadedValue { bytes, flags: 7 })));
}

/// Keys of runs as text.
pub fn keys(runs: &[LoadRequest]) -> Vec<String> {
    runs.iter().map(|run| String::from_utf8_lossy(&run.key).into_owned()).collect()
}
