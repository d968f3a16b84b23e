//! What an item is marked with, beside its attributes of every day.

/// What the bytes of a value are. The store treats both alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Bytes as a client gave them.
    #[default]
    String,
    /// The fields of a hash, in the engine's form.
    Hash,
}

/// Marks of an item. One that has others than the default takes four bytes more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// What the value is.
    pub kind: Kind,
    /// memcached's meta protocol: invalidated, to be shown until it is written anew (its ITEM_STALE).
    pub stale: bool,
    /// memcached's meta protocol: some client was told to write it anew (its ITEM_TOKEN_SENT).
    pub won: bool,
    /// The engine's loaders wrote it, and its time of expiry is later than the time for which it is fresh.
    pub loaded: bool,
}

const HASH: u32 = 1;
const STALE: u32 = 2;
const WON: u32 = 4;
/// Not 8: see `item/wide`.
const LOADED: u32 = 16;
/// All of them.
pub(crate) const MARKS_MASK: u32 = HASH | STALE | WON | LOADED;

impl Marks {
    /// The marks of a version that follows one with these and keeps what it is: of the same kind, neither stale nor won nor
    /// loaded.
    pub fn of_next(self) -> Marks {
        Marks { kind: self.kind, ..Marks::default() }
    }

    /// Bits of [`MARKS_MASK`]; 0 for the default.
    #[inline]
    pub(crate) fn bits(self) -> u32 {
        let kind = match self.kind {
            Kind::String => 0,
            Kind::Hash => HASH,
        };
        kind | (STALE * u32::from(self.stale)) | (WON * u32::from(self.won)) | (LOADED * u32::from(self.loaded))
    }

    /// The inverse of `bits`; other bits do not matter.
    #[inline]
    pub(crate) fn from_bits(bits: u32) -> Marks {
        let kind = if bits & HASH == 0 { Kind::String } else { Kind::Hash };
        Marks { kind, stale: bits & STALE != 0, won: bits & WON != 0, loaded: bits & LOADED != 0 }
    }
}
