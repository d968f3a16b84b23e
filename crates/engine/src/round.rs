//! A round: the steps that are executed together, and what the worker has to know of a step besides what it asks for.

use crate::connection::{Connection, Receiving};
use crate::counters::CommandIndex;
use crate::execute::{memcache, resp};
use crate::intake::Step;
use arrayvec::ArrayVec;
use ringstone_net::BATCH;
use ringstone_protocol::memcache::admin::Admin;
use ringstone_protocol::memcache::binary::request as binary;
use ringstone_protocol::memcache::text::{BodyHead, Request};
use ringstone_protocol::resp::command::Command;
use ringstone_protocol::resp::parse::Args;
use ringstone_store::Hash;

/// A step of the round.
pub struct Queued<'i> {
    /// Whose it is.
    pub lane: usize,
    /// What is asked for.
    pub step: Step<'i>,
    /// Of its first key.
    pub hash: Option<Hash>,
    /// Where the step starts, if it can be given back.
    pub start: Option<usize>,
}

/// Steps in the order of their execution.
pub type Round<'i> = ArrayVec<Queued<'i>, BATCH>;

/// The round's next place, for a step that starts there. Who knows which step it is writes it right there, as it is long.
pub struct Place<'r, 'i> {
    round: &'r mut Round<'i>,
    lane: usize,
    start: Option<usize>,
}

impl<'r, 'i> Place<'r, 'i> {
    /// Of a round that is not full.
    #[inline(always)]
    pub fn new(round: &'r mut Round<'i>, lane: usize, start: Option<usize>) -> Place<'r, 'i> {
        Place { round, lane, start }
    }

    /// Takes it.
    #[inline(always)]
    pub fn put(self, step: Step<'i>, hash: Option<Hash>) {
        self.round.push(Queued { lane: self.lane, step, hash, start: self.start });
    }
}

/// The lane and the words of the only command of a round.
#[inline]
pub fn only_command<'i>(round: &Round<'i>) -> Option<(usize, Args<'i>)> {
    match round.as_slice() {
        [Queued { lane, step: Step::Resp { args, .. }, .. }] => Some((*lane, *args)),
        _ => None,
    }
}

/// What a step is called where operations are followed.
#[cold]
pub fn command_name(step: &Step<'_>, connection: &Connection) -> &'static str {
    let index = match (step, &connection.receiving) {
        (Step::Memcache(request), _) => memcache::command_index(request),
        (Step::Binary(request), _) => memcache::binary::command_index(request),
        (Step::MemcacheStored, Receiving::Store(body)) => Some(match body.head.as_head() {
            BodyHead::Store(head) => CommandIndex(memcache::store_index(head.mode)),
            BodyHead::Meta(_) => CommandIndex::META_SET,
        }),
        (Step::BinaryStored, Receiving::Binary(body)) => Some(memcache::binary::received_index(body)),
        (Step::Resp { spec: Some(spec), .. }, _) => Some(resp::command_index(spec)),
        _ => None,
    };
    index.map_or("na", |index| index.describe().1)
}

/// Steps after which the next one cannot be taken before they are executed.
pub fn blocks(step: &Step<'_>) -> bool {
    match step {
        Step::MemcacheStored
        | Step::MemcacheLogin { .. }
        | Step::MemcacheDump
        | Step::BinaryStored
        | Step::RespAssembled
        | Step::RespInline(_)
        | Step::RespWalk
        | Step::RespError(_) => true,
        Step::Memcache(request) => matches!(request, Request::Admin(Admin::Dump { .. } | Admin::Watch(_))),
        Step::Resp { spec, .. } => spec.is_some_and(|spec| spec.id == Command::Keys),
        Step::MemcacheRefused { close, .. } | Step::BinaryRefused { close, .. } | Step::Plain { close, .. } => *close,
        _ => false,
    }
}

/// Steps that show, or reset, what is counted: what was executed before them must be in it.
#[inline]
pub fn reads_counters(step: &Step<'_>) -> bool {
    match step {
        Step::Memcache(request) => matches!(request, Request::Stats { .. }),
        Step::Binary(request) => matches!(request.command, binary::Command::Stats { .. }),
        Step::Resp { spec, .. } => spec
            .is_some_and(|spec| matches!(spec.id, Command::Info | Command::Exec | Command::Config | Command::Latency)),
        Step::RespInline(_) => true,
        _ => false,
    }
}
