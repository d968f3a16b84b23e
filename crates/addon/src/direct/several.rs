//! The operations on several keys: keys come as one string that JavaScript has joined, lengths go back in an `Int32Array`, and
//! values together, so that the crossing is paid once.
//!
//! The first number of the array is how many keys were done, which may be fewer than were asked for: the caller goes on from
//! there with the next one alone, which also tells what is wrong with it if something is. Keys that cannot be told apart in one
//! string are refused with 0; the caller gives them one by one.

use super::handle::Handle;
use super::operations::ttl;
use super::raw::{Answer, Call, add_function};
use super::status::Status;
use napi::Env;
use napi::bindgen_prelude::Object;
use ringstone_engine::Value;
use ringstone_engine::direct::{Direct, Ended, JoinedKeys, Ttl, is_string};
use std::ops::{ControlFlow, Range};
use std::rc::Rc;

/// Values that are handed over as parts of one string are no longer than this together, for one that is kept keeps all of them.
/// As many as Node's own pool keeps for a small `Buffer`.
const TEXT_BYTES: usize = 8 << 10;
/// A call of several keys ends when its values have reached so many bytes.
const CALL_BYTES: usize = 1 << 20;
/// A value that is a string of its own, although it is not long: in the place of its length.
const OWN_TEXT: i32 = i32::MIN;
/// Answers that are no status: the keys cannot be told apart; done.
const AMBIGUOUS: Answer = Answer::Number(0.0);
const DONE: Answer = Answer::Number(1.0);

/// Adds them to an object.
pub fn add_several(env: &Env, object: &Object<'_>, handle: &Rc<Handle>) -> napi::Result<()> {
    add_function(env, object, c"mget", handle, mget)?;
    add_function(env, object, c"mgetString", handle, mget_string)?;
    add_function(env, object, c"mset", handle, mset)
}

/// Runs an operation on the keys that are the call's first two arguments, joined and how many.
#[inline(always)]
fn with_keys(call: &Call<'_>, operation: impl FnOnce(&Direct, JoinedKeys<'_>) -> Answer) -> Answer {
    let direct = call.handle.direct();
    let Some(direct) = &*direct else { return Status::Closed.into() };
    let count = call.number(1) as usize;
    let mut joined = call.handle.scratch();
    let answer = match call.text(0, &mut joined).then(|| JoinedKeys::new(&joined, count)) {
        None => Status::BadKey.into(),
        Some(None) => AMBIGUOUS,
        Some(Some(keys)) => operation(direct, keys),
    };
    call.handle.give_back_scratch(joined);
    answer
}

/// `mget(keys, count, results, offset, largest)`: after the first, two results for each key, its length or status, and its flags. Values
/// are copied to the slab from the offset on, one after another; it ends before one that does not fit or is longer than `largest`.
fn mget(call: &Call<'_>) -> Answer {
    let (mut offset, largest) = (call.number(3) as usize, call.number(4) as usize);
    // SAFETY: asked for once.
    let Some((done, results)) = unsafe { call.int32s(2) }.and_then(|all| all.split_first_mut()) else {
        return Status::Internal.into();
    };
    *done = 0;
    with_keys(call, |direct, keys| {
        let end = call.handle.slab_len();
        let mut results = results.as_chunks_mut::<2>().0.iter_mut();
        // Ended early, `done` tells where.
        let _ = direct.get_several(keys, |item| {
            let Some([result, flags]) = results.next() else { return ControlFlow::Break(false) };
            *result = match item {
                None => Status::Absent as i32,
                Some(item) if !is_string(item) => Status::WrongType as i32,
                Some(item) => {
                    let length = item.value.len();
                    if length > largest || offset + length > end {
                        return ControlFlow::Break(false);
                    }
                    match item.value {
                        Value::Bytes(bytes) => call.handle.put(offset, length, std::iter::once(bytes)),
                        Value::Chain(chain) => call.handle.put(offset, length, chain.chunks()),
                    };
                    offset += length;
                    *flags = item.flags as i32;
                    length as i32
                }
            };
            *done += 1;
            ControlFlow::Continue(())
        });
        DONE
    })
}

/// `mgetString(keys, count, results)`: after the first, a result for each key, its length or status. The texts come as one string, or as an
/// array of strings, each of which has some of the values one after another; a value whose length is [`OWN_TEXT`] is the whole of one.
/// It ends before a value in extents, which is too long to be copied while its cell is locked.
fn mget_string(call: &Call<'_>) -> Answer {
    // SAFETY: asked for once.
    let Some((done, results)) = unsafe { call.int32s(2) }.and_then(|all| all.split_first_mut()) else {
        return Status::Internal.into();
    };
    *done = 0;
    let mut values = call.handle.copy();
    let answer = with_keys(call, |direct, keys| {
        let mut free = results.iter_mut();
        // No string is made under a lock: that may collect garbage. Ended early, `done` tells where.
        let _ = direct.get_several(keys, |item| {
            let Some(result) = free.next() else { return ControlFlow::Break(false) };
            *result = match item {
                None => Status::Absent as i32,
                Some(item) if !is_string(item) => Status::WrongType as i32,
                Some(item) => {
                    let Value::Bytes(bytes) = item.value else { return ControlFlow::Break(false) };
                    values.extend_from_slice(bytes);
                    bytes.len() as i32
                }
            };
            *done += 1;
            if values.len() < CALL_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(true) }
        });
        texts(call, &values, &mut results[..*done as usize])
    });
    call.handle.give_back_copy(values);
    answer
}

/// Values as strings; their lengths are marked where one is a string of its own.
fn texts(call: &Call<'_>, values: &[u8], lengths: &mut [i32]) -> Answer {
    let is_ascii = values.is_ascii();
    let mut parts = Vec::new();
    let mut part: Range<usize> = 0..0;
    for length in lengths.iter_mut().filter(|length| **length > 0) {
        let value = part.end..part.end + *length as usize;
        let is_own = !is_ascii && !values[value.clone()].is_ascii();
        if !part.is_empty() && (is_own || value.end - part.start > TEXT_BYTES) {
            parts.push(part);
            part = value.start..value.start;
        }
        part.end = value.end;
        if is_own {
            *length = OWN_TEXT;
            parts.push(part);
            part = value.end..value.end;
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    match parts.as_slice() {
        [] => DONE,
        [part] => call.string(&values[part.clone()]),
        parts => call.list(parts.iter().map(|part| call.string(&values[part.clone()]))),
    }
}

/// `mset(keys, count, values, results, flags, ttlMs)`: writes what is one after another in `values`, of which each result is a length, after
/// the first. Refused with 0 where not all of it is ASCII, so that lengths are not those of JavaScript.
fn mset(call: &Call<'_>) -> Answer {
    let (flags, ttl) = (call.number(4) as u32, ttl(call, 5));
    // SAFETY: asked for once.
    let Some((_, lengths)) = unsafe { call.int32s(3) }.and_then(|all| all.split_first_mut()) else {
        return Status::Internal.into();
    };
    with_keys(call, |direct, keys| {
        let mut values = call.handle.copy();
        let answer = if call.text(2, &mut values) {
            let lengths = &lengths[..keys.count().min(lengths.len())];
            set_parts(direct, keys, &values, lengths, flags, ttl)
        } else {
            Status::BadValue.into()
        };
        call.handle.give_back_copy(values);
        answer
    })
}

/// Writes parts of such lengths.
fn set_parts(direct: &Direct, keys: JoinedKeys<'_>, values: &[u8], lengths: &[i32], flags: u32, ttl: Ttl) -> Answer {
    if lengths.iter().map(|length| *length as u32 as usize).sum::<usize>() != values.len() {
        return AMBIGUOUS;
    }
    let mut rest = values;
    let values = lengths.iter().map(|length| {
        let (value, more) = rest.split_at(*length as u32 as usize);
        rest = more;
        value
    });
    match direct.set_several(keys, values, flags, ttl) {
        Ok(()) | Err(Ended::Enough) => DONE,
        Err(Ended::KeyLength) => Status::KeyLength.into(),
        Err(Ended::Store(error)) => Status::from(error).into(),
    }
}
