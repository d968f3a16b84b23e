//! A loader as the table knows it: its turns, and what waits for one.

use super::{GroupId, LoadHost, LoaderOptions, LoaderStats};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Positions in a queue count from here, upwards at its end and downwards at its front.
const FIRST_POSITION: u64 = 1 << 63;

/// A loader that is registered.
pub(super) struct Loader {
    pub host: Arc<dyn LoadHost>,
    /// Its number there.
    pub at_host: u32,
    pub group: GroupId,
    pub options: LoaderOptions,
    /// Runs now.
    pub running: usize,
    /// Who waits for its loads.
    pub waiting: usize,
    /// The last of its runs that has ended timed out: others of its pattern are better.
    pub is_suspect: bool,
    pub counts: LoaderStats,
    /// Loads by their positions.
    queue: BTreeMap<u64, u64>,
}

impl Loader {
    pub fn new(host: Arc<dyn LoadHost>, at_host: u32, group: GroupId, options: LoaderOptions) -> Loader {
        Loader {
            host,
            at_host,
            group,
            options,
            running: 0,
            waiting: 0,
            is_suspect: false,
            counts: LoaderStats::default(),
            queue: BTreeMap::new(),
        }
    }

    /// Whether it may run one more.
    pub fn has_turn(&self) -> bool {
        self.running < self.options.max_concurrent
    }

    /// Whether one more may wait.
    pub fn has_room(&self) -> bool {
        self.waiting < self.options.max_waiting
    }

    /// Loads that wait for their turn.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Queues a load and answers with its position. One that has been run already goes first.
    pub fn enqueue(&mut self, load: u64, is_first: bool) -> u64 {
        let position = if is_first {
            self.queue.first_key_value().map_or(FIRST_POSITION, |(position, _)| position - 1)
        } else {
            self.queue.last_key_value().map_or(FIRST_POSITION, |(position, _)| position + 1)
        };
        self.queue.insert(position, load);
        position
    }

    /// The next load.
    pub fn first_queued(&self) -> Option<u64> {
        self.queue.first_key_value().map(|(_, load)| *load)
    }

    /// Takes a load out of the queue.
    pub fn leave_queue(&mut self, position: u64) {
        self.queue.remove(&position);
    }

    /// What is shown of it.
    pub fn stats(&self) -> LoaderStats {
        LoaderStats {
            running: self.running as u64,
            queued: self.queue.len() as u64,
            waiting: self.waiting as u64,
            ..self.counts.clone()
        }
    }
}
