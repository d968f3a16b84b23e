//! Operations that write. Arguments are read before a cell is locked.

use super::operations::{ttl, with_cache, with_key};
use super::raw::{Answer, Call};
use super::status::Status;
use ringstone_engine::direct::{Count, Direct, Ttl};
use ringstone_engine::{NewValue, StoreError};

impl From<Result<bool, Status>> for Answer {
    fn from(result: Result<bool, Status>) -> Answer {
        result.map_or_else(Answer::Status, Answer::from)
    }
}

/// `(key, value, flags, ttlMs)`: whether it was written. Flags of 0 and the default TTL may be left out.
#[inline(always)]
fn write(
    call: &Call<'_>,
    operation: impl FnOnce(&Direct, &[u8], NewValue<'_>, u32, Ttl) -> Result<bool, StoreError>,
) -> Answer {
    let (flags, ttl) = (call.number_or(2, 0.0) as u32, ttl(call, 3));
    with_key(call, |direct, key| {
        let written = call.bytes(1, |value| operation(direct, key, NewValue::Bytes(value), flags, ttl));
        match written {
            None => Status::BadValue.into(),
            Some(result) => result.map_err(Status::from).into(),
        }
    })
}

/// `set(key, value, flags?, ttlMs?)`: 1.
pub fn set(call: &Call<'_>) -> Answer {
    write(call, |direct, key, value, flags, ttl| direct.set(key, value, flags, ttl).map(|()| true))
}

/// `add(key, value, flags?, ttlMs?)`: whether there was none.
pub fn add(call: &Call<'_>) -> Answer {
    write(call, Direct::add)
}

/// `replace(key, value, flags?, ttlMs?)`: whether there was one.
pub fn replace(call: &Call<'_>) -> Answer {
    write(call, Direct::replace)
}

/// `cas(key, value, flags, ttlMs, token)`: whether it was of that version.
pub fn cas(call: &Call<'_>) -> Answer {
    let Some(token) = call.bigint(4) else { return Status::BadCas.into() };
    write(call, |direct, key, value, flags, ttl| direct.cas(key, value, flags, ttl, token))
}

#[inline(always)]
fn extend(call: &Call<'_>, at_front: bool) -> Answer {
    with_key(call, |direct, key| {
        let written = call.bytes(1, |bytes| direct.extend(key, bytes, at_front));
        match written {
            None => Status::BadValue.into(),
            Some(result) => result.map_err(Status::from).into(),
        }
    })
}

/// `append(key, bytes)`: whether there was one.
pub fn append(call: &Call<'_>) -> Answer {
    extend(call, false)
}

/// `prepend(key, bytes)`: whether there was one.
pub fn prepend(call: &Call<'_>) -> Answer {
    extend(call, true)
}

/// `incr(key, by, initial?, ttlMs?, flags?)`: the number, or a status times 2^53. `by` and `initial` are exact numbers.
pub fn incr(call: &Call<'_>) -> Answer {
    let (by, initial) = (call.number(1) as i64, call.number_or(2, 0.0) as i64);
    let count = Count { by, initial, ttl: ttl(call, 3), flags: call.number_or(4, 0.0) as u32 };
    let counted = with_key(call, |direct, key| Answer::Count(direct.incr(key, &count).map_err(Status::from)));
    match counted {
        Answer::Status(status) => Answer::Count(Err(status)),
        counted => counted,
    }
}

/// `touch(key, ttlMs)`: whether there was one.
pub fn touch(call: &Call<'_>) -> Answer {
    let ttl = ttl(call, 1);
    with_key(call, |direct, key| direct.touch(key, ttl).map_err(Status::from).into())
}

/// `delete(key)`: whether there was one.
pub fn delete(call: &Call<'_>) -> Answer {
    with_key(call, |direct, key| direct.delete(key).into())
}

/// `clear()`: 1.
pub fn clear(call: &Call<'_>) -> Answer {
    with_cache(call, |direct| {
        direct.clear();
        true.into()
    })
}
