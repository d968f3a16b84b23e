//! What changes a hash: the whole is packed anew beside the old, and takes its place.

use super::{Failure, Request, answer_failure};
use crate::fields::{self, Fields};
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::resp::extended::{Extended, NOT_A_FLOAT, NOT_FINITE as SUM_NOT_FINITE};
use ringstone_protocol::resp::options::{NOT_AN_INTEGER, parse_i64};
use ringstone_protocol::resp::reply;
use ringstone_store::{Attributes, Error, Kind, Marks, NewValue};

const NOT_AN_INTEGER_FIELD: &str = "ERR hash value is not an integer";
const NOT_A_FLOAT_FIELD: &str = "ERR hash value is not a float";
const NOT_FINITE: &str = "ERR value is NaN or Infinity";
const OVERFLOW: &str = "ERR increment or decrement would overflow";

/// What becomes of the hash.
enum Update {
    /// It stays as it is.
    Nothing,
    /// What was packed takes its place.
    Write,
    /// It goes.
    Remove,
}

/// Changes the hash of the request's key. `change` packs the new one into its second argument; the time of expiry stays.
fn update<R>(
    request: &Request<'_>,
    context: &mut Context<'_>,
    change: impl FnOnce(Fields<'_>, &mut Vec<u8>) -> Result<(Update, R), Failure>,
) -> Result<R, Failure> {
    let [key] = request.fixed();
    let attributes = Attributes {
        expires_at_ms: context.shared.cache.default_expiry(context.now_ms),
        marks: Marks { kind: Kind::Hash, ..Marks::default() },
        ..Attributes::default()
    };
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    let packed = &mut *context.scratch;
    let old = entry.get().ok();
    let exists = old.is_some();
    let (update, result) = match old {
        Some(item) if item.marks.kind != Kind::Hash => return Err(Failure::WrongType),
        Some(item) => change(Fields::of(&item.value.contiguous()), packed)?,
        None => change(Fields::of(&[]), packed)?,
    };
    match update {
        Update::Nothing => {}
        Update::Write if exists => {
            entry.replace_value(packed).unwrap_or(Err(Error::OutOfMemory)).map_err(Failure::Store)?;
        }
        Update::Write => {
            entry.set(NewValue::Bytes(packed), attributes).map_err(Failure::Store)?;
        }
        Update::Remove => {
            entry.remove();
        }
    }
    Ok(result)
}

/// HSET and HMSET; `counts` is HSET, which answers how many fields are new.
pub fn set(request: &Request<'_>, counts: bool, context: &mut Context<'_>, out: &mut impl Reply) {
    let words: Vec<&[u8]> = request.arguments().skip(1).collect();
    if !words.len().is_multiple_of(2) {
        return reply::wrong_arguments(out, request.spec);
    }
    let pairs = words.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let added = update(request, context, |old, packed| Ok((Update::Write, fields::set(old, pairs, packed)?)));
    match added {
        Ok(added) if counts => reply::integer(out, added as i64),
        Ok(_) => reply::simple(out, "OK"),
        Err(failure) => answer_failure(&failure, context, out),
    }
}

/// HSETNX
pub fn set_if_absent(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [_, name, value] = request.fixed();
    let added = update(request, context, |old, packed| {
        if old.get(name).is_some() {
            return Ok((Update::Nothing, 0));
        }
        Ok((Update::Write, fields::set(old, [(name, value)].into_iter(), packed)?))
    });
    match added {
        Ok(added) => reply::integer(out, added as i64),
        Err(failure) => answer_failure(&failure, context, out),
    }
}

/// HDEL
pub fn remove(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let names: Vec<&[u8]> = request.arguments().skip(1).collect();
    let removed = update(request, context, |old, packed| {
        let removed = fields::remove(old, names.iter().copied(), packed);
        let update = match removed {
            0 => Update::Nothing,
            _ if removed == old.len() => Update::Remove,
            _ => Update::Write,
        };
        Ok((update, removed))
    });
    match removed {
        Ok(removed) => reply::integer(out, removed as i64),
        Err(failure) => answer_failure(&failure, context, out),
    }
}

/// HINCRBY
pub fn add(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [_, name, amount] = request.fixed();
    let Some(amount) = parse_i64(amount) else { return reply::error(out, NOT_AN_INTEGER) };
    let sum = update(request, context, |old, packed| {
        let current = old.get(name).map_or(Some(0), parse_i64).ok_or(Failure::Text(NOT_AN_INTEGER_FIELD))?;
        let sum = current.checked_add(amount).ok_or(Failure::Text(OVERFLOW))?;
        let mut digits = itoa::Buffer::new();
        fields::set(old, [(name, digits.format(sum).as_bytes())].into_iter(), packed)?;
        Ok((Update::Write, sum))
    });
    match sum {
        Ok(sum) => reply::integer(out, sum),
        Err(failure) => answer_failure(&failure, context, out),
    }
}

/// HINCRBYFLOAT
pub fn add_float(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [_, name, amount] = request.fixed();
    let Some(amount) = Extended::parse(amount) else { return reply::error(out, NOT_A_FLOAT) };
    if Extended::ZERO.plus(amount).is_none() {
        return reply::error(out, NOT_FINITE);
    }
    let sum = update(request, context, |old, packed| {
        let current = old.get(name).map_or(Some(Extended::ZERO), Extended::parse);
        let sum = current.ok_or(Failure::Text(NOT_A_FLOAT_FIELD))?.plus(amount);
        let text = sum.ok_or(Failure::Text(SUM_NOT_FINITE))?.format();
        fields::set(old, [(name, &text[..])].into_iter(), packed)?;
        Ok((Update::Write, text))
    });
    match sum {
        Ok(text) => reply::bulk(out, &text),
        Err(failure) => answer_failure(&failure, context, out),
    }
}
