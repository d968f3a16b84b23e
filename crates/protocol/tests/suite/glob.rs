//! Patterns: tables that redis-server agrees with, a model that follows the definition, and patterns made to take long.

use proptest::prelude::*;
use ringstone_protocol::glob::{MAX_ELEMENTS, Pattern};

/// Pattern, what it matches, what it does not.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Each row was put to redis-server 7.0.15 with KEYS, but for `*` alone, which KEYS takes for no pattern.
const TABLE: &[Row] = &[
    ("", &[""], &["a"]),
    ("*", &["a", "abc", "*"], &[""]),
    ("**", &["a"], &[""]),
    ("?", &["a", "?", "\u{7f}"], &["", "ab"]),
    ("a", &["a"], &["", "A", "b", "ab"]),
    ("a*", &["a", "ab", "a*"], &["ba", ""]),
    ("*a", &["a", "ba", "aaa"], &["ab", ""]),
    ("a*a", &["aa", "aba", "aaa"], &["a", "ab"]),
    ("a**b", &["ab", "axxb"], &["a", "abx"]),
    ("*a*b*", &["ab", "xaxbx", "aab"], &["ba", "a"]),
    ("h?llo", &["hello", "hallo", "h?llo"], &["hllo", "heello"]),
    ("h*llo", &["hllo", "heeeello"], &["hell", "ello"]),
    ("h[ae]llo", &["hello", "hallo"], &["hillo", "h[ae]llo"]),
    ("h[^e]llo", &["hallo", "hbllo", "h^llo"], &["hello", "hllo"]),
    ("h[a-b]llo", &["hallo", "hbllo"], &["hcllo", "h-llo"]),
    ("h[b-a]llo", &["hallo", "hbllo"], &["hcllo", "h-llo"]),
    ("[a-c-e]", &["a", "b", "c", "-", "e"], &["d"]),
    // Not closed: up to the end of the pattern.
    ("[abc", &["a", "b", "c"], &["d", "[abc", ""]),
    ("[a-c", &["a", "b", "c"], &["-", "d"]),
    ("[a-", &["a", "-"], &["b"]),
    // The range takes the bracket.
    ("[a-]", &["a", "]", "_", "^"], &["-", "b", "a]"]),
    ("[", &[], &["[", "a", ""]),
    ("[^", &["a", "^", "["], &["", "ab"]),
    ("[]", &[], &["a", "]", "[]"]),
    ("[]a]", &[], &["]", "a", "a]", "]a]"]),
    ("[^]", &["a", "]"], &["", "ab"]),
    ("[a^]", &["a", "^"], &["b"]),
    ("[\\]]", &["]"], &["\\", "\\]"]),
    ("[\\-a]", &["-", "a"], &["\\"]),
    ("[\\a-z]", &["a", "-", "z"], &["b", "\\"]),
    ("[\\", &["\\"], &["a"]),
    ("[a\\", &["a", "\\"], &["b"]),
    ("[*?]", &["*", "?"], &["a", "**"]),
    ("\\*", &["*"], &["a", "\\*"]),
    ("\\?", &["?"], &["a"]),
    ("\\[a]", &["[a]"], &["a"]),
    ("\\\\", &["\\"], &["\\\\"]),
    ("\\", &["\\"], &["a", ""]),
    ("a\\", &["a\\"], &["a"]),
    ("\\a", &["a"], &["\\a"]),
    ("*[0-9]", &["key7", "7"], &["key", "7a"]),
    ("*[0-9]*[0-9]*", &["1x2", "12", "a1b2c"], &["1", "x1x"]),
    ("*ab*aab*", &["abaab", "aabxaab"], &["aab", "abaa"]),
    ("user:*:name", &["user:1:name", "user::name"], &["user:name", "user:1:names"]),
];

#[test]
fn patterns_match_as_in_valkey() {
    for (pattern, matched, others) in TABLE {
        let compiled = Pattern::new(pattern.as_bytes());
        for text in *matched {
            assert!(compiled.matches(text.as_bytes()), "{pattern} matches {text:?}");
        }
        for text in *others {
            assert!(!compiled.matches(text.as_bytes()), "{pattern} does not match {text:?}");
        }
    }
}

#[test]
fn case_is_ignored_where_asked() {
    let table: &[Row] = &[
        ("MaxMemory*", &["maxmemory", "MAXMEMORY-policy"], &["maxmem"]),
        ("[a-c]", &["A", "b"], &["d"]),
        ("[A-C]", &["a", "B"], &["D"]),
        ("[A-z]", &["a", "Z"], &["[", "_"]),
        ("[Z-a]", &[], &["z", "A", "[", "_"]),
        ("[^a]", &["b", "B"], &["a", "A"]),
        ("[\\a]", &["a"], &["A"]),
        ("\\A", &["a", "A"], &["b"]),
        ("*AB", &["xab", "XAB"], &["xa"]),
        ("x*ab*y", &["X--AB--Y"], &["X--A--Y"]),
    ];
    for (pattern, matched, others) in table {
        let compiled = Pattern::ignoring_case(pattern.as_bytes());
        for text in *matched {
            assert!(compiled.matches(text.as_bytes()), "{pattern} matches {text:?}");
        }
        for text in *others {
            assert!(!compiled.matches(text.as_bytes()), "{pattern} does not match {text:?}");
        }
    }
}

#[test]
fn ranges_have_the_bytes_between_their_bounds() {
    let borders = [0, b'A', b'Z', b'_', b'a', b'z', 64, 127, 128, 192, 255];
    let bounds: Vec<u8> = borders.iter().flat_map(|border| [border - border.min(&1), *border]).collect();
    for (first, last) in bounds.iter().flat_map(|first| bounds.iter().map(|last| (*first, *last))) {
        if first == b'^' {
            continue;
        }
        let words = [b'[', first, b'-', last, b']'];
        let exact = Pattern::new(&words);
        let folded = Pattern::ignoring_case(&words);
        let (least, most) = (first.min(last).to_ascii_lowercase(), first.max(last).to_ascii_lowercase());
        for byte in 0..=u8::MAX {
            let is_within = (first.min(last)..=first.max(last)).contains(&byte);
            assert_eq!(exact.matches(&[byte]), is_within, "[{first}-{last}] {byte}");
            let is_within = (least..=most).contains(&byte.to_ascii_lowercase());
            assert_eq!(folded.matches(&[byte]), is_within, "[{first}-{last}] {byte}, ignoring case");
        }
    }
}

#[test]
fn bytes_are_not_text() {
    assert!(Pattern::new(b"\xff*\0").matches(b"\xff\xfe\0"));
    assert!(Pattern::new(b"?").matches(b"\xff"));
    assert!(Pattern::new(b"[\x80-\xff]").matches(b"\xc3"));
    assert!(!Pattern::new(b"[\x80-\xff]").matches(b"a"));
    assert!(Pattern::new(b"[^a]").matches(b"\xff"));
    assert!(!Pattern::new(b"??").matches(b"\xff"));
}

#[test]
fn patterns_made_to_take_long_do_not() {
    let text = vec![b'a'; 10_000];
    let stars = [&b"*a".repeat(3000)[..], b"*b"].concat();
    assert!(!Pattern::new(&stars).matches(&text));
    assert!(Pattern::new(&stars[..6000]).matches(&text));
    assert!(!Pattern::new(&b"*?a*[ab]".repeat(4000)).matches(&text));
    assert!(!Pattern::new(&[&b"?".repeat(5000)[..], b"*", &b"?".repeat(5001)].concat()).matches(&text));
}

#[test]
fn a_pattern_longer_than_any_key_matches_nothing_and_holds_nothing() {
    let longest = Pattern::new(&b"?".repeat(MAX_ELEMENTS));
    assert!(longest.matches(&vec![b'x'; MAX_ELEMENTS]));
    assert!(!Pattern::new(&b"?".repeat(MAX_ELEMENTS + 1)).matches(&vec![b'x'; MAX_ELEMENTS + 1]));
    assert!(!Pattern::new(&b"[a]".repeat(1 << 20)).matches(b"a"));
    // A class is one element, however many bytes name it.
    assert!(Pattern::new(&[&b"["[..], &b"ab".repeat(MAX_ELEMENTS), b"]"].concat()).matches(b"b"));
}

/// The definition, by recursion: exponential, right for what is short.
fn model(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|taken| model(rest, &text[taken..])),
        [b'?', rest @ ..] => !text.is_empty() && model(rest, &text[1..]),
        [b'\\', byte, rest @ ..] => text.first() == Some(byte) && model(rest, &text[1..]),
        [b'[', b'^', b'a', b']', rest @ ..] => {
            text.first().is_some_and(|byte| *byte != b'a') && model(rest, &text[1..])
        }
        [b'[', b'a', b'-', b'b', b']', rest @ ..] => {
            text.first().is_some_and(|byte| (b'a'..=b'b').contains(byte)) && model(rest, &text[1..])
        }
        [byte, rest @ ..] => text.first() == Some(byte) && model(rest, &text[1..]),
    }
}

proptest! {
    #[test]
    fn patterns_follow_the_definition(
        words in prop::collection::vec(prop::sample::select(vec!["*", "*", "?", "a", "b", "[^a]", "[a-b]", "\\*"]), 0..10),
        text in "[abc*]{1,12}",
    ) {
        let pattern = words.concat();
        prop_assert_eq!(Pattern::new(pattern.as_bytes()).matches(text.as_bytes()), model(pattern.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn any_pattern_takes_any_text(pattern: Vec<u8>, text: Vec<u8>) {
        let _ = Pattern::new(&pattern).matches(&text) | Pattern::ignoring_case(&pattern).matches(&text);
    }
}
