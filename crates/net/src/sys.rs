//! The system calls that the standard library does not offer, each wrapped once.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;

/// Never SIGPIPE, never block.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
/// Never block; SIGPIPE is switched off per socket where `send` has no flag for it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const SEND_FLAGS: libc::c_int = libc::MSG_DONTWAIT;

/// A connected socket, TCP or unix, non-blocking.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// Takes a non-blocking, close-on-exec socket.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Ends the sending side, so that the peer sees the end after what was sent.
    pub(crate) fn end_sending(&self) {
        // Fails only if the peer has gone already.
        socket2::SockRef::from(&self.0).shutdown(std::net::Shutdown::Write).ok();
    }

    /// One `recv`. `Ok(0)` is the end of input unless `room` is empty.
    pub(crate) fn receive(&self, room: &mut [u8]) -> io::Result<usize> {
        // SAFETY: `room` is valid for writes of its length for the duration of the call.
        let got = unsafe { libc::recv(self.fd(), room.as_mut_ptr().cast(), room.len(), libc::MSG_DONTWAIT) };
        usize::try_from(got).map_err(|_| io::Error::last_os_error())
    }

    /// Whether bytes have come that nobody has received.
    #[cfg(target_os = "linux")]
    pub(crate) fn has_unread(&self) -> bool {
        let mut byte = 0u8;
        // SAFETY: `byte` is valid for the write of one byte.
        let got = unsafe { libc::recv(self.fd(), (&raw mut byte).cast(), 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) };
        got > 0
    }

    /// One `send` of contiguous bytes.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: `bytes` is valid for reads of its length for the duration of the call.
        let sent = unsafe { libc::send(self.fd(), bytes.as_ptr().cast(), bytes.len(), SEND_FLAGS) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// One `sendmsg` of several pieces.
    pub(crate) fn send_pieces(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        // SAFETY: an all-zero msghdr is a valid value of that plain C struct.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_iov = pieces.as_ptr().cast_mut().cast();
        header.msg_iovlen = pieces.len() as _;
        // SAFETY: `IoSlice` has the layout of `iovec` by its documentation; the kernel only reads the pieces, which are
        // borrowed for the duration of the call.
        let sent = unsafe { libc::sendmsg(self.fd(), &raw const header, SEND_FLAGS) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

/// Anonymous memory of its own, zeroed, page-aligned; given back when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    /// Maps `bytes` (> 0). Pages take memory when first touched.
    pub(crate) fn new(bytes: usize) -> io::Result<Self> {
        // SAFETY: a fresh private anonymous mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, bytes })
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes
    }
}

impl Mapping {
    /// Gives up the mapping without unmapping it.
    pub(crate) fn into_raw(self) -> NonNull<u8> {
        let start = self.start;
        std::mem::forget(self);
        start
    }

    /// Takes back what `into_raw` gave up.
    ///
    /// # Safety
    /// `start` and `bytes` are those of one mapping that was given up once, and nobody refers into it any more than they
    /// would be allowed to refer into a `Mapping`.
    pub(crate) unsafe fn from_raw(start: NonNull<u8>, bytes: usize) -> Self {
        Self { start, bytes }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the range that `new` mapped, unmapped once; owners give out no pointer that outlives them.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

/// Gives the pages of a range back to the system; it reads as zeroes (Linux) or as before (elsewhere) afterwards.
///
/// # Safety
/// The range is whole pages within one live `Mapping`, and nobody holds a reference into it.
pub(crate) unsafe fn discard(start: NonNull<u8>, bytes: usize) {
    #[cfg(target_os = "linux")]
    let advice = libc::MADV_DONTNEED;
    #[cfg(not(target_os = "linux"))]
    let advice = libc::MADV_FREE;
    // SAFETY: by this function's contract; failure leaves the pages as they are, which is harmless.
    unsafe { libc::madvise(start.as_ptr().cast(), bytes, advice) };
}

/// CLOCK_MONOTONIC in nanoseconds.
#[inline]
pub(crate) fn monotonic_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for the write; this clock exists on every system that we compile for.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// Blocks every signal in the calling thread and returns what was blocked before.
pub(crate) fn block_signals() -> libc::sigset_t {
    // SAFETY: a zeroed sigset_t is valid to be written over; sigfillset and pthread_sigmask write into live locals.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

/// Sets the calling thread's mask of blocked signals.
pub(crate) fn restore_signals(mask: &libc::sigset_t) {
    // SAFETY: `mask` came from `block_signals`; the old mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
}

/// A new eventfd at zero.
#[cfg(target_os = "linux")]
pub(crate) fn event_fd() -> io::Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: no memory is passed; the descriptor that comes back is ours alone.
    unsafe {
        match libc::eventfd(0, libc::EFD_CLOEXEC) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Whether an error of a connected socket is the peer's doing.
pub(crate) fn close_reason(error: &io::Error) -> crate::CloseReason {
    match error.raw_os_error() {
        Some(libc::ECONNRESET | libc::EPIPE | libc::ETIMEDOUT | libc::ENOTCONN | libc::EHOSTUNREACH) => {
            crate::CloseReason::Peer
        }
        _ => crate::CloseReason::Error,
    }
}

/// The limit of locked memory in bytes; `None` if there is none.
#[cfg(target_os = "linux")]
pub(crate) fn memlock_limit() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the write.
    unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    (limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

/// How many descriptors the process may have open.
#[cfg(target_os = "linux")]
pub(crate) fn descriptor_limit() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the write.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

/// Major and minor number of the kernel's release, or zeros where it says something else.
#[cfg(target_os = "linux")]
pub(crate) fn kernel_release() -> (u32, u32) {
    // SAFETY: all of its fields are arrays of bytes, for which zeros are valid.
    let mut name: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: `name` is valid for the write.
    unsafe { libc::uname(&raw mut name) };
    let release: Vec<u8> =
        name.release.iter().map(|byte| byte.to_ne_bytes()[0]).take_while(|&byte| byte != 0).collect();
    parse_release(&String::from_utf8_lossy(&release))
}

#[cfg(target_os = "linux")]
fn parse_release(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => (0, 0),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_release_begins_with_two_numbers() {
        assert_eq!(parse_release("6.18.44-fc-v657"), (6, 18));
        assert_eq!(parse_release("6.1-rc3"), (6, 1));
        assert_eq!(parse_release("next"), (0, 0));
        assert!(kernel_release() > (2, 6));
    }
}
