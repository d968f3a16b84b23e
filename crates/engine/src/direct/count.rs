//! Counting up and down, as Redis does it.

use super::{Direct, Operation, Ttl, is_string};
use ringstone_protocol::resp::options::parse_i64;
use ringstone_store::{Attributes, Error, NewValue, Value};

/// JavaScript's numbers are exact up to this, and down to its negative.
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// What to count.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// Added to the number.
    pub by: i64,
    /// The number of an item that is not there yet, before that.
    pub initial: i64,
    /// Of an item that is made.
    pub flags: u32,
    /// Of an item that is made; one that is there keeps its time of expiry.
    pub ttl: Ttl,
}

/// Why nothing was counted; the item is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountError {
    /// The key holds a hash.
    WrongType,
    /// The value is not a signed number of 64 bits in decimal digits.
    NotANumber,
    /// The result is beyond what JavaScript's numbers hold exactly.
    OutOfRange,
    /// The store refused.
    Refused(Error),
}

impl Direct {
    /// Adds to the number that is there, or to `initial`, and gives the result.
    pub fn incr(&self, key: &[u8], count: &Count) -> Result<i64, CountError> {
        let now_ms = self.now_ms();
        let mut entry = self.entry(Operation::Incr, key, now_ms);
        let current = match entry.get() {
            Err(_) => None,
            Ok(item) if !is_string(&item) => return Err(CountError::WrongType),
            Ok(item) => match item.value {
                Value::Bytes(bytes) => Some(parse_i64(bytes).ok_or(CountError::NotANumber)?),
                Value::Chain(_) => return Err(CountError::NotANumber),
            },
        };
        let next = current.unwrap_or(count.initial).checked_add(count.by).ok_or(CountError::OutOfRange)?;
        if next.unsigned_abs() > LARGEST_EXACT {
            return Err(CountError::OutOfRange);
        }
        let mut digits = itoa::Buffer::new();
        let value = digits.format(next).as_bytes();
        let kept = if current.is_some() { entry.replace_value(value) } else { None };
        let written = kept.unwrap_or_else(|| {
            let expires_at_ms = self.expires_at_ms(count.ttl, now_ms);
            entry.set(NewValue::Bytes(value), Attributes { flags: count.flags, expires_at_ms, ..Attributes::default() })
        });
        drop(entry);
        written.map(|_| next).map_err(|error| CountError::Refused(self.refused(error)))
    }
}
