//! Counting up and down, as Redis does it.

use super::{Direct, Operation, Ttl, is_string};
use arrayvec::ArrayString;
use ringstone_protocol::resp::options::parse_i64;
use ringstone_store::{Error, NewValue, Value};

/// JavaScript's numbers are exact up to this, and down to its negative.
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// Of the longest number, with its sign.
const MAX_DIGITS: usize = 20;

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
        let mut next = count.initial;
        let updated = entry.update_value(|item| {
            next = match item.value {
                _ if !is_string(item) => return Err(CountError::WrongType),
                Value::Bytes(bytes) => parse_i64(bytes).ok_or(CountError::NotANumber)?,
                Value::Chain(_) => return Err(CountError::NotANumber),
            };
            next = sum(next, count.by)?;
            Ok(Digits::of(next))
        })?;
        let written = match updated {
            Some(written) => written,
            None => {
                next = sum(next, count.by)?;
                let attributes = self.attributes(count.flags, count.ttl, now_ms);
                entry.set(NewValue::Bytes(Digits::of(next).as_ref()), attributes)
            }
        };
        drop(entry);
        written.map(|_| next).map_err(|error| CountError::Refused(self.refused(error)))
    }
}

/// A sum that JavaScript's numbers hold exactly.
fn sum(number: i64, by: i64) -> Result<i64, CountError> {
    let sum = number.checked_add(by).ok_or(CountError::OutOfRange)?;
    if sum.unsigned_abs() > LARGEST_EXACT { Err(CountError::OutOfRange) } else { Ok(sum) }
}

/// A number in decimal digits.
struct Digits(ArrayString<MAX_DIGITS>);

impl Digits {
    fn of(number: i64) -> Digits {
        let mut digits = ArrayString::new();
        digits.push_str(itoa::Buffer::new().format(number));
        Digits(digits)
    }
}

impl AsRef<[u8]> for Digits {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
