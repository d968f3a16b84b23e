//! What goes because its time has come: by the sweep, and by flush.

use super::{Cell, Now, Slot, View};

/// A segment is compacted by the sweep when this part of what was appended to it is dead.
const DEAD_PART: usize = 2;

impl View<'_, '_> {
    /// Removes what is expired or flushed from a segment, if anything can be; true if something went.
    pub(super) fn sweep_segment(&mut self, local: u16, now: Now) -> bool {
        let meta = *self.meta(local);
        if !meta.in_use() || meta.earliest_ms > now.ms {
            return false;
        }
        let mut earliest_ms = u64::MAX;
        let mut offset = 0;
        while offset < meta.used as usize {
            let item = self.item_at(local, offset);
            let bytes = item.bytes();
            if !item.is_dead() {
                match self.cell.is_gone(item, now) {
                    Some(reason) => {
                        let hash = item.with_key(|key| self.shared.hasher.hash(key));
                        let place = self.place(local, offset);
                        let slot = self.index().find_place(hash, place).expect("a live item is in the index");
                        let frequency = slot.frequency();
                        self.index().remove(hash, slot);
                        self.bury(hash, place, frequency, reason, now);
                    }
                    None if item.expires_at_ms() != 0 => earliest_ms = earliest_ms.min(item.expires_at_ms()),
                    None => {}
                }
            }
            offset += bytes;
        }
        let after = self.meta_mut(local);
        after.earliest_ms = earliest_ms;
        let went = after.live_items < meta.live_items;
        if after.live_items == 0 {
            self.release_if_empty(local);
        } else if went && after.dead_bytes() * DEAD_PART > meta.used as usize {
            self.compact_segment(local, now);
        }
        went
    }

    /// Sweeps the first segment with something to go from the cell's number `first` on. Answers with the number to go on
    /// from, or with `None` if there was no such segment.
    pub fn sweep(&mut self, first: usize, now: Now) -> Option<usize> {
        let due = |meta: &super::SegmentMeta| meta.in_use() && meta.earliest_ms <= now.ms;
        let local = first + self.cell.metas.get(first..)?.iter().position(due)?;
        self.sweep_segment(local as u16, now);
        Some(local + 1)
    }

    /// Sweeps the whole cell; true if something went.
    pub(super) fn sweep_all(&mut self, now: Now) -> bool {
        let mut went = false;
        for local in 0..self.cell.metas.len() {
            went |= self.sweep_segment(local as u16, now);
        }
        went
    }
}

impl Slot {
    /// Flushes now, or when a later time comes.
    pub fn flush_at(&self, cell: &mut Cell, at_ms: u64, now_ms: u64) {
        if at_ms <= now_ms {
            self.flush(cell);
        } else {
            // The next operation after it does so first.
            cell.flush_at_ms = at_ms;
        }
    }

    /// All versions written so far are gone. The sweep looks at every segment again.
    pub fn flush(&self, cell: &mut Cell) {
        cell.flush_cas = cell.cas;
        cell.flush_at_ms = u64::MAX;
        cell.metas.iter_mut().for_each(|meta| meta.earliest_ms = 0);
        self.gauges.items.set(0);
        self.gauges.key_value_bytes.set(0);
        self.gauges.expiring.set(0);
    }
}
