//! SLOWLOG: the latest commands that took long.

use parking_lot::Mutex;
use ringstone_protocol::resp::parse::Args;
use std::collections::VecDeque;

/// Words of a command that an entry shows, and bytes of a word (as in Valkey).
const MAX_WORDS: usize = 32;
const MAX_WORD_BYTES: usize = 128;

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
    let mut secrets = Secrets::default();
    let mut words: Vec<Vec<u8>> = args
        .into_iter()
        .take(shown)
        .map(|word| if secrets.has(word) { REDACTED.to_vec() } else { shown_word(word) })
        .collect();
    if count > MAX_WORDS {
        words.push(format!("... ({} more arguments)", count - shown).into_bytes());
    }
    words
}

/// Stands for a name or a password.
const REDACTED: &[u8] = b"(redacted)";

/// Which of a command's words are a name or a password: all that follow AUTH, and two that follow it in HELLO.
#[derive(Default)]
struct Secrets {
    words: usize,
    is_hello: bool,
    left: usize,
}

impl Secrets {
    /// Takes the next word.
    fn has(&mut self, word: &[u8]) -> bool {
        self.words += 1;
        if self.left > 0 {
            self.left -= 1;
            return true;
        }
        match self.words {
            1 if word.eq_ignore_ascii_case(b"auth") => self.left = usize::MAX,
            1 => self.is_hello = word.eq_ignore_ascii_case(b"hello"),
            2 => {}
            _ if self.is_hello && word.eq_ignore_ascii_case(b"auth") => self.left = 2,
            _ => {}
        }
        false
    }
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
    fn names_and_passwords_are_not_shown() {
        let shown = |line: &str| {
            let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            let shown = shown_words(Args::List(&words));
            String::from_utf8(shown.join(&b' ')).expect("text")
        };
        assert_eq!(shown("auth secret"), "auth (redacted)");
        assert_eq!(shown("AUTH ada secret more"), "AUTH (redacted) (redacted) (redacted)");
        assert_eq!(shown("HELLO 3 AUTH ada secret SETNAME me"), "HELLO 3 AUTH (redacted) (redacted) SETNAME me");
        assert_eq!(shown("HELLO 3 SETNAME me auth ada secret"), "HELLO 3 SETNAME me auth (redacted) (redacted)");
        assert_eq!(shown("SET auth auth value"), "SET auth auth value");
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
