//! Huge pages for parts of the arena.
//!
//! The kernel would back what is touched first by a huge page at once, and what is begun and not used yet, the open segments
//! of all cells, would be resident. So the arena is on small pages, and what is in use whole is put on a huge page then.

use super::Arena;
#[cfg(all(target_os = "linux", not(miri)))]
use super::HUGE_PAGE_BYTES;

/// `MADV_COLLAPSE` of Linux's `mman-common.h`; the crate libc has it for glibc only.
#[cfg(all(target_os = "linux", not(miri)))]
const MADV_COLLAPSE: libc::c_int = 25;

#[cfg(all(target_os = "linux", not(miri)))]
impl Arena {
    /// Puts a range of the size of a huge page on one, with what is in it. Others may be using it: if they touch it while it
    /// is copied they wait. False if the system could not now and it is on small pages as before: somebody held one of them,
    /// or there is no memory. Where it never can, as before Linux 6.1, its own thread may do it later.
    pub fn make_huge(&self, offset: usize) -> bool {
        warm_huge_page();
        self.advise(offset, HUGE_PAGE_BYTES, libc::MADV_HUGEPAGE);
        if self.advise(offset, HUGE_PAGE_BYTES, MADV_COLLAPSE) {
            return true;
        }
        let error = std::io::Error::last_os_error().raw_os_error();
        let may_later = matches!(error, Some(libc::EAGAIN | libc::EBUSY | libc::ENOMEM));
        if may_later {
            self.make_small(offset);
        }
        !may_later
    }

    /// From now on a range is on small pages again; to be called when it is given back.
    pub fn make_small(&self, offset: usize) {
        self.advise(offset, HUGE_PAGE_BYTES, libc::MADV_NOHUGEPAGE);
    }

    /// How many bytes of a range of the size of a huge page are backed by memory.
    pub fn backed_bytes(&self, offset: usize) -> usize {
        /// No system has smaller pages.
        const MIN_PAGE_BYTES: usize = 4096;
        let mut backed = [0; HUGE_PAGE_BYTES / MIN_PAGE_BYTES];
        debug_assert!(offset + HUGE_PAGE_BYTES <= self.bytes);
        // SAFETY: the range is mapped and ours, and the buffer has a byte for each of its pages.
        let failed = unsafe { libc::mincore(self.at(offset).cast(), HUGE_PAGE_BYTES, backed.as_mut_ptr()) } != 0;
        if failed { 0 } else { backed.iter().filter(|&&page| page & 1 != 0).count() * super::page_bytes() }
    }
}

/// Takes a huge page from the system and gives it back, so that the kernel has it at hand for the one that it will fill
/// while others wait. On a virtual machine whose host has yet to find memory for it, that takes many milliseconds: measured
/// while a thread read at random, the longest of its waits was 11 ms without this, and 1 ms with it.
#[cfg(all(target_os = "linux", not(miri)))]
fn warm_huge_page() {
    let Ok(page) = Arena::reserve(HUGE_PAGE_BYTES) else { return };
    if page.make_usable(0, HUGE_PAGE_BYTES).is_err() {
        return;
    }
    page.advise(0, HUGE_PAGE_BYTES, libc::MADV_HUGEPAGE);
    // SAFETY: the page was mapped just now; nobody else knows of it.
    unsafe { page.at(0).write_volatile(1) };
}

/// Whether the system has huge pages for those who ask for them, at least.
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) fn are_there() -> bool {
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    setting.is_ok_and(|setting| !setting.contains("[never]"))
}

/// Where there are none: nothing of this is called.
#[cfg(not(all(target_os = "linux", not(miri))))]
impl Arena {
    pub fn make_huge(&self, _offset: usize) -> bool {
        true
    }

    pub fn make_small(&self, _offset: usize) {}

    pub fn backed_bytes(&self, _offset: usize) -> usize {
        0
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
pub(super) fn are_there() -> bool {
    false
}
