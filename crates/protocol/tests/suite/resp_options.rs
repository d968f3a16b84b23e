//! Options of SET and EXPIRE, and numbers. Errors and precedences as observed on Redis 7.0.15; IFEQ as Valkey 8.1 documents it.

use ringstone_protocol::resp::options::{
    Condition, ExpireCondition, Expiry, Retime, ScanOptions, SetOptions, Unit, expire_at_ms, expire_condition,
    getex_options, parse_i64, scan_cursor, scan_options, set_options,
};

const NOW_MS: u64 = 1_700_000_000_000;
const SYNTAX: &str = "ERR syntax error";
const INTEGER: &str = "ERR value is not an integer or out of range";
const EXPIRE: &str = "ERR invalid expire time in 'set' command";

fn parse(words: &str) -> Result<SetOptions<'_>, &'static str> {
    set_options(words.split_whitespace().map(str::as_bytes), NOW_MS)
}

#[test]
fn set_options_that_are_taken() {
    let plain = SetOptions { condition: Condition::Always, get: false, expiry: Expiry::Clear };
    let at = |at_ms| SetOptions { expiry: Expiry::AtMs(at_ms), ..plain };
    let when = |condition| SetOptions { condition, ..plain };
    let table = [
        ("", plain),
        ("NX", when(Condition::IfAbsent)),
        ("nx Nx", when(Condition::IfAbsent)),
        ("XX", when(Condition::IfPresent)),
        ("IFEQ old", when(Condition::IfEquals(b"old"))),
        ("ifeq NX", when(Condition::IfEquals(b"NX"))),
        ("GET", SetOptions { get: true, ..plain }),
        ("get GET", SetOptions { get: true, ..plain }),
        ("NX GET", SetOptions { get: true, ..when(Condition::IfAbsent) }),
        ("GET IFEQ x", SetOptions { get: true, ..when(Condition::IfEquals(b"x")) }),
        ("KEEPTTL", SetOptions { expiry: Expiry::Keep, ..plain }),
        ("KEEPTTL keepttl XX", SetOptions { expiry: Expiry::Keep, ..when(Condition::IfPresent) }),
        ("EX 10", at(NOW_MS + 10_000)),
        ("pX 10", at(NOW_MS + 10)),
        ("EX 1 EX 2", at(NOW_MS + 2_000)),
        ("EXAT 1700000001", at(1_700_000_001_000)),
        ("PXAT 1700000000001", at(1_700_000_000_001)),
        ("PXAT 9223372036854775807", at(9_223_372_036_854_775_807)),
        ("EXAT 9223372036854775", at(9_223_372_036_854_775_000)),
        // In the past, or now.
        ("EXAT 1", at(1)),
        ("PXAT 1700000000000", at(1)),
        ("EX 5 NX GET", SetOptions { condition: Condition::IfAbsent, get: true, ..at(NOW_MS + 5_000) }),
    ];
    for (words, expected) in table {
        assert_eq!(parse(words), Ok(expected), "{words}");
    }
}

#[test]
fn set_options_that_are_refused() {
    let table = [
        ("foo", SYNTAX),
        ("PERSIST", SYNTAX),
        ("N", SYNTAX),
        ("NXX", SYNTAX),
        ("EX", SYNTAX),
        ("NX PXAT", SYNTAX),
        ("IFEQ", SYNTAX),
        ("NX XX", SYNTAX),
        ("XX NX", SYNTAX),
        ("NX IFEQ a", SYNTAX),
        ("IFEQ a XX", SYNTAX),
        ("IFEQ a IFEQ a", SYNTAX),
        ("EX 1 PX 1", SYNTAX),
        ("PXAT 1 EXAT 1", SYNTAX),
        ("KEEPTTL EX 1", SYNTAX),
        ("EX 1 KEEPTTL", SYNTAX),
        // Syntax is looked at before numbers.
        ("EX x foo", SYNTAX),
        ("EX -1 NX XX", SYNTAX),
        ("EX x", INTEGER),
        ("EX NX", INTEGER),
        ("EX 1.0", INTEGER),
        ("EX 01", INTEGER),
        ("EX +1", INTEGER),
        ("PX 99999999999999999999", INTEGER),
        ("EX 0", EXPIRE),
        ("PX -1", EXPIRE),
        ("EXAT 0", EXPIRE),
        ("PXAT -9223372036854775808", EXPIRE),
        ("EX 9223372036854775807", EXPIRE),
        ("EX 9223372036854775", EXPIRE),
        ("PX 9223372036854775807", EXPIRE),
        ("EXAT 9223372036854776", EXPIRE),
    ];
    for (words, expected) in table {
        assert_eq!(parse(words), Err(expected), "{words}");
    }
    assert_eq!(set_options([&b"EX"[..], b" 1"].into_iter(), NOW_MS), Err(INTEGER));
    assert_eq!(set_options([&b""[..]].into_iter(), NOW_MS), Err(SYNTAX));
    assert_eq!(set_options([&b"PX"[..], b"1"].into_iter(), u64::MAX), Err(EXPIRE), "a clock that is far off");
}

#[test]
fn expire_conditions() {
    let none = ExpireCondition::default();
    let table: &[(&str, Result<ExpireCondition, &str>)] = &[
        ("", Ok(none)),
        ("NX", Ok(ExpireCondition { nx: true, ..none })),
        ("nx NX", Ok(ExpireCondition { nx: true, ..none })),
        ("XX gt", Ok(ExpireCondition { xx: true, gt: true, ..none })),
        ("lt XX", Ok(ExpireCondition { xx: true, lt: true, ..none })),
        ("foo", Err("ERR Unsupported option foo")),
        ("foo NX XX", Err("ERR Unsupported option foo")),
        ("NX XX Bar", Err("ERR Unsupported option Bar")),
        ("NX XX", Err("ERR NX and XX, GT or LT options at the same time are not compatible")),
        ("GT NX", Err("ERR NX and XX, GT or LT options at the same time are not compatible")),
        ("NX GT LT", Err("ERR NX and XX, GT or LT options at the same time are not compatible")),
        ("GT LT", Err("ERR GT and LT options at the same time are not compatible")),
    ];
    for (words, expected) in table {
        let parsed = expire_condition(words.split_whitespace().map(str::as_bytes));
        assert_eq!(parsed.as_ref().map_err(String::as_str), expected.as_ref().map_err(|error| *error), "{words}");
    }
    assert_eq!(expire_condition([&b"\xff"[..]].into_iter()).unwrap_err(), "ERR Unsupported option \u{fffd}");
}

#[test]
fn numbers_are_canonical() {
    let table: &[(&str, Option<i64>)] = &[
        ("0", Some(0)),
        ("7", Some(7)),
        ("-7", Some(-7)),
        ("1000000000000000000", Some(1_000_000_000_000_000_000)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("18446744073709551616", None),
        ("99999999999999999999999999", None),
        ("", None),
        ("-", None),
        ("-0", None),
        ("+1", None),
        ("01", None),
        ("-01", None),
        ("00", None),
        (" 1", None),
        ("1 ", None),
        ("1.0", None),
        ("1e3", None),
        ("--1", None),
        ("0x10", None),
    ];
    for (text, expected) in table {
        assert_eq!(parse_i64(text.as_bytes()), *expected, "{text:?}");
    }
    assert_eq!(parse_i64(b"1\0"), None);
}

#[test]
fn getex_options_follow_valkey() {
    let parse = |words: &'static str| getex_options(words.split_whitespace().map(str::as_bytes), NOW_MS);
    let invalid = Err("ERR invalid expire time in 'getex' command");
    for (words, expected) in [
        ("", Ok(Retime::Leave)),
        ("PERSIST", Ok(Retime::Persist)),
        ("persist Persist", Ok(Retime::Persist)),
        ("EX 10", Ok(Retime::AtMs(NOW_MS + 10_000))),
        ("px 1 PX 2", Ok(Retime::AtMs(NOW_MS + 2))),
        ("EXAT 1", Ok(Retime::AtMs(1))),
        ("PXAT 1700000000001", Ok(Retime::AtMs(NOW_MS + 1))),
        ("PERSIST EX 1", Err(SYNTAX)),
        ("EX 1 PERSIST", Err(SYNTAX)),
        ("EX 1 PX 1", Err(SYNTAX)),
        ("EX", Err(SYNTAX)),
        ("KEEPTTL", Err(SYNTAX)),
        ("GET", Err(SYNTAX)),
        ("NX", Err(SYNTAX)),
        ("EX a nonsense", Err(SYNTAX)),
        ("EX a", Err(INTEGER)),
        ("EX 0", invalid),
        ("PX -1", invalid),
        ("EX 9223372036854775807", invalid),
        ("PX 9223372036854775807", invalid),
    ] {
        assert_eq!(parse(words), expected, "{words}");
    }
}

#[test]
fn a_time_alone_has_the_error_of_its_command() {
    assert_eq!(expire_at_ms(Unit::Ex, b"3", NOW_MS, "no"), Ok(NOW_MS + 3000));
    assert_eq!(expire_at_ms(Unit::Px, b"0", NOW_MS, "no"), Err("no"));
    assert_eq!(expire_at_ms(Unit::Px, b"x", NOW_MS, "no"), Err(INTEGER));
}

#[test]
fn scan_options_and_cursors_follow_valkey() {
    let parse = |words: &'static str| scan_options(words.split_whitespace().map(str::as_bytes));
    let default = ScanOptions { pattern: None, count: 10, kind: None };
    for (words, expected) in [
        ("", Ok(default)),
        ("MATCH a* match b*", Ok(ScanOptions { pattern: Some(b"b*"), ..default })),
        ("count 1 COUNT 7", Ok(ScanOptions { count: 7, ..default })),
        ("TYPE string", Ok(ScanOptions { kind: Some(b"string"), ..default })),
        ("COUNT 0", Err(SYNTAX)),
        ("COUNT -1", Err(SYNTAX)),
        ("COUNT a", Err(INTEGER)),
        ("COUNT", Err(SYNTAX)),
        ("MATCH", Err(SYNTAX)),
        ("NOVALUES", Err(SYNTAX)),
        ("LIMIT 1", Err(SYNTAX)),
    ] {
        assert_eq!(parse(words), expected, "{words}");
    }
    assert_eq!(scan_cursor(b"18446744073709551615"), Ok(u64::MAX));
    for word in ["", "a", "1a", " 1", "1 ", "-1", "18446744073709551616"] {
        assert_eq!(scan_cursor(word.as_bytes()), Err("ERR invalid cursor"), "{word}");
    }
}
