//! What is to be sent on one connection.

use std::ops::Range;
use std::rc::Rc;

use super::chain::{Filled, OutputPool, Pending, Segment};
use super::pool::BufferPool;

/// Longest `Output::room`, bytes.
const ROOM_MAX: usize = 1024;
/// Unit of the pool of a free-standing output, bytes.
const STANDALONE_UNIT: usize = 16 << 10;

/// Bytes that live elsewhere (a large value in the store) and are sent from there; dropped when sent or abandoned.
pub trait Body: 'static {
    /// Length in bytes.
    fn len(&self) -> usize;
    /// Contiguous bytes from `offset` to the end of that extent, empty at the end. O(1). While the loop holds the body
    /// neither its length nor its bytes change.
    fn chunk_at(&self, offset: usize) -> &[u8];
    /// No bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is to be sent on one connection: pooled buffers and bodies, in order. Holds no buffer while empty.
pub struct Output<B: Body> {
    pending: Pending<B>,
    pool: Rc<OutputPool<B>>,
}

impl<B: Body> Output<B> {
    pub(crate) fn new(pool: Rc<OutputPool<B>>) -> Self {
        Self { pending: Pending::default(), pool }
    }

    /// Copies bytes to the end.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(tail) = &mut self.pending.tail
            && let Some(room) = tail.room().get_mut(..bytes.len())
        {
            room.copy_from_slice(bytes);
            tail.end += bytes.len() as u32;
            self.pending.len += bytes.len();
            return;
        }
        self.write_across(bytes);
    }

    /// Fills the last buffer, then as many new ones as it takes.
    #[inline(never)]
    fn write_across(&mut self, mut bytes: &[u8]) {
        self.pending.len += bytes.len();
        while !bytes.is_empty() {
            let tail = self.tail_with(1);
            let room = tail.room();
            let (now, later) = bytes.split_at(bytes.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            tail.end += now.len() as u32;
            bytes = later;
        }
    }

    /// The buffer that is being filled, with room for `bytes` at least.
    #[inline]
    fn tail_with(&mut self, bytes: usize) -> &mut Filled {
        let fits = self.pending.tail.as_mut().is_some_and(|tail| tail.room().len() >= bytes);
        if !fits {
            self.pending.seal(&self.pool);
        }
        let pool = &self.pool;
        self.pending.tail.get_or_insert_with(|| Filled { buffer: pool.buffers.take(), start: 0, end: 0 })
    }

    /// At least `bytes` (<= 1024) of contiguous room to format into; followed by `commit`.
    ///
    /// # Panics
    /// If more than 1024 bytes are asked for.
    #[inline]
    pub fn room(&mut self, bytes: usize) -> &mut [u8] {
        assert!(bytes <= ROOM_MAX, "room is for short texts");
        self.tail_with(bytes).room()
    }

    /// The first `bytes` of the last `room` are valid.
    ///
    /// # Panics
    /// If there was not so much room.
    #[inline]
    pub fn commit(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let tail = self.pending.tail.as_mut().expect("commit follows room");
        assert!(bytes <= tail.room().len(), "commit stays within the room");
        tail.end += bytes as u32;
        self.pending.len += bytes;
    }

    /// Sends `body` from where it is, without copying.
    #[inline]
    pub fn write_body(&mut self, body: B) {
        let all = 0..body.len();
        self.write_body_part(body, all);
    }

    /// Sends those bytes of `body` from where they are, without copying.
    ///
    /// # Panics
    /// When they are not within `body`.
    pub fn write_body_part(&mut self, body: B, part: Range<usize>) {
        assert!(part.end <= body.len(), "part of a body beyond its end");
        if part.is_empty() {
            return;
        }
        self.pending.seal(&self.pool);
        self.pending.len += part.len();
        self.pending.push(Segment::Body { body, start: part.start, end: part.end }, &self.pool);
    }

    /// Bytes queued and not yet handed to the kernel.
    #[inline]
    pub fn len(&self) -> usize {
        self.pending.len
    }

    /// Nothing queued.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pending.len == 0
    }

    /// A free-standing output with its own small pool (tests, benches, callers without sockets).
    pub fn standalone() -> Self {
        Self::new(Rc::new(OutputPool::new(Rc::new(BufferPool::new(STANDALONE_UNIT)))))
    }

    /// Takes everything queued as one vector (tests).
    pub fn take_bytes(&mut self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        self.pending.pieces(|piece| {
            all.extend_from_slice(piece);
            true
        });
        self.clear();
        all
    }

    /// Drops what is queued and returns the buffers.
    pub fn clear(&mut self) {
        self.pending.clear(&self.pool);
    }

    /// What is queued, for the loop to send from in place.
    pub(crate) fn pending(&self) -> &Pending<B> {
        &self.pending
    }

    /// The first `bytes` are sent.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.pending.advance(bytes, &self.pool);
    }

    /// Takes what is queued, to be frozen while the kernel sends from it.
    #[cfg(target_os = "linux")]
    pub(crate) fn take_pending(&mut self) -> Pending<B> {
        std::mem::take(&mut self.pending)
    }

    /// Where its buffers come from.
    #[cfg(target_os = "linux")]
    pub(crate) fn pool(&self) -> &OutputPool<B> {
        &self.pool
    }

    /// Returns a buffer that `room` took and nobody filled.
    pub(crate) fn drop_unused_room(&mut self) {
        if self.pending.len == 0 {
            self.pending.clear(&self.pool);
        }
    }
}

impl<B: Body> Drop for Output<B> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body in extents of three bytes.
    struct Extents(&'static [u8]);

    impl Body for Extents {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn chunk_at(&self, offset: usize) -> &[u8] {
            &self.0[offset..self.0.len().min(offset / 3 * 3 + 3)]
        }
    }

    fn held(output: &Output<Extents>) -> usize {
        output.pool.buffers.held_bytes()
    }

    #[test]
    fn bytes_rooms_and_bodies_keep_their_order() {
        let mut output = Output::standalone();
        output.write(b"ab");
        output.room(10)[..2].copy_from_slice(b"cd");
        output.commit(2);
        output.write_body(Extents(b"efghijk"));
        output.write(b"l");
        output.write_body(Extents(b""));
        output.write_body_part(Extents(b"efghijk"), 2..5);
        output.write_body_part(Extents(b"efghijk"), 7..7);
        assert_eq!(output.len(), 15);
        assert_eq!(output.take_bytes(), b"abcdefghijklghi");
        assert!(output.is_empty());
        assert!(output.take_bytes().is_empty());
    }

    #[test]
    fn long_writes_span_buffers() {
        let mut output: Output<Extents> = Output::standalone();
        let long: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        output.write(b"x");
        output.write(&long);
        output.room(ROOM_MAX)[0] = b'y';
        output.commit(1);
        let all = output.take_bytes();
        assert_eq!((all[0], &all[1..=100_000], all[100_001]), (b'x', &long[..], b'y'));
    }

    #[test]
    fn advancing_by_any_steps_leaves_the_rest() {
        for step in 1..=13 {
            let mut output = Output::standalone();
            output.write(b"ab");
            output.write_body(Extents(b"cdefghi"));
            output.write(b"jkl");
            output.write_body(Extents(b"m"));
            let mut seen = Vec::new();
            while !output.is_empty() {
                let mut piece = Vec::new();
                output.pending().pieces(|bytes| {
                    piece.extend_from_slice(bytes);
                    true
                });
                assert_eq!(piece.len(), output.len());
                let now = step.min(output.len());
                seen.extend_from_slice(&piece[..now]);
                output.advance(now);
            }
            assert_eq!(seen, b"abcdefghijklm", "step {step}");
            assert_eq!(output.pool.buffers.held_bytes() % STANDALONE_UNIT, 0);
        }
    }

    #[test]
    fn unused_room_is_returned() {
        let mut output = Output::standalone();
        output.room(100);
        output.drop_unused_room();
        assert!(output.pending.tail.is_none());
        output.write(b"x");
        output.room(100);
        output.drop_unused_room();
        assert_eq!(output.take_bytes(), b"x");
        assert_eq!(held(&output), STANDALONE_UNIT);
    }
}
