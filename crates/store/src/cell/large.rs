//! Large values: one more class of a cell, whose queues are lists of items, not of segments.

use super::View;
use crate::item::RawItem;

/// No stub: more than any place.
pub(super) const NO_PLACE: u32 = u32::MAX;

/// Stubs from the oldest to the newest, linked by their places.
#[derive(Clone, Copy)]
pub(super) struct LargeList {
    pub oldest: u32,
    pub newest: u32,
}

impl Default for LargeList {
    fn default() -> LargeList {
        LargeList { oldest: NO_PLACE, newest: NO_PLACE }
    }
}

impl View<'_, '_> {
    /// Counts a new stub's extents and puts it at the end of a list.
    pub(super) fn admit_large(&mut self, place: u32, queue: usize) {
        let bytes = self.item(place).extent_bytes();
        self.count_extents(0, bytes);
        self.push_large(place, queue);
    }

    /// Counts other extents in place of some.
    pub(super) fn count_extents(&mut self, out: u64, in_: u64) {
        let chain_bytes = &self.slot.gauges.chain_bytes;
        chain_bytes.set(chain_bytes.get() - out + in_);
    }

    fn push_large(&mut self, place: u32, queue: usize) {
        let stamp = self.next_stamp();
        let newest = std::mem::replace(&mut self.cell.large[queue].newest, place);
        let item = self.item(place);
        item.set_stamp(stamp);
        item.set_older(newest);
        item.set_newer(NO_PLACE);
        if newest == NO_PLACE {
            self.cell.large[queue].oldest = place;
        } else {
            self.item(newest).set_newer(place);
        }
    }

    /// To which list a stub belongs is known at its ends only; in the middle it does not matter.
    fn unlink_large(&mut self, place: u32, item: RawItem) {
        let (older, newer) = (item.older(), item.newer());
        self.set_newer_of(older, place, newer);
        self.set_older_of(newer, place, older);
    }

    /// The stub older than `place`, or else its list, goes on with `newer`.
    fn set_newer_of(&mut self, older: u32, place: u32, newer: u32) {
        if older != NO_PLACE {
            return self.item(older).set_newer(newer);
        }
        let list =
            self.cell.large.iter_mut().find(|list| list.oldest == place).expect("a stub without older is the oldest");
        list.oldest = newer;
    }

    fn set_older_of(&mut self, newer: u32, place: u32, older: u32) {
        if newer != NO_PLACE {
            return self.item(newer).set_older(older);
        }
        let list =
            self.cell.large.iter_mut().find(|list| list.newest == place).expect("a stub without newer is the newest");
        list.newest = older;
    }

    /// A stub that was copied to another place takes its old place in the list.
    pub(super) fn relink_large(&mut self, from: u32, to: u32) {
        let item = self.item(to);
        self.set_newer_of(item.older(), from, to);
        self.set_older_of(item.newer(), from, to);
    }

    /// Moves a stub to the end of a list.
    pub(super) fn requeue_large(&mut self, place: u32, queue: usize) {
        self.unlink_large(place, self.item(place));
        self.push_large(place, queue);
    }

    /// Lets go the chains of a stub that is about to be made a gap.
    pub(super) fn drop_large(&mut self, place: u32, item: RawItem) {
        self.count_extents(item.extent_bytes(), 0);
        self.unlink_large(place, item);
        let (chain, key_chain) = item.take_chains();
        chain.retire();
        if let Some(key) = key_chain {
            key.retire();
        }
    }

    /// Lets go all chains; the cell is not used afterwards.
    pub fn drop_chains(&mut self) {
        for queue in 0..self.cell.large.len() {
            let mut place = self.cell.large[queue].oldest;
            while place != NO_PLACE {
                let item = self.item(place);
                place = item.newer();
                drop(item.take_chains());
            }
        }
    }
}
