//! A connection as its worker sees it.

use crate::buffer::input::Input;
use crate::sys::Socket;
use crate::{CloseReason, ConnectionId, Output, Service};

/// Bits of a slot's index in keys and identities: 16 million connections per worker.
const SLOT_BITS: u32 = 24;
/// Bits of the worker in an identity.
const WORKER_BITS: u32 = 12;
/// Generations count modulo this; a slot would have to be reused so often before an old completion met a stranger.
pub(crate) const GENERATIONS: u32 = 1 << 28;

/// A connection within its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl Key {
    /// Slots of a worker at most.
    pub(crate) const SLOTS: usize = 1 << SLOT_BITS;
    /// Bits of `to_bits`, counted from the lowest.
    #[cfg(target_os = "linux")]
    pub(crate) const BITS: u32 = SLOT_BITS + GENERATIONS.trailing_zeros();

    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.generation) << SLOT_BITS | u64::from(self.slot)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self {
            slot: (bits & (Self::SLOTS as u64 - 1)) as u32,
            generation: ((bits >> SLOT_BITS) & u64::from(GENERATIONS - 1)) as u32,
        }
    }

    pub(crate) fn id(self, worker: usize) -> ConnectionId {
        let worker = (worker as u64) << SLOT_BITS;
        ConnectionId(u64::from(self.generation) << (SLOT_BITS + WORKER_BITS) | worker | u64::from(self.slot))
    }

    /// The key within `worker`, or `None` for another worker's connection.
    pub(crate) fn of(id: ConnectionId, worker: usize) -> Option<Self> {
        let owner = (id.0 >> SLOT_BITS) & ((1 << WORKER_BITS) - 1);
        let generation = (id.0 >> (SLOT_BITS + WORKER_BITS)) as u32;
        (owner == worker as u64).then_some(Self { slot: (id.0 & (Self::SLOTS as u64 - 1)) as u32, generation })
    }
}

/// A connection: socket, buffers, the service's state and what the loop keeps (`L`).
pub(crate) struct Connection<S: Service, L> {
    pub(crate) key: Key,
    pub(crate) socket: Socket,
    /// The service's state; `None` once the service was told that it is gone.
    pub(crate) state: Option<S::Connection>,
    pub(crate) input: Input,
    pub(crate) output: Output<S::Body>,
    pub(crate) link: L,
    /// No turn before the input is so long.
    pub(crate) need: usize,
    /// Is in the list of connections to be looked at in the next tick.
    pub(crate) queued: bool,
    /// There is a reason for a turn; given once nothing forbids it.
    pub(crate) turn_due: bool,
    pub(crate) parked: bool,
    /// Unsent output went above `output_pause` and is not yet below half.
    pub(crate) output_paused: bool,
    /// The peer ended its side and all that it sent is in `input`.
    pub(crate) end_of_input: bool,
    /// No more turns: closed for this reason once the output is sent.
    pub(crate) ending: Option<CloseReason>,
    /// The socket failed: closed for this reason at the next look.
    pub(crate) broken: Option<CloseReason>,
    /// Bytes moved since the slot was last stamped.
    pub(crate) touched: bool,
}

impl<S: Service, L> Connection<S, L> {
    pub(crate) fn new(key: Key, socket: Socket, output: Output<S::Body>, link: L) -> Self {
        Self {
            key,
            socket,
            state: None,
            input: Input::default(),
            output,
            link,
            need: 0,
            queued: false,
            turn_due: false,
            parked: false,
            output_paused: false,
            end_of_input: false,
            ending: None,
            broken: None,
            touched: true,
        }
    }

    /// A turn may be given now.
    #[inline]
    pub(crate) fn may_turn(&self) -> bool {
        self.turn_due && !self.parked && !self.output_paused && self.ending.is_none()
    }

    /// Bytes that were received may be brought to where they belong: the next turn is not yet due, and it is known what
    /// they are the continuation of.
    #[inline]
    pub(crate) fn takes_input(&self) -> bool {
        !self.turn_due && !self.parked && !self.end_of_input && self.ending.is_none()
    }

    /// Bytes may be received from the socket now.
    #[inline]
    pub(crate) fn may_receive(&self) -> bool {
        self.takes_input() && !self.output_paused
    }

    /// After bytes came into `input`: is there enough for a turn?
    #[inline]
    pub(crate) fn received(&mut self) {
        self.touched = true;
        self.turn_due |= self.input.len() >= self.need;
    }

    /// After the last byte: a turn to say so.
    pub(crate) fn ended(&mut self) {
        self.end_of_input = true;
        self.turn_due = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_identities_round_trip() {
        for (slot, generation, worker) in [(0, 0, 0), (7, 9, 3), ((1 << 24) - 1, GENERATIONS - 1, 4095)] {
            let key = Key { slot, generation };
            assert_eq!(Key::from_bits(key.to_bits()), key);
            assert_eq!(Key::of(key.id(worker), worker), Some(key));
            assert_eq!(Key::of(key.id(worker), worker ^ 1), None);
        }
    }
}
