//! The stub of a large value: an item whose value, and a very long key too, is in a chain.

use super::wide::token_bytes;
use super::{CAS_SHIFT, CHAIN, FETCHED, Head, RawItem, WIDE};
use crate::Attributes;
use crate::chain::Chain;
use std::mem::ManuallyDrop;

const STUB_CHAIN: usize = 16;
const STUB_KEY_CHAIN: usize = 24;
const STUB_STAMP: usize = 32;
const STUB_NEWER: usize = 40;
const STUB_OLDER: usize = 44;
pub(super) const STUB_FLAGS: usize = 48;
pub(super) const STUB_EXPIRY: usize = 52;
pub(super) const STUB_BYTES: usize = 60;

/// Bytes of an item with its value in a chain, and its key too unless `key_inline` says otherwise, with so many bytes of token
/// to be shown.
pub(crate) fn stub_bytes(key: usize, key_inline: bool, shown_bytes: usize) -> usize {
    (STUB_BYTES + shown_bytes + if key_inline { key } else { 0 }).next_multiple_of(align_of::<Chain>())
}

/// Bytes of a new stub, as `stub_bytes`.
pub(crate) fn new_stub_bytes(key: usize, key_inline: bool, attributes: &Attributes) -> usize {
    stub_bytes(key, key_inline, token_bytes(attributes.cas))
}

impl RawItem {
    fn chain_at<'a>(self, offset: usize) -> &'a Chain {
        debug_assert!(self.has_chain());
        // SAFETY: a stub holds a chain here, at a multiple of 8, until it is taken out; `at` bounds the use.
        unsafe { &*self.0.add(offset).cast::<Chain>() }
    }

    #[inline]
    pub fn chain<'a>(self) -> &'a Chain {
        self.chain_at(STUB_CHAIN)
    }

    /// The chain of a stub, to be extended. Nothing that was lent of it is in use.
    pub fn chain_mut<'a>(self) -> &'a mut Chain {
        debug_assert!(self.has_chain());
        // SAFETY: as for `chain_at`; the lock makes the access exclusive.
        unsafe { &mut *self.0.add(STUB_CHAIN).cast::<Chain>() }
    }

    /// A stub whose chain was extended is a new version.
    pub fn renew_stub(self, cas: u64, now_s: u32) {
        self.set_version(0, cas, now_s);
    }

    pub(super) fn key_chain<'a>(self) -> &'a Chain {
        self.chain_at(STUB_KEY_CHAIN)
    }

    /// Both chains of a stub: the value's, and the key's if it has one.
    #[cfg(any(test, debug_assertions))]
    pub fn chains<'a>(self) -> impl Iterator<Item = &'a Chain> {
        std::iter::once(self.chain()).chain(self.has(WIDE).then(|| self.key_chain()))
    }

    /// Bytes of the extents of a stub.
    pub fn extent_bytes(self) -> u64 {
        let key = if self.has(WIDE) { self.key_chain().extent_bytes() } else { 0 };
        self.chain().extent_bytes() + key
    }

    /// Writes a whole stub, not yet linked into a list. The chains move into it.
    pub fn write_stub(self, head: &Head<'_>, chain: Chain, key_chain: Option<Chain>) {
        let kinds = CHAIN | (WIDE * u64::from(key_chain.is_some())) | (FETCHED * u64::from(head.fetched));
        self.store(0, kinds | head.cas << CAS_SHIFT);
        self.store(8, head.access_s);
        self.write_wide(head.key.len(), head.attributes);
        self.store(STUB_FLAGS, head.attributes.flags);
        self.store(STUB_EXPIRY, head.attributes.expires_at_ms);
        match key_chain {
            // SAFETY: as for `store`; the address is a multiple of 8.
            Some(key) => unsafe { self.0.add(STUB_KEY_CHAIN).cast::<Chain>().write(key) },
            None => self.copy_in(self.key_offset(), head.key),
        }
        // SAFETY: as above.
        unsafe { self.0.add(STUB_CHAIN).cast::<Chain>().write(chain) };
    }

    /// Whether a stub can be given a value with these attributes.
    pub fn has_room_for_token(self, attributes: &Attributes) -> bool {
        attributes.cas == 0 || self.shown_bytes() > 0
    }

    /// Gives a stub, which has room for the head's token, another value; returns the old one.
    pub fn replace_chain(self, head: &Head<'_>, chain: Chain) -> Chain {
        self.store(0, self.word() & (CHAIN | WIDE) | head.cas << CAS_SHIFT);
        self.store(8, head.access_s);
        self.store(STUB_FLAGS, head.attributes.flags);
        let room = self.amend(head.cas, head.attributes);
        debug_assert!(room, "a stub has room for all but a token");
        // SAFETY: as for `chain_at`, and the lock makes the access exclusive.
        unsafe { self.0.add(STUB_CHAIN).cast::<Chain>().replace(chain) }
    }

    pub fn stamp(self) -> f64 {
        self.load(STUB_STAMP)
    }

    pub fn set_stamp(self, stamp: f64) {
        self.store(STUB_STAMP, stamp);
    }

    /// Place of the next newer stub of its list.
    pub fn newer(self) -> u32 {
        self.load(STUB_NEWER)
    }

    pub fn set_newer(self, place: u32) {
        self.store(STUB_NEWER, place);
    }

    /// Place of the next older stub of its list.
    pub fn older(self) -> u32 {
        self.load(STUB_OLDER)
    }

    pub fn set_older(self, place: u32) {
        self.store(STUB_OLDER, place);
    }

    /// Takes the chains out of a stub, which must be made dead, or forgotten, at once.
    pub fn take_chains(self) -> (Chain, Option<Chain>) {
        // SAFETY: the stub holds the chains; the caller does not use it as a stub again.
        let take = |offset| unsafe { self.0.add(offset).cast::<ManuallyDrop<Chain>>().read() };
        let key = self.has(WIDE).then(|| ManuallyDrop::into_inner(take(STUB_KEY_CHAIN)));
        (ManuallyDrop::into_inner(take(STUB_CHAIN)), key)
    }
}
