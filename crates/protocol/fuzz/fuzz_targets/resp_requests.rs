//! The account of a stream is the same whole, byte by byte, and split where its first byte says.
#![no_main]

#[allow(dead_code, reason = "the other protocol's half")]
#[path = "../../tests/suite/session.rs"]
mod session;

use libfuzzer_sys::fuzz_target;
use session::{RespSession, Session};

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let whole = RespSession::account(stream, &mut std::iter::empty());
    for piece in [1, usize::from(size).max(1)] {
        assert_eq!(whole, RespSession::account(stream, &mut std::iter::repeat(piece)), "in pieces of {piece}");
    }
});
