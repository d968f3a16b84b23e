//! Node-API as this module needs it: arguments out of a call, numbers and strings back, functions that know their opening.

use super::handle::Handle;
use super::status::Status;
use napi::bindgen_prelude::Object;
use napi::{Env, JsValue, sys};
use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;

/// Arguments that an operation takes at most.
const MAX_ARGUMENTS: usize = 6;
/// Strings of less than so many characters are read on the stack.
const STACK_UNITS: usize = 512;
/// Room that a longer string gets at first.
const LEAST_BYTES: usize = 4096;
/// The most bytes that UTF-8 takes for one character: a string that is cut is shorter than its room by less.
const UTF8_BYTES: usize = 4;

/// What statuses are multiplied with where a number may be negative.
const NO_COUNT: f64 = (1_u64 << 53) as f64;

/// A call under way.
pub struct Call<'h> {
    env: sys::napi_env,
    arguments: [sys::napi_value; MAX_ARGUMENTS],
    /// How many of them were given.
    count: usize,
    /// Whose function was called.
    pub handle: &'h Handle,
}

/// What an operation answers.
pub enum Answer {
    /// A number.
    Number(f64),
    /// Why there is none.
    Status(Status),
    /// A number that may be negative, in the range of those that are exact; or a status times 2^53, which is not.
    Count(Result<i64, Status>),
    /// A value of JavaScript.
    Value(sys::napi_value),
}

/// Where the bytes of a `Uint8Array` are.
struct Array {
    data: *mut u8,
    length: usize,
    /// With other threads.
    is_shared: bool,
}

/// Bytes of a `Uint8Array` that are written to, from the front.
pub struct Target<'c> {
    data: *mut u8,
    left: usize,
    call: PhantomData<&'c ()>,
}

impl Target<'_> {
    /// Writes what still fits.
    pub fn write(&mut self, bytes: &[u8]) {
        let length = bytes.len().min(self.left);
        // SAFETY: the array has so many bytes left there, and is of the call under way. By way of the pointer, for another
        // thread may see a shared one; and `bytes` is never of an array.
        unsafe { self.data.copy_from_nonoverlapping(bytes.as_ptr(), length) };
        self.data = self.data.wrapping_add(length);
        self.left -= length;
    }
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

    /// The same where it was given, which costs nothing where it was not.
    #[inline]
    pub fn number_or(&self, index: usize, otherwise: f64) -> f64 {
        if index < self.count { self.number(index) } else { otherwise }
    }

    /// A bigint of 64 bits without a sign; `None` for anything else.
    pub fn bigint(&self, index: usize) -> Option<u64> {
        let (mut number, mut is_whole) = (0, false);
        // SAFETY: as in `number`.
        let status = unsafe {
            sys::napi_get_value_bigint_uint64(self.env, self.arguments[index], &raw mut number, &raw mut is_whole)
        };
        (status == sys::Status::napi_ok && is_whole).then_some(number)
    }

    /// A string, as UTF-8, or the bytes of a `Uint8Array`; `None` for anything else.
    ///
    /// It is read as UTF-16, which V8 copies, and made narrow here: asking V8 for UTF-8 takes it three times as long.
    #[inline]
    pub fn bytes<R>(&self, index: usize, used: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut room = MaybeUninit::<[u16; STACK_UNITS]>::uninit();
        let mut length = 0;
        // SAFETY: as in `number`; at most `STACK_UNITS` units are written to the room, with a 0 at the end.
        let status = unsafe {
            let room = room.as_mut_ptr().cast();
            sys::napi_get_value_string_utf16(self.env, self.arguments[index], room, STACK_UNITS, &raw mut length)
        };
        if status != sys::Status::napi_ok {
            return self.array(index, used);
        }
        if length + 1 < STACK_UNITS {
            let mut narrow = MaybeUninit::<[u8; STACK_UNITS]>::uninit();
            // SAFETY: so many units were written, and the other room has as many bytes.
            let narrow = unsafe {
                let units = std::slice::from_raw_parts(room.as_ptr().cast::<u16>(), length);
                make_narrow(units, narrow.as_mut_ptr().cast())
            };
            if let Some(ascii) = narrow {
                return Some(used(ascii));
            }
        }
        self.long_string(index, used)
    }

    /// One that is long, or has other characters than ASCII's.
    #[inline(never)]
    fn long_string<R>(&self, index: usize, used: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut length = 0;
        let argument = self.arguments[index];
        // SAFETY: as in `number`; nothing is written but the length.
        unsafe { sys::napi_get_value_string_utf8(self.env, argument, null_mut(), 0, &raw mut length) };
        let mut scratch = self.handle.scratch();
        scratch.reserve(length + 1);
        // SAFETY: the room is of `length` bytes and one for the 0 at the end; so many are written then.
        let result = unsafe {
            let room = scratch.as_mut_ptr().cast();
            sys::napi_get_value_string_utf8(self.env, argument, room, length + 1, &raw mut length);
            scratch.set_len(length);
            used(&scratch)
        };
        self.handle.give_back_scratch(scratch);
        Some(result)
    }

    /// Reads a string that is likely to be long into `room`, as UTF-8; false for anything else.
    #[inline]
    pub fn text(&self, index: usize, room: &mut Vec<u8>) -> bool {
        room.clear();
        room.reserve(LEAST_BYTES);
        loop {
            let (argument, mut length) = (self.arguments[index], 0);
            // SAFETY: as in `number`; at most as many bytes are written as there is room for, and so many were written then.
            let status = unsafe {
                let status = sys::napi_get_value_string_utf8(
                    self.env,
                    argument,
                    room.as_mut_ptr().cast(),
                    room.capacity(),
                    &raw mut length,
                );
                room.set_len(length);
                status
            };
            if status != sys::Status::napi_ok || length + UTF8_BYTES < room.capacity() {
                return status == sys::Status::napi_ok;
            }
            // SAFETY: as in `number`; nothing is written but the length.
            unsafe { sys::napi_get_value_string_utf8(self.env, argument, null_mut(), 0, &raw mut length) };
            room.clear();
            room.reserve(length + UTF8_BYTES + 1);
        }
    }

    /// The bytes of a `Uint8Array`. JavaScript of this thread does not run while they are used; those that another thread
    /// could change meanwhile are copied first, or what was looked at would not be what is stored.
    #[inline]
    fn array<R>(&self, index: usize, used: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let array = self.array_info(index)?;
        if array.length == 0 {
            return Some(used(&[]));
        }
        if array.is_shared {
            let mut copy = Vec::with_capacity(array.length);
            // SAFETY: the array has so many bytes there, and lives as long as the call; so many are copied, of whatever value.
            unsafe {
                array.data.copy_to_nonoverlapping(copy.as_mut_ptr(), array.length);
                copy.set_len(array.length);
            }
            return Some(used(&copy));
        }
        // SAFETY: the array has so many bytes there, and lives as long as the call. Nobody writes to it meanwhile.
        Some(used(unsafe { std::slice::from_raw_parts(array.data.cast_const(), array.length) }))
    }

    /// Where a `Uint8Array` is; `None` for anything else, and for one whose memory was given away.
    fn array_info(&self, index: usize) -> Option<Array> {
        let (mut kind, mut length, mut data, mut memory) = (0, 0, null_mut(), null_mut());
        let (mut is_own, mut is_detached) = (false, false);
        // SAFETY: as in `number`.
        let status = unsafe {
            let argument = self.arguments[index];
            let (kind, length, data, memory) = (&raw mut kind, &raw mut length, &raw mut data, &raw mut memory);
            sys::napi_get_typedarray_info(self.env, argument, kind, length, data, memory, null_mut())
        };
        if status != sys::Status::napi_ok || kind != sys::TypedarrayType::uint8_array {
            return None;
        }
        // SAFETY: as in `number`; one on shared memory is no `ArrayBuffer` for Node-API.
        unsafe {
            sys::napi_is_arraybuffer(self.env, memory, &raw mut is_own);
            if length == 0 && is_own {
                sys::napi_is_detached_arraybuffer(self.env, memory, &raw mut is_detached);
            }
        }
        (!is_detached).then_some(Array { data: data.cast(), length, is_shared: !is_own })
    }

    /// A `Uint8Array` that is written to from an offset on; `None` for anything else, and where the offset is beyond it.
    pub fn target(&self, index: usize, offset: usize) -> Option<Target<'_>> {
        let array = self.array_info(index)?;
        let length = array.length.checked_sub(offset)?;
        // Not within the object of an empty one, whose data may be null.
        let data = if length == 0 { null_mut() } else { array.data.wrapping_add(offset) };
        Some(Target { data, left: length, call: PhantomData })
    }

    /// The numbers of an `Int32Array`, into which results go; `None` for anything else.
    ///
    /// # Safety
    /// They are not asked for a second time while they are used.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "the array is JavaScript's, not a part of the call")]
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
        if status == sys::Status::napi_ok { Answer::Value(string) } else { Answer::Status(Status::LongString) }
    }

    fn answer(&self, answer: &Answer) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as in `number`.
        unsafe {
            match answer {
                Answer::Value(value) => return *value,
                Answer::Status(status) => sys::napi_create_int32(self.env, *status as i32, &raw mut value),
                Answer::Count(Ok(number)) => sys::napi_create_int64(self.env, *number, &raw mut value),
                // Beyond the numbers that are exact.
                Answer::Count(Err(status)) => {
                    sys::napi_create_double(self.env, f64::from(*status as i32) * NO_COUNT, &raw mut value)
                }
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

/// The units as bytes, if all are ASCII.
///
/// # Safety
/// There is room for as many bytes, and it is used by nobody else while the result is.
#[inline]
unsafe fn make_narrow<'r>(units: &[u16], room: *mut u8) -> Option<&'r [u8]> {
    let mut all = 0;
    for (index, unit) in units.iter().enumerate() {
        all |= unit;
        // SAFETY: the caller's promise.
        unsafe { room.add(index).write(*unit as u8) };
    }
    // SAFETY: so many bytes were written, and the caller's promise.
    (all < 0x80).then(|| unsafe { std::slice::from_raw_parts(room, units.len()) })
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
    let call = Call { env, arguments, count, handle };
    // SAFETY: of no bytes, so any place will do, and there is one in the program, as `add_function` was given it.
    let operation = unsafe { std::ptr::NonNull::<O>::dangling().as_ref() };
    let answer = catch_unwind(AssertUnwindSafe(|| operation(&call)));
    call.answer(&answer.unwrap_or(Answer::Status(Status::Internal)))
}

extern "C" fn finalized(_env: sys::napi_env, data: *mut std::ffi::c_void, _hint: *mut std::ffi::c_void) {
    // SAFETY: the share that `add_function` gave away.
    drop(unsafe { Rc::from_raw(data.cast::<Handle>().cast_const()) });
}
