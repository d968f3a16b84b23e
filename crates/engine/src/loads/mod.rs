//! Loads: a key that is not there is asked for, once, of a loader that somebody has registered in JavaScript, and all who
//! want it meanwhile wait, whatever they speak.
//!
//! # How a load goes
//!
//! [`Loads::ask`] looks at the key with its cell locked. Absent, it joins the load of the key, or begins one: the loader of its
//! pattern with the least to do runs it ([`LoadHost::run`]) or, with `max_concurrent` runs, queues it. [`Loads::settle`] brings the
//! answer; it is stored, and all who wait are told, in the same lock of the cell: who asks finds the load or the value. A
//! value that is [stale](LoaderOptions::stale_for_ms) is served, and one refresh begun for which nobody waits.
//!
//! A run that fails, by rejection, by its timeout, or because its environment ends, is made once more, by another loader of the
//! pattern if there is one; if that fails, those who wait are told. A thread of the core, [`Loads::tick`], sees to the timeouts: what
//! JavaScript does or does not do, each is told within [`TIMEOUTS_PER_LOAD`] times the timeout, or twice that where the key is
//! removed again and again.
//!
//! # Others change the key meanwhile
//!
//! The store tells of changes ([`Observer`](ringstone_store::Observer)) while there is any load. What somebody writes during a load stands. After a removal, also of a
//! key that was not there, and after a flush the run may have read what is no longer so: it is made once more. If that happens
//! again, its result is given to those who asked before that, is not stored, and the others wait for the next.
//!
//! # Locks
//!
//! The table has one, a leaf, which may be taken with a cell's lock held. Hosts and waiters are called, and the store is used,
//! without it.

mod actions;
mod core;
mod counters;
mod host;
mod load;
mod loader;
mod options;
mod outcome;
mod patterns;
mod remembered;
mod sieve;
mod table;
#[cfg(test)]
mod tests;
mod timer;

pub use counters::{LoadStats, LoaderStats};
pub use host::{LoadHost, LoadId, LoadRequest, LoaderId, Waiter};
pub use options::{
    LoaderOptions, MAX_FAILURES, MAX_LOAD_KEY_BYTES, MAX_LOADERS, MAX_PATTERN_BYTES, MAX_TIMEOUT_MS, OnError,
    REFRESH_RETRY_MS, TIMEOUTS_PER_LOAD,
};
pub use outcome::{Asked, LOAD_ERRORS, LoadError, LoadedValue, MAX_REASON_BYTES, Settled, Wait};
pub use patterns::{Group, Patterns};
pub use remembered::{MAX_REMEMBERED_BYTES, MAX_REMEMBERED_KEYS};

use self::core::Core;
use crate::changes::{Listeners, Part};
use parking_lot::{Mutex, RwLock};
use ringstone_store::{Changes, Clock, Hash, Item, Store, UnixMillis, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use table::Table;
use timer::Timer;

/// The loaders of one pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct GroupId(u64);

/// Why a loader was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The cache is closed.
    #[error("the cache is closed")]
    Closed,
    /// There are [`MAX_LOADERS`].
    #[error("too many loaders")]
    TooMany,
    /// The pattern is longer than [`MAX_PATTERN_BYTES`].
    #[error("the pattern is too long")]
    PatternTooLong,
    /// The thread that measures timeouts could not be started.
    #[error("cannot start the thread of loads: {0}")]
    Thread(std::io::Error),
}

/// The loaders of a cache and what they load.
pub struct Loads {
    core: Arc<Core>,
    /// Registering and closing, one at a time.
    timer: Mutex<Timer>,
}

impl Loads {
    /// Of this store, of whose changes it is told while keys are loaded. `default_ttl_ms`: for values whose loader does not say,
    /// 0 = for ever.
    pub fn of(store: &Arc<Store>, listeners: &Arc<Listeners>, clock: Arc<dyn Clock>, default_ttl_ms: u64) -> Loads {
        let (weak_store, weak_listeners) = (Arc::downgrade(store), Arc::downgrade(listeners));
        let table = Arc::new(Table::new(Box::new(move |observes| {
            let wanted = Changes::WRITTEN | Changes::REMOVED | Changes::NOTHING_REMOVED;
            if let (Some(store), Some(listeners)) = (weak_store.upgrade(), weak_listeners.upgrade()) {
                listeners.want(Part::Loads, if observes { wanted } else { Changes::NONE }, &store);
            }
        })));
        listeners.join(Part::Loads, Arc::clone(&table) as _);
        let core = Core {
            table,
            store: Arc::clone(store),
            clock,
            default_ttl_ms,
            any: AtomicBool::new(false),
            patterns: RwLock::default(),
            alarm: timer::Alarm::default(),
        };
        Loads { core: Arc::new(core), timer: Mutex::default() }
    }

    /// Whether any loader is registered: one relaxed load. Nothing else is to be asked if not.
    #[inline]
    pub fn any(&self) -> bool {
        self.core.any.load(Ordering::Relaxed)
    }

    /// Registers a loader: `at_host` is its number there. Several hosts may register the same pattern. A pattern is a prefix, or
    /// a glob as Redis has it if one of `*`, `?` and `[` is in it; of several that match a key the one counts whose part before
    /// the first of these is the longest, and of those alike the longest pattern.
    pub fn register(
        &self,
        host: Arc<dyn LoadHost>,
        at_host: u32,
        pattern: &[u8],
        options: LoaderOptions,
    ) -> Result<LoaderId, RegisterError> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(RegisterError::PatternTooLong);
        }
        let mut timer = self.timer.lock();
        timer.start(&self.core).map_err(RegisterError::Thread)?;
        let mut work = self.core.work(self.core.clock.now_ms());
        let registered = work.register(host, at_host, pattern, options);
        let error = if work.is_closed() { RegisterError::Closed } else { RegisterError::TooMany };
        self.core.republish(&work);
        let actions = work.end();
        self.stop_unless_needed(&mut timer);
        drop(timer);
        self.core.perform(actions);
        registered.ok_or(error)
    }

    /// A loader is closed. Its runs are cancelled, and made by others of the pattern; without one those who wait are told
    /// [`Settled::Gone`].
    pub fn unregister(&self, loader: LoaderId) {
        self.change(|work| work.unregister(loader));
    }

    /// A host ends: as if all of its loaders were closed, but it is not called any more, save by calls that are under way.
    pub fn leave(&self, host: &Arc<dyn LoadHost>) {
        self.change(|work| work.leave(host));
    }

    /// The cache is closed: all loaders are, and no other is registered.
    pub fn close(&self) {
        self.change(|work| {
            work.close();
        });
    }

    fn change(&self, change: impl FnOnce(&mut table::Work<'_>)) {
        let mut timer = self.timer.lock();
        let mut work = self.core.work(self.core.clock.now_ms());
        change(&mut work);
        self.core.republish(&work);
        let actions = work.end();
        self.stop_unless_needed(&mut timer);
        drop(timer);
        self.core.perform(actions);
    }

    fn stop_unless_needed(&self, timer: &mut Timer) {
        if !self.any() {
            timer.stop(&self.core.alarm);
        }
    }

    /// The patterns as they are now. Who asks for many keys finds their loaders in these, and then uses [`Loads::ask_of`].
    pub fn patterns(&self) -> Arc<Patterns> {
        Arc::clone(&self.core.patterns.read())
    }

    /// Asks for a key. Absent, it is loaded: the waiter is told by its ticket what became of it. Without a waiter the load runs
    /// in the background, if there is a turn for it. The thread must hold no cell of the store.
    pub fn ask(&self, key: &[u8], hash: Hash, now_ms: UnixMillis, waiter: Option<(Arc<dyn Waiter>, u64)>) -> Asked {
        if !self.any() {
            return Asked::NoLoader;
        }
        match self.patterns().find(key) {
            Some(group) => self.ask_of(group, key, hash, now_ms, || waiter),
            None => Asked::NoLoader,
        }
    }

    /// The same for a key whose loaders are known. The waiter is asked for only if the key is not there, with its cell locked.
    pub fn ask_of(
        &self,
        group: &Group,
        key: &[u8],
        hash: Hash,
        now_ms: UnixMillis,
        waiter: impl FnOnce() -> Option<(Arc<dyn Waiter>, u64)>,
    ) -> Asked {
        let core = &*self.core;
        let entry = core.store.entry(key, hash, now_ms);
        let (asked, actions) = match entry.peek() {
            Some(item) if is_fresh(&item, group, now_ms) => return Asked::Fresh,
            Some(item) => {
                let mut work = core.work(now_ms);
                let stale = work.wants_refresh(key, group.id).then_some(&item.value);
                match stale {
                    Some(Value::Bytes(bytes)) => {
                        let stale = LoadedValue { bytes: bytes.to_vec(), flags: item.flags };
                        work.refresh(key, hash, group.id, stale);
                    }
                    Some(Value::Chain(chain)) => {
                        let (chain, flags, cas) = ((*chain).clone(), item.flags, item.cas);
                        core.perform(work.end());
                        drop(entry);
                        // Copied while nobody waits for its cell.
                        let stale = LoadedValue { bytes: Value::Chain(&chain).to_vec(), flags };
                        drop(chain);
                        return self.refresh_large(group, key, hash, now_ms, (stale, cas));
                    }
                    None => {}
                }
                (Asked::Stale, work.end())
            }
            None => {
                let waiter = waiter();
                let mut work = core.work(now_ms);
                (work.ask(key, hash, group.id, waiter), work.end())
            }
        };
        drop(entry);
        core.perform(actions);
        asked
    }

    /// Begins a refresh, unless it is another version by now or somebody else has begun one.
    fn refresh_large(
        &self,
        group: &Group,
        key: &[u8],
        hash: Hash,
        now_ms: UnixMillis,
        (stale, cas): (LoadedValue, u64),
    ) -> Asked {
        let core = &*self.core;
        let entry = core.store.entry(key, hash, now_ms);
        let is_same = entry.peek().is_some_and(|item| item.cas == cas);
        let mut work = core.work(now_ms);
        if is_same && work.may_refresh(key, group.id) {
            work.refresh(key, hash, group.id, stale);
        }
        let actions = work.end();
        drop(entry);
        core.perform(actions);
        Asked::Stale
    }

    /// Who asked does not wait any more, and will not be told (it may be under way).
    pub fn withdraw(&self, wait: Wait) {
        let mut work = self.core.work(self.core.clock.now_ms());
        work.withdraw(wait);
        self.core.perform(work.end());
    }

    /// A host brings what a run came to: a value, none, or that it has failed, and why. What was given up is ignored.
    pub fn settle(&self, id: LoadId, result: Result<Option<LoadedValue>, String>) {
        let core = &*self.core;
        let mut work = core.work(core.clock.now_ms());
        match result {
            Err(reason) => {
                work.rejected(id, LoadError::rejected(&reason));
                core.perform(work.end());
            }
            Ok(value) => {
                let answered = work.answered(id);
                core.perform(work.end());
                if let Some(answered) = answered {
                    core.keep(&answered, value.map(Arc::new));
                }
            }
        }
    }

    /// Everything is about to be removed from the store. Until the answer is dropped nothing that is loaded is stored; what is being
    /// loaded then is loaded once more. `at_ms`: when it will be gone, which may be later.
    pub fn flushing(&self, at_ms: UnixMillis, now_ms: UnixMillis) -> Flushing<'_> {
        let mut work = self.core.work(now_ms);
        work.flush();
        self.core.perform(work.end());
        Flushing { core: &self.core, at_ms, now_ms }
    }

    /// Gives up what has taken too long. Answers with the time at which there may be more to do, by the steady clock. By the
    /// thread of loads; by a test that has its own clock.
    pub fn tick(&self) -> Option<u64> {
        self.core.tick()
    }

    /// What is counted.
    pub fn stats(&self) -> LoadStats {
        self.core.table.stats()
    }

    /// The same of one loader, as long as it is registered.
    pub fn loader_stats(&self, loader: LoaderId) -> Option<LoaderStats> {
        self.core.table.loader_stats(loader)
    }
}

impl Drop for Loads {
    fn drop(&mut self) {
        self.close();
    }
}

/// Everything is being removed; dropped when it is.
pub struct Flushing<'a> {
    core: &'a Core,
    at_ms: UnixMillis,
    now_ms: UnixMillis,
}

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        let mut work = self.core.work(self.now_ms);
        work.flushed(self.at_ms);
        self.core.perform(work.end());
    }
}

/// Whether an item needs no refresh.
fn is_fresh(item: &Item<'_>, group: &Group, now_ms: UnixMillis) -> bool {
    !item.marks.loaded || item.expires_at_ms == 0 || now_ms < item.expires_at_ms.saturating_sub(group.stale_for_ms)
}
