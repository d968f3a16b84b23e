//! One line of the classic text protocol: its command and its words.

use super::admin;
use super::meta;
use super::reply;
use super::text::{BodyHead, Keys, Limits, MAX_DECLARED_LENGTH, MAX_KEY, Parsed, Request, StoreHead, StoreMode};
use super::words::{self, Words};

/// `\r\n` after a body.
pub(super) const BODY_END: usize = 2;

/// One line at the front of the input.
pub(super) struct Line<'a> {
    /// The line, and what follows it.
    pub(super) input: &'a [u8],
    /// Without its end.
    pub(super) line: &'a [u8],
    /// Bytes with its end.
    pub(super) consumed: usize,
}

impl<'a> Line<'a> {
    /// The two commonest commands are told by four bytes, the others by their word.
    #[inline]
    pub(super) fn parse(&self, limits: &Limits) -> Parsed<'a> {
        match self.line {
            [b'g', b'e', b't', b' ', rest @ ..] => self.get(rest, false),
            [b's', b'e', b't', b' ', rest @ ..] => self.store(rest, Some(StoreMode::Set), limits),
            [b'm', kind, b' ', rest @ ..] => meta::parse(self, *kind, rest, limits),
            _ => self.command(limits),
        }
    }

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
            b"stats" => self.request(Request::Stats { arguments: words::trim(rest) }),
            b"quit" => self.request(Request::Quit),
            &[b'm', kind] => meta::parse(self, kind, rest, limits),
            _ => match admin::parse(word, rest) {
                Some(admin) => self.request(Request::Admin(admin)),
                None => self.unknown(word),
            },
        }
    }

    /// memcached hangs up on HTTP, so that a browser cannot be made to speak to it, unless the method starts like a command.
    #[cold]
    fn unknown(&self, word: &[u8]) -> Parsed<'a> {
        let like_command = word.len() < 2 || b"gsacidt".contains(&word[0]) || (word.len() == 2 && word[0] == b'm');
        if !like_command && Words(self.line).last().is_some_and(|last| last.starts_with(b"HTTP/")) {
            return Parsed::closed(reply::NONE, self.input.len());
        }
        self.error()
    }

    #[inline]
    fn get(&self, rest: &'a [u8], cas: bool) -> Parsed<'a> {
        match self.keys(rest) {
            Some(keys) if keys.first().is_none() => self.error(),
            Some(keys) => self.request(Request::Get { keys, cas }),
            None => Parsed::refused(reply::BAD_FORMAT, self.consumed),
        }
    }

    /// The keys (none if there is none), or `None` if one is too long: then memcached answers for
    /// none of them.
    #[inline]
    fn keys(&self, rest: &'a [u8]) -> Option<Keys<'a>> {
        let keys = Keys::new(rest);
        if rest.len() <= MAX_KEY || keys.into_iter().all(|key| key.len() <= MAX_KEY) { Some(keys) } else { None }
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
                let head = StoreHead { mode, key, flags, exptime, noreply };
                self.body(BodyHead::Store(head), length as usize, limits)
            }
            _ => Parsed::refused_unless(noreply, reply::BAD_FORMAT, self.consumed),
        }
    }

    /// What follows the line of a storage command or of `ms`. `length` is at most `MAX_DECLARED_LENGTH`.
    #[inline]
    pub(super) fn body(&self, head: BodyHead<'a>, length: usize, limits: &Limits) -> Parsed<'a> {
        if length > limits.max_value_size {
            return Parsed::TooLarge { head, consumed: self.consumed, discard: (length + BODY_END) as u64 };
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
            return Parsed::refused_unless(head.is_silent(), reply::BAD_DATA_CHUNK, need);
        }
        let value = &self.input[self.consumed..body_end];
        let request = match head {
            BodyHead::Store(head) => Request::Store { head, value },
            BodyHead::Meta(target) => Request::Meta(meta::Request::Set { target, value }),
        };
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
            Some(level) => self.request(Request::Verbosity { level, noreply }),
            None => Parsed::refused_unless(noreply, reply::BAD_FORMAT, self.consumed),
        }
    }
}

#[inline]
fn is_noreply(word: &[u8]) -> bool {
    word == b"noreply"
}
