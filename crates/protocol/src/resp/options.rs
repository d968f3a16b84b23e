//! Options of commands. Errors are Valkey's texts, with their code word (`ERR syntax error`).

use crate::number;

/// An option that does not exist, lacks its value or contradicts another.
pub const SYNTAX_ERROR: &str = "ERR syntax error";
/// A number that is none, or does not fit.
pub const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
/// SET's time of expiry is not positive, or overflows.
pub const INVALID_SET_EXPIRE: &str = "ERR invalid expire time in 'set' command";
/// The same of GETEX.
pub const INVALID_GETEX_EXPIRE: &str = "ERR invalid expire time in 'getex' command";
/// The same of SETEX.
pub const INVALID_SETEX_EXPIRE: &str = "ERR invalid expire time in 'setex' command";
/// The same of PSETEX.
pub const INVALID_PSETEX_EXPIRE: &str = "ERR invalid expire time in 'psetex' command";
/// NX beside another condition of EXPIRE.
pub const NX_INCOMPATIBLE: &str = "ERR NX and XX, GT or LT options at the same time are not compatible";
/// GT beside LT.
pub const GT_LT_INCOMPATIBLE: &str = "ERR GT and LT options at the same time are not compatible";

/// A time of expiry that has always passed, in ms.
const PAST_MS: u64 = 1;
/// Milliseconds in a second.
const MS_PER_S: i64 = 1000;

/// When SET writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Whatever is there.
    Always,
    /// NX.
    IfAbsent,
    /// XX.
    IfPresent,
    /// IFEQ: only if the value is this one.
    IfEquals(&'a [u8]),
}

/// The time of expiry that SET asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// None; an earlier one is dropped.
    Clear,
    /// KEEPTTL.
    Keep,
    /// Absolute, in ms since 1970.
    AtMs(u64),
}

/// SET's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetOptions<'a> {
    /// NX, XX, IFEQ.
    pub condition: Condition<'a>,
    /// GET: the reply is the old value.
    pub get: bool,
    /// EX, PX, EXAT, PXAT, KEEPTTL.
    pub expiry: Expiry,
}

/// What GETEX does to the time of expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retime {
    /// Nothing.
    Leave,
    /// PERSIST.
    Persist,
    /// Absolute, in ms since 1970.
    AtMs(u64),
}

/// The unit and origin of a time of expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds from now.
    Ex,
    /// Milliseconds from now.
    Px,
    /// Seconds since 1970.
    ExAt,
    /// Milliseconds since 1970.
    PxAt,
}

impl Unit {
    /// The option of that name, in any case.
    fn of(word: &[u8]) -> Option<Unit> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        match word.len() {
            2 if is("ex") => Some(Unit::Ex),
            2 if is("px") => Some(Unit::Px),
            4 if is("exat") => Some(Unit::ExAt),
            4 if is("pxat") => Some(Unit::PxAt),
            _ => None,
        }
    }
}

/// What SET's words ask for, before numbers are looked at: a syntax error anywhere comes first.
#[derive(Default)]
struct SetWords<'a> {
    nx: bool,
    xx: bool,
    get: bool,
    keep_ttl: bool,
    equals: Option<&'a [u8]>,
    expire: Option<(Unit, &'a [u8])>,
}

impl<'a> SetWords<'a> {
    /// Takes one option; `next` gives its value. `None` is a syntax error.
    fn take(&mut self, word: &[u8], next: impl FnOnce() -> Option<&'a [u8]>) -> Option<()> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        let conditional = self.nx || self.xx || self.equals.is_some();
        if is("nx") && (self.nx || !conditional) {
            self.nx = true;
        } else if is("xx") && (self.xx || !conditional) {
            self.xx = true;
        } else if is("ifeq") && !conditional {
            self.equals = Some(next()?);
        } else if is("get") {
            self.get = true;
        } else if is("keepttl") && self.expire.is_none() {
            self.keep_ttl = true;
        } else {
            let unit = Unit::of(word)?;
            // As Valkey: the same unit again is taken, the last one counts; two kinds are an error.
            if self.keep_ttl || self.expire.is_some_and(|(other, _)| other != unit) {
                return None;
            }
            self.expire = Some((unit, next()?));
        }
        Some(())
    }

    fn finish(self, now_ms: u64) -> Result<SetOptions<'a>, &'static str> {
        let condition = match (self.nx, self.xx, self.equals) {
            (true, ..) => Condition::IfAbsent,
            (_, true, _) => Condition::IfPresent,
            (.., Some(value)) => Condition::IfEquals(value),
            (false, false, None) => Condition::Always,
        };
        let expiry = match self.expire {
            Some((unit, word)) => Expiry::AtMs(expire_at_ms(unit, word, now_ms, INVALID_SET_EXPIRE)?),
            None if self.keep_ttl => Expiry::Keep,
            None => Expiry::Clear,
        };
        Ok(SetOptions { condition, get: self.get, expiry })
    }
}

/// The absolute time in ms that `word` stands for; one in the past is 1. `invalid` is the text for a number that is not
/// positive, or too great.
pub fn expire_at_ms(unit: Unit, word: &[u8], now_ms: u64, invalid: &'static str) -> Result<u64, &'static str> {
    let number = parse_i64(word).ok_or(NOT_AN_INTEGER)?;
    if number <= 0 {
        return Err(invalid);
    }
    let in_ms = match unit {
        Unit::Ex | Unit::ExAt => number.checked_mul(MS_PER_S),
        Unit::Px | Unit::PxAt => Some(number),
    };
    let at_ms = match unit {
        Unit::Ex | Unit::Px => in_ms.and_then(|ttl_ms| ttl_ms.checked_add_unsigned(now_ms)),
        Unit::ExAt | Unit::PxAt => in_ms,
    };
    let at_ms = at_ms.ok_or(invalid)?.unsigned_abs();
    Ok(if at_ms <= now_ms { PAST_MS } else { at_ms })
}

/// Parses what follows key and value. A time in the past is `AtMs(1)`.
#[inline]
pub fn set_options<'a>(args: impl Iterator<Item = &'a [u8]>, now_ms: u64) -> Result<SetOptions<'a>, &'static str> {
    let mut args = args;
    let mut words = SetWords::default();
    while let Some(word) = args.next() {
        words.take(word, || args.next()).ok_or(SYNTAX_ERROR)?;
    }
    words.finish(now_ms)
}

/// Parses what follows GETEX's key. A time in the past is `AtMs(1)`.
pub fn getex_options<'a>(args: impl Iterator<Item = &'a [u8]>, now_ms: u64) -> Result<Retime, &'static str> {
    let mut args = args;
    let mut persist = false;
    let mut expire: Option<(Unit, &[u8])> = None;
    while let Some(word) = args.next() {
        if word.eq_ignore_ascii_case(b"persist") && expire.is_none() {
            persist = true;
            continue;
        }
        let unit = Unit::of(word).ok_or(SYNTAX_ERROR)?;
        // As with SET: the same unit again is taken, the last one counts.
        if persist || expire.is_some_and(|(other, _)| other != unit) {
            return Err(SYNTAX_ERROR);
        }
        expire = Some((unit, args.next().ok_or(SYNTAX_ERROR)?));
    }
    match expire {
        Some((unit, word)) => expire_at_ms(unit, word, now_ms, INVALID_GETEX_EXPIRE).map(Retime::AtMs),
        None if persist => Ok(Retime::Persist),
        None => Ok(Retime::Leave),
    }
}

/// SCAN's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanOptions<'a> {
    /// MATCH; of several the last.
    pub pattern: Option<&'a [u8]>,
    /// COUNT, at least 1.
    pub count: u64,
    /// TYPE; of several the last.
    pub kind: Option<&'a [u8]>,
}

/// What SCAN looks at by one call without COUNT (Valkey's default).
const SCAN_COUNT: u64 = 10;

/// A cursor that is no number.
pub const INVALID_CURSOR: &str = "ERR invalid cursor";

/// Parses SCAN's cursor. Stricter than C's `strtoul`, which takes signs: no server ever gave such a one.
pub fn scan_cursor(word: &[u8]) -> Result<u64, &'static str> {
    number::digits(word).ok_or(INVALID_CURSOR)
}

/// Parses what follows SCAN's cursor.
pub fn scan_options<'a>(args: impl Iterator<Item = &'a [u8]>) -> Result<ScanOptions<'a>, &'static str> {
    let mut args = args;
    let mut options = ScanOptions { pattern: None, count: SCAN_COUNT, kind: None };
    while let Some(word) = args.next() {
        let value = args.next().ok_or(SYNTAX_ERROR)?;
        match word.to_ascii_lowercase().as_slice() {
            b"match" => options.pattern = Some(value),
            b"type" => options.kind = Some(value),
            b"count" => match parse_i64(value).ok_or(NOT_AN_INTEGER)? {
                count @ 1.. => options.count = count.unsigned_abs(),
                _ => return Err(SYNTAX_ERROR),
            },
            _ => return Err(SYNTAX_ERROR),
        }
    }
    Ok(options)
}

/// EXPIRE's and PEXPIRE's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ExpireCondition {
    /// Only if it has no expiry.
    pub nx: bool,
    /// Only if it has one.
    pub xx: bool,
    /// Only if the new one is later; none counts as infinite.
    pub gt: bool,
    /// Only if the new one is sooner; none counts as infinite.
    pub lt: bool,
}

/// Parses NX XX GT LT with Valkey's errors (an unknown option's text names it, hence String).
pub fn expire_condition<'a>(args: impl Iterator<Item = &'a [u8]>) -> Result<ExpireCondition, String> {
    let mut condition = ExpireCondition::default();
    for word in args {
        match word.to_ascii_lowercase().as_slice() {
            b"nx" => condition.nx = true,
            b"xx" => condition.xx = true,
            b"gt" => condition.gt = true,
            b"lt" => condition.lt = true,
            _ => return Err(format!("ERR Unsupported option {}", String::from_utf8_lossy(word))),
        }
    }
    if condition.nx && (condition.xx || condition.gt || condition.lt) {
        return Err(NX_INCOMPATIBLE.into());
    }
    if condition.gt && condition.lt {
        return Err(GT_LT_INCOMPATIBLE.into());
    }
    Ok(condition)
}

/// Valkey's string2ll: canonical decimal i64 only. No sign `+`, no leading zeros, no `-0`, no white space.
#[inline]
pub fn parse_i64(bytes: &[u8]) -> Option<i64> {
    match bytes {
        b"0" => Some(0),
        [b'1'..=b'9', ..] => i64::try_from(number::digits(bytes)?).ok(),
        [b'-', magnitude @ ..] => match magnitude {
            [b'1'..=b'9', ..] => 0i64.checked_sub_unsigned(number::digits(magnitude)?),
            _ => None,
        },
        _ => None,
    }
}
