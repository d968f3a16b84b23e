//! Reads of keys that loaders load: what is not there is asked for before the step is executed.
//!
//! Reads that load are `get gets gat gats`, `mg` that asks for the value, `get` and `gat` of the binary protocol and their kin, GET,
//! MGET and GETEX. Not so within a transaction, whose keys are read in one step, of a client that wants no answers, and of
//! requests that have a large argument: their keys are too long to be loaded.

use super::{memcache, resp};
use crate::counters::CommandIndex;
use crate::intake::Step;
use crate::loads::{Asked, LoadError, Loads, Patterns};
use crate::parking::Waiting;
use crate::reply::OutputReply;
use crate::session::{Modes, Session};
use ringstone_protocol::Sink;
use ringstone_protocol::memcache::binary::Status;
use ringstone_protocol::memcache::binary::reply as binary_reply;
use ringstone_protocol::memcache::binary::request::Command as Binary;
use ringstone_protocol::memcache::meta;
use ringstone_protocol::memcache::text::{MAX_KEY, Request};
use ringstone_protocol::resp::command::{self, Command, Spec};
use ringstone_protocol::resp::reply::{self, Version};
use ringstone_store::{Hash, Store, UnixMillis};
use std::ops::ControlFlow;

/// What is to be done with a step.
pub enum Loading {
    /// It is to be executed.
    Ready,
    /// It is to be taken again when these loads are settled.
    Waits(Waiting),
    /// A key of it cannot be loaded.
    Failed(LoadError),
}

/// Asks for the keys of steps.
pub struct Asking<'a> {
    /// Of the cache.
    pub loads: &'a Loads,
    /// As they are now.
    pub patterns: &'a Patterns,
    /// Hashes keys.
    pub store: &'a Store,
    /// Read once per batch.
    pub now_ms: UnixMillis,
}

impl Asking<'_> {
    /// Asks for what is not there of the keys that the step reads.
    pub fn ask(&self, step: &Step<'_>, first: Option<Hash>, session: &Session) -> Loading {
        let (mut first, mut waiting, mut failure) = (first, None::<Waiting>, None);
        each_key(step, session, &mut |key| {
            let known = first.take();
            let Some(group) = self.patterns.find(key) else { return ControlFlow::Continue(()) };
            let hash = known.unwrap_or_else(|| self.store.hash(key));
            let mut is_asked = false;
            // Not made for what is there, as nearly all is.
            let waiter = || {
                is_asked = true;
                Some((waiting.get_or_insert_with(|| Waiting::of(&session.client)).waiter(), 0))
            };
            let answer = self.loads.ask_of(group, key, hash, self.now_ms, waiter);
            match (answer, &mut waiting) {
                (Asked::Waits(wait), Some(all)) => all.add(wait),
                (answer, Some(all)) if is_asked => {
                    all.skip();
                    if let Asked::Refused(error) = answer {
                        failure = Some(error);
                    }
                }
                _ => {}
            }
            if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match (waiting, failure) {
            (Some(waiting), Some(error)) => {
                waiting.withdraw(self.loads);
                Loading::Failed(error)
            }
            (Some(waiting), None) if waiting.begin() => Loading::Waits(waiting),
            (Some(waiting), None) => waiting.failure().map_or(Loading::Ready, Loading::Failed),
            (None, _) => Loading::Ready,
        }
    }
}

type EachKey<'f> = &'f mut dyn FnMut(&[u8]) -> ControlFlow<()>;

/// The keys that a step reads, in order, if it is one that loads.
fn each_key(step: &Step<'_>, session: &Session, each: EachKey<'_>) {
    if session.is_silent() {
        return;
    }
    // That it ends early says what the caller knows.
    let _ = match step {
        Step::Memcache(Request::Get { keys, .. } | Request::GetAndTouch { keys, .. }) => {
            keys.clone().try_for_each(each)
        }
        Step::Memcache(Request::Meta(meta::Request::Get(target))) if target.flags.options().value => {
            each(target.key.bytes(&mut [0; MAX_KEY]))
        }
        Step::Binary(request) => match request.command {
            Binary::Get { key, .. } | Binary::GetAndTouch { key, .. } => each(key),
            _ => return,
        },
        Step::Resp { spec: Some(spec), args, .. } => resp_keys(spec, args.len(), args.into_iter(), session, each),
        Step::RespInline(words) => match words.first().and_then(|name| command::lookup(name)) {
            Some(spec) => resp_keys(spec, words.len(), words.iter().map(Vec::as_slice), session, each),
            None => return,
        },
        _ => return,
    };
}

fn resp_keys<'k>(
    spec: &Spec,
    count: usize,
    mut words: impl Iterator<Item = &'k [u8]>,
    session: &Session,
    each: EachKey<'_>,
) -> ControlFlow<()> {
    let keys = match spec.id {
        Command::Get | Command::GetEx => 1,
        Command::MGet => count - 1,
        _ => return ControlFlow::Continue(()),
    };
    let is_refused = session.modes.has(Modes::UNAUTHENTICATED)
        || (session.modes.has(Modes::SUBSCRIBER) && session.version == Version::Resp2);
    if !spec.accepts(count) || is_refused || session.transaction.is_some() {
        return ControlFlow::Continue(());
    }
    words.next();
    words.take(keys).try_for_each(each)
}

/// Answers a step that cannot be executed, as a load has failed.
pub fn refuse(
    step: &Step<'_>,
    error: &LoadError,
    session: &mut Session,
    out: &mut OutputReply<'_>,
) -> Option<CommandIndex> {
    match step {
        Step::Memcache(request) => {
            out.write(format!("SERVER_ERROR load failed: {error}\r\n").as_bytes());
            memcache::command_index(request)
        }
        Step::Binary(request) => {
            let text = format!("load failed: {error}");
            binary_reply::write_failure_text(out, request.tag, Status::TemporaryFailure, text.as_bytes());
            memcache::binary::command_index(request)
        }
        Step::Resp { spec, .. } => {
            refuse_resp(error, session, out);
            spec.map(resp::command_index)
        }
        Step::RespInline(words) => {
            refuse_resp(error, session, out);
            words.first().and_then(|name| command::lookup(name)).map(resp::command_index)
        }
        _ => None,
    }
}

fn refuse_resp(error: &LoadError, session: &mut Session, out: &mut OutputReply<'_>) {
    session.refuse();
    reply::error(out, &format!("ERR load failed: {error}"));
}
