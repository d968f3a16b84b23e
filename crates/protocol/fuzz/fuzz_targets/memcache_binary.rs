//! The account of a stream is the same whole, byte by byte, and split where its first byte says.
#![no_main]

#[allow(dead_code, reason = "its packets are for the tests")]
#[path = "../../tests/suite/binary_session.rs"]
mod binary_session;
#[allow(dead_code, reason = "the other protocols")]
#[path = "../../tests/suite/session.rs"]
mod session;

use binary_session::BinarySession;
use libfuzzer_sys::fuzz_target;
use session::Session;

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let whole = BinarySession::account(stream, &mut std::iter::empty());
    for piece in [1, usize::from(size).max(1)] {
        assert_eq!(whole, BinarySession::account(stream, &mut std::iter::repeat(piece)), "in pieces of {piece}");
    }
});
