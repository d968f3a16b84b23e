//! `CLIENT TRACKING`: connections are told of changes of keys that they have read, or of all keys that begin alike, so that
//! they can keep copies.
//!
//! - A key is noted before it is read, with its cell locked, and taken out when it changes, with its cell locked: so no change
//!   is missed, and what is told of a key leaves after the reply with its old value, since letters go out between turns.
//! - An item goes when something finds that its time has come; who has read it is told when it comes. [`Tracking::tick`] sees
//!   to that.
//! - A flush is told as such, to all.
//! - While no connection tracks, the store tells of no change.

mod prefixes;
mod table;

use crate::changes::{Listeners, Part};
use crate::client::{Client, Status};
use parking_lot::Mutex;
use prefixes::Prefixes;
pub use prefixes::{MAX_PREFIX_BYTES, MAX_PREFIXES, PREFIXES_LIMIT, overlap};
use ringstone_store::{Change, Changed, Changes, Hash, Observer, Store, UnixMillis};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use table::{Dropped, Table};

/// Keys that are remembered for their readers, over all connections; beyond, some are told as changed and forgotten (Valkey's
/// `tracking-table-max-keys`).
pub const DEFAULT_MAX_KEYS: usize = 1_000_000;
/// How often it is looked for keys whose time has come, while there are such.
pub const TICK: Duration = Duration::from_millis(50);
/// How long after a delayed flush it is told: longer than a turn takes, which reads the clock at its start, so that who keeps
/// copies by prefix alone does not get an old value after it. A key that is noted makes sure of it by itself.
const FLUSH_GRACE_MS: u64 = 50;

/// All bits of the status that belong to tracking.
const TRACKING_BITS: Status = Status::TRACKING
    .and(Status::BROADCAST)
    .and(Status::NO_LOOP)
    .and(Status::OPT_IN)
    .and(Status::OPT_OUT)
    .and(Status::REDIRECTED)
    .and(Status::BROKEN_REDIRECTION);

thread_local! {
    /// What is changed now is changed for this connection, which does not want to hear of it.
    static CHANGER: Cell<u64> = const { Cell::new(NOBODY) };
}

/// No connection's serial.
const NOBODY: u64 = 0;

/// What a connection asks for.
pub struct Wish<'a> {
    /// `Status` bits of the options.
    pub options: Status,
    /// Who is told in its place.
    pub redirection: Option<Arc<Client>>,
    /// With BCAST; none means all keys.
    pub prefixes: Vec<&'a [u8]>,
}

/// Who is told of what.
pub struct Tracking {
    table: Table,
    prefixes: Prefixes,
    /// Connections that track, by serial. Locked before the table and the prefixes.
    clients: Mutex<HashMap<u64, Arc<Client>>>,
    /// When the last delayed flush was, or will be, and whether it is still to be told (`NEVER` if not).
    flush_at_ms: AtomicU64,
    flush_due_ms: AtomicU64,
}

/// No flush is due.
const NEVER: u64 = u64::MAX;

/// What INFO shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackingCounts {
    /// Connections that track (`tracking_clients`).
    pub clients: usize,
    /// Keys remembered (`tracking_total_keys`).
    pub keys: usize,
    /// Pairs of a key and a connection (`tracking_total_items`).
    pub items: usize,
    /// Prefixes (`tracking_total_prefixes`).
    pub prefixes: usize,
}

impl Default for Tracking {
    fn default() -> Tracking {
        Tracking {
            table: Table::new(DEFAULT_MAX_KEYS),
            prefixes: Prefixes::default(),
            clients: Mutex::default(),
            flush_at_ms: AtomicU64::new(0),
            flush_due_ms: AtomicU64::new(NEVER),
        }
    }
}

impl Tracking {
    /// CLIENT TRACKING ON, whose options were checked.
    pub fn enable(&self, client: &Arc<Client>, wish: Wish<'_>, listeners: &Listeners, store: &Store) {
        let mut clients = self.clients.lock();
        let redirected = if wish.redirection.is_some() { Status::REDIRECTED } else { Status::NONE };
        *client.redirection.lock() = wish.redirection;
        if wish.options.has(Status::BROADCAST) {
            let all: &[&[u8]] = &[b""];
            let prefixes = if wish.prefixes.is_empty() { all } else { &wish.prefixes };
            prefixes.iter().for_each(|prefix| self.prefixes.add(client, prefix));
        }
        // At once: what changes meanwhile is told, in the old way or the new one.
        client.replace_status(TRACKING_BITS, wish.options.and(Status::TRACKING).and(redirected));
        clients.insert(client.serial, Arc::clone(client));
        // A flushed item was told with its flush.
        let wanted = Changes::WRITTEN | Changes::TOUCHED | Changes::REMOVED | Changes::EXPIRED | Changes::EVICTED;
        listeners.want(Part::Tracking, wanted, store);
    }

    /// CLIENT TRACKING OFF, RESET, or the connection is gone.
    pub fn disable(&self, client: &Client, listeners: &Listeners, store: &Store) {
        if !client.status().has(Status::TRACKING) {
            return;
        }
        let mut clients = self.clients.lock();
        client.set_status(TRACKING_BITS, false);
        *client.redirection.lock() = None;
        self.prefixes.leave(client);
        clients.remove(&client.serial);
        if clients.is_empty() {
            listeners.want(Part::Tracking, Changes::NONE, store);
            self.table.clear();
        }
    }

    /// The prefixes of a connection.
    pub fn prefixes(&self, client: &Client) -> Vec<Box<[u8]>> {
        self.prefixes.of(client)
    }

    /// The client is about to read the key, whose item's time comes at `expires_at_ms` (0: never, or there is no item). With the
    /// key's cell locked. True if [`Tracking::has_timers`] is so only now.
    pub fn remember(
        &self,
        client: &Arc<Client>,
        key: &[u8],
        hash: Hash,
        expires_at_ms: UnixMillis,
        now_ms: UnixMillis,
    ) -> bool {
        let flush_at_ms = self.flush_at_ms.load(Ordering::Relaxed);
        // Read in a turn that began before the flush, and maybe after it was told.
        let due_ms = match expires_at_ms {
            _ if now_ms >= flush_at_ms => expires_at_ms,
            0 => flush_at_ms,
            _ => expires_at_ms.min(flush_at_ms),
        };
        let mut dropped = Vec::new();
        let is_first = self.table.remember(client, key, hash, due_ms, &mut dropped);
        dropped.iter().for_each(tell_dropped);
        is_first
    }

    /// After everything was flushed, or will be at a later time. True if [`Tracking::has_timers`] may be so only now.
    pub fn flushed(&self, at_ms: UnixMillis, now_ms: UnixMillis) -> bool {
        if at_ms > now_ms {
            self.flush_at_ms.store(at_ms, Ordering::Relaxed);
            self.flush_due_ms.store(at_ms.saturating_add(FLUSH_GRACE_MS), Ordering::Relaxed);
            return true;
        }
        // It takes the place of one that was to come.
        self.flush_at_ms.store(0, Ordering::Relaxed);
        self.flush_due_ms.store(NEVER, Ordering::Relaxed);
        self.tell_of_flush();
        false
    }

    fn tell_of_flush(&self) {
        let clients = self.clients.lock();
        if !clients.is_empty() {
            self.table.clear();
            clients.values().for_each(|client| tell(client, Told::Everything));
        }
    }

    /// Whether [`Tracking::tick`] may have something to do at some time.
    pub fn has_timers(&self) -> bool {
        self.table.has_timed() || self.flush_due_ms.load(Ordering::Relaxed) != NEVER
    }

    /// Tells of the keys whose time has come, and of a delayed flush.
    pub fn tick(&self, now_ms: UnixMillis) {
        self.table.take_due(now_ms, |dropped| tell_dropped(&dropped));
        let due_ms = self.flush_due_ms.load(Ordering::Relaxed);
        if now_ms >= due_ms
            && self.flush_due_ms.compare_exchange(due_ms, NEVER, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.tell_of_flush();
        }
    }

    /// Keys that may be remembered.
    pub fn max_keys(&self) -> usize {
        self.table.max_keys()
    }

    /// See [`DEFAULT_MAX_KEYS`].
    pub fn set_max_keys(&self, max_keys: usize) {
        self.table.set_max_keys(max_keys);
    }

    /// What INFO shows.
    pub fn counts(&self) -> TrackingCounts {
        let (keys, items) = self.table.counts();
        TrackingCounts { clients: self.clients.lock().len(), keys, items, prefixes: self.prefixes.count() }
    }
}

impl Observer for Tracking {
    fn changed(&self, changed: &Changed<'_>) {
        // What is evicted or found expired goes of itself, whoever's request it made way for.
        let is_made = matches!(changed.change, Change::Written | Change::Touched | Change::Removed);
        let changer = if is_made { CHANGER.get() } else { NOBODY };
        for reader in self.table.take(changed.key, changed.hash).iter().flatten() {
            tell_reader(reader, changed.key, changer);
        }
        self.prefixes.each_listener(changed.key, |client| tell_unless_own(client, changed.key, changer));
    }
}

/// Runs what a connection has asked for, which it is not to be told of.
pub fn changing_for<R>(client: &Client, run: impl FnOnce() -> R) -> R {
    CHANGER.set(client.serial);
    let result = run();
    CHANGER.set(NOBODY);
    result
}

fn tell_dropped(dropped: &Dropped) {
    dropped.readers.iter().for_each(|reader| tell_reader(reader, &dropped.key, NOBODY));
}

/// Of a key that it has read, unless it no longer wants to know.
fn tell_reader(client: &Arc<Client>, key: &[u8], changer: u64) {
    let status = client.status();
    if status.has(Status::TRACKING) && !status.has(Status::BROADCAST) {
        tell_unless_own(client, key, changer);
    }
}

fn tell_unless_own(client: &Arc<Client>, key: &[u8], changer: u64) {
    if !(client.status().has(Status::NO_LOOP) && changer == client.serial) {
        tell(client, Told::Key(key));
    }
}

/// What is told.
#[derive(Clone, Copy)]
enum Told<'a> {
    Key(&'a [u8]),
    Everything,
}

const PUSH: &[u8] = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$";
const PUSH_EVERYTHING: &[u8] = b">2\r\n$10\r\ninvalidate\r\n_\r\n";
const MESSAGE: &[u8] = b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$";
const MESSAGE_EVERYTHING: &[u8] = b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n";

/// In RESP3 by a push; RESP2 has none, so that only another connection with subscriptions can be told, by a message.
fn tell(client: &Arc<Client>, told: Told<'_>) {
    if !client.status().has(Status::REDIRECTED) {
        if client.status().has(Status::RESP3) {
            send(client, PUSH, PUSH_EVERYTHING, told);
        }
        return;
    }
    let target = client.redirection.lock().clone();
    match target {
        Some(target) if !target.is_gone() => {
            let status = target.status();
            if status.has(Status::RESP3) {
                send(&target, PUSH, PUSH_EVERYTHING, told);
            } else if status.has(Status::SUBSCRIBER) {
                send(&target, MESSAGE, MESSAGE_EVERYTHING, told);
            }
        }
        Some(target) => tell_of_broken_redirection(client, target.serial),
        // Tracking has just been turned off.
        None => {}
    }
}

fn send(target: &Client, head: &[u8], everything: &'static [u8], told: Told<'_>) {
    match told {
        Told::Everything => target.invalidate_everything(everything),
        Told::Key(key) => {
            let mut digits = itoa::Buffer::new();
            let length = digits.format(key.len()).as_bytes();
            target.invalidation(&[head, length, b"\r\n", key, b"\r\n"], everything);
        }
    }
}

fn tell_of_broken_redirection(client: &Client, target: u64) {
    client.set_status(Status::BROKEN_REDIRECTION, true);
    if client.status().has(Status::RESP3) {
        let mut digits = itoa::Buffer::new();
        let serial = digits.format(target).as_bytes();
        let head = b">2\r\n$21\r\ntracking-redir-broken\r\n:";
        client.invalidation(&[head, serial, b"\r\n"], PUSH_EVERYTHING);
    }
}
