//! The thread that accepts connections and hands them to workers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::counters::Counters;
use crate::event::Observer;
use crate::listener::{Accepted, Listening};
use crate::mailbox::{Arrival, Doorbell};

/// Connections accepted from one listener before the next has its turn.
const ACCEPTS: usize = 64;
/// Between two attempts while file descriptors are short.
const RETRY: Duration = Duration::from_millis(50);
/// The token of the waker; listeners count from zero.
pub(crate) const WAKE: Token = Token(usize::MAX);

/// Accepts until told to stop.
pub(crate) struct Acceptor {
    pub(crate) poll: Poll,
    pub(crate) listeners: Vec<Listening>,
    pub(crate) workers: Vec<Arc<Doorbell>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) max_connections: usize,
    pub(crate) observer: Observer,
    pub(crate) stop: Arc<AtomicBool>,
}

/// Accepting is paused since `since`, and is tried again at `retry_at`.
struct Pause {
    since: Instant,
    retry_at: Instant,
}

impl Acceptor {
    /// Has the listeners watched. Before the thread starts, so that failure is an error of the start.
    pub(crate) fn register(&mut self) -> io::Result<()> {
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            listener.register(self.poll.registry(), Token(index))?;
        }
        Ok(())
    }

    /// The thread's body. Listeners close, and socket files go, when it returns.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(self.listeners.len() + 1);
        // Edges: a listener stays ready until `accept` says otherwise.
        let mut ready = vec![false; self.listeners.len()];
        let mut pause: Option<Pause> = None;
        while !self.stop.load(Ordering::Acquire) {
            let timeout = match &pause {
                Some(pause) => Some(pause.retry_at.saturating_duration_since(Instant::now())),
                None => ready.contains(&true).then_some(Duration::ZERO),
            };
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.observer.tell(true, "ACCEPT_FAILED", format!("accepting has ended: {error}"));
                return;
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                ready[event.token().0] = true;
            }
            if pause.as_ref().is_none_or(|pause| pause.retry_at <= Instant::now()) {
                self.accept_all(&mut ready, &mut pause);
            }
        }
        self.end_pause(&mut pause);
    }

    fn accept_all(&self, ready: &mut [bool], pause: &mut Option<Pause>) {
        for (index, ready) in ready.iter_mut().enumerate().filter(|(_, ready)| **ready) {
            for _ in 0..ACCEPTS {
                match self.listeners[index].accept() {
                    Ok(accepted) => {
                        self.end_pause(pause);
                        self.hand_over(index, accepted);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        *ready = false;
                        break;
                    }
                    Err(error) if of_one_connection(&error) => {}
                    Err(error) => return self.pause(pause, &error),
                }
            }
        }
        self.end_pause(pause);
    }

    /// Descriptors or memory are short: connections wait in the backlog.
    fn pause(&self, pause: &mut Option<Pause>, error: &io::Error) {
        let now = Instant::now();
        if pause.is_none() {
            self.counters.acceptor().accept_paused();
            self.observer.tell(true, "ACCEPT_PAUSED", format!("accepting is paused: {error}"));
        }
        let since = pause.as_ref().map_or(now, |pause| pause.since);
        *pause = Some(Pause { since, retry_at: now + RETRY });
    }

    fn end_pause(&self, pause: &mut Option<Pause>) {
        if let Some(pause) = pause.take() {
            let paused = pause.since.elapsed();
            self.counters.acceptor().accept_was_paused(paused.as_micros() as u64);
            self.observer.tell(false, "ACCEPT_RESUMED", format!("accepting goes on after {} ms", paused.as_millis()));
        }
    }

    fn hand_over(&self, listener: usize, accepted: Accepted) {
        if self.counters.connections() >= self.max_connections as u64 {
            return self.refuse(listener, &accepted);
        }
        let serial = self.counters.acceptor().accepted();
        let Accepted { socket, peer, local } = accepted;
        let mut arrival = Arrival { socket, serial, listener, peer, local };
        while let Some(worker) = self.least_loaded() {
            let counters = self.counters.worker(worker);
            counters.connection_opened();
            match self.workers[worker].deliver(arrival) {
                Ok(()) => return,
                // The worker ended in between.
                Err(back) => arrival = back,
            }
            counters.connection_abandoned();
        }
        self.observer.tell(true, "ACCEPT_FAILED", "no worker is left to take a connection".into());
    }

    fn least_loaded(&self) -> Option<usize> {
        let alive = (0..self.workers.len()).filter(|&worker| !self.workers[worker].is_gone());
        alive.min_by_key(|&worker| self.counters.worker(worker).connections())
    }

    fn refuse(&self, listener: usize, accepted: &Accepted) {
        self.counters.acceptor().refused();
        // A fresh socket has room for a line; a peer that has gone already does not miss it.
        accepted.socket.send(self.listeners[listener].refusal()).ok();
        accepted.socket.end_sending();
        let message = format!("connection refused: {} are open (max_connections)", self.max_connections);
        self.observer.tell(true, "CONNECTIONS_REFUSED", message);
    }
}

/// Errors of the connection that was to be accepted, not of accepting (see accept(2)).
fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::EINTR
                | libc::EPROTO
                | libc::EPERM
                | libc::ENETDOWN
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP
        )
    )
}
