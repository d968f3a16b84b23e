//! INCRBYFLOAT's numbers. Every row was put to redis-server 7.0.15 on x86-64, and some 200,000 random pairs besides.

use proptest::prelude::*;
use ringstone_protocol::resp::extended::{Extended, MAX_TEXT};

fn read(text: &[u8]) -> Extended {
    Extended::parse(text).unwrap_or_else(|| panic!("{} is a number", text.escape_ascii()))
}

fn sum(a: &str, b: &str) -> Option<String> {
    let sum = read(a.as_bytes()).plus(read(b.as_bytes()))?;
    Some(String::from_utf8(sum.format()).unwrap())
}

#[test]
fn sums_are_those_of_redis() {
    for (a, b, expected) in [
        ("10.50", "0.1", "10.6"),
        ("0.1", "0.2", "0.3"),
        ("5.0e3", "2.0e2", "5200"),
        ("3", "1.000000000000000005", "4.00000000000000001"),
        ("0", "3.000000000000000000", "3"),
        ("1", "-1", "0"),
        ("-1", "1", "0"),
        ("-0", "0", "0"),
        ("-0.00000000000000000001", "0", "0"),
        (".5", "5.", "5.5"),
        ("+1", "-.25", "0.75"),
        ("0x10", "0x1.8p3", "28"),
        ("0X.8P-1", "0", "0.25"),
        // 2^64 and one more: the last bit is lost, to even.
        ("18446744073709551616", "1", "18446744073709551616"),
        ("18446744073709551615", "1", "18446744073709551616"),
        ("18446744073709551615", "0", "18446744073709551615"),
        ("36893488147419103232", "3", "36893488147419103236"),
        ("9007199254740993", "0", "9007199254740993"),
        ("1e20", "1", "100000000000000000000"),
        ("1.5", "1e-19", "1.5"),
        ("0.00000000000000000500000000000001", "0", "0.00000000000000001"),
        ("0.5", "0.00000000000000001", "0.50000000000000001"),
        ("1e-4940", "0", "0"),
    ] {
        assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    let long = "1".repeat(MAX_TEXT + 1);
    for text in [
        "",
        " ",
        " 1",
        "1 ",
        "1\n",
        "1\0",
        "+",
        "-",
        "--1",
        "+-1",
        ".",
        "-.",
        "e5",
        "1e",
        "1e+",
        "1e5.",
        "1_0",
        "0x",
        "0x.",
        "0xg",
        "0x1p",
        "0x1e5p",
        "abc",
        "1abc",
        "nan",
        "-nan",
        "NAN(1)",
        "in",
        "infinit",
        "infinityy",
        "1,5",
        "1.2.3",
        "1e4933",
        "1.19e4932",
        "-1e4933",
        "1e99999999999999999999",
        "1e-4966",
        "1.8e-4951",
        "1e-99999999999999999999",
        "0x1p16384",
        "0x1p-16446",
        &long,
    ] {
        assert_eq!(Extended::parse(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn the_ends_of_the_range_are_numbers() {
    for text in [
        "1.18973149535723176502e4932",
        "-1.18973149535723176502e4932",
        "0x1.fffffffffffffffep16383",
        "3.6e-4951",
        "1.9e-4951",
        "0x1p-16445",
        "0x1.8p-16446",
        "0e99999999999999999999",
        "0e-99999999999999999999",
        "0x0p99999",
    ] {
        read(text.as_bytes());
    }
    read("1".repeat(4932).as_bytes());
    read(format!("0.{}", "1".repeat(MAX_TEXT - 2)).as_bytes());
    assert_eq!(Extended::parse("1".repeat(4934).as_bytes()), None);
}

#[test]
fn a_sum_that_is_not_finite_is_none() {
    for (a, b) in [
        ("inf", "1"),
        ("1", "inf"),
        ("inf", "-inf"),
        ("-Infinity", "INF"),
        ("+inf", "0"),
        ("1.18973149535723176502e4932", "1.18973149535723176502e4932"),
        ("-1.1e4932", "-1.1e4932"),
    ] {
        assert_eq!(sum(a, b), None, "{a} + {b}");
    }
    assert_eq!(sum("1.18973149535723176502e4932", "-1.18973149535723176502e4932").as_deref(), Some("0"));
}

#[test]
fn the_greatest_number_is_written_whole() {
    let text = sum("1.18973149535723176502e4932", "0").unwrap();
    assert_eq!(text.len(), 4933);
    assert!(
        text.starts_with("118973149535723176502126385303097020516906332229462420044032373389173700552297072261641029")
    );
    assert_eq!(sum(&text, "-1").unwrap(), text);
}

proptest! {
    /// Integers of 63 bits are exact.
    #[test]
    fn integers_are_added_as_integers(a in i64::MIN / 2..i64::MAX / 2, b in i64::MIN / 2..i64::MAX / 2) {
        prop_assert_eq!(sum(&a.to_string(), &b.to_string()), Some((a + b).to_string()));
    }

    /// What was written is read as what it was, where 17 digits after the point are enough.
    #[test]
    fn what_was_written_is_read(whole in 0..100_u32, cents in 0..1_000_000_u32) {
        let text = format!("{whole}.{cents:06}");
        let short = text.trim_end_matches('0').trim_end_matches('.');
        prop_assert_eq!(read(text.as_bytes()).format(), short.as_bytes());
    }

    /// Long texts go another way than short ones.
    #[test]
    fn zeros_before_and_after_mean_nothing(digits in "[1-9][0-9]{0,17}", point in 0..18_usize, zeros in 0..60_usize) {
        let point = point.min(digits.len());
        let (whole, fraction) = digits.split_at(point);
        let short = read(format!("{whole}.{fraction}").as_bytes());
        let zeros = "0".repeat(zeros);
        prop_assert_eq!(read(format!("{zeros}{whole}.{fraction}{zeros}").as_bytes()), short);
        prop_assert_eq!(read(format!("{digits}{zeros}e-{}", fraction.len() + zeros.len()).as_bytes()), short);
        let rounded = format!("{digits}{}1e-{}", "0".repeat(40), fraction.len() + 41);
        prop_assert_eq!(read(rounded.as_bytes()), short, "a digit far below changes nothing, short of a tie");
    }

    #[test]
    fn any_text_is_taken(text: Vec<u8>, number in "[-+]?[0-9a-fx.]{0,40}(e[-+]?[0-9]{0,6})?") {
        let _ = Extended::parse(&text);
        if let Some(number) = Extended::parse(number.as_bytes()) {
            let _ = number.plus(number).map(Extended::format);
        }
    }
}
