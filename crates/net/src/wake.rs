//! How another thread ends a worker's sleep.

use std::io;

/// Ends the sleep of one event loop.
pub(crate) enum Waker {
    /// mio's own: an eventfd or a kqueue user event.
    Mio(mio::Waker),
    /// An eventfd that the ring reads.
    #[cfg(target_os = "linux")]
    EventFd(std::fs::File),
}

impl Waker {
    pub(crate) fn wake(&self) {
        let result = match self {
            Waker::Mio(waker) => waker.wake(),
            #[cfg(target_os = "linux")]
            Waker::EventFd(file) => {
                use std::io::Write;
                let mut file = file;
                file.write_all(&1u64.to_ne_bytes())
            }
        };
        // A full counter (WouldBlock) is a wake that is still to be seen; anything else would be a closed descriptor.
        debug_assert!(result.is_ok() || result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
    }

    /// A new eventfd: one handle for the ring to read, one for the waker.
    #[cfg(target_os = "linux")]
    pub(crate) fn event_fd() -> io::Result<(std::fs::File, Self)> {
        let file: std::fs::File = crate::sys::event_fd()?.into();
        Ok((file.try_clone()?, Waker::EventFd(file)))
    }
}
