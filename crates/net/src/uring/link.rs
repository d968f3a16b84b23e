//! What io_uring keeps per connection, and how it names operations.

use super::provided::Held;
use super::send::Frame;
use crate::buffer::chain::Pending;
use crate::connection::Key;

/// Bits of the operation within `user_data`.
const OP_BITS: u32 = 8;
const _: () = assert!(Key::BITS + OP_BITS <= u64::BITS);

/// The operation that completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Op {
    /// Receive, multishot until the peer's end is known.
    Receive,
    /// Send.
    Send,
    /// Not of the kernel: a send that posts no completion on success has been handed over.
    QuietSend,
    /// Multishot poll for room to send.
    Room,
    /// Poll for the peer's end.
    End,
    /// Cancellation of any.
    Cancel,
}

/// The wake-up's `user_data`; no key has it.
pub(crate) const WAKE: u64 = u64::MAX;

pub(crate) fn user_data(key: Key, op: Op) -> u64 {
    key.to_bits() << OP_BITS | op as u64
}

/// The key and operation of a `user_data` that `user_data` made.
pub(crate) fn parse_user_data(bits: u64) -> (Key, Op) {
    let op = match bits & ((1 << OP_BITS) - 1) {
        0 => Op::Receive,
        1 => Op::Send,
        2 => Op::QuietSend,
        3 => Op::Room,
        4 => Op::End,
        _ => Op::Cancel,
    };
    (Key::from_bits(bits >> OP_BITS), op)
}

/// What io_uring keeps per connection.
pub(crate) struct Link<B> {
    /// The socket is in the ring's table of files.
    pub(super) registered: bool,
    /// Filled provided buffers that were not looked at.
    pub(super) held: Held,
    /// The kernel has a receive.
    pub(super) armed: bool,
    /// It is being cancelled.
    pub(super) cancelling: bool,
    /// The peer's end was or is polled for.
    pub(super) end_polled: bool,
    /// That poll has told of it; what is left is received one buffer at a time.
    pub(super) end_told: bool,
    /// The receive that is armed is a multishot one.
    pub(super) multishot: bool,
    /// A receive found no buffer; the connection is in the list of those.
    pub(super) starved: bool,
    /// The peer has ended its side; nothing comes after what is held.
    pub(super) end_seen: bool,
    /// Operations whose last completion has not come.
    pub(super) operations: u32,
    /// The send in flight posts no completion if it succeeds.
    pub(super) quiet: bool,
    /// A send is in flight, or was a quiet one since the last `enter`.
    pub(super) in_flight: bool,
    /// The kernel has a poll for room to send.
    pub(super) polled: bool,
    /// A waiting send did not wait: room is to be polled for.
    pub(super) polls: bool,
    /// The send in flight is the first attempt: whether the socket has room is not known yet.
    pub(super) fresh: bool,
    /// Every send must tell when it is done: the server drains.
    pub(super) watched: bool,
    /// Frozen while a send is in flight, and kept while room is polled for; empty otherwise.
    pub(super) sending: Pending<B>,
    pub(super) frame: Option<Box<Frame>>,
    /// Bytes of the send in flight.
    pub(super) asked: usize,
}

impl<B> Drop for Link<B> {
    /// A worker that panics drops the connections of its batch before its loop, while the kernel may read what they send.
    fn drop(&mut self) {
        if self.operations > 0 {
            std::mem::forget((std::mem::take(&mut self.sending), self.frame.take()));
        }
    }
}

impl<B> Default for Link<B> {
    fn default() -> Self {
        Self {
            registered: false,
            held: Held::default(),
            armed: false,
            cancelling: false,
            end_polled: false,
            end_told: false,
            multishot: false,
            starved: false,
            end_seen: false,
            operations: 0,
            quiet: false,
            in_flight: false,
            polled: false,
            polls: false,
            fresh: false,
            watched: false,
            sending: Pending::default(),
            frame: None,
            asked: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::GENERATIONS;

    #[test]
    fn user_data_round_trips() {
        for key in [Key { slot: 0, generation: 0 }, Key { slot: (1 << 24) - 1, generation: GENERATIONS - 1 }] {
            for op in [Op::Receive, Op::Send, Op::QuietSend, Op::Room, Op::End, Op::Cancel] {
                assert_eq!(parse_user_data(user_data(key, op)), (key, op));
                assert_ne!(user_data(key, op), WAKE);
            }
        }
    }
}
