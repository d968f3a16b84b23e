//! What memcached's commands do to an item, whatever protocol they came by: outcomes, counted, with no word of a reply.
//! Everything about a key happens within one [`Entry`], so under one lock.

use crate::counters::HitMiss;
use crate::reply::value_len;
use crate::shared::Context;
use crate::trace;
use ringstone_protocol::memcache::text::StoreMode;
use ringstone_protocol::memcache::time;
use ringstone_store::{Absence, Attributes, Cas, Entry, Error, Hash, Item, NewValue, UnixMillis, Value};

/// A storage command without its value.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// 1-250 bytes.
    pub key: &'a [u8],
    /// Of the key.
    pub hash: Hash,
    /// Mode, with the token to compare in mode cas.
    pub mode: StoreMode,
    /// Client flags.
    pub flags: u32,
    /// Absolute time of expiry, 0 = never.
    pub expires_at_ms: UnixMillis,
    /// Append and prepend only to the version with this token; 0 = any.
    pub token: Cas,
}

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

/// What `delete` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Removed.
    Done,
    /// No item.
    NotFound,
    /// The token to compare is not the item's.
    Exists,
}

/// What a storage command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Written; the new version's token.
    Done(Cas),
    /// The condition of add, replace, append or prepend did not hold.
    Unmet,
    /// The token to compare is not the item's.
    Exists,
    /// A token to compare, and no item.
    NotFound,
    /// The store refused; not counted yet, see [`count_refusal`].
    Refused(Error),
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
    /// The store refused; not counted yet, see [`count_refusal`].
    Refused(Error),
}

/// What `touch` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// It has the new time.
    Done,
    /// No item.
    NotFound,
    /// The store refused; not counted yet, see [`count_refusal`].
    Refused(Error),
}

/// Shows the item to `found`, if there is one, and counts the read.
#[inline]
pub fn get(key: &[u8], hash: Hash, context: &Context<'_>, found: impl FnOnce(&Item<'_>)) -> Result<(), Absence> {
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let outcome = entry.get().map(|item| found(&item));
    if context.traced.any() {
        trace::fetched(key, outcome.map(|()| length(&mut entry)), context);
    }
    drop(entry);
    context.counters.memcache.read(outcome);
    outcome
}

/// As [`get`], and gives the item a new time of expiry (0 = never). `found` sees the item before that: it is answered even
/// if the new time has passed already, as memcached does.
pub fn get_and_touch(
    key: &[u8],
    hash: Hash,
    expires_at_ms: UnixMillis,
    context: &Context<'_>,
    found: impl FnOnce(&Item<'_>),
) -> Result<(), Absence> {
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let outcome = entry.get().map(|item| found(&item));
    if context.traced.any() {
        trace::fetched(key, outcome.map(|()| length(&mut entry)), context);
    }
    let touched = outcome.is_ok() && matches!(entry.set_expiry(expires_at_ms), Some(Ok(())));
    drop(entry);
    context.counters.memcache.read(outcome);
    context.counters.touch.count(touched);
    outcome
}

/// Executes a storage command with its value, which may have been received into extents.
#[inline]
pub fn store(write: &Write<'_>, value: NewValue<'_>, context: &Context<'_>) -> Stored {
    if !context.traced.any() {
        return store_untraced(write, value, context);
    }
    let length = new_length(&value);
    let outcome = store_untraced(write, value, context);
    trace::stored(write.key, refusal_name(outcome), length, context);
    outcome
}

/// What memcached's logger calls a write that was not done.
fn refusal_name(outcome: Stored) -> Option<&'static str> {
    match outcome {
        Stored::Done(_) => None,
        Stored::Unmet => Some("not_stored"),
        Stored::Exists => Some("exists"),
        Stored::NotFound => Some("not_found"),
        Stored::Refused(Error::TooLarge | Error::KeyTooLong) => Some("too_large"),
        Stored::Refused(Error::OutOfMemory | Error::TooManyReserved) => Some("no_memory"),
    }
}

#[inline]
fn store_untraced(write: &Write<'_>, value: NewValue<'_>, context: &Context<'_>) -> Stored {
    let attributes = Attributes { flags: write.flags, expires_at_ms: write.expires_at_ms, ..Attributes::default() };
    let mut entry = context.store.entry(write.key, write.hash, context.now_ms);
    let result = match write.mode {
        StoreMode::Set => Some(entry.set(value, attributes)),
        StoreMode::Add if entry.peek().is_some() => None,
        StoreMode::Replace if entry.peek().is_none() => None,
        StoreMode::Add | StoreMode::Replace => Some(entry.set(value, attributes)),
        StoreMode::Append | StoreMode::Prepend if !has_token(&mut entry, write.token) => return Stored::Exists,
        StoreMode::Append => entry.append(value),
        StoreMode::Prepend => entry.prepend(value),
        StoreMode::Cas(token) => return compare_and_swap(&mut entry, token, value, attributes, context),
    };
    match result {
        Some(Ok(cas)) => Stored::Done(cas),
        None => Stored::Unmet,
        Some(Err(error)) => {
            if write.mode == StoreMode::Set {
                // A failed set leaves no stale value behind, as memcached does.
                entry.remove();
            }
            Stored::Refused(error)
        }
    }
}

fn compare_and_swap(
    entry: &mut Entry<'_, '_>,
    token: Cas,
    value: NewValue<'_>,
    attributes: Attributes,
    context: &Context<'_>,
) -> Stored {
    match entry.peek().map(|item| item.cas) {
        None => {
            context.counters.cas.misses.add(1);
            Stored::NotFound
        }
        Some(current) if current != token => {
            context.counters.cas_badval.add(1);
            Stored::Exists
        }
        Some(_) => {
            context.counters.cas.hits.add(1);
            entry.set(value, attributes).map_or_else(Stored::Refused, Stored::Done)
        }
    }
}

/// Time of expiry of an item written with memcached's `exptime`; 0 takes the server's default.
#[inline]
pub fn write_expiry(exptime: i64, context: &Context<'_>) -> UnixMillis {
    match exptime {
        0 => context.shared.default_expiry(context.now_ms),
        exptime => time::expires_at_ms(exptime, context.now_ms),
    }
}

/// Length of the value of an item that was found, in bytes.
fn length(entry: &mut Entry<'_, '_>) -> usize {
    entry.peek().map_or(0, |item| value_len(&item.value))
}

fn new_length(value: &NewValue<'_>) -> usize {
    match value {
        NewValue::Bytes(bytes) => bytes.len(),
        NewValue::Body(body) => body.len(),
    }
}

/// Whether the item, if there is one, is the version with this token; 0 stands for any.
#[inline]
fn has_token(entry: &mut Entry<'_, '_>, token: Cas) -> bool {
    token == 0 || entry.peek().is_none_or(|item| item.cas == token)
}

/// Removes the item if it is the version with this token; 0 = any.
pub fn delete(key: &[u8], hash: Hash, token: Cas, context: &Context<'_>) -> Deleted {
    if context.traced.any() {
        trace::deleted(key, context);
    }
    let mut entry = context.store.entry(key, hash, context.now_ms);
    if !has_token(&mut entry, token) {
        return Deleted::Exists;
    }
    let removed = entry.remove();
    drop(entry);
    context.counters.delete.count(removed);
    if removed { Deleted::Done } else { Deleted::NotFound }
}

/// Gives the item a new time of expiry, 0 = never; `found` sees it before that.
pub fn touch(
    key: &[u8],
    hash: Hash,
    expires_at_ms: UnixMillis,
    context: &Context<'_>,
    found: impl FnOnce(&Item<'_>),
) -> Touched {
    let mut entry = context.store.entry(key, hash, context.now_ms);
    if let Some(item) = entry.peek() {
        found(&item);
    }
    let result = entry.set_expiry(expires_at_ms);
    drop(entry);
    context.counters.touch.count(result.is_some());
    match result {
        None => Touched::NotFound,
        Some(Ok(())) => Touched::Done,
        Some(Err(error)) => Touched::Refused(error),
    }
}

/// Executes `incr` or `decr`.
pub fn arithmetic(command: &Arithmetic<'_>, context: &Context<'_>) -> Counted {
    let counters: &HitMiss = if command.decrement { &context.counters.decr } else { &context.counters.incr };
    let mut entry = context.store.entry(command.key, command.hash, context.now_ms);
    let Ok(item) = entry.get() else {
        if let Some((number, expires_at_ms)) = command.create {
            let attributes = Attributes { expires_at_ms, ..Attributes::default() };
            let mut digits = itoa::Buffer::new();
            let written = entry.set(NewValue::Bytes(digits.format(number).as_bytes()), attributes);
            return written.map_or_else(Counted::Refused, |cas| Counted::Number(number, cas));
        }
        counters.misses.add(1);
        return Counted::NotFound;
    };
    if command.token != 0 && item.cas != command.token {
        return Counted::Exists;
    }
    let Some(current) = number(&item.value) else { return Counted::NotNumeric };
    let next = match command.decrement {
        true => current.saturating_sub(command.delta),
        false => current.wrapping_add(command.delta),
    };
    match entry.replace_value(itoa::Buffer::new().format(next).as_bytes()) {
        Some(Ok(cas)) => {
            counters.hits.add(1);
            Counted::Number(next, cas)
        }
        Some(Err(error)) => Counted::Refused(error),
        None => {
            counters.misses.add(1);
            Counted::NotFound
        }
    }
}

/// Flushes everything: at once if `exptime` is not positive, otherwise at that time.
pub fn flush_all(exptime: i64, context: &Context<'_>) {
    let at_ms = if exptime <= 0 { context.now_ms } else { time::expires_at_ms(exptime, context.now_ms) };
    context.shared.flush(at_ms, context.now_ms);
}

/// Counts a refused write.
pub fn count_refusal(error: Error, context: &Context<'_>) {
    match error {
        Error::TooLarge => context.counters.memcache.too_large.add(1),
        Error::KeyTooLong => {}
        Error::OutOfMemory | Error::TooManyReserved => context.counters.memcache.no_memory.add(1),
    }
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
