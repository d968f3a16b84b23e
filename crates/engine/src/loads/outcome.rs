//! What comes of asking for a key, and of waiting for it.

use ringstone_store::Error;
use std::fmt;
use std::sync::Arc;

/// Longest reason in bytes that is kept of a rejection.
pub const MAX_REASON_BYTES: usize = 200;

/// A value, and the client flags that it is stored with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadedValue {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// memcached's client flags.
    pub flags: u32,
}

/// Why a load has failed. As text it is one line without control characters, so it can stand in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The loader said no, in these words.
    Rejected(Arc<str>),
    /// It did not answer in time.
    TimedOut,
    /// It was not its turn in time, as others ran.
    NotStarted,
    /// The environment that ran it is gone.
    HostGone,
    /// As many wait as may.
    TooManyWaiting,
    /// The key is longer than [`MAX_LOAD_KEY_BYTES`](super::MAX_LOAD_KEY_BYTES).
    KeyTooLong,
    /// The value is there, and the store refused it.
    NotStored(Error),
}

/// Labels of [`LoadError`] in statistics, by [`LoadError::index`].
pub const LOAD_ERRORS: [&str; 7] =
    ["rejected", "timeout", "not_started", "host_gone", "too_many_waiting", "key_too_long", "not_stored"];

impl LoadError {
    /// A loader's own words, of which one line of at most [`MAX_REASON_BYTES`] is kept.
    pub fn rejected(reason: &str) -> LoadError {
        let mut line = String::new();
        for letter in reason.trim().chars() {
            if line.len() + letter.len_utf8() > MAX_REASON_BYTES {
                break;
            }
            line.push(if letter.is_control() { ' ' } else { letter });
        }
        LoadError::Rejected(line.trim_end().into())
    }

    /// Index of its label in [`LOAD_ERRORS`].
    pub fn index(&self) -> usize {
        match self {
            LoadError::Rejected(_) => 0,
            LoadError::TimedOut => 1,
            LoadError::NotStarted => 2,
            LoadError::HostGone => 3,
            LoadError::TooManyWaiting => 4,
            LoadError::KeyTooLong => 5,
            LoadError::NotStored(_) => 6,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Rejected(reason) if reason.is_empty() => f.write_str("the loader rejected"),
            LoadError::Rejected(reason) => f.write_str(reason),
            LoadError::TimedOut => f.write_str("the loader did not answer in time"),
            LoadError::NotStarted => f.write_str("too many other loads were running"),
            LoadError::HostGone => f.write_str("the loader's environment has ended"),
            LoadError::TooManyWaiting => f.write_str("too many wait for loads"),
            LoadError::KeyTooLong => f.write_str("the key is too long to be loaded"),
            LoadError::NotStored(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// What a key was found to be when it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// No loader has a pattern that matches.
    NoLoader,
    /// It is there.
    Fresh,
    /// It is there and stale; a refresh runs, was started, or has failed a short while ago.
    Stale,
    /// It is known that there is no value, or it cannot be loaded now and its loader answers errors as misses.
    Absent,
    /// It is being loaded. Who asked with a waiter is told; so may it have been already, before this is returned.
    Waits(Wait),
    /// It cannot be loaded.
    Refused(LoadError),
}

/// What became of what somebody waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// There is a value. `Some`: the one that the loader gave, which was stored, unless the key was removed again and again
    /// meanwhile. `None`: somebody else has written the key meanwhile, and that stands: it is to be read.
    Loaded(Option<Arc<LoadedValue>>),
    /// There is none; or the load has failed, and its loader answers errors as misses.
    Absent,
    /// The load has failed.
    Failed(LoadError),
    /// There is no loader any more, or no cache: as if there had been none.
    Gone,
}

/// Somebody's place among those who wait for a load, for [`Loads::withdraw`](super::Loads::withdraw).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub(super) load: u64,
    pub(super) place: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line() {
        let error = LoadError::rejected(" no\r\nEND\r\nVALUE x\u{7f}\0 ");
        assert_eq!(error.to_string(), "no  END  VALUE x");
        let long = LoadError::rejected(&"ä".repeat(MAX_REASON_BYTES)).to_string();
        assert_eq!(long.len(), MAX_REASON_BYTES);
        assert_eq!(LoadError::rejected(" \n").to_string(), "the loader rejected");
    }

    #[test]
    fn every_error_has_its_label() {
        let all = [
            LoadError::rejected(""),
            LoadError::TimedOut,
            LoadError::NotStarted,
            LoadError::HostGone,
            LoadError::TooManyWaiting,
            LoadError::KeyTooLong,
            LoadError::NotStored(Error::TooLarge),
        ];
        for (index, error) in all.iter().enumerate() {
            assert_eq!(error.index(), index);
            assert!(!error.to_string().contains(|letter: char| letter.is_control()));
        }
        assert_eq!(all.len(), LOAD_ERRORS.len());
    }
}
