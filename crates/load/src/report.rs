//! What a run has found.

use crate::process::CpuTime;
use crate::tally::Tally;
use crate::{Histogram, Latency};

/// Something that should not be, and how often it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// In words.
    pub message: String,
    /// Times.
    pub count: u64,
}

/// What a run has found. Counts are those of the measurement, without preload and warm-up; problems are those of all.
#[derive(Clone, Debug)]
pub struct Report {
    /// It was stopped before its end.
    pub interrupted: bool,
    /// Keys that the preload has set.
    pub preloaded: u64,
    /// From the first request to the last reply, in seconds.
    pub elapsed_s: f64,
    /// Sent.
    pub requests: u64,
    /// Answered, with an error or without.
    pub replies: u64,
    /// Replies per second of `elapsed_s`.
    pub replies_per_s: f64,
    /// Keys that gets found a value for.
    pub hits: u64,
    /// Keys that gets found none for.
    pub misses: u64,
    /// Sets that were done.
    pub stored: u64,
    /// Sets that were not done, without an error.
    pub not_stored: u64,
    /// Error replies.
    pub failed: u64,
    /// Sent, and no reply came: the connection was given up, or the run was stopped.
    pub unanswered: u64,
    /// Due at the fixed rate, and not sent, as no connection was free.
    pub unsent: u64,
    /// Of requests.
    pub bytes_sent: u64,
    /// Of replies.
    pub bytes_received: u64,
    /// Gets and sets together.
    pub latency: Latency,
    /// Gets.
    pub get_latency: Latency,
    /// Sets.
    pub set_latency: Latency,
    /// Of latencies at a fixed rate, what at most was the load's own lateness: it sent late though a connection was free, or
    /// had not looked for the reply. None in a closed loop.
    pub load_latency: Option<Latency>,
    /// What is left of each latency without it.
    pub rest_latency: Option<Latency>,
    /// CPU time of the server's process during the measurement, in microseconds.
    pub server_cpu_us: Option<f64>,
    /// Time that its threads were ready to run and others, of its own or not, had the CPU, in microseconds.
    pub server_wait_us: Option<f64>,
    /// CPU time of the server's process per reply; none without replies.
    pub server_cpu_us_per_reply: Option<f64>,
    /// What should not be, the most frequent first.
    pub problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn new(tally: &Tally, elapsed_ns: u64, server_cpu: Option<CpuTime>) -> Self {
        let mut all = Histogram::new();
        all.add(&tally.get);
        all.add(&tally.set);
        let (replies, elapsed_s) = (tally.replies, elapsed_ns as f64 / 1e9);
        let server_cpu_us = server_cpu.map(|time| time.used_ns as f64 / 1000.0);
        let problem = |(words, count): (&str, u64)| Problem { message: words.to_owned(), count };
        Report {
            interrupted: false,
            preloaded: 0,
            elapsed_s,
            requests: tally.sent,
            replies,
            replies_per_s: if elapsed_ns == 0 { 0.0 } else { replies as f64 / elapsed_s },
            hits: tally.hits,
            misses: tally.misses,
            stored: tally.stored,
            not_stored: tally.not_stored,
            failed: tally.failed,
            unanswered: tally.unanswered,
            unsent: tally.unsent,
            bytes_sent: tally.bytes_sent,
            bytes_received: tally.bytes_received,
            latency: all.latency(),
            get_latency: tally.get.latency(),
            set_latency: tally.set.latency(),
            load_latency: (!tally.load.is_empty()).then(|| tally.load.latency()),
            rest_latency: (!tally.rest.is_empty()).then(|| tally.rest.latency()),
            server_cpu_us,
            server_wait_us: server_cpu.map(|time| time.waited_ns as f64 / 1000.0),
            server_cpu_us_per_reply: server_cpu_us.filter(|_| replies > 0).map(|us| us / replies as f64),
            problems: tally.all_problems().into_iter().map(problem).collect(),
        }
    }
}
