//! The list of operations, and what they have in common: arguments in, one call of the engine, an answer out.

use super::handle::Handle;
use super::raw::{Answer, Call, add_function};
use super::several::add_several;
use super::status::Status;
use super::{reads, walks, writes};
use napi::Env;
use napi::bindgen_prelude::Object;
use ringstone_engine::MAX_KEY_BYTES;
use ringstone_engine::direct::{Direct, Ttl};
use std::rc::Rc;

/// An object of all of them; `NativeOperations` in ts/native.ts names the same.
pub fn operations<'env>(env: &'env Env, handle: &Rc<Handle>) -> napi::Result<Object<'env>> {
    let object = Object::new(env)?;
    add_function(env, &object, c"get", handle, reads::get)?;
    add_function(env, &object, c"getString", handle, reads::get_string)?;
    add_function(env, &object, c"getInto", handle, reads::get_into)?;
    add_function(env, &object, c"getWithCas", handle, reads::get_with_cas)?;
    add_function(env, &object, c"peek", handle, reads::peek)?;
    add_function(env, &object, c"take", handle, reads::take)?;
    add_function(env, &object, c"has", handle, reads::has)?;
    add_function(env, &object, c"ttl", handle, reads::ttl)?;
    add_function(env, &object, c"size", handle, reads::size)?;
    add_function(env, &object, c"set", handle, writes::set)?;
    add_function(env, &object, c"add", handle, writes::add)?;
    add_function(env, &object, c"replace", handle, writes::replace)?;
    add_function(env, &object, c"cas", handle, writes::cas)?;
    add_function(env, &object, c"append", handle, writes::append)?;
    add_function(env, &object, c"prepend", handle, writes::prepend)?;
    add_function(env, &object, c"incr", handle, writes::incr)?;
    add_function(env, &object, c"touch", handle, writes::touch)?;
    add_function(env, &object, c"delete", handle, writes::delete)?;
    add_function(env, &object, c"clear", handle, writes::clear)?;
    add_function(env, &object, c"scan", handle, walks::scan)?;
    add_several(env, &object, handle)?;
    add_function(env, &object, c"ask", handle, ask)?;
    Ok(object)
}

/// Runs an operation while the cache is open.
#[inline(always)]
pub fn with_cache(call: &Call<'_>, operation: impl FnOnce(&Direct) -> Answer) -> Answer {
    match &*call.handle.direct() {
        Some(direct) => operation(direct),
        None => Status::Closed.into(),
    }
}

/// Runs an operation on the key that is the call's first argument.
#[inline(always)]
pub fn with_key(call: &Call<'_>, operation: impl FnOnce(&Direct, &[u8]) -> Answer) -> Answer {
    with_cache(call, |direct| {
        let answer = call.bytes(0, |key| {
            if key.is_empty() || key.len() > MAX_KEY_BYTES {
                return Status::KeyLength.into();
            }
            operation(direct, key)
        });
        answer.unwrap_or(Answer::Status(Status::BadKey))
    })
}

/// Milliseconds; 0 = never, negative or missing = as the cache says.
#[inline]
pub fn ttl(call: &Call<'_>, index: usize) -> Ttl {
    Ttl::from_ms(call.number_or(index, -1.0))
}

/// `ask(key, ticket)`: what is to be done about it, a [`ToDo`](crate::loads::ToDo).
fn ask(call: &Call<'_>) -> Answer {
    let ticket = call.number(1) as u64;
    with_key(call, |direct, key| match &*call.handle.host() {
        Some(host) => Answer::Number(f64::from(host.ask(direct.cache(), key, ticket) as u8)),
        None => Status::Internal.into(),
    })
}
