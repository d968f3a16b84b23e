//! RESP commands that write, read and delete strings in other ways than SET and GET do.

use super::strings::{Old, answer_old, attributes, value_equals, write_item};
use super::{Request, WRONG_TYPE, refuse};
use crate::counters::Outcomes;
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::Context;
use ringstone_protocol::resp::options::{Expiry, Retime, Unit, expire_at_ms, getex_options};
use ringstone_protocol::resp::reply::{self, Version};
use ringstone_store::{Attributes, Entry, Kind};

/// SETNX
pub fn set_if_absent(request: &mut Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, bytes] = request.fixed();
    let value = request.value(2, bytes);
    let (shared, now_ms) = (context.shared, context.now_ms);
    let mut entry = context.cells.entry(key, request.hash, now_ms);
    let result = if entry.peek().is_some() {
        Ok(0)
    } else {
        let attributes = attributes(&entry, Expiry::Clear, shared, now_ms);
        entry.set(value, attributes).map(|_| 1)
    };
    drop(entry);
    match result {
        Ok(written) => reply::integer(out, written),
        Err(error) => refuse(error, context, out),
    }
}

/// SETEX and PSETEX
pub fn set_with_time(
    request: &mut Request<'_>,
    unit: Unit,
    invalid: &'static str,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) {
    let [key, time, bytes] = request.fixed();
    let expires_at_ms = match expire_at_ms(unit, time, context.now_ms, invalid) {
        Ok(at_ms) => at_ms,
        Err(text) => return reply::error(out, text),
    };
    let value = request.value(3, bytes);
    let attributes = Attributes { expires_at_ms, ..Attributes::default() };
    let result = context.cells.entry(key, request.hash, context.now_ms).set(value, attributes);
    match result {
        Ok(_) => out.write(b"+OK\r\n"),
        Err(error) => refuse(error, context, out),
    }
}

/// GETSET
pub fn get_and_set(request: &mut Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, bytes] = request.fixed();
    let value = request.value(2, bytes);
    let (shared, now_ms) = (context.shared, context.now_ms);
    let mut entry = context.cells.entry(key, request.hash, now_ms);
    let attributes = attributes(&entry, Expiry::Clear, shared, now_ms);
    let old = match entry.get() {
        Ok(item) if item.marks.kind != Kind::String => return reply::error(out, WRONG_TYPE),
        old => old.map(|item| Old::of(&item.value)),
    };
    let result = entry.set(value, attributes).map(|_| ());
    drop(entry);
    answer_old(old, result, session.version, context, out);
}

/// What a command that gives a string's value came to.
enum Given {
    /// The value, or that there is none, is written.
    Written,
    /// The key holds something else; nothing is written.
    WrongType,
}

/// Writes the string that `entry` holds, or a null, and counts the read.
fn give(entry: &mut Entry<'_, '_>, version: Version, counters: &Outcomes, out: &mut impl Reply) -> Given {
    let given = match entry.get() {
        Err(absence) => {
            reply::null(out, version);
            counters.read(Err(absence));
            return Given::Written;
        }
        Ok(item) if item.marks.kind != Kind::String => Given::WrongType,
        Ok(item) => {
            write_item(out, &item);
            Given::Written
        }
    };
    counters.read(Ok(()));
    given
}

/// GETDEL
pub fn get_and_delete(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    match give(&mut entry, session.version, &context.counters.resp, out) {
        Given::Written => context.counters.delete.count(entry.remove()),
        Given::WrongType => reply::error(out, WRONG_TYPE),
    }
}

/// GETEX: the new time of expiry is set before the value is written, for it may be refused.
pub fn get_and_retime(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    let (now_ms, resp) = (context.now_ms, &context.counters.resp);
    let retime = match getex_options(request.arguments().skip(1), now_ms) {
        Ok(retime) => retime,
        Err(text) => return reply::error(out, text),
    };
    let mut entry = context.cells.entry(key, request.hash, now_ms);
    let string = entry.peek().filter(|item| item.marks.kind == Kind::String);
    let (is_string, has_time) = (string.is_some(), string.is_some_and(|item| item.expires_at_ms != 0));
    let at_ms = match retime {
        // Without a time nothing changes: who watches the key is not told.
        Retime::Persist if has_time => Some(0),
        Retime::AtMs(at_ms) if at_ms > now_ms => Some(at_ms),
        Retime::AtMs(_) | Retime::Persist | Retime::Leave => None,
    };
    let result = match at_ms {
        Some(at_ms) if is_string => entry.set_expiry(at_ms).unwrap_or(Ok(())),
        _ => Ok(()),
    };
    if let Err(error) = result {
        drop(entry);
        return refuse(error, context, out);
    }
    match give(&mut entry, session.version, resp, out) {
        // A time that has passed.
        Given::Written if is_string && at_ms.is_none() && matches!(retime, Retime::AtMs(_)) => {
            entry.remove();
        }
        Given::Written => {}
        Given::WrongType => reply::error(out, WRONG_TYPE),
    }
}

/// DELIFEQ
pub fn delete_if_equal(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, expected] = request.fixed();
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    let is_equal = match entry.peek() {
        None => false,
        Some(item) if item.marks.kind != Kind::String => return reply::error(out, WRONG_TYPE),
        Some(item) => value_equals(&item.value, expected),
    };
    let removed = is_equal && entry.remove();
    context.counters.delete.count(removed);
    reply::integer(out, i64::from(removed));
}
