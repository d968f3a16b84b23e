//! What a phase counts.

use std::collections::BTreeMap;

use crate::Histogram;
use crate::dialect::{Got, Outcome};
use crate::workload::Kind;

/// Different problems that are told apart; further ones are counted together.
const MAX_PROBLEMS: usize = 32;
/// Words for the further ones.
const OTHER_PROBLEMS: &str = "other problems";

/// Counts and latencies of one thread, or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    /// Answered, with an error or without.
    pub(crate) replies: u64,
    /// Keys that had a value.
    pub(crate) hits: u64,
    /// Keys that had none.
    pub(crate) misses: u64,
    pub(crate) stored: u64,
    pub(crate) not_stored: u64,
    /// Error replies.
    pub(crate) failed: u64,
    /// Sent, and no reply came.
    pub(crate) unanswered: u64,
    /// Due at a fixed rate, and not sent.
    pub(crate) unsent: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) get: Histogram,
    pub(crate) set: Histogram,
    /// Of latencies at a fixed rate, what may have been the load's own lateness.
    pub(crate) load: Histogram,
    /// What is left of each without it.
    pub(crate) rest: Histogram,
    /// When the last reply came.
    pub(crate) last_reply_ns: u64,
    problems: BTreeMap<String, u64>,
}

impl Tally {
    /// On their way.
    pub(crate) fn outstanding(&self) -> u64 {
        self.sent - self.replies - self.unanswered
    }

    /// Counts a reply that took `latency_ns`.
    #[inline]
    pub(crate) fn count(&mut self, kind: Kind, outcome: Outcome, latency_ns: u64) {
        self.replies += 1;
        match kind {
            Kind::Get => self.get.record(latency_ns),
            Kind::Set => self.set.record(latency_ns),
        }
        match outcome {
            Outcome::Got(Got { hits, misses, odd_sizes }) => {
                self.hits += hits as u64;
                self.misses += misses as u64;
                if odd_sizes > 0 {
                    self.problems("a value of a length that was not set", odd_sizes as u64);
                }
            }
            Outcome::Stored => self.stored += 1,
            Outcome::NotStored => self.not_stored += 1,
            Outcome::Failed(message) => {
                self.failed += 1;
                self.problem(&format!("error reply: {message}"));
            }
        }
    }

    /// Of a reply that took `latency_ns`, so much at most was the load's own lateness.
    #[inline]
    pub(crate) fn count_lateness(&mut self, latency_ns: u64, load_ns: u64) {
        let load_ns = load_ns.min(latency_ns);
        self.load.record(load_ns);
        self.rest.record(latency_ns - load_ns);
    }

    /// Counts something that should not be.
    pub(crate) fn problem(&mut self, words: &str) {
        self.problems(words, 1);
    }

    fn problems(&mut self, words: &str, count: u64) {
        if let Some(known) = self.problems.get_mut(words) {
            *known += count;
        } else if self.problems.len() < MAX_PROBLEMS {
            self.problems.insert(words.to_owned(), count);
        } else {
            *self.problems.entry(OTHER_PROBLEMS.to_owned()).or_default() += count;
        }
    }

    /// Adds another thread's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.replies += other.replies;
        self.hits += other.hits;
        self.misses += other.misses;
        self.stored += other.stored;
        self.not_stored += other.not_stored;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.unsent += other.unsent;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.get.add(&other.get);
        self.set.add(&other.set);
        self.load.add(&other.load);
        self.rest.add(&other.rest);
        self.last_reply_ns = self.last_reply_ns.max(other.last_reply_ns);
        self.add_problems(other);
    }

    /// Adds another phase's problems only.
    pub(crate) fn add_problems(&mut self, other: &Self) {
        for (words, &count) in &other.problems {
            self.problems(words, count);
        }
    }

    /// All problems with how often each came up, the most frequent first.
    pub(crate) fn all_problems(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<_> = self.problems.iter().map(|(words, &count)| (words.as_str(), count)).collect();
        all.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PROBLEMS, OTHER_PROBLEMS, Tally};

    #[test]
    fn problems_are_bounded_and_none_is_lost() {
        let (mut all, mut other) = (Tally::default(), Tally::default());
        for number in 0..100 {
            all.problem(&format!("problem {number}"));
            other.problem("problem 0");
        }
        all.add(&other);
        let problems = all.all_problems();
        assert_eq!(problems.len(), MAX_PROBLEMS + 1);
        assert_eq!(problems[0], ("problem 0", 101));
        assert_eq!(problems[1], (OTHER_PROBLEMS, 100 - MAX_PROBLEMS as u64));
        assert_eq!(problems.iter().map(|(_, count)| count).sum::<u64>(), 200);
    }
}
