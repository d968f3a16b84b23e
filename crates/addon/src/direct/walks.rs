//! Walks through the keys.

use super::handle::Kept;
use super::operations::with_cache;
use super::raw::{Answer, Call};
use super::status::Status;

/// `scan(cursor, items, glob?)`: bytes that are kept for `take`: the cursor to go on from (8), how many keys there are (4), and
/// each key after its length (4); numbers the lowest byte first.
pub fn scan(call: &Call<'_>) -> Answer {
    let Some(cursor) = call.bigint(0) else { return Status::BadCas.into() };
    let items = call.number(1) as usize;
    with_cache(call, |direct| {
        let walk = call
            .bytes(2, |glob| direct.walk(cursor, items, Some(glob)))
            .unwrap_or_else(|| direct.walk(cursor, items, None));
        let mut bytes = call.handle.copy();
        bytes.extend_from_slice(&walk.cursor.to_le_bytes());
        bytes.extend_from_slice(&walk.count.to_le_bytes());
        bytes.extend_from_slice(&walk.packed);
        let length = bytes.len();
        call.handle.keep(Kept::Bytes(bytes));
        Answer::Number(length as f64)
    })
}
