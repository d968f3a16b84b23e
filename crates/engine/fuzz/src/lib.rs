//! The target, which is that of the crate's tests.

#[path = "../../tests/common/any_bytes.rs"]
mod any_bytes;
#[path = "../../tests/common/mod.rs"]
mod common;

pub use any_bytes::check;
