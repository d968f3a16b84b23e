//! What callers and the thread of timeouts share: the table, the store, and what is done to both.

use super::actions::Actions;
use super::table::{Answered, Table, Work};
use super::{LoadedValue, Patterns, timer};
use parking_lot::RwLock;
use ringstone_store::{Attributes, Clock, Error, Kind, Marks, NewValue, Store, UnixMillis};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// All of it but the thread.
pub(super) struct Core {
    pub table: Arc<Table>,
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub default_ttl_ms: u64,
    /// Whether any loader is registered.
    pub any: AtomicBool,
    pub patterns: RwLock<Arc<Patterns>>,
    pub alarm: timer::Alarm,
}

impl Core {
    /// Has others see the loaders as they are; under the table's lock, so that the last change has the last word.
    pub fn republish(&self, work: &Work<'_>) {
        *self.patterns.write() = Arc::new(work.patterns());
        self.any.store(work.loaders() > 0, Ordering::Relaxed);
    }

    /// The table, by one who has read the clock.
    pub fn work(&self, now_ms: UnixMillis) -> Work<'_> {
        self.table.work(now_ms, self.clock.steady_ms())
    }

    /// With no lock held.
    pub fn perform(&self, actions: Actions) {
        if let Some(due_ms) = actions.due_ms {
            self.alarm.set_before(due_ms);
        }
        actions.perform();
    }

    pub fn tick(&self) -> Option<u64> {
        let mut work = self.work(self.clock.now_ms());
        work.tick();
        let next = work.next_due();
        self.perform(work.end());
        next
    }

    /// Stores what a run has answered, or that there is nothing, and settles the load.
    pub fn keep(&self, answered: &Answered, value: Option<Arc<LoadedValue>>) {
        let now_ms = self.clock.now_ms();
        let new = value.as_ref().map(|value| self.new_value(&value.bytes, now_ms));
        let mut entry = self.store.entry(&answered.key, answered.hash, now_ms);
        let mut work = self.work(now_ms);
        if work.may_store(answered.serial, value.as_ref()) {
            // Nobody else can change the key meanwhile, nor ask for it.
            let early = work.end();
            debug_assert!(early.is_empty(), "nobody is told before it is stored");
            let stored = match (&value, new) {
                (Some(value), Some(new)) => {
                    new.and_then(|new| entry.set(new, self.attributes(answered, value.flags, now_ms))).map(drop)
                }
                _ => {
                    // A stale value of which the loader says that there is none any more.
                    if entry.peek().is_some_and(|item| item.marks.loaded) {
                        entry.remove();
                    }
                    Ok(())
                }
            };
            work = self.work(now_ms);
            match (stored, value) {
                (Ok(()), Some(value)) => work.stored(answered.serial, value),
                (Ok(()), None) => work.absent(answered.serial),
                (Err(error), _) => work.refused(answered.serial, error),
            }
        }
        work.fill(answered.loader);
        let actions = work.end();
        drop(entry);
        self.perform(actions);
    }

    /// A large value is copied into extents before its cell is locked.
    fn new_value<'v>(&self, bytes: &'v [u8], now_ms: UnixMillis) -> Result<NewValue<'v>, Error> {
        if bytes.len() < self.store.chain_threshold() {
            return Ok(NewValue::Bytes(bytes));
        }
        let mut body = self.store.reserve(bytes.len(), now_ms)?;
        body.fill_from(bytes);
        Ok(NewValue::Body(body))
    }

    fn attributes(&self, answered: &Answered, flags: u32, now_ms: UnixMillis) -> Attributes {
        let (ttl_ms, stale_for_ms) = (answered.ttl_ms.unwrap_or(self.default_ttl_ms), answered.stale_for_ms);
        let (expires_at_ms, loaded) = match ttl_ms {
            0 => (0, false),
            ttl_ms => (now_ms.saturating_add(ttl_ms).saturating_add(stale_for_ms), stale_for_ms > 0),
        };
        Attributes { flags, expires_at_ms, marks: Marks { kind: Kind::String, loaded, ..Marks::default() }, cas: 0 }
    }
}
