//! A worker: one thread, its connections and its service, over either runtime.

mod housekeeping;
mod mail;
mod turns;

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::buffer::chain::OutputPool;
use crate::buffer::pool::BufferPool;
use crate::connection::Key;
use crate::counters::{Counters, WorkerCounters};
use crate::event_loop::{EventLoop, Linked};
use crate::mailbox::{Arrival, Doorbell, Mailbox, Phase};
use crate::slots::Slots;
use crate::{ConnectionId, NetOptions, Service, clock};
use housekeeping::Housekeeping;

/// Connections that can be queued at first without growing the list.
const READY: usize = 1024;

/// What a worker shares with the rest of the server.
pub(crate) struct Shared<T> {
    /// Index of the worker.
    pub(crate) index: usize,
    pub(crate) options: Arc<NetOptions>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) doorbell: Arc<Doorbell>,
    pub(crate) mailbox: Mailbox<T>,
}

/// The pools of a worker, made in its thread.
pub(crate) struct Pools<B> {
    pub(crate) read: Rc<BufferPool>,
    pub(crate) output: Rc<OutputPool<B>>,
}

impl<B> Pools<B> {
    pub(crate) fn new(options: &NetOptions) -> Self {
        let read = Rc::new(BufferPool::new(options.read_buffer_size));
        // One pool where the units agree: what one side frees the other uses while it is still in the CPU's cache.
        let write = if options.write_buffer_size == options.read_buffer_size {
            Rc::clone(&read)
        } else {
            Rc::new(BufferPool::new(options.write_buffer_size))
        };
        Self { read, output: Rc::new(OutputPool::new(write)) }
    }

    fn held_bytes(&self) -> usize {
        let write = &self.output.buffers;
        self.read.held_bytes() + if Rc::ptr_eq(&self.read, write) { 0 } else { write.held_bytes() }
    }
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every connection had finished by itself.
    Drained,
    /// Some were closed with work left.
    Forced,
}

/// One thread's connections, service and event loop.
///
/// The order of the fields is the order of dropping: the loop, which waits for the kernel to let go of the connections'
/// memory; the connections; the pools that the memory is from.
pub(crate) struct Worker<S: Service, E: EventLoop<S>> {
    events: E,
    slots: Slots<Linked<S, E>>,
    service: S,
    pools: Pools<S::Body>,
    shared: Shared<S::Completion>,
    /// To be looked at in this tick or the next.
    ready: VecDeque<Key>,
    phase: Phase,
    forced: bool,
    now_ms: u64,
    housekeeping: Housekeeping,
    /// Emptied each time; kept for their memory.
    completions: Vec<(ConnectionId, S::Completion)>,
    arrivals: Vec<Arrival>,
}

impl<S: Service, E: EventLoop<S>> Worker<S, E> {
    pub(crate) fn new(shared: Shared<S::Completion>, events: E, service: S, pools: Pools<S::Body>) -> Self {
        let now_ms = clock::ms_of(clock::monotonic_ns());
        Self {
            slots: Slots::new(),
            events,
            service,
            pools,
            ready: VecDeque::with_capacity(READY),
            phase: Phase::Run,
            forced: false,
            now_ms,
            housekeeping: Housekeeping::new(&shared.options, now_ms),
            completions: Vec::new(),
            arrivals: Vec::new(),
            shared,
        }
    }

    /// Serves until the server has stopped.
    pub(crate) fn run(mut self) -> io::Result<Ended> {
        loop {
            self.wait()?;
            self.tick();
            if self.phase > Phase::Run && self.slots.len() == 0 && !self.shared.doorbell.has_arrivals() {
                return Ok(if self.forced { Ended::Forced } else { Ended::Drained });
            }
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        if !self.ready.is_empty() || !self.shared.doorbell.fall_asleep() {
            return self.events.wait(Some(Duration::ZERO));
        }
        let result = self.events.wait(self.next_housekeeping());
        self.shared.doorbell.wake_up();
        result
    }

    fn tick(&mut self) {
        let arrived_ns = clock::monotonic_ns();
        self.now_ms = clock::ms_of(arrived_ns);
        if self.shared.doorbell.answer() {
            self.read_mail();
        }
        while let Some((key, event)) = self.events.next_event() {
            self.note(key, event);
        }
        // What is queued from here on waits for the next tick.
        let mut left = self.ready.len();
        while left > 0 {
            left -= self.run_batch(left, arrived_ns);
        }
        while let Some(key) = self.events.next_revived() {
            self.revive(key);
        }
        self.keep_house();
        self.service.end_of_tick();
        self.publish_buffers();
    }

    /// Shows how many bytes of buffers the worker holds.
    pub(crate) fn publish_buffers(&self) {
        self.counters().set_buffer_bytes(self.pools.held_bytes() + self.events.buffer_bytes());
    }

    fn counters(&self) -> &WorkerCounters {
        self.shared.counters.worker(self.shared.index)
    }

    /// A readiness or completion. Those for connections that are gone find nothing.
    fn note(&mut self, key: Key, event: E::Event) {
        let Some(connection) = self.slots.get_mut(key) else { return };
        let counters = self.shared.counters.worker(self.shared.index);
        let look = self.events.apply(connection, event, counters);
        if connection.state.is_none() {
            if self.events.settle(connection) {
                drop(self.slots.take(key));
                self.slots.release(key);
            }
        } else if look || connection.broken.is_some() || self.phase > Phase::Run {
            self.enqueue(key);
        }
    }

    /// Has the connection looked at in this tick, or in the next if this one's list is already being worked on.
    fn enqueue(&mut self, key: Key) {
        if let Some(connection) = self.slots.get_mut(key)
            && !connection.queued
        {
            connection.queued = true;
            self.ready.push_back(key);
        }
    }
}
