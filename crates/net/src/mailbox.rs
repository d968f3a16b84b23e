//! What other threads tell a worker: completions, new connections, the phase of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;

use crate::ConnectionId;
use crate::sys::Socket;
use crate::wake::Waker;

/// How far the server is on its way to stopping. Only ever grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Serving.
    Run,
    /// Connections close as soon as they have nothing to do.
    Drain,
    /// Everything closes now.
    Stop,
}

/// A connection on its way from the acceptor to its worker.
pub(crate) struct Arrival {
    pub(crate) socket: Socket,
    pub(crate) serial: u64,
    pub(crate) listener: usize,
    pub(crate) peer: Box<str>,
    pub(crate) local: Box<str>,
}

/// The part of a worker's mailbox that does not depend on its service.
pub(crate) struct Doorbell {
    /// Something was put in and not yet looked at.
    rung: AtomicBool,
    /// The worker sleeps or is about to; whoever clears it wakes it.
    asleep: AtomicBool,
    phase: AtomicU8,
    /// The worker's thread has ended.
    gone: AtomicBool,
    arrivals: Mutex<Vec<Arrival>>,
    waker: Waker,
}

impl Doorbell {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            rung: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            phase: AtomicU8::new(Phase::Run as u8),
            gone: AtomicBool::new(false),
            arrivals: Mutex::default(),
            waker,
        }
    }

    /// After putting something in. Costs a system call only if the worker sleeps.
    fn ring(&self) {
        // Sequentially consistent, as in `fall_asleep`: either we see that the worker sleeps, or it sees that we rang.
        self.rung.store(true, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.waker.wake();
        }
    }

    /// By the worker before it sleeps; false if something has come in.
    pub(crate) fn fall_asleep(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        let sleeps = !self.rung.load(Ordering::SeqCst);
        if !sleeps {
            self.wake_up();
        }
        sleeps
    }

    /// By the worker after it slept.
    pub(crate) fn wake_up(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// By the worker: true if it should look at what is in here. Clears the bell.
    #[inline]
    pub(crate) fn answer(&self) -> bool {
        self.rung.load(Ordering::Relaxed) && self.rung.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Run,
            1 => Phase::Drain,
            _ => Phase::Stop,
        }
    }

    pub(crate) fn advance_to(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.ring();
    }

    /// Hands a connection over; gives it back if the worker is gone.
    pub(crate) fn deliver(&self, arrival: Arrival) -> Result<(), Arrival> {
        let mut arrivals = self.arrivals.lock();
        // Under the lock, so that `leave` sees every arrival that got in.
        if self.is_gone() {
            return Err(arrival);
        }
        arrivals.push(arrival);
        drop(arrivals);
        self.ring();
        Ok(())
    }

    /// Moves what has arrived into `into`, which is empty.
    pub(crate) fn take_arrivals(&self, into: &mut Vec<Arrival>) {
        std::mem::swap(&mut *self.arrivals.lock(), into);
    }

    pub(crate) fn has_arrivals(&self) -> bool {
        !self.arrivals.lock().is_empty()
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// By the worker's thread at its end: nothing is delivered from now on, and what was is dropped.
    pub(crate) fn leave(&self) {
        let mut arrivals = self.arrivals.lock();
        self.gone.store(true, Ordering::Release);
        arrivals.clear();
    }
}

/// Posts completions to a worker from any thread, and wakes it.
pub struct Mailbox<T>(Arc<Inner<T>>);

struct Inner<T> {
    doorbell: Arc<Doorbell>,
    completions: Mutex<Vec<(ConnectionId, T)>>,
}

impl<T: Send + 'static> Mailbox<T> {
    pub(crate) fn new(doorbell: Arc<Doorbell>) -> Self {
        Self(Arc::new(Inner { doorbell, completions: Mutex::default() }))
    }

    /// Never blocks. Bounded by the connections: one completion per parked request. Dropped if the worker is gone.
    pub fn post(&self, connection: ConnectionId, completion: T) {
        self.0.completions.lock().push((connection, completion));
        if self.0.doorbell.is_gone() {
            // Looked at after putting it in: what the worker's thread did not find at its end is found here.
            self.discard();
        } else {
            self.0.doorbell.ring();
        }
    }

    /// Drops what was posted and nobody will take.
    pub(crate) fn discard(&self) {
        // Dropped when the lock is released: a completion may post another one.
        let unwanted = std::mem::take(&mut *self.0.completions.lock());
        drop(unwanted);
    }

    /// Moves what was posted into `into`, which is empty.
    pub(crate) fn take(&self, into: &mut Vec<(ConnectionId, T)>) {
        std::mem::swap(&mut *self.0.completions.lock(), into);
    }
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox() -> (Arc<Doorbell>, Mailbox<Arc<()>>) {
        let poll = mio::Poll::new().expect("poll");
        let waker = mio::Waker::new(poll.registry(), mio::Token(0)).expect("waker");
        let doorbell = Arc::new(Doorbell::new(Waker::Mio(waker)));
        (Arc::clone(&doorbell), Mailbox::new(doorbell))
    }

    #[test]
    fn completions_do_not_outlive_the_worker() {
        let (doorbell, mailbox) = mailbox();
        let completion = Arc::new(());
        mailbox.post(ConnectionId(1), Arc::clone(&completion));
        assert_eq!(Arc::strong_count(&completion), 2);
        // What a worker's thread does at its end; the mailbox itself lives on with whoever has one.
        doorbell.leave();
        mailbox.discard();
        assert_eq!(Arc::strong_count(&completion), 1);
        mailbox.post(ConnectionId(1), Arc::clone(&completion));
        assert_eq!(Arc::strong_count(&completion), 1);
    }

    #[test]
    fn a_worker_that_does_not_sleep_is_not_woken() {
        let (doorbell, mailbox) = mailbox();
        mailbox.post(ConnectionId(1), Arc::default());
        assert!(!doorbell.fall_asleep(), "something is in it");
        assert!(!doorbell.asleep.load(Ordering::Relaxed));
        assert!(doorbell.answer() && !doorbell.answer());
        assert!(doorbell.fall_asleep());
        mailbox.post(ConnectionId(1), Arc::default());
        assert!(!doorbell.asleep.load(Ordering::Relaxed), "the first one wakes it, the next need not");
    }
}
