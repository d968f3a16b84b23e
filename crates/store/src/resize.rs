//! Changing `max_memory` while the store is used.

use crate::cell::{Now, Room};
use crate::clock::UnixMillis;
use crate::options::Eviction;
use crate::pool::ResizeError;
use crate::store::Store;

/// Times that one slice makes some room in a cell: each takes as long as the eviction of a segment.
const SLICE_RECLAIMS: usize = 16;

impl Store {
    /// The limit as it is now.
    pub fn max_memory(&self) -> u64 {
        self.shared.pool.max_memory()
    }

    /// Sets another limit, which holds for what is written from now on: nothing more is used than is now, or than the limit.
    /// What is used beyond it goes with [`Store::shrink_slice`], of which this does one. A limit below what is used is refused
    /// where nothing is evicted.
    ///
    /// It may grow to four times what the store was opened with, unless that is more than the cells can address, 16 MiB for
    /// each, and so to twice as much at least, up to 1 TiB; for so much addresses are reserved, if there are any, and all else
    /// that follows from the size is made. It may shrink to eight segments per cell, which is an eighth or less of what it was
    /// opened with, but not below twice the index, which never shrinks.
    pub fn set_max_memory(&self, bytes: u64, now_ms: UnixMillis) -> Result<(), ResizeError> {
        self.shared.pool.resize(bytes, self.shared.options.eviction != Eviction::None)?;
        self.shrink_slice(now_ms);
        Ok(())
    }

    /// One bounded slice of the way to a limit that is lower than it was: evicts some of what is used beyond it, and gives some
    /// of the memory that became free back to the system. True if there is more to do; false when that is done, or, so far,
    /// nothing more can be had since bodies and replies hold it. It is for a thread in the background to call, as often as each
    /// second, for there may be more to do later; where there is nothing it takes two short locks. Waits for no cell's lock.
    pub fn shrink_slice(&self, now_ms: UnixMillis) -> bool {
        let (shared, now) = (&self.shared, Now::at(now_ms));
        let mut is_over = shared.pool.withhold();
        for _ in 0..SLICE_RECLAIMS {
            if !is_over {
                break;
            }
            is_over = shared.reclaim(None, now) != Room::Nothing && shared.pool.withhold();
        }
        shared.pool.give_back_withheld() || is_over
    }
}
