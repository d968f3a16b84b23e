//! Telling the observer what becomes of items.

use super::{Now, Reason, View};
use crate::hash::Hash;
use crate::item::{Kept, RawItem};
use crate::observer::{Change, Changed};

impl View<'_, '_> {
    /// Tells of a change of an item that is whole still, or already, if that is wanted: one load and a branch otherwise.
    #[inline]
    pub(super) fn report(&self, change: Change, hash: Hash, item: RawItem, now: Now) {
        if self.shared.observation.wants(change) {
            self.tell(change, hash, item, now);
        }
    }

    /// Tells of a version that was written, or written anew.
    #[inline]
    pub(super) fn report_version(&self, hash: Hash, place: u32, kept: Option<&Kept>, now: Now) {
        if self.shared.observation.wants_any() {
            self.report(kept.map_or(Change::Written, |kept| kept.change), hash, self.item(place), now);
        }
    }

    /// Tells of an item that goes.
    #[inline]
    pub(super) fn report_going(&self, hash: Hash, place: u32, reason: Reason, now: Now) {
        if self.shared.observation.wants_any() {
            let change = match reason {
                // Told by the version that replaces it.
                Reason::Replaced => return,
                Reason::Removed => Change::Removed,
                Reason::Expired => Change::Expired,
                Reason::Flushed => Change::Flushed,
                Reason::Evicted => Change::Evicted,
            };
            self.report(change, hash, self.item(place), now);
        }
    }

    /// Tells of a removal that found nothing.
    #[inline]
    pub fn report_nothing_removed(&self, key: &[u8], hash: Hash) {
        let change = Change::NothingRemoved;
        if self.shared.observation.wants(change) {
            let nothing = Changed {
                change,
                key,
                hash,
                value_bytes: 0,
                flags: 0,
                cas: 0,
                expires_at_ms: 0,
                idle_s: 0,
                fetched: false,
            };
            self.shared.observation.tell(&nothing);
        }
    }

    #[cold]
    fn tell(&self, change: Change, hash: Hash, item: RawItem, now: Now) {
        item.with_key(|key| {
            self.shared.observation.tell(&Changed {
                change,
                key,
                hash,
                value_bytes: item.value_len(),
                flags: item.flags(),
                cas: item.shown_cas(),
                expires_at_ms: item.expires_at_ms(),
                idle_s: item.idle_s(now.s),
                fetched: item.is_fetched(),
            });
        });
    }
}
