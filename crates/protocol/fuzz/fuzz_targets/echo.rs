//! Headers of echo: a verdict stands whatever follows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringstone_protocol::echo::{Parsed, parse};

fuzz_target!(|input: (usize, &[u8])| {
    let (max_value_size, bytes) = input;
    let whole = parse(bytes, max_value_size);
    match whole {
        Parsed::Header { length, consumed } => assert!(length <= max_value_size && consumed <= bytes.len()),
        Parsed::TooLarge { length, consumed } => assert!(length > max_value_size as u64 && consumed <= bytes.len()),
        Parsed::Incomplete | Parsed::Invalid => {}
    }
    for end in 0..bytes.len().min(32) {
        let early = parse(&bytes[..end], max_value_size);
        assert!(early == Parsed::Incomplete || early == whole);
    }
});
