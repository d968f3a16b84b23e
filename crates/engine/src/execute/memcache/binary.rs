//! memcached's binary protocol: requests -> operations -> packets.

use crate::binary::BinaryBody;
use crate::counters::CommandIndex;
use crate::execute::memcache::operation::{self, Arithmetic, Counted, Deleted, Stored, Touched, Write};
use crate::execute::memcache::{COMPATIBLE_VERSION, stats, store_index};
use crate::reply::{Reply, value_len};
use crate::shared::{Context, Outcome};
use ringstone_protocol::memcache::binary::request::{Command, Request, StoreHead};
use ringstone_protocol::memcache::binary::{Status, Tag, reply};
use ringstone_protocol::memcache::text::StoreMode;
use ringstone_protocol::memcache::time;
use ringstone_store::{Error, Hash, Item, Kind, NewValue};

/// Which counter a request belongs to: that of the text command which does the same; `None` for those that do nothing.
pub fn command_index(request: &Request<'_>) -> Option<CommandIndex> {
    let index = match &request.command {
        Command::Get { .. } => 0,
        Command::GetAndTouch { .. } => 2,
        Command::Store { head, .. } => store_index(mode(head, request.tag)),
        Command::Delete { .. } => 10,
        Command::Arithmetic { decrement, .. } => 11 + u8::from(*decrement),
        Command::Touch { .. } => 13,
        Command::Flush { .. } => 14,
        Command::Version => 15,
        Command::Stats { .. } => 16,
        Command::Quit | Command::Noop => return None,
    };
    Some(CommandIndex(index))
}

/// The key whose look-up is worth prefetching.
pub fn key<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    match request.command {
        Command::Store { head, .. } => Some(head.key),
        Command::Get { key, .. }
        | Command::GetAndTouch { key, .. }
        | Command::Touch { key, .. }
        | Command::Delete { key }
        | Command::Arithmetic { key, .. } => Some(key),
        _ => None,
    }
}

/// Executes a request; `hash` is that of its key.
pub fn execute(request: &Request<'_>, hash: Hash, context: &mut Context<'_>, out: &mut impl Reply) -> Outcome {
    let tag = request.tag;
    match request.command {
        Command::Get { key, with_key } => get(tag, key, with_key, hash, context, out),
        Command::GetAndTouch { key, exptime, with_key } => {
            let expires_at_ms = time::expires_at_ms(i64::from(exptime), context.now_ms);
            let shown = shown_key(key, with_key);
            let show = |item: &Item<'_>| write_item(tag, shown, item, out);
            if operation::get_and_touch(key, hash, expires_at_ms, context, show).is_err() {
                miss(tag, shown, out);
            }
        }
        Command::Touch { key, exptime } => touch(tag, key, exptime, hash, context, out),
        Command::Store { head, value } => store(tag, &head, NewValue::Bytes(value), hash, context, out),
        Command::Delete { key } => match operation::delete(key, hash, tag.cas, context) {
            Deleted::Done => success(tag, 0, b"", out),
            Deleted::NotFound => reply::write_failure(out, tag, Status::NotFound),
            Deleted::Exists => reply::write_failure(out, tag, Status::Exists),
        },
        Command::Arithmetic { key, delta, decrement, create } => {
            let create = create.map(|(number, exptime)| (number, operation::write_expiry(i64::from(exptime), context)));
            arithmetic(tag, &Arithmetic { key, hash, delta, decrement, token: tag.cas, create }, context, out);
        }
        Command::Flush { delay_s } => {
            operation::flush_all(i64::from(delay_s), context);
            success(tag, 0, b"", out);
        }
        Command::Noop => success(tag, 0, b"", out),
        Command::Version => success(tag, 0, COMPATIBLE_VERSION.as_bytes(), out),
        Command::Stats { arguments } => stats::write_binary(tag, arguments, context, out),
        Command::Quit => {
            success(tag, 0, b"", out);
            return Outcome::Close;
        }
    }
    Outcome::Continue
}

/// A success without extras, unless it goes without saying.
fn success(tag: Tag, cas: u64, value: &[u8], out: &mut impl Reply) {
    if !tag.quiet {
        reply::write_success(out, tag, cas, b"", value);
    }
}

/// A miss, unless it goes without saying; it names the key if a hit would.
#[inline]
fn miss(tag: Tag, shown: &[u8], out: &mut impl Reply) {
    match (tag.quiet, shown) {
        (true, _) => {}
        (false, b"") => reply::write_failure(out, tag, Status::NotFound),
        (false, key) => reply::write_miss(out, tag, key),
    }
}

#[inline]
fn shown_key(key: &[u8], with_key: bool) -> &[u8] {
    if with_key { key } else { b"" }
}

/// Writes an item; whether it is one that can be shown.
#[inline]
fn write_item(tag: Tag, shown: &[u8], item: &Item<'_>, out: &mut impl Reply) -> bool {
    if item.marks.kind == Kind::Hash {
        reply::write_failure(out, tag, Status::WrongKind);
        return false;
    }
    reply::write_item_head(out, tag, shown, item.flags, value_len(&item.value), item.cas);
    out.write_value(&item.value);
    true
}

#[inline]
fn get(tag: Tag, key: &[u8], with_key: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let shown = shown_key(key, with_key);
    if operation::get(key, hash, context, |item| _ = write_item(tag, shown, item, out)).is_err() {
        miss(tag, shown, out);
    }
}

fn touch(tag: Tag, key: &[u8], exptime: u32, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let expires_at_ms = time::expires_at_ms(i64::from(exptime), context.now_ms);
    let mut shown = (0, 0);
    match operation::touch(key, hash, expires_at_ms, context, |item| shown = (item.flags, item.cas)) {
        // As memcached: the item's flags, without its value.
        Touched::Done => reply::write_item_head(out, tag, b"", shown.0, 0, shown.1),
        Touched::NotFound => reply::write_failure(out, tag, Status::NotFound),
        Touched::Refused(error) => reply::write_failure(out, tag, refusal(error, context)),
    }
}

/// A token makes a storage request a cas, but for append and prepend, which have their own.
fn mode(head: &StoreHead<'_>, tag: Tag) -> StoreMode {
    match head.mode {
        StoreMode::Append | StoreMode::Prepend => head.mode,
        mode if tag.cas == 0 => mode,
        _ => StoreMode::Cas(tag.cas),
    }
}

/// Executes a storage request with its value, which may have been received into extents.
pub fn store(
    tag: Tag,
    head: &StoreHead<'_>,
    value: NewValue<'_>,
    hash: Hash,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    let expires_at_ms = operation::write_expiry(i64::from(head.exptime), context);
    let mode = mode(head, tag);
    let write = Write { key: head.key, hash, mode, flags: head.flags, expires_at_ms, token: tag.cas };
    let status = match operation::store(&write, value, context) {
        Stored::Done(cas) => return success(tag, cas, b"", out),
        Stored::Unmet if mode == StoreMode::Add => Status::Exists,
        Stored::Unmet if mode == StoreMode::Replace => Status::NotFound,
        Stored::Unmet => Status::NotStored,
        Stored::Exists => Status::Exists,
        Stored::NotFound => Status::NotFound,
        Stored::WrongKind => Status::WrongKind,
        Stored::Refused(error) => refusal(error, context),
    };
    reply::write_failure(out, tag, status);
}

/// Executes a storage request whose value was received into extents.
pub fn store_received(
    received: BinaryBody,
    hash: Hash,
    context: &Context<'_>,
    out: &mut impl Reply,
) -> Option<CommandIndex> {
    let index = received_index(&received);
    store(received.tag, &received.head.as_head(), NewValue::Body(received.body), hash, context, out);
    Some(index)
}

/// Which counter a storage request belongs to whose value was received into extents.
pub fn received_index(received: &BinaryBody) -> CommandIndex {
    CommandIndex(store_index(mode(&received.head.as_head(), received.tag)))
}

fn arithmetic(tag: Tag, command: &Arithmetic<'_>, context: &Context<'_>, out: &mut impl Reply) {
    let status = match operation::arithmetic(command, context) {
        Counted::Number(number, cas) => return success(tag, cas, &number.to_be_bytes(), out),
        Counted::NotFound => Status::NotFound,
        Counted::Exists => Status::Exists,
        Counted::NotNumeric => Status::NonNumeric,
        Counted::WrongKind => Status::WrongKind,
        Counted::Refused(error) => refusal(error, context),
    };
    reply::write_failure(out, tag, status);
}

/// The status of a refused write, which is counted.
fn refusal(error: Error, context: &Context<'_>) -> Status {
    operation::count_refusal(error, context);
    status_of(error)
}

/// The status of a refused write.
pub fn status_of(error: Error) -> Status {
    match error {
        Error::TooLarge => Status::TooLarge,
        Error::KeyTooLong => Status::Invalid,
        Error::OutOfMemory | Error::TooManyReserved => Status::OutOfMemory,
    }
}

/// Answers a request that was refused before it was whole. For a set, `remove` names the key: no stale value stays behind.
pub fn refuse(tag: Tag, status: Status, remove: Option<&[u8]>, context: &Context<'_>, out: &mut impl Reply) {
    match status {
        Status::TooLarge => operation::count_refusal(Error::TooLarge, context),
        Status::OutOfMemory => operation::count_refusal(Error::OutOfMemory, context),
        _ => context.counters.memcache.protocol_errors.add(1),
    }
    if let Some(key) = remove {
        context.store.entry(key, context.store.hash(key), context.now_ms).remove();
    }
    reply::write_failure(out, tag, status);
}
