//! Values in pieces. What cannot be done is told by a number of [`Status`]. A stream that nobody ends is ended with its opening,
//! with its environment, or when it is collected.

use crate::cache::NativeCache;
use crate::direct::{Handle, Release, Status};
use napi::bindgen_prelude::{BufferSlice, Either};
use napi_derive::napi;
use ringstone_engine::MAX_KEY_BYTES;
use ringstone_engine::direct::{Direct, Ttl, Unreadable, ValueReader, ValueWriter, WriteError};
use std::cell::RefCell;
use std::rc::Rc;

impl From<WriteError> for Status {
    fn from(error: WriteError) -> Status {
        match error {
            WriteError::Store(error) => error.into(),
            WriteError::SizeDiffers => Status::SizeDiffers,
        }
    }
}

impl From<Unreadable> for Status {
    fn from(why: Unreadable) -> Status {
        match why {
            Unreadable::Absent => Status::Absent,
            Unreadable::WrongType => Status::WrongType,
        }
    }
}

/// What a stream holds, until it ends or its opening does.
struct Slot<T>(RefCell<Option<T>>);

impl<T> Release for Slot<T> {
    fn release(&self) {
        self.0.borrow_mut().take();
    }
}

impl<T: 'static> Slot<T> {
    fn new(handle: &Handle, held: T) -> Rc<Slot<T>> {
        let slot = Rc::new(Slot(RefCell::new(Some(held))));
        let weak = Rc::downgrade(&slot);
        handle.release_at_close(weak);
        slot
    }
}

/// A value that is being written.
#[napi]
pub struct NativeWriter {
    handle: Rc<Handle>,
    slot: Rc<Slot<ValueWriter>>,
}

/// A value that is being read: one version of it.
#[napi]
pub struct NativeReader {
    slot: Rc<Slot<ValueReader>>,
}

/// Runs what needs an open cache.
fn with_direct<R>(handle: &Handle, done: impl FnOnce(&Direct) -> Result<R, Status>) -> Result<R, Status> {
    done(handle.direct().as_ref().ok_or(Status::Closed)?)
}

fn check_key(key: &[u8]) -> Result<(), Status> {
    let fits = !key.is_empty() && key.len() <= MAX_KEY_BYTES;
    if fits { Ok(()) } else { Err(Status::KeyLength) }
}

/// 0, or why not.
fn answer(done: Result<(), Status>) -> i32 {
    done.map_or_else(|status| status as i32, |()| 0)
}

#[napi]
impl NativeCache {
    /// Begins a value, of so many bytes; of a negative size where that is not known. A TTL in milliseconds, 0 for never, negative
    /// for the default.
    #[napi]
    pub fn writer(&self, key: &[u8], size: f64, flags: u32, ttl_ms: f64) -> Either<NativeWriter, i32> {
        let handle = self.handle();
        let size = (size >= 0.0).then_some(size as usize);
        let begun = with_direct(handle, |direct| {
            check_key(key)?;
            let writer = direct.writer(key, size, flags, Ttl::from_ms(ttl_ms))?;
            Ok(NativeWriter { handle: Rc::clone(handle), slot: Slot::new(handle, writer) })
        });
        begun.map_or_else(|status| Either::B(status as i32), Either::A)
    }

    /// Holds the present version, to read its bytes from `start` up to `end`.
    #[napi]
    pub fn reader(&self, key: &[u8], start: f64, end: f64) -> Either<NativeReader, i32> {
        let handle = self.handle();
        let begun = with_direct(handle, |direct| {
            check_key(key)?;
            let reader = direct.reader(key, start as usize, end as usize)?;
            Ok(NativeReader { slot: Slot::new(handle, reader) })
        });
        begun.map_or_else(|status| Either::B(status as i32), Either::A)
    }
}

#[napi]
impl NativeWriter {
    /// Takes the next bytes: 0.
    #[napi]
    pub fn write(&self, bytes: &[u8]) -> i32 {
        answer(with_direct(&self.handle, |direct| {
            let mut slot = self.slot.0.borrow_mut();
            let writer = slot.as_mut().ok_or(Status::Closed)?;
            Ok(direct.write(writer, bytes)?)
        }))
    }

    /// Puts the value in place of what the key had: 0.
    #[napi]
    pub fn publish(&self) -> i32 {
        answer(with_direct(&self.handle, |direct| {
            let writer = self.slot.0.borrow_mut().take().ok_or(Status::Closed)?;
            Ok(direct.publish(writer)?)
        }))
    }

    /// Gives back what is reserved for it, if it was not published.
    #[napi]
    pub fn release(&self) {
        self.slot.release();
    }
}

#[napi]
impl NativeReader {
    /// Bytes that are still to be read.
    #[napi(getter)]
    pub fn remaining(&self) -> f64 {
        self.slot.0.borrow().as_ref().map_or(0, ValueReader::remaining) as f64
    }

    /// Copies what comes next, as much as there is room or is left; how much.
    #[napi]
    pub fn read(&self, mut target: BufferSlice<'_>) -> i64 {
        let mut slot = self.slot.0.borrow_mut();
        slot.as_mut().map_or(Status::Closed as i64, |reader| reader.read(&mut target) as i64)
    }

    /// Lets the version go.
    #[napi]
    pub fn release(&self) {
        self.slot.release();
    }
}
