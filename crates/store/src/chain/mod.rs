//! Large values: chains of extents, held by reference count.

mod grow;

use crate::index::prefetch;
use crate::options::EXTENT_PAGE_BYTES;
use crate::pool::Pool;
use crate::tails::Run;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A large value in the store, held by reference count: alive (its extents unchanged) as long as a clone is.
///
/// Dropping the last clone gives the extents back; that takes no cell's lock, so it may happen on any thread.
#[derive(Clone)]
#[repr(transparent)]
pub struct Chain(Arc<Extents>);

/// A large value being received: extents reserved in the arena, filled from the front. Dropping it frees them.
pub struct Body {
    chain: Chain,
    filled: usize,
}

/// A run of pages and where it ends within the chain, in pages.
struct Extent {
    page: u32,
    end: u32,
}

/// Extents that are kept beside the reference count; more are in a list of their own, which is one more miss of the cache.
const INLINE_EXTENTS: usize = 2;
/// The hardware fetches ahead by itself, but not beyond such a page, and not before it has seen lines of it in a row.
const FETCH_PAGE_BYTES: usize = 4096;
/// Lines of each such page that are asked for.
const FETCH_LINES: usize = 2;
/// Pages that are asked for at most: as many as the values have that fit into a batch's share of a second-level cache.
const FETCH_PAGES: usize = 16;
/// Bytes of a line of the cache.
const LINE_BYTES: usize = 64;

struct Extents {
    pool: Arc<Pool>,
    length: usize,
    /// Leading extents that are whole segments.
    whole: usize,
    extents: SmallVec<[Extent; INLINE_EXTENTS]>,
    /// One of the states below; decides which gauge the bytes count in.
    state: AtomicU8,
}

const RESERVED: u8 = 0;
const STORED: u8 = 1;
const PINNED: u8 = 2;

/// Extents that are being gathered. Dropping it gives back what was gathered.
pub(crate) struct Gathering(Extents);

/// Bytes of extents of a value of `length` bytes.
pub(crate) fn extent_bytes(length: usize) -> u64 {
    length.next_multiple_of(EXTENT_PAGE_BYTES) as u64
}

impl Gathering {
    /// For a body, if what is reserved and pinned leaves it room.
    pub fn admitted(pool: &Arc<Pool>, length: usize) -> Option<Gathering> {
        pool.admit_bytes(extent_bytes(length), 0).then(|| Gathering::with_state(pool, length, RESERVED))
    }

    /// For bytes that are at hand: they are in the store in a moment and do not count as reserved.
    pub fn new(pool: &Arc<Pool>, length: usize) -> Gathering {
        Gathering::with_state(pool, length, STORED)
    }

    fn with_state(pool: &Arc<Pool>, length: usize, state: u8) -> Gathering {
        let extents = SmallVec::with_capacity(length / pool.geometry.segment_bytes + 1);
        Gathering(Extents { pool: pool.clone(), length, whole: 0, extents, state: AtomicU8::new(state) })
    }

    /// Takes what the pool has; true when that was enough.
    pub fn take(&mut self) -> bool {
        let inner = &mut self.0;
        let whole = inner.pool.geometry.extent_pages();
        let (extents, leading) = (&mut inner.extents, &mut inner.whole);
        let mut end = extents.last().map_or(0, |extent| extent.end);
        let wanted = (extent_bytes(inner.length) / EXTENT_PAGE_BYTES as u64) as u32 - end;
        let left = inner.pool.take_extents(wanted, |run| {
            end += run.pages;
            if run.pages == whole && *leading == extents.len() {
                *leading += 1;
            }
            extents.push(Extent { page: run.page, end });
        });
        left == 0
    }

    /// To be called when `take` said that it has all.
    pub fn finish(self) -> Body {
        Body { chain: Chain(Arc::new(self.0)), filled: 0 }
    }
}

impl Extents {
    /// Leading extents that are whole segments and full.
    fn full_segments(&self) -> usize {
        self.whole.min(self.length / self.pool.geometry.segment_bytes)
    }

    /// The address of the byte at `offset`, and how many follow in the same extent, itself included. None at the end.
    #[inline]
    fn at(&self, offset: usize) -> Option<(*mut u8, usize)> {
        if offset >= self.length {
            return None;
        }
        let geometry = &self.pool.geometry;
        let direct = offset / geometry.segment_bytes;
        let index = if direct < self.whole {
            direct
        } else {
            let page = (offset / EXTENT_PAGE_BYTES) as u32;
            self.whole + self.extents[self.whole..].partition_point(|extent| extent.end <= page)
        };
        let start = if index == 0 { 0 } else { self.extents[index - 1].end as usize * EXTENT_PAGE_BYTES };
        let end = (self.extents[index].end as usize * EXTENT_PAGE_BYTES).min(self.length);
        let address = self.extents[index].page as usize * EXTENT_PAGE_BYTES + offset - start;
        Some((self.pool.arena.at(address), end - offset))
    }
}

impl Drop for Extents {
    fn drop(&mut self) {
        let bytes = extent_bytes(self.length);
        match *self.state.get_mut() {
            RESERVED => _ = self.pool.reserved_bytes.fetch_sub(bytes, Ordering::Relaxed),
            PINNED => _ = self.pool.pinned_bytes.fetch_sub(bytes, Ordering::Relaxed),
            _ => {}
        }
        let mut start = 0;
        self.pool.release_extents(self.extents.iter().map(|extent| {
            let pages = extent.end - std::mem::replace(&mut start, extent.end);
            Run { page: extent.page, pages }
        }));
    }
}

impl Chain {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.length
    }

    /// True for a value of no bytes (stored as a chain only when its key is very long).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The contiguous bytes from `offset` to the end of that extent (empty at the end). Constant time within the whole
    /// segments that a chain starts with, logarithmic in the number of runs after them.
    #[inline]
    pub fn chunk_at(&self, offset: usize) -> &[u8] {
        match self.0.at(offset) {
            // SAFETY: the extents belong to this chain and were filled before it was made. They are written, or given away,
            // only by who holds the one reference to it, exclusively.
            Some((start, bytes)) => unsafe { std::slice::from_raw_parts(start, bytes) },
            None => &[],
        }
    }

    /// Asks for the start of each page of the first extent, for who will read them soon.
    #[inline]
    pub fn prefetch(&self) {
        let chunk = self.chunk_at(0);
        let mut at = 0;
        for _ in 0..FETCH_PAGES {
            if at >= chunk.len() {
                return;
            }
            let start = chunk.as_ptr().wrapping_add(at);
            (0..FETCH_LINES).for_each(|line| prefetch(start.wrapping_add(line * LINE_BYTES)));
            at += FETCH_PAGE_BYTES - start.addr() % FETCH_PAGE_BYTES;
        }
    }

    /// All of it, extent by extent.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks_from(0)
    }

    /// What follows `offset`, extent by extent.
    pub(crate) fn chunks_from(&self, mut offset: usize) -> impl Iterator<Item = &[u8]> {
        std::iter::from_fn(move || {
            let chunk = self.chunk_at(offset);
            offset += chunk.len();
            (!chunk.is_empty()).then_some(chunk)
        })
    }

    /// A copy in one piece.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut copy = Vec::with_capacity(self.len());
        self.chunks().for_each(|chunk| copy.extend_from_slice(chunk));
        copy
    }

    /// Whether the bytes are those.
    pub(crate) fn equals(&self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        self.len() == bytes.len()
            && self.chunks().all(|chunk| {
                let (front, back) = rest.split_at(chunk.len());
                rest = back;
                front == chunk
            })
    }

    /// Whether nobody else holds it. While the cell's lock is held nobody gets a clone of an item's chain from the cell, and
    /// no other is there to be cloned.
    pub(crate) fn is_unshared(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whether they are one chain.
    pub(crate) fn is_same(&self, other: &Chain) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where the bytes start that are not in leading segments full of them.
    pub(crate) fn tail_start(&self) -> usize {
        self.0.full_segments() * self.0.pool.geometry.segment_bytes
    }

    /// Appends what fits into the last page; false, and nothing is done, when it does not or others hold the chain.
    pub(crate) fn extend_in_page(&mut self, parts: &[&[u8]]) -> bool {
        let Some(inner) = Arc::get_mut(&mut self.0) else { return false };
        let old_length = inner.length;
        let added: usize = parts.iter().map(|part| part.len()).sum();
        if extent_bytes(old_length + added) != extent_bytes(old_length) {
            return false;
        }
        inner.length += added;
        let mut at = old_length;
        for &part in parts {
            // The last page is one piece; an extent may well end where the old length did, but not the page.
            if let Some((start, room)) = inner.at(at) {
                debug_assert!(part.len() <= room);
                // SAFETY: `get_mut` says that nobody else can reach the extents; the length leaves room in the last one.
                unsafe { start.copy_from_nonoverlapping(part.as_ptr(), part.len()) };
            }
            at += part.len();
        }
        true
    }

    /// Puts other extents, complete, in place of those from `tail_start` on. Nobody else holds the chain.
    pub(crate) fn replace_tail(&mut self, tail: Body) {
        let mut tail = tail.into_chain();
        let (inner, new) = match (Arc::get_mut(&mut self.0), Arc::get_mut(&mut tail.0)) {
            (Some(inner), Some(new)) => (inner, new),
            _ => unreachable!("both chains are held once"),
        };
        let kept = inner.full_segments();
        let pages = kept as u32 * inner.pool.geometry.extent_pages();
        inner.length = kept * inner.pool.geometry.segment_bytes + new.length;
        inner.whole = kept + new.whole;
        let mut old: SmallVec<[Extent; INLINE_EXTENTS]> = inner.extents.drain(kept..).collect();
        inner.extents.extend(new.extents.iter().map(|extent| Extent { end: extent.end + pages, ..*extent }));
        // The old tail goes where the new one came from, and with it.
        old.iter_mut().for_each(|extent| extent.end -= pages);
        new.extents = old;
    }

    /// Bytes of its extents.
    pub(crate) fn extent_bytes(&self) -> u64 {
        extent_bytes(self.len())
    }

    /// The chain leaves the store. Whoever holds a clone pins its extents from now on.
    pub(crate) fn retire(self) {
        if self.is_unshared() {
            return;
        }
        let pinned = &self.0.pool.pinned_bytes;
        pinned.fetch_add(self.extent_bytes(), Ordering::Relaxed);
        self.0.state.store(PINNED, Ordering::Relaxed);
    }

    #[cfg(any(test, debug_assertions))]
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run> {
        let mut start = 0;
        self.0.extents.iter().map(move |extent| {
            let pages = extent.end - std::mem::replace(&mut start, extent.end);
            Run { page: extent.page, pages }
        })
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Body {
    /// Declared length in bytes.
    pub fn len(&self) -> usize {
        self.chain.len()
    }

    /// True for a body of no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes still to be received.
    pub fn remaining(&self) -> usize {
        self.len() - self.filled
    }

    /// The next contiguous free bytes (empty when complete). Never more than `remaining`.
    pub fn spare(&mut self) -> &mut [u8] {
        match self.chain.0.at(self.filled) {
            // SAFETY: no clone of a body's chain exists before it is complete, and the borrow of the body is exclusive.
            // Memory of the arena is always initialised, if only with zeros or what was there before.
            Some((start, bytes)) => unsafe { std::slice::from_raw_parts_mut(start, bytes) },
            None => &mut [],
        }
    }

    /// Says that the first `bytes` of `spare` are filled.
    ///
    /// # Panics
    /// When that is more than remains.
    pub fn filled(&mut self, bytes: usize) {
        assert!(bytes <= self.remaining(), "more bytes than the body declared");
        self.filled += bytes;
    }

    /// Copies from `input` as much as fits; returns how much.
    pub fn fill_from(&mut self, input: &[u8]) -> usize {
        let mut copied = 0;
        while copied < input.len() {
            let spare = self.spare();
            let bytes = spare.len().min(input.len() - copied);
            if bytes == 0 {
                break;
            }
            spare[..bytes].copy_from_slice(&input[copied..copied + bytes]);
            self.filled(bytes);
            copied += bytes;
        }
        copied
    }

    /// The bytes received so far, by extent (for ECHO and for arguments that are not values).
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let mut left = self.filled;
        self.chain.chunks().map_while(move |chunk| {
            let bytes = chunk.len().min(left);
            left -= bytes;
            (bytes > 0).then(|| &chunk[..bytes])
        })
    }

    /// The complete value enters the store.
    pub(crate) fn into_chain(self) -> Chain {
        assert_eq!(self.remaining(), 0, "a body is stored only when it is complete");
        let inner = &self.chain.0;
        if inner.state.swap(STORED, Ordering::Relaxed) == RESERVED {
            inner.pool.reserved_bytes.fetch_sub(self.chain.extent_bytes(), Ordering::Relaxed);
        }
        self.chain
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("len", &self.len()).field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}
