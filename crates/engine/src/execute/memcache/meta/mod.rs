//! memcached's meta commands: requests -> items -> lines.

mod arithmetic;
mod delete;
mod get;
mod set;

pub use set::store;

use crate::counters::CommandIndex;
use crate::reply::{Reply, value_len};
use crate::shared::Context;
use ringstone_protocol::memcache::key::{Key, KeyRoom};
use ringstone_protocol::memcache::meta::{Request, Target};
use ringstone_protocol::memcache::meta_reply::{MAX_LINE, MetaLine};
use ringstone_protocol::memcache::reply;
use ringstone_protocol::memcache::text::MAX_KEY;
use ringstone_store::{Hash, Item, NewValue, UnixMillis};

/// Room for a key in base64.
const KEY_ROOM: KeyRoom = [0; MAX_KEY];

/// Which counter a request belongs to.
pub fn command_index(request: &Request<'_>) -> CommandIndex {
    match request {
        Request::Get(_) => CommandIndex::META_GET,
        Request::Set { .. } => CommandIndex::META_SET,
        Request::Delete(_) => CommandIndex::META_DELETE,
        Request::Arithmetic(_) => CommandIndex::META_ARITHMETIC,
        Request::Debug(_) => CommandIndex::META_DEBUG,
        Request::NoOp => CommandIndex::META_NO_OP,
    }
}

/// The key whose look-up is worth prefetching.
#[inline]
pub fn key<'a>(request: &Request<'a>) -> Option<Key<'a>> {
    match request {
        Request::Get(target) | Request::Delete(target) | Request::Arithmetic(target) | Request::Set { target, .. } => {
            Some(target.key)
        }
        Request::Debug(key) => Some(*key),
        Request::NoOp => None,
    }
}

/// Executes a request; `hash` is that of its key.
#[inline]
pub fn execute(request: &Request<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    match *request {
        Request::Get(target) => get::execute(target, hash, context, out),
        Request::Set { target, value } => store(target, NewValue::Bytes(value), hash, context, out),
        Request::Delete(target) => delete::execute(target, hash, context, out),
        Request::Arithmetic(target) => arithmetic::execute(target, hash, context, out),
        Request::Debug(key) => debug(key, hash, context, out),
        Request::NoOp => out.write(reply::META_NO_OP),
    }
}

/// Writes a line that `compose` composes and ends.
#[inline]
fn write_line(out: &mut impl Reply, compose: impl FnOnce(&mut [u8]) -> usize) {
    let length = compose(out.room(MAX_LINE));
    out.commit(length);
}

/// Adds what of the request every line of an answer can show: opaque token and key, in the order of the flags.
fn add_echoes(line: &mut MetaLine<'_>, target: Target<'_>) {
    for flag in target.flags {
        match flag.letter {
            b'O' => line.opaque(flag.token),
            b'k' => line.key(&target.key),
            _ => {}
        }
    }
}

/// Seconds left until a time, of which a begun one counts whole, as where a clock ticks in seconds.
fn seconds_left(at_ms: UnixMillis, now_ms: UnixMillis) -> u64 {
    at_ms.saturating_sub(now_ms).div_ceil(1000)
}

/// What `t` and `exp` show: -1 for never.
fn shown_ttl(expires_at_ms: UnixMillis, now_ms: UnixMillis) -> i64 {
    match expires_at_ms {
        0 => -1,
        at_ms => i64::try_from(seconds_left(at_ms, now_ms)).unwrap_or(i64::MAX),
    }
}

/// `me`. There is one class, as in `stats items`; the size is that of key and value.
fn debug(key: Key<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let mut room = KEY_ROOM;
    let bytes = key.bytes(&mut room);
    let entry = context.store.entry(bytes, hash, context.now_ms);
    let Some(item) = entry.peek() else { return out.write(reply::META_MISS) };
    let facts = debug_facts(bytes, &item, context.now_ms);
    drop(entry);
    write_line(out, |room| {
        let mut line = MetaLine::of_item(room, &key);
        line.text(facts.as_bytes());
        line.end()
    });
}

fn debug_facts(key: &[u8], item: &Item<'_>, now_ms: UnixMillis) -> String {
    let Item { cas, idle_s, .. } = item;
    let exp = shown_ttl(item.expires_at_ms, now_ms);
    let fetch = if item.fetched { "yes" } else { "no" };
    let size = key.len() + value_len(&item.value);
    format!(" exp={exp} la={idle_s} cas={cas} fetch={fetch} cls=1 size={size}")
}
