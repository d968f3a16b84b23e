//! The account of meta commands is the same whole, byte by byte, and split where the first byte says. The second one says
//! which command the stream starts with, so that most of what is tried gets as far as keys and flags.
#![no_main]

#[allow(dead_code, reason = "the other protocol's half")]
#[path = "../../tests/suite/session.rs"]
mod session;

use libfuzzer_sys::fuzz_target;
use session::{Session, TextSession};

const COMMANDS: [&[u8]; 6] = [b"mg ", b"ms ", b"md ", b"ma ", b"me ", b"mn"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&[size, command], rest)) = bytes.split_first_chunk() else { return };
    let stream = [COMMANDS[usize::from(command) % COMMANDS.len()], rest].concat();
    let whole = TextSession::account(&stream, &mut std::iter::empty());
    for piece in [1, usize::from(size).max(1)] {
        assert_eq!(whole, TextSession::account(&stream, &mut std::iter::repeat(piece)), "in pieces of {piece}");
    }
});
