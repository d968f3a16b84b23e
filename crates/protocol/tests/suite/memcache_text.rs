//! The classic text protocol: one table per command, every refusal, and what follows a refusal on the connection. Storage
//! commands are in `memcache_storage.rs`.
//!
//! The right column is what memcached 1.6.18 does with these bytes (observed on a live server), but where a comment says
//! otherwise. A `!` starts a refusal with its reply; a bare `!` is one that `noreply` silences.

use crate::session::{Session, TextSession, check_table};
use ringstone_protocol::memcache::text;

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
        (b"verbosity 1\r\n", "verbosity 1"),
        (b"verbosity 1 noreply\r\n", "verbosity 1 noreply"),
        (b"verbosity 1 x\r\n", "verbosity 1"),
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

#[test]
fn a_plain_get_is_taken_the_short_way_and_no_other() {
    let long = [&b"get "[..], &[b'k'; 251], b"\r\n"].concat();
    let longest = [&b"get "[..], &[b'k'; 250], b"\r\n"].concat();
    for (input, keys) in [
        (&b"get a\r\nget b\r\n"[..], &["a"][..]),
        (b"get  a bc\r\n", &["a", "bc"]),
        (&longest, &[&"k".repeat(250)]),
        (&long, &[]),
        (b"get a\n", &[]),
        (b"get a\r", &[]),
        (b"get \r\n", &[]),
        (b"get\r\n", &[]),
        (b"gets a\r\n", &[]),
    ] {
        let taken: Vec<String> = text::plain_get(input)
            .into_iter()
            .flat_map(|(keys, _)| keys.map(|key| String::from_utf8_lossy(key).into_owned()))
            .collect();
        assert_eq!(taken, keys, "{}", input.escape_ascii());
    }
}
