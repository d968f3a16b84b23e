//! The operations: arguments in, one call of the engine, an answer out.

use super::handle::Handle;
use super::raw::{Answer, Call, add_function};
use super::several::add_several;
use super::status::Status;
use napi::Env;
use napi::bindgen_prelude::Object;
use ringstone_engine::direct::{Direct, Ttl, is_string};
use ringstone_engine::{MAX_KEY_BYTES, NewValue, Value};
use std::rc::Rc;

/// An object of all of them.
pub fn operations<'env>(env: &'env Env, handle: &Rc<Handle>) -> napi::Result<Object<'env>> {
    let object = Object::new(env)?;
    add_function(env, &object, c"get", handle, get)?;
    add_function(env, &object, c"getString", handle, get_string)?;
    add_function(env, &object, c"set", handle, set)?;
    add_function(env, &object, c"delete", handle, delete)?;
    add_several(env, &object, handle)?;
    add_function(env, &object, c"ask", handle, ask)?;
    Ok(object)
}

/// Runs an operation on the key that is the call's first argument.
#[inline(always)]
fn with_key(call: &Call<'_>, operation: impl FnOnce(&Direct, &[u8]) -> Answer) -> Answer {
    let direct = call.handle.direct();
    let Some(direct) = &*direct else { return Status::Closed.into() };
    let answer = call.bytes(0, |key| {
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Status::KeyLength.into();
        }
        operation(direct, key)
    });
    answer.unwrap_or(Answer::Status(Status::BadKey))
}

/// `get(key, offset)`: the value's length.
fn get(call: &Call<'_>) -> Answer {
    let offset = call.number(1) as usize;
    with_key(call, |direct, key| {
        let found = direct.get(key, |item| {
            if !is_string(item) {
                return Answer::Status(Status::WrongType);
            }
            let length = item.value.len();
            match item.value {
                Value::Bytes(bytes) => call.handle.put(offset, std::iter::once(bytes), length, item.flags),
                Value::Chain(chain) => call.handle.put(offset, chain.chunks(), length, item.flags),
            }
            Answer::Number(length as f64)
        });
        found.unwrap_or(Answer::Status(Status::Absent))
    })
}

/// `getString(key)`: a string, or a status.
fn get_string(call: &Call<'_>) -> Answer {
    with_key(call, |direct, key| {
        let found = direct.get(key, |item| {
            if !is_string(item) {
                return Answer::Status(Status::WrongType);
            }
            call.string(&item.value.contiguous())
        });
        found.unwrap_or(Answer::Status(Status::Absent))
    })
}

/// Milliseconds; 0 = never, negative or missing = as the cache says.
pub(super) fn ttl(call: &Call<'_>, index: usize) -> Ttl {
    Ttl::from_ms(call.number(index))
}

/// `set(key, value, flags, ttlMs)`: 1.
fn set(call: &Call<'_>) -> Answer {
    let (flags, ttl) = (call.number(2) as u32, ttl(call, 3));
    with_key(call, |direct, key| {
        let stored = call.bytes(1, |value| direct.set(key, NewValue::Bytes(value), flags, ttl));
        match stored {
            None => Status::BadValue.into(),
            Some(Ok(())) => true.into(),
            Some(Err(error)) => Status::from(error).into(),
        }
    })
}

/// `delete(key)`: whether there was one.
fn delete(call: &Call<'_>) -> Answer {
    with_key(call, |direct, key| direct.delete(key).into())
}

/// `ask(key, ticket)`: what is to be done about it, a [`ToDo`](crate::loads::ToDo).
fn ask(call: &Call<'_>) -> Answer {
    let ticket = call.number(1) as u64;
    with_key(call, |direct, key| match &*call.handle.host() {
        Some(host) => Answer::Number(f64::from(host.ask(direct.cache(), key, ticket) as u8)),
        None => Status::Internal.into(),
    })
}
