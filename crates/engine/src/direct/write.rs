//! What writes a key.

use super::{ChangeError, Direct, Operation, Ttl, is_string};
use ringstone_store::{Attributes, Cas, Entry, Error, NewValue, UnixMillis};

impl Direct {
    #[inline]
    pub(super) fn attributes(&self, flags: u32, ttl: Ttl, now_ms: UnixMillis) -> Attributes {
        Attributes { flags, expires_at_ms: self.expires_at_ms(ttl, now_ms), ..Attributes::default() }
    }

    /// Writes a version where the entry is as it is to be; whether it was.
    #[inline]
    fn write_if(
        &self,
        operation: Operation,
        key: &[u8],
        value: NewValue<'_>,
        (flags, ttl): (u32, Ttl),
        holds: impl Fn(&Entry<'_, '_>) -> bool,
    ) -> Result<bool, Error> {
        let now_ms = self.now_ms();
        let attributes = self.attributes(flags, ttl, now_ms);
        self.counters.call(operation);
        let store = &*self.cache.store;
        let hash = store.hash(key);
        let entry = || store.entry(key, hash, now_ms);
        let value = match value {
            // Room is made, and others' items may go for it, only for what is written.
            NewValue::Bytes(bytes) if bytes.len() >= store.chain_threshold() && holds(&entry()) => {
                self.received(bytes, now_ms)?
            }
            value => value,
        };
        let mut entry = entry();
        if !holds(&entry) {
            return Ok(false);
        }
        let written = entry.set(value, attributes);
        drop(entry);
        written.map(|_| true).map_err(|error| self.refused(error))
    }

    /// A large value in extents of its own, so that it is not copied while its cell is locked.
    #[cold]
    fn received<'v>(&self, bytes: &'v [u8], now_ms: UnixMillis) -> Result<NewValue<'v>, Error> {
        match self.cache.store.reserve(bytes.len(), now_ms) {
            Ok(mut body) => {
                body.fill_from(bytes);
                Ok(NewValue::Body(body))
            }
            // That bounds what is on its way; this is at hand.
            Err(Error::TooManyReserved) => Ok(NewValue::Bytes(bytes)),
            Err(error) => Err(self.refused(error)),
        }
    }

    /// Writes a version, whatever there is.
    #[inline]
    pub fn set(&self, key: &[u8], value: NewValue<'_>, flags: u32, ttl: Ttl) -> Result<(), Error> {
        self.write_if(Operation::Set, key, value, (flags, ttl), |_| true).map(drop)
    }

    /// Writes where there is no item of any kind; whether there was none.
    pub fn add(&self, key: &[u8], value: NewValue<'_>, flags: u32, ttl: Ttl) -> Result<bool, Error> {
        self.write_if(Operation::Add, key, value, (flags, ttl), |entry| entry.peek().is_none())
    }

    /// Writes where there is an item of any kind; whether there was one.
    pub fn replace(&self, key: &[u8], value: NewValue<'_>, flags: u32, ttl: Ttl) -> Result<bool, Error> {
        self.write_if(Operation::Replace, key, value, (flags, ttl), |entry| entry.peek().is_some())
    }

    /// Writes where the item is of the version of that token; whether it was.
    pub fn cas(&self, key: &[u8], value: NewValue<'_>, flags: u32, ttl: Ttl, token: Cas) -> Result<bool, Error> {
        let is_that = |entry: &Entry<'_, '_>| entry.peek().is_some_and(|item| item.cas == token);
        self.write_if(Operation::Cas, key, value, (flags, ttl), is_that)
    }

    /// Adds bytes behind the value, or before it; whether there was one. Flags and time of expiry stay.
    pub fn extend(&self, key: &[u8], bytes: &[u8], at_front: bool) -> Result<bool, ChangeError> {
        let operation = if at_front { Operation::Prepend } else { Operation::Append };
        let mut entry = self.entry(operation, key, self.now_ms());
        if entry.peek().is_some_and(|item| !is_string(&item)) {
            return Err(ChangeError::WrongType);
        }
        let value = NewValue::Bytes(bytes);
        let written = if at_front { entry.prepend(value) } else { entry.append(value) };
        drop(entry);
        self.whether(written.map(|result| result.map(drop)))
    }

    /// Sets the time of expiry of an item of any kind; whether there was one.
    pub fn touch(&self, key: &[u8], ttl: Ttl) -> Result<bool, ChangeError> {
        let now_ms = self.now_ms();
        let expires_at_ms = self.expires_at_ms(ttl, now_ms);
        let written = self.entry(Operation::Touch, key, now_ms).set_expiry(expires_at_ms);
        self.whether(written)
    }

    fn whether(&self, written: Option<Result<(), Error>>) -> Result<bool, ChangeError> {
        match written {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(error)) => Err(self.refused(error).into()),
        }
    }

    /// Removes an item of any kind; whether there was one.
    pub fn delete(&self, key: &[u8]) -> bool {
        self.entry(Operation::Delete, key, self.now_ms()).remove()
    }
}
