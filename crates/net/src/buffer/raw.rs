//! A handle to one buffer, whoever owns the memory.

use std::ptr::NonNull;

/// Who takes a buffer back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `BufferPool::release`.
    Pool,
    /// The ring of provided buffers, under this id.
    #[cfg(target_os = "linux")]
    Provided(u16),
}

/// Exclusive right to a range of initialised memory. Not freed when dropped: whoever holds it gives it back to its
/// origin; a handle that is dropped instead (a worker that panics) leaks its memory, no more.
#[derive(Debug)]
pub(crate) struct Buffer {
    start: NonNull<u8>,
    capacity: u32,
    origin: Origin,
}

impl Buffer {
    /// Wraps memory of an owner.
    ///
    /// # Safety
    /// `start` is valid for reads and writes of `capacity` initialised bytes, nobody else touches them before the handle
    /// is given back, and the owner outlives every use of the handle.
    pub(super) unsafe fn from_owner(start: NonNull<u8>, capacity: u32, origin: Origin) -> Self {
        Self { start, capacity, origin }
    }

    /// Wraps a provided buffer that the kernel has just given.
    ///
    /// # Safety
    /// As `from_owner`.
    #[cfg(target_os = "linux")]
    pub(crate) unsafe fn provided(start: NonNull<u8>, capacity: u32, id: u16) -> Self {
        // SAFETY: the caller's contract is the same.
        unsafe { Self::from_owner(start, capacity, Origin::Provided(id)) }
    }

    #[inline]
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Ends the handle, for its origin.
    #[inline]
    pub(crate) fn into_parts(self) -> (NonNull<u8>, usize, Origin) {
        (self.start, self.capacity as usize, self.origin)
    }

    /// All of it, for reading.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the handle is the exclusive right to `capacity` initialised bytes (see `from_owner`).
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.capacity as usize) }
    }

    /// All of it, for writing.
    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as `bytes`, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.capacity as usize) }
    }
}
