//! Memory for bytes on their way: a pool per worker, the input window of a connection, the chain of its output.

pub(crate) mod chain;
pub(crate) mod input;
pub(crate) mod output;
pub(crate) mod pool;
mod raw;

pub(crate) use raw::{Buffer, Origin};
