//! Bytes <-> requests and replies. No I/O, no store, no clock.
//!
//! A parser is a function of the bytes received so far: `&[u8] -> request and how much it consumed | more is needed | refused`.
//! Requests borrow those bytes. Replies are composed into a [`Sink`].
//!
//! Thread model: none. Everything here is a pure function over borrowed data; the only state that outlives a call is
//! [`resp::parse::Progress`], which belongs to a connection.
//!
//! Invariants, held by `tests/`:
//! - parsers are total: any bytes, split anywhere, never panic, and never consume more than was given;
//! - the answer depends on the bytes, not on how they were split into reads;
//! - no length or count that a peer announces is reserved or looped over before its bytes are here;
//! - a request of the common kinds is parsed, and a reply composed, without allocation (inline RESP and the texts of
//!   unusual errors allocate).

pub mod detect;
pub mod echo;
mod find;
pub mod glob;
pub mod memcache;
mod number;
pub mod ping;
pub mod resp;
pub mod sink;
pub use sink::Sink;
