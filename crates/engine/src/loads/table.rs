//! Loads and loaders under one lock, which is a leaf: while it is held neither the store nor a host nor a waiter is called.
//! It may be taken with a cell's lock held.

mod asking;
mod changing;
mod registering;
mod running;

pub(super) use running::Answered;

use super::actions::Actions;
use super::load::Load;
use super::loader::Loader;
use super::remembered::Remembered;
use super::sieve::Sieve;
use super::{GroupId, LoadId, LoadStats, LoaderId, LoaderStats};
use parking_lot::{Mutex, MutexGuard};
use ringstone_store::UnixMillis;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Is told whether changes of keys are to be told from now on. Called under the table's lock.
pub(super) type Switch = Box<dyn Fn(bool) + Send + Sync>;

/// How seldom it is looked for what need not be remembered any more, in milliseconds.
const EXPIRE_INTERVAL_MS: u64 = 1000;

/// The table.
pub(super) struct Table {
    sieve: Sieve,
    state: Mutex<State>,
    switch: Switch,
}

#[derive(Default)]
struct State {
    loads: HashMap<u64, Load>,
    by_key: HashMap<Arc<[u8]>, u64>,
    runs: HashMap<LoadId, u64>,
    /// What is given up at which time of the steady clock.
    due: BTreeSet<(u64, u64)>,
    loaders: BTreeMap<LoaderId, Loader>,
    groups: BTreeMap<GroupId, Members>,
    remembered: Remembered,
    /// Of those loaders that have gone.
    stats: LoadStats,
    /// Loads, runs, places of waiters, loaders and groups are numbered by one count.
    last_number: u64,
    /// Flushes that are under way.
    flushing: usize,
    /// What was stored before is gone from then on; 0 for none.
    flush_at_ms: UnixMillis,
    is_observing: bool,
    is_closed: bool,
}

/// The loaders of a pattern, the oldest first. Never none.
struct Members {
    pattern: Box<[u8]>,
    loaders: Vec<LoaderId>,
}

impl State {
    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn loader(&mut self, id: LoaderId) -> Option<&mut Loader> {
        self.loaders.get_mut(&id)
    }
}

/// The table while it is locked, and what follows from what is done to it.
pub(super) struct Work<'t> {
    table: &'t Table,
    state: MutexGuard<'t, State>,
    now_ms: UnixMillis,
    /// By which it is measured how long something takes.
    steady_ms: u64,
    actions: Actions,
}

impl Table {
    pub fn new(switch: Switch) -> Table {
        Table { sieve: Sieve::default(), state: Mutex::default(), switch }
    }

    /// Locks it. Whoever holds the lock must call [`Work::end`], and perform the actions without any lock.
    pub fn work(&self, now_ms: UnixMillis, steady_ms: u64) -> Work<'_> {
        Work { table: self, state: self.state.lock(), now_ms, steady_ms, actions: Actions::default() }
    }

    /// Changes of keys are told while there is a key that they matter to.
    fn observe(&self, state: &mut State) {
        let observes = !state.loads.is_empty() || state.remembered.len() > 0;
        if observes != state.is_observing {
            state.is_observing = observes;
            (self.switch)(observes);
        }
    }

    /// What is counted.
    pub fn stats(&self) -> LoadStats {
        let state = self.state.lock();
        let sum = |pick: fn(&Loader) -> usize| state.loaders.values().map(|loader| pick(loader) as u64).sum();
        LoadStats {
            loaders: state.loaders.len() as u64,
            running: state.runs.len() as u64,
            queued: sum(Loader::queued),
            waiting: sum(|loader| loader.waiting),
            remembered: state.remembered.len() as u64,
            ..state.stats.clone()
        }
    }

    /// The same of one loader, as long as it is registered.
    pub fn loader_stats(&self, loader: LoaderId) -> Option<LoaderStats> {
        self.state.lock().loaders.get(&loader).map(Loader::stats)
    }

    /// Whether it is told of changes of keys. For tests.
    #[cfg(test)]
    pub fn is_observing(&self) -> bool {
        self.state.lock().is_observing
    }

    /// Everything fits together. For tests.
    #[cfg(test)]
    pub fn check(&self) {
        use super::load::Phase;
        let state = self.state.lock();
        assert_eq!(state.loads.len(), state.by_key.len());
        for (id, loader) in &state.loaders {
            let own = || state.loads.values().filter(|load| load.loader == *id);
            assert_eq!(loader.waiting, own().map(|load| load.waiters.len()).sum::<usize>(), "waiting");
            let count = |wanted: fn(&Phase) -> bool| own().filter(|load| wanted(&load.phase)).count();
            assert_eq!(loader.running, count(|phase| matches!(phase, Phase::Running(_))), "running");
            assert_eq!(loader.queued(), count(|phase| matches!(phase, Phase::Queued(_))), "queued");
            assert!(loader.running <= loader.options.max_concurrent);
            assert!(loader.queued() == 0 || !loader.has_turn(), "a turn is free and a load waits for one");
        }
        let bounded = |load: &&Load| matches!(load.phase, Phase::Running(_) | Phase::Queued(_));
        assert_eq!(state.due.len(), state.loads.values().filter(bounded).count(), "each will be given up some day");
        assert_eq!(state.is_observing, !state.loads.is_empty() || state.remembered.len() > 0);
    }
}

impl Work<'_> {
    /// Has the table unlocked. The actions are to be performed once no lock is held any more.
    pub fn end(mut self) -> Actions {
        self.table.observe(&mut self.state);
        self.actions
    }

    /// When there is something to do next, by the steady clock.
    pub fn next_due(&self) -> Option<u64> {
        let remembered = self.state.remembered.first_end().map(|end| end.max(self.steady_ms + EXPIRE_INTERVAL_MS));
        let load = self.state.due.first().map(|(due_ms, _)| *due_ms);
        load.into_iter().chain(remembered).min()
    }
}
