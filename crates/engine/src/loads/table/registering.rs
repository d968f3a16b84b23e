//! Loaders come and go.

use super::super::load::Phase;
use super::super::loader::Loader;
use super::super::patterns::{Group, Patterns};
use super::super::{GroupId, LoadError, LoadHost, LoaderId, LoaderOptions, MAX_LOADERS, Settled};
use super::{Members, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether runs of a loader that goes are to be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Host {
    Stays,
    Leaves,
}

impl Work<'_> {
    /// A new loader; `None` if there are too many, or the cache is closed.
    pub fn register(
        &mut self,
        host: Arc<dyn LoadHost>,
        at_host: u32,
        pattern: &[u8],
        options: LoaderOptions,
    ) -> Option<LoaderId> {
        if self.state.is_closed || self.state.loaders.len() >= MAX_LOADERS {
            return None;
        }
        let id = LoaderId(self.state.number());
        let known = self.state.groups.iter().find(|(_, members)| *members.pattern == *pattern).map(|(id, _)| *id);
        let group = known.unwrap_or_else(|| GroupId(self.state.number()));
        let members =
            self.state.groups.entry(group).or_insert_with(|| Members { pattern: pattern.into(), loaders: Vec::new() });
        members.loaders.push(id);
        self.state.loaders.insert(id, Loader::new(host, at_host, group, options.bounded()));
        // It may take what waits for a turn of another.
        self.fill(id);
        Some(id)
    }

    /// Whether the cache is closed.
    pub fn is_closed(&self) -> bool {
        self.state.is_closed
    }

    /// Loaders that are registered.
    pub fn loaders(&self) -> usize {
        self.state.loaders.len()
    }

    /// The patterns now.
    pub fn patterns(&self) -> Patterns {
        let groups = self.state.groups.iter().filter_map(|(id, members)| {
            let first = self.state.loaders.get(members.loaders.first()?)?;
            Some(Group::new(*id, &members.pattern, first.options.stale_for_ms))
        });
        Patterns::of(groups.collect())
    }

    /// A loader is closed: its runs are cancelled, and what it has not answered others of its pattern are asked for.
    pub fn unregister(&mut self, loader: LoaderId) {
        self.remove_loader(loader, Host::Stays);
    }

    /// The same for all loaders of a host, which is not called any more.
    pub fn leave(&mut self, host: &Arc<dyn LoadHost>) {
        let is_host = |loader: &Loader| std::ptr::addr_eq(Arc::as_ptr(&loader.host), Arc::as_ptr(host));
        let leaving: Vec<LoaderId> =
            self.state.loaders.iter().filter(|(_, loader)| is_host(loader)).map(|(id, _)| *id).collect();
        // All of them first, so that none takes over from another.
        let runs: Vec<(LoaderId, Loader)> =
            leaving.into_iter().filter_map(|id| Some((id, self.take_loader(id)?))).collect();
        for (id, loader) in runs {
            self.reassign(id, &loader, Host::Leaves);
        }
    }

    /// The cache is closed: nobody waits any more.
    pub fn close(&mut self) {
        self.state.is_closed = true;
        let loaders = std::mem::take(&mut self.state.loaders);
        self.state.groups.clear();
        for (id, loader) in loaders {
            self.reassign(id, &loader, Host::Stays);
        }
        let left: Vec<u64> = self.state.loads.keys().copied().collect();
        for load in left {
            self.finish(load, Settled::Gone);
        }
        self.state.remembered.clear(&self.table.sieve);
    }

    fn remove_loader(&mut self, id: LoaderId, host: Host) {
        if let Some(loader) = self.take_loader(id) {
            self.reassign(id, &loader, host);
        }
    }

    fn take_loader(&mut self, id: LoaderId) -> Option<Loader> {
        let loader = self.state.loaders.remove(&id)?;
        if let Some(members) = self.state.groups.get_mut(&loader.group) {
            members.loaders.retain(|member| *member != id);
            if members.loaders.is_empty() {
                self.state.groups.remove(&loader.group);
            }
        }
        if self.state.groups.is_empty() {
            // Nobody would look for what is over, as the thread of timeouts ends.
            self.state.remembered.clear(&self.table.sieve);
        }
        Some(loader)
    }

    /// What was to be run by a loader that is taken out is run by others of its pattern.
    fn reassign(&mut self, id: LoaderId, loader: &Loader, host: Host) {
        // In the order in which they were asked for.
        let own: BTreeMap<u64, Phase> = self
            .state
            .loads
            .iter()
            .filter(|(_, load)| load.loader == id)
            .map(|(serial, load)| (*serial, load.phase))
            .collect();
        for (serial, phase) in own {
            match phase {
                Phase::Running(run) => {
                    self.end_run(serial);
                    if host == Host::Stays {
                        self.actions.cancel(&loader.host, run);
                    }
                    if self.state.groups.contains_key(&loader.group) {
                        self.fail_run(serial, LoadError::HostGone);
                    } else {
                        self.finish(serial, Settled::Gone);
                    }
                }
                Phase::Queued(_) => {
                    self.stop_waiting(serial);
                    if self.key_change(serial).is_written() {
                        self.finish(serial, Settled::Loaded(None));
                    } else {
                        self.restart(serial, None);
                    }
                }
                // It is about to be settled.
                Phase::Between | Phase::Storing => {}
            }
        }
    }
}
