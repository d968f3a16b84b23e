//! Lines of ping: a verdict stands whatever follows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringstone_protocol::ping::{Parsed, parse};

fuzz_target!(|input: &[u8]| {
    let whole = parse(input);
    if let Parsed::Ping { consumed, .. } | Parsed::Quit { consumed } | Parsed::Unknown { consumed } = whole {
        assert!((1..=input.len()).contains(&consumed));
        assert_eq!(input[consumed - 1], b'\n');
    }
    let early = parse(&input[..input.len() / 2]);
    assert!(early == Parsed::Incomplete || early == whole);
});
