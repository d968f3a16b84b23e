//! What other threads put into a connection's output between its replies, bounded.

use parking_lot::Mutex;
use ringstone_protocol::Sink;

/// Bytes of messages that may wait for a subscriber; beyond, the connection is closed, as Valkey does by
/// `client-output-buffer-limit pubsub`.
pub const MESSAGES_LIMIT: usize = 32 << 20;
/// Bytes of invalidations that may wait for a client that caches; beyond, one that says "everything" stands for all.
pub const INVALIDATIONS_LIMIT: usize = 1 << 20;

/// What waits for one connection.
#[derive(Default)]
pub struct Inbox(Mutex<Pending>);

#[derive(Default)]
struct Pending {
    /// Whole messages.
    messages: Vec<u8>,
    /// Whole invalidations of keys; none while `everything` waits.
    invalidations: Vec<u8>,
    /// The invalidation of everything, which covers all that comes before it is delivered.
    everything: Option<&'static [u8]>,
    close: bool,
    /// The connection is gone: nothing is kept.
    gone: bool,
}

/// What has become of something that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there, and its connection is to be told.
    Waits,
    /// Nobody will read it.
    Gone,
    /// There was no room: the connection is to be closed.
    Full,
}

impl Inbox {
    /// Lets `write` append whole messages, given how many bytes wait already: the bound is the caller's.
    pub fn append<R>(&self, write: impl FnOnce(&mut Vec<u8>) -> R) -> (R, Put) {
        let mut pending = self.0.lock();
        let result = write(&mut pending.messages);
        if pending.gone {
            pending.messages = Vec::new();
        }
        let put = if pending.gone || pending.messages.is_empty() { Put::Gone } else { Put::Waits };
        (result, put)
    }

    /// Appends a message, given in parts, that is of no use once it is cut off from those before it.
    pub fn message(&self, parts: &[&[u8]]) -> Put {
        let mut pending = self.0.lock();
        if pending.gone {
            return Put::Gone;
        }
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if pending.messages.len() + length > MESSAGES_LIMIT {
            pending.messages = Vec::new();
            pending.close = true;
            return Put::Full;
        }
        parts.iter().for_each(|part| pending.messages.extend_from_slice(part));
        Put::Waits
    }

    /// Appends an invalidation; `everything` takes the place of all when there is no room.
    pub fn invalidation(&self, parts: &[&[u8]], everything: &'static [u8]) -> Put {
        let mut pending = self.0.lock();
        if pending.gone {
            return Put::Gone;
        }
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if pending.everything.is_none() {
            if pending.invalidations.len() + length > INVALIDATIONS_LIMIT {
                pending.forget_all(everything);
            } else {
                parts.iter().for_each(|part| pending.invalidations.extend_from_slice(part));
            }
        }
        Put::Waits
    }

    /// The invalidation of everything, in place of those that wait.
    pub fn invalidate_everything(&self, everything: &'static [u8]) -> Put {
        let mut pending = self.0.lock();
        if pending.gone {
            return Put::Gone;
        }
        pending.forget_all(everything);
        Put::Waits
    }

    /// The connection is to be closed.
    pub fn close(&self) {
        self.0.lock().close = true;
    }

    /// The connection is gone: what waits is dropped, and nothing more is kept.
    pub fn leave(&self) {
        let mut pending = self.0.lock();
        *pending = Pending { gone: true, ..Pending::default() };
    }

    /// Whether the connection is to be closed.
    pub fn is_closing(&self) -> bool {
        self.0.lock().close
    }

    /// Writes what waits to `out`; true if the connection is to be closed.
    pub fn deliver(&self, out: &mut impl Sink) -> bool {
        let mut pending = self.0.lock();
        // The room is given back, as few connections get mail at all.
        let messages = std::mem::take(&mut pending.messages);
        let invalidations = std::mem::take(&mut pending.invalidations);
        let everything = pending.everything.take();
        let close = pending.close;
        drop(pending);
        out.write(&messages);
        out.write(&invalidations);
        if let Some(everything) = everything {
            out.write(everything);
        }
        close
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        let pending = self.0.lock();
        pending.messages.len() + pending.invalidations.len() + pending.everything.map_or(0, <[u8]>::len)
    }
}

impl Pending {
    fn forget_all(&mut self, everything: &'static [u8]) {
        self.invalidations = Vec::new();
        self.everything = Some(everything);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[u8] = b"all";

    fn delivered(inbox: &Inbox) -> Vec<u8> {
        let mut out = Vec::new();
        inbox.deliver(&mut out);
        out
    }

    #[test]
    fn invalidations_beyond_their_bound_become_one_of_everything() {
        let inbox = Inbox::default();
        let key = vec![b'k'; 1000];
        let times = INVALIDATIONS_LIMIT / key.len();
        for _ in 0..times {
            assert_eq!(inbox.invalidation(&[&key], ALL), Put::Waits);
        }
        assert_eq!(inbox.len(), times * key.len());
        for _ in 0..10 {
            inbox.invalidation(&[&key], ALL);
            assert_eq!(inbox.len(), ALL.len(), "nothing is kept beside it");
        }
        assert_eq!(inbox.message(&[b"a ", b"message "]), Put::Waits);
        assert_eq!(delivered(&inbox), b"a message all", "messages are not lost with them");
        inbox.invalidation(&[b"k1 "], ALL);
        inbox.invalidation(&[b"k2"], ALL);
        assert_eq!(delivered(&inbox), b"k1 k2", "and then keys are told again");
    }

    #[test]
    fn a_subscriber_that_does_not_read_is_closed_at_the_bound() {
        let inbox = Inbox::default();
        let message = vec![b'm'; 1 << 20];
        for _ in 0..MESSAGES_LIMIT >> 20 {
            assert_eq!(inbox.message(&[&message]), Put::Waits);
        }
        assert!(!inbox.is_closing());
        assert_eq!(inbox.message(&[b"x"]), Put::Full);
        assert!(inbox.is_closing() && inbox.len() == 0, "what waited is dropped with it");
    }

    #[test]
    fn who_is_gone_keeps_nothing() {
        let inbox = Inbox::default();
        inbox.message(&[b"m"]);
        inbox.leave();
        assert_eq!(inbox.message(&[b"m"]), Put::Gone);
        assert_eq!(inbox.invalidation(&[b"k"], ALL), Put::Gone);
        assert_eq!(inbox.invalidate_everything(ALL), Put::Gone);
        assert_eq!(inbox.append(|bytes| bytes.push(1)).1, Put::Gone);
        assert_eq!(inbox.len(), 0);
    }
}
