//! A connection as other threads see it: who it is, what it does, and the way to put something into its output or to close it.

use crate::Protocol;
use crate::counters::CommandIndex;
use crate::inbox::{Inbox, Put};
use parking_lot::Mutex;
use ringstone_net::{ConnectionId, ConnectionInfo, Mailbox};
use ringstone_protocol::Sink;
use ringstone_store::UnixMillis;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};

/// Tells a connection's worker what others want of it.
#[derive(Clone, Copy, Debug)]
pub enum Mail {
    /// There is something in its inbox.
    Letters,
    /// It is to be closed at once.
    Close,
    /// What its request waited for is settled.
    GoOn,
}

/// Bits of `Client::status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(u32);

impl Status {
    /// No bit.
    pub const NONE: Status = Status(0);
    /// RESP3.
    pub const RESP3: Status = Status(1);
    /// Has subscriptions (`P` of `CLIENT LIST`).
    pub const SUBSCRIBER: Status = Status(1 << 1);
    /// In a transaction (`x`).
    pub const TRANSACTION: Status = Status(1 << 2);
    /// What it watched has changed (`d`).
    pub const DIRTY: Status = Status(1 << 3);
    /// `CLIENT NO-EVICT ON` (`e`).
    pub const NO_EVICT: Status = Status(1 << 4);
    /// `CLIENT NO-TOUCH ON` (`T`).
    pub const NO_TOUCH: Status = Status(1 << 5);
    /// `CLIENT TRACKING ON` (`t`).
    pub const TRACKING: Status = Status(1 << 6);
    /// ... by prefixes (`B`).
    pub const BROADCAST: Status = Status(1 << 7);
    /// ... not told of its own changes.
    pub const NO_LOOP: Status = Status(1 << 8);
    /// ... only keys read after `CLIENT CACHING YES`.
    pub const OPT_IN: Status = Status(1 << 9);
    /// ... not keys read after `CLIENT CACHING NO`.
    pub const OPT_OUT: Status = Status(1 << 10);
    /// ... told by way of another connection.
    pub const REDIRECTED: Status = Status(1 << 11);
    /// ... which is gone (`R`).
    pub const BROKEN_REDIRECTION: Status = Status(1 << 12);

    /// Both.
    pub const fn and(self, other: Status) -> Status {
        Status(self.0 | other.0)
    }

    /// Whether one of these bits is set.
    #[inline]
    pub const fn has(self, bits: Status) -> bool {
        self.0 & bits.0 != 0
    }
}

/// What a connection says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Whom it has said to be, if it was asked.
    pub user: Option<Box<[u8]>>,
    /// `CLIENT SETNAME`.
    pub name: Box<[u8]>,
    /// `CLIENT SETINFO LIB-NAME`.
    pub library: Box<[u8]>,
    /// `CLIENT SETINFO LIB-VER`.
    pub library_version: Box<[u8]>,
}

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
    /// Its names.
    pub names: Mutex<Names>,
    /// Subscriptions to channels.
    pub channels: AtomicU32,
    /// Subscriptions to patterns.
    pub patterns: AtomicU32,
    /// Commands queued in a transaction; -1 without one.
    pub queued: AtomicI32,
    /// Keys that it watches.
    pub watched: AtomicU32,
    /// Where its invalidations go, if not to itself.
    pub redirection: Mutex<Option<Arc<Client>>>,
    /// How its worker is reached; `None` for one that no event loop owns.
    bell: Option<(Mailbox<Mail>, ConnectionId)>,
    inbox: Inbox,
    hot: Hot,
}

/// What the worker looks at in each turn: in one line of the processor's cache.
#[repr(align(32))]
struct Hot {
    /// The time of the last turn, shifted by `COMMAND_BITS`, and in the low bits the last command, counted from 1.
    activity: AtomicU64,
    status: AtomicU32,
    /// Whether the inbox is to be looked at.
    has_mail: AtomicBool,
    gone: AtomicBool,
}

/// Bits of `Hot::activity` for the command.
const COMMAND_BITS: u32 = 16;

impl Client {
    /// A connection that was accepted.
    pub fn new(info: &ConnectionInfo, worker: usize, mailbox: Mailbox<Mail>, opened_ms: UnixMillis) -> Client {
        Client {
            worker,
            listener: info.listener,
            peer: info.peer.clone(),
            local: info.local.clone(),
            opened_ms,
            bell: Some((mailbox, info.id)),
            hot: Hot::new(opened_ms),
            ..Client::detached(info.serial)
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
            names: Mutex::default(),
            channels: AtomicU32::new(0),
            patterns: AtomicU32::new(0),
            queued: AtomicI32::new(-1),
            watched: AtomicU32::new(0),
            redirection: Mutex::default(),
            bell: None,
            inbox: Inbox::default(),
            hot: Hot::new(0),
        }
    }

    /// Lets `write` append whole messages to what goes out before the connection's next reply, given how many bytes wait there
    /// already: the bound is the caller's, who knows whether to drop, to shorten or to close. Never blocks for long; may be
    /// called under a cell's lock.
    pub fn push<R>(&self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let (result, put) = self.inbox.append(write);
        self.told(put);
        result
    }

    /// The same for a message of a channel, given in parts: beyond [`crate::inbox::MESSAGES_LIMIT`] the connection is closed.
    pub fn message(&self, parts: &[&[u8]]) {
        self.told(self.inbox.message(parts));
    }

    /// An invalidation of keys: beyond [`crate::inbox::INVALIDATIONS_LIMIT`] `everything` stands for all. May be called under
    /// a cell's lock.
    pub fn invalidation(&self, parts: &[&[u8]], everything: &'static [u8]) {
        self.told(self.inbox.invalidation(parts, everything));
    }

    /// The invalidation of everything.
    pub fn invalidate_everything(&self, everything: &'static [u8]) {
        self.told(self.inbox.invalidate_everything(everything));
    }

    fn told(&self, put: Put) {
        match put {
            Put::Waits => self.ring(),
            Put::Gone => {}
            Put::Full => self.close(),
        }
    }

    /// Closes the connection at once; what it has not read is dropped.
    pub fn close(&self) {
        self.inbox.close();
        // Also seen by a turn, for a connection without an event loop.
        self.hot.has_mail.store(true, Ordering::Release);
        if let Some((mailbox, id)) = &self.bell {
            mailbox.post(*id, Mail::Close);
        }
    }

    /// What its request waited for is settled. (One that no event loop owns finds out in its next turn.)
    pub fn go_on(&self) {
        if let Some((mailbox, id)) = &self.bell {
            mailbox.post(*id, Mail::GoOn);
        }
    }

    /// One ring until the worker has looked.
    fn ring(&self) {
        if !self.hot.has_mail.swap(true, Ordering::AcqRel)
            && let Some((mailbox, id)) = &self.bell
        {
            mailbox.post(*id, Mail::Letters);
        }
    }

    /// Whether something was put in since the worker last looked.
    #[inline]
    pub fn has_mail(&self) -> bool {
        self.hot.has_mail.load(Relaxed)
    }

    /// By the worker: writes what has come to `out`; true if the connection is to close.
    #[cold]
    pub fn deliver(&self, out: &mut impl Sink) -> bool {
        // Before the lock: what is put in after it rings again.
        self.hot.has_mail.swap(false, Ordering::AcqRel);
        self.inbox.deliver(out)
    }

    /// The same before an answer that must come after what has come so far. That it is to close is seen in its next turn.
    pub fn deliver_now(&self, out: &mut impl Sink) {
        if self.has_mail() && self.deliver(out) {
            self.hot.has_mail.store(true, Ordering::Release);
        }
    }

    /// By the worker: the connection is gone. What is big goes at once: keys that it has read may know it for longer.
    pub fn leave(&self) {
        self.hot.gone.store(true, Ordering::Release);
        self.inbox.leave();
        *self.redirection.lock() = None;
        *self.names.lock() = Names::default();
    }

    /// Whether the connection is gone.
    pub fn is_gone(&self) -> bool {
        self.hot.gone.load(Ordering::Acquire)
    }

    /// Whether it was told to close.
    pub fn is_closing(&self) -> bool {
        self.inbox.is_closing()
    }

    /// Bytes that wait for it, as far as its worker has not taken them.
    pub fn pending_bytes(&self) -> usize {
        self.inbox.len()
    }

    /// What is set.
    #[inline]
    pub fn status(&self) -> Status {
        Status(self.hot.status.load(Relaxed))
    }

    /// Sets or clears bits.
    pub fn set_status(&self, bits: Status, on: bool) {
        if on {
            self.hot.status.fetch_or(bits.0, Relaxed);
        } else {
            self.hot.status.fetch_and(!bits.0, Relaxed);
        }
    }

    /// Sets some of the bits of `mask`, and clears its others, at once.
    pub fn replace_status(&self, mask: Status, bits: Status) {
        // Cannot fail, as there is always a new value.
        let _ = self.hot.status.fetch_update(Relaxed, Relaxed, |status| Some(status & !mask.0 | bits.0 & mask.0));
    }

    /// By the worker at the end of a turn: when it was, and the last command of it.
    #[inline]
    pub fn was_active(&self, now_ms: UnixMillis, last: Option<CommandIndex>) {
        let command = match last {
            Some(index) => u64::from(index.0) + 1,
            None => self.hot.activity.load(Relaxed) & ((1 << COMMAND_BITS) - 1),
        };
        self.hot.activity.store(now_ms << COMMAND_BITS | command, Relaxed);
    }

    /// When the last turn was.
    pub fn active_ms(&self) -> UnixMillis {
        self.hot.activity.load(Relaxed) >> COMMAND_BITS
    }

    /// The last command, and the protocol that it came by.
    pub fn last_command(&self) -> Option<(Protocol, &'static str)> {
        let command = self.hot.activity.load(Relaxed) & ((1 << COMMAND_BITS) - 1);
        let index = command.checked_sub(1)?;
        Some(CommandIndex(index.try_into().ok()?).describe())
    }
}

impl Hot {
    fn new(now_ms: UnixMillis) -> Hot {
        Hot {
            activity: AtomicU64::new(now_ms << COMMAND_BITS),
            status: AtomicU32::new(0),
            has_mail: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("serial", &self.serial).field("peer", &self.peer).finish_non_exhaustive()
    }
}
