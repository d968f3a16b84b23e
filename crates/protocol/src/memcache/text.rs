//! The classic text protocol: requests.
//!
//! The order of checks, and so which of several errors is answered, is memcached's: first the number of words
//! (`ERROR`, never silenced by `noreply`), then `noreply` (the last word, whatever the others are), the key's length, the
//! numbers. After a refused storage line its body is read as the next line, as memcached does, unless the value was
//! merely too large.
//!
//! Deliberate differences from memcached: numbers of exptime and lengths are not cut to 32 bits; NUL is a byte like any
//! other (memcached's line ends there); a line that is too long is told so before the connection is closed.

use super::admin::Admin;
use super::key::Key;
use super::line::{BODY_END, Line};
use super::words::Words;
use super::{meta, reply};
use crate::find::find;
use crate::number;

/// Longest key in bytes.
pub const MAX_KEY: usize = 250;
/// Longest line in bytes, without its `\n`. memcached closes somewhere between 2 KiB and its 16-KiB buffer, depending on
/// how the line was split into reads.
pub const MAX_LINE: usize = 16 * 1024;
/// Longest line of get, gets, gat and gats in bytes, without its `\n`; memcached has no bound but memory.
pub const MAX_RETRIEVAL_LINE: usize = 1024 * 1024;
/// Longest declared length that is understood at all (memcached: `INT_MAX - 2`); a longer one is a bad line.
pub const MAX_DECLARED_LENGTH: i64 = i32::MAX as i64 - 2;

/// How the commonest requests start.
const GET: &[u8] = b"get ";
const SET: &[u8] = b"set ";
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

/// Head of a command that has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyHead<'a> {
    /// A storage command.
    Store(StoreHead<'a>),
    /// `ms`.
    Meta(meta::Target<'a>),
}

impl<'a> BodyHead<'a> {
    /// Whether refusals are not answered.
    #[inline]
    pub fn is_silent(&self) -> bool {
        match self {
            BodyHead::Store(head) => head.noreply,
            BodyHead::Meta(_) => false,
        }
    }

    /// The key.
    pub fn key(&self) -> Key<'a> {
        match self {
            BodyHead::Store(head) => Key::plain(head.key),
            BodyHead::Meta(target) => target.key,
        }
    }

    /// The key whose old value memcached drops when there is no room for the new one: that of `set`, and of `ms` in any mode.
    pub fn removed_key(&self) -> Option<Key<'a>> {
        match self {
            BodyHead::Store(head) if head.mode != StoreMode::Set => None,
            _ => Some(self.key()),
        }
    }
}

/// Validated keys of a line, in order. The first is found already: it is asked for twice, for its hash and for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys<'a> {
    /// Empty if there is none.
    first: &'a [u8],
    /// What follows it on the line.
    rest: &'a [u8],
}

impl<'a> Keys<'a> {
    #[inline]
    pub(super) fn new(line: &'a [u8]) -> Keys<'a> {
        let mut words = Words(line);
        let first = words.next_long().unwrap_or_default();
        Keys { first, rest: words.0 }
    }

    /// The first one, without taking it.
    #[inline]
    pub fn first(&self) -> Option<&'a [u8]> {
        if self.first.is_empty() { None } else { Some(self.first) }
    }
}

impl<'a> Iterator for Keys<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let key = self.first()?;
        *self = if self.rest.is_empty() { Keys { first: b"", rest: b"" } } else { Keys::new(self.rest) };
        Some(key)
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
    /// verbosity.
    Verbosity {
        /// As sent; memcached knows 0 to 2 and takes more for 2.
        level: u64,
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
    /// Commands for who runs the server.
    Admin(Admin),
    /// quit.
    Quit,
    /// A meta command.
    Meta(meta::Request<'a>),
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
        head: BodyHead<'a>,
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
    /// The value is too large to store: `consumed` bytes and then `discard` further bytes (body and its line end) are skipped.
    TooLarge {
        /// The line.
        head: BodyHead<'a>,
        /// Bytes of the line.
        consumed: usize,
        /// Bytes to skip beyond those, as they come.
        discard: u64,
    },
    /// Not understood or refused: `reply` is the full line to send (empty if `noreply` silences it), `consumed` bytes and then
    /// `discard` further bytes (body and its line end) are skipped; then closed if `close`.
    Refused {
        /// The full line, or nothing.
        reply: &'static [u8],
        /// Bytes to skip now.
        consumed: usize,
        /// Bytes to skip beyond those, as they come.
        discard: u64,
        /// Close after the reply.
        close: bool,
    },
}

impl Parsed<'_> {
    /// A refusal that skips the line alone.
    pub(super) fn refused(reply: &'static [u8], consumed: usize) -> Self {
        Self::Refused { reply, consumed, discard: 0, close: false }
    }

    /// The same, but silent if `noreply`.
    pub(super) fn refused_unless(noreply: bool, reply: &'static [u8], consumed: usize) -> Self {
        Self::refused(if noreply { reply::NONE } else { reply }, consumed)
    }

    pub(super) fn closed(reply: &'static [u8], consumed: usize) -> Self {
        Self::Refused { reply, consumed, discard: 0, close: true }
    }
}

/// A `get` that stands whole at the front of `input`, and its length in bytes, if nothing about it is unusual: what [`parse`]
/// gives, without the way through everything else that it may have to say.
#[inline(always)]
pub fn plain_get(input: &[u8]) -> Option<(Keys<'_>, usize)> {
    let [b'g', b'e', b't', b' ', rest @ ..] = input else { return None };
    let end = find(b'\n', rest)?;
    let [line @ .., b'\r'] = &rest[..end] else { return None };
    let keys = Keys::new(line);
    let is_plain = line.len() <= MAX_KEY && keys.first().is_some();
    is_plain.then_some((keys, GET.len() + end + 1))
}

/// The same of a `set`: its line, its value, and its length in bytes.
#[inline(always)]
pub fn plain_set<'a>(input: &'a [u8], limits: &Limits) -> Option<(StoreHead<'a>, &'a [u8], usize)> {
    let [b's', b'e', b't', b' ', rest @ ..] = input else { return None };
    let end = find(b'\n', rest)?;
    let [line @ .., b'\r'] = &rest[..end] else { return None };
    let mut words = Words(line);
    let (key, flags, exptime, length) = (words.next_long()?, words.next()?, words.next()?, words.next()?);
    let noreply = words.0 == b" noreply";
    let length = usize::try_from(number::digits(length)?).ok()?;
    let is_plain = key.len() <= MAX_KEY && SET.len() + end <= MAX_LINE && (words.0.is_empty() || noreply);
    if !is_plain || length > limits.max_value_size || length > MAX_DECLARED_LENGTH as usize {
        return None;
    }
    let (value, after) = rest[end + 1..].split_at_checked(length)?;
    let [b'\r', b'\n', ..] = after else { return None };
    let (flags, exptime) = (number::digits(flags)? as u32, i64::try_from(number::digits(exptime)?).ok()?);
    let head = StoreHead { mode: StoreMode::Set, key, flags, exptime, noreply };
    Some((head, value, SET.len() + end + 1 + length + BODY_END))
}

/// Parses the front of `input`.
#[inline]
pub fn parse<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a> {
    let Some(end) = find(b'\n', input) else { return unended(input) };
    if end > MAX_LINE && end > line_limit(input) {
        return Parsed::closed(reply::LINE_TOO_LONG, input.len());
    }
    let line = match &input[..end] {
        // As memcached: a line of `\r` alone keeps it.
        [line @ .., b'\r'] if !line.is_empty() => line,
        line => line,
    };
    Line { input, line, consumed: end + 1 }.parse(limits)
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
