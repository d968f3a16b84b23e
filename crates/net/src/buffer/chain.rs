//! Bytes and bodies in the order in which they are to be sent.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::Buffer;
use super::output::Body;
use super::pool::BufferPool;

/// Emptied chains that a worker keeps for the next connection, so that a steady load allocates none.
const SPARE_CHAINS: usize = 256;
/// Longest chain that is kept.
const SPARE_SEGMENTS: usize = 256;

/// A piece of output.
pub(crate) enum Segment<B> {
    /// Filled bytes of a pooled buffer.
    Bytes(Filled),
    /// Bytes that live elsewhere, from `start` (already sent) to `end`.
    Body { body: B, start: usize, end: usize },
}

/// The filled and not yet sent part of a buffer.
pub(crate) struct Filled {
    pub(crate) buffer: Buffer,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Filled {
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer.bytes()[self.start as usize..self.end as usize]
    }

    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.buffer.bytes_mut()[self.end as usize..]
    }
}

/// Where output gets its memory: the pool of buffers and spare chains. One per worker.
pub(crate) struct OutputPool<B> {
    pub(crate) buffers: Rc<BufferPool>,
    spares: RefCell<Vec<VecDeque<Segment<B>>>>,
}

impl<B> OutputPool<B> {
    pub(crate) fn new(buffers: Rc<BufferPool>) -> Self {
        Self { buffers, spares: RefCell::new(Vec::with_capacity(SPARE_CHAINS)) }
    }

    fn take_chain(&self) -> VecDeque<Segment<B>> {
        self.spares.borrow_mut().pop().unwrap_or_default()
    }

    fn release_chain(&self, chain: VecDeque<Segment<B>>) {
        let mut spares = self.spares.borrow_mut();
        if chain.capacity() <= SPARE_SEGMENTS && spares.len() < SPARE_CHAINS {
            spares.push(chain);
        }
    }
}

/// Output that waits: a chain of closed segments, then the buffer that is being filled. Most replies need the latter
/// alone. Holds nothing while empty.
pub(crate) struct Pending<B> {
    chain: VecDeque<Segment<B>>,
    pub(super) tail: Option<Filled>,
    pub(super) len: usize,
}

impl<B> Default for Pending<B> {
    fn default() -> Self {
        Self { chain: VecDeque::new(), tail: None, len: 0 }
    }
}

impl<B: Body> Pending<B> {
    /// Bytes.
    #[cfg(target_os = "linux")]
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[cfg(target_os = "linux")]
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Closes the buffer that is being filled.
    pub(super) fn seal(&mut self, pool: &OutputPool<B>) {
        if let Some(tail) = self.tail.take() {
            if tail.start == tail.end {
                pool.buffers.release(tail.buffer);
            } else {
                self.push(Segment::Bytes(tail), pool);
            }
        }
    }

    pub(super) fn push(&mut self, segment: Segment<B>, pool: &OutputPool<B>) {
        if self.chain.capacity() == 0 {
            self.chain = pool.take_chain();
        }
        self.chain.push_back(segment);
    }

    /// All of it, if it is one contiguous piece: the usual case.
    #[inline]
    pub(crate) fn single(&self) -> Option<&[u8]> {
        match &self.tail {
            Some(tail) if self.chain.is_empty() => Some(tail.bytes()),
            _ => None,
        }
    }

    /// Calls `add` with the pieces in order until it answers false. A body that ends before its length ends the walk.
    pub(crate) fn pieces<'a>(&'a self, mut add: impl FnMut(&'a [u8]) -> bool) {
        for segment in &self.chain {
            match segment {
                Segment::Bytes(filled) => {
                    if !add(filled.bytes()) {
                        return;
                    }
                }
                Segment::Body { body, start, end } => {
                    let mut at = *start;
                    while at < *end {
                        let chunk = body.chunk_at(at);
                        let chunk = &chunk[..chunk.len().min(end - at)];
                        if chunk.is_empty() || !add(chunk) {
                            return;
                        }
                        at += chunk.len();
                    }
                }
            }
        }
        if let Some(tail) = &self.tail
            && tail.start < tail.end
        {
            add(tail.bytes());
        }
    }

    /// The first `bytes` are sent: their buffers return to the pool, their bodies are dropped.
    pub(crate) fn advance(&mut self, bytes: usize, pool: &OutputPool<B>) {
        debug_assert!(bytes <= self.len);
        self.len -= bytes.min(self.len);
        if self.len == 0 {
            return self.clear(pool);
        }
        let mut left = bytes;
        while let Some(front) = self.chain.front_mut() {
            let (start_at, length) = match front {
                Segment::Bytes(filled) => (filled.start as usize, (filled.end - filled.start) as usize),
                Segment::Body { start, end, .. } => (*start, *end - *start),
            };
            if left < length {
                match front {
                    Segment::Bytes(filled) => filled.start = (start_at + left) as u32,
                    Segment::Body { start, .. } => *start = start_at + left,
                }
                return;
            }
            left -= length;
            if let Some(Segment::Bytes(filled)) = self.chain.pop_front() {
                pool.buffers.release(filled.buffer);
            }
        }
        if let Some(tail) = &mut self.tail {
            tail.start += left as u32;
        }
    }

    /// Drops everything, sent or not.
    pub(crate) fn clear(&mut self, pool: &OutputPool<B>) {
        self.len = 0;
        if let Some(tail) = self.tail.take() {
            pool.buffers.release(tail.buffer);
        }
        if self.chain.capacity() != 0 {
            let mut chain = std::mem::take(&mut self.chain);
            for segment in chain.drain(..) {
                if let Segment::Bytes(filled) = segment {
                    pool.buffers.release(filled.buffer);
                }
            }
            pool.release_chain(chain);
        }
    }
}
