//! Options of SET, GETEX, EXPIRE and SCAN, numbers and patterns: the words are the input's lines. What is taken is consistent, and
//! times do not overflow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::extended::Extended;
use ringstone_protocol::resp::options::{
    Expiry, Retime, expire_condition, getex_options, parse_i64, scan_options, set_options,
};

fuzz_target!(|input: (u64, &[u8])| {
    let (now_ms, bytes) = input;
    let words = || bytes.split(|&byte| byte == b'\n');
    if let Ok(options) = set_options(words(), now_ms)
        && let Expiry::AtMs(at_ms) = options.expiry
    {
        assert!(at_ms == 1 || at_ms > now_ms);
    }
    if let Ok(Retime::AtMs(at_ms)) = getex_options(words(), now_ms) {
        assert!(at_ms == 1 || at_ms > now_ms);
    }
    if let Ok(options) = scan_options(words()) {
        assert!(options.count > 0);
    }
    if let Ok(condition) = expire_condition(words()) {
        assert!(!condition.nx || !(condition.xx || condition.gt || condition.lt));
        assert!(!(condition.gt && condition.lt));
    }
    for word in words() {
        if let Some(number) = parse_i64(word) {
            assert_eq!(number.to_string().as_bytes(), word);
            assert!(Extended::parse(word).is_some_and(|same| same.format() == word));
        }
        if let Some(number) = Extended::parse(word) {
            let _ = number.plus(number).map(Extended::format);
        }
        assert!(word.is_empty() || Pattern::new(b"*").matches(word));
        for text in words() {
            let _ = Pattern::new(word).matches(text) | Pattern::ignoring_case(word).matches(text);
        }
    }
});
