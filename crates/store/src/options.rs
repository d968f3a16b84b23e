//! How a store is made, and the shape of the arena that follows from it.

/// Which items go when the memory is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// Density-aware S3-FIFO: see `cell::evict`.
    S3Fifo,
    /// Second chance by last access: the oldest items go, but those read since they were written or last spared.
    Lru,
    /// Refuse writes that do not fit.
    None,
}

/// How a store is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes for items, index and ghosts together; another limit can be set later. At least [`MIN_MEMORY_BYTES`]. What is above 1 TiB serves large values
    /// only, for there are at most 65,536 cells, which reach 16 MiB each; above 4 TiB it is not used.
    pub max_memory: u64,
    /// Longest value in bytes.
    pub max_value_size: u64,
    /// Policy.
    pub eviction: Eviction,
    /// Key of the hash (random per process in production, fixed in tests).
    pub hash_key: [u8; 16],
}

/// Longest key in bytes.
pub const MAX_KEY_BYTES: usize = 65_536;
/// Least `max_memory`.
pub const MIN_MEMORY_BYTES: u64 = 64 << 10;
/// Share of the limit that bodies being received may hold (one body alone may hold more).
///
/// A body holds its share until it is stored or dropped, and the store does not know whether its sender still sends: who
/// receives it must bound how long it may stand still, or senders that stop hold up all other large values.
pub const RESERVED_SHARE: f64 = 0.25;
/// Share of the limit that bodies being received and removed values held by replies may hold together, before new
/// bodies are refused.
pub const RESERVED_AND_PINNED_SHARE: f64 = 0.5;
/// Bytes of a page of an extent: the unit in which the tails of large values are allocated.
pub const EXTENT_PAGE_BYTES: usize = 1024;

const MAX_SEGMENT_BYTES: u64 = 64 << 10;
const MIN_SEGMENT_BYTES: u64 = 4 << 10;
/// Pages of extents are numbered by 32 bits.
const MAX_SEGMENTS: u64 = u32::MAX as u64 / (MAX_SEGMENT_BYTES / EXTENT_PAGE_BYTES as u64);
/// A tiny cache is cut into this many segments at least.
const MIN_SEGMENTS: u64 = 256;
/// Least bytes of data of a cell (they are less than twice as much, as their number is a power of two).
const CELL_BYTES: u64 = 4 << 20;
/// A cache may grow to so many times what it was opened with, unless its cells cannot address as much.
const MAX_GROWTH: u64 = 4;
/// Cells are numbered by at most this many bits of the hash.
const MAX_CELL_BITS: u32 = 16;
/// Bits of an item's place within its cell.
pub(crate) const PLACE_BITS: u32 = 22;
/// Bytes of the unit of a place, to which items are aligned. A place so reaches 16 MiB, at least twice a cell's share.
/// Units of 8 bytes would cost two bytes more per item and reach further than a cell can use.
pub(crate) const UNIT_BYTES: usize = 4;
/// Bytes that a cell's places reach.
const CELL_REACH_BYTES: u64 = (UNIT_BYTES as u64) << PLACE_BITS;
/// Segments that are put on a huge page, and given back to the system, together: 2 MiB of 64-KiB segments.
pub(crate) const GROUP_SEGMENTS: u32 = 32;
/// A segment holds this many pages of index or ghosts.
const INDEX_PAGES_PER_SEGMENT: usize = 16;

/// Sizes that follow from `max_memory` as the cache was opened with. All powers of two but the numbers of segments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    /// As opened with.
    pub max_memory: u64,
    pub segment_bytes: usize,
    /// Segments that there are addresses for; how many of them may be used is the pool's limit.
    pub segments: u32,
    /// Its limit at first.
    pub opened_segments: u32,
    pub cells: usize,
    /// Bits of a place that say where in the segment.
    pub unit_bits: u32,
}

impl Geometry {
    /// With addresses for growth.
    pub fn of(max_memory: u64) -> Geometry {
        let floor_pow2 = |n: u64| 1u64 << n.max(1).ilog2();
        let segment = floor_pow2(max_memory / MIN_SEGMENTS).clamp(MIN_SEGMENT_BYTES, MAX_SEGMENT_BYTES);
        let cells = floor_pow2(max_memory / CELL_BYTES).min(1 << MAX_CELL_BITS);
        let opened = (max_memory / segment).min(MAX_SEGMENTS);
        let addressable = cells * CELL_REACH_BYTES / segment;
        let most = (opened * MAX_GROWTH).min(addressable).min(MAX_SEGMENTS);
        let whole_groups = most / u64::from(GROUP_SEGMENTS) * u64::from(GROUP_SEGMENTS);
        Geometry {
            max_memory,
            segment_bytes: segment as usize,
            segments: whole_groups.max(opened) as u32,
            opened_segments: opened as u32,
            cells: cells as usize,
            unit_bits: (segment / UNIT_BYTES as u64).ilog2(),
        }
    }

    /// The same without growth.
    pub fn fixed(self) -> Geometry {
        Geometry { segments: self.opened_segments, ..self }
    }

    /// Bytes of addresses.
    pub fn arena_bytes(&self) -> usize {
        self.segments as usize * self.segment_bytes
    }

    /// Values of at least this many bytes are kept in extents.
    pub fn chain_threshold(&self) -> usize {
        self.segment_bytes / 4
    }

    /// Pages of extents in a segment.
    pub fn extent_pages(&self) -> u32 {
        (self.segment_bytes / EXTENT_PAGE_BYTES) as u32
    }

    /// Bytes of a page of index or ghosts.
    pub fn index_page_bytes(&self) -> usize {
        self.segment_bytes / INDEX_PAGES_PER_SEGMENT
    }

    pub fn index_pages_per_segment(&self) -> u32 {
        INDEX_PAGES_PER_SEGMENT as u32
    }

    /// Segments that a cell can address.
    pub fn local_segments(&self) -> usize {
        ((1usize << PLACE_BITS) >> self.unit_bits).min(self.segments as usize)
    }

    /// The most bytes of items that a cell will hold, but for chance.
    pub fn most_cell_bytes(&self) -> u64 {
        let share = |segments: u32| u64::from(segments) * self.segment_bytes as u64 / self.cells as u64;
        (2 * share(self.opened_segments)).max(share(self.segments)).min(CELL_REACH_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_and_place_has_a_number() {
        for bits in MIN_MEMORY_BYTES.ilog2()..u64::BITS {
            for max_memory in [1 << bits, (1 << bits) + 4097, u64::MAX >> (63 - bits)] {
                let geometry = Geometry::of(max_memory);
                let pages = u64::from(geometry.segments) * u64::from(geometry.extent_pages());
                assert!(pages <= u64::from(u32::MAX), "{max_memory}: {pages} pages");
                let index_pages = u64::from(geometry.segments) * u64::from(geometry.index_pages_per_segment());
                assert!(index_pages < u64::from(u32::MAX), "{max_memory}: {index_pages} pages of index");
                let opened_bytes = u64::from(geometry.opened_segments) * geometry.segment_bytes as u64;
                assert!(opened_bytes <= max_memory && geometry.local_segments() < 1 << 16);
                assert!(geometry.segments >= geometry.opened_segments);
                let may_grow = geometry.segments > geometry.opened_segments;
                let most_bytes = geometry.arena_bytes() as u64;
                assert!(!may_grow || most_bytes <= geometry.cells as u64 * CELL_REACH_BYTES);
                assert!(max_memory > 1 << 39 || most_bytes >= max_memory * 3 / 2, "{max_memory}: {most_bytes}");
                assert!(geometry.local_segments() << geometry.unit_bits <= 1 << PLACE_BITS);
                assert!(geometry.cells.is_power_of_two());
            }
        }
    }
}
