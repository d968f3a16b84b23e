//! RESP string commands.

use super::together::for_each_entry;
use super::{Request, WRONG_TYPE, refuse};
use crate::cells::Cells;
use crate::counters::WorkerCounters;
use crate::reply::{Reply, value_len};
use crate::session::Session;
use crate::shared::{Context, Shared};
use ringstone_protocol::resp::options::{Condition, Expiry, NOT_AN_INTEGER, SetOptions, parse_i64, set_options};
use ringstone_protocol::resp::reply::{self, Version};
use ringstone_store::{
    Absence, Attributes, Chain, Entry, Error, Hash, Item, Kind, MAX_KEY_BYTES, NewValue, UnixMillis, Value,
};

const OVERFLOW: &str = "ERR increment or decrement would overflow";

/// The item's value as a bulk.
#[inline]
pub fn write_item(out: &mut impl Reply, item: &Item<'_>) {
    match &item.value {
        Value::Bytes(bytes) => reply::bulk(out, bytes),
        Value::Chain(chain) => {
            reply::bulk_head(out, chain.len());
            out.write_chain(chain);
            out.write(b"\r\n");
        }
    }
}

/// What came of writing a string's value.
enum Written {
    Value,
    Absent,
    /// The key holds something else.
    WrongType,
}

#[inline(always)]
fn write_one(mut entry: Entry<'_, '_>, counters: &WorkerCounters, out: &mut impl Reply) -> Written {
    let (outcome, written) = match entry.get() {
        Ok(item) if item.marks.kind == Kind::String => {
            write_item(out, &item);
            (Ok(()), Written::Value)
        }
        Ok(_) => (Ok(()), Written::WrongType),
        Err(absence) => (Err(absence), Written::Absent),
    };
    drop(entry);
    counters.resp.read(outcome);
    written
}

/// The same where a transaction, or the connection, has its own way to the entry.
#[cold]
fn write_borrowed(key: &[u8], hash: Hash, context: &mut Context<'_>, out: &mut impl Reply) -> Written {
    write_one(context.cells.entry(key, hash, context.now_ms), context.counters, out)
}

/// GET
#[inline]
pub fn get(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    let written = match &context.cells {
        // No other way to the entry is left for the compiler to keep open.
        Cells::Open(store) => write_one(store.entry(key, request.hash, context.now_ms), context.counters, out),
        _ => write_borrowed(key, request.hash, context, out),
    };
    match written {
        Written::Value => {}
        Written::Absent => reply::null(out, session.version),
        Written::WrongType => reply::error(out, WRONG_TYPE),
    }
}

/// MGET
pub fn mget(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    reply::array(out, request.args.len() - 1);
    for_each_entry(request.hash, request.arguments(), context, |entry, counters| {
        if out.has_room() && !matches!(write_one(entry, counters, out), Written::Value) {
            reply::null(out, session.version);
        }
    });
}

/// SET and PUT
pub fn set(request: &mut Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, bytes] = request.fixed();
    let plain = request.args.len() == 3;
    let options = if plain {
        Ok(SetOptions { condition: Condition::Always, get: false, expiry: Expiry::Clear })
    } else {
        set_options(request.arguments().skip(2), context.now_ms)
    };
    let options = match options {
        Ok(options) => options,
        Err(text) => return reply::error(out, text),
    };
    let value = request.value(2, bytes);
    let (shared, now_ms) = (context.shared, context.now_ms);
    let mut entry = context.cells.entry(key, request.hash, now_ms);
    if reads_value(&options) && entry.peek().is_some_and(|item| item.marks.kind != Kind::String) {
        drop(entry);
        return reply::error(out, WRONG_TYPE);
    }
    let holds = plain || condition_holds(&entry, options.condition);
    let attributes = attributes(&entry, options.expiry, shared, now_ms);
    if options.get {
        let old = entry.get().map(|item| Old::of(&item.value));
        let result = if holds { write(&mut entry, value, attributes, now_ms) } else { Ok(()) };
        drop(entry);
        return answer_old(old, result, session.version, context, out);
    }
    if !holds {
        drop(entry);
        return reply::null(out, session.version);
    }
    let result = write(&mut entry, value, attributes, now_ms);
    drop(entry);
    match result {
        Ok(()) => out.write(b"+OK\r\n"),
        Err(error) => refuse(error, context, out),
    }
}

/// Writes a version; with a time that has passed the key is deleted, as in Valkey, and nothing is evicted for its sake.
#[inline]
fn write(
    entry: &mut Entry<'_, '_>,
    value: NewValue<'_>,
    attributes: Attributes,
    now_ms: UnixMillis,
) -> Result<(), Error> {
    if attributes.expires_at_ms != 0 && attributes.expires_at_ms <= now_ms {
        entry.remove();
        return Ok(());
    }
    entry.set(value, attributes).map(|_| ())
}

/// Whether it matters to SET what kind of value is there.
#[inline]
fn reads_value(options: &SetOptions<'_>) -> bool {
    options.get || matches!(options.condition, Condition::IfEquals(_))
}

fn condition_holds(entry: &Entry<'_, '_>, condition: Condition<'_>) -> bool {
    match condition {
        Condition::Always => true,
        Condition::IfAbsent => entry.peek().is_none(),
        Condition::IfPresent => entry.peek().is_some(),
        Condition::IfEquals(expected) => entry.peek().is_some_and(|item| value_equals(&item.value, expected)),
    }
}

/// Whether a value is these bytes.
pub fn value_equals(value: &Value<'_>, expected: &[u8]) -> bool {
    match value {
        Value::Bytes(bytes) => *bytes == expected,
        Value::Chain(chain) => {
            let mut offset = 0;
            while offset < chain.len() && chain.len() == expected.len() {
                let chunk = chain.chunk_at(offset);
                if chunk != &expected[offset..offset + chunk.len()] {
                    return false;
                }
                offset += chunk.len();
            }
            chain.len() == expected.len()
        }
    }
}

/// Attributes of a new string.
#[inline]
pub fn attributes(entry: &Entry<'_, '_>, expiry: Expiry, shared: &Shared, now_ms: UnixMillis) -> Attributes {
    let expires_at_ms = match expiry {
        Expiry::Clear => shared.cache.default_expiry(now_ms),
        Expiry::AtMs(at_ms) => at_ms,
        Expiry::Keep => match entry.peek() {
            Some(item) => item.expires_at_ms,
            None => shared.cache.default_expiry(now_ms),
        },
    };
    Attributes { expires_at_ms, ..Attributes::default() }
}

/// A value that outlives its item: bytes copied, a chain by reference.
pub enum Old {
    /// A copy.
    Bytes(Vec<u8>),
    /// By reference.
    Chain(Chain),
}

impl Old {
    /// That of an item.
    pub fn of(value: &Value<'_>) -> Old {
        match value {
            Value::Bytes(bytes) => Old::Bytes(bytes.to_vec()),
            Value::Chain(chain) => Old::Chain((*chain).clone()),
        }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Old::Bytes(bytes) => bytes.len(),
            Old::Chain(chain) => chain.len(),
        }
    }
}

/// The old value is the answer whether or not the new one is written; it was kept aside, for the write may be refused, and
/// then the refusal is the answer.
pub fn answer_old(
    old: Result<Old, Absence>,
    result: Result<(), Error>,
    version: Version,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    context.counters.resp.read(old.as_ref().map(|_| ()).map_err(|absence| *absence));
    match (result, old) {
        (Err(error), _) => refuse(error, context, out),
        (Ok(()), Ok(Old::Bytes(bytes))) => reply::bulk(out, &bytes),
        (Ok(()), Ok(Old::Chain(chain))) => {
            reply::bulk_head(out, chain.len());
            out.write_chain(&chain);
            out.write(b"\r\n");
        }
        (Ok(()), Err(_)) => reply::null(out, version),
    }
}

/// MSET and, with `if_absent`, MSETNX: all keys in one step, their cells locked in ascending order. What can be refused is
/// refused before the first is written; only memory may still run out between two.
pub fn mset(request: &mut Request<'_>, if_absent: bool, context: &mut Context<'_>, out: &mut impl Reply) {
    let count = request.args.len() - 1;
    if !count.is_multiple_of(2) {
        return reply::wrong_arguments(out, request.spec);
    }
    let max_value_size = usize::try_from(context.shared.cache.options.max_value_size).unwrap_or(usize::MAX);
    if request.arguments().skip(1).step_by(2).any(|value| value.len() > max_value_size) {
        return refuse(Error::TooLarge, context, out);
    }
    if request.arguments().step_by(2).any(|key| key.len() > MAX_KEY_BYTES) {
        return refuse(Error::KeyTooLong, context, out);
    }
    context.hashes.clear();
    context.hashes.extend(request.arguments().step_by(2).map(|key| context.store.hash(key)));
    let mut cells = context.cells.several(context.hashes, context.now_ms);
    let mut keys = request.arguments().step_by(2).zip(&*context.hashes);
    if if_absent && keys.any(|(key, hash)| cells.entry(key, *hash).peek().is_some()) {
        return reply::integer(out, 0);
    }
    let attributes =
        Attributes { expires_at_ms: context.shared.cache.default_expiry(context.now_ms), ..Attributes::default() };
    let mut arguments = request.arguments();
    let mut index = 2;
    let mut result = Ok(());
    while let (Some(key), Some(bytes)) = (arguments.next(), arguments.next()) {
        let hash = context.hashes[index / 2 - 1];
        let value = request.value(index, bytes);
        result = cells.entry(key, hash).set(value, attributes).map(|_| ());
        if result.is_err() {
            break;
        }
        index += 2;
    }
    drop(cells);
    match result {
        Ok(()) if if_absent => reply::integer(out, 1),
        Ok(()) => out.write(b"+OK\r\n"),
        Err(error) => refuse(error, context, out),
    }
}

/// APPEND
pub fn append(request: &mut Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, bytes] = request.fixed();
    let value = request.value(2, bytes);
    let (shared, now_ms) = (context.shared, context.now_ms);
    let mut entry = context.cells.entry(key, request.hash, now_ms);
    let kind = entry.peek().map(|item| item.marks.kind);
    if kind.is_some_and(|kind| kind != Kind::String) {
        drop(entry);
        return reply::error(out, WRONG_TYPE);
    }
    let result = if kind.is_some() {
        entry.append(value).unwrap_or(Err(Error::OutOfMemory))
    } else {
        let attributes = attributes(&entry, Expiry::Clear, shared, now_ms);
        entry.set(value, attributes)
    };
    let length = entry.peek().map_or(0, |item| value_len(&item.value));
    drop(entry);
    match result {
        Ok(_) => reply::integer(out, length as i64),
        Err(error) => refuse(error, context, out),
    }
}

/// STRLEN
pub fn strlen(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    let found = entry.get().map(|item| (item.marks.kind, value_len(&item.value)));
    drop(entry);
    context.counters.resp.read(found.map(|_| ()));
    match found {
        Err(_) => reply::integer(out, 0),
        Ok((Kind::String, length)) => reply::integer(out, length as i64),
        Ok(_) => reply::error(out, WRONG_TYPE),
    }
}

/// INCRBY's amount.
pub fn increment(request: &Request<'_>) -> Result<i64, &'static str> {
    let [_, amount] = request.fixed();
    parse_i64(amount).ok_or(NOT_AN_INTEGER)
}

/// DECRBY's amount, negated.
pub fn decrement(request: &Request<'_>) -> Result<i64, &'static str> {
    let [_, amount] = request.fixed();
    let amount = parse_i64(amount).ok_or(NOT_AN_INTEGER)?;
    amount.checked_neg().ok_or("ERR decrement would overflow")
}

/// INCR, DECR, INCRBY, DECRBY: atomic, and the time of expiry stays.
pub fn add(request: &Request<'_>, amount: Result<i64, &'static str>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    match amount.map_err(Failure::Text).and_then(|amount| add_to(key, request.hash, amount, context)) {
        Ok(number) => reply::integer(out, number),
        Err(Failure::Text(text)) => reply::error(out, text),
        Err(Failure::Store(error)) => refuse(error, context, out),
    }
}

enum Failure {
    Text(&'static str),
    Store(Error),
}

fn add_to(key: &[u8], hash: Hash, amount: i64, context: &mut Context<'_>) -> Result<i64, Failure> {
    let (shared, now_ms) = (context.shared, context.now_ms);
    let mut entry = context.cells.entry(key, hash, now_ms);
    let current = match entry.get() {
        Err(_) => None,
        Ok(item) if item.marks.kind != Kind::String => return Err(Failure::Text(WRONG_TYPE)),
        Ok(Item { value: Value::Bytes(bytes), .. }) => Some(parse_i64(bytes).ok_or(Failure::Text(NOT_AN_INTEGER))?),
        Ok(_) => return Err(Failure::Text(NOT_AN_INTEGER)),
    };
    let next = current.unwrap_or(0).checked_add(amount).ok_or(Failure::Text(OVERFLOW))?;
    let mut digits = itoa::Buffer::new();
    let bytes = digits.format(next).as_bytes();
    let result = if current.is_some() {
        entry.replace_value(bytes).unwrap_or(Err(Error::OutOfMemory))
    } else {
        let attributes = attributes(&entry, Expiry::Clear, shared, now_ms);
        entry.set(NewValue::Bytes(bytes), attributes)
    };
    result.map(|_| next).map_err(Failure::Store)
}
