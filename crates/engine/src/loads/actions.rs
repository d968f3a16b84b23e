//! What is to be done once no lock is held.

use super::load::Waiters;
use super::{LoadHost, LoadId, LoadRequest, Settled};
use std::sync::Arc;

enum Action {
    Run(Arc<dyn LoadHost>, LoadRequest),
    Cancel(Arc<dyn LoadHost>, LoadId),
    Settle(Waiters, Settled),
}

/// What hosts and waiters are to be told, in this order, by who has changed the table, when no lock is held.
#[derive(Default)]
#[must_use]
pub(super) struct Actions {
    list: Vec<Action>,
    /// The earliest time of the steady clock at which something new is due.
    pub due_ms: Option<u64>,
}

impl Actions {
    pub fn run(&mut self, host: &Arc<dyn LoadHost>, request: LoadRequest) {
        self.list.push(Action::Run(Arc::clone(host), request));
    }

    pub fn cancel(&mut self, host: &Arc<dyn LoadHost>, id: LoadId) {
        self.list.push(Action::Cancel(Arc::clone(host), id));
    }

    pub fn settle(&mut self, waiters: Waiters, outcome: Settled) {
        if !waiters.is_empty() {
            self.list.push(Action::Settle(waiters, outcome));
        }
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Something is due then.
    pub fn note_due(&mut self, due_ms: u64) {
        self.due_ms = Some(self.due_ms.map_or(due_ms, |earliest| earliest.min(due_ms)));
    }

    /// Does it all.
    pub fn perform(self) {
        for action in self.list {
            match action {
                Action::Run(host, request) => host.run(request),
                Action::Cancel(host, id) => host.cancel(id),
                Action::Settle(waiters, outcome) => {
                    waiters.into_values().for_each(|(waiter, ticket)| waiter.settled(ticket, &outcome));
                }
            }
        }
    }
}
