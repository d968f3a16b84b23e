//! `ms`: writes an item.

use super::{KEY_ROOM, write_line};
use crate::execute::memcache::operation::{self, Stored, Terms, Write, write_expiry};
use crate::execute::memcache::text::refusal;
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::memcache::meta::{Options, SetMode, Target};
use ringstone_protocol::memcache::meta_reply::{Code, MetaLine};
use ringstone_protocol::memcache::reply;
use ringstone_protocol::memcache::text::StoreMode;
use ringstone_store::{Hash, NewValue};

/// The mode that the flags come to. A token to compare makes `set` and `replace` a cas; append and prepend compare it by
/// themselves, and add does not.
fn store_mode(options: &Options) -> StoreMode {
    match (options.set_mode().unwrap_or_default(), options.compare) {
        (SetMode::Set | SetMode::Replace, Some(token)) => StoreMode::Cas(token),
        (SetMode::Set, None) => StoreMode::Set,
        (SetMode::Replace, None) => StoreMode::Replace,
        (SetMode::Add, _) => StoreMode::Add,
        (SetMode::Append, _) => StoreMode::Append,
        (SetMode::Prepend, _) => StoreMode::Prepend,
    }
}

/// Executes `ms` with its value, which may have been received into extents.
pub fn store(target: Target<'_>, value: NewValue<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let mut room = KEY_ROOM;
    let options = target.flags.options();
    let mode = store_mode(&options);
    let extends = matches!(mode, StoreMode::Append | StoreMode::Prepend);
    let terms = Terms {
        invalidate: options.invalidate,
        vivify: extends && options.vivify.is_some(),
        cas: options.cas.unwrap_or_default(),
    };
    // What is created by append and prepend lives as long as N says.
    let exptime = if terms.vivify { options.vivify } else { options.exptime };
    let write = Write {
        key: target.key.bytes(&mut room),
        hash,
        mode,
        flags: options.client_flags,
        expires_at_ms: write_expiry(exptime.unwrap_or_default(), context),
        token: options.compare.unwrap_or_default(),
    };
    let sent = match &value {
        NewValue::Bytes(bytes) => bytes.len(),
        NewValue::Body(body) => body.len(),
    };
    let (outcome, length) = operation::store_on(&write, &terms, value, context);
    let (code, cas) = match outcome {
        Stored::Done(_) if options.quiet => return,
        Stored::Done(cas) => (Code::Done, cas),
        Stored::Unmet => (Code::NotStored, 0),
        Stored::Exists => (Code::Exists, 0),
        Stored::NotFound => (Code::NotFound, 0),
        Stored::WrongKind => return out.write(reply::IS_HASH),
        Stored::Refused(error) => return out.write(refusal(error, context)),
    };
    write_line(out, |room| {
        let mut line = MetaLine::new(room, code);
        for flag in target.flags {
            match flag.letter {
                b'O' => line.opaque(flag.token),
                b'k' => line.key(&target.key),
                b'c' => line.number(b'c', cas),
                b's' => line.number(b's', if code == Code::Done { length } else { sent }),
                _ => {}
            }
        }
        line.end()
    });
}
