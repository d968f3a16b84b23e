//! Options of SET and EXPIRE: the words are the input's lines. What is taken is consistent, and times do not overflow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringstone_protocol::resp::options::{Expiry, expire_condition, parse_i64, set_options};

fuzz_target!(|input: (u64, &[u8])| {
    let (now_ms, bytes) = input;
    let words = || bytes.split(|&byte| byte == b'\n');
    if let Ok(options) = set_options(words(), now_ms)
        && let Expiry::AtMs(at_ms) = options.expiry
    {
        assert!(at_ms == 1 || at_ms > now_ms);
    }
    if let Ok(condition) = expire_condition(words()) {
        assert!(!condition.nx || !(condition.xx || condition.gt || condition.lt));
        assert!(!(condition.gt && condition.lt));
    }
    for word in words() {
        if let Some(number) = parse_i64(word) {
            assert_eq!(number.to_string().as_bytes(), word);
        }
    }
});
