#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ringstone_engine_fuzz::check(input));
