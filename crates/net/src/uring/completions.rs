//! What a completion means for its connection.

use std::io;

use io_uring::cqueue;
use io_uring::types::Fd;

use super::Uring;
use super::link::{self, Op};
use super::send::Mode;
use crate::connection::Key;
use crate::counters::WorkerCounters;
use crate::event_loop::Linked;
use crate::{CloseReason, Service, sys};

/// A completion of a connection's operation.
#[derive(Clone, Copy)]
pub(crate) struct Completion {
    bits: u64,
    result: i32,
    flags: u32,
}

impl Completion {
    pub(super) fn new(bits: u64, entry: &cqueue::Entry) -> Self {
        Self { bits, result: entry.result(), flags: entry.flags() }
    }

    /// A quiet send that said nothing has succeeded.
    pub(super) fn of_quiet(key: Key) -> Self {
        Self { bits: link::user_data(key, Op::QuietSend), result: 0, flags: 0 }
    }

    pub(super) fn key(&self) -> Key {
        link::parse_user_data(self.bits).0
    }
}

impl Uring {
    /// Notes a completion on its connection, open or closed. True if the worker should look at the connection.
    pub(super) fn complete<S: Service>(
        &mut self,
        connection: &mut Linked<S, Self>,
        event: Completion,
        counters: &WorkerCounters,
    ) -> bool {
        match link::parse_user_data(event.bits).1 {
            Op::Receive => self.received(connection, event, counters),
            Op::Send => {
                connection.link.operations -= 1;
                connection.link.quiet = false;
                self.sent(connection, event.result, counters)
            }
            // It did say something: it failed, or went out in part.
            Op::QuietSend if !connection.link.quiet => false,
            Op::QuietSend => {
                connection.link.operations -= 1;
                connection.link.quiet = false;
                // At most one buffer long.
                self.sent(connection, connection.link.asked as i32, counters)
            }
            Op::Room => self.room(connection, event),
            Op::End => {
                let link = &mut connection.link;
                link.operations -= 1;
                link.end_told = event.result >= 0;
                link.end_told && !link.end_seen
            }
            Op::Cancel => {
                connection.link.operations -= 1;
                false
            }
        }
    }

    fn received<S: Service>(
        &mut self,
        connection: &mut Linked<S, Self>,
        event: Completion,
        counters: &WorkerCounters,
    ) -> bool {
        let link = &mut connection.link;
        if !cqueue::more(event.flags) {
            link.operations -= 1;
            link.armed = false;
            link.cancelling = false;
        }
        let open = connection.state.is_some() && connection.ending.is_none();
        match (cqueue::buffer_select(event.flags), usize::try_from(event.result)) {
            (Some(id), Ok(bytes)) if bytes > 0 && open => {
                counters.read(bytes);
                connection.touched = true;
                self.provided.push(&mut link.held, id, bytes);
                return true;
            }
            (Some(id), _) => self.provided.pass(id),
            (None, _) => {}
        }
        match event.result {
            0 => link.end_seen = true,
            bytes if bytes > 0 => {}
            error => match -error {
                libc::ENOBUFS => {
                    counters.starved();
                    // Once, though it may have been armed again and in vain since.
                    if !std::mem::replace(&mut link.starved, true) {
                        self.starved.push_back(connection.key);
                    }
                    return false;
                }
                libc::ECANCELED | libc::EINTR | libc::EAGAIN => {}
                errno => connection.broken = Some(sys::close_reason(&io::Error::from_raw_os_error(errno))),
            },
        }
        true
    }

    fn sent<S: Service>(&mut self, connection: &mut Linked<S, Self>, result: i32, counters: &WorkerCounters) -> bool {
        let link = &mut connection.link;
        self.frames.put(link.frame.take());
        link.in_flight = false;
        let waited = !std::mem::take(&mut link.fresh);
        if connection.state.is_none() {
            link.sending.clear(connection.output.pool());
            return false;
        }
        let waiting = match usize::try_from(result) {
            // The kernel takes at least a byte or says why not.
            Ok(0) => return self.broken(connection, CloseReason::Error),
            Ok(sent) => {
                counters.written(sent);
                connection.touched = true;
                link.sending.advance(sent, connection.output.pool());
                // A short send has filled the socket.
                sent < link.asked
            }
            Err(_) => match -result {
                libc::EAGAIN => {
                    link.polls |= waited;
                    true
                }
                libc::EINTR => false,
                errno => {
                    let reason = sys::close_reason(&io::Error::from_raw_os_error(errno));
                    return self.broken(connection, reason);
                }
            },
        };
        if link.sending.is_empty() {
            link.sending = connection.output.take_pending();
        }
        if !connection.link.sending.is_empty()
            && let Err(reason) = self.send_rest(connection, waiting)
        {
            return self.broken(connection, reason);
        }
        let all_sent = connection.link.sending.is_empty();
        connection.output_paused || (waiting && !all_sent) || (connection.ending.is_some() && all_sent)
    }

    /// Goes on after a send; `waiting`: the socket had no room for more.
    fn send_rest<S: Service>(&mut self, connection: &mut Linked<S, Self>, waiting: bool) -> Result<(), CloseReason> {
        let link = &mut connection.link;
        if !waiting {
            self.send(connection, Mode::Prompt)
        } else if !link.polls {
            self.send(connection, Mode::Waiting)
        } else {
            self.poll_for_room(link, connection.key, Fd(connection.socket.fd()));
            Ok(())
        }
    }

    /// The socket may have room.
    fn room<S: Service>(&mut self, connection: &mut Linked<S, Self>, event: Completion) -> bool {
        let link = &mut connection.link;
        if !cqueue::more(event.flags) {
            link.operations -= 1;
            link.polled = false;
        }
        if connection.state.is_none() || link.in_flight || link.sending.is_empty() {
            return false;
        }
        match self.send(connection, Mode::Again) {
            Ok(()) => false,
            Err(reason) => self.broken(connection, reason),
        }
    }

    fn broken<S: Service>(&mut self, connection: &mut Linked<S, Self>, reason: CloseReason) -> bool {
        connection.link.sending.clear(connection.output.pool());
        connection.broken = Some(reason);
        true
    }
}
