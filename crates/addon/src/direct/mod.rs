//! The data plane: each operation is one function of Node-API that knows its opening by its `data` pointer. Keys and values
//! come as strings or `Uint8Array`, numbers go back: what is not negative is a result, and what is negative a [`Status`].
//!
//! Values go back through the slab, a buffer of the caller's that is registered once: a value is copied to the place in it that
//! the caller names, its length is the answer, and its flags are the slab's first four bytes. A value that does not fit there is
//! not copied; the caller sees that by its length.

mod handle;
mod operations;
mod raw;
mod several;
mod status;

pub use handle::{Handle, Release};
pub use operations::operations;
pub use status::Status;
