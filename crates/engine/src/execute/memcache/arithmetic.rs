//! Counting up and down: what `incr`, `decr`, `ma` and the binary protocol's requests do to an item.

use crate::counters::HitMiss;
use crate::shared::Context;
use ringstone_store::{Attributes, Cas, Entry, Error, Hash, Item, Kind, Marks, NewValue, UnixMillis, Value};

/// `incr` or `decr`.
#[derive(Clone, Copy, Debug)]
pub struct Arithmetic<'a> {
    /// 1-250 bytes.
    pub key: &'a [u8],
    /// Of the key.
    pub hash: Hash,
    /// To add or to take away.
    pub delta: u64,
    /// `decr`.
    pub decrement: bool,
    /// Only the version with this token; 0 = any.
    pub token: Cas,
    /// Where there is no item: the number and the time of expiry of the one to create.
    pub create: Option<(u64, UnixMillis)>,
}

/// What only a meta command says of a count.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountTerms {
    /// New time of expiry of an item that was there, 0 = never.
    pub touch: Option<UnixMillis>,
    /// The token that the new version shall have; 0 = the store's own.
    pub cas: Cas,
}

/// What `incr` and `decr` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The new number, and the new version's token.
    Number(u64, Cas),
    /// No item.
    NotFound,
    /// The token to compare is not the item's.
    Exists,
    /// The value is no number.
    NotNumeric,
    /// The item is a hash.
    WrongKind,
    /// The store refused; not counted yet, see [`count_refusal`](super::operation::count_refusal).
    Refused(Error),
}

/// Executes `incr` or `decr`.
pub fn arithmetic(command: &Arithmetic<'_>, context: &Context<'_>) -> Counted {
    arithmetic_on(command, &CountTerms::default(), context).0
}

/// As [`arithmetic`], on a meta command's terms; with the time of expiry that the item had before, if there was one.
pub fn arithmetic_on(
    command: &Arithmetic<'_>,
    terms: &CountTerms,
    context: &Context<'_>,
) -> (Counted, Option<UnixMillis>) {
    let counters: &HitMiss = if command.decrement { &context.counters.decr } else { &context.counters.incr };
    let mut entry = context.store.entry(command.key, command.hash, context.now_ms);
    let mut before = None;
    let counted = match entry.get() {
        Ok(item) => {
            before = Some(item.expires_at_ms);
            match next_number(&item, command) {
                Ok(next) => {
                    // What is counted is not what a loader gave.
                    let marks = Marks { loaded: false, ..item.marks };
                    count(&mut entry, next, marks, terms)
                }
                Err(refused) => refused,
            }
        }
        Err(_) => command.create.map_or(Counted::NotFound, |(number, expires_at_ms)| {
            let attributes = Attributes { expires_at_ms, cas: terms.cas, ..Attributes::default() };
            let mut digits = itoa::Buffer::new();
            let written = entry.set(NewValue::Bytes(digits.format(number).as_bytes()), attributes);
            written.map_or_else(Counted::Refused, |cas| Counted::Number(number, cas))
        }),
    };
    match counted {
        Counted::Number(..) if before.is_some() => counters.hits.add(1),
        Counted::NotFound => counters.misses.add(1),
        _ => {}
    }
    (counted, before)
}

fn next_number(item: &Item<'_>, command: &Arithmetic<'_>) -> Result<u64, Counted> {
    if item.marks.kind == Kind::Hash {
        return Err(Counted::WrongKind);
    }
    // memcached sees that there is nothing before it looks at the token, and all else behind it.
    if matches!(item.value, Value::Bytes(b"")) {
        return Err(Counted::NotNumeric);
    }
    if command.token != 0 && item.cas != command.token {
        return Err(Counted::Exists);
    }
    let current = number(&item.value).ok_or(Counted::NotNumeric)?;
    Ok(match command.decrement {
        true => current.saturating_sub(command.delta),
        false => current.wrapping_add(command.delta),
    })
}

/// Writes a number. The item stays as stale as it was: counting is no way of writing it anew.
fn count(entry: &mut Entry<'_, '_>, next: u64, marks: Marks, terms: &CountTerms) -> Counted {
    let mut cas = match entry.replace_value(itoa::Buffer::new().format(next).as_bytes()) {
        Some(Ok(cas)) => cas,
        Some(Err(error)) => return Counted::Refused(error),
        None => return Counted::NotFound,
    };
    // It is counted already: without room for what else was asked, it has the token and the time that it has.
    if (terms.cas != 0 || marks != Marks::default())
        && let Some(Ok(renewed)) = entry.renew(marks, terms.cas)
    {
        cas = renewed;
    }
    if let Some(expires_at_ms) = terms.touch {
        let _ = entry.set_expiry(expires_at_ms);
    }
    Counted::Number(next, cas)
}

/// A value as memcached's number.
fn number(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Bytes(bytes) => parse_number(bytes),
        Value::Chain(_) => None,
    }
}

/// memcached's numbers: decimal u64 with white space around it (its own decr pads with spaces).
fn parse_number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.trim_ascii();
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::parse_number;

    #[test]
    fn numbers_are_whole_unsigned_decimals() {
        assert_eq!(parse_number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_number(b" 12 "), Some(12));
        for bad in [&b""[..], b" ", b"-1", b"+1", b"1a", b"1 2", b"18446744073709551616", b"123456789012345678901"] {
            assert_eq!(parse_number(bad), None, "{bad:?}");
        }
    }
}
