//! Commands of the text protocol that are for who runs the server.
//!
//! Deliberate differences from memcached: a class may be any number that a slab class of memcached can have, and all items are
//! of class 1; a sub-command is compared whole (memcached takes any beginning of it).

use super::reply::{BAD_FORMAT, ERROR, OK};
use super::words::{self, Words};

/// Classes that memcached can have: 1 to so many.
const MAX_CLASS: u64 = 63;
/// The class of every item.
pub const CLASS: u64 = 1;
/// Above so many microseconds memcached refuses to let its crawler sleep.
const MAX_SLEEP_US: u64 = 1_000_000;
/// Below so many megabytes memcached does not shrink.
const MIN_MEMORY_MB: u64 = 8;
/// Above so many memcached takes it that bytes were meant.
const MAX_MEMORY_MB: u64 = 1_000_000_000;

const BAD_CLASS: &[u8] = b"BADCLASS invalid class id\r\n";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Nothing is to be done but to answer.
    Answer(&'static [u8]),
    /// `lru_crawler crawl`: free now what has expired.
    Crawl,
    /// `lru_crawler metadump|mgdump`.
    Dump {
        /// The form of its lines.
        form: DumpForm,
        /// Whether the classes that were asked for have items.
        items: bool,
    },
    /// `cache_memlimit`.
    MemoryLimit {
        /// Bytes.
        bytes: u64,
        /// No reply wanted.
        noreply: bool,
    },
    /// `watch`.
    Watch(Streams),
    /// `shutdown`.
    Shutdown,
}

/// Lines of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpForm {
    /// `key=... exp=... la=... cas=... fetch=... cls=... size=...`, and `END`.
    Metadump,
    /// `mg <key>`, and `EN`.
    Mgdump,
}

/// A set of what can be watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams(pub u8);

impl Streams {
    /// Reads.
    pub const FETCHERS: Streams = Streams(1);
    /// Writes.
    pub const MUTATIONS: Streams = Streams(1 << 1);
    /// Evicted items.
    pub const EVICTIONS: Streams = Streams(1 << 2);
    /// Connections that open or close.
    pub const CONNEVENTS: Streams = Streams(1 << 3);
    /// Removed items.
    pub const DELETIONS: Streams = Streams(1 << 4);

    /// Whether they have one in common.
    #[inline]
    pub fn overlaps(self, other: Streams) -> bool {
        self.0 & other.0 != 0
    }

    /// Both.
    pub fn and(self, other: Streams) -> Streams {
        Streams(self.0 | other.0)
    }
}

/// Reads a line of administration by its first word and what follows it; `None` if it is none.
pub(super) fn parse(word: &[u8], rest: &[u8]) -> Option<Admin> {
    let mut words = Words(rest);
    let arguments = [words.next(), words.next(), words.next(), words.next()];
    Some(match word {
        b"lru_crawler" => crawler(arguments),
        b"slabs" => slabs(arguments),
        b"cache_memlimit" => memory_limit(arguments),
        b"watch" => watch(Words(rest)),
        b"shutdown" => shutdown(arguments),
        _ => return None,
    })
}

type Arguments<'a> = [Option<&'a [u8]>; 4];

fn crawler(arguments: Arguments<'_>) -> Admin {
    let answer = match arguments {
        [Some(b"enable" | b"disable"), None, ..] => OK,
        [Some(b"crawl"), Some(classes), None, _] => {
            return classes_have_items(classes).map_or(Admin::Answer(BAD_CLASS), |_| Admin::Crawl);
        }
        [Some(b"metadump"), Some(classes), None, _] => return dump(DumpForm::Metadump, classes),
        [Some(b"mgdump"), Some(classes), None, _] => return dump(DumpForm::Mgdump, classes),
        [Some(b"tocrawl"), Some(count), None, _] => words::unsigned(count).map_or(BAD_FORMAT, |_| OK),
        [Some(b"sleep"), Some(time), None, _] => match words::unsigned(time) {
            Some(..=MAX_SLEEP_US) => OK,
            Some(_) => b"CLIENT_ERROR sleep must be one second or less\r\n",
            None => BAD_FORMAT,
        },
        _ => ERROR,
    };
    Admin::Answer(answer)
}

fn dump(form: DumpForm, classes: &[u8]) -> Admin {
    classes_have_items(classes).map_or(Admin::Answer(BAD_CLASS), |items| Admin::Dump { form, items })
}

/// `all`, `hash`, or numbers with commas between them; `None` if it is neither.
fn classes_have_items(classes: &[u8]) -> Option<bool> {
    if matches!(classes, b"all" | b"hash") {
        return Some(true);
    }
    let mut found = false;
    for class in classes.split(|&byte| byte == b',') {
        let class = words::unsigned(class).filter(|class| (1..=MAX_CLASS).contains(class))?;
        found |= class == CLASS;
    }
    Some(found)
}

/// There are no slabs here, and memory moves by itself to where it is needed.
fn slabs(arguments: Arguments<'_>) -> Admin {
    let answer: &[u8] = match arguments {
        [Some(b"automove"), Some(mode), ..] => match words::unsigned(mode) {
            Some(0..=2) => OK,
            Some(_) => ERROR,
            None => BAD_FORMAT,
        },
        [Some(b"reassign"), Some(from), Some(to), None] => match (words::signed(from), words::signed(to)) {
            (Some(from), Some(to)) if from == to => b"SAME src and dst class are identical\r\n",
            (Some(_), Some(_)) => b"NOSPARE source class has no spare pages\r\n",
            _ => BAD_FORMAT,
        },
        _ => ERROR,
    };
    Admin::Answer(answer)
}

fn memory_limit(arguments: Arguments<'_>) -> Admin {
    let [Some(megabytes), last, None, _] = arguments else { return Admin::Answer(ERROR) };
    let Some(megabytes) = words::unsigned(megabytes) else { return Admin::Answer(ERROR) };
    let noreply = last == Some(b"noreply");
    let refusal: &[u8] = match megabytes {
        MIN_MEMORY_MB..=MAX_MEMORY_MB => return Admin::MemoryLimit { bytes: megabytes << 20, noreply },
        0..MIN_MEMORY_MB => b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n",
        _ => b"MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n",
    };
    Admin::Answer(if noreply { b"" } else { refusal })
}

fn watch(names: Words<'_>) -> Admin {
    let mut streams = Streams::default();
    for name in names {
        streams = streams.and(match name {
            b"fetchers" => Streams::FETCHERS,
            b"mutations" => Streams::MUTATIONS,
            b"evictions" => Streams::EVICTIONS,
            b"connevents" => Streams::CONNEVENTS,
            b"deletions" => Streams::DELETIONS,
            _ => return Admin::Answer(ERROR),
        });
    }
    Admin::Watch(if streams == Streams::default() { Streams::FETCHERS } else { streams })
}

fn shutdown(arguments: Arguments<'_>) -> Admin {
    match arguments {
        [None | Some(b"graceful"), None, ..] => Admin::Shutdown,
        _ => Admin::Answer(b"CLIENT_ERROR invalid shutdown mode\r\n"),
    }
}
