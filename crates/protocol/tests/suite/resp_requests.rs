//! RESP requests: arrays, inline commands, protocol errors.
//!
//! The right column is what Redis 7.0.15 does with these bytes (observed on a live server; Valkey 8 has the same parser), but
//! where a comment says otherwise. A `!` starts a protocol error, after which the connection is closed.

use crate::session::{RESP_LIMITS, RespSession, Session, check_table};
use ringstone_protocol::resp::parse::{BulkHeader, Limits, MAX_HEADER, Parsed, Progress, parse, parse_bulk_header};

const BAD_COUNT: &str = "! invalid multibulk length";
const BAD_LENGTH: &str = "! invalid bulk length";
const QUOTES: &str = "! unbalanced quotes in request";

fn check(table: &[(&[u8], &str)]) {
    check_table::<RespSession>(table);
}

#[test]
fn arrays() {
    check(&[
        (b"*1\r\n$4\r\nPING\r\n", "[PING]"),
        (b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "[GET][k]"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n", "[SET][k][hello]"),
        (b"*2\r\n$3\r\nGET\r\n$4\r\n\r\n\x00\xff\r\n", "[GET][\\r\\n\\x00\\xff]"),
        (b"*1\r\n$0\r\n\r\n", "[]"),
        (b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "[ECHO][]"),
        (b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n", "[PING] | [QUIT]"),
        (b"*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n$4\r\nPING\r\n", "[PING] | [PING] | [PING]"),
        (b"*0\r\nPING\r\n", "[PING]"),
        (b"*-1\r\nPING\r\n", "[PING]"),
        (b"*-10\r\nPING\r\n", "[PING]"),
    ]);
}

#[test]
fn wrong_counts() {
    check(&[
        (b"*\r\n", BAD_COUNT),
        (b"*a\r\n", BAD_COUNT),
        (b"*01\r\n", BAD_COUNT),
        (b"*+1\r\n", BAD_COUNT),
        (b"*-0\r\n", BAD_COUNT),
        (b"* 1\r\n", BAD_COUNT),
        (b"*2147483648\r\n", BAD_COUNT),
        (b"*99999999999999999999999\r\n", BAD_COUNT),
        // Redis takes up to 2,147,483,647 and waits for them; here `Limits::max_arguments` counts.
        (b"*1000000000\r\n", BAD_COUNT),
        (b"*1001\r\n", BAD_COUNT),
        (b"*1000\r\n", ""),
        // Redis takes any byte after the CR.
        (b"*1\rx", BAD_COUNT),
        // It waits for a CR.
        (b"*1\n$4\nPING\n", ""),
    ]);
}

#[test]
fn wrong_lengths() {
    check(&[
        (b"*1\r\n$\r\n", BAD_LENGTH),
        (b"*1\r\n$-1\r\n", BAD_LENGTH),
        (b"*1\r\n$a\r\n", BAD_LENGTH),
        (b"*1\r\n$04\r\nPING\r\n", BAD_LENGTH),
        (b"*1\r\n$999999999999\r\n", BAD_LENGTH),
        (b"*1\r\n$18446744073709551615\r\n", BAD_LENGTH),
        (b"*1\r\n$9223372036854775807\r\n", BAD_LENGTH),
        (b"*1\r\n$100001\r\n", BAD_LENGTH),
        (b"*1\r\n$100000\r\n", ""),
        // Redis takes any byte after the CR.
        (b"*1\r\n$4\rx", BAD_LENGTH),
        // Redis skips two bytes whatever they are, and goes on.
        (b"*1\r\n$4\r\nPINGxxPING\r\n", "! bulk not followed by CRLF"),
        (b"*1\r\n$4\r\nPING\n\n", "! bulk not followed by CRLF"),
        (b"*2\r\n$4\r\nECHO\r\n$3\r\nlong\r\n", "! bulk not followed by CRLF"),
    ]);
}

#[test]
fn elements_that_are_no_bulks() {
    check(&[
        (b"*1\r\nPING\r\n", "! expected \\'$\\', got \\'P\\'"),
        (b"*1\r\n+PING\r\n", "! expected \\'$\\', got \\'+\\'"),
        (b"*1\r\n:1\r\n", "! expected \\'$\\', got \\':\\'"),
        (b"*1\r\n*1\r\n$4\r\nPING\r\n", "! expected \\'$\\', got \\'*\\'"),
        (b"*2\r\n$4\r\nECHO\r\n*1\r\n$4\r\nPING\r\n", "! expected \\'$\\', got \\'*\\'"),
        (b"*1\r\n\r\n", "! expected \\'$\\', got \\' \\'"),
        (b"*1\r\n\xff\r\n", "! expected \\'$\\', got \\'\\xff\\'"),
        // The byte is named once the line has ended.
        (b"*1\r\nx", ""),
    ]);
    // Deep nesting is refused at its second level.
    let deep = b"*1\r\n".repeat(10_000);
    assert_eq!(RespSession::account(&deep, &mut std::iter::empty()), ["! expected \\'$\\', got \\'*\\'"]);
}

#[test]
fn inline_commands() {
    check(&[
        (b"PING\r\n", "[PING]"),
        (b"PING\n", "[PING]"),
        (b" ping \r\n", "[ping]"),
        (b"\r\n\n   \r\nPING\r\n", "[PING]"),
        (b"SET  k\tv\r\nGET k\r\n", "[SET][k][v] | [GET][k]"),
        (b"ping \x0b\x0cb\r\n", "[ping][b]"),
        (b"ping a\x0bb\r\n", "[ping][a\\x0bb]"),
        (b"ping a\rb\r\n", "[ping][a][b]"),
        (b"ping a\r\r\n", "[ping][a]"),
        (b"ping \xff\r\n", "[ping][\\xff]"),
        // Redis never finds the end of a line with NUL in it, and waits.
        (b"ping a\0b\r\n", "[ping][a\\x00b]"),
    ]);
}

#[test]
fn inline_quotes() {
    check(&[
        (b"ping \"a b\"\r\n", "[ping][a b]"),
        (b"ping 'a b'\r\n", "[ping][a b]"),
        (b"ping \"\" ''\r\n", "[ping][][]"),
        (b"ping a\"b\"\r\n", "[ping][ab]"),
        (b"ping a'b c'\r\n", "[ping][ab c]"),
        (b"ping \"a\"\t'b'\r\n", "[ping][a][b]"),
        (b"ping \"a\\x41\\xfF\\n\\q\\\"\"\r\n", "[ping][aA\\xff\\nq\\\"]"),
        (b"ping \"\\a\\b\\t\\r\\\\\"\r\n", "[ping][\\x07\\x08\\t\\r\\\\]"),
        (b"ping \"\\xzz\\x4\"\r\n", "[ping][xzzx4]"),
        // Within single quotes a backslash escapes the quote alone, not itself.
        (b"ping 'a\\'b\\n\\\\.'\r\n", "[ping][a\\'b\\\\n\\\\\\\\.]"),
        (b"ping 'a\\\\'\r\n", QUOTES),
        (b"ping \"abc\r\n", QUOTES),
        (b"ping 'abc\r\n", QUOTES),
        (b"ping \"a\"b\r\n", QUOTES),
        (b"ping 'a'b\r\n", QUOTES),
        (b"ping a\"b c\"d\r\n", QUOTES),
        (b"ping \"a\\\r\n", QUOTES),
        (b"ping \"\\x4\r\n", QUOTES),
        (b"'\r\nPING\r\n", QUOTES),
    ]);
}

#[test]
fn long_lines() {
    const HEADER: &[u8] = &[b'1'; MAX_HEADER + 1];
    let longest = &HEADER[1..];
    check(&[
        (&[b"*", HEADER].concat(), "! too big mbulk count string"),
        (&[b"*", HEADER, b"\r\n"].concat(), "! too big mbulk count string"),
        (&[b"*", longest].concat(), ""),
        (&[b"*", longest, b"\r\n"].concat(), BAD_COUNT),
        (&[b"*1\r\n$", HEADER].concat(), "! too big bulk count string"),
        (&[b"*1\r\n$", longest, b"\r\n"].concat(), BAD_LENGTH),
        (&[b"*1\r\n1", HEADER].concat(), "! too big bulk count string"),
        (&[b"*1\r\n1", longest, b"\r\n"].concat(), "! expected \\'$\\', got \\'1\\'"),
        (HEADER, "! too big inline request"),
        // Redis lets this one pass if it sees the end of it in time.
        (&[HEADER, b"\r\n"].concat(), "! too big inline request"),
        (&[&longest[1..], b"\r\nPING\r\n"].concat(), &format!("[{}] | [PING]", "1".repeat(MAX_HEADER - 1))),
    ]);
}

#[test]
fn large_bulks() {
    for size in [RESP_LIMITS.large_value - 1, RESP_LIMITS.large_value, 5000] {
        let value = "v".repeat(size);
        let stream = format!("*4\r\n$3\r\nSET\r\n${size}\r\n{value}\r\n$1\r\nx\r\n${size}\r\n{value}\r\nPING\r\n");
        check(&[(stream.as_bytes(), &format!("[SET][{value}][x][{value}] | [PING]"))]);
        let stream = format!("*2\r\n$3\r\nSET\r\n${size}\r\n{value}xx");
        check(&[(stream.as_bytes(), "! bulk not followed by CRLF")]);
        let stream = format!("*3\r\n$3\r\nSET\r\n${size}\r\n{value}\r\n:1\r\n");
        check(&[(stream.as_bytes(), "! expected \\'$\\', got \\':\\'")]);
    }
}

#[test]
fn large_begins_at_its_limit() {
    for (size, large) in [(RESP_LIMITS.large_value - 1, false), (RESP_LIMITS.large_value, true)] {
        let stream = format!("*2\r\n$4\r\nECHO\r\n${size}\r\n{}", "v".repeat(size));
        let parsed = parse(stream.as_bytes(), &RESP_LIMITS, &mut Progress::default());
        match parsed {
            Parsed::Large { count, consumed } => assert_eq!((large, count, consumed), (true, 2, 4)),
            Parsed::Incomplete { need } => assert_eq!((large, need), (false, stream.len() + 2)),
            other => panic!("{other:?}"),
        }
        let whole = format!("{stream}\r\n");
        let parsed = parse(whole.as_bytes(), &RESP_LIMITS, &mut Progress::default());
        assert!(matches!(parsed, Parsed::Request { .. }), "what is here is no large one");
    }
}

#[test]
fn needs_are_exact_where_a_bulk_is_awaited() {
    let stream = b"*2\r\n$3\r\nGET\r\n$10\r\n0123456789\r\n";
    let mut progress = Progress::default();
    for end in 0..stream.len() {
        let Parsed::Incomplete { need } = parse(&stream[..end], &RESP_LIMITS, &mut progress) else { panic!("{end}") };
        let expected = match end {
            8..13 => 13,
            18.. => stream.len(),
            _ => 0,
        };
        assert_eq!(need, expected, "after {end} bytes");
    }
    assert!(matches!(parse(stream, &RESP_LIMITS, &mut progress), Parsed::Request { .. }));
}

#[test]
fn announced_lengths_reserve_nothing() {
    // As generous as can be, and nothing overflows.
    let limits =
        Limits { max_arguments: usize::MAX, max_bulk: u64::MAX, large_value: usize::MAX, max_inline: usize::MAX };
    let mut progress = Progress::default();
    let header = b"*9223372036854775807\r\n";
    assert!(matches!(parse(header, &limits, &mut progress), Parsed::Incomplete { need: 0 }));
    let bulk = [&header[..], b"$9223372036854775807\r\n"].concat();
    let Parsed::Incomplete { need } = parse(&bulk, &limits, &mut progress) else { panic!() };
    assert_eq!(need, bulk.len() + 9_223_372_036_854_775_807 + 2);
    let limits = Limits { large_value: 1000, ..limits };
    let Parsed::Large { count, consumed } = parse(&bulk, &limits, &mut progress) else { panic!() };
    assert_eq!((count, consumed), (9_223_372_036_854_775_807, header.len()));
    assert!(matches!(parse(b"PING", &limits, &mut progress), Parsed::Incomplete { need: 0 }));
}

#[test]
fn progress_that_belongs_to_other_bytes_does_no_harm() {
    // A connection that forgets to keep its bytes: the answer may be wrong for the old bytes, never out of bounds.
    let long = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$9\r\nval";
    let mut progress = Progress::default();
    assert!(matches!(parse(long, &RESP_LIMITS, &mut progress), Parsed::Incomplete { .. }));
    assert_ne!(progress, Progress::default());
    let Parsed::Request { args, consumed } = parse(b"*1\r\n$4\r\nPING\r\n", &RESP_LIMITS, &mut progress) else {
        panic!()
    };
    assert_eq!((args.len(), consumed), (1, 14));
    assert_eq!(progress, Progress::default());
    // An array with fewer elements than are said to be missing.
    progress_of_more_elements(&mut progress);
    let short = b"*1\r\n$40\r\n0123456789012345678901234567890123456789\r\n";
    let Parsed::Request { args, .. } = parse(short, &RESP_LIMITS, &mut progress) else { panic!() };
    assert_eq!(args.into_iter().map(<[u8]>::len).collect::<Vec<_>>(), [40]);
}

/// What an array of nine elements leaves behind, of which one is here.
fn progress_of_more_elements(progress: &mut Progress) {
    *progress = Progress::default();
    assert!(matches!(parse(b"*9\r\n$3\r\nSET\r\n", &RESP_LIMITS, progress), Parsed::Incomplete { .. }));
}

#[test]
fn an_array_is_scanned_once() {
    // The time of a drip-fed array cannot be asserted; that the scan goes on where it stopped can: what lies before is no
    // longer looked at.
    let mut stream = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n".to_vec();
    let mut progress = Progress::default();
    assert!(matches!(parse(&stream, &RESP_LIMITS, &mut progress), Parsed::Incomplete { .. }));
    stream[4] = b'!';
    stream.extend_from_slice(b"$1\r\nv\r\n");
    assert!(matches!(parse(&stream, &RESP_LIMITS, &mut progress), Parsed::Request { .. }));
}

#[test]
fn bulk_headers() {
    use ringstone_protocol::resp::parse::ProtocolError::{ExpectedDollar, InvalidBulkLength};
    let table: &[(&[u8], BulkHeader)] = &[
        (b"", BulkHeader::Incomplete),
        (b"$", BulkHeader::Incomplete),
        (b"$5", BulkHeader::Incomplete),
        (b"$5\r", BulkHeader::Incomplete),
        (b"$5\r\nhello", BulkHeader::Header { length: 5, consumed: 4 }),
        (b"$100000\r\n", BulkHeader::Header { length: 100_000, consumed: 9 }),
        (b"$100001\r\n", BulkHeader::ProtocolError(InvalidBulkLength)),
        (b"$-1\r\n", BulkHeader::ProtocolError(InvalidBulkLength)),
        (b":5\r\n", BulkHeader::ProtocolError(ExpectedDollar(b':'))),
    ];
    for (input, expected) in table {
        assert_eq!(parse_bulk_header(input, &RESP_LIMITS), *expected, "{}", input.escape_ascii());
    }
}
