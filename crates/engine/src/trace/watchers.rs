//! Who watches, and the lines on their way to them.

use crate::client::Client;
use parking_lot::Mutex;
use ringstone_protocol::memcache::admin::Streams;
use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Connections that may watch at once, as in memcached.
const WATCHERS_LIMIT: usize = 20;
/// Bytes of lines that may wait for one watcher; further ones are skipped, and told as so many.
const WATCHER_BYTES: usize = 256 << 10;
/// Bytes of lines that a thread makes before it hands them on.
const STAGED_BYTES: usize = 64 << 10;
/// Room for `skipped=<n>`.
const SKIPPED_BYTES: usize = 32;

/// Lines can be put into their order by these numbers.
static LAST_GID: AtomicU64 = AtomicU64::new(0);

/// On whose behalf a thread works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// In small letters.
    pub name: &'static str,
    /// The connection's serial number, in the place of memcached's file descriptor.
    pub connection: u64,
}

impl Command {
    /// Nobody's.
    pub const NONE: Command = Command { name: "na", connection: 0 };
}

/// Lines that a thread has made and not handed on.
#[derive(Default)]
struct Staged {
    text: Vec<u8>,
    /// What each line is of, and where it ends.
    lines: Vec<(Streams, usize)>,
}

thread_local! {
    static STAGED: RefCell<Staged> = RefCell::default();
    static COMMAND: Cell<Command> = const { Cell::new(Command::NONE) };
}

/// From now on this thread works for a command.
pub fn enter(command: Command) {
    COMMAND.set(command);
}

/// On whose behalf this thread works.
pub fn command() -> Command {
    COMMAND.get()
}

/// Lets `write` make a line, given its number. True if it is time to publish: many lines wait, or nobody else will, as this is no
/// worker's thread.
pub fn stage(stream: Streams, write: impl FnOnce(u64, &mut Vec<u8>)) -> bool {
    let gid = LAST_GID.fetch_add(1, Relaxed) + 1;
    STAGED.with_borrow_mut(|staged| {
        write(gid, &mut staged.text);
        staged.lines.push((stream, staged.text.len()));
        staged.text.len() >= STAGED_BYTES || COMMAND.get() == Command::NONE
    })
}

/// Hands the lines of this thread to who watches. The watchers' room is taken a line at a time, so that they see whole ones.
pub fn publish(watchers: &Mutex<Watchers>) {
    STAGED.with_borrow_mut(|staged| {
        if staged.lines.is_empty() {
            return;
        }
        for watcher in &mut watchers.lock().0 {
            watcher.take(staged);
        }
        staged.lines.clear();
        staged.text.clear();
        staged.text.shrink_to(STAGED_BYTES);
    });
}

struct Watcher {
    client: Arc<Client>,
    streams: Streams,
    /// Lines for which there was no room since the last that there was room for.
    skipped: u64,
}

impl Watcher {
    fn take(&mut self, staged: &Staged) {
        let (streams, skipped) = (self.streams, &mut self.skipped);
        self.client.push(|waiting| {
            let mut start = 0;
            for &(stream, end) in &staged.lines {
                let line = &staged.text[std::mem::replace(&mut start, end)..end];
                if !streams.overlaps(stream) {
                    continue;
                }
                if waiting.len() + line.len() + SKIPPED_BYTES > WATCHER_BYTES {
                    *skipped += 1;
                    continue;
                }
                if *skipped > 0 {
                    // A vector takes everything.
                    let _ = writeln!(waiting, "skipped={}", std::mem::take(skipped));
                }
                waiting.extend_from_slice(line);
            }
        });
    }
}

/// All who watch.
#[derive(Default)]
pub struct Watchers(Vec<Watcher>);

impl Watchers {
    /// One more, or more for the same; false if there are too many.
    pub fn add(&mut self, client: &Arc<Client>, streams: Streams) -> bool {
        if self.0.len() == WATCHERS_LIMIT {
            return false;
        }
        self.0.push(Watcher { client: Arc::clone(client), streams, skipped: 0 });
        true
    }

    /// One less.
    pub fn remove(&mut self, client: &Client) {
        self.0.retain(|watcher| watcher.client.serial != client.serial);
    }

    /// What any of them wants.
    pub fn streams(&self) -> Streams {
        self.0.iter().fold(Streams::default(), |all, watcher| all.and(watcher.streams))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(client: &Client) -> String {
        let mut bytes = Vec::new();
        client.deliver(&mut bytes);
        String::from_utf8(bytes).expect("lines are text")
    }

    #[test]
    fn a_watcher_gets_its_streams_and_is_told_what_it_missed() {
        let watchers = Mutex::new(Watchers::default());
        let client = Arc::new(Client::detached(7));
        assert!(watchers.lock().add(&client, Streams::FETCHERS));
        enter(Command { name: "get", connection: 1 });
        assert!(!stage(Streams::FETCHERS, |_, out| out.extend_from_slice(b"one\n")));
        assert!(!stage(Streams::MUTATIONS, |_, out| out.extend_from_slice(b"other\n")));
        publish(&watchers);
        assert_eq!(received(&client), "one\n");

        let line = vec![b'x'; 1023];
        let make = |out: &mut Vec<u8>| {
            out.extend_from_slice(&line);
            out.push(b'\n');
        };
        let fits = (WATCHER_BYTES - SKIPPED_BYTES) / 1024;
        for _ in 0..fits + 3 {
            if stage(Streams::FETCHERS, |_, out| make(out)) {
                publish(&watchers);
            }
        }
        publish(&watchers);
        let first = received(&client);
        assert_eq!(first.len(), fits * 1024);
        stage(Streams::FETCHERS, |_, out| out.extend_from_slice(b"two\n"));
        publish(&watchers);
        assert_eq!(received(&client), "skipped=3\ntwo\n");
        watchers.lock().remove(&client);
        assert_eq!(watchers.lock().streams(), Streams::default());
    }

    #[test]
    fn there_is_a_limit() {
        let mut watchers = Watchers::default();
        for serial in 0..WATCHERS_LIMIT as u64 {
            assert!(watchers.add(&Arc::new(Client::detached(serial)), Streams::EVICTIONS));
        }
        assert!(!watchers.add(&Arc::new(Client::detached(99)), Streams::EVICTIONS));
    }
}
