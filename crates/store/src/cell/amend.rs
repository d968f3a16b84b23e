//! Changing what an item is beside its value.

use super::{Now, Source, View};
use crate::error::Error;
use crate::hash::Hash;
use crate::item::{Kept, RawItem};
use crate::observer::Change;
use crate::scratch::Copied;
use crate::{Attributes, Cas};

impl View<'_, '_> {
    /// Gives a live item other attributes (but flags); value, last access and whether it was read stay, the token too unless
    /// it is to be `renewed`. The item is written anew if it has no room for what it did not have before.
    pub fn amend(
        &mut self,
        key: &[u8],
        hash: Hash,
        item: RawItem,
        attributes: &Attributes,
        renewed: bool,
        now: Now,
    ) -> Result<Cas, Error> {
        let (cas, change) =
            if renewed { (self.cell.next_cas(), Change::Written) } else { (item.cas(), Change::Touched) };
        let old_ms = item.expires_at_ms();
        if item.amend(cas, attributes) {
            self.count_expiry(old_ms, attributes.expires_at_ms);
            let place = self.find(key, hash).map(|(slot, _)| slot.place());
            let local = self.local(place.expect("the item is live"));
            self.meta_mut(local).expires(attributes.expires_at_ms);
            self.report(change, hash, item, now);
            return Ok(item.shown_cas());
        }
        let kept = Kept { cas, access_s: item.access_s(), fetched: item.is_fetched(), change };
        if item.has_chain() {
            // Held, for making room may evict the item.
            let old = item.chain().clone();
            let body = self.body(old.len(), &mut old.chunks(), now);
            let body = body.inspect_err(|_| self.slot.counters.out_of_memory.add(1))?;
            drop(old);
            return self.write(key, hash, Source::Body(body), attributes, Some(&kept), now);
        }
        let value = Copied::of(item.value());
        self.write(key, hash, Source::Parts([&value, &[]]), attributes, Some(&kept), now)
    }
}
