//! Parts of strings: GETRANGE, SUBSTR, SETRANGE.

use super::strings::{Old, attributes};
use super::{Request, WRONG_TYPE, refuse};
use crate::reply::{Reply, chunks, value_len};
use crate::shared::Context;
use ringstone_protocol::resp::options::{Expiry, NOT_AN_INTEGER, parse_i64};
use ringstone_protocol::resp::reply;
use ringstone_store::{Attributes, Entry, Error, Item, Kind, NewValue, Value};
use std::ops::Range;

const OFFSET_OUT_OF_RANGE: &str = "ERR offset is out of range";
/// What stands between the end of an old value and the offset of a new part.
static ZEROS: [u8; 4096] = [0; 4096];

/// GETRANGE and SUBSTR
pub fn get(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, start, end] = request.fixed();
    let (Some(start), Some(end)) = (parse_i64(start), parse_i64(end)) else {
        return reply::error(out, NOT_AN_INTEGER);
    };
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    let outcome = entry.get().map(|item| {
        if item.marks.kind == Kind::String {
            write_part(out, &item.value, part(start, end, value_len(&item.value)));
        } else {
            reply::error(out, WRONG_TYPE);
        }
    });
    drop(entry);
    if outcome.is_err() {
        reply::bulk(out, b"");
    }
    context.counters.resp.read(outcome);
}

/// The bytes from `start` to `end`, both included; negative ones count from the end.
fn part(start: i64, end: i64, length: usize) -> Range<usize> {
    let length = length as i64;
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let from_front = |at: i64| if at < 0 { at.saturating_add(length).max(0) } else { at };
    let (start, end) = (from_front(start), from_front(end).min(length - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

fn write_part(out: &mut impl Reply, value: &Value<'_>, part: Range<usize>) {
    match value {
        Value::Bytes(bytes) => reply::bulk(out, &bytes[part]),
        Value::Chain(chain) => {
            reply::bulk_head(out, part.len());
            out.write_chain_part(chain, part);
            out.write(b"\r\n");
        }
    }
}

/// Adds what there is of `part` of a value.
fn push<'a>(old: &'a Old, part: Range<usize>, pieces: &mut Vec<&'a [u8]>) {
    let part = part.start.min(old.len())..part.end.min(old.len());
    match old {
        Old::Bytes(bytes) => pieces.push(&bytes[part]),
        Old::Chain(chain) => pieces.extend(chunks(chain, part)),
    }
}

/// SETRANGE. A new part right behind a value is appended; otherwise the value is written anew, whatever its length.
pub fn set(request: &mut Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, offset, bytes] = request.fixed();
    let Some(offset) = parse_i64(offset) else { return reply::error(out, NOT_AN_INTEGER) };
    let Ok(offset) = usize::try_from(offset) else { return reply::error(out, OFFSET_OUT_OF_RANGE) };
    let value = request.value(3, bytes);
    let (shared, now_ms) = (context.shared, context.now_ms);
    let mut entry = context.cells.entry(key, request.hash, now_ms);
    let attributes = match entry.peek() {
        Some(item) if item.marks.kind != Kind::String => return reply::error(out, WRONG_TYPE),
        Some(item) => kept(&item),
        None => attributes(&entry, Expiry::Clear, shared, now_ms),
    };
    let result = write(&mut entry, offset, value, attributes, shared.cache.options.max_value_size);
    let length = entry.peek().map_or(0, |item| value_len(&item.value));
    drop(entry);
    match result {
        Ok(()) => reply::integer(out, length as i64),
        Err(error) => refuse(error, context, out),
    }
}

/// What a version that is written in part keeps.
fn kept(item: &Item<'_>) -> Attributes {
    Attributes { flags: item.flags, expires_at_ms: item.expires_at_ms, ..Attributes::default() }
}

fn write(
    entry: &mut Entry<'_, '_>,
    offset: usize,
    value: NewValue<'_>,
    attributes: Attributes,
    max_value_size: u64,
) -> Result<(), Error> {
    let added = match &value {
        NewValue::Bytes(bytes) => bytes.len(),
        NewValue::Body(body) => body.len(),
    };
    if added == 0 {
        return Ok(());
    }
    let end = offset.saturating_add(added);
    // Before as many zeros are listed as were asked for.
    if end as u64 > max_value_size {
        return Err(Error::TooLarge);
    }
    let old = match entry.peek().map(|item| item.value) {
        None => Old::Bytes(Vec::new()),
        Some(old) if value_len(&old) == offset => {
            return entry.append(value).unwrap_or(Err(Error::OutOfMemory)).map(|_| ());
        }
        Some(old) => Old::of(&old),
    };
    let mut pieces = Vec::new();
    push(&old, 0..offset, &mut pieces);
    let mut zeros = offset.saturating_sub(old.len());
    while zeros > 0 {
        let piece = &ZEROS[..zeros.min(ZEROS.len())];
        zeros -= piece.len();
        pieces.push(piece);
    }
    match &value {
        NewValue::Bytes(bytes) => pieces.push(bytes),
        NewValue::Body(body) => pieces.extend(body.chunks()),
    }
    push(&old, end..usize::MAX, &mut pieces);
    entry.set_pieces(&pieces, attributes).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_follow_valkey() {
        for (start, end, expected) in [
            (0, 3, 0..4),
            (-3, -1, 7..10),
            (0, -1, 0..10),
            (5, 100, 5..10),
            (-100, 2, 0..3),
            (-100, 100, 0..10),
            (3, 2, 0..0),
            (-1, -3, 0..0),
            (10, 12, 0..0),
            (9, 9, 9..10),
            // Both ends are moved to the front.
            (-100, -50, 0..1),
            (0, -100, 0..1),
            (1, -100, 0..0),
            (i64::MIN, i64::MAX, 0..10),
            (i64::MIN, i64::MIN, 0..1),
        ] {
            assert_eq!(part(start, end, 10), expected, "{start} {end}");
        }
        assert_eq!(part(0, -1, 0), 0..0);
        assert_eq!(part(0, 0, 0), 0..0);
    }
}
