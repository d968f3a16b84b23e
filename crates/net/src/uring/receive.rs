//! From provided buffers to where bytes belong: a body's room, or the input.

use io_uring::types::Fd;
use io_uring::{opcode, squeue};

use super::Uring;
use super::provided::{GROUP, HEADROOM};
use crate::Service;
use crate::buffer::Buffer;
use crate::event_loop::{Context, Linked};

impl Uring {
    /// Shows the connection what has come for it, until a turn is due or nothing is left. Also while its output is paused:
    /// what came before the receive was cancelled may be of a body, and must not be taken for input.
    pub(super) fn receive_held<S: Service>(&mut self, connection: &mut Linked<S, Self>, context: &mut Context<'_, S>) {
        while connection.takes_input() {
            let Some((buffer, bytes)) = self.provided.pop(&mut connection.link.held) else { break };
            let (mut start, end) = (HEADROOM, HEADROOM + bytes);
            if connection.input.is_empty() {
                start += fill_body(connection, &buffer.bytes()[start..end], context.service);
            }
            if start == end {
                self.provided.recycle(buffer);
            } else {
                self.show(connection, buffer, start, end);
            }
        }
        if connection.link.held.is_empty() && connection.link.end_seen && !connection.end_of_input {
            connection.ended();
        }
    }

    /// Puts a filled buffer behind the input: as a window into it where possible, by copying otherwise.
    fn show<S: Service>(&mut self, connection: &mut Linked<S, Self>, mut buffer: Buffer, start: usize, end: usize) {
        let tail = connection.input.len();
        if tail <= start && (tail + end - start >= connection.need || tail == 0) {
            buffer.bytes_mut()[start - tail..start].copy_from_slice(connection.input.bytes());
            let replaced = connection.input.replace(buffer, start - tail, end);
            self.release(replaced);
        } else {
            self.append(connection, &buffer.bytes()[start..end]);
            self.provided.recycle(buffer);
        }
        if !connection.turn_due {
            connection.received();
        }
    }

    /// Copies bytes behind the input, into memory of the pool.
    fn append<S: Service>(&mut self, connection: &mut Linked<S, Self>, bytes: &[u8]) {
        let missing = connection.need.saturating_sub(connection.input.len());
        let room = connection.input.room(&self.pool, bytes.len().max(missing));
        room.bytes[..bytes.len()].copy_from_slice(bytes);
        let replaced = room.replaced;
        connection.input.filled(bytes.len());
        self.release(replaced);
    }

    /// Copies what the connection holds of provided buffers, so that they are free while it waits.
    pub(super) fn stash<S: Service>(&mut self, connection: &mut Linked<S, Self>) {
        if !connection.input.is_pooled() && !connection.input.is_empty() {
            let (input, need) = (std::mem::take(&mut connection.input), connection.need);
            let mut input = input;
            let bytes = input.bytes();
            let room = connection.input.room(&self.pool, bytes.len().max(need));
            room.bytes[..bytes.len()].copy_from_slice(bytes);
            connection.input.filled(bytes.len());
            let buffer = input.take();
            self.release(buffer);
        }
        while let Some((buffer, bytes)) = self.provided.pop(&mut connection.link.held) {
            self.append(connection, &buffer.bytes()[HEADROOM..HEADROOM + bytes]);
            self.provided.recycle(buffer);
        }
    }

    /// A receive into provided buffers.
    pub(super) fn receive_entry(&self, fd: Fd, multishot: bool) -> squeue::Entry {
        // A length keeps one busy connection from being received for without end in one go.
        let bytes = self.provided.room() as u32;
        if multishot {
            return opcode::RecvMulti::new(fd, GROUP).len(bytes).build();
        }
        let one = opcode::Recv::new(fd, std::ptr::null_mut(), bytes).buf_group(GROUP);
        one.build().flags(squeue::Flags::BUFFER_SELECT)
    }

    /// Gives up everything that was received.
    pub(super) fn drop_input<S: Service>(&mut self, connection: &mut Linked<S, Self>) {
        let buffer = connection.input.take();
        self.release(buffer);
        while let Some((buffer, _)) = self.provided.pop(&mut connection.link.held) {
            self.provided.recycle(buffer);
        }
    }
}

/// Copies the start of `bytes` into the rooms of a body that is being received. Returns how many that took.
fn fill_body<S: Service>(connection: &mut Linked<S, Uring>, bytes: &[u8], service: &mut S) -> usize {
    let mut done = 0;
    let Some(state) = connection.state.as_mut() else { return 0 };
    while done < bytes.len() && !connection.turn_due {
        let Some(room) = service.body_room(state).filter(|room| !room.is_empty()) else { break };
        let now = room.len().min(bytes.len() - done);
        room[..now].copy_from_slice(&bytes[done..done + now]);
        done += now;
        connection.turn_due = service.body_filled(state, now);
    }
    done
}
