//! A connection as other threads see it: who it is, and the way to put something into its output or to close it.

use parking_lot::Mutex;
use ringstone_net::{ConnectionId, ConnectionInfo, Mailbox};
use ringstone_protocol::Sink;
use ringstone_store::UnixMillis;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells a connection's worker that there is mail for it.
#[derive(Clone, Copy, Debug)]
pub struct Mail;

/// A connection that is open, shared by its worker and whoever has something for it.
pub struct Client {
    /// Counts up from 1 over all workers (`CLIENT ID`).
    pub serial: u64,
    /// Worker that owns it.
    pub worker: usize,
    /// Index of its listener.
    pub listener: usize,
    /// The peer's address as text.
    pub peer: Box<str>,
    /// The address it came to, as text.
    pub local: Box<str>,
    /// When it was accepted.
    pub opened_ms: UnixMillis,
    /// How its worker is reached; `None` for one that no event loop owns.
    bell: Option<(Mailbox<Mail>, ConnectionId)>,
    /// Whether `pending` is to be looked at.
    has_mail: AtomicBool,
    pending: Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    close: bool,
}

impl Client {
    /// A connection that was accepted.
    pub fn new(info: &ConnectionInfo, worker: usize, mailbox: Mailbox<Mail>, opened_ms: UnixMillis) -> Client {
        Client {
            serial: info.serial,
            worker,
            listener: info.listener,
            peer: info.peer.clone(),
            local: info.local.clone(),
            opened_ms,
            bell: Some((mailbox, info.id)),
            has_mail: AtomicBool::new(false),
            pending: Mutex::default(),
        }
    }

    /// One that is fed by hand, without an event loop: its mail is delivered with its next turn.
    pub fn detached(serial: u64) -> Client {
        Client {
            serial,
            worker: 0,
            listener: 0,
            peer: "".into(),
            local: "".into(),
            opened_ms: 0,
            bell: None,
            has_mail: AtomicBool::new(false),
            pending: Mutex::default(),
        }
    }

    /// Lets `write` append whole messages to what goes out before the connection's next reply, given how many bytes wait there
    /// already: the bound is the caller's, who knows whether to drop, to shorten or to close. Never blocks for long; may be
    /// called under a cell's lock.
    pub fn push<R>(&self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let mut pending = self.pending.lock();
        let result = write(&mut pending.bytes);
        let due = !pending.bytes.is_empty() || pending.close;
        drop(pending);
        if due {
            self.ring();
        }
        result
    }

    /// Closes the connection once what it has been answered is sent.
    pub fn close(&self) {
        self.pending.lock().close = true;
        self.ring();
    }

    /// One ring until the worker has looked.
    fn ring(&self) {
        if !self.has_mail.swap(true, Ordering::AcqRel)
            && let Some((mailbox, id)) = &self.bell
        {
            mailbox.post(*id, Mail);
        }
    }

    /// Whether something was put in since the worker last looked.
    #[inline]
    pub fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Relaxed)
    }

    /// By the worker: writes what has come to `out`; true if the connection is to close.
    #[cold]
    pub fn deliver(&self, out: &mut impl Sink) -> bool {
        // Before the lock: what is put in after it rings again.
        self.has_mail.swap(false, Ordering::AcqRel);
        let mut pending = self.pending.lock();
        out.write(&pending.bytes);
        // The room is given back, as few connections get mail at all.
        pending.bytes = Vec::new();
        pending.close
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("serial", &self.serial).field("peer", &self.peer).finish_non_exhaustive()
    }
}
