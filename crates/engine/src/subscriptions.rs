//! A connection's own list of its subscriptions.

use std::collections::BTreeSet;

/// Bytes that the names of a connection's channels and patterns may take, with `OVERHEAD` for each.
pub const SUBSCRIPTIONS_LIMIT: usize = 16 << 20;
/// What a subscription costs beside its name, in bytes: an entry here and one in the registry.
const OVERHEAD: usize = 128;

/// Channels or patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By name.
    Channel,
    /// By pattern.
    Pattern,
}

/// What a connection has subscribed to.
#[derive(Debug, Default)]
pub struct Subscriptions {
    channels: BTreeSet<Box<[u8]>>,
    patterns: BTreeSet<Box<[u8]>>,
    bytes: usize,
}

impl Subscriptions {
    fn names(&mut self, kind: Kind) -> &mut BTreeSet<Box<[u8]>> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
        }
    }

    /// Whether it is there.
    pub fn has(&mut self, kind: Kind, name: &[u8]) -> bool {
        self.names(kind).contains(name)
    }

    /// Whether there is room for one more of this name.
    pub fn has_room(&self, name: &[u8]) -> bool {
        self.bytes + OVERHEAD + name.len() <= SUBSCRIPTIONS_LIMIT
    }

    /// One more, which was not there.
    pub fn add(&mut self, kind: Kind, name: &[u8]) {
        self.bytes += OVERHEAD + name.len();
        self.names(kind).insert(name.into());
    }

    /// One less; false if it was not there.
    pub fn remove(&mut self, kind: Kind, name: &[u8]) -> bool {
        let found = self.names(kind).remove(name);
        if found {
            self.bytes -= OVERHEAD + name.len();
        }
        found
    }

    /// The names of a kind.
    pub fn all(&mut self, kind: Kind) -> Vec<Box<[u8]>> {
        self.names(kind).iter().cloned().collect()
    }

    /// How many of a kind.
    pub fn count(&mut self, kind: Kind) -> usize {
        self.names(kind).len()
    }

    /// How many of both kinds.
    pub fn len(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }
}
