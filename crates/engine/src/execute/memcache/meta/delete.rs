//! `md`: removes an item, or its value, or marks it as stale.

use super::{KEY_ROOM, add_echoes, write_line};
use crate::execute::memcache::operation::write_expiry;
use crate::execute::memcache::text::refusal;
use crate::reply::Reply;
use crate::shared::Context;
use crate::trace;
use ringstone_protocol::memcache::meta::{Options, Target};
use ringstone_protocol::memcache::meta_reply::{Code, MetaLine};
use ringstone_protocol::memcache::time;
use ringstone_store::{Attributes, Entry, Error, Hash, Kind, Marks, NewValue};

/// Executes `md`.
pub fn execute(target: Target<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let mut room = KEY_ROOM;
    let options = target.flags.options();
    let key = target.key.bytes(&mut room);
    if context.traced.any() {
        trace::deleted(key, context);
    }
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let code = match delete(&mut entry, &options, context) {
        Ok(code) => code,
        Err(error) => return out.write(refusal(error, context)),
    };
    drop(entry);
    if code == Code::Done && options.quiet {
        return;
    }
    write_line(out, |room| {
        let mut line = MetaLine::new(room, code);
        add_echoes(&mut line, target);
        line.end()
    });
}

fn delete(entry: &mut Entry<'_, '_>, options: &Options, context: &Context<'_>) -> Result<Code, Error> {
    let Some(item) = entry.peek() else {
        // Whoever is loading it learns that what it has read may be old.
        entry.remove();
        context.counters.delete.misses.add(1);
        return Ok(Code::NotFound);
    };
    let (current, kind) = (item.cas, item.marks.kind);
    if options.compare.is_some_and(|token| token != current) {
        context.counters.delete.misses.add(1);
        return Ok(Code::Exists);
    }
    match (options.remove_value, options.invalidate) {
        (false, false) => {
            entry.remove();
        }
        (false, true) => invalidate(entry, kind, options, context)?,
        (true, _) => remove_value(entry, current, options, context)?,
    }
    if !options.invalidate {
        context.counters.delete.hits.add(1);
    }
    Ok(Code::Done)
}

/// Marks the item as stale, so that the next one who asks is told to write it anew.
fn invalidate(entry: &mut Entry<'_, '_>, kind: Kind, options: &Options, context: &Context<'_>) -> Result<(), Error> {
    let marks = Marks { kind, stale: true, ..Marks::default() };
    if let Some(renewed) = entry.renew(marks, options.cas.unwrap_or_default()) {
        renewed?;
    }
    match options.exptime.map(|exptime| entry.set_expiry(time::expires_at_ms(exptime, context.now_ms))) {
        Some(Some(result)) => result,
        _ => Ok(()),
    }
}

/// Leaves an empty item, with the client flags and the time of expiry that the request gives, and the token that the item had;
/// stale and with a new token if it is to be invalidated, too.
fn remove_value(
    entry: &mut Entry<'_, '_>,
    current: u64,
    options: &Options,
    context: &Context<'_>,
) -> Result<(), Error> {
    let attributes = Attributes {
        flags: options.client_flags,
        expires_at_ms: write_expiry(options.exptime.unwrap_or_default(), context),
        marks: Marks { stale: options.invalidate, ..Marks::default() },
        cas: options.cas.unwrap_or(if options.invalidate { 0 } else { current }),
    };
    entry.set(NewValue::Bytes(b""), attributes).map(drop)
}
