//! The ring itself: set up with what the kernel has, entered with one system call per tick.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use io_uring::types::{CancelBuilder, Timespec};
use io_uring::{EnterFlags, IoUring, Submitter, cqueue, squeue};

/// How often a full submission queue is handed over before the worker gives up.
const PUSH_ATTEMPTS: usize = 8;
/// IORING_REGISTER_RING_FDS of <linux/io_uring.h>.
const REGISTER_RING_FDS: libc::c_uint = 20;
/// IORING_UNREGISTER_RING_FDS of <linux/io_uring.h>.
const UNREGISTER_RING_FDS: libc::c_uint = 21;

/// struct io_uring_rsrc_update of <linux/io_uring.h>.
#[repr(C)]
struct RingFdUpdate {
    offset: u32,
    resv: u32,
    data: u64,
}

/// struct io_uring_getevents_arg of <linux/io_uring.h>.
#[repr(C)]
struct GetEventsArg {
    sigmask: u64,
    sigmask_bytes: u32,
    min_wait_us: u32,
    timespec: u64,
}

/// struct __kernel_timespec of <linux/time_types.h>.
#[repr(C)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

/// A way to set a ring up; the first that the kernel knows is taken.
struct Setup {
    name: &'static str,
    single_issuer: bool,
    defer_taskrun: bool,
    no_sqarray: bool,
}

/// Best first. DEFER_TASKRUN and SINGLE_ISSUER came with Linux 6.1 and 6.0, NO_SQARRAY with 6.6.
const SETUPS: [Setup; 4] = [
    Setup { name: "DEFER_TASKRUN, NO_SQARRAY", single_issuer: true, defer_taskrun: true, no_sqarray: true },
    Setup { name: "DEFER_TASKRUN", single_issuer: true, defer_taskrun: true, no_sqarray: false },
    Setup { name: "SINGLE_ISSUER, COOP_TASKRUN", single_issuer: true, defer_taskrun: false, no_sqarray: false },
    Setup { name: "COOP_TASKRUN", single_issuer: false, defer_taskrun: false, no_sqarray: false },
];

/// A ring, for the thread that made it.
pub(crate) struct Ring {
    ring: IoUring,
    /// The registered index, or the descriptor where registering did not work.
    enter_fd: RawFd,
    enter_flags: u32,
    setup: &'static str,
}

impl Ring {
    /// Sets up a ring with room for `submissions` and `completions`.
    pub(crate) fn new(submissions: u32, completions: u32) -> io::Result<Self> {
        let mut last = io::Error::from_raw_os_error(libc::EINVAL);
        for setup in &SETUPS {
            match setup.build(submissions, completions) {
                Ok(ring) => return Ok(Self::over(ring, setup.name)),
                // An unknown flag: the next setup asks for less.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn over(ring: IoUring, setup: &'static str) -> Self {
        let (enter_fd, enter_flags) = match register_ring_fd(ring.as_raw_fd()) {
            Ok(index) => (index, EnterFlags::REGISTERED_RING.bits()),
            Err(_) => (ring.as_raw_fd(), 0),
        };
        Self { ring, enter_fd, enter_flags, setup }
    }

    /// What the ring was set up with, in words.
    pub(crate) fn setup(&self) -> &'static str {
        self.setup
    }

    /// Completions that fit; more wait in the kernel.
    pub(crate) fn completions(&self) -> usize {
        self.ring.params().cq_entries() as usize
    }

    pub(crate) fn submitter(&self) -> Submitter<'_> {
        self.ring.submitter()
    }

    /// Queues an operation, to be handed over by the next `enter` (or at once if the queue is full).
    ///
    /// # Panics
    /// If the kernel takes nothing from a full queue: it has no memory, and the worker cannot go on.
    ///
    /// # Safety
    /// Whatever memory the operation refers to stays valid, and is used as the operation needs it, until its (last)
    /// completion was reaped or the ring is gone.
    pub(crate) unsafe fn push(&mut self, entry: &squeue::Entry) {
        for _ in 0..PUSH_ATTEMPTS {
            // SAFETY: the caller's contract.
            if unsafe { self.ring.submission().push(entry) }.is_ok() {
                return;
            }
            // Errors are transient (EAGAIN, EBUSY) or come again from `enter`.
            self.enter_with(0, 0, None).ok();
        }
        panic!("the kernel takes no more operations");
    }

    /// Hands over what is queued, runs what the kernel deferred, and waits until `want` completions are there or
    /// `timeout` is over. With `want` 0 it does not wait. Nothing is queued any more when it returns without an error.
    pub(crate) fn enter(&mut self, want: usize, timeout: Option<Duration>) -> io::Result<()> {
        for _ in 0..PUSH_ATTEMPTS {
            let result = self.enter_with(want as u32, EnterFlags::GETEVENTS.bits(), timeout);
            // Time is over; a signal; no memory just now.
            let transient = [libc::ETIME, libc::EINTR, libc::EBUSY, libc::EAGAIN].map(Some);
            if let Err(error) = result
                && !transient.contains(&error.raw_os_error())
            {
                return Err(error);
            }
            if self.ring.submission().is_empty() {
                return Ok(());
            }
        }
        Err(io::Error::other("the kernel takes no more operations"))
    }

    fn enter_with(&mut self, want: u32, flags: u32, timeout: Option<Duration>) -> io::Result<usize> {
        let queued = self.ring.submission().len() as u32;
        let mut flags = flags | self.enter_flags;
        let timespec = timeout.map(|timeout| KernelTimespec {
            seconds: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: i64::from(timeout.subsec_nanos()),
        });
        let mut arg = GetEventsArg { sigmask: 0, sigmask_bytes: 8, min_wait_us: 0, timespec: 0 };
        let (mut arg_at, mut arg_bytes) = (std::ptr::null(), 0);
        if let Some(timespec) = &timespec {
            arg.timespec = &raw const *timespec as u64;
            (arg_at, arg_bytes) = (&raw const arg, size_of::<GetEventsArg>());
            flags |= EnterFlags::EXT_ARG.bits();
        }
        // SAFETY: the queued entries' memory is valid by the contract of `push`; `arg` and `timespec` outlive the call.
        let result =
            unsafe { libc::syscall(libc::SYS_io_uring_enter, self.enter_fd, queued, want, flags, arg_at, arg_bytes) };
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    }

    /// True if there are completions that were not reaped, in the ring or for want of room behind it.
    pub(crate) fn has_completions(&mut self) -> bool {
        !self.ring.completion().is_empty() || self.ring.submission().cq_overflow()
    }

    /// Moves every completion into `sink`, also those that the kernel had no room for in the ring.
    pub(crate) fn reap(&mut self, mut sink: impl FnMut(&cqueue::Entry)) -> io::Result<()> {
        loop {
            for entry in self.ring.completion() {
                sink(&entry);
            }
            if !self.ring.submission().cq_overflow() {
                return Ok(());
            }
            self.enter(0, None)?;
        }
    }

    /// Cancels everything that was handed over and waits until it has ended, or `patience` is over.
    pub(crate) fn cancel_all(&self, patience: Duration) -> io::Result<()> {
        let patience = Timespec::from(patience);
        match self.submitter().register_sync_cancel(Some(patience), CancelBuilder::any()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // A registered descriptor keeps the ring, and one of the few places for it, until the thread ends.
        if self.enter_flags & EnterFlags::REGISTERED_RING.bits() != 0 {
            let mut update = RingFdUpdate { offset: self.enter_fd as u32, resv: 0, data: 0 };
            let fd = self.ring.as_raw_fd();
            // SAFETY: one valid update structure, as this operation takes; nobody enters by the index any more.
            unsafe {
                libc::syscall(libc::SYS_io_uring_register, fd, UNREGISTER_RING_FDS, &raw mut update, 1 as libc::c_uint);
            }
        }
    }
}

impl Setup {
    fn build(&self, submissions: u32, completions: u32) -> io::Result<IoUring> {
        let mut builder = IoUring::builder();
        builder.setup_clamp().setup_cqsize(completions).setup_submit_all().dontfork();
        if self.single_issuer {
            builder.setup_single_issuer();
        }
        if self.defer_taskrun {
            builder.setup_defer_taskrun();
        } else {
            builder.setup_coop_taskrun();
        }
        if self.no_sqarray {
            builder.setup_no_sqarray();
        }
        builder.build(submissions)
    }
}

/// Registers the ring's descriptor with itself, which saves a look-up per `enter`. Returns its index.
fn register_ring_fd(fd: RawFd) -> io::Result<RawFd> {
    let mut update = RingFdUpdate { offset: u32::MAX, resv: 0, data: fd as u64 };
    // SAFETY: one valid update structure, as this operation takes; the kernel writes the index into it.
    let result = unsafe {
        libc::syscall(libc::SYS_io_uring_register, fd, REGISTER_RING_FDS, &raw mut update, 1 as libc::c_uint)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(update.offset as RawFd) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_that_are_gone_leave_no_registered_descriptor() {
        let mut registered = 0;
        // A thread may have sixteen of them.
        for _ in 0..40 {
            let Ok(mut ring) = Ring::new(8, 16) else {
                eprintln!("io_uring is unavailable here");
                return;
            };
            registered += u32::from(ring.enter_flags & EnterFlags::REGISTERED_RING.bits() != 0);
            ring.enter(0, None).expect("enter");
        }
        assert!(registered == 40 || registered == 0, "{registered} of 40");
    }

    #[test]
    fn completions_beyond_the_queue_are_not_lost() {
        let Ok(mut ring) = Ring::new(8, 16) else {
            eprintln!("io_uring is unavailable here");
            return;
        };
        // Handed over early, eight at a time, and not reaped meanwhile.
        for n in 0..1000 {
            // SAFETY: refers to no memory.
            unsafe { ring.push(&io_uring::opcode::Nop::new().build().user_data(n)) };
        }
        ring.enter(1, Some(Duration::from_secs(10))).expect("enter");
        let mut seen = Vec::new();
        // Whoever asks once gets all: that a quiet send posted none is known only so.
        ring.reap(|entry| seen.push(entry.user_data())).expect("reap");
        assert_eq!(seen.len(), 1000);
        assert!(seen.into_iter().eq(0..1000));
    }
}
