//! A version of an item as the map has it.

use crate::told::Told;
use ringstone_store::{Attributes, Change, Marks};

/// A version of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub value: Vec<u8>,
    pub flags: u32,
    pub cas: u64,
    pub expires_at_ms: u64,
    pub marks: Marks,
    pub fetched: bool,
    pub accessed_ms: u64,
    /// Reached by a flush, which the store may not have told yet.
    pub flushed: bool,
}

impl Version {
    /// What was asked for.
    pub fn of(value: Vec<u8>, attributes: Attributes) -> Version {
        let Attributes { flags, expires_at_ms, marks, cas } = attributes;
        Version { value, flags, cas, expires_at_ms, marks, fetched: false, accessed_ms: 0, flushed: false }
    }

    /// What the next write of these bytes makes of it.
    pub fn next(&self, value: Vec<u8>) -> Version {
        Version { value, marks: self.marks.of_next(), cas: 0, ..self.clone() }
    }

    pub fn is_gone(&self, now_ms: u64) -> Option<Change> {
        if self.flushed {
            Some(Change::Flushed)
        } else if self.expires_at_ms != 0 && self.expires_at_ms <= now_ms {
            Some(Change::Expired)
        } else {
            None
        }
    }

    pub fn idle_s(&self, now_ms: u64) -> u32 {
        (now_ms / 1000 - self.accessed_ms / 1000) as u32
    }

    pub fn told(&self, change: Change, key: u16, now_ms: u64) -> Told {
        Told {
            change,
            key,
            value_bytes: self.value.len(),
            flags: self.flags,
            cas: self.cas,
            expires_at_ms: self.expires_at_ms,
            idle_s: self.idle_s(now_ms),
            fetched: self.fetched,
        }
    }
}
