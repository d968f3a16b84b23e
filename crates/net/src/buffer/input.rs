//! Received bytes that the service has not consumed: a window into one buffer.

use super::Buffer;
use super::pool::BufferPool;

/// A window into one buffer, or nothing. Contiguous at all times.
#[derive(Default)]
pub(crate) struct Input {
    buffer: Option<Buffer>,
    start: usize,
    end: usize,
}

impl Input {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.buffer {
            Some(buffer) => &buffer.bytes()[self.start..self.end],
            None => &[],
        }
    }

    /// The first `bytes` are done with.
    #[inline]
    pub(crate) fn consume(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.len(), "a service consumes what it was given");
        self.start = self.end.min(self.start + bytes);
    }

    /// Room after the window, at least `least` bytes: in the buffer as it is, by moving the window to its start, or in
    /// a larger one. Followed by `filled`.
    pub(crate) fn room(&mut self, pool: &BufferPool, least: usize) -> Room<'_> {
        let needed = self.len() + least;
        let fits = self.buffer.as_ref().is_some_and(|buffer| buffer.capacity() - self.end >= least);
        if !fits {
            match &mut self.buffer {
                Some(buffer) if buffer.capacity() >= needed && matches!(buffer.origin(), super::Origin::Pool) => {
                    buffer.bytes_mut().copy_within(self.start..self.end, 0);
                    self.end -= self.start;
                    self.start = 0;
                }
                _ => return self.grown(pool.take_at_least(needed)),
            }
        }
        let bytes = self.buffer.as_mut().map(|buffer| &mut buffer.bytes_mut()[self.end..]).unwrap_or_default();
        Room { bytes, replaced: None }
    }

    /// Moves the window to the start of `larger`.
    fn grown(&mut self, mut larger: Buffer) -> Room<'_> {
        let length = self.len();
        larger.bytes_mut()[..length].copy_from_slice(self.bytes());
        let replaced = self.buffer.take();
        (self.start, self.end) = (0, length);
        Room { bytes: &mut self.buffer.insert(larger).bytes_mut()[length..], replaced }
    }

    /// The first `bytes` of the last `room` were received.
    #[inline]
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.end += bytes;
        debug_assert!(self.buffer.as_ref().is_some_and(|buffer| self.end <= buffer.capacity()));
    }

    /// Shows a window into a buffer that was filled elsewhere. Only while empty; the buffer held so far is returned.
    #[cfg(target_os = "linux")]
    pub(crate) fn replace(&mut self, buffer: Buffer, start: usize, end: usize) -> Option<Buffer> {
        debug_assert!(start <= end && end <= buffer.capacity());
        (self.start, self.end) = (start, end);
        self.buffer.replace(buffer)
    }

    /// True if the window is into the pool's memory, or into none.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_pooled(&self) -> bool {
        self.buffer.as_ref().is_none_or(|buffer| buffer.origin() == super::Origin::Pool)
    }

    /// Gives up the buffer if nothing is left in it.
    #[inline]
    pub(crate) fn take_if_empty(&mut self) -> Option<Buffer> {
        if self.is_empty() { self.take() } else { None }
    }

    /// Gives up everything.
    pub(crate) fn take(&mut self) -> Option<Buffer> {
        (self.start, self.end) = (0, 0);
        self.buffer.take()
    }
}

/// Room to receive into.
pub(crate) struct Room<'a> {
    /// At least as many as asked for.
    pub(crate) bytes: &'a mut [u8],
    /// The buffer that was too small: to be given back to its origin.
    pub(crate) replaced: Option<Buffer>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: usize = 4096;

    fn fill(input: &mut Input, pool: &BufferPool, bytes: &[u8]) {
        let room = input.room(pool, bytes.len());
        room.bytes[..bytes.len()].copy_from_slice(bytes);
        if let Some(replaced) = room.replaced {
            pool.release(replaced);
        }
        input.filled(bytes.len());
    }

    #[test]
    fn the_window_moves_then_grows_and_keeps_its_bytes() {
        let pool = BufferPool::new(UNIT);
        let mut input = Input::default();
        fill(&mut input, &pool, &[1; 3000]);
        input.consume(2990);
        fill(&mut input, &pool, &[2; 4000]);
        assert_eq!(input.len(), 4010);
        assert_eq!(pool.held_bytes(), UNIT, "moved, not grown");
        fill(&mut input, &pool, &[3; 200]);
        assert_eq!(pool.held_bytes(), 3 * UNIT, "grown to two units, the old one is warm");
        assert_eq!(input.bytes()[..10], [1; 10]);
        assert_eq!(input.bytes()[10..4010], [2; 4000]);
        assert_eq!(input.bytes()[4010..], [3; 200]);
        assert!(input.take_if_empty().is_none());
        input.consume(4210);
        let buffer = input.take_if_empty().expect("empty");
        pool.release(buffer);
        assert!(input.bytes().is_empty());
    }
}
