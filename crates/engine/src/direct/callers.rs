//! What callers count.

use crate::counters::{Counter, MISS_REASONS, Outcomes};
use parking_lot::Mutex;
use std::sync::Arc;

/// An operation of callers; the name is the one that JavaScript knows it by, and the label of its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// A value was asked for, as bytes or as a string.
    Get,
    /// The same, uncounted as a read.
    Peek,
    /// Several values were asked for.
    Mget,
    /// Written in any case.
    Set,
    /// Several written.
    Mset,
    /// Written where there is none.
    Add,
    /// Written where there is one.
    Replace,
    /// Written where it is that version.
    Cas,
    /// Written behind what is there.
    Append,
    /// Written before what is there.
    Prepend,
    /// Counted up or down.
    Incr,
    /// Another time of expiry.
    Touch,
    /// Removed.
    Delete,
    /// Whether there is one.
    Has,
    /// Time left.
    Ttl,
    /// A part of a walk.
    Scan,
    /// All removed.
    Clear,
}

/// How many operations there are.
pub const OPERATIONS: usize = 17;

impl Operation {
    /// Names in the order of the operations.
    pub const NAMES: [&str; OPERATIONS] = [
        "get", "peek", "mget", "set", "mset", "add", "replace", "cas", "append", "prepend", "incr", "touch", "delete",
        "has", "ttl", "scan", "clear",
    ];
}

const _: () = assert!(Operation::Clear as usize + 1 == OPERATIONS);

/// Everything one caller counts; written by its thread alone.
#[derive(Default)]
pub struct CallerCounters {
    /// Calls by operation.
    pub operations: [Counter; OPERATIONS],
    /// Reads, and writes that were refused.
    pub outcomes: Outcomes,
}

impl CallerCounters {
    /// Counts a call.
    #[inline]
    pub fn call(&self, operation: Operation) {
        self.operations[operation as usize].add(1);
    }

    /// What they are now.
    pub fn counts(&self) -> CallerCounts {
        let mut counts = CallerCounts::default();
        counts.add(self);
        counts
    }
}

/// Counters as they were at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerCounts {
    /// Calls by operation.
    pub operations: [u64; OPERATIONS],
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not, by the reasons of [`MISS_REASONS`].
    pub misses: [u64; MISS_REASONS.len()],
    /// Writes refused for the length of their value.
    pub too_large: u64,
    /// Writes refused for want of memory.
    pub no_memory: u64,
}

impl CallerCounts {
    fn add(&mut self, counters: &CallerCounters) {
        let add = |sum: &mut u64, counter: &Counter| *sum += counter.get();
        let sums = self.operations.iter_mut().chain(&mut self.misses);
        sums.zip(counters.operations.iter().chain(&counters.outcomes.misses)).for_each(|(sum, one)| add(sum, one));
        add(&mut self.hits, &counters.outcomes.hits);
        add(&mut self.too_large, &counters.outcomes.too_large);
        add(&mut self.no_memory, &counters.outcomes.no_memory);
    }
}

/// The counters of all callers of a cache.
#[derive(Default)]
pub struct Callers(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    present: Vec<Arc<CallerCounters>>,
    /// What those have counted that are gone.
    gone: CallerCounts,
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
        inner.gone.add(counters);
        inner.present.retain(|present| !Arc::ptr_eq(present, counters));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().present.len()
    }

    /// Sums over all that there are and were.
    pub fn counts(&self) -> CallerCounts {
        let inner = self.0.lock();
        let mut counts = inner.gone;
        inner.present.iter().for_each(|one| counts.add(one));
        counts
    }
}
