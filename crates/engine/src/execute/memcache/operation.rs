//! What memcached's commands do to an item, whatever protocol they came by: outcomes, counted, with no word of a reply.
//! Everything about a key happens within one [`Entry`], so under one lock.

pub use crate::execute::memcache::arithmetic::{Arithmetic, CountTerms, Counted, arithmetic, arithmetic_on};
use crate::shared::Context;
use crate::trace;
use ringstone_protocol::memcache::text::StoreMode;
use ringstone_protocol::memcache::time;
use ringstone_store::{Absence, Attributes, Cas, Entry, Error, Hash, Item, Kind, Marks, NewValue, UnixMillis};

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

/// What only a meta command says of a write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// A cas with a token below the item's writes all the same: a stale version, which lives as long as the one before.
    pub invalidate: bool,
    /// Append and prepend create the item where there is none.
    pub vivify: bool,
    /// The token that the new version shall have; 0 = the store's own.
    pub cas: Cas,
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
    /// append, prepend: the item is a hash.
    WrongKind,
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
#[inline(always)]
pub fn get(key: &[u8], hash: Hash, context: &Context<'_>, found: impl FnOnce(&Item<'_>)) -> Result<(), Absence> {
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let outcome = entry.get().map(|item| found(&item));
    end_read(key, entry, outcome, context);
    outcome
}

/// A read has come to this: tells who follows it, lets others have the key, and counts it.
#[inline(always)]
pub fn end_read(key: &[u8], mut entry: Entry<'_, '_>, outcome: Result<(), Absence>, context: &Context<'_>) {
    if context.traced.any() {
        trace_read(key, &mut entry, outcome, context);
    }
    drop(entry);
    context.counters.memcache.read(outcome);
}

/// As [`get`], and gives the item a new time of expiry (0 = never) if `found`, which sees the item before that, says so: it
/// is answered even if the new time has passed already, as memcached does.
pub fn get_and_touch(
    key: &[u8],
    hash: Hash,
    expires_at_ms: UnixMillis,
    context: &Context<'_>,
    found: impl FnOnce(&Item<'_>) -> bool,
) -> Result<(), Absence> {
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let mut wanted = false;
    let outcome = entry.get().map(|item| wanted = found(&item));
    if context.traced.any() {
        trace_read(key, &mut entry, outcome, context);
    }
    let touched = wanted && matches!(entry.set_expiry(expires_at_ms), Some(Ok(())));
    drop(entry);
    context.counters.memcache.read(outcome);
    context.counters.touch.count(touched);
    outcome
}

/// Tells who follows of a read.
#[cold]
fn trace_read(key: &[u8], entry: &mut Entry<'_, '_>, outcome: Result<(), Absence>, context: &Context<'_>) {
    let length = entry.peek().map_or(0, |item| item.value.len());
    trace::fetched(key, outcome.map(|()| length), context);
}

/// The same before the read.
#[cold]
pub fn trace_look(key: &[u8], entry: &mut Entry<'_, '_>, context: &Context<'_>) {
    trace::fetched(key, entry.peek().map(|item| item.value.len()).ok_or(Absence::Absent), context);
}

/// What memcached's logger calls a write that was not done.
fn refusal_name(outcome: Stored) -> Option<&'static str> {
    match outcome {
        Stored::Done(_) => None,
        Stored::Unmet | Stored::WrongKind => Some("not_stored"),
        Stored::Exists => Some("exists"),
        Stored::NotFound => Some("not_found"),
        Stored::Refused(Error::TooLarge | Error::KeyTooLong) => Some("too_large"),
        Stored::Refused(Error::OutOfMemory | Error::TooManyReserved) => Some("no_memory"),
    }
}

/// Executes a storage command with its value, which may have been received into extents.
#[inline]
pub fn store(write: &Write<'_>, value: NewValue<'_>, context: &Context<'_>) -> Stored {
    store_on(write, &Terms::default(), value, context).0
}

/// As [`store`], on a meta command's terms; with the length of the value that is there then, in bytes, if it was written.
#[inline]
pub fn store_on(write: &Write<'_>, terms: &Terms, value: NewValue<'_>, context: &Context<'_>) -> (Stored, usize) {
    let attributes =
        Attributes { flags: write.flags, expires_at_ms: write.expires_at_ms, cas: terms.cas, ..Attributes::default() };
    let length = match &value {
        NewValue::Bytes(bytes) => bytes.len(),
        NewValue::Body(body) => body.len(),
    };
    let mut entry = context.store.entry(write.key, write.hash, context.now_ms);
    let before = match write.mode {
        StoreMode::Append | StoreMode::Prepend => entry.peek().map_or(0, |item| item.value.len()),
        _ => 0,
    };
    let stored = match write.mode {
        StoreMode::Set => {
            let stored = written(entry.set(value, attributes));
            if matches!(stored, Stored::Refused(_)) {
                // A failed set leaves no stale value behind, as memcached does.
                entry.remove();
            }
            stored
        }
        StoreMode::Add if entry.peek().is_some() => Stored::Unmet,
        StoreMode::Replace if entry.peek().is_none() => Stored::Unmet,
        StoreMode::Add | StoreMode::Replace => written(entry.set(value, attributes)),
        StoreMode::Append | StoreMode::Prepend => extend(&mut entry, write, terms, value, attributes),
        StoreMode::Cas(token) => compare_and_swap(&mut entry, token, terms, value, attributes, context),
    };
    if context.traced.any() {
        trace::stored(write.key, refusal_name(stored), length, context);
    }
    (stored, before + length)
}

#[inline]
fn written(result: Result<Cas, Error>) -> Stored {
    result.map_or_else(Stored::Refused, Stored::Done)
}

/// append and prepend. `attributes` are those of an item that they create.
fn extend(
    entry: &mut Entry<'_, '_>,
    write: &Write<'_>,
    terms: &Terms,
    value: NewValue<'_>,
    attributes: Attributes,
) -> Stored {
    let Some(item) = entry.peek() else {
        return if terms.vivify { written(entry.set(value, attributes)) } else { Stored::Unmet };
    };
    if item.marks.kind == Kind::Hash {
        return Stored::WrongKind;
    }
    if write.token != 0 && item.cas != write.token {
        return Stored::Exists;
    }
    let extended = if write.mode == StoreMode::Append { entry.append(value) } else { entry.prepend(value) };
    match extended {
        None => Stored::Unmet,
        Some(Ok(_)) if terms.cas != 0 => entry.renew(Marks::default(), terms.cas).map_or(Stored::Unmet, written),
        Some(result) => written(result),
    }
}

fn compare_and_swap(
    entry: &mut Entry<'_, '_>,
    token: Cas,
    terms: &Terms,
    value: NewValue<'_>,
    mut attributes: Attributes,
    context: &Context<'_>,
) -> Stored {
    let Some(item) = entry.peek() else {
        context.counters.cas.misses.add(1);
        return Stored::NotFound;
    };
    if item.cas != token || token == 0 {
        if !terms.invalidate || token == 0 || token > item.cas {
            context.counters.cas_badval.add(1);
            return Stored::Exists;
        }
        attributes.expires_at_ms = item.expires_at_ms;
        attributes.marks = Marks { stale: true, won: item.marks.won, ..Marks::default() };
    }
    context.counters.cas.hits.add(1);
    written(entry.set(value, attributes))
}

/// Time of expiry of an item written with memcached's `exptime`; 0 takes the server's default.
#[inline]
pub fn write_expiry(exptime: i64, context: &Context<'_>) -> UnixMillis {
    match exptime {
        0 => context.shared.cache.default_expiry(context.now_ms),
        exptime => time::expires_at_ms(exptime, context.now_ms),
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

/// Flushes everything: at once if `exptime` is not positive, otherwise at that time.
pub fn flush_all(exptime: i64, context: &Context<'_>) {
    let at_ms = if exptime <= 0 { context.now_ms } else { time::expires_at_ms(exptime, context.now_ms) };
    context.shared.cache.flush(at_ms, context.now_ms);
}

/// Counts a refused write.
pub fn count_refusal(error: Error, context: &Context<'_>) {
    match error {
        Error::TooLarge => context.counters.memcache.too_large.add(1),
        Error::KeyTooLong => {}
        Error::OutOfMemory | Error::TooManyReserved => context.counters.memcache.no_memory.add(1),
    }
}
