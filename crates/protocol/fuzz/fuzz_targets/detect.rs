//! The first bytes of a connection: a verdict stands whatever follows, and comes in time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringstone_protocol::detect::{Detected, detect};

/// By so many bytes there must be a verdict.
const DECIDED: usize = 128;

fuzz_target!(|input: &[u8]| {
    let whole = detect(input);
    assert!(whole != Detected::More || input.len() < DECIDED);
    for end in 0..input.len().min(DECIDED) {
        let early = detect(&input[..end]);
        assert!(early == Detected::More || early == whole);
    }
});
