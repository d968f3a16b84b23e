//! The ring of provided buffers: memory that the kernel takes from as data comes in.

use std::io;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::BufRingEntry;

use super::ring::Ring;
use crate::buffer::pool::RELEASED;
use crate::buffer::{Buffer, Origin};
use crate::sys::Mapping;

/// The group of the only ring of provided buffers.
pub(crate) const GROUP: u16 = 0;
/// Bytes before the place where the kernel writes: a short tail of the previous buffer is copied there, so that a message
/// cut by a buffer's end is contiguous without copying what follows it.
pub(crate) const HEADROOM: usize = 512;
/// No buffer: the end of a list.
const NONE: u16 = u16::MAX;

/// Buffers of one size, each with the kernel, with a connection's list, or out as a `Buffer`.
pub(crate) struct Provided {
    entries: ManuallyDrop<Mapping>,
    memory: ManuallyDrop<Mapping>,
    /// The kernel may still write: the memory is never given back.
    leaked: bool,
    stride: usize,
    mask: u16,
    /// Where the next returned buffer goes; published to the kernel by `publish`.
    tail: u16,
    /// With the kernel, as far as we know.
    free: usize,
    /// What came in a buffer, and the next of its list.
    filled: Box<[Filled]>,
}

#[derive(Clone, Copy)]
struct Filled {
    bytes: u32,
    next: u16,
}

/// Filled buffers of one connection, in the order in which they came.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    head: u16,
    tail: u16,
    count: u16,
}

impl Default for Held {
    fn default() -> Self {
        Self { head: NONE, tail: NONE, count: 0 }
    }
}

impl Held {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.count)
    }
}

impl Provided {
    /// Registers `count` (a power of two below 32768) buffers of `stride` bytes with `ring`, of which `HEADROOM` are kept.
    ///
    /// The ring must be gone, or hold no operation, before this is dropped.
    pub(crate) fn new(ring: &Ring, count: u16, stride: usize) -> io::Result<Self> {
        debug_assert!(count.is_power_of_two() && stride > HEADROOM);
        let entries = Mapping::new(usize::from(count) * size_of::<BufRingEntry>())?;
        let memory = Mapping::new(usize::from(count) * stride)?;
        // SAFETY: page-aligned memory of exactly `count` entries that lives as long as `self`.
        unsafe {
            let start = entries.start().as_ptr() as u64;
            ring.submitter().register_buf_ring_with_flags(start, count, GROUP, 0)?;
        }
        let filled = vec![Filled { bytes: 0, next: NONE }; usize::from(count)].into();
        let (entries, memory) = (ManuallyDrop::new(entries), ManuallyDrop::new(memory));
        let mut provided = Self { entries, memory, leaked: false, stride, mask: count - 1, tail: 0, free: 0, filled };
        for id in 0..count {
            provided.give(id);
        }
        provided.publish();
        Ok(provided)
    }

    /// Buffers that the kernel has, as far as we know.
    pub(crate) fn free(&self) -> usize {
        self.free
    }

    /// Bytes of all of them.
    pub(crate) fn bytes(&self) -> usize {
        self.memory.len()
    }

    /// Bytes that the kernel writes into one buffer at most.
    pub(crate) fn room(&self) -> usize {
        self.stride - HEADROOM
    }

    fn start_of(&self, id: u16) -> NonNull<u8> {
        assert!(id <= self.mask, "the kernel names buffers that it was given");
        // SAFETY: `id` is below the count, so the offset is within the mapping.
        unsafe { self.memory.start().add(usize::from(id) * self.stride) }
    }

    /// Puts a buffer at the end of the ring; the kernel sees it after `publish`.
    fn give(&mut self, id: u16) {
        let start = self.start_of(id);
        let index = usize::from(self.tail & self.mask);
        // SAFETY: `index` is within the ring's entries, which are plain integers (zeroed at first), and the kernel reads
        // no entry at or after the published tail.
        unsafe {
            let entry = &mut *self.entries.start().cast::<BufRingEntry>().as_ptr().add(index);
            entry.set_addr(start.as_ptr() as u64 + HEADROOM as u64);
            entry.set_len((self.stride - HEADROOM) as u32);
            entry.set_bid(id);
        }
        self.tail = self.tail.wrapping_add(1);
        self.free += 1;
    }

    /// Shows the kernel what was given back.
    pub(crate) fn publish(&self) {
        // SAFETY: the base of the registered ring, whose tail is a 16-bit integer that only we write; it lies in a field
        // of the first entry that `give` never touches.
        let tail =
            unsafe { &*BufRingEntry::tail(self.entries.start().cast::<BufRingEntry>().as_ptr()).cast::<AtomicU16>() };
        tail.store(self.tail, Ordering::Release);
    }

    /// The kernel has put `bytes` into buffer `id` for the connection with this list.
    pub(crate) fn push(&mut self, held: &mut Held, id: u16, bytes: usize) {
        debug_assert!(id <= self.mask && bytes <= self.room());
        self.free -= 1;
        self.filled[usize::from(id)] = Filled { bytes: bytes as u32, next: NONE };
        if held.is_empty() {
            held.head = id;
        } else {
            self.filled[usize::from(held.tail)].next = id;
        }
        held.tail = id;
        held.count += 1;
    }

    /// The kernel has used a buffer without putting anything into it that anybody wants.
    pub(crate) fn pass(&mut self, id: u16) {
        self.free -= 1;
        self.give(id);
    }

    /// Takes the first buffer; its content starts at `HEADROOM` and has the length that is returned with it.
    pub(crate) fn pop(&mut self, held: &mut Held) -> Option<(Buffer, usize)> {
        if held.is_empty() {
            return None;
        }
        let id = held.head;
        let Filled { bytes, next } = self.filled[usize::from(id)];
        held.head = next;
        held.count -= 1;
        // SAFETY: the kernel gave this buffer up when it completed the receive, it was in exactly one list, and it goes
        // back to the ring only through `recycle`. The mapping was zeroed when made, so all of it is initialised.
        let buffer = unsafe { Buffer::provided(self.start_of(id), self.stride as u32, id) };
        Some((buffer, bytes as usize))
    }

    /// Takes back what `pop` gave.
    pub(crate) fn recycle(&mut self, mut buffer: Buffer) {
        if cfg!(debug_assertions) {
            buffer.bytes_mut().fill(RELEASED);
        }
        if let (_, _, Origin::Provided(id)) = buffer.into_parts() {
            self.give(id);
        }
    }
}

impl Provided {
    /// Leaves the memory to the kernel, for ever.
    pub(crate) fn leak(&mut self) {
        self.leaked = true;
    }
}

impl Drop for Provided {
    fn drop(&mut self) {
        if !self.leaked {
            // SAFETY: dropped once, here, and not used after.
            unsafe {
                ManuallyDrop::drop(&mut self.entries);
                ManuallyDrop::drop(&mut self.memory);
            }
        }
    }
}
