//! memcached's `stats detail`: counts per key prefix.

use std::collections::BTreeMap;
use std::io::Write as _;

/// Ends the prefix of a key.
const DELIMITER: u8 = b':';
/// Prefixes that are counted apart; keys of further ones are not counted.
const MAX_PREFIXES: usize = 10_000;

/// What is counted of a prefix.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Keys read.
    pub gets: u64,
    /// Of those, found.
    pub hits: u64,
    /// Writes, done or not.
    pub sets: u64,
    /// Deletes, done or not.
    pub deletes: u64,
}

/// Counts by prefix.
#[derive(Debug, Default)]
pub struct Prefixes(BTreeMap<Box<[u8]>, Counts>);

impl Prefixes {
    /// Counts something for the prefix of `key`, if it has one.
    pub fn count(&mut self, key: &[u8], add: impl FnOnce(&mut Counts)) {
        let Some(end) = key.iter().position(|&byte| byte == DELIMITER) else { return };
        let prefix = &key[..end];
        if let Some(counts) = self.0.get_mut(prefix) {
            add(counts);
        } else if self.0.len() < MAX_PREFIXES {
            add(self.0.entry(prefix.into()).or_default());
        }
    }

    /// Lines of all prefixes.
    pub fn dump(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        for (prefix, Counts { gets, hits, sets, deletes }) in &self.0 {
            lines.extend_from_slice(b"PREFIX ");
            lines.extend_from_slice(prefix);
            // A vector takes everything.
            let _ = write!(lines, " get {gets} hit {hits} set {sets} del {deletes}\r\n");
        }
        lines
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_at_the_first_delimiter_and_are_bounded() {
        let mut prefixes = Prefixes::default();
        prefixes.count(b"a:b:c", |counts| counts.gets += 1);
        prefixes.count(b"a:x", |counts| counts.sets += 2);
        prefixes.count(b"none", |counts| counts.gets += 1);
        prefixes.count(b":empty", |counts| counts.deletes += 1);
        assert_eq!(prefixes.dump(), b"PREFIX  get 0 hit 0 set 0 del 1\r\nPREFIX a get 1 hit 0 set 2 del 0\r\n");
        for index in 0..2 * MAX_PREFIXES {
            prefixes.count(format!("{index}:").as_bytes(), |counts| counts.gets += 1);
        }
        assert_eq!(prefixes.0.len(), MAX_PREFIXES);
    }
}
