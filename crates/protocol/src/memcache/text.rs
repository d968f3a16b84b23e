//! The classic text protocol: requests.
//!
//! The order of checks, and so which of several errors is answered, is memcached's: first the number of words
//! (`ERROR`, never silenced by `noreply`), then `noreply` (the last word, whatever the others are), the key's length, the
//! numbers. After a refused storage line its body is read as the next line, as memcached does, unless the value was
//! merely too large.
//!
//! Deliberate differences from memcached: numbers of exptime and lengths are not cut to 32 bits; NUL is a byte like any
//! other (memcached's line ends there); a line that is too long is told so before the connection is closed.

use super::reply;
use super::words::{self, Words};

/// Longest key in bytes.
pub const MAX_KEY: usize = 250;
/// Longest line in bytes, without its `\n`. memcached closes somewhere between 2 KiB and its 16-KiB buffer, depending on
/// how the line was split into reads.
pub const MAX_LINE: usize = 16 * 1024;
/// Longest line of get, gets, gat and gats in bytes, without its `\n`; memcached has no bound but memory.
pub const MAX_RETRIEVAL_LINE: usize = 1024 * 1024;
/// Longest declared length that is understood at all (memcached: `INT_MAX - 2`); a longer one is a bad line.
pub const MAX_DECLARED_LENGTH: i64 = i32::MAX as i64 - 2;

/// `\r\n` after a body.
const BODY_END: usize = 2;
/// Spaces before a word that memcached still takes for the start of a long retrieval.
const MAX_LEADING_SPACES: usize = 100;

/// Bounds for the parser.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest value in bytes.
    pub max_value_size: usize,
    /// Bodies of at least so many bytes that are not wholly in the input are reported as `Parsed::Body`.
    pub large_value: usize,
}

/// Storage modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreMode {
    /// Whatever is there.
    Set,
    /// Only if there is none.
    Add,
    /// Only if there is one.
    Replace,
    /// After the value that is there.
    Append,
    /// Before the value that is there.
    Prepend,
    /// Only if the item still has this CAS.
    Cas(u64),
}

/// Head of a storage command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreHead<'a> {
    /// Mode.
    pub mode: StoreMode,
    /// 1-250 bytes.
    pub key: &'a [u8],
    /// Client flags.
    pub flags: u32,
    /// As sent.
    pub exptime: i64,
    /// No reply wanted.
    pub noreply: bool,
}

/// Validated keys of a line, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Keys<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let mut words = Words(self.0);
        let key = words.next_long();
        self.0 = words.0;
        key
    }
}

/// A whole request; borrows the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// get, gets.
    Get {
        /// At least one.
        keys: Keys<'a>,
        /// The reply shows the CAS (gets).
        cas: bool,
    },
    /// gat, gats.
    GetAndTouch {
        /// As sent.
        exptime: i64,
        /// May be none, as in memcached.
        keys: Keys<'a>,
        /// The reply shows the CAS (gats).
        cas: bool,
    },
    /// set, add, replace, append, prepend, cas.
    Store {
        /// The line.
        head: StoreHead<'a>,
        /// The body without its line end.
        value: &'a [u8],
    },
    /// delete.
    Delete {
        /// 1-250 bytes.
        key: &'a [u8],
        /// No reply wanted.
        noreply: bool,
    },
    /// incr, decr.
    Arithmetic {
        /// 1-250 bytes.
        key: &'a [u8],
        /// To add or to take away.
        delta: u64,
        /// decr.
        decrement: bool,
        /// No reply wanted.
        noreply: bool,
    },
    /// touch.
    Touch {
        /// 1-250 bytes.
        key: &'a [u8],
        /// As sent.
        exptime: i64,
        /// No reply wanted.
        noreply: bool,
    },
    /// flush_all.
    FlushAll {
        /// As sent, in seconds: not positive = at once, above 30 days = an absolute Unix time.
        delay_s: i64,
        /// No reply wanted.
        noreply: bool,
    },
    /// verbosity; the level is checked and means nothing here.
    Verbosity {
        /// No reply wanted.
        noreply: bool,
    },
    /// version.
    Version,
    /// Words after `stats` (may be empty).
    Stats {
        /// As sent, without the spaces around them.
        arguments: &'a [u8],
    },
    /// quit.
    Quit,
}

/// Result of parsing the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A request in the first `consumed` bytes.
    Request {
        /// The request.
        request: Request<'a>,
        /// Bytes with body and line ends.
        consumed: usize,
    },
    /// A storage command with a large body that is not wholly here: `length` bytes and `\r\n` follow the first
    /// `consumed` bytes (the line).
    Body {
        /// The line.
        head: StoreHead<'a>,
        /// Of the body without its line end, in bytes.
        length: usize,
        /// Bytes of the line.
        consumed: usize,
    },
    /// More is needed: at least `need` bytes in all (0 if unknown).
    Incomplete {
        /// Bytes in all.
        need: usize,
    },
    /// Not understood or refused: `reply` is the full line to send (empty if `noreply` silences it), `consumed` bytes and then
    /// `discard` further bytes (body and its line end) are skipped; then closed if `close`. For a value that is too large to store
    /// `remove` names the key whose old value memcached drops (mode set).
    Refused {
        /// The full line, or nothing.
        reply: &'static [u8],
        /// Bytes to skip now.
        consumed: usize,
        /// Bytes to skip beyond those, as they come.
        discard: u64,
        /// Drop this key's old value.
        remove: Option<&'a [u8]>,
        /// Close after the reply.
        close: bool,
    },
}

impl Parsed<'_> {
    /// A refusal that skips the line alone.
    fn refused(reply: &'static [u8], consumed: usize) -> Self {
        Self::Refused { reply, consumed, discard: 0, remove: None, close: false }
    }

    /// The same, but silent if `noreply`.
    fn refused_unless(noreply: bool, reply: &'static [u8], consumed: usize) -> Self {
        Self::refused(if noreply { reply::NONE } else { reply }, consumed)
    }

    fn closed(reply: &'static [u8], consumed: usize) -> Self {
        Self::Refused { reply, consumed, discard: 0, remove: None, close: true }
    }
}

/// Parses the front of `input`.
#[inline]
pub fn parse<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a> {
    let Some(end) = memchr::memchr(b'\n', input) else { return unended(input) };
    if end > MAX_LINE && end > line_limit(input) {
        return Parsed::closed(reply::LINE_TOO_LONG, input.len());
    }
    let line = match &input[..end] {
        // As memcached: a line of `\r` alone keeps it.
        [line @ .., b'\r'] if !line.is_empty() => line,
        line => line,
    };
    let line = Line { input, line, consumed: end + 1 };
    match line.line {
        [b'g', b'e', b't', b' ', rest @ ..] => line.get(rest, false),
        [b's', b'e', b't', b' ', rest @ ..] => line.store(rest, Some(StoreMode::Set), limits),
        _ => line.command(limits),
    }
}

/// The answer to input without a line end.
fn unended(input: &[u8]) -> Parsed<'_> {
    if input.len() > MAX_LINE && input.len() > line_limit(input) {
        return Parsed::closed(reply::LINE_TOO_LONG, input.len());
    }
    Parsed::Incomplete { need: 0 }
}

/// How long the line that starts here may be, in bytes.
#[cold]
fn line_limit(input: &[u8]) -> usize {
    let spaces = input.iter().take(MAX_LEADING_SPACES + 1).take_while(|&&byte| byte == b' ').count();
    let word = &input[spaces..];
    let retrieval = [&b"get "[..], b"gets ", b"gat ", b"gats "].iter().any(|prefix| word.starts_with(prefix));
    if retrieval && spaces <= MAX_LEADING_SPACES { MAX_RETRIEVAL_LINE } else { MAX_LINE }
}

/// One line at the front of the input.
struct Line<'a> {
    input: &'a [u8],
    /// Without its end.
    line: &'a [u8],
    /// With its end.
    consumed: usize,
}

impl<'a> Line<'a> {
    fn request(&self, request: Request<'a>) -> Parsed<'a> {
        Parsed::Request { request, consumed: self.consumed }
    }

    fn error(&self) -> Parsed<'a> {
        Parsed::refused(reply::ERROR, self.consumed)
    }

    /// Any command, by its word.
    fn command(&self, limits: &Limits) -> Parsed<'a> {
        let mut words = Words(self.line);
        let Some(word) = words.next() else { return self.error() };
        let rest = words.0;
        match word {
            b"get" | b"bget" => self.get(rest, false),
            b"gets" => self.get(rest, true),
            b"gat" => self.get_and_touch(rest, false),
            b"gats" => self.get_and_touch(rest, true),
            b"set" => self.store(rest, Some(StoreMode::Set), limits),
            b"add" => self.store(rest, Some(StoreMode::Add), limits),
            b"replace" => self.store(rest, Some(StoreMode::Replace), limits),
            b"append" => self.store(rest, Some(StoreMode::Append), limits),
            b"prepend" => self.store(rest, Some(StoreMode::Prepend), limits),
            b"cas" => self.store(rest, None, limits),
            b"delete" => self.delete(rest),
            b"incr" => self.arithmetic(rest, false),
            b"decr" => self.arithmetic(rest, true),
            b"touch" => self.touch(rest),
            b"flush_all" => self.flush_all(rest),
            b"verbosity" => self.verbosity(rest),
            b"version" => self.request(Request::Version),
            b"stats" => self.request(Request::Stats { arguments: rest.trim_ascii() }),
            b"quit" => self.request(Request::Quit),
            _ => self.unknown(word, rest),
        }
    }

    /// memcached hangs up on HTTP, so that a browser cannot be made to speak to it, unless the method starts like a command.
    #[cold]
    fn unknown(&self, word: &[u8], rest: &'a [u8]) -> Parsed<'a> {
        let http = Words(rest).last().is_some_and(|last| last.starts_with(b"HTTP/"));
        if http && word.len() >= 2 && !b"gsacidt".contains(&word[0]) {
            return Parsed::closed(reply::NONE, self.input.len());
        }
        self.error()
    }

    #[inline]
    fn get(&self, rest: &'a [u8], cas: bool) -> Parsed<'a> {
        match self.keys(rest) {
            Some(Keys([])) => self.error(),
            Some(keys) => self.request(Request::Get { keys, cas }),
            None => Parsed::refused(reply::BAD_FORMAT, self.consumed),
        }
    }

    /// The keys from the first one on (empty if there is none), or `None` if one is too long: then memcached answers for
    /// none of them.
    #[inline]
    fn keys(&self, rest: &'a [u8]) -> Option<Keys<'a>> {
        let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
        let rest = &rest[spaces..];
        if rest.len() <= MAX_KEY || Keys(rest).all(|key| key.len() <= MAX_KEY) { Some(Keys(rest)) } else { None }
    }

    fn get_and_touch(&self, rest: &'a [u8], cas: bool) -> Parsed<'a> {
        let mut words = Words(rest);
        let Some(exptime) = words.next() else { return self.error() };
        let Some(exptime) = words::signed(exptime) else { return Parsed::refused(reply::BAD_EXPTIME, self.consumed) };
        match self.keys(words.0) {
            Some(keys) => self.request(Request::GetAndTouch { exptime, keys, cas }),
            None => Parsed::refused(reply::BAD_FORMAT, self.consumed),
        }
    }

    /// `<key> <flags> <exptime> <bytes> [<cas>] [noreply]`; no `mode` stands for cas.
    #[inline]
    fn store(&self, rest: &'a [u8], mode: Option<StoreMode>, limits: &Limits) -> Parsed<'a> {
        let mut words = Words(rest);
        let (Some(key), Some(flags), Some(exptime), Some(length)) =
            (words.next_long(), words.next(), words.next(), words.next())
        else {
            return self.error();
        };
        let cas = if mode.is_none() { words.next() } else { None };
        let last = words.next();
        if words.next().is_some() || (mode.is_none() && cas.is_none()) {
            return self.error();
        }
        let noreply = is_noreply(last.or(cas).unwrap_or(length));
        let mode = mode.or_else(|| words::unsigned(cas?).map(StoreMode::Cas));
        let length = words::signed(length).filter(|length| (0..=MAX_DECLARED_LENGTH).contains(length));
        match (mode, words::flags(flags), words::signed(exptime), length) {
            (Some(mode), Some(flags), Some(exptime), Some(length)) if key.len() <= MAX_KEY => {
                self.body(StoreHead { mode, key, flags, exptime, noreply }, length as usize, limits)
            }
            _ => Parsed::refused_unless(noreply, reply::BAD_FORMAT, self.consumed),
        }
    }

    /// What follows the line of a storage command. `length` is at most `MAX_DECLARED_LENGTH`.
    #[inline]
    fn body(&self, head: StoreHead<'a>, length: usize, limits: &Limits) -> Parsed<'a> {
        if length > limits.max_value_size {
            return Parsed::Refused {
                reply: if head.noreply { reply::NONE } else { reply::TOO_LARGE },
                consumed: self.consumed,
                discard: (length + BODY_END) as u64,
                remove: if head.mode == StoreMode::Set { Some(head.key) } else { None },
                close: false,
            };
        }
        let body_end = self.consumed.saturating_add(length);
        let need = body_end.saturating_add(BODY_END);
        if need > self.input.len() {
            return if length >= limits.large_value {
                Parsed::Body { head, length, consumed: self.consumed }
            } else {
                Parsed::Incomplete { need }
            };
        }
        if &self.input[body_end..need] != reply::LINE_END {
            return Parsed::refused_unless(head.noreply, reply::BAD_DATA_CHUNK, need);
        }
        let request = Request::Store { head, value: &self.input[self.consumed..body_end] };
        Parsed::Request { request, consumed: need }
    }

    /// `<key> [0] [noreply]`.
    fn delete(&self, rest: &'a [u8]) -> Parsed<'a> {
        let mut words = Words(rest);
        let Some(key) = words.next_long() else { return self.error() };
        let (second, third) = (words.next(), words.next());
        if words.next().is_some() {
            return self.error();
        }
        let noreply = third.or(second).is_some_and(is_noreply);
        let legacy = second == Some(b"0");
        let valid = match (second, third) {
            (None, _) => true,
            (Some(_), None) => legacy || noreply,
            (Some(_), Some(_)) => legacy && noreply,
        };
        if !valid {
            return Parsed::refused_unless(noreply, reply::BAD_DELETE, self.consumed);
        }
        if key.len() > MAX_KEY {
            return Parsed::refused_unless(noreply, reply::BAD_FORMAT, self.consumed);
        }
        self.request(Request::Delete { key, noreply })
    }

    /// `<key> <word> [<last>]`: the key, the word, and whether the last one is `noreply`.
    fn key_and_word(&self, rest: &'a [u8]) -> Result<(&'a [u8], &'a [u8], bool), Parsed<'a>> {
        let mut words = Words(rest);
        let (Some(key), Some(word), last, None) = (words.next_long(), words.next(), words.next(), words.next()) else {
            return Err(self.error());
        };
        let noreply = is_noreply(last.unwrap_or(word));
        if key.len() > MAX_KEY {
            return Err(Parsed::refused_unless(noreply, reply::BAD_FORMAT, self.consumed));
        }
        Ok((key, word, noreply))
    }

    fn arithmetic(&self, rest: &'a [u8], decrement: bool) -> Parsed<'a> {
        let (key, delta, noreply) = match self.key_and_word(rest) {
            Ok(parts) => parts,
            Err(refused) => return refused,
        };
        match words::unsigned(delta) {
            Some(delta) => self.request(Request::Arithmetic { key, delta, decrement, noreply }),
            None => Parsed::refused_unless(noreply, reply::BAD_DELTA, self.consumed),
        }
    }

    fn touch(&self, rest: &'a [u8]) -> Parsed<'a> {
        let (key, exptime, noreply) = match self.key_and_word(rest) {
            Ok(parts) => parts,
            Err(refused) => return refused,
        };
        match words::signed(exptime) {
            Some(exptime) => self.request(Request::Touch { key, exptime, noreply }),
            None => Parsed::refused_unless(noreply, reply::BAD_EXPTIME, self.consumed),
        }
    }

    /// `[<delay>] [noreply]`.
    fn flush_all(&self, rest: &'a [u8]) -> Parsed<'a> {
        let mut words = Words(rest);
        let (first, second) = (words.next(), words.next());
        if words.next().is_some() {
            return self.error();
        }
        let noreply = second.or(first).is_some_and(is_noreply);
        let delay = match (first, second) {
            (Some(_), None) if noreply => None,
            (first, _) => first,
        };
        match delay.map_or(Some(0), words::signed) {
            Some(delay_s) => self.request(Request::FlushAll { delay_s, noreply }),
            None => Parsed::refused_unless(noreply, reply::BAD_EXPTIME, self.consumed),
        }
    }

    /// `<level> [noreply]`.
    fn verbosity(&self, rest: &'a [u8]) -> Parsed<'a> {
        let mut words = Words(rest);
        let (Some(level), last, None) = (words.next(), words.next(), words.next()) else { return self.error() };
        let noreply = is_noreply(last.unwrap_or(level));
        match words::unsigned(level) {
            Some(_) => self.request(Request::Verbosity { noreply }),
            None => Parsed::refused_unless(noreply, reply::BAD_FORMAT, self.consumed),
        }
    }
}

#[inline]
fn is_noreply(word: &[u8]) -> bool {
    word == b"noreply"
}
