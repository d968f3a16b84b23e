//! One key under its cell's lock.

use crate::cell::{Cell, Now, Reason, Shared, Slot, Source, View};
use crate::chain::{Body, Chain};
use crate::clock::UnixMillis;
use crate::error::Error;
use crate::hash::Hash;
use crate::index::SLOT_BYTES;
use crate::item::RawItem;
use crate::lock::Others;
use crate::marks::Marks;
use crate::options::MAX_KEY_BYTES;
use crate::scratch::Copied;
use parking_lot::MutexGuard;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

/// Token of a version of an item; survives relocation. The store's own are never 0, and those of a key grow; one that was
/// given with [`Attributes`] may be any other number.
pub type Cas = u64;

/// Attributes of a new version of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// memcached's client flags.
    pub flags: u32,
    /// Absolute time of expiry, 0 = never.
    pub expires_at_ms: UnixMillis,
    /// Other than the default they take four bytes.
    pub marks: Marks,
    /// 0 for a token of the store's own; otherwise the token that this version shall show, whatever was shown before (twelve
    /// bytes more).
    pub cas: Cas,
}

/// Bytes for a new value.
pub enum NewValue<'a> {
    /// Copied; cut into extents by the store when large.
    Bytes(&'a [u8]),
    /// Received into extents beforehand; complete.
    Body(Body),
}

/// A live value under its cell's lock.
pub enum Value<'e> {
    /// In the segment.
    Bytes(&'e [u8]),
    /// In extents.
    Chain(&'e Chain),
}

impl Value<'_> {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Value::Bytes(bytes) => bytes.len(),
            Value::Chain(chain) => chain.len(),
        }
    }

    /// Whether it is of no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value in one piece, copied if it is in extents.
    pub fn contiguous(&self) -> Cow<'_, [u8]> {
        match self {
            Value::Bytes(bytes) => Cow::Borrowed(bytes),
            Value::Chain(chain) => Cow::Owned(chain.to_vec()),
        }
    }

    /// A copy in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Value::Bytes(bytes) => bytes.to_vec(),
            Value::Chain(chain) => chain.to_vec(),
        }
    }
}

/// A live item under its cell's lock.
pub struct Item<'e> {
    /// The value.
    pub value: Value<'e>,
    /// memcached's client flags.
    pub flags: u32,
    /// Token.
    pub cas: Cas,
    /// 0 = never.
    pub expires_at_ms: UnixMillis,
    /// What it is marked with.
    pub marks: Marks,
    /// Seconds since it was last read or written, before this access. Wraps after 194 days.
    pub idle_s: u32,
    /// Whether it was read since it was written, before this access.
    pub fetched: bool,
}

/// Why a key is not there, as far as the store remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Never seen, deleted or forgotten.
    Absent,
    /// Was there until its time came (found expired by this access).
    Expired,
    /// Its ghost is remembered.
    Evicted,
    /// Found older than the last flush by this access.
    Flushed,
}

/// A locked cell: locked for one entry, or one of several.
enum Held<'s> {
    Own(MutexGuard<'s, Cell>),
    Lent(&'s mut Cell, Option<Others<'s>>),
}

impl Deref for Held<'_> {
    type Target = Cell;

    #[inline]
    fn deref(&self) -> &Cell {
        match self {
            Held::Own(guard) => guard,
            Held::Lent(cell, _) => cell,
        }
    }
}

impl DerefMut for Held<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Cell {
        match self {
            Held::Own(guard) => guard,
            Held::Lent(cell, _) => cell,
        }
    }
}

/// One key under its cell's lock, until dropped. All compound operations (add, cas, incr, SET NX ...) are written with it.
pub struct Entry<'s, 'k> {
    shared: &'s Shared,
    slot: &'s Slot,
    cell: Held<'s>,
    key: &'k [u8],
    hash: Hash,
    now: Now,
    /// Reads are counted.
    counts: bool,
}

impl<'s, 'k> Entry<'s, 'k> {
    #[inline]
    pub(crate) fn own(shared: &'s Shared, key: &'k [u8], hash: Hash, now: Now) -> Entry<'s, 'k> {
        let slot = shared.slot(hash);
        Entry { shared, slot, cell: Held::Own(slot.lock(now)), key, hash, now, counts: true }
    }

    pub(crate) fn lent(
        shared: &'s Shared,
        cell: &'s mut Cell,
        others: Option<Others<'s>>,
        key: &'k [u8],
        hash: Hash,
        now: Now,
    ) -> Entry<'s, 'k> {
        Entry { shared, slot: shared.slot(hash), cell: Held::Lent(cell, others), key, hash, now, counts: true }
    }

    /// The same key, whose reads are not counted (frequency, last access), as if it had not been read.
    #[must_use]
    pub fn uncounted(mut self) -> Entry<'s, 'k> {
        self.counts = false;
        self
    }

    #[inline(always)]
    fn view(&mut self) -> View<'s, '_> {
        let (cell, others) = match &mut self.cell {
            Held::Own(guard) => (&mut **guard, None),
            Held::Lent(cell, others) => (&mut **cell, others.as_mut()),
        };
        View { shared: self.shared, slot: self.slot, cell, others }
    }

    /// What is shown of an item; what an access changes, as it was before.
    #[inline(always)]
    fn item(&self, item: RawItem, idle_s: u32, fetched: bool) -> Item<'_> {
        let (marks, cas) = item.marks_and_shown_cas();
        Item {
            value: Value::of(item),
            flags: item.flags(),
            cas,
            expires_at_ms: item.expires_at_ms(),
            marks,
            idle_s,
            fetched,
        }
    }

    /// The same of an item that is found otherwise.
    pub(crate) fn shown(&self, item: RawItem) -> Item<'_> {
        self.item(item, item.idle_s(self.now.s), item.is_fetched())
    }

    /// The live item, counted as a read (frequency, last access) unless it is [`uncounted`](Entry::uncounted).
    ///
    /// Always inlined: callers look at few of the fields, and need not have the others read.
    #[inline(always)]
    pub fn get(&mut self) -> Result<Item<'_>, Absence> {
        let (key, hash, now, counts) = (self.key, self.hash, self.now, self.counts);
        let mut view = self.view();
        match view.find_live(key, hash, now) {
            Ok((slot, raw)) => {
                let (idle_s, fetched) = (raw.idle_s(now.s), raw.is_fetched());
                if counts {
                    view.count_read(slot, raw, now);
                }
                Ok(self.item(raw, idle_s, fetched))
            }
            Err(reason) => Err(view.absence(hash, reason)),
        }
    }

    /// The live item, without counting.
    #[inline]
    pub fn peek(&self) -> Option<Item<'_>> {
        let (_, item) = self.slot.find(&self.shared.pool, &self.cell, self.key, self.hash)?;
        let there = self.cell.is_gone(item, self.now).is_none();
        there.then(|| self.shown(item))
    }

    fn live(&mut self) -> Option<RawItem> {
        let (key, hash, now) = (self.key, self.hash, self.now);
        self.view().find_live(key, hash, now).ok().map(|(_, item)| item)
    }

    fn check(&self, length: usize) -> Result<(), Error> {
        if self.key.len() > MAX_KEY_BYTES {
            return Err(Error::KeyTooLong);
        }
        self.shared.check_length(self.key.len(), length)
    }

    /// Writes a new version: in place where it fits, appended otherwise. On error the old item is as it was, unless it
    /// was evicted for the room that then did not suffice.
    ///
    /// # Panics
    /// When a body is not complete.
    pub fn set(&mut self, value: NewValue<'_>, attributes: Attributes) -> Result<Cas, Error> {
        let source = match value {
            NewValue::Bytes(bytes) => Source::Parts([bytes, &[]]),
            NewValue::Body(body) => Source::Body(body),
        };
        self.check(source.len())?;
        let (key, hash, now) = (self.key, self.hash, self.now);
        self.view().set(key, hash, source, &attributes, now)
    }

    /// Writes a new version whose value is these pieces one after another; they are copied. Errors as with `set`.
    pub fn set_pieces(&mut self, pieces: &[&[u8]], attributes: Attributes) -> Result<Cas, Error> {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        self.check(length)?;
        let (key, hash, now) = (self.key, self.hash, self.now);
        if length < self.shared.pool.geometry.chain_threshold() {
            let value = pieces.concat();
            return self.view().set(key, hash, Source::Parts([&value, &[]]), &attributes, now);
        }
        self.view().write_chunks(key, hash, pieces, &attributes, now)
    }

    /// Value := value ++ bytes; flags, expiry and kind stay, and the item is no longer stale or won. `None` when there is no live item. Of a large value only what comes
    /// after its last full segment is written, unless somebody holds its chain.
    #[expect(clippy::needless_pass_by_value, reason = "a body is given away, as with `set`")]
    pub fn append(&mut self, value: NewValue<'_>) -> Option<Result<Cas, Error>> {
        self.extend(&value, false)
    }

    /// Value := bytes ++ value. A large value is copied.
    #[expect(clippy::needless_pass_by_value, reason = "a body is given away, as with `set`")]
    pub fn prepend(&mut self, value: NewValue<'_>) -> Option<Result<Cas, Error>> {
        self.extend(&value, true)
    }

    fn extend(&mut self, value: &NewValue<'_>, at_front: bool) -> Option<Result<Cas, Error>> {
        let item = self.live()?;
        let (key, hash, now) = (self.key, self.hash, self.now);
        let added = match value {
            NewValue::Bytes(bytes) => bytes.len(),
            NewValue::Body(body) => body.len(),
        };
        if let Err(error) = self.check(item.value_len().saturating_add(added)) {
            return Some(Err(error));
        }
        let attributes = &next_attributes(item);
        if let NewValue::Bytes(bytes) = value
            && !item.has_chain()
        {
            let in_place = self.view().extend_in_place(hash, item, bytes, at_front, now);
            return Some(in_place.map_or_else(
                || {
                    let old = Copied::of(item.value());
                    let parts: [&[u8]; 2] = if at_front { [bytes, &old] } else { [&old, bytes] };
                    self.view().set(key, hash, Source::Parts(parts), attributes, now)
                },
                Ok,
            ));
        }
        let new = Pieces::of(value);
        if item.has_chain() && !at_front {
            let added: SmallVec<[&[u8]; 4]> = new.chunks().collect();
            return Some(self.view().append_large(key, hash, &added, attributes, now));
        }
        let old = Value::of(item).to_vec_or_chain();
        let (first, second) = if at_front { (&new, &old) } else { (&old, &new) };
        let chunks: Vec<&[u8]> = first.chunks().chain(second.chunks()).collect();
        Some(self.view().write_chunks(key, hash, &chunks, attributes, now))
    }

    /// New bytes, same flags, expiry and kind, neither stale nor won nor loaded (INCR). `None` when there is no live item.
    pub fn replace_value(&mut self, value: &[u8]) -> Option<Result<Cas, Error>> {
        let (key, hash, now) = (self.key, self.hash, self.now);
        let mut view = self.view();
        let old = view.find_live(key, hash, now).ok()?;
        let attributes = next_attributes(old.1);
        let in_place = view.replace_in_place(old, key, hash, value, &attributes, now);
        Some(in_place.map_or_else(|| self.set(NewValue::Bytes(value), attributes), Ok))
    }

    /// The same with bytes that depend on the live item, which is counted as a read. `Ok(None)` when there is none; what `change`
    /// refuses leaves it as it is.
    pub fn update_value<V: AsRef<[u8]>, E>(
        &mut self,
        change: impl FnOnce(&Item<'_>) -> Result<V, E>,
    ) -> Result<Option<Result<Cas, Error>>, E> {
        let (key, hash, now, counts) = (self.key, self.hash, self.now, self.counts);
        let mut view = self.view();
        let Ok(old) = view.find_live(key, hash, now) else { return Ok(None) };
        if counts {
            view.count_read(old.0, old.1, now);
        }
        let value = change(&self.shown(old.1))?;
        let attributes = next_attributes(old.1);
        let in_place = self.view().replace_in_place(old, key, hash, value.as_ref(), &attributes, now);
        Ok(Some(in_place.map_or_else(|| self.set(NewValue::Bytes(value.as_ref()), attributes), Ok)))
    }

    fn amend(&mut self, renewed: bool, change: impl FnOnce(&mut Attributes)) -> Option<Result<Cas, Error>> {
        let item = self.live()?;
        let mut attributes = item.attributes();
        change(&mut attributes);
        let (key, hash, now) = (self.key, self.hash, self.now);
        Some(self.view().amend(key, hash, item, &attributes, renewed, now))
    }

    /// Sets the time of expiry (0 = never), in place where possible; everything else stays. `None` when there is no live item.
    pub fn set_expiry(&mut self, expires_at_ms: UnixMillis) -> Option<Result<(), Error>> {
        let result = self.amend(false, |attributes| attributes.expires_at_ms = expires_at_ms)?;
        Some(result.map(drop))
    }

    /// Sets the marks, in place where possible; everything else stays. `None` when there is no live item.
    pub fn set_marks(&mut self, marks: Marks) -> Option<Result<(), Error>> {
        let result = self.amend(false, |attributes| attributes.marks = marks)?;
        Some(result.map(drop))
    }

    /// Makes the value a new version with these marks and a new token, that of the store or `cas` when it is not 0 (memcached
    /// does so when it invalidates an item); everything else stays. `None` when there is no live item.
    pub fn renew(&mut self, marks: Marks, cas: Cas) -> Option<Result<Cas, Error>> {
        self.amend(true, |attributes| (attributes.marks, attributes.cas) = (marks, cas))
    }

    /// Bytes of the budget that the item takes: itself with its key, its slot in the index, and the extents of a large value.
    pub fn memory_bytes(&self) -> Option<u64> {
        let (_, item) = self.slot.find(&self.shared.pool, &self.cell, self.key, self.hash)?;
        if self.cell.is_gone(item, self.now).is_some() {
            return None;
        }
        let extents = if item.has_chain() { item.extent_bytes() } else { 0 };
        Some((item.bytes() + SLOT_BYTES) as u64 + extents)
    }

    /// Removes; true if a live item was there.
    pub fn remove(&mut self) -> bool {
        let (key, hash, now) = (self.key, self.hash, self.now);
        let mut view = self.view();
        match view.find_live(key, hash, now) {
            Ok((slot, _)) => {
                view.remove(hash, slot, Reason::Removed, now);
                true
            }
            Err(_) => {
                view.report_nothing_removed(key, hash);
                false
            }
        }
    }
}

/// Attributes of a version that is made of a live item's value.
fn next_attributes(item: RawItem) -> Attributes {
    Attributes { marks: item.marks().of_next(), cas: 0, ..item.attributes() }
}

/// A value as pieces that outlive a move of the item.
pub(crate) enum Pieces<'a> {
    Bytes(Cow<'a, [u8]>),
    Chain(Chain),
    Body(&'a Body),
}

impl<'e> Value<'e> {
    #[inline]
    fn of(item: RawItem) -> Value<'e> {
        if item.has_chain() { Value::Chain(item.chain()) } else { Value::Bytes(item.value()) }
    }

    /// The value, safe from what happens to the item: bytes copied, a chain by reference.
    fn to_vec_or_chain(&self) -> Pieces<'static> {
        match self {
            Value::Bytes(bytes) => Pieces::Bytes(bytes.to_vec().into()),
            Value::Chain(chain) => Pieces::Chain((*chain).clone()),
        }
    }
}

impl<'a> Pieces<'a> {
    fn of(value: &'a NewValue<'_>) -> Pieces<'a> {
        match value {
            NewValue::Bytes(bytes) => Pieces::Bytes((*bytes).into()),
            NewValue::Body(body) => Pieces::Body(body),
        }
    }

    fn chunks(&self) -> Box<dyn Iterator<Item = &[u8]> + '_> {
        match self {
            Pieces::Bytes(bytes) => Box::new(std::iter::once(&**bytes)),
            Pieces::Chain(chain) => Box::new(chain.chunks()),
            Pieces::Body(body) => Box::new(body.chunks()),
        }
    }
}
