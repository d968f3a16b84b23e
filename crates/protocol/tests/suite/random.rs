//! Bytes that nobody wrote by hand. Properties (proptest) of requests that are known to be right, and mutations of right ones.
//!
//! `RINGSTONE_PROTOCOL_CASES` sets how many mutated streams each test takes (default `DEFAULT_CASES`); the seed is fixed, so a
//! failure comes back.

use proptest::collection::vec;
use proptest::prelude::*;
use ringstone_protocol::memcache::{login, text};
use ringstone_protocol::resp::parse as resp;
use ringstone_protocol::{detect, echo, ping};

use crate::binary_session::{BinarySession, packet};
use crate::session::{RESP_LIMITS, RespSession, Session, TEXT_LIMITS, TextSession, describe_args};

/// Mutated streams per test where the environment does not say.
const DEFAULT_CASES: u64 = 4000;
/// Longest stream after mutation, in bytes.
const MAX_STREAM: usize = 4096;

fn cases() -> u64 {
    match std::env::var("RINGSTONE_PROTOCOL_CASES") {
        Ok(cases) => cases.parse().expect("RINGSTONE_PROTOCOL_CASES is a number"),
        Err(_) => DEFAULT_CASES,
    }
}

/// A small generator (SplitMix64): deterministic, seeded per case.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Pieces that parsers branch on.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"\0",
    b"*",
    b"$",
    b"*1\r\n",
    b"*2\r\n$",
    b"$3\r\n",
    b"$0\r\n\r\n",
    b"$-1\r\n",
    b"0",
    b"1",
    b"-1",
    b"+",
    b"99",
    b"100",
    b"101",
    b"999",
    b"1000",
    b"1001",
    b"2147483647",
    b"4294967296",
    b"18446744073709551616",
    b"noreply",
    b"get ",
    b"gat 0 ",
    b"set a 0 0 ",
    b"ms a 2 ",
    b" b",
    b" Tx",
    b" O1",
    b"QUJD",
    b"=",
    b"\"",
    b"'",
    b"\\x4",
    b"HTTP/1.1",
    b"\xff\xfe",
];

#[test]
fn mutated_logins_do_no_harm() {
    const SEEDS: &[&[u8]] = &[
        b"set key 0 0 9\r\nuser pass\r\n",
        b"set k 0 0 0\r\n\r\n",
        b"set a 0 0 4096\r\n",
        b"version\r\n",
        b"get a\r\n",
    ];
    for case in 0..cases() {
        let stream = mutated(&mut Random(case), SEEDS);
        match login::parse(&stream) {
            login::Parsed::Login { user, password, consumed } => {
                assert!((1..=stream.len()).contains(&consumed) && !user.is_empty() && !password.is_empty());
                assert_eq!(login::parse(&stream[..consumed]), login::parse(&stream), "{}", stream.escape_ascii());
            }
            login::Parsed::Incomplete { need } => assert!(need == 0 || need > stream.len()),
            login::Parsed::Refused { consumed, .. } => assert!((1..=stream.len()).contains(&consumed)),
        }
    }
}

/// One right stream of `seeds` after another, then a few changes.
fn mutated(random: &mut Random, seeds: &[&[u8]]) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..=random.below(4) {
        stream.extend_from_slice(random.pick(seeds));
    }
    for _ in 0..random.below(6) {
        let at = random.below(stream.len() + 1);
        match random.below(6) {
            0 => stream.truncate(at),
            1 if at < stream.len() => stream[at] = random.next() as u8,
            2 if at < stream.len() => stream[at] ^= 1 << random.below(8),
            3 if at < stream.len() => {
                let end = at + random.below(stream.len() - at) + 1;
                stream.drain(at..end);
            }
            4 if at < stream.len() => {
                let copy = stream[at..].to_vec();
                let to = random.below(stream.len());
                stream.splice(to..to, copy);
            }
            _ => {
                let token = random.pick(TOKENS);
                stream.splice(at..at, token.iter().copied());
            }
        }
    }
    stream.truncate(MAX_STREAM);
    stream
}

/// The account is the same however the stream is split. (What must hold at each step the session checks.)
fn same_however_split<S: Session>(stream: &[u8], random: &mut Random) {
    let whole = S::account(stream, &mut std::iter::empty());
    let bytes = S::account(stream, &mut std::iter::repeat(1));
    assert_eq!(whole, bytes, "byte by byte: {}", stream.escape_ascii());
    let longest = 1 + random.below(stream.len().max(1));
    let pieces = S::account(stream, &mut std::iter::repeat_with(|| 1 + random.below(longest)));
    assert_eq!(whole, pieces, "in pieces: {}", stream.escape_ascii());
}

const TEXT_SEEDS: &[&[u8]] = &[
    b"get a\r\n",
    b"gets key1 key2 key3\r\n",
    b"gat 100 a b\r\n",
    b"gats -1 a\r\n",
    b"set a 1 2 3\r\nabc\r\n",
    b"set a 0 0 5 noreply\r\nget a\r\n",
    b"add a 4294967295 0 0\r\n\r\n",
    b"replace k 0 0 1\r\nx\r\n",
    b"append k 0 0 1\r\nx\r\n",
    b"prepend k 0 0 1 noreply\r\nx\r\n",
    b"cas k 0 0 1 18446744073709551615 noreply\r\nx\r\n",
    b"set b 0 0 100\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n",
    b"set big 0 0 1001\r\n",
    b"delete a\r\n",
    b"delete a 0 noreply\r\n",
    b"incr n 1\r\n",
    b"decr n 18446744073709551615 noreply\r\n",
    b"touch a 10\r\n",
    b"flush_all 10 noreply\r\n",
    b"verbosity 1\r\n",
    b"version\r\n",
    b"stats items\r\n",
    b"lru_crawler metadump 1,2\r\n",
    b"cache_memlimit 64 noreply\r\n",
    b"watch fetchers mutations\r\n",
    b"slabs reassign 1 2\r\n",
    b"quit\r\n",
    b"POST / HTTP/1.1\r\n",
];

const META_SEEDS: &[&[u8]] = &[
    b"mg a\r\n",
    b"mg a v\r\n",
    b"mg Zm9v b s v t c f l h k O12 q u\r\n",
    b"mg a N30 R60 T90 E5 v\r\n",
    b"ms a 2\r\nhi\r\n",
    b"ms a 5 T90 F1 I c C5 s k O1 q\r\nhello\r\n",
    b"ms Zm9vYg== 3 b MA N0 E7\r\nbar\r\n",
    b"ms a 2 z\r\nhi\r\n",
    b"ms b 100 k\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n",
    b"ms big 1001\r\n",
    b"md a q I T30 x C5\r\n",
    b"ma n N0 J5 D2 MD t c v q\r\n",
    b"ma n M+\r\n",
    b"me Zm9v b\r\n",
    b"mn\r\n",
    b"get a\r\n",
];

const RESP_SEEDS: &[&[u8]] = &[
    b"*1\r\n$4\r\nPING\r\n",
    b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n",
    b"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$2\r\nEX\r\n$2\r\n10\r\n",
    b"*2\r\n$4\r\nECHO\r\n$100\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"PING\r\n",
    b"SET k \"a b\\x41\" 'c'\r\n",
    b"\r\n",
    b"*1\r\n*1\r\n",
    b"*1000000000\r\n",
    b"*1\r\n$999999999999\r\n",
];

#[test]
fn mutated_text_is_the_same_however_split() {
    for case in 0..cases() {
        let mut random = Random(case);
        let stream = mutated(&mut random, TEXT_SEEDS);
        same_however_split::<TextSession>(&stream, &mut random);
    }
}

/// Requests of the binary protocol.
fn binary_seeds() -> Vec<Vec<u8>> {
    vec![
        packet(0x00, b"", b"key", b""),
        packet(0x01, &[0; 8], b"key", b"value"),
        packet(0x12, &[0; 8], b"key", &[b'v'; 120]),
        packet(0x01, &[0; 8], b"key", &[b'v'; 1001]),
        packet(0x05, &[0; 20], b"key", b""),
        packet(0x1d, &[0; 4], b"key", b""),
        packet(0x0a, b"", b"", b""),
        packet(0x10, b"", b"items", b""),
        packet(0x77, b"e", b"k", b"v"),
        packet(0x07, b"", b"", b""),
    ]
}

#[test]
fn mutated_binary_is_the_same_however_split() {
    let seeds = binary_seeds();
    let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    for case in 0..cases() {
        let mut random = Random(case);
        let stream = mutated(&mut random, &seeds);
        same_however_split::<BinarySession>(&stream, &mut random);
    }
}

#[test]
fn mutated_meta_is_the_same_however_split() {
    for case in 0..cases() {
        let mut random = Random(case);
        let stream = mutated(&mut random, META_SEEDS);
        same_however_split::<TextSession>(&stream, &mut random);
    }
}

#[test]
fn mutated_resp_is_the_same_however_split() {
    for case in 0..cases() {
        let mut random = Random(case);
        let stream = mutated(&mut random, RESP_SEEDS);
        same_however_split::<RespSession>(&stream, &mut random);
    }
}

#[test]
fn mutated_bytes_do_no_harm_to_the_small_parsers() {
    const SEEDS: &[&[u8]] =
        &[b"PING hello\r\n", b"QUIT\r\n", b"5\r\nhello", b"18446744073709551615\r\n", b"get a\r\n", b"*1\r\n"];
    for case in 0..cases() {
        let stream = mutated(&mut Random(case), SEEDS);
        let (ping, echo, detected) = (ping::parse(&stream), echo::parse(&stream, 1000), detect::detect(&stream));
        if let ping::Parsed::Ping { consumed, .. }
        | ping::Parsed::Quit { consumed }
        | ping::Parsed::Unknown { consumed } = ping
        {
            assert!((1..=stream.len()).contains(&consumed));
        }
        if let echo::Parsed::Header { consumed, .. } | echo::Parsed::TooLarge { consumed, .. } = echo {
            assert!((1..=stream.len()).contains(&consumed));
        }
        // A verdict stands, whatever follows.
        for end in 0..stream.len() {
            let early =
                (ping::parse(&stream[..end]), echo::parse(&stream[..end], 1000), detect::detect(&stream[..end]));
            assert!(early.0 == ping::Parsed::Incomplete || early.0 == ping, "{}", stream.escape_ascii());
            assert!(early.1 == echo::Parsed::Incomplete || early.1 == echo, "{}", stream.escape_ascii());
            assert!(early.2 == detect::Detected::More || early.2 == detected, "{}", stream.escape_ascii());
        }
    }
}

/// A key as memcached's text takes it.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_map(|byte| if matches!(byte, b' ' | b'\r' | b'\n') { b'k' } else { byte });
    vec(byte, 1..=text::MAX_KEY)
}

proptest! {
    /// What is written is what is read: storage.
    #[test]
    fn storage_round_trip(
        mode in 0..6usize,
        key in key(),
        (flags, exptime, cas, noreply) in any::<(u32, i64, u64, bool)>(),
        value in vec(any::<u8>(), 0..300),
    ) {
        let (word, mode) = [
            ("set", text::StoreMode::Set),
            ("add", text::StoreMode::Add),
            ("replace", text::StoreMode::Replace),
            ("append", text::StoreMode::Append),
            ("prepend", text::StoreMode::Prepend),
            ("cas", text::StoreMode::Cas(cas)),
        ][mode];
        let mut line = [word.as_bytes(), b" ", &key].concat();
        line.extend(format!(" {flags} {exptime} {}", value.len()).bytes());
        if let text::StoreMode::Cas(cas) = mode {
            line.extend(format!(" {cas}").bytes());
        }
        line.extend_from_slice(if noreply { b" noreply\r\n" } else { b"\r\n" });
        let head = text::StoreHead { mode, key: &key, flags, exptime, noreply };
        let stream = [&line[..], &value, b"\r\nversion\r\n"].concat();
        let request = text::Request::Store { head, value: &value };
        let consumed = line.len() + value.len() + 2;
        prop_assert_eq!(text::parse(&stream, &TEXT_LIMITS), text::Parsed::Request { request, consumed });
        let is_plain = mode == text::StoreMode::Set && exptime >= 0;
        prop_assert_eq!(text::plain_set(&stream, &TEXT_LIMITS), is_plain.then_some((head, &value[..], consumed)));
        for end in 0..consumed {
            prop_assert_eq!(text::plain_set(&stream[..end], &TEXT_LIMITS), None);
        }
        // Without the body the line says what is missing.
        let partial = text::parse(&stream[..line.len()], &TEXT_LIMITS);
        if value.len() >= TEXT_LIMITS.large_value {
            prop_assert_eq!(partial, text::Parsed::Body { head: text::BodyHead::Store(head), length: value.len(), consumed: line.len() });
        } else {
            prop_assert_eq!(partial, text::Parsed::Incomplete { need: consumed });
        }
    }

    /// Keys come back in order and untouched.
    #[test]
    fn retrieval_round_trip(keys in vec(key(), 1..40), exptime in any::<Option<i64>>(), cas in any::<bool>()) {
        let mut line = match (exptime, cas) {
            (None, false) => "get".to_owned(),
            (None, true) => "gets".to_owned(),
            (Some(exptime), false) => format!("gat {exptime}"),
            (Some(exptime), true) => format!("gats {exptime}"),
        }.into_bytes();
        for key in &keys {
            line.push(b' ');
            line.extend_from_slice(key);
        }
        line.extend_from_slice(b"\r\n");
        let text::Parsed::Request { request, consumed } = text::parse(&line, &TEXT_LIMITS) else { panic!("{line:?}") };
        prop_assert_eq!(consumed, line.len());
        let read: Vec<&[u8]> = match (request, exptime) {
            (text::Request::Get { keys, cas: read }, None) if read == cas => keys.collect(),
            (text::Request::GetAndTouch { exptime: read, keys, cas: read_cas }, Some(exptime))
                if (read, read_cas) == (exptime, cas) => keys.collect(),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(read, keys);
    }

    /// Arguments come back untouched, and each of their bytes is consumed.
    #[test]
    fn resp_round_trip(arguments in vec(vec(any::<u8>(), 0..150), 1..20)) {
        let mut stream = format!("*{}\r\n", arguments.len()).into_bytes();
        for argument in &arguments {
            stream.extend(format!("${}\r\n", argument.len()).bytes());
            stream.extend_from_slice(argument);
            stream.extend_from_slice(b"\r\n");
        }
        let length = stream.len();
        stream.extend_from_slice(b"*1\r\n");
        let mut progress = resp::Progress::default();
        let resp::Parsed::Request { args, consumed } = resp::parse(&stream, &RESP_LIMITS, &mut progress) else { panic!() };
        prop_assert_eq!((args.len(), consumed), (arguments.len(), length));
        let list: Vec<&[u8]> = args.into_iter().collect();
        prop_assert_eq!(&list, &arguments);
        prop_assert_eq!(describe_args(args), describe_args(resp::Args::List(&list)));
    }

    /// Quoting as Valkey's own tools do it is undone.
    #[test]
    fn inline_round_trip(arguments in vec(vec(any::<u8>(), 0..30), 1..8)) {
        let mut line = Vec::new();
        for argument in &arguments {
            line.push(b'"');
            line.extend(argument.iter().flat_map(|byte| format!("\\x{byte:02x}").into_bytes()));
            line.extend_from_slice(b"\" ");
        }
        line.extend_from_slice(b"\r\n");
        let mut progress = resp::Progress::default();
        let resp::Parsed::Inline { args, consumed } = resp::parse(&line, &RESP_LIMITS, &mut progress) else { panic!() };
        prop_assert_eq!(consumed, line.len());
        prop_assert_eq!(args, arguments);
    }

    /// Any bytes at all.
    #[test]
    fn noise_is_the_same_however_split(noise in vec(any::<u8>(), 0..200), seed in any::<u64>()) {
        same_however_split::<TextSession>(&noise, &mut Random(seed));
        same_however_split::<RespSession>(&noise, &mut Random(seed));
        let array = [b"*3\r\n", &noise[..]].concat();
        same_however_split::<RespSession>(&array, &mut Random(seed));
    }

    /// Canonical numbers are those that Rust writes.
    #[test]
    fn numbers_round_trip(number in any::<i64>(), text in "[-+ ]?[0-9]{0,21}") {
        use ringstone_protocol::resp::options::parse_i64;
        prop_assert_eq!(parse_i64(number.to_string().as_bytes()), Some(number));
        let canonical = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
        prop_assert_eq!(parse_i64(text.as_bytes()), canonical);
    }
}
