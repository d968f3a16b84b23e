//! What a connection has set for itself.

use crate::client::{Client, Status};
use crate::execute::resp::KeysWalk;
use crate::subscriptions::Subscriptions;
use crate::transaction::Transaction;
use crate::watches::Watches;
use ringstone_protocol::resp::reply::Version;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// What a connection's requests have to be looked at for: of most connections nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes(u8);

impl Modes {
    /// `CLIENT REPLY OFF`.
    pub const SILENT: Modes = Modes(1);
    /// `CLIENT REPLY SKIP`: the next request is not answered.
    pub const SKIP: Modes = Modes(1 << 1);
    /// Has subscriptions.
    pub const SUBSCRIBER: Modes = Modes(1 << 2);
    /// `CLIENT TRACKING ON`.
    pub const TRACKING: Modes = Modes(1 << 3);
    /// `CLIENT CACHING`, for the next request.
    pub const CACHING: Modes = Modes(1 << 4);
    /// `CLIENT NO-TOUCH ON`.
    pub const NO_TOUCH: Modes = Modes(1 << 5);
    /// Has not said who it is, and has to.
    pub const UNAUTHENTICATED: Modes = Modes(1 << 6);

    /// Whether one of these is set.
    #[inline]
    pub const fn has(self, modes: Modes) -> bool {
        self.0 & modes.0 != 0
    }

    /// Whether one of these is set.
    #[inline]
    pub const fn has_any(self, modes: [Modes; 2]) -> bool {
        self.0 & (modes[0].0 | modes[1].0) != 0
    }

    /// Whether none is set.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Sets or clears.
    pub fn set(&mut self, modes: Modes, on: bool) {
        if on {
            self.0 |= modes.0;
        } else {
            self.0 &= !modes.0;
        }
    }
}

/// State of a connection that outlives a request.
#[derive(Debug)]
pub struct Session {
    /// The connection as others see it.
    pub client: Arc<Client>,
    /// RESP2 until HELLO 3.
    pub version: Version,
    /// What its requests have to be looked at for.
    pub modes: Modes,
    /// Channels and patterns; a connection without any has no room for them either.
    pub subscriptions: Option<Box<Subscriptions>>,
    /// What was queued since MULTI.
    pub transaction: Option<Box<Transaction>>,
    /// What WATCH asked for.
    pub watches: Option<Box<Watches>>,
    /// A KEYS that was begun, for the connection to go on with before its next request.
    pub walk: Option<Box<KeysWalk>>,
}

impl Session {
    /// Of a new connection.
    pub fn new(client: Arc<Client>) -> Session {
        Session {
            client,
            version: Version::default(),
            modes: Modes::default(),
            subscriptions: None,
            transaction: None,
            watches: None,
            walk: None,
        }
    }

    /// Whether the next request is not answered.
    #[inline]
    pub fn is_silent(&self) -> bool {
        self.modes.has_any([Modes::SILENT, Modes::SKIP])
    }

    /// A request was refused: a transaction that it was to be part of will not be executed. By itself it was what CLIENT CACHING
    /// was for.
    #[cold]
    pub fn refuse(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.abort();
            self.show_transaction();
        } else {
            self.modes.set(Modes::CACHING, false);
        }
    }

    /// Takes what EXEC and DISCARD end.
    pub fn end_transaction(&mut self) -> (Option<Box<Transaction>>, Option<Box<Watches>>) {
        let ended = (self.transaction.take(), self.watches.take());
        self.show_transaction();
        ended
    }

    /// Has others see what is queued and watched (CLIENT LIST).
    pub fn show_transaction(&self) {
        let queued = self.transaction.as_ref().map_or(-1, |transaction| transaction.len() as i32);
        let watched = self.watches.as_ref().map_or(0, |watches| watches.len() as u32);
        self.client.queued.store(queued, Relaxed);
        self.client.watched.store(watched, Relaxed);
    }

    /// HELLO.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
        self.client.set_status(Status::RESP3, version == Version::Resp3);
    }
}
