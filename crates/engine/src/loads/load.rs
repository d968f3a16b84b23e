//! One load: a key that is asked for, who runs it, and who waits.

use super::{GroupId, LoadId, LoadedValue, LoaderId, LoaderOptions, Waiter};
use ringstone_store::{Hash, UnixMillis};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who waits, in the order in which they came.
pub(super) type Waiters = BTreeMap<u64, (Arc<dyn Waiter>, u64)>;

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for its turn, at this position of its loader's queue.
    Queued(u64),
    /// Is run.
    Running(LoadId),
    /// Neither: about to be run or queued, or answered and not settled yet.
    Between,
    /// The answer goes into the store: what the store tells of the key is that.
    Storing,
}

/// What became of the key since the run began, the last of it. Who waits at this place or behind has come after the first of it,
/// and may know of what the run has not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyChange {
    /// Nothing.
    None,
    /// Somebody wrote it.
    Written(u64),
    /// Somebody removed it, or tried to.
    Removed(u64),
}

impl KeyChange {
    /// It was removed now, when the next who comes is to have this place.
    pub fn then_removed(self, place: u64) -> KeyChange {
        KeyChange::Removed(self.first().unwrap_or(place))
    }

    /// The same of a write.
    pub fn then_written(self, place: u64) -> KeyChange {
        KeyChange::Written(self.first().unwrap_or(place))
    }

    fn first(self) -> Option<u64> {
        match self {
            KeyChange::None => None,
            KeyChange::Written(place) | KeyChange::Removed(place) => Some(place),
        }
    }

    /// Whether there is a value of somebody else's.
    pub fn is_written(self) -> bool {
        matches!(self, KeyChange::Written(_))
    }
}

/// A load.
pub(super) struct Load {
    pub key: Arc<[u8]>,
    pub hash: Hash,
    pub group: GroupId,
    /// Who runs it, or is to.
    pub loader: LoaderId,
    /// Of that loader.
    pub options: LoaderOptions,
    pub phase: Phase,
    pub changed: KeyChange,
    pub waiters: Waiters,
    /// The value that is refreshed.
    pub stale: Option<Arc<LoadedValue>>,
    /// Runs that have failed.
    pub failures: u8,
    /// Was begun again because the key was removed.
    pub repeated: bool,
    /// When the run began, by the steady clock, as all that follow but one.
    pub began_ms: u64,
    /// The same by the clock of the store.
    pub began_at_ms: UnixMillis,
    /// When its run, or its waiting for a turn, is given up.
    pub due_ms: u64,
    /// When it is given up, whatever has become of it.
    pub deadline_ms: u64,
}
