//! Making values longer without writing all of them anew.

use super::{Now, View};
use crate::error::Error;
use crate::hash::Hash;
use crate::item::RawItem;
use crate::observer::Change;
use crate::{Attributes, Cas};

impl View<'_, '_> {
    /// Value := value ++ parts, or parts ++ value, of a live item without a chain; in place if the rounding leaves room.
    pub fn extend_in_place(
        &mut self,
        hash: Hash,
        item: RawItem,
        bytes: &[u8],
        at_front: bool,
        now: Now,
    ) -> Option<Cas> {
        let threshold = self.pool().geometry.chain_threshold();
        if item.value_len() + bytes.len() >= threshold || item.spare_bytes() < bytes.len() {
            return None;
        }
        let cas = self.cell.next_cas();
        item.extend_value(bytes, at_front, cas, now.s);
        self.slot.gauges.key_value_bytes.add(bytes.len() as u64);
        self.slot.counters.stored.add(1);
        self.report(Change::Written, hash, item, now);
        Some(cas)
    }

    /// Value := value ++ added, of a live item with a chain. What lies in full segments stays where it is, unless a reply
    /// holds the chain: so an append costs what it adds and at most a segment, not the length of the value.
    pub fn append_large(
        &mut self,
        key: &[u8],
        hash: Hash,
        added: &[&[u8]],
        attributes: &Attributes,
        now: Now,
    ) -> Result<Cas, Error> {
        let (_, item) = self.find(key, hash).expect("the item is live");
        let length: usize = added.iter().map(|part| part.len()).sum();
        if item.chain_mut().extend_in_page(added) {
            return Ok(self.renew_large(key, hash, 0, length, now));
        }
        let unshared = item.chain().is_unshared();
        // Held, for making room may evict the item.
        let old = item.chain().clone();
        if unshared {
            let start = old.tail_start();
            let mut pieces = old.chunks_from(start).chain(added.iter().copied());
            let tail = self.body(old.len() - start + length, &mut pieces, now);
            drop(pieces);
            let tail = tail.inspect_err(|_| self.slot.counters.out_of_memory.add(1))?;
            if let Some((_, item)) = self.find(key, hash)
                && item.has_chain()
                && item.chain().is_same(&old)
            {
                drop(old);
                let before = item.extent_bytes();
                item.chain_mut().replace_tail(tail);
                return Ok(self.renew_large(key, hash, before, length, now));
            }
        }
        let chunks: Vec<&[u8]> = old.chunks().chain(added.iter().copied()).collect();
        self.write_chunks(key, hash, &chunks, attributes, now)
    }

    /// A chain that was extended by so many bytes, in place or with extents other than the bytes `before`, is a new version.
    fn renew_large(&mut self, key: &[u8], hash: Hash, before: u64, added: usize, now: Now) -> Cas {
        let (slot, item) = self.find(key, hash).expect("the item is live");
        if before > 0 {
            self.count_extents(before, item.extent_bytes());
        }
        let cas = self.cell.next_cas();
        item.renew_stub(cas, now.s);
        self.slot.gauges.key_value_bytes.add(added as u64);
        self.slot.counters.stored.add(1);
        self.count_write(slot);
        self.report(Change::Written, hash, item, now);
        cas
    }
}
