//! Every invariant of the structure, checked by walking all of it.

use super::segments::{CLASSES, NO_LOCAL};
use super::{Now, Shared, View};
use crate::chain::Chain;
use crate::options::EXTENT_PAGE_BYTES;
use std::collections::HashSet;
use std::sync::atomic::Ordering;

/// What the cells hold of the pool, summed up.
#[derive(Default)]
struct Holdings {
    segments: u32,
    whole_extents: u32,
    tail_pages: u64,
    index_pages: usize,
    seen: HashSet<u32>,
    seen_pages: HashSet<u32>,
}

/// What the walk through a cell's segments finds.
#[derive(Default)]
struct Found {
    items: u32,
    /// Of those, items that no flush has reached, the bytes of their keys and values, and how many have a time of expiry.
    unflushed: u64,
    bytes: u64,
    expiring: u64,
    extent_bytes: u64,
    stubs: HashSet<u32>,
}

impl Shared {
    /// Panics where an invariant does not hold. No other thread may be using the store, and no body be open.
    pub fn check_integrity(&self) {
        let mut holdings = Holdings::default();
        for slot in &self.slots {
            let mut cell = slot.lock(Now::at(0));
            View::of(self, slot, &mut cell).check(&mut holdings);
        }
        let outside = self.pool.reserved_bytes.load(Ordering::Relaxed) + self.pool.pinned_bytes.load(Ordering::Relaxed);
        if outside > 0 {
            return;
        }
        assert!(holdings.seen.iter().all(|&segment| !self.pool.is_free(segment)), "what is in use is not free");
        let geometry = &self.pool.geometry;
        let gauges = self.pool.gauges();
        let used = holdings.segments + holdings.whole_extents + gauges.tail_segments + gauges.index_segments;
        assert_eq!(gauges.free_segments + used, gauges.segments, "every segment is free or in one use");
        let shared_pages = u64::from(gauges.tail_segments * geometry.extent_pages());
        assert_eq!(gauges.free_tail_pages + holdings.tail_pages, shared_pages, "pages of shared segments");
        assert!(holdings.index_pages <= (gauges.index_segments * geometry.index_pages_per_segment()) as usize);
    }
}

impl View<'_, '_> {
    fn check(&mut self, holdings: &mut Holdings) {
        self.check_queues();
        let mut found = Found::default();
        for local in 0..self.cell.metas.len() as u16 {
            if self.meta(local).in_use() {
                let first = self.slot.segments[local as usize].load(Ordering::Relaxed);
                for n in 0..u16::from(self.meta(local).count) {
                    let segment = self.slot.segments[(local + n) as usize].load(Ordering::Relaxed);
                    assert_eq!(segment, first + u32::from(n), "a long segment is in one piece");
                    assert_eq!(u16::from(self.meta(local + n).part), n);
                    assert!(n == 0 || !self.meta(local + n).in_use(), "a number is used once");
                    assert!(!self.cell.locals.is_free(local + n), "a number in use is not free");
                    assert!(holdings.seen.insert(segment), "segment {segment} is in use twice");
                    holdings.segments += 1;
                }
                self.check_segment(local, &mut found, holdings);
            }
        }
        assert_eq!(found.items, self.cell.index.entries(), "items alive and items in the index");
        let slots: Vec<(u32, u32)> = self.index().slots().collect();
        assert_eq!(slots.len(), found.items as usize, "slots of the index");
        let gauges = &self.slot.gauges;
        assert_eq!((found.unflushed, found.bytes), (gauges.items.get(), gauges.key_value_bytes.get()));
        assert_eq!(found.expiring, gauges.expiring.get());
        assert_eq!(found.extent_bytes, gauges.chain_bytes.get());
        self.check_lists(&found.stubs);
        let (index_pages, ghost_pages) = (self.cell.index.pages(), self.cell.ghosts.pages());
        assert_eq!(index_pages as u64, self.slot.gauges.index_pages.get());
        assert_eq!(ghost_pages as u64, self.slot.gauges.ghost_pages.get());
        holdings.index_pages += index_pages + ghost_pages;
    }

    fn check_queues(&self) {
        let mut members = 0u64;
        for class in 0..CLASSES {
            for queue in 0..2 {
                let (mut at, mut prev) = (self.cell.queues[class][queue].head, NO_LOCAL);
                while at != NO_LOCAL {
                    let meta = self.meta(at);
                    assert!(meta.in_use() && meta.class as usize == class && meta.queue as usize == queue);
                    assert_eq!(meta.prev, prev);
                    members += u64::from(meta.count);
                    (prev, at) = (at, meta.next);
                }
                assert_eq!(self.cell.queues[class][queue].tail, prev);
            }
        }
        let in_use: u64 = self.cell.metas.iter().map(|meta| u64::from(meta.count)).sum();
        assert_eq!((members, in_use), (self.slot.gauges.segments.get(), members), "segments in queues");
        assert_eq!(self.slot.segments.len(), members as usize + self.cell.locals.free(), "numbers in use or free");
    }

    fn check_segment(&mut self, local: u16, found: &mut Found, holdings: &mut Holdings) {
        let meta = *self.meta(local);
        let (mut offset, mut items, mut live, mut hits) = (0, 0, 0, 0);
        while offset < meta.used as usize {
            let item = self.item_at(local, offset);
            if !item.is_dead() {
                let place = self.place(local, offset);
                assert_eq!(self.local(place), local, "a place is one of its segment");
                let hash = item.with_key(|key| self.shared.hasher.hash(key));
                let slot = self.index().find_place(hash, place).expect("a live item is in the index");
                let first = item.with_key(|key| self.find(key, hash)).map(|(slot, _)| slot.place());
                assert_eq!(first, Some(place), "a key is in the index once");
                let expires_at_ms = item.expires_at_ms();
                assert!(expires_at_ms == 0 || expires_at_ms >= meta.earliest_ms);
                items += 1;
                live += item.bytes();
                hits += slot.frequency();
                if item.cas() > self.cell.flush_cas {
                    found.unflushed += 1;
                    found.expiring += u64::from(item.expires_at_ms() != 0);
                    found.bytes += (item.key_len() + item.value_len()) as u64;
                }
                if item.has_chain() {
                    found.stubs.insert(place);
                    found.extent_bytes += item.extent_bytes();
                    self.check_chains(item, holdings);
                }
            }
            offset += item.bytes();
        }
        assert_eq!(offset, meta.used as usize, "items fill the segment");
        assert!(offset <= self.capacity(local));
        assert_eq!((items, live, hits), (meta.live_items, meta.live_bytes as usize, meta.hits));
        assert!(items > 0, "a segment with nothing alive is given back");
        found.items += items;
    }

    fn check_chains(&self, item: crate::item::RawItem, holdings: &mut Holdings) {
        let whole = self.segment_bytes() / EXTENT_PAGE_BYTES;
        for run in item.chains().flat_map(Chain::runs) {
            if run.pages as usize == whole {
                assert!(holdings.seen.insert(run.page / whole as u32), "an extent is in use twice");
                holdings.whole_extents += 1;
            } else {
                holdings.tail_pages += u64::from(run.pages);
                assert!((run.page..run.page + run.pages).all(|page| holdings.seen_pages.insert(page)), "a page twice");
            }
        }
    }

    fn check_lists(&self, stubs: &HashSet<u32>) {
        let mut listed = HashSet::new();
        for list in self.cell.large {
            let (mut place, mut older) = (list.oldest, super::large::NO_PLACE);
            while place != super::large::NO_PLACE {
                assert!(listed.insert(place), "a stub is in one list once");
                assert_eq!(self.item(place).older(), older);
                (older, place) = (place, self.item(place).newer());
            }
            assert_eq!(list.newest, older);
        }
        assert_eq!(&listed, stubs, "stubs alive and stubs in lists");
    }
}
