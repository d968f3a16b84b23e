//! memcached's classic commands: requests -> operations -> lines.

use crate::counters::CommandIndex;
use crate::execute::for_each_key;
use crate::execute::memcache::operation::{self, Arithmetic, Counted, Deleted, Stored, Touched, Write};
use crate::execute::memcache::{COMPATIBLE_VERSION, meta, stats};
use crate::reply::{Reply, value_len};
use crate::shared::{Context, Outcome};
use ringstone_protocol::memcache::key::Key;
use ringstone_protocol::memcache::text::{Keys, MAX_KEY, Request, StoreHead, StoreMode};
use ringstone_protocol::memcache::{reply, time};
use ringstone_store::{Error, Hash, Item, Kind, NewValue, Store};

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
        Request::Meta(request) => return Some(meta::command_index(request)),
        Request::Admin(_) | Request::Quit => return None,
    };
    Some(CommandIndex(index))
}

/// Index of `get` and `gets`.
#[inline]
pub fn get_index(cas: bool) -> CommandIndex {
    CommandIndex(u8::from(cas))
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

/// The hash of the key whose look-up is worth prefetching.
#[inline]
pub fn hash(request: &Request<'_>, store: &Store) -> Option<Hash> {
    let key = match request {
        Request::Get { keys, .. } | Request::GetAndTouch { keys, .. } => keys.first()?,
        Request::Store { head, .. } => head.key,
        Request::Delete { key, .. } | Request::Arithmetic { key, .. } | Request::Touch { key, .. } => key,
        Request::Meta(request) => return meta::key(request).map(|key| key_hash(&key, store)),
        _ => return None,
    };
    Some(store.hash(key))
}

/// The hash of a key that may have come in base64.
#[inline]
pub fn key_hash(key: &Key<'_>, store: &Store) -> Hash {
    if key.is_encoded() { store.hash(key.bytes(&mut [0; MAX_KEY])) } else { store.hash(key.sent()) }
}

/// Executes a request; `hash` is that of its first key.
pub fn execute(request: &Request<'_>, hash: Hash, context: &mut Context<'_>, out: &mut impl Reply) -> Outcome {
    match *request {
        Request::Get { keys, cas } => get(keys, cas, hash, context, out),
        Request::GetAndTouch { exptime, keys, cas } => get_and_touch(exptime, keys, cas, hash, context, out),
        Request::Store { head, value } => store(&head, NewValue::Bytes(value), hash, context, out),
        Request::Delete { key, noreply } => {
            let removed = operation::delete(key, hash, 0, context) == Deleted::Done;
            answer(out, noreply, if removed { reply::DELETED } else { reply::NOT_FOUND });
        }
        Request::Arithmetic { key, delta, decrement, noreply } => {
            let command = Arithmetic { key, hash, delta, decrement, token: 0, create: None };
            let line = match operation::arithmetic(&command, context) {
                Counted::Number(number, _) => {
                    if !noreply {
                        reply::write_number(out, number);
                    }
                    return Outcome::Continue;
                }
                Counted::NotFound => reply::NOT_FOUND,
                Counted::Exists => reply::EXISTS,
                Counted::NotNumeric => reply::NON_NUMERIC,
                Counted::WrongKind => reply::IS_HASH,
                Counted::Refused(error) => refusal(error, context),
            };
            answer(out, noreply, line);
        }
        Request::Touch { key, exptime, noreply } => touch(key, exptime, noreply, hash, context, out),
        Request::FlushAll { delay_s, noreply } => {
            operation::flush_all(delay_s, context);
            answer(out, noreply, reply::OK);
        }
        Request::Verbosity { level, noreply } => {
            context.shared.set_verbosity(level);
            answer(out, noreply, reply::OK);
        }
        Request::Version => {
            out.write(b"VERSION ");
            out.write(COMPATIBLE_VERSION.as_bytes());
            out.write(b"\r\n");
        }
        Request::Stats { arguments } => stats::write(arguments, context, out),
        // Needs the connection: see `admin`.
        Request::Admin(_) => {}
        Request::Meta(request) => meta::execute(&request, hash, context, out),
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

/// Writes an item; whether the reply goes on: a hash ends it.
#[inline(always)]
fn write_item(out: &mut impl Reply, key: &[u8], item: &Item<'_>, cas: bool) -> bool {
    if item.marks.kind == Kind::Hash {
        out.write(reply::IS_HASH);
        return false;
    }
    let length = value_len(&item.value);
    reply::write_value_head(out, key, item.flags, length, cas.then_some(item.cas));
    out.write_value(&item.value);
    out.write(b"\r\n");
    true
}

/// Whether the reply goes on.
#[inline(always)]
fn get_one(key: &[u8], hash: Hash, cas: bool, context: &Context<'_>, out: &mut impl Reply) -> bool {
    let mut entry = context.store.entry(key, hash, context.now_ms);
    let (goes_on, outcome) = match entry.get() {
        Ok(item) => (write_item(out, key, &item, cas), Ok(())),
        // It is not in the reply.
        Err(absence) => (true, Err(absence)),
    };
    operation::end_read(key, entry, outcome, context);
    goes_on
}

/// What follows the first key; whether the reply goes on.
#[inline(never)]
fn get_rest(keys: Keys<'_>, cas: bool, context: &Context<'_>, out: &mut impl Reply) -> bool {
    let mut goes_on = true;
    for_each_key(context.store, None, keys, |key, hash| {
        if goes_on && out.has_room() {
            goes_on = get_one(key, hash, cas, context, out);
        }
    });
    goes_on
}

/// Executes `get` and `gets`.
#[inline]
pub fn get(keys: Keys<'_>, cas: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let mut rest = keys;
    let mut goes_on = true;
    if let Some(first) = rest.next() {
        goes_on = get_one(first, hash, cas, context, out);
        if goes_on && rest.first().is_some() {
            goes_on = get_rest(rest, cas, context, out);
        }
    }
    if goes_on {
        out.write(reply::END);
    }
}

fn get_and_touch(exptime: i64, keys: Keys<'_>, cas: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let expires_at_ms = time::expires_at_ms(exptime, context.now_ms);
    let mut goes_on = true;
    for_each_key(context.store, Some(hash), keys, |key, hash| {
        if goes_on && out.has_room() {
            let show = |item: &Item<'_>| {
                goes_on = write_item(out, key, item, cas);
                goes_on
            };
            // As in `get_one`.
            let _ = operation::get_and_touch(key, hash, expires_at_ms, context, show);
        }
    });
    if goes_on {
        out.write(reply::END);
    }
}

/// Executes a storage command with its value, which may have been received into extents.
#[inline]
pub fn store(head: &StoreHead<'_>, value: NewValue<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let expires_at_ms = operation::write_expiry(head.exptime, context);
    let write = Write { key: head.key, hash, mode: head.mode, flags: head.flags, expires_at_ms, token: 0 };
    let line = match operation::store(&write, value, context) {
        Stored::Done(_) => reply::STORED,
        Stored::Unmet => reply::NOT_STORED,
        Stored::Exists => reply::EXISTS,
        Stored::NotFound => reply::NOT_FOUND,
        Stored::WrongKind => reply::IS_HASH,
        Stored::Refused(error) => refusal(error, context),
    };
    answer(out, head.noreply, line);
}

/// Answers a command whose value was refused before its body was here. For a set, `remove` is the key: no stale
/// value stays behind.
pub fn no_room(error: Error, noreply: bool, remove: Option<Key<'_>>, context: &Context<'_>, out: &mut impl Reply) {
    if let Some(key) = remove {
        let hash = key_hash(&key, context.store);
        context.store.entry(key.bytes(&mut [0; MAX_KEY]), hash, context.now_ms).remove();
    }
    answer(out, noreply, refusal(error, context));
}

/// The line for a refused write, which is counted.
pub fn refusal(error: Error, context: &Context<'_>) -> &'static [u8] {
    operation::count_refusal(error, context);
    match error {
        Error::TooLarge => reply::TOO_LARGE,
        Error::KeyTooLong => reply::BAD_FORMAT,
        Error::OutOfMemory | Error::TooManyReserved => reply::OUT_OF_MEMORY,
    }
}

fn touch(key: &[u8], exptime: i64, noreply: bool, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let expires_at_ms = time::expires_at_ms(exptime, context.now_ms);
    let line = match operation::touch(key, hash, expires_at_ms, context, |_| {}) {
        Touched::Done => reply::TOUCHED,
        Touched::NotFound => reply::NOT_FOUND,
        Touched::Refused(error) => refusal(error, context),
    };
    answer(out, noreply, line);
}
