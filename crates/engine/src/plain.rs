//! The short way into a round, for the commonest requests: recognised in one go, and written where they are executed from.

use crate::connection::{Connection, Mode};
use crate::intake::{Bounds, Step};
use crate::round::Place;
use ringstone_protocol::memcache::text::{self, Request};
use ringstone_protocol::resp::command::{self, Command};
use ringstone_protocol::resp::parse as resp;
use ringstone_store::Store;

/// Takes the request that starts at `input[*consumed..]` if it is a plain one; false leaves it to `intake`. To be asked
/// between two messages. Nothing has to be waited for after such a request.
#[inline(always)]
pub fn take_plain<'i>(
    connection: &Connection,
    input: &'i [u8],
    consumed: &mut usize,
    bounds: &Bounds,
    store: &Store,
    place: Place<'_, 'i>,
) -> bool {
    let rest = &input[*consumed..];
    if connection.mode == Mode::Memcache {
        if let Some((keys, taken)) = text::plain_get(rest) {
            *consumed += taken;
            let hash = keys.first().map(|key| store.hash(key));
            place.put(Step::Memcache(Request::Get { keys, cas: false }), hash);
            return true;
        }
        if let Some((head, value, taken)) = text::plain_set(rest, &bounds.memcache) {
            *consumed += taken;
            place.put(Step::Memcache(Request::Store { head, value }), Some(store.hash(head.key)));
            return true;
        }
        return false;
    }
    if connection.mode != Mode::Resp || !connection.progress.is_fresh() {
        return false;
    }
    let Some(plain) = resp::plain(rest, &bounds.resp) else { return false };
    let Some(spec) = command::lookup(plain.name) else { return false };
    let (args, operands) = (plain.args, plain.operands);
    if plain.consumed > bounds.max_value_size || spec.id == Command::Keys {
        return false;
    }
    *consumed += plain.consumed;
    let has_key = spec.first_key == 1 && args.len() > 1;
    let hash = if has_key { Some(store.hash(operands.first())) } else { None };
    place.put(Step::Resp { spec: Some(spec), args, operands }, hash);
    true
}
