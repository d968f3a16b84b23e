//! Who gets a turn, and what follows from it.

use arrayvec::ArrayVec;

use super::Worker;
use crate::connection::Key;
use crate::event_loop::{Context, EventLoop, Linked};
use crate::mailbox::Phase;
use crate::{BATCH, CloseReason, Next, Service, Turn};

/// What the service answered to a turn.
struct Outcome {
    consumed: usize,
    next: Next,
    need: usize,
}

type Batch<S, E> = ArrayVec<Box<Linked<S, E>>, BATCH>;

impl<S: Service, E: EventLoop<S>> Worker<S, E> {
    /// Receives for, and gives turns to, at most `BATCH` of the first `left` queued connections. Returns how many
    /// entries of the queue that took.
    pub(super) fn run_batch(&mut self, left: usize, arrived_ns: u64) -> usize {
        let mut batch = Batch::<S, E>::new();
        let mut taken = 0;
        while taken < left && !batch.is_full() {
            let Some(key) = self.ready.pop_front() else { break };
            taken += 1;
            let Some(mut connection) = self.slots.take(key) else { continue };
            connection.queued = false;
            if connection.state.is_none() {
                self.slots.put(key, connection);
                continue;
            }
            // What was sent since may have gone out in part.
            self.pause_or_continue(&mut connection);
            if connection.takes_input() {
                let counters = self.shared.counters.worker(self.shared.index);
                self.events.receive(&mut connection, &mut Context { service: &mut self.service, counters });
            }
            if let Some(reason) = connection.broken {
                self.close(connection, reason);
            } else if connection.may_turn() {
                connection.turn_due = false;
                batch.push(connection);
            } else {
                self.put_back(connection);
            }
        }
        if !batch.is_empty() {
            let outcomes = self.give_turns(&mut batch, arrived_ns);
            for (connection, outcome) in batch.into_iter().zip(outcomes) {
                self.settle(connection, &outcome);
            }
        }
        taken
    }

    fn give_turns(&mut self, batch: &mut Batch<S, E>, arrived_ns: u64) -> ArrayVec<Outcome, BATCH> {
        let mut turns: ArrayVec<Turn<'_, S::Connection, S::Body>, BATCH> = batch
            .iter_mut()
            .filter_map(|boxed| {
                let connection = &mut **boxed;
                Some(Turn {
                    // Always there: `run_batch` takes only connections that have it.
                    connection: connection.state.as_mut()?,
                    input: connection.input.bytes(),
                    end_of_input: connection.end_of_input,
                    output: &mut connection.output,
                    consumed: 0,
                    next: Next::Read,
                    need: 0,
                })
            })
            .collect();
        self.service.run(&mut turns, arrived_ns);
        turns.iter().map(|turn| Outcome { consumed: turn.consumed, next: turn.next, need: turn.need }).collect()
    }

    /// After a turn.
    fn settle(&mut self, mut connection: Box<Linked<S, E>>, outcome: &Outcome) {
        connection.input.consume(outcome.consumed);
        connection.need = 0;
        match outcome.next {
            Next::Read => {
                // Also at the end of the input, where the rest of a body may have come with its header.
                self.fill_body_from_input(&mut connection);
                if connection.end_of_input && !connection.turn_due {
                    connection.ending = Some(CloseReason::Peer);
                }
                connection.need = outcome.need;
                let limit = self.shared.options.input_limit;
                // More than that may be there while a turn is due, but not as the start of one message.
                let tail = if connection.turn_due { 0 } else { connection.input.len() };
                if outcome.need > limit || tail > limit.max(self.pools.read.unit()) {
                    connection.ending = Some(CloseReason::InputLimit);
                }
            }
            Next::Yield => {
                connection.turn_due = true;
                self.counters().yielded();
            }
            Next::Park => connection.parked = true,
            Next::Close => connection.ending = Some(CloseReason::Service),
            // What the kernel could take of it now would hide that the reply was cut.
            Next::Overrun => return self.close(connection, CloseReason::OutputLimit),
        }
        self.put_back(connection);
    }

    /// The start of a large value was in the input, behind its header.
    fn fill_body_from_input(&mut self, connection: &mut Linked<S, E>) {
        let Some(state) = connection.state.as_mut() else { return };
        while !connection.input.is_empty() && !connection.turn_due {
            let Some(room) = self.service.body_room(state).filter(|room| !room.is_empty()) else { return };
            let bytes = connection.input.bytes();
            let now = bytes.len().min(room.len());
            room[..now].copy_from_slice(&bytes[..now]);
            connection.input.consume(now);
            connection.turn_due = self.service.body_filled(state, now);
        }
    }

    /// Sends what there is, decides what the connection waits for, and returns it to its slot or closes it.
    pub(super) fn put_back(&mut self, mut connection: Box<Linked<S, E>>) {
        connection.output.drop_unused_room();
        let counters = self.shared.counters.worker(self.shared.index);
        if let Err(reason) = self.events.flush(&mut connection, counters) {
            return self.close(connection, reason);
        }
        if self.events.stuck(&connection) > self.shared.options.output_limit {
            return self.close(connection, CloseReason::OutputLimit);
        }
        self.pause_or_continue(&mut connection);
        let mut again = self.events.may_send(&connection)
            || connection.may_turn()
            || (connection.takes_input() && self.events.has_more(&connection));
        if self.events.unsent(&connection) == 0 {
            if let Some(reason) = connection.ending {
                return self.close(connection, reason);
            }
            if self.phase > Phase::Run && self.has_nothing_to_do(&connection) {
                if self.events.is_quiet(&connection) {
                    return self.close(connection, CloseReason::Shutdown);
                }
                again = true;
            }
        }
        let key = connection.key;
        connection.queued = again;
        if connection.queued {
            self.ready.push_back(key);
        }
        let wanted = self.wants_input(&connection);
        self.events.rest(&mut connection, wanted);
        if std::mem::take(&mut connection.touched) {
            self.slots.stamp(key, self.now_ms);
        }
        self.slots.put(key, connection);
    }

    /// A peer that does not read is not read from, until it has read half.
    fn pause_or_continue(&mut self, connection: &mut Linked<S, E>) {
        let unsent = self.events.stuck(connection);
        let bound = self.shared.options.output_pause;
        if connection.output_paused {
            connection.output_paused = unsent > bound / 2;
        } else if unsent > bound {
            connection.output_paused = true;
            self.counters().output_paused();
        }
    }

    /// Whether to go on receiving: a parked connection's input is buffered up to one unit of the pool.
    fn wants_input(&self, connection: &Linked<S, E>) -> bool {
        !connection.output_paused
            && !connection.end_of_input
            && connection.ending.is_none()
            && (!connection.parked || connection.input.len() < self.pools.read.unit())
    }

    /// As far as the loop and the service know: all requests are answered and none is in progress.
    fn has_nothing_to_do(&self, connection: &Linked<S, E>) -> bool {
        !connection.parked
            && !connection.turn_due
            && connection.input.is_empty()
            && !self.events.has_more(connection)
            && connection.state.as_ref().is_some_and(|state| self.service.is_between_messages(state))
    }

    /// A starved connection may be received from again.
    pub(super) fn revive(&mut self, key: Key) {
        if let Some(mut connection) = self.slots.take(key) {
            self.events.revive(&mut connection);
            if connection.state.is_some() {
                let wanted = self.wants_input(&connection);
                self.events.rest(&mut connection, wanted);
            }
            self.slots.put(key, connection);
        }
    }

    /// Ends a connection that is out of its slot.
    pub(super) fn close(&mut self, mut connection: Box<Linked<S, E>>, reason: CloseReason) {
        let key = connection.key;
        connection.output.clear();
        let free = self.events.close(&mut connection);
        self.counters().connection_closed(reason);
        if let Some(state) = connection.state.take() {
            self.service.close(state, reason);
        }
        if free {
            drop(connection);
            self.slots.release(key);
        } else {
            self.slots.put(key, connection);
        }
    }
}
