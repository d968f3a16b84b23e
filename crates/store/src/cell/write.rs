//! Writing versions of items.

use super::segments::{STUBS, class_of};
use super::{MAIN, Now, PROBATION, Reason, View};
use crate::chain::{Body, Chain, Gathering};
use crate::error::Error;
use crate::hash::Hash;
use crate::index::SlotRef;
use crate::item::{Head, Kept, RawItem, new_stub_bytes, new_wide_bytes, small_bytes};
use crate::options::Eviction;
use crate::{Attributes, Cas};

/// Units of an index that an insert moves while the index grows.
const UNITS_MOVED: usize = 1;
/// Overflow lines that one insert may need.
const OVERFLOW_LINES: usize = 2;
/// Attempts to make room before a write is refused, per segment of the arena: each frees something or uses up a read.
const ROUNDS_PER_SEGMENT: u32 = 64;

/// Where the bytes of a new value are.
pub(crate) enum Source<'a> {
    /// In one or two parts.
    Parts([&'a [u8]; 2]),
    /// In extents already.
    Body(Body),
}

impl Source<'_> {
    pub fn len(&self) -> usize {
        match self {
            Source::Parts(parts) => parts[0].len() + parts[1].len(),
            Source::Body(body) => body.len(),
        }
    }
}

/// What is written.
struct Version<'v> {
    value: [&'v [u8]; 2],
    attributes: &'v Attributes,
    /// What stays of the old version, if it is the same with another place.
    kept: Option<&'v Kept>,
}

impl<'a> View<'a, '_> {
    /// Writes a new version: in place where it fits, appended otherwise.
    pub fn set(
        &mut self,
        key: &[u8],
        hash: Hash,
        source: Source<'_>,
        attributes: &Attributes,
        now: Now,
    ) -> Result<Cas, Error> {
        self.write(key, hash, source, attributes, None, now)
    }

    /// Writes a version, a new one or, with what is `kept`, the same.
    pub fn write(
        &mut self,
        key: &[u8],
        hash: Hash,
        source: Source<'_>,
        attributes: &Attributes,
        kept: Option<&Kept>,
        now: Now,
    ) -> Result<Cas, Error> {
        let threshold = self.pool().geometry.chain_threshold();
        let long_key = key.len() > threshold;
        let result = match source {
            Source::Parts(parts) if !long_key && parts[0].len() + parts[1].len() < threshold => {
                self.write_small(key, hash, parts, attributes, kept, now)
            }
            Source::Parts(parts) => {
                let length = parts[0].len() + parts[1].len();
                self.body(length, &mut parts.iter().copied(), now)
                    .and_then(|body| self.write_large(key, hash, body.into_chain(), attributes, kept, now))
            }
            Source::Body(body) if !long_key && body.len() < threshold => {
                let copy = body.chunks().collect::<Vec<_>>().concat();
                self.write_small(key, hash, [&copy, &[]], attributes, kept, now)
            }
            Source::Body(body) => self.write_large(key, hash, body.into_chain(), attributes, kept, now),
        };
        match result {
            // What is written anew only for want of room is not a new version.
            Ok(_) => self.slot.counters.stored.add(u64::from(kept.is_none())),
            Err(_) => self.slot.counters.out_of_memory.add(1),
        }
        result
    }

    /// Writes a new version of several chunks.
    pub fn write_chunks(
        &mut self,
        key: &[u8],
        hash: Hash,
        chunks: &[&[u8]],
        attributes: &Attributes,
        now: Now,
    ) -> Result<Cas, Error> {
        if let [first, second] = *chunks {
            return self.set(key, hash, Source::Parts([first, second]), attributes, now);
        }
        let length = chunks.iter().map(|chunk| chunk.len()).sum();
        let body = self.body(length, &mut chunks.iter().copied(), now);
        let body = body.inspect_err(|_| self.slot.counters.out_of_memory.add(1))?;
        self.set(key, hash, Source::Body(body), attributes, now)
    }

    /// A value of parts, copied into extents.
    pub fn body(&mut self, length: usize, parts: &mut dyn Iterator<Item = &[u8]>, now: Now) -> Result<Body, Error> {
        let mut gathering = Gathering::new(&self.shared.pool, length);
        while !gathering.take() {
            if !self.reclaim(now) {
                return Err(Error::OutOfMemory);
            }
        }
        let mut body = gathering.finish();
        for part in parts {
            body.fill_from(part);
        }
        Ok(body)
    }

    fn head<'k>(&mut self, key: &'k [u8], attributes: &'k Attributes, kept: Option<&Kept>, now: Now) -> Head<'k> {
        let (cas, access_s, fetched) = match kept {
            None => (self.cell.next_cas(), now.s, false),
            Some(kept) => (kept.cas, kept.access_s, kept.fetched),
        };
        Head { key, cas, access_s, fetched, wide_bytes: 0, attributes }
    }

    fn write_small(
        &mut self,
        key: &[u8],
        hash: Hash,
        value: [&[u8]; 2],
        attributes: &Attributes,
        kept: Option<&Kept>,
        now: Now,
    ) -> Result<Cas, Error> {
        let length = value[0].len() + value[1].len();
        let old = self.find_live(key, hash, now).ok();
        if let Some(old) = old
            && let Some(cas) = self.write_over(old, key, hash, &Version { value, attributes, kept }, now)
        {
            return Ok(cas);
        }
        let wide_bytes = new_wide_bytes(key.len(), attributes);
        let bytes = small_bytes(key.len(), length, wide_bytes, attributes);
        let queue = old.map(|(slot, _)| self.queue_of(slot));
        let queue = self.prepare(hash, queue, now)?;
        let class = if self.shared.options.eviction == Eviction::S3Fifo { class_of(bytes) } else { 0 };
        let local = self.ensure_room(class, queue, bytes, now)?;
        let head = Head { wide_bytes, ..self.head(key, attributes, kept, now) };
        let place = self.append(local, bytes, 0, attributes.expires_at_ms);
        self.item(place).write_small(&head, value);
        self.count_in((key.len() + length) as u64, attributes);
        let replaced = self.publish(key, hash, place);
        // What was evicted for its own room is there again.
        self.report_version(hash, place, kept.filter(|_| replaced), now);
        Ok(head.shown_cas())
    }

    /// Writes a new version of an item that was found, if it fits in its place.
    pub fn replace_in_place(
        &mut self,
        old: (SlotRef<'a>, RawItem),
        key: &[u8],
        hash: Hash,
        value: &[u8],
        attributes: &Attributes,
        now: Now,
    ) -> Option<Cas> {
        if value.len() >= self.pool().geometry.chain_threshold() {
            return None;
        }
        let version = Version { value: [value, &[]], attributes, kept: None };
        let cas = self.write_over(old, key, hash, &version, now)?;
        self.slot.counters.stored.add(1);
        Some(cas)
    }

    #[inline]
    fn write_over(
        &mut self,
        (slot, item): (SlotRef<'a>, RawItem),
        key: &[u8],
        hash: Hash,
        &Version { value, attributes, kept }: &Version<'_>,
        now: Now,
    ) -> Option<Cas> {
        let wide_bytes = new_wide_bytes(key.len(), attributes);
        let bytes = small_bytes(key.len(), value[0].len() + value[1].len(), wide_bytes, attributes);
        if item.has_chain() || bytes > item.bytes() {
            return None;
        }
        let head = Head { wide_bytes, ..self.head(key, attributes, kept, now) };
        self.overwrite(slot, item, bytes, &head, value);
        self.report_version(hash, slot.place(), kept, now);
        Some(head.shown_cas())
    }

    /// Writes a version over the old one, which is at least as long; what is left becomes a gap.
    fn overwrite(&mut self, slot: SlotRef<'a>, item: RawItem, bytes: usize, head: &Head<'_>, value: [&[u8]; 2]) {
        let old_bytes = item.bytes();
        let old_length = (item.key_len() + item.value_len()) as u64;
        self.count_expiry(item.expires_at_ms(), head.attributes.expires_at_ms);
        item.write_small(head, value);
        self.shrink(slot.place(), item, old_bytes, bytes);
        self.slot.gauges.key_value_bytes.add((item.key_len() + item.value_len()) as u64);
        self.slot.gauges.key_value_bytes.sub(old_length);
        let local = self.local(slot.place());
        self.meta_mut(local).expires(head.attributes.expires_at_ms);
        self.count_write(slot);
    }

    /// For LRU a write is an access like any other.
    pub(super) fn count_write(&mut self, slot: SlotRef<'a>) {
        if self.shared.options.eviction == Eviction::Lru && slot.frequency() == 0 {
            self.set_frequency(slot, 1);
        }
    }

    fn shrink(&mut self, place: u32, item: RawItem, old_bytes: usize, bytes: usize) {
        if bytes < old_bytes {
            item.after(bytes).make_dead(old_bytes - bytes);
            let local = self.local(place);
            self.meta_mut(local).live_bytes -= (old_bytes - bytes) as u32;
        }
    }

    fn write_large(
        &mut self,
        key: &[u8],
        hash: Hash,
        chain: Chain,
        attributes: &Attributes,
        kept: Option<&Kept>,
        now: Now,
    ) -> Result<Cas, Error> {
        let old = self.find_live(key, hash, now).ok();
        if let Some((slot, item)) = old
            && item.has_chain()
            && item.has_room_for_token(attributes)
        {
            let head = self.head(key, attributes, kept, now);
            self.slot.gauges.key_value_bytes.add(chain.len() as u64);
            self.count_expiry(item.expires_at_ms(), attributes.expires_at_ms);
            let before = item.extent_bytes();
            let old_chain = item.replace_chain(&head, chain);
            self.slot.gauges.key_value_bytes.sub(old_chain.len() as u64);
            old_chain.retire();
            self.count_extents(before, item.extent_bytes());
            let local = self.local(slot.place());
            self.meta_mut(local).expires(head.attributes.expires_at_ms);
            self.count_write(slot);
            self.report_version(hash, slot.place(), kept, now);
            return Ok(head.shown_cas());
        }
        // Asked before anything makes room: that may evict the old version, and the slot is another's then.
        let queue = old.map(|(slot, _)| self.queue_of(slot));
        let key_inline = key.len() <= self.pool().geometry.chain_threshold();
        let key_body = if key_inline { None } else { Some(self.body(key.len(), &mut [key].into_iter(), now)?) };
        let bytes = new_stub_bytes(key.len(), key_inline, attributes);
        let queue = self.prepare(hash, queue, now)?;
        let local = self.ensure_room(STUBS, PROBATION, bytes, now)?;
        let head = self.head(key, attributes, kept, now);
        let place = self.append(local, bytes, 0, attributes.expires_at_ms);
        self.count_in((key.len() + chain.len()) as u64, attributes);
        self.item(place).write_stub(&head, chain, key_body.map(Body::into_chain));
        self.admit_large(place, queue);
        let replaced = self.publish(key, hash, place);
        // What was evicted for its own room is there again.
        self.report_version(hash, place, kept.filter(|_| replaced), now);
        Ok(head.shown_cas())
    }

    /// Counts a new version in, of so many bytes of key and value; the old one is counted out when it is buried.
    fn count_in(&mut self, bytes: u64, attributes: &Attributes) {
        self.slot.gauges.items.add(1);
        self.slot.gauges.key_value_bytes.add(bytes);
        self.count_expiry(0, attributes.expires_at_ms);
    }

    /// Counts an item that is given, or loses, a time of expiry.
    #[inline]
    pub(super) fn count_expiry(&mut self, old_ms: u64, new_ms: u64) {
        match (old_ms != 0, new_ms != 0) {
            (false, true) => self.slot.gauges.expiring.add(1),
            (true, false) => self.slot.gauges.expiring.sub(1),
            _ => {}
        }
    }

    /// Points the index at a version that was written; the old one becomes a gap.
    /// True if it was there.
    fn publish(&mut self, key: &[u8], hash: Hash, place: u32) -> bool {
        // The old one may have been moved or evicted while room was made.
        let Some((slot, _)) = self.find(key, hash) else {
            self.index().insert(hash, place, 0);
            return false;
        };
        let (old, frequency) = (slot.place(), slot.frequency());
        slot.set_place(place);
        let local = self.local(place);
        self.meta_mut(local).hits += frequency;
        self.make_gap(old, frequency, Reason::Replaced);
        self.release_if_empty(self.local(old));
        self.count_write(slot);
        true
    }

    /// Gets the index ready for one key more and says which queue the new version belongs to, by that of the old one.
    fn prepare(&mut self, hash: Hash, queue: Option<usize>, now: Now) -> Result<usize, Error> {
        self.prepare_index(hash, now)?;
        if self.shared.options.eviction != Eviction::S3Fifo {
            return Ok(PROBATION);
        }
        self.grow_ghosts(now);
        let remembered = queue.is_none() && self.cell.ghosts.remove(hash, &self.shared.pool);
        Ok(queue.unwrap_or(if remembered { MAIN } else { PROBATION }))
    }

    /// The queue of an item; of a large one it is not known, and it was in the store before, so it is not on probation.
    fn queue_of(&self, slot: SlotRef<'a>) -> usize {
        let meta = self.meta(self.local(slot.place()));
        if meta.class as usize == STUBS { MAIN } else { meta.queue as usize }
    }

    fn prepare_index(&mut self, hash: Hash, now: Now) -> Result<(), Error> {
        for _ in 0..UNITS_MOVED {
            let keys = self.keys();
            if self.index().is_growing() && !self.index().move_unit(&keys) {
                let page = self.index_page(now)?;
                self.add_overflow_page(page);
            }
        }
        self.grow_index(now)?;
        if self.index().needs_overflow(hash) {
            let keys = self.keys();
            self.index().tidy_unit(hash, &keys);
        }
        while self.index().needs_overflow(hash) && self.index().free_overflow() < OVERFLOW_LINES {
            let page = self.index_page(now)?;
            self.add_overflow_page(page);
        }
        Ok(())
    }

    fn add_overflow_page(&mut self, page: u32) {
        self.index().add_overflow_page(page);
        self.slot.gauges.index_pages.add(1);
    }

    fn grow_index(&mut self, now: Now) -> Result<(), Error> {
        let items = u64::from(self.cell.index.entries());
        let used: u64 = self.slot.gauges.segments.get() * self.segment_bytes() as u64;
        let room = self.pool().cell_share_bytes().saturating_sub(self.slot.gauges.chain_bytes.get());
        // What the cell will hold when it is full of items such as it holds now, each with its part of index and ghosts.
        let expected = room / (used / items.max(1) + 8);
        let wanted = self.index().pages_wanted(expected);
        for n in 0..wanted {
            match self.index_page(now) {
                Ok(page) => {
                    self.index().add_line_page(page);
                    self.slot.gauges.index_pages.add(1);
                }
                // With one page there is an index; that it is crowded only makes it slower.
                Err(_) if n > 0 || self.cell.index.pages() > 0 => break,
                Err(error) => return Err(error),
            }
        }
        if wanted > 0 {
            self.index().start_growth();
        }
        Ok(())
    }

    /// A page for the index, with room made for it if need be.
    fn index_page(&mut self, now: Now) -> Result<u32, Error> {
        self.retry(now, |view| view.pool().take_index_page())
    }

    /// As many ghosts as items, once anything is evicted; fewer while there is no page for them.
    fn grow_ghosts(&mut self, now: Now) {
        if self.cell.inflation == 0.0 {
            return;
        }
        let wanted = self.cell.ghosts.pages_wanted(self.cell.index.entries(), &self.shared.pool);
        if wanted == 0 {
            return;
        }
        let pages: Vec<u32> = (0..wanted).map_while(|_| self.index_page(now).ok()).collect();
        self.cell.ghosts.grow(&pages, &self.shared.pool);
        self.slot.gauges.ghost_pages.add(pages.len() as u64);
    }

    /// The open segment of a queue, with room for so many bytes.
    fn ensure_room(&mut self, class: usize, queue: usize, bytes: usize, now: Now) -> Result<u16, Error> {
        let found = self.retry(now, |view| {
            if let Some(local) = view.open_with_room(class, queue, bytes) {
                return Some(local);
            }
            if let Some(local) = view.fold(class, queue, bytes, false) {
                return Some(local);
            }
            view.open_for(class, queue, bytes)
        });
        match found {
            Err(error) => self.fold(class, queue, bytes, true).ok_or(error),
            found => found,
        }
    }

    fn retry<T>(&mut self, now: Now, mut attempt: impl FnMut(&mut Self) -> Option<T>) -> Result<T, Error> {
        for _ in 0..self.pool().geometry.segments.saturating_mul(ROUNDS_PER_SEGMENT) {
            if let Some(done) = attempt(self) {
                return Ok(done);
            }
            let made = if self.can_open() { self.reclaim(now) } else { self.reclaim_own(now) };
            if !made {
                break;
            }
        }
        Err(Error::OutOfMemory)
    }
}
