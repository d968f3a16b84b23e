//! The runtime over io_uring: one ring per worker, multishot receives into provided buffers, one `io_uring_enter` per
//! tick.
//!
//! A send is first tried without waiting (MSG_DONTWAIT), so it is over when `enter` has handed it over. The first few of
//! a tick, where nothing depends on the moment of their end, are *quiet* besides: they post a completion only if they
//! fail, so that `enter` does not return merely to say that replies went out. What does not fit into the socket is sent
//! again in the waiting way, or where that does not work when a poll says that there is room.
//!
//! Left out, for the kernel's errors in them or for want of a gain here: incremental buffers, bundles, zero-copy sends.

mod completions;
mod files;
mod link;
pub(crate) mod probe;
mod provided;
mod receive;
mod ring;
mod send;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use io_uring::types::{CancelBuilder, Fd};
use io_uring::{opcode, squeue};

use crate::buffer::pool::BufferPool;
use crate::buffer::{Buffer, Origin};
use crate::connection::Key;
use crate::counters::WorkerCounters;
use crate::event_loop::{Context, EventLoop, Linked};
use crate::sys::Socket;
use crate::{CloseReason, NetOptions, Service};
use completions::Completion;
use files::Files;
use link::{Link, Op};
use provided::Provided;
use ring::Ring;
use send::{Frames, Mode, Target};

/// Operations that are queued before they are handed over early.
const SUBMISSIONS: u32 = 1024;
/// Completions that fit into the ring; more wait in the kernel.
const COMPLETIONS: u32 = 8192;
/// Bytes of provided buffers per worker, and bounds of their number.
const PROVIDED_BYTES: usize = 4 << 20;
const PROVIDED_COUNT: std::ops::RangeInclusive<usize> = 64..=1024;
/// Provided buffers that wait with one connection before its receive is cancelled, and how few before it is armed again.
const HELD_HIGH: usize = 16;
const HELD_LOW: usize = 2;
/// Quiet sends of a tick; their buffers are held until the next. With more sends than that another `enter` costs little.
const QUIET_SENDS: usize = 64;
/// How long the end of a worker waits for the kernel to let go of its memory.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// io_uring.
pub(crate) struct Uring {
    ring: Ring,
    files: Files,
    provided: Provided,
    completions: Vec<Completion>,
    next: usize,
    /// Connections with a quiet send since the last `enter`, and before it.
    quiet: Vec<Key>,
    quiet_done: Vec<Key>,
    /// Something waits for the end of a quiet send after all: the next `enter` does not sleep.
    hurry: bool,
    /// Longest quiet send: within it a connection is not paused for its unsent output.
    quiet_limit: usize,
    /// Connections whose receive found no provided buffer.
    starved: VecDeque<Key>,
    wake: File,
    /// Where the wake-up's count is read to.
    wake_count: Box<u64>,
    wake_armed: bool,
    pool: Rc<BufferPool>,
    /// Whose buffers may be in flight.
    pools: [Rc<BufferPool>; 2],
    frames: Frames,
}

impl Uring {
    /// A loop for the calling thread. `wake` is the eventfd that ends its sleep; `read` and `write` are the pools of the
    /// worker.
    pub(crate) fn new(
        options: &NetOptions,
        wake: File,
        read: &Rc<BufferPool>,
        write: &Rc<BufferPool>,
    ) -> io::Result<Self> {
        let ring = Ring::new(SUBMISSIONS, COMPLETIONS)?;
        let stride = options.read_buffer_size;
        let count = (PROVIDED_BYTES / stride).clamp(*PROVIDED_COUNT.start(), *PROVIDED_COUNT.end());
        // A power of two of at most 1024.
        let count = (count + 1).next_power_of_two() / 2;
        let provided = Provided::new(&ring, count as u16, stride)?;
        Ok(Self {
            completions: Vec::with_capacity(ring.completions()),
            files: Files::new(&ring, options.max_connections),
            ring,
            provided,
            next: 0,
            quiet: Vec::with_capacity(QUIET_SENDS),
            quiet_done: Vec::with_capacity(QUIET_SENDS),
            hurry: false,
            quiet_limit: options.output_pause.min(options.write_buffer_size),
            starved: VecDeque::with_capacity(count),
            wake,
            wake_count: Box::default(),
            wake_armed: false,
            pool: Rc::clone(read),
            pools: [Rc::clone(read), Rc::clone(write)],
            frames: Frames::new(),
        })
    }

    /// Queues an operation of a connection.
    ///
    /// # Safety
    /// As `Ring::push`.
    unsafe fn start<B>(&mut self, link: &mut Link<B>, key: Key, op: Op, entry: squeue::Entry) {
        link.operations += 1;
        // SAFETY: the caller's contract.
        unsafe { self.ring.push(&entry.user_data(link::user_data(key, op))) };
    }

    fn arm_wake(&mut self) {
        if !self.wake_armed {
            self.wake_armed = true;
            let to = (&raw mut *self.wake_count).cast::<u8>();
            let entry = opcode::Read::new(Fd(self.wake.as_raw_fd()), to, size_of::<u64>() as u32).build();
            // SAFETY: the count is boxed and outlives the operation (see `drop`); nobody reads or writes it meanwhile.
            unsafe { self.ring.push(&entry.user_data(link::WAKE)) };
        }
    }

    fn reap(&mut self) -> io::Result<()> {
        self.completions.clear();
        self.next = 0;
        // All of the older ones were taken by `next_event`.
        std::mem::swap(&mut self.quiet, &mut self.quiet_done);
        let Self { ring, completions, wake_armed, .. } = self;
        ring.reap(|entry| match entry.user_data() {
            link::WAKE => *wake_armed = false,
            bits => completions.push(Completion::new(bits, entry)),
        })
    }

    /// Gives a buffer back to where it is from.
    fn release(&mut self, buffer: Option<Buffer>) {
        match buffer {
            Some(buffer) if buffer.origin() == Origin::Pool => self.pool.release(buffer),
            Some(buffer) => self.provided.recycle(buffer),
            None => {}
        }
    }

    /// Starts sending what is frozen in `link.sending`.
    fn send<S: Service>(&mut self, connection: &mut Linked<S, Self>, mode: Mode) -> Result<(), CloseReason> {
        let link = &mut connection.link;
        let to = if link.registered { Target::Slot(connection.key.slot) } else { Target::Fd(connection.socket.fd()) };
        let send = send::prepare(to, &link.sending, mode, &mut self.frames).ok_or(CloseReason::Error)?;
        link.frame = send.frame;
        link.asked = send.asked;
        link.in_flight = true;
        link.quiet = mode == Mode::Quiet;
        link.fresh = matches!(mode, Mode::Quiet | Mode::Prompt);
        // SAFETY: `sending` is neither changed nor dropped, and the frame kept, until this send's completion: `close`
        // leaves both alone and the slot is not released before. If the worker ends early the link leaks both, and
        // `drop` cancels all before the pools go that the buffers are of.
        unsafe { self.start(link, connection.key, Op::Send, send.entry) };
        Ok(())
    }

    /// Has the kernel tell when the socket has room.
    ///
    /// A waiting send ends at once, without having sent anything, where the peer has ended its side: the kernel counts
    /// that as readiness for everything. A multishot poll tells it once and then only what is new.
    fn poll_for_room<B>(&mut self, link: &mut Link<B>, key: Key, fd: Fd) {
        if !link.polled {
            link.polled = true;
            let entry = opcode::PollAdd::new(fd, libc::POLLOUT as u32).multi(true).build();
            // SAFETY: a poll refers to no memory.
            unsafe { self.start(link, key, Op::Room, entry) };
        }
    }

    /// Nothing waits for the end of the send that is about to start, and little is held until the next tick.
    fn may_be_quiet<S: Service>(&self, connection: &Linked<S, Self>) -> bool {
        let link = &connection.link;
        self.quiet.len() < QUIET_SENDS
            && !link.watched
            && connection.ending.is_none()
            && !connection.output_paused
            && link.sending.len() <= self.quiet_limit
            && link.sending.single().is_some()
    }

    /// Has the kernel tell, once, that the peer has ended its side, closed or reset.
    ///
    /// A multishot receive tells it too, but not always: where a reset is behind data, it takes the data when it is woken, finds
    /// nothing more to be read, and waits for a wake-up that has been (kernels from 5.19 on; see liburing's issue 1549).
    /// The connection would stay for ever. Receives of one buffer each see the reset once the data is taken.
    fn poll_for_end<B>(&mut self, link: &mut Link<B>, key: Key, fd: Fd) {
        if !std::mem::replace(&mut link.end_polled, true) {
            let entry = opcode::PollAdd::new(fd, libc::POLLRDHUP as u32).build();
            // SAFETY: a poll refers to no memory.
            unsafe { self.start(link, key, Op::End, entry) };
        }
    }

    /// Arms or cancels the receive, as is wanted.
    fn arm<S: Service>(&mut self, connection: &mut Linked<S, Self>, wanted: bool) {
        let link = &mut connection.link;
        let key = connection.key;
        let fd = Fd(connection.socket.fd());
        self.poll_for_end(link, key, fd);
        if !link.armed {
            let in_vain = link.starved && self.provided.free() == 0;
            if wanted && !link.end_seen && !in_vain && link.held.len() <= HELD_LOW {
                link.armed = true;
                link.multishot = !link.end_told;
                let entry = self.receive_entry(fd, link.multishot);
                // SAFETY: it writes only into provided buffers, which outlive the ring's operations.
                unsafe { self.start(link, key, Op::Receive, entry) };
            }
        } else if !link.cancelling
            && (!wanted || link.held.len() >= HELD_HIGH || (link.end_told && link.multishot && !link.end_seen))
        {
            link.cancelling = true;
            let receive = link::user_data(key, Op::Receive);
            let entry = opcode::AsyncCancel::new(receive).build();
            // SAFETY: a cancellation refers to no memory.
            unsafe { self.start(link, key, Op::Cancel, entry) };
        }
    }
}

impl Drop for Uring {
    fn drop(&mut self) {
        // After a panic or a failure operations may be in flight; their memory must not go before them.
        if self.ring.cancel_all(CANCEL_PATIENCE).is_err() {
            self.provided.leak();
            std::mem::forget((std::mem::take(&mut self.wake_count), self.pools.clone()));
        }
    }
}

impl<S: Service> EventLoop<S> for Uring {
    type Link = Link<S::Body>;
    type Event = Completion;

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.arm_wake();
        self.provided.publish();
        let at_once = timeout == Some(Duration::ZERO) || std::mem::take(&mut self.hurry);
        let (want, timeout) = if at_once { (0, None) } else { (1, timeout) };
        self.ring.enter(want, timeout)?;
        self.reap()
    }

    #[inline]
    fn next_event(&mut self) -> Option<(Key, Completion)> {
        if let Some(completion) = self.completions.get(self.next).copied() {
            self.next += 1;
            return Some((completion.key(), completion));
        }
        // After the completions, among which those of quiet sends that failed are.
        let key = self.quiet_done.pop()?;
        Some((key, Completion::of_quiet(key)))
    }

    fn attach(&mut self, key: Key, socket: &Socket) -> io::Result<Link<S::Body>> {
        // Armed when the connection first rests.
        let mut link = Link::default();
        link.registered = self.files.put(&self.ring, key, socket.fd());
        Ok(link)
    }

    #[inline]
    fn apply(&mut self, connection: &mut Linked<S, Self>, event: Completion, counters: &WorkerCounters) -> bool {
        self.complete(connection, event, counters)
    }

    #[inline]
    fn receive(&mut self, connection: &mut Linked<S, Self>, context: &mut Context<'_, S>) {
        self.receive_held(connection, context);
    }

    #[inline]
    fn has_more(&self, connection: &Linked<S, Self>) -> bool {
        !connection.link.held.is_empty() || (connection.link.end_seen && !connection.end_of_input)
    }

    fn is_quiet(&mut self, connection: &Linked<S, Self>) -> bool {
        // An `enter` completes what has come for some connections only, and for none that has no receive (starved, or
        // accepted just now). In this order, for what leaves the socket becomes a completion.
        connection.link.held.is_empty()
            && (connection.link.end_seen || !connection.socket.has_unread())
            && !self.ring.has_completions()
    }

    fn suspect(&mut self, connection: &mut Linked<S, Self>) {
        // What it has sent or will have sent is asked for by `is_quiet`.
        connection.link.watched = true;
    }

    #[inline]
    fn flush(&mut self, connection: &mut Linked<S, Self>, _counters: &WorkerCounters) -> Result<(), CloseReason> {
        let link = &connection.link;
        if !link.sending.is_empty() {
            self.hurry |= link.quiet && (!connection.output.is_empty() || connection.ending.is_some() || link.watched);
            return Ok(());
        }
        if connection.output.is_empty() {
            return Ok(());
        }
        connection.link.sending = connection.output.take_pending();
        let quiet = self.may_be_quiet(connection);
        if quiet {
            self.quiet.push(connection.key);
        }
        self.send(connection, if quiet { Mode::Quiet } else { Mode::Prompt })
    }

    #[inline]
    fn may_send(&self, _connection: &Linked<S, Self>) -> bool {
        // Completions lead to the next send.
        false
    }

    #[inline]
    fn unsent(&self, connection: &Linked<S, Self>) -> usize {
        connection.output.len() + connection.link.sending.len()
    }

    #[inline]
    fn stuck(&self, connection: &Linked<S, Self>) -> usize {
        let link = &connection.link;
        // What waits behind a first attempt counts, or a connection would get turns for as long as those succeed.
        let offered = if link.fresh { link.asked } else { 0 };
        connection.output.len() + link.sending.len() - offered
    }

    #[inline]
    fn rest(&mut self, connection: &mut Linked<S, Self>, wanted: bool) {
        if connection.ending.is_some() {
            self.drop_input(connection);
        } else if !connection.queued {
            self.stash(connection);
        }
        let empty = connection.input.take_if_empty();
        self.release(empty);
        // A long list of its own is a reason to stop receiving only while the list is there.
        self.arm(connection, wanted);
    }

    fn next_revived(&mut self) -> Option<Key> {
        // All of them at the end of every tick: no buffer may come back before something else wakes the worker. Those in
        // vain report so again.
        if self.provided.free() == 0 { None } else { self.starved.pop_front() }
    }

    fn revive(&mut self, connection: &mut Linked<S, Self>) {
        connection.link.starved = false;
    }

    fn close(&mut self, connection: &mut Linked<S, Self>) -> bool {
        self.drop_input(connection);
        if self.settle(connection) {
            return true;
        }
        let link = &mut connection.link;
        let entry = opcode::AsyncCancel2::new(CancelBuilder::fd(Fd(connection.socket.fd())).all()).build();
        // SAFETY: a cancellation refers to no memory.
        unsafe { self.start(link, connection.key, Op::Cancel, entry) };
        false
    }

    #[inline]
    fn settle(&mut self, connection: &mut Linked<S, Self>) -> bool {
        let link = &mut connection.link;
        // Not before the last operation: one that is queued may name the file by its place.
        if link.operations == 0 && std::mem::take(&mut link.registered) {
            self.files.take(&self.ring, connection.key);
        }
        link.operations == 0
    }

    fn buffer_bytes(&self) -> usize {
        self.provided.bytes()
    }
}
