//! Bodies of values whose length is not known beforehand: they grow as bytes come, and end where the bytes do.

use super::{Body, Extent, Extents, Gathering, RESERVED, extent_bytes};
use crate::options::EXTENT_PAGE_BYTES;
use crate::pool::Pool;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Gathering {
    /// For more room of a body that has some already.
    pub fn beside(pool: &Arc<Pool>, length: usize, body: &Body) -> Option<Gathering> {
        let own_bytes = extent_bytes(body.len());
        pool.admit_bytes(extent_bytes(length), own_bytes).then(|| Gathering::with_state(pool, length, RESERVED))
    }
}

impl Body {
    fn extents(&mut self) -> &mut Extents {
        Arc::get_mut(&mut self.chain.0).expect("nobody else holds a body's chain")
    }

    /// Goes on in the extents of another body.
    pub(crate) fn join(&mut self, mut more: Body) {
        assert_eq!(self.remaining(), 0, "a body grows when it is full");
        assert_eq!(self.len() % EXTENT_PAGE_BYTES, 0, "a body grows by whole pages");
        let (inner, more) = (self.extents(), more.extents());
        let pages = (inner.length / EXTENT_PAGE_BYTES) as u32;
        if inner.whole == inner.extents.len() {
            inner.whole += more.whole;
        }
        inner.extents.extend(more.extents.drain(..).map(|extent| Extent { end: extent.end + pages, ..extent }));
        // What the other counts as reserved, this one does from now on.
        inner.length += std::mem::take(&mut more.length);
    }

    /// Bytes that are filled after the last full segment.
    pub(crate) fn tail_bytes(&self) -> usize {
        let inner = &self.chain.0;
        let segment_bytes = inner.pool.geometry.segment_bytes;
        self.filled - inner.whole.min(self.filled / segment_bytes) * segment_bytes
    }

    /// Ends with what is filled, of which the tail moves to the given place, made for it.
    pub(crate) fn cut(&mut self, mut tail: Body) {
        let (filled, start) = (self.filled, self.filled - self.tail_bytes());
        let mut left = filled - start;
        for chunk in self.chain.chunks_from(start) {
            left -= tail.fill_from(&chunk[..chunk.len().min(left)]);
        }
        let inner = self.extents();
        let bytes = extent_bytes(inner.length) - extent_bytes(filled);
        inner.pool.reserved_bytes.fetch_sub(bytes, Ordering::Relaxed);
        inner.length = filled;
        self.chain.replace_tail(tail);
    }
}
