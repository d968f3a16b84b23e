//! Items given to who walks through them, without a trace: nothing is counted, moved or removed.

use super::{Now, Slot, View};
use crate::entry::{Entry, Item};
use crate::index::prefetch;
use crate::item::RawItem;
use crate::random::Random;
use smallvec::SmallVec;

/// As many keys as a unit of the index has without being crowded.
const UNIT_KEYS: usize = 96;

impl View<'_, '_> {
    /// Gives the live items from a position on of the unit of the index that it belongs to. Answers with the number of items
    /// looked at and with the position to go on from, or `None` at the end of the cell.
    pub fn walk_unit(
        &mut self,
        position: u32,
        now: Now,
        give: &mut dyn FnMut(&[u8], &Item<'_>),
    ) -> (usize, Option<u32>) {
        let mut places: SmallVec<[u32; UNIT_KEYS]> = SmallVec::new();
        let next = self.index().walk_unit(position, |place| places.push(place));
        for &place in &places {
            prefetch(self.slot.address(self.pool(), place));
        }
        for &place in &places {
            self.give_from(position, self.item(place), now, give);
        }
        (places.len(), next)
    }

    fn give_from(&mut self, position: u32, item: RawItem, now: Now, give: &mut dyn FnMut(&[u8], &Item<'_>)) {
        if self.cell.is_gone(item, now).is_some() {
            return;
        }
        item.with_key(|key| {
            let hash = self.shared.hasher.hash(key);
            if (hash.0 >> 32) as u32 >= position {
                give(key, &Entry::lent(self.shared, self.cell, None, key, hash, now).shown(item));
            }
        });
    }

    /// The key of an item of the cell, each as likely as another; `None` if what was met is gone already.
    pub fn random_key(&self, random: &mut Random, now: Now) -> Option<Vec<u8>> {
        let mut at = random.below(u64::from(self.cell.index.entries()));
        for (local, meta) in self.cell.metas.iter().enumerate().filter(|(_, meta)| meta.in_use()) {
            let items = u64::from(meta.live_items);
            if at < items {
                let item = self.items_of(local as u16).nth(at as usize)?;
                return self.cell.is_gone(item, now).is_none().then(|| item.with_key(<[u8]>::to_vec));
            }
            at -= items;
        }
        None
    }

    /// Looks through the first segment in use from the cell's number `first` on for items that are not gone: answers with the
    /// key of one of them, and the number to go on from, or with `None` if there was no such segment.
    pub fn random_key_from(&self, first: usize, random: &mut Random, now: Now) -> Option<(Option<Vec<u8>>, usize)> {
        let local = first + self.cell.metas.get(first..)?.iter().position(super::SegmentMeta::in_use)?;
        let live = |item: &RawItem| self.cell.is_gone(*item, now).is_none();
        let mut found = None;
        for (met, item) in (1..).zip(self.items_of(local as u16).filter(live)) {
            if random.below(met) == 0 {
                found = Some(item);
            }
        }
        Some((found.map(|item| item.with_key(<[u8]>::to_vec)), local + 1))
    }

    /// The items of a segment in use that are in the index.
    fn items_of(&self, local: u16) -> impl Iterator<Item = RawItem> {
        let used = self.meta(local).used as usize;
        let mut offset = 0;
        std::iter::from_fn(move || {
            let item = (offset < used).then(|| self.item_at(local, offset))?;
            offset += item.bytes();
            Some(item)
        })
        .filter(|item| !item.is_dead())
    }
}

impl Slot {
    /// Whether there is nothing to be met in it. Without the lock, too: an item that was there before this is asked, and stays,
    /// is in the count all the time, for a new version counts in before the old one counts out.
    pub fn has_items(&self) -> bool {
        self.gauges.items.get() > 0
    }
}
