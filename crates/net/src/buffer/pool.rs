//! The pool of a worker: units cut from mappings, and a few larger buffers for long messages.
//!
//! Memory that is free is *warm* (kept as it is, last used first) or *cold* (its pages were given back to the system).
//! `trim`, called about once a second, cools what the last period did not need, so a burst does not stay. It does so in
//! slices, for each unit costs a system call.

use std::cell::RefCell;
use std::ptr::NonNull;

use super::{Buffer, Origin};
use crate::sys::{self, Mapping};

/// Mappings are about so long, bytes: few system calls, and page tables near each other.
const SLAB_BYTES: usize = 1 << 20;
/// Warm units kept through any quiet time, per pool.
pub(crate) const WARM_UNITS_MIN: usize = 16;
/// Units that one call of `trim` cools.
const COOLED_UNITS: usize = 128;
/// Sizes above the unit: unit x 2, x 4 ... enough for any `input_limit` below 4 GiB.
const CLASSES: usize = 20;
/// Free bytes of one size above the unit that are kept between two trims: enough that many connections with messages
/// somewhat longer than a unit do not map memory for each.
const CLASS_KEPT_BYTES: usize = 4 << 20;

/// What released memory is filled with in debug builds.
pub(crate) const RELEASED: u8 = 0xDD;

/// Buffers of one unit and of powers of two of it. For one thread.
pub(crate) struct BufferPool {
    unit: usize,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    slabs: Vec<Mapping>,
    warm: Vec<NonNull<u8>>,
    cold: Vec<NonNull<u8>>,
    used: usize,
    /// Largest `used` since the last period began.
    peak: usize,
    /// Warm units that are still to be cooled for the last period.
    surplus: usize,
    large: [Class; CLASSES],
    /// Bytes of all large buffers, in use or free.
    large_bytes: usize,
}

/// Buffers of unit << (index + 1).
#[derive(Default)]
struct Class {
    free: Vec<Mapping>,
    /// One was taken since the last trim.
    wanted: bool,
}

impl BufferPool {
    /// `unit`: bytes, a multiple of the page size.
    pub(crate) fn new(unit: usize) -> Self {
        Self { unit, inner: RefCell::default() }
    }

    /// Bytes of one unit.
    #[inline]
    pub(crate) fn unit(&self) -> usize {
        self.unit
    }

    /// A buffer of one unit. Its content is arbitrary.
    #[inline]
    pub(crate) fn take(&self) -> Buffer {
        let mut inner = self.inner.borrow_mut();
        inner.used += 1;
        inner.peak = inner.peak.max(inner.used);
        let start = match inner.warm.pop() {
            Some(start) => start,
            None => inner.warm_up(self.unit),
        };
        // SAFETY: `start` is one unit within a slab of this pool, initialised by the system, and in no free list now.
        // Holders of a pool's buffers hold the pool too (`Output`, worker), so the slab outlives the handle.
        unsafe { Buffer::from_owner(start, self.unit as u32, Origin::Pool) }
    }

    /// A buffer of at least `bytes`.
    pub(crate) fn take_at_least(&self, bytes: usize) -> Buffer {
        if bytes <= self.unit {
            return self.take();
        }
        let class = bytes.div_ceil(self.unit).next_power_of_two().trailing_zeros() as usize - 1;
        self.inner.borrow_mut().take_large(class, self.unit << (class + 1))
    }

    /// Takes back what `take` or `take_at_least` gave.
    #[inline]
    pub(crate) fn release(&self, mut buffer: Buffer) {
        if cfg!(debug_assertions) {
            // Whoever still looks at it is found by the tests.
            buffer.bytes_mut().fill(RELEASED);
        }
        let (start, capacity, origin) = buffer.into_parts();
        debug_assert_eq!(origin, Origin::Pool);
        let mut inner = self.inner.borrow_mut();
        if capacity == self.unit {
            inner.used -= 1;
            // Room was reserved when the slab was mapped: this does not allocate.
            inner.warm.push(start);
        } else {
            inner.release_large(start, capacity, self.unit);
        }
    }

    /// Bytes that the pool keeps from the system: in use and warm.
    pub(crate) fn held_bytes(&self) -> usize {
        let inner = self.inner.borrow();
        (inner.used + inner.warm.len()) * self.unit + inner.large_bytes
    }

    /// True if `trim` would find something to give back, now or next time.
    pub(crate) fn wants_trim(&self) -> bool {
        let inner = self.inner.borrow();
        inner.warm.len() > WARM_UNITS_MIN || inner.large.iter().any(|class| !class.free.is_empty())
    }

    /// Gives back a slice of what was not needed in the last period, which `ends` now or has ended with an earlier slice.
    /// True if there is more to be given back soon.
    pub(crate) fn trim(&self, ends: bool) -> bool {
        let mut inner = self.inner.borrow_mut();
        if ends {
            inner.end_period();
        }
        // Not what is needed again since.
        let still = inner.warm.len().saturating_sub(inner.kept());
        inner.surplus = inner.surplus.min(still);
        let Inner { warm, cold, surplus, .. } = &mut *inner;
        let now = COOLED_UNITS.min(*surplus);
        // The bottom of the stack was unused the longest.
        for start in warm.drain(..now) {
            // SAFETY: a whole unit (a multiple of the page size) of a live slab, and free: nobody refers to it.
            unsafe { sys::discard(start, self.unit) };
            cold.push(start);
        }
        *surplus -= now;
        *surplus > 0
    }
}

impl Inner {
    /// Warm units that this period has needed so far.
    fn kept(&self) -> usize {
        self.peak.saturating_sub(self.used).max(WARM_UNITS_MIN)
    }

    fn end_period(&mut self) {
        self.surplus = self.warm.len().saturating_sub(self.kept());
        self.peak = self.used;
        let mut freed = 0;
        for class in &mut self.large {
            if !std::mem::take(&mut class.wanted) {
                freed += class.free.drain(..).map(|mapping| mapping.len()).sum::<usize>();
            }
        }
        self.large_bytes -= freed;
    }

    /// One unit of cold memory, or of a new slab.
    #[cold]
    fn warm_up(&mut self, unit: usize) -> NonNull<u8> {
        if let Some(start) = self.cold.pop() {
            return start;
        }
        let units = (SLAB_BYTES / unit).max(1);
        let slab = map(units * unit);
        let total = self.slabs.iter().map(|slab| slab.len() / unit).sum::<usize>() + units;
        // `release` and `trim` never allocate.
        self.warm.reserve(total - self.warm.len());
        self.cold.reserve(total - self.cold.len());
        // The first one is for the caller; the rest has no pages yet, so it is cold.
        for index in (1..units).rev() {
            // SAFETY: within the slab, which is `units` units long.
            self.cold.push(unsafe { slab.start().add(index * unit) });
        }
        let start = slab.start();
        self.slabs.push(slab);
        start
    }

    fn take_large(&mut self, index: usize, bytes: usize) -> Buffer {
        let class = &mut self.large[index];
        class.wanted = true;
        let mapping = class.free.pop().unwrap_or_else(|| {
            self.large_bytes += bytes;
            map(bytes)
        });
        // SAFETY: a mapping of `bytes` initialised bytes that nobody unmaps before the handle comes back.
        unsafe { Buffer::from_owner(mapping.into_raw(), bytes as u32, Origin::Pool) }
    }

    fn release_large(&mut self, start: NonNull<u8>, capacity: usize, unit: usize) {
        let class = &mut self.large[(capacity / unit).trailing_zeros() as usize - 1];
        // SAFETY: `take_large` made the handle from a mapping of exactly its capacity; `release` has ended the handle.
        let mapping = unsafe { Mapping::from_raw(start, capacity) };
        if class.free.len() * capacity < CLASS_KEPT_BYTES {
            class.free.push(mapping);
        } else {
            self.large_bytes -= mapping.len();
        }
    }
}

/// Without memory for buffers a worker cannot go on: as with every other allocation, that ends it.
fn map(bytes: usize) -> Mapping {
    Mapping::new(bytes).unwrap_or_else(|error| panic!("no memory for {bytes} bytes of network buffers: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: usize = 4096;

    #[test]
    fn units_are_distinct_and_reused_last_first() {
        let pool = BufferPool::new(UNIT);
        let mut a = pool.take();
        let mut b = pool.take();
        a.bytes_mut().fill(1);
        b.bytes_mut().fill(2);
        assert!(a.bytes().iter().all(|&byte| byte == 1));
        let place = b.bytes().as_ptr();
        pool.release(b);
        let b = pool.take();
        assert_eq!(b.bytes().as_ptr(), place);
        pool.release(a);
        pool.release(b);
        assert_eq!(pool.held_bytes(), 2 * UNIT);
    }

    #[test]
    fn a_burst_is_given_back_after_two_quiet_trims() {
        let pool = BufferPool::new(UNIT);
        let burst: Vec<Buffer> = (0..2000).map(|_| pool.take()).collect();
        assert_eq!(pool.held_bytes(), 2000 * UNIT);
        for buffer in burst {
            pool.release(buffer);
        }
        assert!(!pool.trim(true));
        assert_eq!(pool.held_bytes(), 2000 * UNIT, "the last period needed them");
        assert!(pool.wants_trim());
        assert!(pool.trim(true));
        assert_eq!(pool.held_bytes(), (2000 - COOLED_UNITS) * UNIT, "a slice at a time");
        let again: Vec<Buffer> = (0..500).map(|_| pool.take()).collect();
        for buffer in again {
            pool.release(buffer);
        }
        while pool.trim(false) {}
        assert_eq!(pool.held_bytes(), 500 * UNIT, "what is needed again meanwhile stays");
        assert!(!pool.trim(true), "and in the period after that");
        while pool.trim(true) {}
        assert_eq!(pool.held_bytes(), WARM_UNITS_MIN * UNIT);
        assert!(!pool.wants_trim());
        let again: Vec<Buffer> = (0..2000).map(|_| pool.take()).collect();
        assert_eq!(pool.inner.borrow().slabs.len(), 2000usize.div_ceil(SLAB_BYTES / UNIT), "cold units come first");
        for buffer in again {
            pool.release(buffer);
        }
    }

    #[test]
    fn large_buffers_have_powers_of_two_and_go_when_unused() {
        let pool = BufferPool::new(UNIT);
        for (bytes, capacity) in [(UNIT, UNIT), (UNIT + 1, 2 * UNIT), (5 * UNIT, 8 * UNIT), (8 << 20, 8 << 20)] {
            let buffer = pool.take_at_least(bytes);
            assert_eq!(buffer.capacity(), capacity);
            pool.release(buffer);
        }
        assert!(pool.held_bytes() > 8 << 20);
        pool.trim(true);
        pool.trim(true);
        assert_eq!(pool.held_bytes(), UNIT);
        let many: Vec<Buffer> = (0..1000).map(|_| pool.take_at_least(2 * UNIT)).collect();
        assert_eq!(pool.held_bytes(), UNIT + 1000 * 2 * UNIT);
        for buffer in many {
            pool.release(buffer);
        }
        assert_eq!(pool.held_bytes(), UNIT + CLASS_KEPT_BYTES);
    }
}
