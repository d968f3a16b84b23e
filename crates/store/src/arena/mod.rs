//! The one mapping that all items, extents, index and ghosts live in.

mod huge;

use std::io;
use std::ptr::NonNull;

/// Pages are aligned, made huge and given back in this size: a huge page of x86-64 and of most aarch64 kernels.
pub(crate) const HUGE_PAGE_BYTES: usize = 2 << 20;

/// A range of zeroed memory, whose addresses are reserved whole, and which is backed by pages as they are touched.
pub(crate) struct Arena {
    base: NonNull<u8>,
    bytes: usize,
    /// Whether the system has huge pages for us.
    huge_pages: bool,
}

// SAFETY: the arena only hands out addresses; who may touch which bytes is decided by the pool and the cells' locks.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// As `give_back`, of what need not be whole pages of the system: then it stays as it is.
    pub fn give_back_part(&self, offset: usize, bytes: usize) {
        if offset.is_multiple_of(page_bytes()) && bytes.is_multiple_of(page_bytes()) {
            self.give_back(offset, bytes);
        }
    }

    /// The address `offset` bytes from the start. Costs nothing and touches nothing.
    #[inline]
    pub fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < self.bytes);
        self.base.as_ptr().wrapping_add(offset)
    }

    /// Whether parts of it can be put on huge pages.
    pub fn has_huge_pages(&self) -> bool {
        self.huge_pages
    }
}

#[cfg(not(miri))]
impl Arena {
    /// Reserves addresses for `bytes`, of which the first `usable` can be used, aligned to huge pages, but on small ones: what is
    /// touched for the first time is only so much memory.
    pub fn map(bytes: usize, usable: usize) -> io::Result<Arena> {
        let mut arena = Arena::reserve(bytes)?;
        arena.huge_pages = huge::are_there();
        #[cfg(target_os = "linux")]
        arena.advise(0, bytes, libc::MADV_NOHUGEPAGE);
        arena.make_usable(0, usable)?;
        Ok(arena)
    }

    /// Lets a range be used. Where the system promises no more memory than it has, that is when it may refuse.
    pub fn make_usable(&self, offset: usize, bytes: usize) -> io::Result<()> {
        debug_assert!(offset + bytes <= self.bytes);
        // SAFETY: the range is mapped and ours, and nobody uses it yet.
        let failed = unsafe { libc::mprotect(self.at(offset).cast(), bytes, libc::PROT_READ | libc::PROT_WRITE) } != 0;
        if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Addresses of its own, aligned to huge pages, on whatever the system chooses, that cannot be used yet.
    fn reserve(bytes: usize) -> io::Result<Arena> {
        let refused = || io::Error::new(io::ErrorKind::InvalidInput, "max_memory is beyond the address space");
        let padded = bytes.checked_add(HUGE_PAGE_BYTES).ok_or_else(refused)?;
        let start = anonymous(std::ptr::null_mut(), padded, libc::PROT_NONE, 0)?;
        let skip = start.align_offset(HUGE_PAGE_BYTES).min(HUGE_PAGE_BYTES);
        let base = start.wrapping_add(skip);
        if skip > 0 {
            // SAFETY: the range is the unused front of the mapping just made.
            unsafe { libc::munmap(start.cast(), skip) };
        }
        let mapped = bytes.next_multiple_of(page_bytes());
        let rest = padded - skip - mapped;
        if rest > 0 {
            // SAFETY: the range is the unused end of the mapping just made.
            unsafe { libc::munmap(base.wrapping_add(mapped).cast(), rest) };
        }
        let base = NonNull::new(base).ok_or_else(io::Error::last_os_error)?;
        Ok(Arena { base, bytes, huge_pages: false })
    }

    /// Advice about a range of ours; what the system does not know, or cannot do, it leaves. Whether it took it.
    #[cfg(target_os = "linux")]
    fn advise(&self, offset: usize, bytes: usize, advice: libc::c_int) -> bool {
        debug_assert!(offset + bytes <= self.bytes);
        // SAFETY: the range is mapped and ours. Of the kinds of advice used, `MADV_DONTNEED` alone changes what can be read,
        // and its caller owns what is in the range.
        unsafe { libc::madvise(self.at(offset).cast(), bytes, advice) == 0 }
    }

    /// Gives the pages of a range back to the system; they read as zero when touched again. Nobody may be using them.
    pub fn give_back(&self, offset: usize, bytes: usize) {
        debug_assert!(offset + bytes <= self.bytes);
        #[cfg(target_os = "linux")]
        self.advise(offset, bytes, libc::MADV_DONTNEED);
        // Elsewhere MADV_DONTNEED is a hint that may do nothing: a new mapping over the old one always works.
        #[cfg(not(target_os = "linux"))]
        let _ = anonymous(self.at(offset).cast(), bytes, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_FIXED);
    }
}

#[cfg(not(miri))]
fn anonymous(at: *mut libc::c_void, bytes: usize, protection: libc::c_int, flags: libc::c_int) -> io::Result<*mut u8> {
    let flags = flags | libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;
    // SAFETY: an anonymous mapping; with MAP_FIXED the caller owns the range that is replaced.
    let start = unsafe { libc::mmap(at, bytes, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(start.cast()) }
}

#[cfg(not(miri))]
fn page_bytes() -> usize {
    // SAFETY: sysconf has no preconditions.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

#[cfg(miri)]
fn page_bytes() -> usize {
    1
}

#[cfg(not(miri))]
impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and the last reference to the arena is going.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes.next_multiple_of(page_bytes())) };
    }
}

/// Under Miri, which has no mappings: plain memory.
#[cfg(miri)]
impl Arena {
    pub fn map(bytes: usize, _usable: usize) -> io::Result<Arena> {
        // SAFETY: the layout is not of zero size.
        let start = unsafe { std::alloc::alloc_zeroed(Arena::layout(bytes)) };
        let base = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Arena { base, bytes, huge_pages: huge::are_there() })
    }

    pub fn make_usable(&self, _offset: usize, _bytes: usize) -> io::Result<()> {
        Ok(())
    }

    pub fn give_back(&self, offset: usize, bytes: usize) {
        assert!(offset + bytes <= self.bytes);
        // SAFETY: the range lies within our memory; the caller owns what is in it.
        unsafe { self.at(offset).write_bytes(0, bytes) };
    }

    fn layout(bytes: usize) -> std::alloc::Layout {
        std::alloc::Layout::from_size_align(bytes, HUGE_PAGE_BYTES.min(1 << 16)).expect("a size below isize::MAX")
    }
}

#[cfg(miri)]
impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated by `map` with the same layout.
        unsafe { std::alloc::dealloc(self.base.as_ptr(), Arena::layout(self.bytes)) };
    }
}
