//! What must hold for any bytes, a function per parser. cargo-fuzz looks for bytes that break it (`fuzz/`), and the tests hold it
//! for the bytes that were found worth keeping (`fuzz/seeds/`).

use crate::binary_session::BinarySession;
use crate::session::{RespSession, Session, TextSession};
use ringstone_protocol::detect::{Detected, detect};
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::memcache::login;
use ringstone_protocol::resp::extended::Extended;
use ringstone_protocol::resp::options::{
    Expiry, Retime, expire_condition, getex_options, parse_i64, scan_cursor, scan_options, set_options,
};
use ringstone_protocol::resp::parse::Args;
use ringstone_protocol::resp::{command, keys};
use ringstone_protocol::{echo, ping};

/// A target: its name, which is that of its seeds' folder, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 13] = [
    ("detect", first_bytes),
    ("echo", echo_header),
    ("glob", pattern),
    ("memcache_admin", memcache_admin),
    ("memcache_binary", memcache_binary),
    ("memcache_login", memcache_login),
    ("memcache_meta", memcache_meta),
    ("memcache_text", memcache_text),
    ("ping", ping_line),
    ("resp_keys", resp_keys),
    ("resp_numbers", resp_numbers),
    ("resp_options", resp_options),
    ("resp_requests", resp_requests),
];

/// By so many bytes there must be a verdict on the protocol.
const DECIDED: usize = 128;
/// Longest pattern and text that the definition is tried on: it takes exponential time.
const MODELLED: usize = 12;

/// The target of this name.
pub fn run(name: &str, input: &[u8]) {
    let (_, body) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target of this name");
    body(input);
}

/// The account of a stream is the same whole, byte by byte, and in pieces of `size`.
fn account_is_of_bytes<S: Session>(size: u8, stream: &[u8]) {
    let whole = S::account(stream, &mut std::iter::empty());
    for piece in [1, usize::from(size).max(1)] {
        assert_eq!(whole, S::account(stream, &mut std::iter::repeat(piece)), "in pieces of {piece}");
    }
}

/// The first byte says how the rest is split.
fn stream<S: Session>(input: &[u8]) {
    if let Some((&size, stream)) = input.split_first() {
        account_is_of_bytes::<S>(size, stream);
    }
}

/// The second byte says which of `starts` the stream begins with, so that most of what is tried gets as far as its words.
fn stream_after(starts: &[&[u8]], input: &[u8]) {
    if let Some((&[size, start], rest)) = input.split_first_chunk() {
        account_is_of_bytes::<TextSession>(size, &[starts[usize::from(start) % starts.len()], rest].concat());
    }
}

fn memcache_text(input: &[u8]) {
    stream::<TextSession>(input);
}

fn memcache_binary(input: &[u8]) {
    stream::<BinarySession>(input);
}

fn resp_requests(input: &[u8]) {
    stream::<RespSession>(input);
}

fn memcache_meta(input: &[u8]) {
    stream_after(&[b"mg ", b"ms ", b"md ", b"ma ", b"me ", b"mn"], input);
}

fn memcache_admin(input: &[u8]) {
    const STARTS: [&[u8]; 10] = [
        b"stats ",
        b"stats detail ",
        b"lru_crawler ",
        b"lru_crawler metadump ",
        b"cache_memlimit ",
        b"slabs ",
        b"watch ",
        b"shutdown ",
        b"verbosity ",
        b"flush_all ",
    ];
    stream_after(&STARTS, input);
}

/// memcached's authentication: a verdict stands whatever follows, and consumes no more than there is.
fn memcache_login(input: &[u8]) {
    use login::Parsed;
    let whole = login::parse(input);
    match whole {
        Parsed::Login { consumed, .. } | Parsed::Refused { consumed, .. } => {
            assert!((1..=input.len()).contains(&consumed));
        }
        Parsed::Incomplete { need } => assert!(need == 0 || need > input.len()),
    }
    for end in 0..input.len() {
        let early = login::parse(&input[..end]);
        match (early, whole) {
            (Parsed::Incomplete { .. }, _) => {}
            // What closes the connection takes all there is.
            (Parsed::Refused { reply, close: true, .. }, Parsed::Refused { reply: later, close: true, .. }) => {
                assert_eq!(reply, later);
            }
            _ => assert_eq!(early, whole, "after {end} bytes"),
        }
    }
}

/// The first bytes of a connection: a verdict stands whatever follows, and comes in time.
fn first_bytes(input: &[u8]) {
    let whole = detect(input);
    assert!(whole != Detected::More || input.len() < DECIDED);
    for end in 0..input.len().min(DECIDED) {
        let early = detect(&input[..end]);
        assert!(early == Detected::More || early == whole);
    }
}

/// Headers of echo, the limit in the first eight bytes: a verdict stands whatever follows.
fn echo_header(input: &[u8]) {
    use echo::{Parsed, parse};
    let Some((limit, bytes)) = input.split_first_chunk() else { return };
    let max_value_size = usize::from_le_bytes(*limit);
    let whole = parse(bytes, max_value_size);
    match whole {
        Parsed::Header { length, consumed } => assert!(length <= max_value_size && consumed <= bytes.len()),
        Parsed::TooLarge { length, consumed } => assert!(length > max_value_size as u64 && consumed <= bytes.len()),
        Parsed::Incomplete | Parsed::Invalid => {}
    }
    for end in 0..bytes.len().min(32) {
        let early = parse(&bytes[..end], max_value_size);
        assert!(early == Parsed::Incomplete || early == whole);
    }
}

/// Lines of ping: a verdict stands whatever follows.
fn ping_line(input: &[u8]) {
    use ping::{Parsed, parse};
    let whole = parse(input);
    if let Parsed::Ping { consumed, .. } | Parsed::Quit { consumed } | Parsed::Unknown { consumed } = whole {
        assert!((1..=input.len()).contains(&consumed));
        assert_eq!(input[consumed - 1], b'\n');
    }
    let early = parse(&input[..input.len() / 2]);
    assert!(early == Parsed::Incomplete || early == whole);
}

/// Options of SET, GETEX, EXPIRE and SCAN, the present in the first eight bytes, the words in lines after them: what is taken
/// is consistent, and times do not overflow.
fn resp_options(input: &[u8]) {
    let Some((now, bytes)) = input.split_first_chunk() else { return };
    let now_ms = u64::from_le_bytes(*now);
    let words = || bytes.split(|&byte| byte == b'\n');
    if let Ok(options) = set_options(words(), now_ms)
        && let Expiry::AtMs(at_ms) = options.expiry
    {
        assert!(at_ms == 1 || at_ms > now_ms);
    }
    if let Ok(Retime::AtMs(at_ms)) = getex_options(words(), now_ms) {
        assert!(at_ms == 1 || at_ms > now_ms);
    }
    if let Ok(condition) = expire_condition(words()) {
        assert!(!condition.nx || !(condition.xx || condition.gt || condition.lt));
        assert!(!(condition.gt && condition.lt));
    }
    if let Ok(options) = scan_options(words()) {
        assert!((1..=i64::MAX.unsigned_abs()).contains(&options.count));
    }
    for word in words() {
        if let Some(number) = parse_i64(word) {
            assert_eq!(number.to_string().as_bytes(), word);
            assert_eq!(scan_cursor(word).ok(), u64::try_from(number).ok());
        }
    }
}

/// INCRBYFLOAT's numbers, two of them between a comma: what was written is read again, and then written the same.
fn resp_numbers(input: &[u8]) {
    let mut texts = input.splitn(2, |&byte| byte == b',');
    let (Some(first), second) = (texts.next(), texts.next().unwrap_or(b"0")) else { return };
    let (Some(a), Some(b)) = (Extended::parse(first), Extended::parse(second)) else { return };
    let Some(sum) = a.plus(b) else { return };
    assert_eq!(b.plus(a).map(Extended::format), Some(sum.format()), "addition is commutative");
    let text = sum.format();
    let again = Extended::parse(&text).expect("what is written is a number");
    assert_eq!(again.format(), text);
}

/// Keys of a request by the table, the words in lines: they are words after the command's name.
fn resp_keys(input: &[u8]) {
    let words: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
    let by_name = keys::lookup_any(words[0]);
    let Some(spec) = command::lookup(words[0]) else { return };
    assert_eq!(by_name.map(|found| found.name), Some(spec.name));
    let listed = Args::List(&words);
    let mut raw = Vec::new();
    listed.copy_to(&mut raw);
    let wire = Args::Wire { raw: &raw, count: words.len() };
    assert!(wire.into_iter().eq(listed));
    let Some(resolved) = keys::resolve(spec, wire) else { return };
    let found: Vec<&[u8]> = keys::keys(resolved, wire).collect();
    assert!(found.len() < words.len() && found.iter().all(|key| words[1..].contains(key)));
    assert!(keys::keys(resolved, listed).eq(found));
    if resolved.accepts(words.len()) && resolved.first_key > 0 {
        assert!(keys::keys(resolved, listed).count() > 0, "{} names no key", resolved.name);
    }
}

/// Patterns, the first line, held to texts, the other lines. Short ones also to the definition.
fn pattern(input: &[u8]) {
    let mut lines = input.split(|&byte| byte == b'\n');
    let pattern = lines.next().unwrap_or_default();
    let (exact, folded) = (Pattern::new(pattern), Pattern::ignoring_case(pattern));
    // Nothing but the empty pattern matches the empty text.
    for text in lines.filter(|text| !text.is_empty()) {
        let matched = exact.matches(text);
        if !pattern.contains(&b'[') {
            assert_eq!(folded.matches(text), folded.matches(&text.to_ascii_uppercase()));
            assert!(!matched || folded.matches(text));
            if pattern.len() <= MODELLED && text.len() <= MODELLED {
                assert_eq!(matched, model(pattern, text));
            }
        }
    }
}

/// The definition of patterns without classes, by recursion.
fn model(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|taken| model(rest, &text[taken..])),
        [b'?', rest @ ..] => !text.is_empty() && model(rest, &text[1..]),
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => text.first() == Some(byte) && model(rest, &text[1..]),
    }
}

/// The folders of seeds and the targets are the same, and what was found keeps holding.
#[cfg(test)]
mod tests {
    use super::{TARGETS, run};
    use std::collections::BTreeSet;
    use std::fs::read_dir;
    use std::path::Path;

    #[test]
    fn every_seed_passes() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let mut folders = BTreeSet::new();
        for folder in read_dir(seeds).expect("the folder of seeds") {
            let folder = folder.expect("a folder").path();
            let name = folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            let files = read_dir(&folder).expect("a folder of files");
            let count = files.map(|file| run(&name, &std::fs::read(file.unwrap().path()).unwrap())).count();
            assert!(count > 0, "{name} has seeds");
            folders.insert(name);
        }
        assert!(folders.iter().eq(TARGETS.map(|(name, _)| name)), "{folders:?}");
    }
}
