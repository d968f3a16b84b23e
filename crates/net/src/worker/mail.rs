//! What comes through the doorbell.

use super::Worker;
use crate::connection::{Connection, Key};
use crate::event_loop::EventLoop;
use crate::mailbox::{Arrival, Phase};
use crate::{CloseReason, ConnectionInfo, Output, Resumed, Service};

impl<S: Service, E: EventLoop<S>> Worker<S, E> {
    pub(super) fn read_mail(&mut self) {
        self.take_completions();
        self.take_arrivals();
        let phase = self.shared.doorbell.phase();
        if phase > self.phase {
            self.phase = phase;
            self.enter_phase();
        }
    }

    fn take_completions(&mut self) {
        let mut completions = std::mem::take(&mut self.completions);
        self.shared.mailbox.take(&mut completions);
        for (id, completion) in completions.drain(..) {
            // A connection that has gone since takes its completion with it.
            let Some(key) = Key::of(id, self.shared.index) else { continue };
            let Some(connection) = self.slots.get_mut(key) else { continue };
            let Some(state) = connection.state.as_mut() else { continue };
            match self.service.resume(state, completion) {
                Resumed::Turn => {
                    // Not idle since its last byte: it was not its peer's turn to send any.
                    connection.touched |= connection.parked;
                    connection.parked = false;
                    connection.turn_due = true;
                }
                Resumed::Close => connection.broken = Some(CloseReason::Service),
            }
            self.enqueue(key);
        }
        self.completions = completions;
    }

    fn take_arrivals(&mut self) {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.shared.doorbell.take_arrivals(&mut arrivals);
        for arrival in arrivals.drain(..) {
            if self.phase == Phase::Stop || !self.open(arrival) {
                self.counters().connection_abandoned();
            }
        }
        self.arrivals = arrivals;
    }

    /// False if the connection could not be taken in.
    fn open(&mut self, arrival: Arrival) -> bool {
        let Some(key) = self.slots.reserve(self.now_ms) else { return false };
        let Ok(link) = self.events.attach(key, &arrival.socket) else {
            self.slots.release(key);
            return false;
        };
        let info = ConnectionInfo {
            id: key.id(self.shared.index),
            serial: arrival.serial,
            listener: arrival.listener,
            peer: arrival.peer,
            local: arrival.local,
        };
        let output = Output::new(std::rc::Rc::clone(&self.pools.output));
        let mut connection = Box::new(Connection::new(key, arrival.socket, output, link));
        connection.state = Some(self.service.open(&info, &mut connection.output));
        if self.phase > Phase::Run {
            self.events.suspect(&mut connection);
        }
        self.put_back(connection);
        true
    }

    fn enter_phase(&mut self) {
        for slot in 0..self.slots.capacity() {
            let Some(key) = self.slots.key_at(slot) else { continue };
            if self.phase == Phase::Stop {
                self.stop(key);
            } else if let Some(connection) = self.slots.get_mut(key) {
                // What the peer has sent so far is still answered, heard of or not.
                self.events.suspect(connection);
                self.enqueue(key);
            }
        }
    }

    fn stop(&mut self, key: Key) {
        let Some(connection) = self.slots.take(key) else { return };
        if connection.state.is_some() {
            self.forced = true;
            self.close(connection, CloseReason::Shutdown);
        } else {
            self.slots.put(key, connection);
        }
    }
}
