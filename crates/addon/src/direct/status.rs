//! Why an operation has no result, as a negative number; `ts/cache/status.ts` lists the same names in the same order.

use ringstone_engine::StoreError;
use ringstone_engine::direct::{ChangeError, CountError};

/// What an operation answers if it has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// There is no such item.
    Absent = -1,
    /// The cache was closed.
    Closed = -2,
    /// The key is neither a string nor a `Uint8Array`.
    BadKey = -3,
    /// The key is empty or too long.
    KeyLength = -4,
    /// The value is neither a string nor a `Uint8Array`.
    BadValue = -5,
    /// The value is above the limit, or can never fit.
    TooLarge = -6,
    /// No room, and nothing may be evicted.
    OutOfMemory = -7,
    /// Too many values are being received at once.
    Busy = -8,
    /// The key holds a hash.
    WrongType = -9,
    /// Something that must not happen has.
    Internal = -10,
    /// The item has other flags than those of the caller's codec.
    WrongCodec = -11,
    /// The value is no number.
    NotANumber = -12,
    /// The number would leave its range.
    OutOfRange = -13,
    /// The token is no bigint of 64 bits.
    BadCas = -14,
    /// What is to be written to is no `Uint8Array`, or the offset is beyond it.
    BadTarget = -15,
    /// The value is longer than a string can be.
    LongString = -16,
    /// A value in pieces has more or fewer bytes than was said.
    SizeDiffers = -17,
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Status {
        match error {
            StoreError::TooLarge => Status::TooLarge,
            StoreError::KeyTooLong => Status::KeyLength,
            StoreError::OutOfMemory => Status::OutOfMemory,
            StoreError::TooManyReserved => Status::Busy,
        }
    }
}

impl From<ChangeError> for Status {
    fn from(error: ChangeError) -> Status {
        match error {
            ChangeError::WrongType => Status::WrongType,
            ChangeError::Refused(error) => error.into(),
        }
    }
}

impl From<CountError> for Status {
    fn from(error: CountError) -> Status {
        match error {
            CountError::WrongType => Status::WrongType,
            CountError::NotANumber => Status::NotANumber,
            CountError::OutOfRange => Status::OutOfRange,
            CountError::Refused(error) => error.into(),
        }
    }
}
