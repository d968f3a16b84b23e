//! Commands on hashes. A hash is one item, whose value `fields` packs.

mod read;
mod scan;
mod write;

pub use read::{exists, field, field_length, fields, len, many, pairs, values};
pub use scan::scan;
pub use write::{add, add_float, remove, set, set_if_absent};

use super::{Request, WRONG_TYPE, refuse};
use crate::fields::{Fields, MAX_HASH_BYTES, TooLong};
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::resp::reply;
use ringstone_store::{Error, Kind};

/// Why a command on a hash does nothing.
#[derive(Clone, Copy)]
enum Failure {
    /// The key holds something else.
    WrongType,
    /// The hash would be too long.
    TooLong,
    /// As Valkey says it.
    Text(&'static str),
    /// The store refuses.
    Store(Error),
}

impl From<TooLong> for Failure {
    fn from(_: TooLong) -> Failure {
        Failure::TooLong
    }
}

fn answer_failure(failure: &Failure, context: &Context<'_>, out: &mut impl Reply) {
    match *failure {
        Failure::WrongType => reply::error(out, WRONG_TYPE),
        Failure::Text(text) => reply::error(out, text),
        Failure::Store(error) => refuse(error, context, out),
        Failure::TooLong => {
            context.counters.resp.too_large.add(1);
            reply::error(out, &format!("ERR hash exceeds maximum allowed size ({MAX_HASH_BYTES} bytes)"));
        }
    }
}

/// Reads the hash of the request's key, which has no fields if there is none.
fn with_fields<R>(
    request: &Request<'_>,
    context: &mut Context<'_>,
    read: impl FnOnce(Fields<'_>) -> R,
) -> Result<R, Failure> {
    let [key] = request.fixed();
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    let (outcome, result) = match entry.get() {
        Err(absence) => (Err(absence), Ok(read(Fields::of(&[])))),
        Ok(item) if item.marks.kind != Kind::Hash => (Ok(()), Err(Failure::WrongType)),
        Ok(item) => (Ok(()), Ok(read(Fields::of(&item.value.contiguous())))),
    };
    drop(entry);
    context.counters.resp.read(outcome);
    result
}
