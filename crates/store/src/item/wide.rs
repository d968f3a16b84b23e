//! The word that few items have: the length of a long key, and what the item is marked with.
//!
//! ```text
//! u32  length of the key (24 bits) | marks (3) | a token to be shown follows (1) | a mark (1)
//! ```
//!
//! A stub always has the word, so its marks cost nothing; its shown token lies before its key.

use super::stub::STUB_BYTES;
use super::{CAS_SHIFT, CHAIN, HEADER_BYTES, MAX_SHORT_KEY, RawItem, WIDE};
use crate::Attributes;
use crate::marks::{MARKS_MASK, Marks};

const KEY_BITS: u32 = 24;
/// Of the bits above the key's length, one that is no mark.
const TOKEN: u32 = 8;
const TOKEN_BYTES: usize = 8;
pub(super) const WORD_BYTES: usize = 4;

/// Bytes that the token to be shown takes.
pub(super) fn token_bytes(shown: u64) -> usize {
    TOKEN_BYTES * usize::from(shown != 0)
}

/// Bytes of the word and the token, of a new item without a chain.
#[inline]
pub(crate) fn new_wide_bytes(key: usize, attributes: &Attributes) -> usize {
    let plain = key <= MAX_SHORT_KEY && attributes.marks.bits() == 0 && attributes.cas == 0;
    if plain { 0 } else { WORD_BYTES + token_bytes(attributes.cas) }
}

impl RawItem {
    #[inline]
    pub(super) fn is_wide(self) -> bool {
        self.has(WIDE | CHAIN)
    }

    /// What the word says above the key's length, 0 where there is none.
    fn wide_bits(self) -> u32 {
        if self.is_wide() { self.load::<u32>(HEADER_BYTES) >> KEY_BITS } else { 0 }
    }

    /// To be asked only of items that have the word.
    #[inline]
    pub(super) fn wide_key_len(self) -> usize {
        self.load::<u32>(HEADER_BYTES) as usize & ((1 << KEY_BITS) - 1)
    }

    /// Bytes of the word and of the token that may follow it, of an item without a chain that has the word. Few have, so it is
    /// not to be in the way of the others.
    #[cold]
    pub(super) fn wide_bytes(self) -> usize {
        WORD_BYTES + self.shown_bytes()
    }

    /// Bytes of the token to be shown, where there is one.
    pub(super) fn shown_bytes(self) -> usize {
        TOKEN_BYTES * usize::from(self.wide_bits() & TOKEN != 0)
    }

    fn shown_offset(self) -> usize {
        if self.has_chain() { STUB_BYTES } else { HEADER_BYTES + WORD_BYTES }
    }

    /// Writes the word and the token, of an item whose kinds are written.
    #[cold]
    pub(super) fn write_wide(self, key_len: usize, attributes: &Attributes) {
        let token = TOKEN * u32::from(attributes.cas != 0);
        self.store(HEADER_BYTES, key_len as u32 | (attributes.marks.bits() | token) << KEY_BITS);
        if attributes.cas != 0 {
            self.store(self.shown_offset(), attributes.cas);
        }
    }

    pub fn marks(self) -> Marks {
        Marks::from_bits(self.wide_bits())
    }

    /// The token as others see it: its own, unless it was given another.
    pub fn shown_cas(self) -> u64 {
        if self.wide_bits() & TOKEN == 0 { self.cas() } else { self.load(self.shown_offset()) }
    }

    /// Marks and token, in one step for the many that have no word.
    #[inline]
    pub fn marks_and_shown_cas(self) -> (Marks, u64) {
        if self.is_wide() { self.wide_marks_and_shown_cas() } else { (Marks::default(), self.cas()) }
    }

    #[cold]
    fn wide_marks_and_shown_cas(self) -> (Marks, u64) {
        (self.marks(), self.shown_cas())
    }

    /// All that a version written anew has to say to be the same.
    pub fn attributes(self) -> Attributes {
        let cas = if self.wide_bits() & TOKEN == 0 { 0 } else { self.shown_cas() };
        Attributes { flags: self.flags(), expires_at_ms: self.expires_at_ms(), marks: self.marks(), cas }
    }

    /// A version that was made of the one before it in place, with that token: neither stale nor won.
    #[cold]
    pub(super) fn renew_wide(self, cas: u64) {
        self.set_wide(self.marks().of_next(), cas);
    }

    /// Sets marks, and the token to be shown where there is room for one, of an item that has the word.
    fn set_wide(self, marks: Marks, shown: u64) {
        let word = self.load::<u32>(HEADER_BYTES) & !(MARKS_MASK << KEY_BITS);
        self.store(HEADER_BYTES, word | marks.bits() << KEY_BITS);
        if self.shown_bytes() > 0 {
            self.store(self.shown_offset(), shown);
        }
    }

    /// Gives it other attributes (but flags, which stay) and the token `cas`, if it has room for all of them. Where it is
    /// given no token to be shown, it shows `cas`.
    pub fn amend(self, cas: u64, attributes: &Attributes) -> bool {
        let room = (self.is_wide() || attributes.marks.bits() == 0)
            && (self.shown_bytes() > 0 || attributes.cas == 0)
            && self.set_expiry(attributes.expires_at_ms);
        if room {
            self.store(0, self.word() & ((1 << CAS_SHIFT) - 1) | cas << CAS_SHIFT);
            if self.is_wide() {
                self.set_wide(attributes.marks, if attributes.cas == 0 { cas } else { attributes.cas });
            }
        }
        room
    }
}
