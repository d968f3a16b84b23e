//! Counters of the network side: one cache-padded block per worker, written by its owner alone, summed on reading.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

use crate::CloseReason;

/// Number of `CloseReason`s.
const REASONS: usize = 7;

/// Cache-padded relaxed counters, per worker inside, summed on reading.
pub struct Counters {
    workers: Box<[CachePadded<WorkerCounters>]>,
    acceptor: CachePadded<AcceptorCounters>,
    /// What `reset` subtracts: owners write without read-modify-write cycles, so nobody else may store zeroes.
    baseline: Mutex<CountersSnapshot>,
}

/// A reading of `Counters`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountersSnapshot {
    /// Gauge.
    pub connections: u64,
    /// Accepted so far.
    pub accepted: u64,
    /// Refused at max_connections.
    pub refused: u64,
    /// Closed, by reason in the order of `CloseReason`.
    pub closed: [u64; REASONS],
    /// Bytes.
    pub bytes_read: u64,
    /// Bytes.
    pub bytes_written: u64,
    /// Turns that yielded.
    pub yields: u64,
    /// Times reading was paused because the peer did not read.
    pub output_pauses: u64,
    /// Times accepting was paused for want of file descriptors.
    pub accept_pauses: u64,
    /// Microseconds of that.
    pub accept_paused_us: u64,
    /// Receives that found no provided buffer (io_uring).
    pub buffer_starvations: u64,
    /// Bytes of buffers that the pools hold now. Gauge.
    pub buffer_bytes: u64,
}

/// One worker's block.
#[derive(Default)]
pub(crate) struct WorkerCounters {
    /// Gauge; the acceptor adds, the worker subtracts.
    connections: AtomicU64,
    closed: [AtomicU64; REASONS],
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    yields: AtomicU64,
    output_pauses: AtomicU64,
    buffer_starvations: AtomicU64,
    buffer_bytes: AtomicU64,
}

/// The acceptor's block.
#[derive(Default)]
pub(crate) struct AcceptorCounters {
    accepted: AtomicU64,
    refused: AtomicU64,
    accept_pauses: AtomicU64,
    accept_paused_us: AtomicU64,
}

/// Adds where this thread is the only writer: no locked instruction.
#[inline]
fn bump(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}

impl Counters {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: (0..workers).map(|_| CachePadded::default()).collect(),
            acceptor: CachePadded::default(),
            baseline: Mutex::default(),
        }
    }

    pub(crate) fn worker(&self, index: usize) -> &WorkerCounters {
        &self.workers[index]
    }

    pub(crate) fn acceptor(&self) -> &AcceptorCounters {
        &self.acceptor
    }

    /// Open connections over all workers.
    pub(crate) fn connections(&self) -> u64 {
        self.workers.iter().map(|worker| worker.connections()).sum()
    }

    /// Sum over the workers.
    pub fn snapshot(&self) -> CountersSnapshot {
        let mut sum = self.sum();
        let base = self.baseline.lock();
        for (field, base) in sum.counters_mut().into_iter().zip(base.counters()) {
            *field = field.wrapping_sub(base);
        }
        sum
    }

    /// Connections per worker.
    pub fn connections_by_worker(&self) -> Vec<u64> {
        self.workers.iter().map(|worker| worker.connections()).collect()
    }

    /// Zeroes the counters, not the gauges.
    pub fn reset(&self) {
        *self.baseline.lock() = self.sum();
    }

    fn sum(&self) -> CountersSnapshot {
        let mut sum = CountersSnapshot {
            accepted: self.acceptor.accepted.load(Relaxed),
            refused: self.acceptor.refused.load(Relaxed),
            accept_pauses: self.acceptor.accept_pauses.load(Relaxed),
            accept_paused_us: self.acceptor.accept_paused_us.load(Relaxed),
            ..CountersSnapshot::default()
        };
        for worker in &self.workers {
            sum.connections += worker.connections();
            for (total, part) in sum.closed.iter_mut().zip(&worker.closed) {
                *total += part.load(Relaxed);
            }
            sum.bytes_read += worker.bytes_read.load(Relaxed);
            sum.bytes_written += worker.bytes_written.load(Relaxed);
            sum.yields += worker.yields.load(Relaxed);
            sum.output_pauses += worker.output_pauses.load(Relaxed);
            sum.buffer_starvations += worker.buffer_starvations.load(Relaxed);
            sum.buffer_bytes += worker.buffer_bytes.load(Relaxed);
        }
        sum
    }
}

impl CountersSnapshot {
    /// Everything that `reset` zeroes, in one order.
    fn counters_mut(&mut self) -> [&mut u64; 9 + REASONS] {
        let [c0, c1, c2, c3, c4, c5, c6] = &mut self.closed;
        [
            &mut self.accepted,
            &mut self.refused,
            &mut self.bytes_read,
            &mut self.bytes_written,
            &mut self.yields,
            &mut self.output_pauses,
            &mut self.accept_pauses,
            &mut self.accept_paused_us,
            &mut self.buffer_starvations,
            c0,
            c1,
            c2,
            c3,
            c4,
            c5,
            c6,
        ]
    }

    fn counters(&self) -> [u64; 9 + REASONS] {
        let mut copy = *self;
        copy.counters_mut().map(|value| *value)
    }
}

impl WorkerCounters {
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// By the acceptor, before the connection is handed over.
    pub(crate) fn connection_opened(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    /// A connection that never reached the service. The worker may have ended, and with it the gauge, since it was opened.
    pub(crate) fn connection_abandoned(&self) {
        let subtract = |connections: u64| Some(connections.saturating_sub(1));
        self.connections.fetch_update(Relaxed, Relaxed, subtract).ok();
    }

    pub(crate) fn connection_closed(&self, reason: CloseReason) {
        bump(&self.closed[reason as usize], 1);
        self.connections.fetch_sub(1, Relaxed);
    }

    /// The worker is gone, and all its connections and buffers with it.
    pub(crate) fn worker_ended(&self) {
        self.connections.store(0, Relaxed);
        self.buffer_bytes.store(0, Relaxed);
    }

    #[inline]
    pub(crate) fn read(&self, bytes: usize) {
        bump(&self.bytes_read, bytes as u64);
    }

    #[inline]
    pub(crate) fn written(&self, bytes: usize) {
        bump(&self.bytes_written, bytes as u64);
    }

    pub(crate) fn yielded(&self) {
        bump(&self.yields, 1);
    }

    pub(crate) fn output_paused(&self) {
        bump(&self.output_pauses, 1);
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn starved(&self) {
        bump(&self.buffer_starvations, 1);
    }

    #[inline]
    pub(crate) fn set_buffer_bytes(&self, bytes: usize) {
        self.buffer_bytes.store(bytes as u64, Relaxed);
    }
}

impl AcceptorCounters {
    /// Counts an accepted connection and gives it its serial number, from 1.
    pub(crate) fn accepted(&self) -> u64 {
        bump(&self.accepted, 1);
        self.accepted.load(Relaxed)
    }

    pub(crate) fn refused(&self) {
        bump(&self.refused, 1);
    }

    pub(crate) fn accept_paused(&self) {
        bump(&self.accept_pauses, 1);
    }

    pub(crate) fn accept_was_paused(&self, us: u64) {
        bump(&self.accept_paused_us, us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_does_not_go_below_zero() {
        let counters = Counters::new(2);
        counters.worker(1).connection_opened();
        counters.worker(0).connection_opened();
        // The worker ends before it takes the connection, which goes to another one.
        counters.worker(0).worker_ended();
        counters.worker(0).connection_abandoned();
        assert_eq!(counters.connections(), 1);
    }

    #[test]
    fn everything_but_gauges_is_reset() {
        let counters = Counters::new(1);
        let worker = counters.worker(0);
        worker.connection_opened();
        worker.connection_opened();
        worker.connection_closed(CloseReason::Peer);
        worker.read(1);
        worker.written(1);
        worker.yielded();
        worker.output_paused();
        #[cfg(target_os = "linux")]
        worker.starved();
        counters.acceptor().accepted();
        counters.acceptor().refused();
        counters.acceptor().accept_paused();
        counters.acceptor().accept_was_paused(1);
        counters.reset();
        let zeroes = CountersSnapshot { connections: 1, ..CountersSnapshot::default() };
        assert_eq!(format!("{:?}", counters.snapshot()), format!("{zeroes:?}"));
    }

    #[test]
    fn reset_zeroes_counters_and_keeps_gauges() {
        let counters = Counters::new(2);
        counters.worker(0).connection_opened();
        counters.worker(1).connection_opened();
        counters.worker(1).connection_opened();
        counters.worker(1).connection_closed(CloseReason::Error);
        counters.worker(0).read(10);
        counters.worker(1).set_buffer_bytes(4096);
        assert_eq!(counters.acceptor().accepted(), 1);
        counters.reset();
        let reading = counters.snapshot();
        assert_eq!((reading.connections, reading.buffer_bytes), (2, 4096));
        assert_eq!((reading.bytes_read, reading.accepted, reading.closed), (0, 0, [0; REASONS]));
        counters.worker(0).read(5);
        assert_eq!(counters.snapshot().bytes_read, 5);
        assert_eq!(counters.acceptor().accepted(), 2, "serial numbers survive a reset");
    }
}
