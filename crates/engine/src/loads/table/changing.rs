//! What others do to keys while they are loaded, or remembered.

use super::super::load::{KeyChange, Phase};
use super::{State, Table, Work};
use ringstone_store::{Change, Changed, Observer, UnixMillis};

impl Observer for Table {
    /// Under the lock of the key's cell. The lock of the table is a leaf, so that is safe.
    fn changed(&self, changed: &Changed<'_>) {
        if !self.sieve.may_hold(changed.hash) {
            return;
        }
        let mut state = self.state.lock();
        match changed.change {
            Change::Written => state.note(changed.key, false),
            Change::Removed | Change::NothingRemoved => state.note(changed.key, true),
            Change::Touched | Change::Expired | Change::Evicted | Change::Flushed => return,
        }
        state.remembered.remove(changed.key, &self.sieve);
        self.observe(&mut state);
    }
}

impl State {
    fn note(&mut self, key: &[u8], is_removed: bool) {
        let Some(serial) = self.by_key.get(key).copied() else { return };
        let place = self.number();
        if let Some(load) = self.loads.get_mut(&serial)
            && load.phase != Phase::Storing
        {
            let changed = load.changed;
            load.changed = if is_removed { changed.then_removed(place) } else { changed.then_written(place) };
        }
    }
}

impl Work<'_> {
    /// Everything is about to be removed. Until [`Work::flushed`] nothing that is loaded is stored.
    pub fn flush(&mut self) {
        self.state.flushing += 1;
    }

    /// Everything was removed, or will be at a later time: what is being loaded may be older than that.
    pub fn flushed(&mut self, at_ms: UnixMillis) {
        self.state.flushing -= 1;
        if at_ms > self.now_ms {
            self.state.flush_at_ms = at_ms;
            return;
        }
        self.state.flush_at_ms = 0;
        let place = self.state.number();
        for load in self.state.loads.values_mut() {
            load.changed = load.changed.then_removed(place);
        }
        self.state.remembered.clear(&self.table.sieve);
    }

    /// What became of the key since its run began.
    pub(super) fn key_change(&mut self, serial: u64) -> KeyChange {
        let place = self.state.number();
        let (flush_at_ms, now_ms) = (self.state.flush_at_ms, self.now_ms);
        let Some(load) = self.state.loads.get(&serial) else { return KeyChange::None };
        if self.state.flushing > 0 {
            // What was written before it is gone as well.
            return load.changed.then_removed(place);
        }
        if flush_at_ms != 0 && load.began_at_ms < flush_at_ms && flush_at_ms <= now_ms {
            // Nobody knows who came before that.
            return KeyChange::Removed(0);
        }
        load.changed
    }
}
