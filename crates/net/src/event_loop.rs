//! The one interface of the two runtimes: what a worker asks of io_uring or of mio.
//!
//! A runtime moves bytes; it never decides who gets a turn, who is paused and who is closed. That is the worker's, the
//! same for both.

use std::io;
use std::time::Duration;

use crate::connection::{Connection, Key};
use crate::counters::WorkerCounters;
use crate::sys::Socket;
use crate::{CloseReason, Service};

/// What the runtime is called in the rest of this crate.
pub(crate) type Linked<S, E> = Connection<S, <E as EventLoop<S>>::Link>;

/// What a worker passes to calls that move bytes.
pub(crate) struct Context<'a, S> {
    pub(crate) service: &'a mut S,
    pub(crate) counters: &'a WorkerCounters,
}

/// Readiness or completions, and the operations on a connection that differ between the two.
pub(crate) trait EventLoop<S: Service>: Sized {
    /// What the runtime keeps per connection.
    type Link;
    /// One readiness or completion.
    type Event: Copy;

    /// Hands over what was queued (io_uring), then sleeps until something happens or `timeout` is over (`None`: for
    /// ever), and collects what happened.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// The next of what `wait` collected.
    fn next_event(&mut self) -> Option<(Key, Self::Event)>;

    /// Takes a new socket in; it is read from on from now.
    fn attach(&mut self, key: Key, socket: &Socket) -> io::Result<Self::Link>;

    /// Notes an event on its connection. True if the worker should look at the connection.
    fn apply(&mut self, connection: &mut Linked<S, Self>, event: Self::Event, counters: &WorkerCounters) -> bool;

    /// Brings received bytes to where they belong: `Service::body_room` or the input. A bounded amount; stops when a turn
    /// is due. Called if `Connection::takes_input`; the socket itself is read only if `Connection::may_receive`. Failures
    /// are noted in `Connection::broken`.
    fn receive(&mut self, connection: &mut Linked<S, Self>, context: &mut Context<'_, S>);

    /// True if `receive` would probably find something now, without another event. What has left the socket already must
    /// be looked at even while the output is paused.
    fn has_more(&self, connection: &Linked<S, Self>) -> bool;

    /// True if nothing has come that was not received: to close the connection now loses no request. Costs a system call.
    fn is_quiet(&mut self, connection: &Linked<S, Self>) -> bool;

    /// Looks at the socket in the next tick even if nothing was heard of it.
    fn suspect(&mut self, connection: &mut Linked<S, Self>);

    /// Sends of the output what is possible without waiting, a bounded amount, or queues it to be sent by the next `wait`.
    fn flush(&mut self, connection: &mut Linked<S, Self>, counters: &WorkerCounters) -> Result<(), CloseReason>;

    /// True if another `flush` would probably send more now, without another event.
    fn may_send(&self, connection: &Linked<S, Self>) -> bool;

    /// Bytes of output that the kernel has not taken.
    fn unsent(&self, connection: &Linked<S, Self>) -> usize;

    /// Those of them that it has had no room for, and what waits behind those that it is being offered.
    fn stuck(&self, connection: &Linked<S, Self>) -> usize;

    /// The connection goes back to its slot: nothing of a shared resource may stay with it unless it is `queued` for the
    /// next tick. `wanted`: whether to go on receiving from it.
    fn rest(&mut self, connection: &mut Linked<S, Self>, wanted: bool);

    /// A connection that can be received from again since a shared resource is free (io_uring's provided buffers).
    fn next_revived(&mut self) -> Option<Key>;

    /// Notes that `next_revived` named the connection; it `rest`s after that.
    fn revive(&mut self, connection: &mut Linked<S, Self>);

    /// Gives up everything that the connection holds. True if its slot may be reused at once, else once `settle` says so.
    fn close(&mut self, connection: &mut Linked<S, Self>) -> bool;

    /// Of a closed connection: true if the kernel holds nothing of it any more, and lets go what the loop holds.
    fn settle(&mut self, connection: &mut Linked<S, Self>) -> bool;

    /// Bytes of buffers held, for the gauge.
    fn buffer_bytes(&self) -> usize;
}
