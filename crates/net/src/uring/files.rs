//! Registered files: sends name their socket by its slot, and the kernel looks up no descriptor for each.

use std::os::fd::RawFd;

use super::ring::Ring;
use crate::connection::Key;
use crate::sys;

/// Slots of a worker that have a place in the table at most (8 bytes each in the kernel); the rest sends by descriptor.
const FILES: usize = 16 << 10;
/// Before this release a file that is taken out of its place stays open while any older operation on registered files is under
/// way, be it another socket's: one peer that does not read would keep the ends of all others from being seen
/// (axboe/liburing#1192).
const RELEASE: (u32, u32) = (6, 13);
/// No file in a place, as IORING_REGISTER_FILES_UPDATE knows it.
const NO_FILE: RawFd = -1;

/// The ring's table of files. A place holds its socket open, so it is emptied before the socket is closed.
pub(crate) struct Files {
    places: usize,
}

impl Files {
    /// A table for at most `connections`, or one without places where the kernel gives none, or is too old.
    pub(crate) fn new(ring: &Ring, connections: usize) -> Self {
        // The kernel takes no more than the process may open.
        let places = connections.min(FILES).min(sys::descriptor_limit());
        let supported = places > 0 && sys::kernel_release() >= RELEASE;
        let registered = supported && ring.submitter().register_files_sparse(places as u32).is_ok();
        Self { places: if registered { places } else { 0 } }
    }

    /// Puts the socket into the slot's place. False if it has none.
    pub(crate) fn put(&self, ring: &Ring, key: Key, fd: RawFd) -> bool {
        (key.slot as usize) < self.places && ring.submitter().register_files_update(key.slot, &[fd]).is_ok()
    }

    /// Empties the place of a slot that `put` gave one.
    ///
    /// # Panics
    /// If the kernel does not: the peer would never see the end of the connection.
    pub(crate) fn take(&self, ring: &Ring, key: Key) {
        let result = ring.submitter().register_files_update(key.slot, &[NO_FILE]);
        assert!(result.is_ok(), "a registered file can be removed: {result:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_place_holds_its_socket_open_until_it_is_emptied() {
        let Ok(ring) = Ring::new(8, 16) else {
            eprintln!("io_uring is unavailable here");
            return;
        };
        let files = Files::new(&ring, 2);
        if files.places == 0 {
            eprintln!("this kernel is too old for registered files");
            return;
        }
        let (ours, mut peer) = UnixStream::pair().expect("a pair of sockets");
        peer.set_nonblocking(true).expect("non-blocking");
        let key = |slot| Key { slot, generation: 0 };
        assert!(!files.put(&ring, key(2), ours.as_raw_fd()), "the table has two places");
        assert!(files.put(&ring, key(1), ours.as_raw_fd()));
        drop(ours);
        let mut byte = [0];
        assert_eq!(peer.read(&mut byte).expect_err("still open").kind(), ErrorKind::WouldBlock);
        files.take(&ring, key(1));
        assert_eq!(peer.read(&mut byte).expect("the end"), 0);
    }
}
