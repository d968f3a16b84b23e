//! What operators may follow of the operations of clients: memcached's `watch`, and `stats detail`.
//!
//! When nobody follows, all of it costs one relaxed load in each round of a worker. When somebody does, an operation makes a line in
//! a buffer of its thread, and each round hands what it made to the watchers, who have a bound each: what does not fit is counted
//! and told, and nobody waits.

mod line;
mod prefixes;
mod watchers;

pub use line::urlencode;
pub use watchers::Command;

use crate::client::Client;
use crate::shared::Context;
use parking_lot::Mutex;
use prefixes::Prefixes;
use ringstone_net::CloseReason;
use ringstone_protocol::memcache::admin::Streams;
use ringstone_store::{Absence, Change, Changed, Changes, Observer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use watchers::Watchers;

/// Of [`Traced`]: `stats detail on`.
const DETAIL: u8 = 1 << 7;

/// What is followed just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traced(u8);

impl Traced {
    /// Whether anything is.
    #[inline]
    pub fn any(self) -> bool {
        self.0 != 0
    }

    fn has(self, streams: Streams) -> bool {
        Streams(self.0 & !DETAIL).overlaps(streams)
    }
}

/// What is followed, and by whom.
#[derive(Default)]
pub struct Trace {
    on: AtomicU8,
    watchers: Mutex<Watchers>,
    prefixes: Mutex<Prefixes>,
}

/// Length of the value that a read found, in bytes, or why there was none.
pub type Fetched = Result<usize, Absence>;

impl Trace {
    /// What is followed now.
    #[inline]
    pub fn traced(&self) -> Traced {
        Traced(self.on.load(Relaxed))
    }

    /// `stats detail on|off`.
    pub fn set_detail(&self, on: bool) {
        if on {
            self.on.fetch_or(DETAIL, Relaxed);
        } else {
            self.on.fetch_and(!DETAIL, Relaxed);
        }
    }

    /// `stats detail dump`: `PREFIX <prefix> get <n> hit <n> set <n> del <n>` lines.
    pub fn dump_prefixes(&self) -> Vec<u8> {
        self.prefixes.lock().dump()
    }

    /// `stats reset`.
    pub fn reset_prefixes(&self) {
        self.prefixes.lock().clear();
    }

    /// Makes a watcher of a connection; false if there are too many. `want` is told of which changes the store is to tell.
    pub fn watch(&self, client: &Arc<Client>, streams: Streams, want: impl FnOnce(Changes)) -> bool {
        let mut watchers = self.watchers.lock();
        let added = watchers.add(client, streams);
        self.set_streams(watchers.streams(), want);
        added
    }

    /// A connection that watched is gone.
    pub fn unwatch(&self, client: &Client, want: impl FnOnce(Changes)) {
        let mut watchers = self.watchers.lock();
        watchers.remove(client);
        self.set_streams(watchers.streams(), want);
    }

    /// Under the lock of the watchers, so that the last one to come or go has the last word.
    fn set_streams(&self, streams: Streams, want: impl FnOnce(Changes)) {
        self.on.fetch_and(DETAIL, Relaxed);
        self.on.fetch_or(streams.0, Relaxed);
        let of = |of, changes| if streams.overlaps(of) { changes } else { Changes::NONE };
        want(
            of(Streams::MUTATIONS, Changes::WRITTEN)
                | of(Streams::EVICTIONS, Changes::EVICTED)
                | of(Streams::DELETIONS, Changes::REMOVED),
        );
    }

    /// What a thread has made since it last did this goes to the watchers.
    pub fn publish(&self) {
        watchers::publish(&self.watchers);
    }

    /// A connection has opened.
    pub fn opened(&self, client: &Client) {
        if self.traced().has(Streams::CONNEVENTS) {
            watchers::stage(Streams::CONNEVENTS, |gid, out| line::opened(out, gid, client));
            self.publish();
        }
    }

    /// A connection has closed.
    pub fn closed(&self, client: &Client, reason: CloseReason) {
        if self.traced().has(Streams::CONNEVENTS) {
            watchers::stage(Streams::CONNEVENTS, |gid, out| line::closed(out, gid, client, reason));
            self.publish();
        }
    }
}

impl Observer for Trace {
    fn changed(&self, changed: &Changed<'_>) {
        let command = watchers::command();
        let is_due = match changed.change {
            Change::Written => watchers::stage(Streams::MUTATIONS, |gid, out| line::stored(out, gid, changed, command)),
            Change::Evicted => watchers::stage(Streams::EVICTIONS, |gid, out| line::evicted(out, gid, changed)),
            Change::Removed => {
                watchers::stage(Streams::DELETIONS, |gid, out| line::deleted(out, gid, changed, command))
            }
            Change::Touched | Change::Expired | Change::Flushed | Change::NothingRemoved => return,
        };
        if is_due {
            self.publish();
        }
    }
}

/// A read of memcached's clients.
#[cold]
pub fn fetched(key: &[u8], fetched: Fetched, context: &Context<'_>) {
    let trace = &context.shared.cache.trace;
    if context.traced.has(Streams::FETCHERS) {
        let full =
            watchers::stage(Streams::FETCHERS, |gid, out| line::fetched(out, gid, key, fetched, watchers::command()));
        if full {
            trace.publish();
        }
    }
    if context.traced.0 & DETAIL != 0 {
        trace.prefixes.lock().count(key, |counts| {
            counts.gets += 1;
            counts.hits += u64::from(fetched.is_ok());
        });
    }
}

/// A write of memcached's clients was tried; `refusal` says why it was not done. (Those that are done the store tells.)
#[cold]
pub fn stored(key: &[u8], refusal: Option<&str>, length: usize, context: &Context<'_>) {
    let trace = &context.shared.cache.trace;
    if let Some(refusal) = refusal
        && context.traced.has(Streams::MUTATIONS)
    {
        let write = |gid, out: &mut Vec<u8>| line::refused(out, gid, key, refusal, length, watchers::command());
        if watchers::stage(Streams::MUTATIONS, write) {
            trace.publish();
        }
    }
    if context.traced.0 & DETAIL != 0 {
        trace.prefixes.lock().count(key, |counts| counts.sets += 1);
    }
}

/// A delete of memcached's clients was tried.
#[cold]
pub fn deleted(key: &[u8], context: &Context<'_>) {
    if context.traced.0 & DETAIL != 0 {
        context.shared.cache.trace.prefixes.lock().count(key, |counts| counts.deletes += 1);
    }
}

/// From now on this thread works for a connection's command.
pub fn enter(command: Command) {
    watchers::enter(command);
}

/// From now on it works for none that is known: what is noticed nonetheless, as somebody begins to watch within a round, is
/// told at once.
pub fn leave() {
    watchers::enter(Command::NONE);
}
