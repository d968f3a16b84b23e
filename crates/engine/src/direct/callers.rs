//! What callers count.

use crate::counters::{Counter, HitMiss, MISS_REASONS, Outcomes};
use parking_lot::Mutex;
use std::sync::Arc;

/// Everything one caller counts; written by its thread alone.
#[derive(Default)]
pub struct CallerCounters {
    /// Reads, and writes that were refused.
    pub outcomes: Outcomes,
    /// Removals.
    pub delete: HitMiss,
}

impl CallerCounters {
    fn all(&self) -> [&Counter; 8] {
        let Outcomes { hits, misses, too_large, no_memory, .. } = &self.outcomes;
        let [a, b, c, d] = misses;
        [hits, a, b, c, d, too_large, no_memory, &self.delete.hits]
    }
}

/// The counters of all callers of a cache.
#[derive(Default)]
pub struct Callers(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    present: Vec<Arc<CallerCounters>>,
    /// What those have counted that are gone.
    gone: CallerCounters,
}

impl Callers {
    /// One more.
    pub fn join(&self) -> Arc<CallerCounters> {
        let counters = Arc::new(CallerCounters::default());
        self.0.lock().present.push(Arc::clone(&counters));
        counters
    }

    /// One less, whose counts stay.
    pub fn leave(&self, counters: &Arc<CallerCounters>) {
        let mut inner = self.0.lock();
        for (all, one) in inner.gone.all().into_iter().zip(counters.all()) {
            all.add(one.get());
        }
        inner.present.retain(|present| !Arc::ptr_eq(present, counters));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().present.len()
    }

    /// Sum of one counter over all that there are and were.
    pub fn sum(&self, pick: impl Fn(&CallerCounters) -> &Counter) -> u64 {
        let inner = self.0.lock();
        pick(&inner.gone).get() + inner.present.iter().map(|one| pick(one).get()).sum::<u64>()
    }

    /// Reads that did not find their key, by the reasons of [`MISS_REASONS`].
    pub fn misses(&self) -> [u64; MISS_REASONS.len()] {
        std::array::from_fn(|reason| self.sum(|one| &one.outcomes.misses[reason]))
    }
}
