//! Operations that read. A value is copied, or taken by reference, while its cell is locked; JavaScript's heap, where a
//! collection may begin at any touch, is touched afterwards.

use super::handle::Kept;
use super::operations::{with_cache, with_key};
use super::raw::{Answer, Call};
use super::status::Status;
use ringstone_engine::direct::is_string;
use ringstone_engine::{Chain, Item, Value};

/// Where a value is when its cell is let go.
enum Found {
    /// In the slab.
    Put(usize),
    /// Kept, for there is no room for it in the slab.
    Kept(usize),
    /// To be copied yet.
    Chain(Chain),
    /// The caller may not have it.
    Refused(Status),
}

/// Flags that an item must have, by the argument at `index`; any where there is none.
#[inline]
fn flags(call: &Call<'_>, index: usize) -> Option<u32> {
    let flags = call.number_or(index, -1.0);
    (flags >= 0.0).then_some(flags as u32)
}

#[inline]
fn refusal(item: &Item<'_>, flags: Option<u32>) -> Option<Status> {
    if !is_string(item) {
        return Some(Status::WrongType);
    }
    flags.is_some_and(|flags| flags != item.flags).then_some(Status::WrongCodec)
}

/// Called with the cell locked.
#[inline]
fn find(call: &Call<'_>, item: &Item<'_>, offset: usize, flags: Option<u32>) -> Found {
    if let Some(status) = refusal(item, flags) {
        return Found::Refused(status);
    }
    match item.value {
        Value::Bytes(bytes) if call.handle.put(offset, bytes.len(), std::iter::once(bytes)) => Found::Put(bytes.len()),
        Value::Bytes(bytes) => {
            let mut copy = call.handle.copy();
            copy.extend_from_slice(bytes);
            call.handle.keep(Kept::Bytes(copy));
            Found::Kept(bytes.len())
        }
        Value::Chain(chain) => Found::Chain(chain.clone()),
    }
}

/// The length of what was found.
#[inline]
fn settle(call: &Call<'_>, found: Option<Found>, offset: usize) -> Answer {
    match found {
        None => Status::Absent.into(),
        Some(Found::Refused(status)) => status.into(),
        Some(Found::Put(length) | Found::Kept(length)) => Answer::Number(length as f64),
        Some(Found::Chain(chain)) => {
            let length = chain.len();
            if !call.handle.put(offset, length, chain.chunks()) {
                call.handle.keep(Kept::Chain(chain));
            }
            Answer::Number(length as f64)
        }
    }
}

/// `get(key, offset, flags?)`: the value's length. It is in the slab, or kept for `take`.
pub fn get(call: &Call<'_>) -> Answer {
    let (offset, flags) = (call.number(1) as usize, flags(call, 2));
    with_key(call, |direct, key| {
        let found = direct.get(key, |item| find(call, item, offset, flags));
        settle(call, found, offset)
    })
}

/// `peek(key, offset, flags?)`: as `get`.
pub fn peek(call: &Call<'_>) -> Answer {
    let (offset, flags) = (call.number(1) as usize, flags(call, 2));
    with_key(call, |direct, key| {
        let found = direct.peek(key, |item| find(call, item, offset, flags));
        settle(call, found, offset)
    })
}

/// `getWithCas(key, offset, flags?)`: as `get`; the token is in the head of the slab.
pub fn get_with_cas(call: &Call<'_>) -> Answer {
    let (offset, flags) = (call.number(1) as usize, flags(call, 2));
    with_key(call, |direct, key| {
        let found = direct.get(key, |item| {
            call.handle.put_head(item.cas);
            find(call, item, offset, flags)
        });
        settle(call, found, offset)
    })
}

/// `take(target, offset)`: copies what was kept; its length.
pub fn take(call: &Call<'_>) -> Answer {
    let Some(mut target) = call.target(0, call.number(1) as usize) else { return Status::BadTarget.into() };
    match call.handle.take_kept() {
        Kept::Nothing => Status::Internal.into(),
        Kept::Bytes(bytes) => {
            let length = bytes.len();
            target.write(&bytes);
            call.handle.give_back_copy(bytes);
            Answer::Number(length as f64)
        }
        Kept::Chain(chain) => {
            chain.chunks().for_each(|chunk| target.write(chunk));
            Answer::Number(chain.len() as f64)
        }
    }
}

/// `getString(key, flags?)`: a string, or a status.
pub fn get_string(call: &Call<'_>) -> Answer {
    let flags = flags(call, 1);
    with_key(call, |direct, key| {
        let mut copy = call.handle.copy();
        let found = direct.get(key, |item| match (refusal(item, flags), &item.value) {
            (Some(status), _) => Found::Refused(status),
            (None, Value::Bytes(bytes)) => {
                copy.extend_from_slice(bytes);
                Found::Put(bytes.len())
            }
            (None, Value::Chain(chain)) => Found::Chain((*chain).clone()),
        });
        let answer = match found {
            None => Status::Absent.into(),
            Some(Found::Refused(status)) => status.into(),
            Some(Found::Put(_) | Found::Kept(_)) => call.string(&copy),
            Some(Found::Chain(chain)) => {
                copy.reserve_exact(chain.len());
                chain.chunks().for_each(|chunk| copy.extend_from_slice(chunk));
                call.string(&copy)
            }
        };
        call.handle.give_back_copy(copy);
        answer
    })
}

/// `getInto(key, target, offset)`: the value's length; what fits is copied.
pub fn get_into(call: &Call<'_>) -> Answer {
    with_key(call, |direct, key| {
        let offset = call.number_or(2, 0.0);
        let Some(mut target) = call.target(1, offset as usize) else { return Status::BadTarget.into() };
        let found = direct.get(key, |item| match (refusal(item, None), &item.value) {
            (Some(status), _) => Found::Refused(status),
            (None, Value::Bytes(bytes)) => {
                target.write(bytes);
                Found::Put(bytes.len())
            }
            (None, Value::Chain(chain)) => Found::Chain((*chain).clone()),
        });
        match found {
            None => Status::Absent.into(),
            Some(Found::Refused(status)) => status.into(),
            Some(Found::Put(length) | Found::Kept(length)) => Answer::Number(length as f64),
            Some(Found::Chain(chain)) => {
                chain.chunks().for_each(|chunk| target.write(chunk));
                Answer::Number(chain.len() as f64)
            }
        }
    })
}

/// `has(key)`: whether there is one.
pub fn has(call: &Call<'_>) -> Answer {
    with_key(call, |direct, key| direct.has(key).into())
}

/// `ttl(key)`: milliseconds left, infinity for one that never expires.
pub fn ttl(call: &Call<'_>) -> Answer {
    with_key(call, |direct, key| match direct.ttl_ms(key) {
        None => Status::Absent.into(),
        Some(left_ms) => Answer::Number(left_ms.map_or(f64::INFINITY, |ms| ms as f64)),
    })
}

/// `size()`: items.
pub fn size(call: &Call<'_>) -> Answer {
    with_cache(call, |direct| Answer::Number(direct.len() as f64))
}
