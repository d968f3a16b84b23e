//! Per-worker counters: written by one thread with plain relaxed stores, read by anyone.

use crate::Protocol;
use crossbeam_utils::CachePadded;
use ringstone_protocol::resp::command::{Command, TABLE};
use ringstone_store::Absence;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bounded number of latency buckets: the last finite bound is 2^23 us, some 8.4 s.
pub const LATENCY_BUCKETS: usize = 24;

/// memcached commands that are counted, in the order of their indices.
pub const MEMCACHE_NAMES: [&str; 24] = [
    "get",
    "gets",
    "gat",
    "gats",
    "set",
    "add",
    "replace",
    "append",
    "prepend",
    "cas",
    "delete",
    "incr",
    "decr",
    "touch",
    "flush_all",
    "version",
    "stats",
    "verbosity",
    "mg",
    "ms",
    "md",
    "ma",
    "me",
    "mn",
];
const RESP_FIRST: usize = MEMCACHE_NAMES.len();
/// RESP commands that are counted.
pub const RESP_COMMANDS: usize = TABLE.len();
const PING: usize = RESP_FIRST + RESP_COMMANDS;
/// Commands that are counted, over all protocols.
pub const COMMANDS: usize = PING + 2;

/// Index of a counted command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandIndex(pub u8);

impl CommandIndex {
    /// `ping` of the ping protocol.
    pub const PING: CommandIndex = CommandIndex(PING as u8);
    /// `echo` of the echo protocol.
    pub const ECHO: CommandIndex = CommandIndex(PING as u8 + 1);

    /// `mg`.
    pub const META_GET: CommandIndex = CommandIndex(18);
    /// `ms`.
    pub const META_SET: CommandIndex = CommandIndex(19);
    /// `md`.
    pub const META_DELETE: CommandIndex = CommandIndex(20);
    /// `ma`.
    pub const META_ARITHMETIC: CommandIndex = CommandIndex(21);
    /// `me`.
    pub const META_DEBUG: CommandIndex = CommandIndex(22);
    /// `mn`.
    pub const META_NO_OP: CommandIndex = CommandIndex(23);

    /// Of a RESP command.
    #[inline]
    pub fn resp(command: Command) -> CommandIndex {
        CommandIndex((RESP_FIRST + command as usize) as u8)
    }

    /// Protocol and name, for labels.
    pub fn describe(self) -> (Protocol, &'static str) {
        let index = usize::from(self.0);
        if index < RESP_FIRST {
            (Protocol::Memcached, MEMCACHE_NAMES[index])
        } else if index < PING {
            (Protocol::Resp, TABLE[index - RESP_FIRST].name)
        } else if index == PING {
            (Protocol::Ping, "ping")
        } else {
            (Protocol::Echo, "echo")
        }
    }
}

/// A counter with one writer.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds; only the worker that owns the counter may call it.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(amount), Relaxed);
    }

    /// The value now.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Calls and time of one command; calls are the sum of the buckets.
#[derive(Default)]
pub struct Latency {
    /// One per bound, and one above all bounds.
    pub buckets: [Counter; LATENCY_BUCKETS + 1],
    /// Nanoseconds in all.
    pub total_ns: Counter,
}

impl Latency {
    /// Bucket of a duration: bucket `i` holds durations up to 2^i us.
    #[inline]
    pub fn bucket(duration_ns: u64) -> usize {
        let us = duration_ns.saturating_sub(1) / 1000;
        (64 - us.leading_zeros() as usize).min(LATENCY_BUCKETS)
    }
}

/// Outcomes that are counted per protocol (0 memcached, 1 RESP).
#[derive(Default)]
pub struct Outcomes {
    /// Reads that found the key.
    pub hits: Counter,
    /// Reads that did not, by `Absence`.
    pub misses: [Counter; 4],
    /// Requests that the parser refused.
    pub protocol_errors: Counter,
    /// Values refused for their length.
    pub too_large: Counter,
    /// Writes refused for want of memory, and values that were not received for it.
    pub no_memory: Counter,
}

/// Code words of errors over RESP that are counted apart.
pub const ERROR_CODES: [&str; 8] = ["ERR", "WRONGTYPE", "OOM", "EXECABORT", "NOPROTO", "NOAUTH", "WRONGPASS", "NOPERM"];

/// Error replies over RESP, by code; of all other codes in the last.
pub type ErrorCounters = [Counter; ERROR_CODES.len() + 1];

/// Counts an error by the code word that its text begins with.
#[cold]
pub fn count_error(counters: &ErrorCounters, text: &[u8]) {
    let code = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    let at = ERROR_CODES.iter().position(|known| known.as_bytes() == code).unwrap_or(ERROR_CODES.len());
    counters[at].add(1);
}

/// Index of a reason for a miss, and its label.
pub const MISS_REASONS: [&str; 4] = ["absent", "expired", "evicted", "flushed"];

#[inline]
fn reason(absence: Absence) -> usize {
    match absence {
        Absence::Absent => 0,
        Absence::Expired => 1,
        Absence::Evicted => 2,
        Absence::Flushed => 3,
    }
}

/// Hits and misses of one kind of memcached command.
#[derive(Default)]
pub struct HitMiss {
    /// Found.
    pub hits: Counter,
    /// Not found.
    pub misses: Counter,
}

impl HitMiss {
    /// Counts one outcome.
    #[inline]
    pub fn count(&self, hit: bool) {
        if hit { self.hits.add(1) } else { self.misses.add(1) }
    }
}

/// Everything one worker counts.
pub struct WorkerCounters {
    /// By `CommandIndex`.
    pub commands: [Latency; COMMANDS],
    /// memcached's side.
    pub memcache: Outcomes,
    /// RESP's side.
    pub resp: Outcomes,
    /// RESP's errors.
    pub resp_errors: ErrorCounters,
    /// Lines of the ping and echo protocols that were refused.
    pub plain_errors: Counter,
    /// `delete`, `DEL`.
    pub delete: HitMiss,
    /// `incr`.
    pub incr: HitMiss,
    /// `decr`.
    pub decr: HitMiss,
    /// `touch`.
    pub touch: HitMiss,
    /// `cas`: matched, or no such key.
    pub cas: HitMiss,
    /// `cas` whose token did not match.
    pub cas_badval: Counter,
    /// Names and passwords: known, or not.
    pub login: HitMiss,
}

impl Default for WorkerCounters {
    fn default() -> Self {
        WorkerCounters {
            commands: std::array::from_fn(|_| Latency::default()),
            memcache: Outcomes::default(),
            resp: Outcomes::default(),
            resp_errors: ErrorCounters::default(),
            plain_errors: Counter::default(),
            delete: HitMiss::default(),
            incr: HitMiss::default(),
            decr: HitMiss::default(),
            touch: HitMiss::default(),
            cas: HitMiss::default(),
            cas_badval: Counter::default(),
            login: HitMiss::default(),
        }
    }
}

impl Outcomes {
    /// Counts a read.
    #[inline]
    pub fn read(&self, outcome: Result<(), Absence>) {
        match outcome {
            Ok(()) => self.hits.add(1),
            Err(absence) => self.misses[reason(absence)].add(1),
        }
    }
}

/// The counters of all workers.
pub struct Counters {
    workers: Box<[CachePadded<WorkerCounters>]>,
}

impl Counters {
    /// For so many workers.
    pub fn new(workers: usize) -> Counters {
        Counters { workers: (0..workers).map(|_| CachePadded::new(WorkerCounters::default())).collect() }
    }

    /// One worker's own.
    pub fn worker(&self, worker: usize) -> &WorkerCounters {
        &self.workers[worker]
    }

    /// Sum of one counter over the workers.
    pub fn sum(&self, pick: impl Fn(&WorkerCounters) -> &Counter) -> u64 {
        self.workers.iter().map(|worker| pick(worker).get()).sum()
    }

    /// Writes that memory did not suffice for, over all protocols.
    pub fn no_memory(&self) -> u64 {
        self.sum(|worker| &worker.memcache.no_memory) + self.sum(|worker| &worker.resp.no_memory)
    }

    /// Calls of one command.
    pub fn calls(&self, index: CommandIndex) -> u64 {
        (0..=LATENCY_BUCKETS).map(|bucket| self.sum(|w| &w.commands[usize::from(index.0)].buckets[bucket])).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_durations_up_to_their_bound() {
        for (ns, bucket) in [(0, 0), (1, 0), (1000, 0), (1001, 1), (2000, 1), (2001, 2), (4000, 2), (4001, 3)] {
            assert_eq!(Latency::bucket(ns), bucket, "{ns} ns");
        }
        assert_eq!(Latency::bucket(u64::MAX), LATENCY_BUCKETS);
    }

    #[test]
    fn every_index_has_a_name() {
        for index in 0..COMMANDS {
            let (_, name) = CommandIndex(index as u8).describe();
            assert!(!name.is_empty());
        }
    }
}
