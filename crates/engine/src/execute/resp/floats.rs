//! INCRBYFLOAT.

use super::strings::attributes;
use super::{Request, WRONG_TYPE, refuse};
use crate::reply::{Reply, value_len};
use crate::shared::Context;
use ringstone_protocol::resp::extended::{Extended, MAX_TEXT, NOT_A_FLOAT, NOT_FINITE};
use ringstone_protocol::resp::options::Expiry;
use ringstone_protocol::resp::reply;
use ringstone_store::{Absence, Entry, Error, Kind, NewValue};

/// INCRBYFLOAT: atomic, and the time of expiry stays.
pub fn add(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, amount] = request.fixed();
    let (shared, now_ms) = (context.shared, context.now_ms);
    let mut entry = context.cells.entry(key, request.hash, now_ms);
    let current = match current(&mut entry) {
        Ok(current) => current,
        Err(text) => return reply::error(out, text),
    };
    let Some(amount) = Extended::parse(amount) else { return reply::error(out, NOT_A_FLOAT) };
    let Some(sum) = current.unwrap_or(Extended::ZERO).plus(amount) else { return reply::error(out, NOT_FINITE) };
    let text = sum.format();
    let result = if current.is_some() {
        entry.replace_value(&text).unwrap_or(Err(Error::OutOfMemory))
    } else {
        let attributes = attributes(&entry, Expiry::Clear, shared, now_ms);
        entry.set(NewValue::Bytes(&text), attributes)
    };
    drop(entry);
    match result {
        Ok(_) => reply::bulk(out, &text),
        Err(error) => refuse(error, context, out),
    }
}

/// The key's number, `None` without one.
fn current(entry: &mut Entry<'_, '_>) -> Result<Option<Extended>, &'static str> {
    match entry.get() {
        Err(Absence::Absent | Absence::Expired | Absence::Evicted | Absence::Flushed) => Ok(None),
        Ok(item) if item.marks.kind != Kind::String => Err(WRONG_TYPE),
        Ok(item) if value_len(&item.value) > MAX_TEXT => Err(NOT_A_FLOAT),
        Ok(item) => Extended::parse(&item.value.contiguous()).map(Some).ok_or(NOT_A_FLOAT),
    }
}
