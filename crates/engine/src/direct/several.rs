//! Reads and writes of several keys in one call: hashed and prefetched in batches, so that their cache misses overlap.

use super::{Direct, Operation, Ttl};
use crate::execute::{MULTI_KEY_BATCH, prefetch};
use arrayvec::ArrayVec;
use ringstone_store::{Error, Hash, Item, MAX_KEY_BYTES, NewValue};
use std::ops::ControlFlow;

/// Parts keys that are given as one string. A key that has it cannot be given so.
const KEY_SEPARATOR: u8 = 0;

/// Keys that are given as one string.
#[derive(Clone, Copy)]
pub struct JoinedKeys<'k> {
    joined: &'k [u8],
    count: usize,
}

impl<'k> JoinedKeys<'k> {
    /// `count` keys with separators between them; `None` where they are not so many, since one of them has the separator.
    pub fn new(joined: &'k [u8], count: usize) -> Option<JoinedKeys<'k>> {
        let separators = memchr::memchr_iter(KEY_SEPARATOR, joined).count();
        (separators + 1 == count).then_some(JoinedKeys { joined, count })
    }

    /// How many.
    pub fn count(self) -> usize {
        self.count
    }

    /// One after another.
    fn iter(self) -> impl Iterator<Item = &'k [u8]> {
        let mut begin = 0;
        memchr::memchr_iter(KEY_SEPARATOR, self.joined).chain([self.joined.len()]).map(move |end| {
            let key = &self.joined[begin..end];
            begin = end + 1;
            key
        })
    }
}

/// Why several operations ended before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The next key is empty or too long.
    KeyLength,
    /// The next value could not be stored.
    Store(Error),
    /// The caller has enough.
    Enough,
}

impl Direct {
    /// Goes through keys in batches whose places in memory are on their way before they are used.
    #[inline]
    fn for_each_of<'k>(
        &self,
        keys: JoinedKeys<'k>,
        mut each: impl FnMut(&'k [u8], Hash) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let store = &*self.cache.store;
        let mut keys = keys.iter();
        let mut batch = ArrayVec::<(&[u8], Hash), MULTI_KEY_BATCH>::new();
        loop {
            batch.extend(keys.by_ref().take(MULTI_KEY_BATCH).map(|key| (key, store.hash(key))));
            if batch.is_empty() {
                return Ok(());
            }
            prefetch(store, batch.iter().map(|(_, hash)| *hash));
            for (key, hash) in batch.drain(..) {
                if key.is_empty() || key.len() > MAX_KEY_BYTES {
                    return Err(Ended::KeyLength);
                }
                each(key, hash)?;
            }
        }
    }

    /// Shows what is under each key, in order, until `each` has enough: it breaks with whether it has taken this one, too. Each is a
    /// read of its own.
    pub fn get_several(
        &self,
        keys: JoinedKeys<'_>,
        mut each: impl FnMut(Option<&Item<'_>>) -> ControlFlow<bool>,
    ) -> Result<(), Ended> {
        self.counters.call(Operation::Mget);
        let (store, now_ms) = (&*self.cache.store, self.now_ms());
        self.for_each_of(keys, |key, hash| {
            let mut entry = store.entry(key, hash, now_ms);
            let found = entry.get();
            let flow = each(found.as_ref().ok());
            if flow != ControlFlow::Break(false) {
                self.counters.outcomes.read(found.map(|_| ()));
            }
            if flow.is_break() { Err(Ended::Enough) } else { Ok(()) }
        })
    }

    /// Writes a version of each key, in order, until one fails; `values` gives as many. Each is a write of its own.
    pub fn set_several<'v>(
        &self,
        keys: JoinedKeys<'_>,
        mut values: impl Iterator<Item = &'v [u8]>,
        flags: u32,
        ttl: Ttl,
    ) -> Result<(), Ended> {
        self.counters.call(Operation::Mset);
        let (store, now_ms) = (&*self.cache.store, self.now_ms());
        let attributes = self.attributes(flags, ttl, now_ms);
        self.for_each_of(keys, |key, hash| {
            let value = NewValue::Bytes(values.next().ok_or(Ended::Enough)?);
            store
                .entry(key, hash, now_ms)
                .set(value, attributes)
                .map(drop)
                .map_err(|error| Ended::Store(self.refused(error)))
        })
    }
}
