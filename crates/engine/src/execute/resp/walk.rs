//! Walks through the keys: SCAN, KEYS, RANDOMKEY.

use super::Request;
use super::keys::kind_name;
use crate::cells::Cells;
use crate::options::OUTPUT_LIMIT;
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::{Context, Outcome};
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::options::{scan_cursor, scan_options};
use ringstone_protocol::resp::reply;
use ringstone_store::UnixMillis;
use std::hash::{BuildHasher, RandomState};

/// Items that one call of SCAN looks at, at most, whatever its COUNT.
pub const MAX_SCAN_COUNT: u64 = 10_000;
/// Bytes of keys after which a call of SCAN looks at no more.
const SCAN_BYTES: usize = 1 << 20;
/// Items that SCAN looks at between checks of these bounds.
const SCAN_STEP: u64 = 64;
/// Items that KEYS looks at before others get their turn: some 0.1 ms.
const KEYS_SLICE: usize = 1024;
/// Bytes of KEYS' reply that are written before others get their turn.
const KEYS_PART: usize = 64 << 10;
/// Bytes of a reply of KEYS; more is refused, for the client would be disconnected.
const KEYS_LIMIT: usize = OUTPUT_LIMIT;

const KEYS_TOO_MANY: &str = "ERR too many keys for one reply, use SCAN";

/// Which keys are wanted.
#[derive(Debug)]
struct Filter {
    pattern: Option<Pattern>,
    /// The name of a type, which may be none.
    kind: Option<Vec<u8>>,
}

impl Filter {
    fn new(pattern: Option<&[u8]>, kind: Option<&[u8]>) -> Filter {
        Filter { pattern: pattern.and_then(Pattern::of_names), kind: kind.map(<[u8]>::to_vec) }
    }
}

/// Keys that were found, as they are sent.
#[derive(Debug, Default)]
struct Found {
    count: usize,
    bulks: Vec<u8>,
    /// Keys of one step one after another, and where each ends: they are held to the pattern when no cell is locked, since
    /// it is the client that chooses how long that takes.
    keys: Vec<u8>,
    ends: Vec<usize>,
    /// Items that the last step met.
    met: usize,
}

impl Found {
    /// Looks at some items; gives the cursor to go on from, 0 at the end.
    fn step(&mut self, cells: &mut Cells<'_>, filter: &Filter, cursor: u64, budget: usize, now_ms: UnixMillis) -> u64 {
        self.keys.clear();
        self.ends.clear();
        self.met = 0;
        let next = cells.scan(cursor, budget, now_ms, &mut |key, item| {
            self.met += 1;
            let wanted = |kind: &Vec<u8>| kind.eq_ignore_ascii_case(kind_name(item.marks.kind).as_bytes());
            if filter.kind.as_ref().is_none_or(wanted) {
                self.keys.extend_from_slice(key);
                self.ends.push(self.keys.len());
            }
        });
        let mut start = 0;
        for &end in &self.ends {
            let key = &self.keys[start..end];
            start = end;
            if filter.pattern.as_ref().is_none_or(|pattern| pattern.matches(key)) {
                reply::bulk(&mut self.bulks, key);
                self.count += 1;
            }
        }
        next
    }
}

/// SCAN
pub fn scan(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [cursor] = request.fixed();
    let mut cursor = match scan_cursor(cursor) {
        Ok(cursor) => cursor,
        Err(text) => return reply::error(out, text),
    };
    let options = match scan_options(request.arguments().skip(1)) {
        Ok(options) => options,
        Err(text) => return reply::error(out, text),
    };
    let filter = Filter::new(options.pattern, options.kind);
    let mut found = Found::default();
    let mut left = options.count.min(MAX_SCAN_COUNT);
    loop {
        let step = left.min(SCAN_STEP);
        cursor = found.step(&mut context.cells, &filter, cursor, step as usize, context.now_ms);
        left = left.saturating_sub(step.max(found.met as u64));
        if cursor == 0 || left == 0 || found.bulks.len() > SCAN_BYTES {
            break;
        }
    }
    reply::array(out, 2);
    reply::bulk(out, itoa::Buffer::new().format(cursor).as_bytes());
    reply::array(out, found.count);
    out.write(&found.bulks);
}

/// A KEYS under way. Its reply begins with how many there are, so all are collected before the first is sent; neither blocks
/// the worker, for others get their turns in between, and no cell is held from one slice to the next. As with SCAN, a key that
/// comes or goes meanwhile may be given or not.
#[derive(Debug)]
pub struct KeysWalk {
    filter: Filter,
    found: Found,
    /// Where to go on.
    cursor: u64,
    /// Bytes of the reply that are written, once all keys are found.
    written: Option<usize>,
}

impl KeysWalk {
    fn new(pattern: &[u8]) -> KeysWalk {
        KeysWalk { filter: Filter::new(Some(pattern), None), found: Found::default(), cursor: 0, written: None }
    }

    /// Whether a part of the reply is written: nothing else may be sent before the rest of it.
    pub fn is_writing(&self) -> bool {
        self.written.is_some()
    }

    /// One slice; true when the reply is written whole.
    pub fn step(&mut self, context: &mut Context<'_>, out: &mut impl Reply) -> bool {
        let Some(written) = self.written else {
            self.cursor = self.found.step(&mut context.cells, &self.filter, self.cursor, KEYS_SLICE, context.now_ms);
            if self.found.bulks.len() > KEYS_LIMIT {
                reply::error(out, KEYS_TOO_MANY);
                return true;
            }
            if self.cursor == 0 {
                reply::array(out, self.found.count);
                self.written = Some(0);
            }
            return false;
        };
        let rest = &self.found.bulks[written..];
        let part = &rest[..rest.len().min(KEYS_PART)];
        out.write(part);
        self.written = Some(written + part.len());
        part.len() == rest.len()
    }
}

/// KEYS: in a transaction, which holds all cells, at once; otherwise it begins a walk that the connection goes on with.
pub fn keys(request: &Request<'_>, session: &mut Session, context: &mut Context<'_>, out: &mut impl Reply) -> Outcome {
    let [pattern] = request.fixed();
    let mut walk = KeysWalk::new(pattern);
    if context.is_in_transaction() {
        while !walk.step(context, out) {}
        return Outcome::Continue;
    }
    session.walk = Some(Box::new(walk));
    Outcome::Walk
}

/// RANDOMKEY
pub fn random_key(session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let seed = RandomState::new().hash_one(context.now_ms);
    match context.cells.random_key(seed, context.now_ms) {
        Some(key) => reply::bulk(out, &key),
        None => reply::null(out, session.version),
    }
}
