//! Sends: one in flight per connection, from memory that is frozen meanwhile.

use std::os::fd::RawFd;

use io_uring::types::{Fd, Fixed};
use io_uring::{opcode, squeue};

use crate::buffer::chain::Pending;
use crate::{Body, sys};

/// Pieces of one send.
const PIECES: usize = 64;
/// Frames that are kept for the next send of several pieces.
const SPARE_FRAMES: usize = 256;

/// How a send behaves where the socket has no room, and what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Is over when it was handed over, and posts a completion only if it sent less than all.
    Quiet,
    /// Is over when it was handed over.
    Prompt,
    /// As `Prompt`, where there was no room before.
    Again,
    /// Waits for room.
    Waiting,
}

/// Where a send goes.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// A place in the ring's table of files.
    Slot(u32),
    /// A descriptor.
    Fd(RawFd),
}

/// What a send of several pieces refers to.
pub(crate) struct Frame {
    header: libc::msghdr,
    pieces: [libc::iovec; PIECES],
}

/// Frames that are not in use.
#[expect(clippy::vec_box, reason = "the kernel knows a frame's address while it is in use")]
pub(crate) struct Frames(Vec<Box<Frame>>);

impl Frames {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(SPARE_FRAMES))
    }

    pub(crate) fn put(&mut self, frame: Option<Box<Frame>>) {
        if let Some(frame) = frame
            && self.0.len() < SPARE_FRAMES
        {
            self.0.push(frame);
        }
    }

    fn take(&mut self) -> Box<Frame> {
        self.0.pop().unwrap_or_else(|| {
            // SAFETY: msghdr and iovec are plain C structs of integers and pointers; zeroes are valid values of them.
            Box::new(unsafe { std::mem::zeroed() })
        })
    }
}

/// A send that is ready to be pushed.
pub(crate) struct Send {
    pub(crate) entry: squeue::Entry,
    /// To be kept until the completion.
    pub(crate) frame: Option<Box<Frame>>,
    /// Bytes.
    pub(crate) asked: usize,
}

/// Makes a send of the first pieces of `pending`. `None` if a body is shorter than it said.
///
/// The entry refers to the memory of `pending`, which must not be touched until the completion.
pub(crate) fn prepare<B: Body>(to: Target, pending: &Pending<B>, mode: Mode, frames: &mut Frames) -> Option<Send> {
    let (flags, options) = match mode {
        // Without MSG_WAITALL a short send counts as a success and would stay silent.
        Mode::Quiet => (sys::SEND_FLAGS | libc::MSG_WAITALL, squeue::Flags::SKIP_SUCCESS),
        Mode::Prompt | Mode::Again => (sys::SEND_FLAGS, squeue::Flags::empty()),
        Mode::Waiting => (libc::MSG_NOSIGNAL, squeue::Flags::empty()),
    };
    if let Some(bytes) = pending.single() {
        let (start, length) = (bytes.as_ptr(), bytes.len() as u32);
        let send = match to {
            Target::Slot(slot) => opcode::Send::new(Fixed(slot), start, length),
            Target::Fd(fd) => opcode::Send::new(Fd(fd), start, length),
        };
        return Some(Send { entry: send.flags(flags).build().flags(options), frame: None, asked: bytes.len() });
    }
    let mut frame = frames.take();
    let (mut count, mut asked) = (0, 0);
    pending.pieces(|piece| {
        frame.pieces[count] = libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() };
        count += 1;
        asked += piece.len();
        count < PIECES
    });
    if asked == 0 {
        frames.put(Some(frame));
        return None;
    }
    frame.header.msg_iov = frame.pieces.as_mut_ptr();
    frame.header.msg_iovlen = count as _;
    let send = match to {
        Target::Slot(slot) => opcode::SendMsg::new(Fixed(slot), &raw const frame.header),
        Target::Fd(fd) => opcode::SendMsg::new(Fd(fd), &raw const frame.header),
    };
    let entry = send.flags(flags as u32).build().flags(options);
    Some(Send { entry, frame: Some(frame), asked })
}
