//! The item store of Ringstone: many small single-threaded caches (cells) over one arena.

mod arena;
mod cell;
mod chain;
mod clock;
mod entry;
mod error;
mod ghosts;
mod hash;
mod index;
mod item;
mod lock;
mod options;
mod pool;
mod scratch;
mod stats;
mod store;
mod tails;

pub use chain::{Body, Chain};
pub use clock::{Clock, ManualClock, SystemClock, UnixMillis};
pub use entry::{Absence, Attributes, Cas, Entry, Item, NewValue, Value};
pub use error::Error;
pub use hash::Hash;
pub use lock::LockedCells;
pub use options::{
    EXTENT_PAGE_BYTES, Eviction, MAX_KEY_BYTES, MIN_MEMORY_BYTES, Options, RESERVED_AND_PINNED_SHARE, RESERVED_SHARE,
};
pub use stats::Stats;
pub use store::Store;
