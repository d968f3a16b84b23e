//! The classic text protocol: one table per command, every refusal, and what follows a refusal on the connection.
//!
//! The right column is what memcached 1.6.18 does with these bytes (observed on a live server), but where a comment says
//! otherwise. A `!` starts a refusal with its reply; a bare `!` is one that `noreply` silences.

use crate::session::{Session, TEXT_LIMITS, TextSession, check_table};

const ERROR: &str = "! ERROR";
const BAD_FORMAT: &str = "! CLIENT_ERROR bad command line format";
const BAD_DELETE: &str = "! CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]";
const BAD_DELTA: &str = "! CLIENT_ERROR invalid numeric delta argument";
const BAD_EXPTIME: &str = "! CLIENT_ERROR invalid exptime argument";

fn check(table: &[(&[u8], &str)]) {
    check_table::<TextSession>(table);
}

#[test]
fn unknown_commands_and_empty_lines() {
    check(&[
        (b"\r\n", ERROR),
        (b"\n", ERROR),
        (b" \r\n", ERROR),
        (b"\r\r\n", ERROR),
        (b"a\r\n", ERROR),
        (b"foo\r\nversion\r\n", "! ERROR | version"),
        (b"GET a\r\n", ERROR),
        (b"gett a\r\n", ERROR),
        (b"get\ta\r\n", ERROR),
        (b"\rget a\r\n", ERROR),
        (b"statsx\r\n", ERROR),
        (b"noreply\r\n", ERROR),
    ]);
}

#[test]
fn http_is_hung_up_on() {
    check(&[
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "! close"),
        (b"POST / HTTP/1.1\r\nversion\r\n", "! close"),
        (b"HTTP/1.1\r\n", "! close"),
        // Unless the method starts like a command of memcached.
        (b"gopher / HTTP/1.1\r\nversion\r\n", "! ERROR | version"),
        (b"mx / HTTP/1.1\r\nversion\r\n", "! ERROR | version"),
        (b"x / HTTP/1.1\r\nversion\r\n", "! ERROR | version"),
        (b"get / HTTP/1.1\r\n", "get / HTTP/1.1"),
    ]);
}

#[test]
fn get() {
    check(&[
        (b"get a\r\n", "get a"),
        (b"get a\n", "get a"),
        (b"get a b c\r\n", "get a b c"),
        (b"  get   a  b \r\n", "get a b"),
        (b"gets a b\r\n", "gets a b"),
        (b"bget a\r\n", "get a"),
        (b"get a\nversion\n", "get a | version"),
        // Only the space separates.
        (b"get a\tb\r\n", "get a\\tb"),
        (b"get a\r\r\n", "get a\\r"),
        (b"get \xff\xfe\x01\x7f\r\n", "get \\xff\\xfe\\x01\\x7f"),
        // memcached's line ends at NUL, so that different keys meet; here it is a byte.
        (b"get a\0b\r\n", "get a\\x00b"),
        (b"get\r\n", ERROR),
        (b"get \r\n", ERROR),
        (b"get    \r\n", ERROR),
        (b"gets\r\n", ERROR),
    ]);
}

#[test]
fn keys_are_at_most_250_bytes() {
    let (longest, longer) = ("k".repeat(250), "k".repeat(251));
    let lines = [
        (format!("get {longest}\r\n"), format!("get {longest}")),
        (format!("get a {longest} b\r\n"), format!("get a {longest} b")),
        (format!("get {longer}\r\nversion\r\n"), format!("{BAD_FORMAT} | version")),
        (format!("gets a {longer} b\r\n"), BAD_FORMAT.to_owned()),
        (format!("gat 0 a {longer}\r\n"), BAD_FORMAT.to_owned()),
        (format!("gat x {longer}\r\n"), BAD_EXPTIME.to_owned()),
        // The body of a refused line is the next line.
        (format!("set {longest} 0 0 1\r\nx\r\n"), format!("set {longest} 0 0: x")),
        (format!("set {longer} 0 0 1\r\nx\r\n"), format!("{BAD_FORMAT} | {ERROR}")),
        (format!("set {longer} 0 0 1 noreply\r\nx\r\n"), format!("! | {ERROR}")),
        (format!("delete {longest}\r\n"), format!("delete {longest}")),
        (format!("delete {longer}\r\n"), BAD_FORMAT.to_owned()),
        (format!("delete {longer} noreply\r\n"), "!".to_owned()),
        (format!("delete {longer} 1\r\n"), BAD_DELETE.to_owned()),
        (format!("incr {longer} 1\r\n"), BAD_FORMAT.to_owned()),
        (format!("decr {longer} x noreply\r\n"), "!".to_owned()),
        (format!("touch {longer} 0\r\n"), BAD_FORMAT.to_owned()),
    ];
    for (line, expected) in &lines {
        check(&[(line.as_bytes(), expected)]);
    }
}

#[test]
fn get_and_touch() {
    check(&[
        (b"gat 10 a\r\n", "gat 10 a"),
        (b"gats -1 a b\r\n", "gats -1 a b"),
        (b"gat 0\r\n", "gat 0"),
        (b"gat\r\n", ERROR),
        (b"gats\r\n", ERROR),
        (b"gat a b\r\n", BAD_EXPTIME),
        (b"gat 1x a\r\n", BAD_EXPTIME),
        (b"gat 99999999999999999999 a\r\n", BAD_EXPTIME),
    ]);
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

#[test]
fn delete() {
    check(&[
        (b"delete a\r\n", "delete a"),
        (b"delete a 0\r\n", "delete a"),
        (b"delete a noreply\r\n", "delete a noreply"),
        (b"delete a 0 noreply\r\n", "delete a noreply"),
        (b"delete noreply\r\n", "delete noreply"),
        (b"delete\r\n", ERROR),
        (b"delete a 0 noreply x\r\n", ERROR),
        (b"delete a 1\r\n", BAD_DELETE),
        (b"delete a 00\r\n", BAD_DELETE),
        (b"delete a 0 0\r\n", BAD_DELETE),
        (b"delete a noreply 0\r\n", BAD_DELETE),
        (b"delete a 1 noreply\r\nversion\r\n", "! | version"),
    ]);
}

#[test]
fn arithmetic() {
    check(&[
        (b"incr a 1\r\n", "incr a 1"),
        (b"decr a 18446744073709551615\r\n", "decr a 18446744073709551615"),
        (b"incr a 1 noreply\r\n", "incr a 1 noreply"),
        (b"decr a 1 noreply\r\n", "decr a 1 noreply"),
        (b"incr a 1 foo\r\n", "incr a 1"),
        (b"decr a +1\r\n", "decr a 1"),
        (b"incr a \t1\r\n", "incr a 1"),
        (b"incr\r\n", ERROR),
        (b"incr a\r\n", ERROR),
        (b"incr a 1 noreply x\r\n", ERROR),
        (b"incr a x\r\n", BAD_DELTA),
        (b"incr a -1\r\n", BAD_DELTA),
        (b"decr a 1.5\r\n", BAD_DELTA),
        (b"incr a 18446744073709551616\r\n", BAD_DELTA),
        (b"incr a x noreply\r\nversion\r\n", "! | version"),
        (b"incr a noreply\r\nversion\r\n", "! | version"),
    ]);
}

#[test]
fn touch() {
    check(&[
        (b"touch a 10\r\n", "touch a 10"),
        (b"touch a -1 noreply\r\n", "touch a -1 noreply"),
        (b"touch a 0 foo\r\n", "touch a 0"),
        (b"touch\r\n", ERROR),
        (b"touch a\r\n", ERROR),
        (b"touch a 0 0 0\r\n", ERROR),
        (b"touch a x\r\n", BAD_EXPTIME),
        (b"touch a 99999999999999999999\r\n", BAD_EXPTIME),
        (b"touch a x noreply\r\nversion\r\n", "! | version"),
        (b"touch a noreply\r\nversion\r\n", "! | version"),
    ]);
}

#[test]
fn flush_all() {
    check(&[
        (b"flush_all\r\n", "flush_all 0"),
        (b"flush_all 0\r\n", "flush_all 0"),
        (b"flush_all 30\r\n", "flush_all 30"),
        (b"flush_all -1\r\n", "flush_all -1"),
        (b"flush_all noreply\r\n", "flush_all 0 noreply"),
        (b"flush_all 30 noreply\r\n", "flush_all 30 noreply"),
        (b"flush_all 0 x\r\n", "flush_all 0"),
        (b"flush_all x\r\n", BAD_EXPTIME),
        (b"flush_all x noreply\r\nversion\r\n", "! | version"),
        (b"flush_all noreply noreply\r\nversion\r\n", "! | version"),
        (b"flush_all 0 x y\r\n", ERROR),
    ]);
}

#[test]
fn verbosity_version_stats_quit() {
    check(&[
        (b"verbosity 1\r\n", "verbosity"),
        (b"verbosity 1 noreply\r\n", "verbosity noreply"),
        (b"verbosity 1 x\r\n", "verbosity"),
        (b"verbosity\r\n", ERROR),
        (b"verbosity 1 2 3\r\n", ERROR),
        (b"verbosity x\r\n", BAD_FORMAT),
        (b"verbosity -1\r\n", BAD_FORMAT),
        (b"verbosity noreply\r\nversion\r\n", "! | version"),
        (b"verbosity x noreply\r\nversion\r\n", "! | version"),
        (b"version\r\n", "version"),
        (b"version x y\r\n", "version"),
        (b"stats\r\n", "stats []"),
        (b"stats  detail  dump \r\n", "stats [detail  dump]"),
        (b"stats items\r\n", "stats [items]"),
        (b"quit\r\nversion\r\n", "quit | version"),
        (b"quit x\r\n", "quit"),
    ]);
}

#[test]
fn long_lines() {
    use ringstone_protocol::memcache::text::{MAX_LINE, MAX_RETRIEVAL_LINE};
    const TOO_LONG: &str = "! CLIENT_ERROR line too long close";
    // memcached closes without a word; and depending on the split already at 2 KiB.
    let noise = vec![b'x'; MAX_LINE];
    check(&[
        (&noise, ""),
        (&[&noise[..], b"\nversion\n"].concat(), "! ERROR | version"),
        (&[&noise[..], b"x"].concat(), TOO_LONG),
        (&[&noise[..], b"x\nversion\n"].concat(), TOO_LONG),
        (&[b"delete a", &vec![b' '; MAX_LINE][..], b"\n"].concat(), TOO_LONG),
        (&[b"delete a", &vec![b' '; MAX_LINE / 2][..], b"\n"].concat(), "delete a"),
    ]);
    // Retrievals may be longer.
    let keys = "a ".repeat(MAX_LINE);
    let got = keys.trim_end();
    for word in ["get", "gets", "gat 0", "gats 0"] {
        let stream = format!("{}{word} {keys}\r\nversion\r\n", " ".repeat(100));
        let whole = TextSession::account(stream.as_bytes(), &mut std::iter::empty());
        assert_eq!(whole, [format!("{word} {got}"), "version".to_owned()]);
        let pieces = TextSession::account(stream.as_bytes(), &mut std::iter::repeat(1000));
        assert_eq!(pieces, whole);
    }
    let spaced = format!("{}get {keys}\r\n", " ".repeat(101));
    assert_eq!(TextSession::account(spaced.as_bytes(), &mut std::iter::repeat(1000)), [TOO_LONG]);
    let endless = format!("get {}", "a ".repeat(MAX_RETRIEVAL_LINE / 2));
    assert_eq!(TextSession::account(endless.as_bytes(), &mut std::iter::repeat(100_000)), [TOO_LONG]);
}
