//! SLOWLOG: the latest commands that took long.

use parking_lot::Mutex;
use ringstone_protocol::resp::parse::Args;
use std::collections::VecDeque;

/// Words of a command that an entry shows, and bytes of a word (as in Valkey).
const MAX_WORDS: usize = 32;
const MAX_WORD_BYTES: usize = 128;
/// What stands for a secret.
const REDACTED: &[u8] = b"(redacted)";

/// One command that took long.
#[derive(Clone, Debug)]
pub struct SlowCommand {
    /// Counts up, and is not reset.
    pub id: u64,
    /// When it was executed, in seconds since 1970.
    pub at_s: u64,
    /// How long it took.
    pub duration_us: u64,
    /// Its words, cut.
    pub words: Vec<Vec<u8>>,
    /// Address of its client.
    pub peer: String,
    /// Name of its client.
    pub name: Vec<u8>,
}

/// The log, bounded by `slowlog-max-len`.
#[derive(Default)]
pub struct SlowLog(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    next_id: u64,
    latest_first: VecDeque<SlowCommand>,
}

impl SlowLog {
    /// Logs a command; `entry.id` is set here.
    pub fn push(&self, mut entry: SlowCommand, max_len: u64) {
        let max_len = usize::try_from(max_len).unwrap_or(usize::MAX);
        let mut entries = self.0.lock();
        entry.id = entries.next_id;
        entries.next_id += 1;
        entries.latest_first.push_front(entry);
        entries.latest_first.truncate(max_len);
    }

    /// The latest, newest first.
    pub fn latest(&self, count: usize) -> Vec<SlowCommand> {
        self.0.lock().latest_first.iter().take(count).cloned().collect()
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.0.lock().latest_first.len()
    }

    /// Empties it.
    pub fn reset(&self) {
        self.0.lock().latest_first.clear();
    }
}

/// A command's words as an entry shows them: the first ones, each cut, with a note of what is left out; names of users and
/// passwords not at all.
pub fn shown_words(args: Args<'_>) -> Vec<Vec<u8>> {
    let count = args.len();
    let shown = if count > MAX_WORDS { MAX_WORDS - 1 } else { count };
    let mut secrets = 0;
    let mut words: Vec<Vec<u8>> = Vec::with_capacity(shown + 1);
    for word in args.into_iter().take(shown) {
        let is_secret = secrets > 0;
        words.push(if is_secret { REDACTED.to_vec() } else { shown_word(word) });
        secrets = match (&words[0], is_secret) {
            (_, true) => secrets - 1,
            (name, false) if name.eq_ignore_ascii_case(b"auth") => count,
            // `HELLO 3 AUTH user password`
            (name, false) if name.eq_ignore_ascii_case(b"hello") && word.eq_ignore_ascii_case(b"auth") => 2,
            _ => 0,
        };
    }
    if count > MAX_WORDS {
        words.push(format!("... ({} more arguments)", count - shown).into_bytes());
    }
    words
}

fn shown_word(word: &[u8]) -> Vec<u8> {
    let mut shown = word[..word.len().min(MAX_WORD_BYTES)].to_vec();
    if word.len() > MAX_WORD_BYTES {
        shown.extend_from_slice(format!("... ({} more bytes)", word.len() - MAX_WORD_BYTES).as_bytes());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_in_valkey() {
        let long = vec![b'x'; 200];
        let mut words: Vec<&[u8]> = vec![b"MSET"; 32];
        assert_eq!(shown_words(Args::List(&words)).len(), 32);
        words[1] = &long;
        words.extend([&b"a"[..], b"b"]);
        let shown = shown_words(Args::List(&words));
        assert_eq!(shown.len(), 32);
        assert_eq!(shown[1], [&long[..128], b"... (72 more bytes)"].concat());
        assert_eq!(shown[31], b"... (3 more arguments)");
    }

    #[test]
    fn secrets_are_not_shown() {
        for (line, shown) in [
            ("AUTH user password", "AUTH (redacted) (redacted)"),
            ("auth password", "auth (redacted)"),
            ("HELLO 3 AUTH user password SETNAME me", "HELLO 3 AUTH (redacted) (redacted) SETNAME me"),
            ("HELLO 3 SETNAME auth", "HELLO 3 SETNAME auth"),
            ("SET auth value", "SET auth value"),
        ] {
            let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            assert_eq!(shown_words(Args::List(&words)).join(&b' '), shown.as_bytes());
        }
    }

    #[test]
    fn the_log_keeps_the_latest_and_goes_on_counting() {
        let entry =
            || SlowCommand { id: 0, at_s: 1, duration_us: 2, words: Vec::new(), peer: String::new(), name: Vec::new() };
        let log = SlowLog::default();
        for _ in 0..5 {
            log.push(entry(), 3);
        }
        assert_eq!(log.latest(10).iter().map(|entry| entry.id).collect::<Vec<_>>(), [4, 3, 2]);
        log.reset();
        log.push(entry(), 3);
        assert_eq!(log.latest(1)[0].id, 5);
        log.push(entry(), 0);
        assert_eq!(log.len(), 0);
    }
}
