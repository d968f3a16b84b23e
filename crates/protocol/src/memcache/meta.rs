//! The meta commands: `<mg|ms|md|ma|me> <key> [<length>] <flag>*` and `mn`.
//!
//! A flag is a letter, and a token right behind it. Which of several errors is answered is memcached's choice (the newest 1.6): a
//! flag that is unknown or there twice ends the search, of bad tokens the last one counts. After a refused `ms` its body
//! is skipped, if its length was understood. `q` silences no error.

use super::key::Key;
use super::line::{BODY_END, Line};
use super::reply;
use super::text::{self, BodyHead, Limits, MAX_DECLARED_LENGTH, MAX_KEY, Parsed};
use super::words::{self, Words};

/// Most words of a line (memcached's `MFLAG_MAX_OPT_LENGTH`).
pub const MAX_WORDS: usize = 20;
/// Longest `O` flag in bytes, with the `O`.
pub const MAX_OPAQUE: usize = 32;
/// First byte that is no letter of a flag in memcached's table; it answers that the flag is there twice.
const LETTERS: u8 = 127;

/// One flag of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag<'a> {
    /// Its letter.
    pub letter: u8,
    /// What follows the letter; often nothing.
    pub token: &'a [u8],
}

/// The flags of a line, in order. They are validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags<'a>(&'a [u8]);

/// What a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The key.
    pub key: Key<'a>,
    /// What is asked.
    pub flags: Flags<'a>,
}

/// A whole request; borrows the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// mg.
    Get(Target<'a>),
    /// ms.
    Set {
        /// The line.
        target: Target<'a>,
        /// The body without its line end.
        value: &'a [u8],
    },
    /// md.
    Delete(Target<'a>),
    /// ma.
    Arithmetic(Target<'a>),
    /// me.
    Debug(Key<'a>),
    /// mn.
    NoOp,
}

/// Modes of `ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetMode {
    /// `S`, or none.
    #[default]
    Set,
    /// `E`.
    Add,
    /// `A`.
    Append,
    /// `P`.
    Prepend,
    /// `R`.
    Replace,
}

/// What the flags of a line say, but for what they only ask to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `q`: the ordinary outcome is not answered.
    pub quiet: bool,
    /// `v`: the reply has the value.
    pub value: bool,
    /// `u`: the access does not count.
    pub uncounted: bool,
    /// `I`: marks as stale.
    pub invalidate: bool,
    /// `x`: removes the value, and leaves the item.
    pub remove_value: bool,
    /// `T`: exptime.
    pub exptime: Option<i64>,
    /// `N`: exptime of an item that is created on a miss.
    pub vivify: Option<i64>,
    /// `R`: whoever comes first with less than this exptime left is to write the item anew.
    pub recache: Option<i64>,
    /// `C`: the CAS to compare.
    pub compare: Option<u64>,
    /// `E`: the CAS that the new version shall have.
    pub cas: Option<u64>,
    /// `F`: client flags.
    pub client_flags: u32,
    /// `M`: the first byte of its token; a space if there is none.
    pub mode: Option<u8>,
    /// `J`: number of an item that is created on a miss.
    pub initial: u64,
    /// `D`: what is added or taken away; 1 unless said.
    pub delta: Option<u64>,
}

/// Why a flag is refused.
enum Refusal {
    /// Whatever follows.
    AtOnce(&'static [u8]),
    /// Unless something worse follows; nothing: the reply stays what it was.
    AtEnd(Option<&'static [u8]>),
}

impl<'a> Flags<'a> {
    /// Of a line that was validated when it was received; the rest of it behind the key, or the length.
    pub fn of_validated(rest: &'a [u8]) -> Flags<'a> {
        Flags(rest)
    }

    /// As they stand on the line.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// What they say.
    #[inline]
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        for flag in *self {
            // What is refused was so when the line was read.
            let _ = options.take(flag);
        }
        options
    }

    /// What they say of a key as sent, or the line that refuses them. `words`: that come before them.
    fn check(self, sent: &[u8], words: usize) -> Result<Options, &'static [u8]> {
        // A word takes two bytes with its space.
        if self.0.len() / 2 + words >= MAX_WORDS && Words(self.0).count() + words > MAX_WORDS {
            return Err(reply::TOO_MANY_FLAGS);
        }
        let mut options = Options::default();
        let (mut seen, mut failed, mut line) = (0_u128, false, reply::BAD_FORMAT);
        for flag in self {
            if flag.letter >= LETTERS || seen & 1 << flag.letter != 0 {
                return Err(reply::DUPLICATE_FLAG);
            }
            seen |= 1 << flag.letter;
            let bad_key = flag.letter == b'b' && Key::encoded(sent).is_none();
            let taken = if bad_key { Err(Refusal::AtEnd(Some(reply::BAD_BASE64))) } else { options.take(flag) };
            match taken {
                Ok(()) => {}
                Err(Refusal::AtOnce(line)) => return Err(line),
                Err(Refusal::AtEnd(why)) => {
                    failed = true;
                    line = why.unwrap_or(line);
                }
            }
        }
        if failed { Err(line) } else { Ok(options) }
    }

    fn has(self, letter: u8) -> bool {
        self.into_iter().any(|flag| flag.letter == letter)
    }
}

impl<'a> Target<'a> {
    /// Itself, or the refusal of its opaque token.
    #[inline]
    fn with_short_opaque(self) -> Result<Target<'a>, &'static [u8]> {
        let is_long = |flag: Flag<'_>| flag.letter == b'O' && flag.token.len() >= MAX_OPAQUE;
        if self.flags.into_iter().any(is_long) { Err(reply::OPAQUE_TOO_LONG) } else { Ok(self) }
    }
}

impl<'a> Iterator for Flags<'a> {
    type Item = Flag<'a>;

    #[inline]
    fn next(&mut self) -> Option<Flag<'a>> {
        let mut words = Words(self.0);
        let word = words.next();
        self.0 = words.0;
        let (&letter, token) = word?.split_first()?;
        Some(Flag { letter, token })
    }
}

impl Options {
    /// Adds what a flag says.
    #[inline]
    fn take(&mut self, flag: Flag<'_>) -> Result<(), Refusal> {
        let token = flag.token;
        let number = |line| words::unsigned(token).map(Some).ok_or(Refusal::AtEnd(Some(line)));
        let time = || words::signed(token).map(Some).ok_or(Refusal::AtEnd(Some(reply::BAD_TOKEN)));
        match flag.letter {
            b'v' => self.value = true,
            b'q' => self.quiet = true,
            b'u' => self.uncounted = true,
            b'I' => self.invalidate = true,
            b'x' => self.remove_value = true,
            b'T' => self.exptime = time()?,
            b'N' => self.vivify = time()?,
            b'R' => self.recache = time()?,
            b'C' => self.compare = number(reply::BAD_TOKEN)?,
            b'E' => self.cas = number(reply::BAD_TOKEN)?,
            b'F' => self.client_flags = words::flags(token).ok_or(Refusal::AtEnd(None))?,
            b'M' => self.mode = Some(token.first().copied().unwrap_or(b' ')),
            b'J' => self.initial = number(reply::BAD_INITIAL)?.unwrap_or_default(),
            b'D' => self.delta = number(reply::BAD_META_DELTA)?,
            b'b' | b'k' | b's' | b't' | b'c' | b'f' | b'l' | b'h' | b'O' | b'P' | b'L' => {}
            _ => return Err(Refusal::AtOnce(reply::INVALID_FLAG)),
        }
        Ok(())
    }

    /// The mode of `ms`; `None` if there is no such.
    pub fn set_mode(&self) -> Option<SetMode> {
        match self.mode {
            None | Some(b'S') => Some(SetMode::Set),
            Some(b'E') => Some(SetMode::Add),
            Some(b'A') => Some(SetMode::Append),
            Some(b'P') => Some(SetMode::Prepend),
            Some(b'R') => Some(SetMode::Replace),
            Some(_) => None,
        }
    }

    /// Whether `ma` takes away; `None` if there is no such mode.
    pub fn decrements(&self) -> Option<bool> {
        match self.mode {
            None | Some(b'I' | b'+') => Some(false),
            Some(b'D' | b'-') => Some(true),
            Some(_) => None,
        }
    }
}

/// Parses a line whose first word is `m` and `kind`; `rest` follows it.
#[inline]
pub(super) fn parse<'a>(line: &Line<'a>, kind: u8, rest: &'a [u8], limits: &Limits) -> Parsed<'a> {
    let mut words = Words(rest);
    let parsed = match (kind, words.next_long()) {
        (b'n', _) => Ok(Request::NoOp),
        (b'g' | b's' | b'd' | b'a' | b'e', None) => Err(reply::BAD_FORMAT),
        (b'g', Some(key)) => get_or_delete(key, words).map(Request::Get),
        (b'd', Some(key)) => get_or_delete(key, words).map(Request::Delete),
        (b'a', Some(key)) => arithmetic(key, words).map(Request::Arithmetic),
        (b'e', Some(key)) => debugged(key, words).map(Request::Debug).ok_or(reply::BAD_FORMAT),
        (b's', Some(key)) => return set(line, key, words, limits),
        _ => Err(reply::ERROR),
    };
    match parsed {
        Ok(request) => Parsed::Request { request: text::Request::Meta(request), consumed: line.consumed },
        Err(reply) => Parsed::refused(reply, line.consumed),
    }
}

/// The key with its flags, and what they say. `words`: that come before the flags.
#[inline]
fn target<'a>(sent: &'a [u8], flags: Words<'a>, words: usize) -> Result<(Target<'a>, Options), &'static [u8]> {
    if sent.len() > MAX_KEY {
        return Err(reply::BAD_FORMAT);
    }
    let flags = Flags(flags.0);
    let options = flags.check(sent, words)?;
    let key = if flags.has(b'b') { Key::encoded(sent).ok_or(reply::BAD_BASE64)? } else { Key::plain(sent) };
    Ok((Target { key, flags }, options))
}

#[inline]
fn get_or_delete<'a>(sent: &'a [u8], flags: Words<'a>) -> Result<Target<'a>, &'static [u8]> {
    target(sent, flags, 2).and_then(|(target, _)| target.with_short_opaque())
}

fn arithmetic<'a>(sent: &'a [u8], flags: Words<'a>) -> Result<Target<'a>, &'static [u8]> {
    // memcached does not say which flag it is, or whether it is the key.
    let (target, options) = target(sent, flags, 2).map_err(|_| reply::BAD_META_FLAGS)?;
    options.decrements().ok_or(reply::BAD_ARITHMETIC_MODE)?;
    target.with_short_opaque()
}

/// The key that `me` shows.
fn debugged<'a>(sent: &'a [u8], mut words: Words<'a>) -> Option<Key<'a>> {
    match words.next() {
        _ if sent.len() > MAX_KEY => None,
        Some(b"b") => Key::encoded(sent),
        _ => Some(Key::plain(sent)),
    }
}

/// `<key> <length> <flag>*`, and the body.
fn set<'a>(line: &Line<'a>, sent: &'a [u8], mut words: Words<'a>, limits: &Limits) -> Parsed<'a> {
    let length = words.next().and_then(words::signed).filter(|length| (0..=MAX_DECLARED_LENGTH).contains(length));
    let Some(length) = length else { return Parsed::refused(reply::BAD_FORMAT, line.consumed) };
    let checked = target(sent, words, 3).and_then(|(target, options)| {
        options.set_mode().ok_or(reply::BAD_SET_MODE)?;
        target.with_short_opaque()
    });
    match checked {
        Ok(target) => line.body(BodyHead::Meta(target), length as usize, limits),
        Err(reply) => {
            let discard = (length as usize + BODY_END) as u64;
            Parsed::Refused { reply, consumed: line.consumed, discard, close: false }
        }
    }
}
