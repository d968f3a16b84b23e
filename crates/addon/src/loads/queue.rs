//! What an environment is to be told, until its JavaScript thread has time for it.
//!
//! Its bounds are those of the loads themselves: of runs there are as many as its loaders may run at once, for one that is given
//! up before it was delivered is taken out; cancellations concern runs that were delivered and not settled; and each caller is
//! told once of what it waits for. So it is never full, however long the thread is busy.

use ringstone_engine::loads::{LoadId, LoadRequest, Settled, Wait};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Runs that were given up before they came, as threads overtake each other; of more than these the oldest are forgotten, and
/// then made for nothing.
const MAX_OVERTAKEN: usize = 64;

/// Something to be told.
pub enum Event {
    /// Make this run.
    Run(LoadRequest),
    /// A run that was delivered is of no use any more.
    Cancel(LoadId),
    /// What a caller waits for has come.
    Settled(u64, Settled),
}

/// Events, and what they are about.
#[derive(Default)]
pub struct Queue {
    /// By their ids, which grow.
    runs: BTreeMap<LoadId, LoadRequest>,
    cancelled: VecDeque<LoadId>,
    overtaken: VecDeque<LoadId>,
    settled: VecDeque<(u64, Settled)>,
    /// Runs that JavaScript has been told of and has not settled.
    delivered: HashSet<LoadId>,
    /// Callers who wait, and how to withdraw them once that is known.
    waits: HashMap<u64, Option<Wait>>,
    /// JavaScript was woken and has not taken anything since.
    is_awake: bool,
    is_closed: bool,
}

impl Queue {
    /// To be run; true if JavaScript is to be woken.
    #[must_use]
    pub fn run(&mut self, request: LoadRequest) -> bool {
        if self.is_closed || self.overtaken.contains(&request.id) {
            return false;
        }
        self.runs.insert(request.id, request);
        self.wakes()
    }

    /// Not to be run; true if JavaScript is to be woken.
    #[must_use]
    pub fn cancel(&mut self, id: LoadId) -> bool {
        if self.runs.remove(&id).is_some() {
            return false;
        }
        if !self.delivered.remove(&id) {
            if self.overtaken.len() == MAX_OVERTAKEN {
                self.overtaken.pop_front();
            }
            self.overtaken.push_back(id);
            return false;
        }
        self.cancelled.push_back(id);
        self.wakes()
    }

    /// A caller's wait is over; true if JavaScript is to be woken.
    #[must_use]
    pub fn settle(&mut self, ticket: u64, outcome: Settled) -> bool {
        if self.waits.remove(&ticket).is_none() {
            return false;
        }
        self.settled.push_back((ticket, outcome));
        self.wakes()
    }

    /// A caller is about to wait: it may be told before it is known how to withdraw it.
    pub fn expect(&mut self, ticket: u64) {
        self.waits.insert(ticket, None);
    }

    /// How to withdraw it, unless it was told meanwhile.
    pub fn waits(&mut self, ticket: u64, wait: Wait) {
        if let Some(slot) = self.waits.get_mut(&ticket) {
            *slot = Some(wait);
        }
    }

    /// A caller does not wait, or no longer.
    pub fn forget(&mut self, ticket: u64) -> Option<Wait> {
        self.waits.remove(&ticket).flatten()
    }

    /// JavaScript has an answer; false if it is of no use any more.
    #[must_use]
    pub fn answered(&mut self, id: LoadId) -> bool {
        self.delivered.remove(&id)
    }

    /// What is to be told next. Once there is nothing the next event wakes again.
    pub fn next(&mut self) -> Option<Event> {
        if let Some(id) = self.cancelled.pop_front() {
            return Some(Event::Cancel(id));
        }
        if let Some((ticket, outcome)) = self.settled.pop_front() {
            return Some(Event::Settled(ticket, outcome));
        }
        if let Some((id, request)) = self.runs.pop_first() {
            self.delivered.insert(id);
            return Some(Event::Run(request));
        }
        self.is_awake = false;
        None
    }

    /// Nothing is taken any more; gives who waited.
    pub fn close(&mut self) -> Vec<Wait> {
        let waits = std::mem::take(&mut self.waits);
        *self = Queue { is_closed: true, ..Queue::default() };
        waits.into_values().flatten().collect()
    }

    fn wakes(&mut self) -> bool {
        !std::mem::replace(&mut self.is_awake, true)
    }
}
