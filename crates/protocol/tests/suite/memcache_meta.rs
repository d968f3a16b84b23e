//! The meta commands: every flag, every refusal, and what follows a refusal on the connection.
//!
//! The right column is what the newest memcached 1.6 does with these bytes (its `proto_parser.c`); where 1.6.18 answers something
//! else, the table in `test/protocol/memcached/meta.ts` says so. What the flags say is shown in braces.

use proptest::collection::vec;
use proptest::prelude::*;
use ringstone_protocol::memcache::{meta, meta_reply, text};

use crate::session::{Session, TEXT_LIMITS, TextSession, check_table};

const BAD_FORMAT: &str = "! CLIENT_ERROR bad command line format";
const BAD_TOKEN: &str = "! CLIENT_ERROR bad token in command line format";
const INVALID: &str = "! CLIENT_ERROR invalid flag";
const DUPLICATE: &str = "! CLIENT_ERROR duplicate flag";
const BAD_KEY: &str = "! CLIENT_ERROR error decoding key";
const BAD_MA: &str = "! CLIENT_ERROR invalid or duplicate flag";
const BAD_MODE: &str = "! CLIENT_ERROR invalid mode for ms M token";
const LONG_OPAQUE: &str = "! CLIENT_ERROR opaque token too long";
const TOO_MANY: &str = "! CLIENT_ERROR options flags are too long";

fn check(table: &[(&[u8], &str)]) {
    check_table::<TextSession>(table);
}

fn check_lines(table: &[(String, &str)]) {
    for (line, expected) in table {
        check(&[(line.as_bytes(), expected)]);
    }
}

#[test]
fn get() {
    check(&[
        (b"mg a\r\n", "mg a"),
        (b"mg a\n", "mg a"),
        (b"  mg   a   v  \r\n", "mg a v {value: true}"),
        (b"mg a s v t c f l h k O12 b0\r\n", BAD_KEY),
        (b"mg abcd s v t c f l h k O12 b\r\n", "mg i\\xb7\\x1d (base64) s v t c f l h k O12 b {value: true}"),
        (b"mg a q u\r\n", "mg a q u {quiet: true, uncounted: true}"),
        (
            b"mg a N30 R-1 T2592001\r\n",
            "mg a N30 R-1 T2592001 {exptime: Some(2592001), vivify: Some(30), recache: Some(-1)}",
        ),
        (
            b"mg a E18446744073709551615 C1\r\n",
            "mg a E18446744073709551615 C1 {compare: Some(1), cas: Some(18446744073709551615)}",
        ),
        // Ignored, whatever they hold: hints for a proxy.
        (b"mg a Ppath/ L\r\n", "mg a Ppath/ L"),
        (
            b"mg a I x MX J1 D2 F3\r\n",
            "mg a I x MX J1 D2 F3 {invalidate: true, remove_value: true, client_flags: 3, mode: Some(88), initial: 1, delta: Some(2)}",
        ),
        (b"mg a kxyz\r\n", "mg a kxyz"),
        (b"mg a v\r\nmn\r\n", "mg a v {value: true} | mn"),
        (b"mg \xff\x01 k\r\n", "mg \\xff\\x01 k"),
        (b"mg\r\n", BAD_FORMAT),
        (b"mg \r\n", BAD_FORMAT),
    ]);
}

#[test]
fn tokens_are_numbers_as_c_reads_them() {
    check(&[
        (b"mg a T\r\n", BAD_TOKEN),
        (b"mg a Tx\r\n", BAD_TOKEN),
        (b"mg a T1x\r\n", BAD_TOKEN),
        (b"mg a T+1\r\n", "mg a T+1 {exptime: Some(1)}"),
        (b"mg a N\r\n", BAD_TOKEN),
        (b"mg a R \r\n", BAD_TOKEN),
        (b"mg a C-1\r\n", BAD_TOKEN),
        (b"mg a C18446744073709551616\r\n", BAD_TOKEN),
        (b"mg a E\r\n", BAD_TOKEN),
        (b"mg a Fx\r\n", BAD_FORMAT),
        (b"mg a F4294967297\r\n", "mg a F4294967297 {client_flags: 1}"),
        (b"mg a J-\r\n", "! CLIENT_ERROR invalid numeric initial value"),
        (b"mg a D\r\n", "! CLIENT_ERROR invalid numeric delta value"),
    ]);
}

#[test]
fn of_several_errors_the_last_counts_unless_one_ends_the_search() {
    check(&[
        (b"mg a z\r\n", INVALID),
        (b"mg a 1\r\n", INVALID),
        (b"mg a W\r\n", INVALID),
        (b"mg a S1\r\n", INVALID),
        (b"mg a v v\r\n", DUPLICATE),
        (b"mg a T1 T2\r\n", DUPLICATE),
        // Its table ends before them.
        (b"mg a \x7f\r\n", DUPLICATE),
        (b"mg a \xff\r\n", DUPLICATE),
        (b"mg a z v v\r\n", INVALID),
        (b"mg a v v z\r\n", DUPLICATE),
        (b"mg a Tx z\r\n", INVALID),
        (b"mg a Tx Jx\r\n", "! CLIENT_ERROR invalid numeric initial value"),
        (b"mg a Jx Tx\r\n", BAD_TOKEN),
        (b"mg a Tx Fx\r\n", BAD_TOKEN),
        (b"mg a Fx Tx\r\n", BAD_TOKEN),
        (b"mg abc b Tx\r\n", BAD_TOKEN),
        (b"mg abc Tx b\r\n", BAD_KEY),
    ]);
}

#[test]
fn keys_and_opaques_have_their_length() {
    let (longest, longer) = ("k".repeat(250), "k".repeat(251));
    let (encoded, too_encoded) = ("QUJD".repeat(62), "QUJD".repeat(63));
    let opaque = format!("O{}", "1".repeat(31));
    check(&[
        (format!("mg {longest}\r\n").as_bytes(), &format!("mg {longest}")),
        (format!("mg {encoded} b\r\n").as_bytes(), &format!("mg {} (base64) b", "ABC".repeat(62))),
        (format!("mg a {opaque}\r\n").as_bytes(), &format!("mg a {opaque}")),
    ]);
    check_lines(&[
        (format!("mg {longer}\r\n"), BAD_FORMAT),
        (format!("mg {longer} z\r\n"), BAD_FORMAT),
        (format!("mg {too_encoded} b\r\n"), BAD_FORMAT),
        (format!("md {longer} q\r\nmn\r\n"), "! CLIENT_ERROR bad command line format | mn"),
        (format!("ma {longer}\r\n"), BAD_MA),
        (format!("me {longer}\r\n"), BAD_FORMAT),
        (format!("ms {longer} 2\r\nhi\r\nmn\r\n"), "! CLIENT_ERROR bad command line format | mn"),
        (format!("mg a {opaque}1\r\n"), LONG_OPAQUE),
        (format!("mg a {opaque}1 Tx\r\n"), BAD_TOKEN),
        (format!("md a {opaque}1\r\n"), LONG_OPAQUE),
        (format!("ma a {opaque}1\r\n"), LONG_OPAQUE),
        (format!("ma a {opaque}1 MX\r\n"), "! CLIENT_ERROR invalid mode for ma M token"),
        (format!("ms a 2 {opaque}1\r\nhi\r\nmn\r\n"), "! CLIENT_ERROR opaque token too long | mn"),
        (format!("ms a 2 {opaque}1 MX\r\nhi\r\n"), BAD_MODE),
    ]);
}

#[test]
fn words_are_at_most_twenty() {
    let eighteen = "N1 T3 R1 l O P L k s t c f v h u q x I";
    let said = "{quiet: true, value: true, uncounted: true, invalidate: true, remove_value: true, exptime: Some(3), \
                vivify: Some(1), recache: Some(1)}";
    check(&[(format!("mg a {eighteen}\r\n").as_bytes(), &format!("mg a {eighteen} {said}"))]);
    check_lines(&[
        (format!("mg a {eighteen} F1\r\n"), TOO_MANY),
        (format!("mg a {eighteen} z\r\n"), TOO_MANY),
        (format!("ma a {eighteen} F1\r\n"), BAD_MA),
        (format!("ms a 2 {eighteen}\r\nhi\r\nmn\r\n"), "! CLIENT_ERROR options flags are too long | mn"),
        (format!("mg a {}\r\n", "v ".repeat(2000)), TOO_MANY),
    ]);
}

#[test]
fn set() {
    check(&[
        (b"ms a 2\r\nhi\r\n", "ms a: hi"),
        (b"ms a 0\r\n\r\n", "ms a: "),
        (
            b"ms a 2 T90 F1 I c C5 q\r\nhi\r\n",
            "ms a T90 F1 I c C5 q {quiet: true, invalidate: true, exptime: Some(90), compare: Some(5), client_flags: 1}: hi",
        ),
        (b"ms Zm9v 3 b k\r\nbar\r\n", "ms foo (base64) b k: bar"),
        (b"ms a 1 MA N0 E7\r\nx\r\n", "ms a MA N0 E7 {vivify: Some(0), cas: Some(7), mode: Some(65)}: x"),
        // Of a mode the first byte counts.
        (b"ms a 1 MSS\r\nx\r\n", "ms a MSS {mode: Some(83)}: x"),
        (b"ms\r\n", BAD_FORMAT),
        (b"ms a\r\n", BAD_FORMAT),
        (b"ms a x\r\n", BAD_FORMAT),
        (b"ms a -1\r\n", BAD_FORMAT),
        (b"ms a 2147483646\r\n", BAD_FORMAT),
        // The body of a line whose length was understood is skipped, whatever it is.
        (b"ms a 2 z\r\nhi\r\nmn\r\n", "! CLIENT_ERROR invalid flag | mn"),
        (b"ms a 2 Tx q\r\nhi\r\nmn\r\n", "! CLIENT_ERROR bad token in command line format | mn"),
        (b"ms a 2 M\r\nhi\r\nmn\r\n", "! CLIENT_ERROR invalid mode for ms M token | mn"),
        (b"ms a 2 Mx\r\nhi\r\nmn\r\n", "! CLIENT_ERROR invalid mode for ms M token | mn"),
        (b"ms a 2 b\r\nhi\r\nmn\r\n", "! CLIENT_ERROR error decoding key | mn"),
        // `q` silences no error.
        (b"ms a 2 q\r\nhix\rmn\r\n", "! CLIENT_ERROR bad data chunk | mn"),
        (b"ms a 2\r\nh\r\nmn\r\n", "! CLIENT_ERROR bad data chunk | ! ERROR"),
    ]);
}

#[test]
fn large_bodies_are_received_or_skipped() {
    let value = "v".repeat(1000);
    let longer = "v".repeat(1001);
    check(&[
        (format!("ms a 1000 q\r\n{value}\r\nmn\r\n").as_bytes(), &format!("ms a q {{quiet: true}}: {value} | mn")),
        (format!("ms a 1000 q\r\n{value}xymn\r\n").as_bytes(), "! CLIENT_ERROR bad data chunk | mn"),
        (
            format!("ms a 1001 q ME\r\n{longer}\r\nmn\r\n").as_bytes(),
            "! SERVER_ERROR object too large for cache remove a | mn",
        ),
        (
            format!("ms Zm9v 1001 b\r\n{longer}\r\nmn\r\n").as_bytes(),
            "! SERVER_ERROR object too large for cache remove foo (base64) | mn",
        ),
        (format!("ms a 1001 z\r\n{longer}\r\nmn\r\n").as_bytes(), "! CLIENT_ERROR invalid flag | mn"),
    ]);
}

#[test]
fn delete_arithmetic_debug_and_nothing() {
    check(&[
        (b"md a\r\n", "md a"),
        (
            b"md a I T30 x C5 q O1 k\r\n",
            "md a I T30 x C5 q O1 k {quiet: true, invalidate: true, remove_value: true, exptime: Some(30), compare: Some(5)}",
        ),
        (b"md\r\n", BAD_FORMAT),
        (b"md a Cx\r\n", BAD_TOKEN),
        (b"md a z\r\n", INVALID),
        (b"ma a\r\n", "ma a"),
        (
            b"ma a N30 J5 D2 MD t c v q\r\n",
            "ma a N30 J5 D2 MD t c v q {quiet: true, value: true, vivify: Some(30), mode: Some(68), initial: 5, delta: Some(2)}",
        ),
        (b"ma a M+\r\n", "ma a M+ {mode: Some(43)}"),
        (b"ma a M-1\r\n", "ma a M-1 {mode: Some(45)}"),
        (b"ma\r\n", BAD_FORMAT),
        (b"ma a Mx\r\n", "! CLIENT_ERROR invalid mode for ma M token"),
        (b"ma a M\r\n", "! CLIENT_ERROR invalid mode for ma M token"),
        (b"ma a Dx\r\n", BAD_MA),
        (b"ma a Jx\r\n", BAD_MA),
        (b"ma a z\r\n", BAD_MA),
        (b"ma a v v\r\n", BAD_MA),
        (b"me a\r\n", "me a"),
        (b"me Zm9v b\r\n", "me foo (base64)"),
        (b"me Zm9v b v\r\n", "me foo (base64)"),
        (b"me Zm9v v b\r\n", "me Zm9v"),
        (b"me a b\r\n", BAD_FORMAT),
        (b"me\r\n", BAD_FORMAT),
        (b"mn\r\n", "mn"),
        (b"mn\n", "mn"),
        (b"mn a b\r\n", "mn"),
        (b"mx a\r\n", "! ERROR"),
        (b"m a\r\n", "! ERROR"),
        (b"mget a\r\n", "! ERROR"),
        (b"MG a\r\n", "! ERROR"),
    ]);
}

#[test]
fn lines_end_at_the_usual_bound() {
    let long = format!("mg a P{}", "p".repeat(16 * 1024));
    assert_eq!(
        TextSession::account(format!("{long}\r\nmn\r\n").as_bytes(), &mut std::iter::empty()),
        ["! CLIENT_ERROR line too long close"]
    );
}

/// Base64 by the book, a bit at a time.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<usize> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1))).collect();
    let sextets = bits.chunks(6).map(|six| (0..6).fold(0, |sum, at| sum * 2 + six.get(at).copied().unwrap_or(0)));
    let mut text: String = sextets.map(|sextet| char::from(ALPHABET[sextet])).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

proptest! {
    /// Keys and values of `ms` come back untouched, keys in base64 as what they stand for; what the flags say is what was said.
    #[test]
    fn meta_round_trip(
        key in vec(any::<u8>(), 1..=186),
        (exptime, compare, flags) in any::<(i64, u64, u32)>(),
        value in vec(any::<u8>(), 0..300),
    ) {
        let line = format!("ms {} {} b T{exptime} C{compare} F{flags}\r\n", base64(&key), value.len());
        let stream = [line.as_bytes(), &value, b"\r\nmn\r\n"].concat();
        let text::Parsed::Request { request: text::Request::Meta(meta::Request::Set { target, value: read }), consumed } =
            text::parse(&stream, &TEXT_LIMITS) else { panic!("{line}") };
        prop_assert_eq!(consumed, stream.len() - 4);
        prop_assert!(target.key.bytes(&mut [0; text::MAX_KEY]) == key);
        prop_assert_eq!(read, &value[..]);
        let options = meta::Options {
            exptime: Some(exptime), compare: Some(compare), client_flags: flags, ..meta::Options::default()
        };
        prop_assert_eq!(target.flags.options(), options);
        // Shown again, the key is what was sent.
        let mut room = [0; meta_reply::MAX_LINE];
        let mut shown = meta_reply::MetaLine::new(&mut room, meta_reply::Code::Done);
        shown.key(&target.key);
        let length = shown.end();
        prop_assert_eq!(std::str::from_utf8(&room[..length]), Ok(&*format!("HD k{} b\r\n", base64(&key))));
    }
}
