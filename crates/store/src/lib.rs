//! The item store of Ringstone: many small single-threaded caches (cells) over one arena.

pub mod api;
pub use api::*;
