//! memcached's classic commands.

mod stats;

use crate::counters::{CommandIndex, Counter, HitMiss};
use crate::execute::for_each_key;
use crate::reply::{Reply, value_len};
use crate::shared::{Context, Outcome};
use ringstone_protocol::memcache::text::{Keys, Request, StoreHead, StoreMode};
use ringstone_protocol::memcache::{reply, time};
use ringstone_store::{Attributes, Entry, Error, Hash, Item, NewValue, Value};

/// Version of memcached that clients may take this server for, since they decide by it what to send and to expect: the one
/// whose behaviour this was compared with.
pub const COMPATIBLE_VERSION: &str = "1.6.18";

/// Which counter a request belongs to; `None` for `quit`.
pub fn command_index(request: &Request<'_>) -> Option<CommandIndex> {
    let index = match request {
        Request::Get { cas, .. } => u8::from(*cas),
        Request::GetAndTouch { cas, .. } => 2 + u8::from(*cas),
        Request::Store { head, .. } => store_index(head.mode),
        Request::Delete { .. } => 10,
        Request::Arithmetic { decrement, .. } => 11 + u8::from(*decrement),
        Request::Touch { .. } => 13,
        Request::FlushAll { .. } => 14,
        Request::Version => 15,
        Request::Stats { .. } => 16,
        Request::Verbosity { .. } => 17,
        Request::Quit => return None,
    };
    Some(CommandIndex(index))
}

/// Index of a storage command.
pub fn store_index(mode: StoreMode) -> u8 {
    match mode {
        StoreMode::Set => 4,
        StoreMode::Add => 5,
        StoreMode::Replace => 6,
        StoreMode::Append => 7,
        StoreMode::Prepend => 8,
        StoreMode::Cas(_) => 9,
    }
}

/// The key whose look-up is worth prefetching.
pub fn first_key<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    match request {
        Request::Get { keys, .. } | Request::GetAndTouch { keys, .. } => keys.first(),
        Request::Store { head, .. } => Some(head.key),
        Request::Delete { key, .. } | Request::Arithmetic { key, .. } | Request::Touch { key, .. } => Some(key),
        _ => None,
    }
}

/// Executes a request; `hash` is that of `first_key`.
pub fn execute(request: &Request<'_>, hash: Hash, context: &mut Context<'_>, out: &mut impl Reply) -> Outcome {
    match *request {
        Request::Get { keys, cas } => get(keys, cas, hash, context, out),
        Request::GetAndTouch { exptime, keys, cas } => get_and_touch(exptime, keys, cas, hash, context, out),
        Request::Store { head, value } => store(&head, NewValue::Bytes(value), hash, context, out),
        Request::Delete { key, noreply } => delete(key, noreply, hash, context, out),
        Request::Arithmetic { key, delta, decrement, noreply } => {
            let line = arithmetic(key, delta, decrement, hash, context);
            match line {
                Ok(number) if !noreply => reply::write_number(out, number),
                Err(line) if !noreply => out.write(line),
                _ => {}
            }
        }
        Request::Touch { key, exptime, noreply } => touch(key, exptime, noreply, hash, context, out),
        Request::FlushAll { delay_s, noreply } => {
            let at_ms = if delay_s <= 0 { context.now_ms } else { time::expires_at_ms(delay_s, context.now_ms) };
            context.shared.flush(at_ms, context.now_ms);
            answer(out, noreply, reply::OK);
        }
        Request::Verbosity { noreply } => answer(out, noreply, reply::OK),
        Request::Version => {
            out.write(b"VERSION ");
            out.write(COMPATIBLE_VERSION.as_bytes());
            out.write(b"\r\n");
        }
        Request::Stats { arguments } => stats::write(arguments, context, out),
        Request::Quit => return Outcome::Close,
    }
    Outcome::Continue
}

#[inline]
fn answer(out: &mut impl Reply, noreply: bool, line: &[u8]) {
    if !noreply {
        out.write(line);
    }
}

#[inline]
fn write_item(out: &mut impl Reply, key: &[u8], item: &Item<'_>, cas: bool) {
    let length = value_len(&item.value);
    reply::write_value_head(out, key, item.flags, length, cas.then_some(item.cas));
    out.write_value(&item.value);
    out.write(b"\r\n");
}

#[inline]
fn get_one(key: &[u8], hash: Hash, cas: bool, context: &Context<'_>, out: &mut impl Reply) {
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let outcome = entry.get().map(|item| write_item(out, key, &item, cas));
    drop(entry);
    context.counters.memcache.read(outcome);
}

#[inline]
fn get(keys: Keys<'_>, cas: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let mut rest = keys;
    if let Some(first) = rest.next() {
        get_one(first, hash, cas, context, out);
        for_each_key(context.store, None, rest, |key, hash| {
            if out.has_room() {
                get_one(key, hash, cas, context, out);
            }
        });
    }
    out.write(reply::END);
}

fn get_and_touch(exptime: i64, keys: Keys<'_>, cas: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let expires_at_ms = time::expires_at_ms(exptime, context.now_ms);
    for_each_key(context.store, Some(hash), keys, |key, hash| {
        if !out.has_room() {
            return;
        }
        let mut entry = context.store.entry(key, hash, context.now_ms);
        // The old value is answered even if the new time has passed already, as memcached does; hence the reply first.
        let outcome = entry.get().map(|item| write_item(out, key, &item, cas));
        let touched = outcome.is_ok() && matches!(entry.set_expiry(expires_at_ms), Some(Ok(())));
        drop(entry);
        context.counters.memcache.read(outcome);
        context.counters.touch.count(touched);
    });
    out.write(reply::END);
}

/// Executes a storage command with its value, which may have been received into extents.
pub fn store(head: &StoreHead<'_>, value: NewValue<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let now_ms = context.now_ms;
    let expires_at_ms = match head.exptime {
        0 => context.shared.default_expiry(now_ms),
        exptime => time::expires_at_ms(exptime, now_ms),
    };
    let attributes = Attributes { flags: head.flags, expires_at_ms, ..Attributes::default() };
    let mut entry = context.store.entry(head.key, hash, now_ms);
    let result = match head.mode {
        StoreMode::Set => Some(entry.set(value, attributes)),
        StoreMode::Add if entry.peek().is_some() => None,
        StoreMode::Replace if entry.peek().is_none() => None,
        StoreMode::Add | StoreMode::Replace => Some(entry.set(value, attributes)),
        StoreMode::Append => entry.append(value),
        StoreMode::Prepend => entry.prepend(value),
        StoreMode::Cas(token) => {
            let found = entry.peek().map(|item| item.cas);
            match compare_and_swap(&mut entry, found, token, value, attributes, context) {
                Ok(result) => Some(result),
                Err(line) => return answer(out, head.noreply, line),
            }
        }
    };
    if result.is_some_and(|result| result.is_err()) && head.mode == StoreMode::Set {
        // A failed set leaves no stale value behind, as memcached does.
        entry.remove();
    }
    drop(entry);
    let line = match result {
        Some(Ok(_)) => reply::STORED,
        None => reply::NOT_STORED,
        Some(Err(error)) => refusal(error, context),
    };
    answer(out, head.noreply, line);
}

fn compare_and_swap(
    entry: &mut Entry<'_, '_>,
    found: Option<u64>,
    token: u64,
    value: NewValue<'_>,
    attributes: Attributes,
    context: &Context<'_>,
) -> Result<Result<u64, Error>, &'static [u8]> {
    match found {
        None => {
            context.counters.cas.misses.add(1);
            Err(reply::NOT_FOUND)
        }
        Some(current) if current != token => {
            context.counters.cas_badval.add(1);
            Err(reply::EXISTS)
        }
        Some(_) => {
            context.counters.cas.hits.add(1);
            Ok(entry.set(value, attributes))
        }
    }
}

/// Answers a storage command whose value was refused before its body was here. For a set, `remove` names the key: no stale
/// value stays behind.
pub fn no_room(error: Error, noreply: bool, remove: Option<&[u8]>, context: &Context<'_>, out: &mut impl Reply) {
    if let Some(key) = remove {
        context.store.entry(key, context.store.hash(key), context.now_ms).remove();
    }
    answer(out, noreply, refusal(error, context));
}

/// The line for a refused write, which is counted.
pub fn refusal(error: Error, context: &Context<'_>) -> &'static [u8] {
    match error {
        Error::TooLarge => {
            context.counters.memcache.too_large.add(1);
            reply::TOO_LARGE
        }
        Error::KeyTooLong => reply::BAD_FORMAT,
        Error::OutOfMemory | Error::TooManyReserved => {
            context.counters.memcache.no_memory.add(1);
            reply::OUT_OF_MEMORY
        }
    }
}

fn delete(key: &[u8], noreply: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let removed = context.store.entry(key, hash, context.now_ms).remove();
    context.counters.delete.count(removed);
    answer(out, noreply, if removed { reply::DELETED } else { reply::NOT_FOUND });
}

fn touch(key: &[u8], exptime: i64, noreply: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let expires_at_ms = time::expires_at_ms(exptime, context.now_ms);
    let result = context.store.entry(key, hash, context.now_ms).set_expiry(expires_at_ms);
    context.counters.touch.count(result.is_some());
    let line = match result {
        None => reply::NOT_FOUND,
        Some(Ok(())) => reply::TOUCHED,
        Some(Err(error)) => refusal(error, context),
    };
    answer(out, noreply, line);
}

fn arithmetic(
    key: &[u8],
    delta: u64,
    decrement: bool,
    hash: Hash,
    context: &Context<'_>,
) -> Result<u64, &'static [u8]> {
    let counters: &HitMiss = if decrement { &context.counters.decr } else { &context.counters.incr };
    let missed = |counter: &Counter| {
        counter.add(1);
        reply::NOT_FOUND
    };
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let Ok(item) = entry.get() else { return Err(missed(&counters.misses)) };
    let current = match &item.value {
        Value::Bytes(bytes) => parse_number(bytes),
        Value::Chain(_) => None,
    };
    let current = current.ok_or(reply::NON_NUMERIC)?;
    let next = if decrement { current.saturating_sub(delta) } else { current.wrapping_add(delta) };
    let mut digits = itoa::Buffer::new();
    match entry.replace_value(digits.format(next).as_bytes()) {
        Some(Ok(_)) => {
            counters.hits.add(1);
            Ok(next)
        }
        Some(Err(error)) => Err(refusal(error, context)),
        None => Err(missed(&counters.misses)),
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
