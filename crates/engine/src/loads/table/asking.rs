//! Somebody asks for a key, or does not wait for it any more.

use super::super::load::{KeyChange, Load, Phase, Waiters};
use super::super::remembered::Known;
use super::super::{
    Asked, GroupId, LoadError, LoadedValue, LoaderId, MAX_LOAD_KEY_BYTES, OnError, TIMEOUTS_PER_LOAD, Wait, Waiter,
};
use super::Work;
use ringstone_store::Hash;
use std::cmp::Reverse;
use std::sync::Arc;

impl Work<'_> {
    /// For a key that is not there, with its cell's lock held. Nobody is told of what is not being loaded.
    pub fn ask(&mut self, key: &[u8], hash: Hash, group: GroupId, waiter: Option<(Arc<dyn Waiter>, u64)>) -> Asked {
        if let Some(load) = self.state.by_key.get(key) {
            return self.join(*load, waiter);
        }
        if self.state.remembered.get(key, group, self.steady_ms) == Some(Known::Absent) {
            self.state.stats.negative_hits += 1;
            return Asked::Absent;
        }
        let Some(loader) = self.choose(group, None) else { return Asked::NoLoader };
        if key.len() > MAX_LOAD_KEY_BYTES {
            return self.refuse(loader, LoadError::KeyTooLong);
        }
        let has_room = match (&waiter, self.state.loader(loader)) {
            (Some(_), Some(loader)) => loader.has_room(),
            // What nobody waits for is not queued: nothing would bound it.
            (None, Some(loader)) => loader.has_turn(),
            (_, None) => false,
        };
        if !has_room {
            return self.refuse(loader, LoadError::TooManyWaiting);
        }
        let load = self.add(key, hash, loader, None);
        let wait = self.wait(load, waiter);
        self.start(load, false);
        Asked::Waits(wait)
    }

    /// For a key whose value is stale, with its cell's lock held: whether it is to be refreshed now.
    pub fn wants_refresh(&mut self, key: &[u8], group: GroupId) -> bool {
        self.state.stats.stale_served += 1;
        let first = self.state.groups.get(&group).and_then(|members| members.loaders.first().copied());
        if let Some(loader) = first.and_then(|first| self.state.loader(first)) {
            loader.counts.stale_served += 1;
        }
        self.may_refresh(key, group)
    }

    /// Whether a key is to be refreshed now.
    pub fn may_refresh(&self, key: &[u8], group: GroupId) -> bool {
        if key.len() > MAX_LOAD_KEY_BYTES
            || self.state.by_key.contains_key(key)
            || self.state.remembered.get(key, group, self.steady_ms).is_some()
        {
            return false;
        }
        let loader = self.choose(group, None);
        loader.and_then(|loader| self.state.loaders.get(&loader)).is_some_and(super::Loader::has_turn)
    }

    /// Begins to refresh a key, for which nobody waits. With its cell's lock held since it was found to be wanted.
    pub fn refresh(&mut self, key: &[u8], hash: Hash, group: GroupId, stale: LoadedValue) {
        if let Some(loader) = self.choose(group, None) {
            let load = self.add(key, hash, loader, Some(Arc::new(stale)));
            self.start(load, false);
        }
    }

    /// Somebody does not wait any more, and is not told.
    pub fn withdraw(&mut self, wait: Wait) {
        let Some(load) = self.state.loads.get_mut(&wait.load) else { return };
        if load.waiters.remove(&wait.place).is_none() {
            return;
        }
        let (loader, is_unwanted) = (load.loader, load.waiters.is_empty());
        let queued = if let Phase::Queued(position) = load.phase { Some(position) } else { None };
        if let Some(loader) = self.state.loader(loader) {
            loader.waiting -= 1;
        }
        if is_unwanted && queued.is_some() {
            self.stop_waiting(wait.load);
            self.forget(wait.load);
        }
    }

    fn join(&mut self, serial: u64, waiter: Option<(Arc<dyn Waiter>, u64)>) -> Asked {
        let Some(loader) = self.state.loads.get(&serial).map(|load| load.loader) else { return Asked::NoLoader };
        if waiter.is_some() {
            if self.state.loader(loader).is_some_and(|loader| !loader.has_room()) {
                return self.refuse(loader, LoadError::TooManyWaiting);
            }
            self.state.stats.coalesced += 1;
            if let Some(loader) = self.state.loader(loader) {
                loader.counts.coalesced += 1;
            }
        }
        Asked::Waits(self.wait(serial, waiter))
    }

    fn wait(&mut self, serial: u64, waiter: Option<(Arc<dyn Waiter>, u64)>) -> Wait {
        let place = self.state.number();
        if let Some(waiter) = waiter
            && let Some(load) = self.state.loads.get_mut(&serial)
        {
            load.waiters.insert(place, waiter);
            let loader = load.loader;
            if let Some(loader) = self.state.loader(loader) {
                loader.waiting += 1;
            }
        }
        Wait { load: serial, place }
    }

    fn refuse(&mut self, loader: LoaderId, error: LoadError) -> Asked {
        self.state.stats.fail(&error);
        let on_error = self.state.loader(loader).map(|loader| {
            loader.counts.failed += 1;
            loader.options.on_error
        });
        match on_error {
            Some(OnError::Error) => Asked::Refused(error),
            _ => Asked::Absent,
        }
    }

    /// A new load, that is neither run nor queued yet.
    fn add(&mut self, key: &[u8], hash: Hash, loader: LoaderId, stale: Option<Arc<LoadedValue>>) -> u64 {
        let serial = self.state.number();
        let (group, options) =
            self.state.loaders.get(&loader).map(|loader| (loader.group, loader.options)).unwrap_or_default();
        let key: Arc<[u8]> = key.into();
        // What was known of it is known no more.
        self.state.remembered.remove(&key, &self.table.sieve);
        self.table.sieve.add(hash);
        self.state.by_key.insert(Arc::clone(&key), serial);
        let load = Load {
            key,
            hash,
            group,
            loader,
            options,
            phase: Phase::Between,
            changed: KeyChange::None,
            waiters: Waiters::new(),
            stale,
            failures: 0,
            repeated: false,
            began_ms: self.steady_ms,
            began_at_ms: self.now_ms,
            due_ms: 0,
            deadline_ms: self.steady_ms.saturating_add(options.timeout_ms * TIMEOUTS_PER_LOAD),
        };
        self.state.loads.insert(serial, load);
        serial
    }

    /// The loader of a pattern that is to run the next load: not the one to be avoided, if there is another; one that has a
    /// turn; one that has answered of late; the one with the least to do.
    pub(super) fn choose(&self, group: GroupId, avoided: Option<LoaderId>) -> Option<LoaderId> {
        let members = self.state.groups.get(&group)?;
        let loaders = members.loaders.iter().filter_map(|id| Some((*id, self.state.loaders.get(id)?)));
        let best = loaders.min_by_key(|(id, loader)| {
            (Some(*id) == avoided, Reverse(loader.has_turn()), loader.is_suspect, loader.running + loader.queued(), *id)
        });
        best.map(|(id, _)| id)
    }
}
