//! Hashes where they differ from strings.

mod common;

use common::{Bench, options};
use ringstone_engine::Protocol;

#[test]
fn a_star_alone_is_no_pattern() {
    let input = "HSET h \"\" v a b\r\nHSCAN h 0 MATCH *\r\nHSCAN h 0 MATCH **\r\n";
    let text = Bench::new(options()).whole(Protocol::Resp, input.as_bytes()).text();
    let all = "*2\r\n$1\r\n0\r\n*4\r\n$0\r\n\r\n$1\r\nv\r\n$1\r\na\r\n$1\r\nb\r\n";
    let named = "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n";
    assert_eq!(text, format!(":2\r\n{all}{named}"));
}

#[test]
fn a_cursor_is_digits() {
    let text = Bench::new(options()).whole(Protocol::Resp, b"HSET h a b\r\nHSCAN h +0\r\nHSCAN h -0\r\n").text();
    assert_eq!(text, ":1\r\n-ERR invalid cursor\r\n-ERR invalid cursor\r\n");
}
