//! Reads and writes of several keys in one call: hashed and prefetched in batches, so that their cache misses overlap.

use super::{Direct, Ttl};
use crate::execute::{MULTI_KEY_BATCH, prefetch};
use arrayvec::ArrayVec;
use ringstone_store::{Attributes, Error, Hash, Item, MAX_KEY_BYTES, NewValue};
use std::ops::ControlFlow;

/// Parts keys that are given as one string. A key that has it cannot be given so.
pub const KEY_SEPARATOR: u8 = 0;

/// Keys that are given as one string.
#[derive(Clone, Copy)]
pub struct JoinedKeys<'k> {
    joined: &'k [u8],
    count: usize,
}

/// Why keys are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKeys {
    /// One of them has the separator: they must be given one by one.
    Ambiguous,
    /// One of them is empty or too long.
    Length,
}

impl<'k> JoinedKeys<'k> {
    /// `count` keys, at least one, with separators between them.
    pub fn new(joined: &'k [u8], count: usize) -> Result<JoinedKeys<'k>, BadKeys> {
        let (mut found, mut begin, mut fit) = (0, 0, true);
        for end in memchr::memchr_iter(KEY_SEPARATOR, joined).chain([joined.len()]) {
            fit &= (1..=MAX_KEY_BYTES).contains(&(end - begin));
            found += 1;
            begin = end + 1;
        }
        match (found == count, fit) {
            (true, true) => Ok(JoinedKeys { joined, count }),
            (true, false) => Err(BadKeys::Length),
            (false, _) => Err(BadKeys::Ambiguous),
        }
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

impl Direct {
    /// Goes through keys in batches whose places in memory are on their way before they are used.
    #[inline]
    fn for_each_of<'k>(
        &self,
        keys: JoinedKeys<'k>,
        mut each: impl FnMut(&'k [u8], Hash) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let store = &*self.cache.store;
        let mut keys = keys.iter();
        let mut batch = ArrayVec::<(&[u8], Hash), MULTI_KEY_BATCH>::new();
        loop {
            batch.extend(keys.by_ref().take(MULTI_KEY_BATCH).map(|key| (key, store.hash(key))));
            if batch.is_empty() {
                return ControlFlow::Continue(());
            }
            prefetch(store, batch.iter().map(|(_, hash)| *hash));
            for (key, hash) in batch.drain(..) {
                each(key, hash)?;
            }
        }
    }

    /// Shows what is under each key, in order, until `each` has enough; each is a read of its own.
    pub fn get_several(&self, keys: JoinedKeys<'_>, mut each: impl FnMut(Option<&Item<'_>>) -> ControlFlow<()>) {
        let (store, now_ms) = (&*self.cache.store, self.now_ms());
        let _ = self.for_each_of(keys, |key, hash| {
            let mut entry = store.entry(key, hash, now_ms);
            let found = entry.get();
            let flow = each(found.as_ref().ok());
            self.counters.outcomes.read(found.map(|_| ()));
            flow
        });
    }

    /// Writes a version of each key, in order, until one fails; `values` gives as many. Each is a write of its own.
    pub fn set_several<'v>(
        &self,
        keys: JoinedKeys<'_>,
        mut values: impl Iterator<Item = &'v [u8]>,
        flags: u32,
        ttl: Ttl,
    ) -> Result<(), Error> {
        let (store, now_ms) = (&*self.cache.store, self.now_ms());
        let attributes = Attributes { flags, expires_at_ms: self.expires_at_ms(ttl, now_ms), ..Attributes::default() };
        let mut result = Ok(());
        let _ = self.for_each_of(keys, |key, hash| {
            let Some(value) = values.next() else { return ControlFlow::Break(()) };
            match store.entry(key, hash, now_ms).set(NewValue::Bytes(value), attributes) {
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => {
                    result = Err(error);
                    ControlFlow::Break(())
                }
            }
        });
        result
    }
}
