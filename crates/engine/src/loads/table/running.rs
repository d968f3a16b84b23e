//! Runs: begun, queued, given up, answered.

use super::super::load::{KeyChange, Load, Phase};
use super::super::remembered::Known;
use super::super::{
    LoadError, LoadId, LoadRequest, LoadedValue, LoaderId, LoaderStats, MAX_FAILURES, OnError, REFRESH_RETRY_MS,
    Settled, TIMEOUTS_PER_LOAD,
};
use super::Work;
use ringstone_store::{Error, Hash};
use std::sync::Arc;

/// A load whose run has answered: its result is to be stored, and then it is to be settled.
pub(in super::super) struct Answered {
    pub serial: u64,
    pub key: Arc<[u8]>,
    pub hash: Hash,
    /// Who has answered.
    pub loader: LoaderId,
    /// As its loader says.
    pub ttl_ms: Option<u64>,
    /// As the first loader of the pattern says.
    pub stale_for_ms: u64,
}

impl Work<'_> {
    /// Runs a load that is between, or has it wait for its turn.
    pub(super) fn start(&mut self, serial: u64, is_first: bool) {
        let Some(load) = self.state.loads.get(&serial) else { return };
        let id = load.loader;
        let Some(loader) = self.state.loader(id) else { return };
        if loader.has_turn() {
            return self.run(serial);
        }
        let position = loader.enqueue(serial, is_first);
        self.set_due(serial, Phase::Queued(position));
    }

    fn run(&mut self, serial: u64) {
        let id = LoadId(self.state.number());
        self.set_due(serial, Phase::Running(id));
        let state = &mut *self.state;
        let Some(load) = state.loads.get_mut(&serial) else { return };
        let Some(loader) = state.loaders.get_mut(&load.loader) else { return };
        load.changed = KeyChange::None;
        (load.began_ms, load.began_at_ms) = (self.steady_ms, self.now_ms);
        loader.running += 1;
        loader.counts.runs += 1;
        state.stats.runs += 1;
        state.runs.insert(id, serial);
        let (key, stale) = (Arc::clone(&load.key), load.stale.clone());
        self.actions.run(&loader.host, LoadRequest { id, at_host: loader.at_host, key, stale });
    }

    /// From now on the load is given up when its time is over.
    fn set_due(&mut self, serial: u64, phase: Phase) {
        let Some(load) = self.state.loads.get_mut(&serial) else { return };
        let due_ms = self.steady_ms.saturating_add(load.options.timeout_ms).min(load.deadline_ms);
        (load.phase, load.due_ms) = (phase, due_ms);
        self.state.due.insert((due_ms, serial));
        self.actions.note_due(due_ms);
    }

    /// A run is over; the load is between.
    pub(super) fn end_run(&mut self, serial: u64) {
        let state = &mut *self.state;
        let Some(load) = state.loads.get_mut(&serial) else { return };
        if let Phase::Running(run) = load.phase {
            load.phase = Phase::Between;
            state.runs.remove(&run);
            state.due.remove(&(load.due_ms, serial));
            if let Some(loader) = state.loaders.get_mut(&load.loader) {
                loader.running -= 1;
            }
        }
    }

    /// A load does not wait for its turn any more; it is between.
    pub(super) fn stop_waiting(&mut self, serial: u64) {
        let state = &mut *self.state;
        let Some(load) = state.loads.get_mut(&serial) else { return };
        if let Phase::Queued(position) = load.phase {
            load.phase = Phase::Between;
            state.due.remove(&(load.due_ms, serial));
            if let Some(loader) = state.loaders.get_mut(&load.loader) {
                loader.leave_queue(position);
            }
        }
    }

    /// Gives the free turns of a loader to what waits for one: its own loads first, then those of others of its pattern.
    pub fn fill(&mut self, id: LoaderId) {
        while self.state.loader(id).is_some_and(|loader| loader.has_turn()) {
            let Some((from, serial)) = self.next_for(id) else { break };
            self.stop_waiting(serial);
            if self.key_change(serial).is_written() {
                self.finish(serial, Settled::Loaded(None));
                continue;
            }
            if from != id {
                self.move_to(serial, id);
            }
            self.run(serial);
        }
    }

    fn next_for(&self, id: LoaderId) -> Option<(LoaderId, u64)> {
        let own = self.state.loaders.get(&id)?;
        if let Some(serial) = own.first_queued() {
            return Some((id, serial));
        }
        let members = self.state.groups.get(&own.group)?;
        let others = members.loaders.iter().filter_map(|id| Some((*id, self.state.loaders.get(id)?)));
        let (from, longest) = others.max_by_key(|(_, loader)| loader.queued())?;
        Some((from, longest.first_queued()?))
    }

    /// Has another loader of the pattern run it.
    fn move_to(&mut self, serial: u64, id: LoaderId) {
        let state = &mut *self.state;
        let Some(load) = state.loads.get_mut(&serial) else { return };
        let waiting = load.waiters.len();
        if let Some(old) = state.loaders.get_mut(&load.loader) {
            old.waiting -= waiting;
        }
        if let Some(new) = state.loaders.get_mut(&id) {
            // Those who wait already are not refused, however many they are.
            new.waiting += waiting;
            load.options = new.options;
        }
        load.loader = id;
    }

    /// Has a load that is between run once more, or by another loader.
    pub(super) fn restart(&mut self, serial: u64, avoided: Option<LoaderId>) {
        let Some(load) = self.state.loads.get(&serial) else { return };
        if self.steady_ms >= load.deadline_ms {
            return self.finish(serial, Settled::Failed(LoadError::TimedOut));
        }
        // Of those that were not run yet, who came first stays the first.
        let was_run = load.failures > 0 || load.repeated;
        match self.choose(load.group, avoided) {
            Some(loader) => {
                self.move_to(serial, loader);
                self.start(serial, was_run);
            }
            None => self.finish(serial, Settled::Gone),
        }
    }

    /// The run of a load that is between has failed.
    pub(super) fn fail_run(&mut self, serial: u64, error: LoadError) {
        if self.key_change(serial).is_written() {
            return self.finish(serial, Settled::Loaded(None));
        }
        let Some(load) = self.state.loads.get_mut(&serial) else { return };
        load.failures += 1;
        let (failed, failures, is_wanted) = (load.loader, load.failures, !load.waiters.is_empty());
        if is_wanted && failures < MAX_FAILURES {
            self.state.stats.handed_over += 1;
            return self.restart(serial, Some(failed));
        }
        if load.stale.is_some() {
            self.remember(serial, Known::NotRefreshed, REFRESH_RETRY_MS);
        }
        self.finish(serial, Settled::Failed(error));
    }

    fn remember(&mut self, serial: u64, known: Known, for_ms: u64) {
        let state = &mut *self.state;
        if let Some(load) = state.loads.get(&serial)
            && for_ms > 0
        {
            let until_ms = self.steady_ms.saturating_add(for_ms);
            state.remembered.insert(&load.key, load.hash, (known, load.group), until_ms, &self.table.sieve);
        }
    }

    /// A host answers a run. `None` if it was given up.
    pub fn answered(&mut self, run: LoadId) -> Option<Answered> {
        let Some(serial) = self.state.runs.get(&run).copied() else {
            self.state.stats.late += 1;
            return None;
        };
        self.end_run(serial);
        let state = &mut *self.state;
        let load = state.loads.get(&serial)?;
        state.stats.run_ms += self.steady_ms.saturating_sub(load.began_ms);
        let loader = load.loader;
        let first = state.groups.get(&load.group).and_then(|members| state.loaders.get(members.loaders.first()?));
        let answered = Answered {
            serial,
            key: Arc::clone(&load.key),
            hash: load.hash,
            loader,
            ttl_ms: load.options.ttl_ms,
            stale_for_ms: first.map_or(load.options.stale_for_ms, |first| first.options.stale_for_ms),
        };
        if let Some(loader) = state.loaders.get_mut(&loader) {
            loader.is_suspect = false;
        }
        Some(answered)
    }

    /// With the key's cell locked: whether the answer is to be stored, in the same lock. If not, the load is dealt with.
    pub fn may_store(&mut self, serial: u64, value: Option<&Arc<LoadedValue>>) -> bool {
        match self.key_change(serial) {
            KeyChange::None => {
                let load = self.state.loads.get_mut(&serial);
                load.map(|load| load.phase = Phase::Storing).is_some()
            }
            KeyChange::Written(_) => {
                self.finish(serial, Settled::Loaded(None));
                false
            }
            KeyChange::Removed(place) => {
                self.repeat(serial, place, value);
                false
            }
        }
    }

    /// The value is stored. With the key's cell locked still: who asks for the key finds the load or the value.
    pub fn stored(&mut self, serial: u64, value: Arc<LoadedValue>) {
        self.finish(serial, Settled::Loaded(Some(value)));
    }

    /// The store has refused the value.
    pub fn refused(&mut self, serial: u64, error: Error) {
        if self.state.loads.get(&serial).is_some_and(|load| load.stale.is_some()) {
            self.remember(serial, Known::NotRefreshed, REFRESH_RETRY_MS);
        }
        self.finish(serial, Settled::Failed(LoadError::NotStored(error)));
    }

    /// There is no value. With the key's cell locked still.
    pub fn absent(&mut self, serial: u64) {
        let for_ms = self.state.loads.get(&serial).map_or(0, |load| load.options.negative_ttl_ms);
        self.remember(serial, Known::Absent, for_ms);
        self.finish(serial, Settled::Absent);
    }

    /// The key was removed while it was loaded, so the answer may be older than that. Nothing is stored. The first time all
    /// wait for another run; after that only those who came after the first change, and the others are given the answer.
    fn repeat(&mut self, serial: u64, place: u64, value: Option<&Arc<LoadedValue>>) {
        let steady_ms = self.steady_ms;
        let Some(load) = self.state.loads.get_mut(&serial) else { return };
        if load.waiters.is_empty() {
            return self.finish(serial, Settled::Loaded(None));
        }
        if load.repeated {
            let late = load.waiters.split_off(&place);
            let early = std::mem::replace(&mut load.waiters, late);
            let (loader, is_wanted, told) = (load.loader, !load.waiters.is_empty(), early.len());
            load.deadline_ms = steady_ms.saturating_add(load.options.timeout_ms * TIMEOUTS_PER_LOAD);
            load.failures = 0;
            let outcome = value.map_or(Settled::Absent, |value| Settled::Loaded(Some(Arc::clone(value))));
            self.actions.settle(early, outcome);
            if let Some(loader) = self.state.loader(loader) {
                loader.waiting -= told;
            }
            if !is_wanted {
                return self.finish(serial, Settled::Loaded(None));
            }
        }
        self.state.stats.repeated += 1;
        if let Some(load) = self.state.loads.get_mut(&serial) {
            load.repeated = true;
            // What was refreshed is gone.
            load.stale = None;
        }
        self.restart(serial, None);
    }

    /// Tells all who wait for a load that is between, or being stored, and forgets it.
    pub(super) fn finish(&mut self, serial: u64, outcome: Settled) {
        let Some(load) = self.forget(serial) else { return };
        let state = &mut *self.state;
        let mut none = LoaderStats::default();
        let counts = state.loaders.get_mut(&load.loader).map_or(&mut none, |loader| &mut loader.counts);
        match &outcome {
            Settled::Loaded(Some(_)) => {
                state.stats.loaded += 1;
                counts.loaded += 1;
            }
            Settled::Loaded(None) => state.stats.superseded += 1,
            Settled::Absent => {
                state.stats.absent += 1;
                counts.absent += 1;
            }
            Settled::Failed(error) => {
                state.stats.fail(error);
                counts.failed += 1;
            }
            Settled::Gone => state.stats.gone += 1,
        }
        let told = match outcome {
            Settled::Failed(_) if load.options.on_error == OnError::Miss => Settled::Absent,
            outcome => outcome,
        };
        self.actions.settle(load.waiters, told);
    }

    /// Forgets a load that is between, or being stored.
    pub(super) fn forget(&mut self, serial: u64) -> Option<Load> {
        let load = self.state.loads.remove(&serial)?;
        self.state.by_key.remove(&load.key);
        self.table.sieve.remove(load.hash);
        if let Some(loader) = self.state.loader(load.loader) {
            loader.waiting -= load.waiters.len();
        }
        Some(load)
    }

    /// A host answers that a run has failed.
    pub fn rejected(&mut self, run: LoadId, error: LoadError) {
        if let Some(answered) = self.answered(run) {
            self.fail_run(answered.serial, error);
            self.fill(answered.loader);
        }
    }

    /// Gives up what has taken too long.
    pub fn tick(&mut self) {
        while let Some((_, serial)) = self.state.due.first().copied().filter(|(due_ms, _)| *due_ms <= self.steady_ms) {
            let Some(load) = self.state.loads.get(&serial) else {
                self.state.due.pop_first();
                continue;
            };
            let id = load.loader;
            match load.phase {
                Phase::Running(run) => {
                    self.end_run(serial);
                    if let Some(loader) = self.state.loaders.get_mut(&id) {
                        loader.is_suspect = true;
                        self.actions.cancel(&loader.host, run);
                    }
                    self.fail_run(serial, LoadError::TimedOut);
                }
                _ => {
                    self.stop_waiting(serial);
                    let is_written = self.key_change(serial).is_written();
                    let outcome =
                        if is_written { Settled::Loaded(None) } else { Settled::Failed(LoadError::NotStarted) };
                    self.finish(serial, outcome);
                }
            }
            self.fill(id);
        }
        self.state.remembered.expire(self.steady_ms, &self.table.sieve);
    }
}
