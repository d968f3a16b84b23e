//! The form of an item in a segment.
//!
//! ```text
//! 0   u64  kinds (6 bits) | value length (14) | CAS (44)
//! 8   u32  second of last access modulo 2^24 (24 bits) | key length (8)
//! 12  [u32 key length and marks, when above 255 or marked] [u64 token to be shown, when it was given]
//!     [u32 flags, when not 0] [u64 expiry in ms, when there is one]  key  value
//! ```
//!
//! An item with a chain is a stub of fixed form: `u32 key length and marks, chain, chain of the key or null, f64 stamp, u32
//! newer, u32 older, u32 flags, u64 expiry, [u64 token to be shown,] key unless in its chain`. What is dead keeps its length in the upper 26 of the first 32 bits,
//! so that a segment can always be walked. Items start and end at multiples of 4, stubs, which have
//! segments of their own, of 8.

mod stub;
mod wide;

pub(crate) use stub::new_stub_bytes;
pub(crate) use wide::new_wide_bytes;

use crate::Attributes;
use crate::observer::Change;
use crate::options::UNIT_BYTES;
use stub::{STUB_BYTES, STUB_EXPIRY, STUB_FLAGS, stub_bytes};

#[cfg(target_endian = "big")]
compile_error!("the kinds of an item are read as its first 32 bits");

const DEAD: u64 = 1;
const EXPIRY: u64 = 2;
const FLAGS: u64 = 4;
/// The key's length, and marks, in a word of their own. Of a stub, which always has that word: the key in a chain.
const WIDE: u64 = 8;
const CHAIN: u64 = 16;
const FETCHED: u64 = 32;

const KIND_BITS: u32 = 6;
const VALUE_BITS: u32 = 14;
const CAS_SHIFT: u32 = KIND_BITS + VALUE_BITS;
/// CAS tokens count per cell, also where an item shows another. A million writes a second to one cell use them up in 200 days, to sixteen in nine years.
pub(crate) const MAX_CAS: u64 = u64::MAX >> CAS_SHIFT;
const ACCESS_MASK: u32 = (1 << 24) - 1;
const MAX_SHORT_KEY: usize = 255;

const HEADER_BYTES: usize = 12;
/// What every version of an item is made of, besides its value.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub key: &'a [u8],
    pub cas: u64,
    /// Second of the last access.
    pub access_s: u32,
    pub fetched: bool,
    /// As `new_wide_bytes` says, of what is no stub.
    pub wide_bytes: usize,
    pub attributes: &'a Attributes,
}

impl Head<'_> {
    /// The token as others see it.
    pub fn shown_cas(&self) -> u64 {
        if self.attributes.cas == 0 { self.cas } else { self.attributes.cas }
    }
}

/// What a version keeps that is written anew only for want of room.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub cas: u64,
    pub access_s: u32,
    pub fetched: bool,
    /// What it is told as.
    pub change: Change,
}

/// Seconds of an access as they are kept, from milliseconds.
#[inline]
pub(crate) fn access_second(now_ms: u64) -> u32 {
    (now_ms / 1000) as u32 & ACCESS_MASK
}

fn round_up(bytes: usize) -> usize {
    bytes.next_multiple_of(UNIT_BYTES)
}

/// Bytes of a new item with its value beside it, rounded.
pub(crate) fn small_bytes(key: usize, value: usize, wide_bytes: usize, attributes: &Attributes) -> usize {
    let optional = 4 * usize::from(attributes.flags != 0) + 8 * usize::from(attributes.expires_at_ms != 0);
    round_up(HEADER_BYTES + wide_bytes + optional + key + value)
}

/// An item in a segment. A view: what it lends lives as long as the cell's lock is held and nothing is moved.
#[derive(Clone, Copy)]
pub(crate) struct RawItem(*mut u8);

impl RawItem {
    /// # Safety
    /// `start` is where an item starts, or where one is about to be written, in a segment of a cell whose lock is held as
    /// long as this view and all that it lends are used.
    #[inline]
    pub unsafe fn at(start: *mut u8) -> RawItem {
        RawItem(start)
    }

    #[inline]
    fn load<T: Copy>(self, offset: usize) -> T {
        // SAFETY: `at` vouches for the item; the offsets below lie within its form; all T used are plain integers.
        unsafe { self.0.add(offset).cast::<T>().read_unaligned() }
    }

    #[inline]
    fn store<T: Copy>(self, offset: usize, value: T) {
        // SAFETY: as for `load`.
        unsafe { self.0.add(offset).cast::<T>().write_unaligned(value) }
    }

    #[inline]
    fn word(self) -> u64 {
        self.load(0)
    }

    #[inline]
    fn kinds(self) -> u64 {
        // A gap may be of four bytes only.
        u64::from(self.load::<u32>(0))
    }

    #[inline]
    fn has(self, kind: u64) -> bool {
        self.kinds() & kind != 0
    }

    #[inline]
    pub fn is_dead(self) -> bool {
        self.has(DEAD)
    }

    #[inline]
    pub fn has_chain(self) -> bool {
        self.has(CHAIN)
    }

    pub fn is_fetched(self) -> bool {
        self.has(FETCHED)
    }

    /// The cell's own count of versions.
    #[inline]
    pub fn cas(self) -> u64 {
        self.word() >> CAS_SHIFT
    }

    #[inline]
    pub fn key_len(self) -> usize {
        if self.is_wide() { self.wide_key_len() } else { (self.load::<u32>(8) >> 24) as usize }
    }

    #[inline]
    pub fn value_len(self) -> usize {
        if self.has_chain() {
            self.chain().len()
        } else {
            (self.word() >> KIND_BITS) as usize & ((1 << VALUE_BITS) - 1)
        }
    }

    /// Bytes that it takes, dead or alive.
    #[inline]
    pub fn bytes(self) -> usize {
        let kinds = self.kinds();
        if kinds & DEAD != 0 {
            (kinds >> KIND_BITS) as usize
        } else if kinds & CHAIN != 0 {
            stub_bytes(self.key_len(), kinds & WIDE == 0, self.shown_bytes())
        } else {
            round_up(self.value_offset() + self.value_len())
        }
    }

    /// Bytes that rounding leaves behind the value of an item without a chain.
    pub fn spare_bytes(self) -> usize {
        self.bytes() - self.value_offset() - self.value_len()
    }

    #[inline]
    fn flags_offset(self) -> usize {
        HEADER_BYTES + if self.has(WIDE) { self.wide_bytes() } else { 0 }
    }

    #[inline]
    fn expiry_offset(self) -> usize {
        if self.has_chain() { STUB_EXPIRY } else { self.flags_offset() + 4 * usize::from(self.has(FLAGS)) }
    }

    #[inline]
    fn key_offset(self) -> usize {
        if self.has_chain() {
            STUB_BYTES + self.shown_bytes()
        } else {
            self.expiry_offset() + 8 * usize::from(self.has(EXPIRY))
        }
    }

    #[inline]
    fn value_offset(self) -> usize {
        self.key_offset() + self.key_len()
    }

    #[inline]
    pub fn flags(self) -> u32 {
        if self.has_chain() {
            self.load(STUB_FLAGS)
        } else if self.has(FLAGS) {
            self.load(self.flags_offset())
        } else {
            0
        }
    }

    /// 0 = never.
    #[inline]
    pub fn expires_at_ms(self) -> u64 {
        if self.has(EXPIRY | CHAIN) { self.load(self.expiry_offset()) } else { 0 }
    }

    /// Sets the time of expiry where there is room for it; false if there is none.
    fn set_expiry(self, expires_at_ms: u64) -> bool {
        let room = self.has(EXPIRY | CHAIN);
        if room {
            self.store(self.expiry_offset(), expires_at_ms);
        }
        room || expires_at_ms == 0
    }

    #[inline]
    fn slice<'a>(self, offset: usize, bytes: usize) -> &'a [u8] {
        // SAFETY: `at` vouches for the item and bounds the use of what is lent.
        unsafe { std::slice::from_raw_parts(self.0.add(offset), bytes) }
    }

    /// The key where it is in the segment.
    fn inline_key<'a>(self) -> Option<&'a [u8]> {
        (!(self.has_chain() && self.has(WIDE))).then(|| self.slice(self.key_offset(), self.key_len()))
    }

    /// Runs `f` on the key, which is copied first if it is in a chain.
    pub fn with_key<R>(self, f: impl FnOnce(&[u8]) -> R) -> R {
        match self.inline_key() {
            Some(key) => f(key),
            None => f(&self.key_chain().to_vec()),
        }
    }

    #[inline]
    pub fn key_is(self, key: &[u8]) -> bool {
        match self.inline_key() {
            Some(own) => own == key,
            None => self.key_chain().equals(key),
        }
    }

    /// The value where it is in the segment; to be asked only of items without a chain.
    #[inline]
    pub fn value<'a>(self) -> &'a [u8] {
        debug_assert!(!self.has_chain());
        self.slice(self.value_offset(), self.value_len())
    }

    /// Second of the last access.
    pub fn access_s(self) -> u32 {
        self.load::<u32>(8) & ACCESS_MASK
    }

    /// Seconds since the last access; wraps after 194 days.
    #[inline]
    pub fn idle_s(self, now_s: u32) -> u32 {
        now_s.wrapping_sub(self.load::<u32>(8)) & ACCESS_MASK
    }

    /// Counts a read. Writes nothing that is there already.
    #[inline]
    pub fn touch(self, now_s: u32) {
        let access = self.load::<u32>(8);
        if access & ACCESS_MASK != now_s {
            self.store(8, access & !ACCESS_MASK | now_s);
        }
        let word = self.word();
        if word & FETCHED == 0 {
            self.store(0, word | FETCHED);
        }
    }

    /// Writes a whole item whose value, in two parts, is beside it. Not over its own parts.
    pub fn write_small(self, head: &Head<'_>, value: [&[u8]; 2]) {
        let length = value[0].len() + value[1].len();
        let attributes = head.attributes;
        let kinds = (WIDE * u64::from(head.wide_bytes > 0))
            | (FLAGS * u64::from(attributes.flags != 0))
            | (EXPIRY * u64::from(attributes.expires_at_ms != 0))
            | (FETCHED * u64::from(head.fetched));
        self.store(0, kinds | (length as u64) << KIND_BITS | head.cas << CAS_SHIFT);
        let short = if kinds & WIDE == 0 { head.key.len() as u32 } else { 0 };
        self.store(8, short << 24 | head.access_s);
        let mut offset = HEADER_BYTES;
        if kinds & WIDE != 0 {
            self.write_wide(head.key.len(), attributes);
            offset += head.wide_bytes;
        }
        if kinds & FLAGS != 0 {
            self.store(offset, attributes.flags);
            offset += 4;
        }
        if kinds & EXPIRY != 0 {
            self.store(offset, attributes.expires_at_ms);
            offset += 8;
        }
        for part in [head.key, value[0], value[1]] {
            self.copy_in(offset, part);
            offset += part.len();
        }
    }

    /// Value := value ++ bytes, or bytes ++ value; there must be room in the rounding.
    pub fn extend_value(self, bytes: &[u8], at_front: bool, cas: u64, now_s: u32) {
        let (offset, old) = (self.value_offset(), self.value_len());
        self.set_version(old + bytes.len(), cas, now_s);
        if at_front {
            // SAFETY: the caller has seen that the longer value fits into the rounded item; `copy` allows the overlap.
            unsafe { self.0.add(offset).copy_to(self.0.add(offset + bytes.len()), old) };
        }
        self.copy_in(if at_front { offset } else { offset + old }, bytes);
    }

    fn set_version(self, value_len: usize, cas: u64, now_s: u32) {
        let kinds = self.word() & ((1 << KIND_BITS) - 1) & !FETCHED;
        self.store(0, kinds | (value_len as u64) << KIND_BITS | cas << CAS_SHIFT);
        self.store(8, self.load::<u32>(8) & !ACCESS_MASK | now_s);
        if self.is_wide() {
            self.renew_wide(cas);
        }
    }

    #[inline]
    fn copy_in(self, offset: usize, bytes: &[u8]) {
        // SAFETY: the caller sized the item for what it writes; the source is another item or not in the arena.
        unsafe { self.0.add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// What is left is a gap of that many bytes.
    pub fn make_dead(self, bytes: usize) {
        self.store(0, DEAD as u32 | (bytes as u32) << KIND_BITS);
    }

    /// The place `bytes` further on.
    pub fn after(self, bytes: usize) -> RawItem {
        RawItem(self.0.wrapping_add(bytes))
    }

    /// Copies the item as it is. The old place is forgotten, not dropped.
    pub fn move_to(self, to: RawItem, bytes: usize) {
        // SAFETY: both places belong to segments of the locked cell, with room for the item; they may overlap.
        unsafe { self.0.copy_to(to.0, bytes) };
    }
}
