#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ringstone_protocol_fuzz::run("resp_numbers", input));
