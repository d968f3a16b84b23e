//! Storage commands of the classic text protocol: lines, numbers, bodies and their limits.
//!
//! The right column is what memcached 1.6.18 does with these bytes (observed on a live server), but where a comment says
//! otherwise. A `!` starts a refusal with its reply; a bare `!` is one that `noreply` silences.

use crate::session::{Session, TEXT_LIMITS, TextSession, check_table};

const ERROR: &str = "! ERROR";
const BAD_FORMAT: &str = "! CLIENT_ERROR bad command line format";

fn check(table: &[(&[u8], &str)]) {
    check_table::<TextSession>(table);
}

#[test]
fn storage() {
    check(&[
        (b"set a 1 2 3\r\nabc\r\n", "set a 1 2: abc"),
        (b"add a 1 2 3\r\nabc\r\n", "add a 1 2: abc"),
        (b"replace a 1 2 3\r\nabc\r\n", "replace a 1 2: abc"),
        (b"append a 1 2 3\r\nabc\r\n", "append a 1 2: abc"),
        (b"prepend a 1 2 3\r\nabc\r\n", "prepend a 1 2: abc"),
        (b"cas a 1 2 3 4\r\nabc\r\n", "cas 4 a 1 2: abc"),
        (b"set a 0 0 0\r\n\r\n", "set a 0 0: "),
        (b"set a 0 0 4\r\n\r\n\r\n\r\n", "set a 0 0: \\r\\n\\r\\n"),
        (b"set a 0 0 1\nx\r\nversion\r\n", "set a 0 0: x | version"),
        (b"set   a   0   0   1   \r\nx\r\n", "set a 0 0: x"),
        (b"set a 0 0 1\r\nx\r\nget a\r\nset b 0 0 1\r\ny\r\n", "set a 0 0: x | get a | set b 0 0: y"),
        (b"set \xff\x00 0 0 1\r\nx\r\n", "set \\xff\\x00 0 0: x"),
    ]);
}

#[test]
fn storage_with_noreply() {
    check(&[
        (b"set a 0 0 1 noreply\r\nx\r\n", "set a 0 0 noreply: x"),
        (b"set a 0  0 1 noreply \r\nx\r\n", "set a 0 0 noreply: x"),
        (b"add a 0 0 1 noreply\r\nx\r\n", "add a 0 0 noreply: x"),
        (b"replace a 0 0 1 noreply\r\nx\r\n", "replace a 0 0 noreply: x"),
        (b"append a 0 0 1 noreply\r\nx\r\n", "append a 0 0 noreply: x"),
        (b"prepend a 0 0 1 noreply\r\nx\r\n", "prepend a 0 0 noreply: x"),
        (b"cas a 0 0 1 5 noreply\r\nx\r\n", "cas 5 a 0 0 noreply: x"),
        // Any other word in its place means nothing.
        (b"set a 0 0 1 foo\r\nx\r\n", "set a 0 0: x"),
        (b"set a 0 0 1 NOREPLY\r\nx\r\n", "set a 0 0: x"),
        // It silences what is wrong with the line, even when it stands in another word's place.
        (b"set a 0 0 -1 noreply\r\nversion\r\n", "! | version"),
        (b"set a 0 0 noreply\r\nversion\r\n", "! | version"),
        (b"cas a 0 0 1 noreply\r\nx\r\nversion\r\n", "! | ! ERROR | version"),
        (b"set a 0 0 1 noreply\r\nxy\r\nversion\r\n", "! | ! ERROR | version"),
        // But not a wrong number of words.
        (b"set a 0 noreply\r\nversion\r\n", "! ERROR | version"),
        (b"set a 0 0 1 noreply x\r\nx\r\n", "! ERROR | ! ERROR"),
    ]);
}

#[test]
fn storage_with_a_wrong_number_of_words() {
    check(&[
        (b"set\r\n", ERROR),
        (b"set \r\n", ERROR),
        (b"set \r\r\n", ERROR),
        (b"set a\r\n", ERROR),
        (b"set a 0 0\r\n", ERROR),
        (b"cas a 0 0 1\r\nx\r\n", "! ERROR | ! ERROR"),
        (b"cas a 0 0 1 5 foo noreply\r\nx\r\n", "! ERROR | ! ERROR"),
        (b"appendx zz 0 0 1\r\nversion\r\n", "! ERROR | version"),
    ]);
}

#[test]
fn storage_with_wrong_numbers() {
    check(&[
        (b"set a x 0 1\r\nversion\r\n", "! CLIENT_ERROR bad command line format | version"),
        (b"set a -1 0 1\r\n", BAD_FORMAT),
        (b"set a 1x 0 1\r\n", BAD_FORMAT),
        (b"set a - 0 1\r\n", BAD_FORMAT),
        (b"set a 0x10 0 1\r\n", BAD_FORMAT),
        (b"set a 18446744073709551616 0 1\r\n", BAD_FORMAT),
        (b"set a 0 x 1\r\n", BAD_FORMAT),
        (b"set a 0 -5x 1\r\n", BAD_FORMAT),
        (b"set a 0 9223372036854775808 1\r\n", BAD_FORMAT),
        (b"set a 0 0 x\r\n", BAD_FORMAT),
        (b"set a 0 0 -1\r\nx\r\n", "! CLIENT_ERROR bad command line format | ! ERROR"),
        (b"set a 0 0 2147483646\r\n", BAD_FORMAT),
        (b"set a 0 0 2147483648\r\n", BAD_FORMAT),
        (b"set a 0 0 99999999999999999999999\r\nversion\r\n", "! CLIENT_ERROR bad command line format | version"),
        // memcached cuts this length to 32 bits and stores one byte.
        (b"set a 0 0 4294967297\r\n", BAD_FORMAT),
        (b"cas a 0 0 1 x\r\nversion\r\n", "! CLIENT_ERROR bad command line format | version"),
        (b"cas a 0 0 1 -1\r\n", BAD_FORMAT),
        (b"cas a 0 0 1 99999999999999999999\r\n", BAD_FORMAT),
    ]);
}

#[test]
fn numbers_as_strtol_takes_them() {
    check(&[
        (b"set a +1 +0 +1\r\nx\r\n", "set a 1 0: x"),
        (b"set a 010 0 01\r\nx\r\n", "set a 10 0: x"),
        (b"set a -0 -7 1\r\nx\r\n", "set a 0 -7: x"),
        (b"set a 1\t 0 1\r\nx\r\n", "set a 1 0: x"),
        (b"set a \x0b0 \t5 1\r\nx\r\n", "set a 0 5: x"),
        (b"set a 0 0 1\r\rjunk\r\nx\r\n", "set a 0 0: x"),
        (b"set a 4294967295 0 1\r\nx\r\n", "set a 4294967295 0: x"),
        // Client flags keep their low 32 bits.
        (b"set a 4294967296 0 1\r\nx\r\n", "set a 0 0: x"),
        (b"set a 18446744073709551615 0 1\r\nx\r\n", "set a 4294967295 0: x"),
        // memcached cuts times to 32 bits; this one is the year 2286, not 2014.
        (b"set a 0 9999999999 1\r\nx\r\n", "set a 0 9999999999: x"),
        (b"set a 0 -9223372036854775808 1\r\nx\r\n", "set a 0 -9223372036854775808: x"),
        (b"cas a 0 0 1 18446744073709551615\r\nx\r\n", "cas 18446744073709551615 a 0 0: x"),
        (b"cas a 0 0 1 +5\r\nx\r\n", "cas 5 a 0 0: x"),
        // A minus wraps, and is refused only if the top bit is then set.
        (b"set a -18446744073709551615 0 1\r\nx\r\n", "set a 1 0: x"),
        (b"incr a -0\r\n", "incr a 0"),
    ]);
}

#[test]
fn a_body_without_its_line_end() {
    // As many bytes are skipped as were announced, with two for the line end.
    check(&[
        (b"set a 0 0 1\r\nxy\r\n", "! CLIENT_ERROR bad data chunk | ! ERROR"),
        (b"set a 0 0 1\r\nxyz\r\nversion\r\n", "! CLIENT_ERROR bad data chunk | ! ERROR | version"),
        (b"set a 0 0 0\r\nx\r\n", "! CLIENT_ERROR bad data chunk | ! ERROR"),
        (b"set a 0 0 1\nx\nversion\r\n", "! CLIENT_ERROR bad data chunk | ! ERROR"),
        (b"set a 0 0 1\r\nx\nversion\r\nversion\r\n", "! CLIENT_ERROR bad data chunk | ! ERROR | version"),
        (b"set a 0 0 1 noreply\r\nxyzversion\r\n", "! | version"),
    ]);
}

#[test]
fn bodies_above_the_limit_are_skipped() {
    let max = TEXT_LIMITS.max_value_size;
    let cases = [
        ("set a 0 0 {n}", "! SERVER_ERROR object too large for cache remove a"),
        ("add a 0 0 {n}", "! SERVER_ERROR object too large for cache"),
        ("replace a 0 0 {n}", "! SERVER_ERROR object too large for cache"),
        ("append a 0 0 {n}", "! SERVER_ERROR object too large for cache"),
        ("prepend a 0 0 {n}", "! SERVER_ERROR object too large for cache"),
        ("cas a 0 0 {n} 1", "! SERVER_ERROR object too large for cache"),
        ("set a 0 0 {n} noreply", "! remove a"),
    ];
    for (line, refusal) in cases {
        for size in [max + 1, 10 * max] {
            // The body holds what could be taken for a line.
            let mut stream = format!("{}\r\n", line.replace("{n}", &size.to_string())).into_bytes();
            stream.extend(b"\nversion\r\n".iter().cycle().take(size));
            // Whatever stands in the line end's place is skipped too.
            stream.extend_from_slice(b"yyversion\r\n");
            check(&[(&stream, &format!("{refusal} | version"))]);
        }
    }
}

#[test]
fn large_bodies_up_to_the_limit() {
    for size in [TEXT_LIMITS.large_value - 1, TEXT_LIMITS.large_value, TEXT_LIMITS.max_value_size] {
        let value = "v".repeat(size);
        let stream = format!("set a 1 2 {size}\r\n{value}\r\nappend a 0 0 {size} noreply\r\n{value}\r\nget a\r\n");
        let expected = format!("set a 1 2: {value} | append a 0 0 noreply: {value} | get a");
        check(&[(stream.as_bytes(), &expected)]);
        let stream = format!("set a 1 2 {size}\r\n{value}xxversion\r\n");
        check(&[(stream.as_bytes(), "! CLIENT_ERROR bad data chunk | version")]);
    }
}

#[test]
fn large_begins_at_its_limit() {
    use ringstone_protocol::memcache::text::{Parsed, parse};
    let size = TEXT_LIMITS.large_value;
    let line = |size: usize| format!("set a 0 0 {size}\r\n");
    let (below, at) = (line(size - 1), line(size));
    let need = below.len() + size - 1 + 2;
    assert_eq!(parse(below.as_bytes(), &TEXT_LIMITS), Parsed::Incomplete { need });
    assert!(matches!(parse(at.as_bytes(), &TEXT_LIMITS), Parsed::Body { length, .. } if length == size));
    let whole = format!("{at}{}\r\n", "v".repeat(size));
    assert!(matches!(parse(whole.as_bytes(), &TEXT_LIMITS), Parsed::Request { .. }), "what is here is no large one");
}

#[test]
fn announced_lengths_reserve_nothing() {
    // The greatest length that is understood, and no body: refused at once, whatever the limit.
    assert_eq!(
        TextSession::account(b"set a 0 0 2147483645\r\nx", &mut std::iter::empty()),
        ["! SERVER_ERROR object too large for cache remove a"]
    );
    // With a limit that lets it pass it is only waited for.
    use ringstone_protocol::memcache::text::{Limits, Parsed, parse};
    let unlimited = Limits { max_value_size: usize::MAX, large_value: usize::MAX };
    let line = b"set a 0 0 2147483645\r\nx";
    assert_eq!(parse(line, &unlimited), Parsed::Incomplete { need: line.len() - 1 + 2_147_483_645 + 2 });
    let Parsed::Body { length, consumed, .. } = parse(line, &Limits { large_value: 0, ..unlimited }) else { panic!() };
    assert_eq!((length, consumed), (2_147_483_645, line.len() - 1));
}
