//! Node-API as this module needs it: arguments out of a call, numbers and strings back, functions that know their opening.

use super::handle::Handle;
use super::status::Status;
use napi::bindgen_prelude::Object;
use napi::{Env, JsValue, sys};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;

/// Arguments that an operation takes at most.
const MAX_ARGUMENTS: usize = 6;
/// Strings of up to so many bytes are read on the stack.
const STACK_BYTES: usize = 512;
/// The most bytes that UTF-8 takes for one character: a string that is cut is shorter than its room by less.
const UTF8_BYTES: usize = 4;
/// Kept for strings that are longer; room for longer ones still goes after the call.
const KEPT_BYTES: usize = 64 << 10;

/// A call under way.
pub struct Call<'h> {
    env: sys::napi_env,
    arguments: [sys::napi_value; MAX_ARGUMENTS],
    /// Whose function was called.
    pub handle: &'h Handle,
}

/// What an operation answers.
pub enum Answer {
    /// A number.
    Number(f64),
    /// Why there is none.
    Status(Status),
    /// A value of JavaScript.
    Value(sys::napi_value),
}

impl From<Status> for Answer {
    fn from(status: Status) -> Answer {
        Answer::Status(status)
    }
}

impl From<bool> for Answer {
    fn from(is_so: bool) -> Answer {
        Answer::Number(f64::from(u8::from(is_so)))
    }
}

impl Call<'_> {
    /// A number; NaN for anything else.
    #[inline]
    pub fn number(&self, index: usize) -> f64 {
        let mut number = f64::NAN;
        // SAFETY: the environment and the value are those of the call that this thread is in.
        unsafe { sys::napi_get_value_double(self.env, self.arguments[index], &raw mut number) };
        number
    }

    /// A string, as UTF-8, or the bytes of a `Uint8Array`; `None` for anything else.
    #[inline]
    pub fn bytes<R>(&self, index: usize, used: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut room = MaybeUninit::<[u8; STACK_BYTES]>::uninit();
        let mut length = 0;
        // SAFETY: as in `number`; at most `STACK_BYTES` bytes are written to the room, with a 0 at the end.
        let status = unsafe {
            let room = room.as_mut_ptr().cast();
            sys::napi_get_value_string_utf8(self.env, self.arguments[index], room, STACK_BYTES, &raw mut length)
        };
        if status != sys::Status::napi_ok {
            return self.array(index).map(used);
        }
        if length + UTF8_BYTES < STACK_BYTES {
            // SAFETY: so many bytes were written.
            return Some(used(unsafe { std::slice::from_raw_parts(room.as_ptr().cast(), length) }));
        }
        self.long_string(index, used)
    }

    #[cold]
    fn long_string<R>(&self, index: usize, used: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut length = 0;
        let argument = self.arguments[index];
        // SAFETY: as in `number`; nothing is written but the length.
        unsafe { sys::napi_get_value_string_utf8(self.env, argument, null_mut(), 0, &raw mut length) };
        let mut scratch = self.handle.scratch().take();
        scratch.clear();
        scratch.reserve(length + 1);
        // SAFETY: the room is of `length` bytes and one for the 0 at the end; so many are written then.
        let result = unsafe {
            let room = scratch.as_mut_ptr().cast();
            sys::napi_get_value_string_utf8(self.env, argument, room, length + 1, &raw mut length);
            scratch.set_len(length);
            used(&scratch)
        };
        if scratch.capacity() <= KEPT_BYTES {
            self.handle.scratch().replace(scratch);
        }
        Some(result)
    }

    /// The bytes of a `Uint8Array`, which are not to be changed by JavaScript while they are used: it does not run.
    fn array(&self, index: usize) -> Option<&[u8]> {
        let (mut kind, mut length, mut data) = (0, 0, null_mut());
        // SAFETY: as in `number`.
        let status = unsafe {
            let argument = self.arguments[index];
            let (kind, length, data) = (&raw mut kind, &raw mut length, &raw mut data);
            sys::napi_get_typedarray_info(self.env, argument, kind, length, data, null_mut(), null_mut())
        };
        if status != sys::Status::napi_ok || kind != sys::TypedarrayType::uint8_array {
            return None;
        }
        if length == 0 {
            return Some(&[]);
        }
        // SAFETY: the array has so many bytes there, and lives as long as the call. One on shared memory may be changed by
        // another thread, which then gets what it deserves: some bytes.
        Some(unsafe { std::slice::from_raw_parts(data.cast(), length) })
    }

    /// The numbers of an `Int32Array`, into which results go; `None` for anything else.
    ///
    /// # Safety
    /// They are not asked for a second time while they are used.
    #[inline]
    pub unsafe fn int32s(&self, index: usize) -> Option<&mut [i32]> {
        let (mut kind, mut length, mut data) = (0, 0, null_mut());
        // SAFETY: as in `number`.
        let status = unsafe {
            let argument = self.arguments[index];
            let (kind, length, data) = (&raw mut kind, &raw mut length, &raw mut data);
            sys::napi_get_typedarray_info(self.env, argument, kind, length, data, null_mut(), null_mut())
        };
        if status != sys::Status::napi_ok || kind != sys::TypedarrayType::int32_array || length == 0 {
            return None;
        }
        // SAFETY: the array has so many numbers there, and lives as long as the call; the caller uses it alone.
        Some(unsafe { std::slice::from_raw_parts_mut(data.cast(), length) })
    }

    /// An array of values; a status where one of them is not a value.
    pub fn list(&self, values: impl ExactSizeIterator<Item = Answer>) -> Answer {
        let mut list = null_mut();
        // SAFETY: as in `number`.
        unsafe { sys::napi_create_array_with_length(self.env, values.len(), &raw mut list) };
        for (index, value) in values.enumerate() {
            let Answer::Value(value) = value else { return value };
            // SAFETY: as in `number`.
            unsafe { sys::napi_set_element(self.env, list, index as u32, value) };
        }
        Answer::Value(list)
    }

    /// Bytes as a string: those that are not UTF-8 are replaced.
    #[inline]
    pub fn string(&self, bytes: &[u8]) -> Answer {
        let mut string = null_mut();
        let (data, length) = (bytes.as_ptr().cast(), bytes.len() as isize);
        // SAFETY: as in `number`; the bytes are copied.
        let status = unsafe {
            if bytes.is_ascii() {
                sys::napi_create_string_latin1(self.env, data, length, &raw mut string)
            } else {
                sys::napi_create_string_utf8(self.env, data, length, &raw mut string)
            }
        };
        if status == sys::Status::napi_ok { Answer::Value(string) } else { Answer::Status(Status::Internal) }
    }

    fn answer(&self, answer: &Answer) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as in `number`.
        unsafe {
            match answer {
                Answer::Value(value) => return *value,
                Answer::Status(status) => sys::napi_create_int32(self.env, *status as i32, &raw mut value),
                Answer::Number(number) => sys::napi_create_double(self.env, *number, &raw mut value),
            }
        };
        value
    }
}

/// A function of one opening. The operation is known by the type, so that the compiler makes a function of each.
pub fn add_function<O: Fn(&Call<'_>) -> Answer + Copy + 'static>(
    env: &Env,
    object: &Object<'_>,
    name: &CStr,
    handle: &Rc<Handle>,
    _operation: O,
) -> napi::Result<()> {
    const { assert!(size_of::<O>() == 0, "an operation has no state") };
    let mut function = null_mut();
    let data = Rc::into_raw(Rc::clone(handle)).cast_mut().cast();
    // SAFETY: the function gets the handle as its `data`, which lives until the finalizer of the function.
    let statuses = unsafe {
        [
            sys::napi_create_function(env.raw(), name.as_ptr(), -1, Some(called::<O>), data, &raw mut function),
            sys::napi_add_finalizer(env.raw(), function, data, Some(finalized), null_mut(), null_mut()),
            sys::napi_set_named_property(env.raw(), object.raw(), name.as_ptr(), function),
        ]
    };
    match statuses.into_iter().find(|status| *status != sys::Status::napi_ok) {
        None => Ok(()),
        Some(status) => Err(napi::Error::from_status(status.into())),
    }
}

/// What JavaScript calls.
extern "C" fn called<O: Fn(&Call<'_>) -> Answer + Copy + 'static>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut count = MAX_ARGUMENTS;
    let mut arguments = [null_mut(); MAX_ARGUMENTS];
    let mut data = null_mut();
    // SAFETY: Node-API calls this with its own environment and call; it fills in as many arguments as there is room for, with
    // `undefined` for those that are missing.
    unsafe {
        let (count, first) = (&raw mut count, arguments.as_mut_ptr());
        sys::napi_get_cb_info(env, info, count, first, null_mut(), &raw mut data);
    }
    // SAFETY: `data` is what `add_function` gave, of which the function holds a share while it can be called.
    let handle = unsafe { &*data.cast::<Handle>().cast_const() };
    let call = Call { env, arguments, handle };
    // SAFETY: of no bytes, so any place will do, and there is one in the program, as `add_function` was given it.
    let operation = unsafe { std::ptr::NonNull::<O>::dangling().as_ref() };
    let answer = catch_unwind(AssertUnwindSafe(|| operation(&call)));
    call.answer(&answer.unwrap_or(Answer::Status(Status::Internal)))
}

extern "C" fn finalized(_env: sys::napi_env, data: *mut std::ffi::c_void, _hint: *mut std::ffi::c_void) {
    // SAFETY: the share that `add_function` gave away.
    drop(unsafe { Rc::from_raw(data.cast::<Handle>().cast_const()) });
}
