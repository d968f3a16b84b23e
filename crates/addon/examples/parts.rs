//! What a call of the data plane is made of, each part as a function of its own: `npm run bench:embed -- --parts` builds this
//! library, loads it beside the engine's and times them. It is not part of the package.

use napi::bindgen_prelude::Object;
use napi::{Env, JsValue, sys};
use napi_derive::napi;
use ringstone_engine::direct::{Direct, Ttl};
use ringstone_engine::{CacheOptions, Eviction, NewValue, OpenCache, Value};
use std::cell::RefCell;
use std::ffi::CStr;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::time::Instant;

/// Room for a key.
const KEY_ROOM: usize = 512;
/// Keys of a call of several, at most.
const KEYS_ROOM: usize = 8 << 10;
const MIB: u64 = 1 << 20;
/// Memory of the cache that is looked at per entry, generously.
const ENTRY_BYTES: u64 = 512;

type Function = extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Puts the functions of the boundary into the exports.
#[napi(module_exports)]
pub fn exports(exports: Object<'_>, env: Env) -> napi::Result<()> {
    let functions: [(&CStr, Function); 11] = [
        (c"empty", empty),
        (c"argument", argument),
        (c"integer", integer),
        (c"double", double),
        (c"keyUtf8", key_utf8),
        (c"keyLatin1", key_latin1),
        (c"keyUtf16", key_utf16),
        (c"keyArray", key_array),
        (c"elements", elements),
        (c"textLatin1", text_latin1),
        (c"textUtf8", text_utf8),
    ];
    for (name, function) in functions {
        let mut value = null_mut();
        // SAFETY: the environment is the one that loads this library; the names end with a 0.
        let status = unsafe {
            sys::napi_create_function(env.raw(), name.as_ptr(), -1, Some(function), null_mut(), &raw mut value);
            sys::napi_set_named_property(env.raw(), exports.raw(), name.as_ptr(), value)
        };
        if status != sys::Status::napi_ok {
            return Err(napi::Error::from_status(status.into()));
        }
    }
    Ok(())
}

/// The first argument.
#[inline(always)]
fn first(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut count, mut value, mut data) = (1, null_mut(), null_mut());
    // SAFETY: called by Node-API with its own environment and call; there is room for one argument.
    unsafe { sys::napi_get_cb_info(env, info, &raw mut count, &raw mut value, null_mut(), &raw mut data) };
    value
}

#[inline(always)]
fn number(env: sys::napi_env, value: sys::napi_value) -> u32 {
    let mut number = 0;
    // SAFETY: as in `first`.
    unsafe { sys::napi_get_value_uint32(env, value, &raw mut number) };
    number
}

#[inline(always)]
fn answer(env: sys::napi_env, number: usize) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: as in `first`.
    unsafe { sys::napi_create_int32(env, number as i32, &raw mut value) };
    value
}

extern "C" fn empty(_: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    null_mut()
}

extern "C" fn argument(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    black_box(first(env, info));
    null_mut()
}

extern "C" fn integer(env: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    answer(env, 100)
}

extern "C" fn double(env: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: as in `first`.
    unsafe { sys::napi_create_double(env, 100.0, &raw mut value) };
    value
}

/// A function that reads its argument, a string, by one of Node-API's readers.
macro_rules! key_reader {
    ($name:ident, $reader:ident, $unit:ty) => {
        extern "C" fn $name(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
            let key = first(env, info);
            let (mut room, mut length) = (MaybeUninit::<[$unit; KEYS_ROOM]>::uninit(), 0);
            // SAFETY: as in `first`; at most as many units are written as there is room for.
            unsafe { sys::$reader(env, key, room.as_mut_ptr().cast(), KEYS_ROOM, &raw mut length) };
            black_box(&room);
            black_box(length);
            null_mut()
        }
    };
}
key_reader!(key_utf8, napi_get_value_string_utf8, u8);
key_reader!(key_latin1, napi_get_value_string_latin1, u8);
key_reader!(key_utf16, napi_get_value_string_utf16, u16);

extern "C" fn key_array(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let key = first(env, info);
    let (mut kind, mut length, mut data) = (0, 0, null_mut());
    // SAFETY: as in `first`.
    unsafe {
        let (kind, length, data) = (&raw mut kind, &raw mut length, &raw mut data);
        sys::napi_get_typedarray_info(env, key, kind, length, data, null_mut(), null_mut());
    }
    black_box((length, data));
    null_mut()
}

/// Reads every string of an array.
extern "C" fn elements(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let array = first(env, info);
    let mut count = 0;
    // SAFETY: as in `first`; at most as many units are written as there is room for.
    unsafe {
        sys::napi_get_array_length(env, array, &raw mut count);
        for index in 0..count {
            let (mut key, mut length) = (null_mut(), 0);
            let mut room = MaybeUninit::<[u16; KEY_ROOM]>::uninit();
            sys::napi_get_element(env, array, index, &raw mut key);
            sys::napi_get_value_string_utf16(env, key, room.as_mut_ptr().cast(), KEY_ROOM, &raw mut length);
            black_box(&room);
        }
    }
    null_mut()
}

/// A function that makes a string of as many bytes as it is told.
macro_rules! text_maker {
    ($name:ident, $maker:ident) => {
        extern "C" fn $name(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
            static TEXT: [u8; 1 << 16] = [b'v'; 1 << 16];
            let length = (number(env, first(env, info)) as usize).min(TEXT.len());
            let mut text = null_mut();
            // SAFETY: as in `first`; the bytes are copied.
            unsafe { sys::$maker(env, TEXT.as_ptr().cast(), length as isize, &raw mut text) };
            text
        }
    };
}
text_maker!(text_latin1, napi_create_string_latin1);
text_maker!(text_utf8, napi_create_string_utf8);

/// Times of the engine's parts, without JavaScript.
#[napi]
pub struct EngineParts {
    direct: Direct,
    keys: Vec<String>,
    order: Vec<u32>,
    room: RefCell<Vec<u8>>,
}

#[napi]
impl EngineParts {
    /// Over a cache of so many entries with values of so many bytes; `order` has the numbers of those that are asked for.
    #[napi(constructor)]
    pub fn new(entries: u32, value_bytes: u32, order: Vec<u32>) -> napi::Result<EngineParts> {
        let options = CacheOptions {
            max_memory: (u64::from(entries) * (ENTRY_BYTES + 2 * u64::from(value_bytes))).max(64 * MIB),
            max_value_size: 8 * MIB,
            default_ttl_ms: 0,
            cleanup_interval_ms: 60_000,
            eviction: Eviction::S3Fifo,
        };
        let cache =
            OpenCache::open(None, options, |_| None).map_err(|error| napi::Error::from_reason(error.to_string()))?;
        let direct = Direct::new(cache);
        let value = vec![b'v'; value_bytes as usize];
        let keys: Vec<String> = (0..entries).map(|number| format!("object:{}", 100_000_000 + number)).collect();
        for key in &keys {
            direct
                .set(key.as_bytes(), NewValue::Bytes(&value), 0, Ttl::Never)
                .map_err(|error| napi::Error::from_reason(error.to_string()))?;
        }
        Ok(EngineParts { direct, keys, order, room: RefCell::new(value) })
    }

    /// Nanoseconds of one execution.
    fn time(&self, mut part: impl FnMut(&[u8])) -> f64 {
        let begin = Instant::now();
        for number in &self.order {
            part(black_box(self.keys[*number as usize].as_bytes()));
        }
        begin.elapsed().as_nanos() as f64 / self.order.len() as f64
    }

    /// Reading a key: what the loop itself takes.
    #[napi]
    pub fn key_ns(&self) -> f64 {
        self.time(|key| {
            black_box(key.iter().fold(0, |sum, byte| sum ^ byte));
        })
    }

    /// The time of day.
    #[napi]
    pub fn clock_ns(&self) -> f64 {
        self.time(|_| {
            black_box(self.direct.cache().clock.now_ms());
        })
    }

    /// The key's hash.
    #[napi]
    pub fn hash_ns(&self) -> f64 {
        let store = &self.direct.cache().store;
        self.time(|key| {
            black_box(store.hash(key));
        })
    }

    /// The whole read, of which the value is not copied.
    #[napi]
    pub fn read_ns(&self) -> f64 {
        self.time(|key| {
            black_box(self.direct.get(key, |item| item.value.len()));
        })
    }

    /// The whole read with the value's copy.
    #[napi]
    pub fn copy_ns(&self) -> f64 {
        let mut room = self.room.borrow_mut();
        self.time(|key| {
            self.direct.get(key, |item| {
                if let Value::Bytes(bytes) = item.value {
                    room[..bytes.len()].copy_from_slice(bytes);
                }
            });
            black_box(&room);
        })
    }
}
