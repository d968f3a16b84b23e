//! Bytes <-> requests and replies. No I/O, no store.

pub mod detect;
pub mod echo;
pub mod memcache;
pub mod ping;
pub mod resp;
pub mod sink;
pub use sink::Sink;
