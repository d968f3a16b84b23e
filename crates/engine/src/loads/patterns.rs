//! Which keys are loaded: patterns, and which of several counts.

use super::GroupId;
use ringstone_protocol::glob;

/// The patterns of all loaders, as they are at one time. Of several that match a key the one counts whose part before the
/// first special character is the longest; of those alike the longest; of those alike the oldest.
#[derive(Debug, Default)]
pub struct Patterns {
    groups: Vec<Group>,
}

/// The loaders of one pattern.
#[derive(Debug, Clone)]
pub struct Group {
    pub(super) id: GroupId,
    pub(super) stale_for_ms: u64,
    text: Box<[u8]>,
    /// The part before the first special character.
    literal: usize,
    /// `None`: the pattern is a prefix.
    glob: Option<glob::Pattern>,
}

impl Group {
    /// A prefix, or a glob as Redis' `KEYS` has it if one of `*`, `?` and `[` is in it.
    pub(super) fn new(id: GroupId, pattern: &[u8], stale_for_ms: u64) -> Group {
        let special = pattern.iter().position(|byte| matches!(byte, b'*' | b'?' | b'['));
        // A backslash takes a special character's meaning, and is no part of a key.
        let escaped = pattern.iter().position(|byte| *byte == b'\\');
        let literal = match special {
            Some(at) => escaped.map_or(at, |escaped| escaped.min(at)),
            None => pattern.len(),
        };
        let glob = special.map(|_| glob::Pattern::new(pattern));
        Group { id, stale_for_ms, text: pattern.into(), literal, glob }
    }

    fn matches(&self, key: &[u8]) -> bool {
        key.starts_with(&self.text[..self.literal]) && self.glob.as_ref().is_none_or(|glob| glob.matches(key))
    }
}

impl Patterns {
    pub(super) fn of(mut groups: Vec<Group>) -> Patterns {
        groups.sort_by_key(|group| (std::cmp::Reverse((group.literal, group.text.len())), group.id));
        Patterns { groups }
    }

    /// The loaders of a key.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<&Group> {
        self.groups.iter().find(|group| group.matches(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(patterns: &[&str], key: &str) -> Option<usize> {
        let groups = patterns.iter().enumerate().map(|(id, text)| Group::new(GroupId(id as u64), text.as_bytes(), 0));
        Patterns::of(groups.collect()).find(key.as_bytes()).map(|group| group.id.0 as usize)
    }

    #[test]
    fn prefixes_and_globs() {
        for (pattern, key, matches) in [
            ("user:", "user:1", true),
            ("user:", "user:", true),
            ("user:", "user", false),
            ("", "anything", true),
            ("user:*:name", "user:1:name", true),
            ("user:*:name", "user:1:age", false),
            ("user:?", "user:12", false),
            ("[ab]:", "a:", true),
            ("[ab]:", "a:1", false),
            ("[ab]:*", "b:1", true),
            // Without a special character it is taken as it stands.
            ("a\\b", "a\\bc", true),
            ("a\\*b*", "a*bc", true),
            ("a\\*b*", "axbc", false),
        ] {
            assert_eq!(found(&[pattern], key).is_some(), matches, "{pattern} {key}");
        }
    }

    #[test]
    fn the_closest_pattern_counts() {
        let patterns = ["*", "user:", "user:*:name", "user:1", "user:1", "user:1*"];
        for (key, expected) in [("x", 0), ("user:2", 1), ("user:2:name", 2), ("user:1", 5), ("user:12:name", 5)] {
            assert_eq!(found(&patterns, key), Some(expected), "{key}");
        }
        assert_eq!(found(&["user:1", "user:1"], "user:1"), Some(0), "of two alike the older one");
    }
}
