//! The data plane: each operation is one function of Node-API that knows its opening by its `data` pointer. Keys and values
//! come as strings or `Uint8Array`, numbers go back: what is not negative is a result, and what is negative a [`Status`].
//!
//! Values go back through the slab, a buffer of the caller's that is registered once: a value is copied to the place in it that
//! the caller names, and its length is the answer. One that is too long for that, or for what is left of the slab, is kept by
//! the handle until the caller has made a buffer of that length and calls `take`. So a value is read once, whole.
//!
//! No operation touches JavaScript's heap while a cell is locked, nor runs JavaScript at all. A panic ends in the call that it
//! happened in (`raw`).

mod handle;
mod operations;
mod raw;
mod reads;
mod several;
mod status;
mod walks;
mod writes;

pub use handle::{Handle, Release};
pub use operations::operations;
pub use status::Status;
