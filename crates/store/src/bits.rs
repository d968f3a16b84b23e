//! Runs of bits in a word: what is free is a bit each, of segments, of pages, of a cell's numbers.

/// So many bits in a row, 1 to 64, from `start` on; they must fit.
pub(crate) fn run(start: u32, count: u32) -> u64 {
    (u64::MAX >> (64 - count)) << start
}

/// The lowest bit with which so many in a row are set.
pub(crate) fn lowest_run(bits: u64, count: u32) -> Option<u32> {
    let starts = (1..count).fold(bits, |starts, n| starts & bits >> n);
    (starts != 0).then(|| starts.trailing_zeros())
}

/// Of the bits that are set, so many, the lowest.
pub(crate) fn lowest(mut bits: u32, count: u32) -> u32 {
    while bits.count_ones() > count {
        bits &= !(1 << bits.ilog2());
    }
    bits
}
