//! RESP commands: arity, dispatch, and what several commands share.

pub mod auth;
mod catalogue;
mod client;
mod client_list;
mod config;
mod connection;
mod copies;
mod debug;
mod exchange;
mod floats;
mod hashes;
mod info;
mod keys;
mod memory;
mod modes;
mod object;
mod pubsub;
mod ranges;
mod server;
mod slow;
mod strings;
mod together;
mod tracking;
pub mod transaction;
mod walk;

use crate::counters::CommandIndex;
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::{Context, Outcome};
use crate::subscriptions::Kind;
use ringstone_protocol::resp::command::{Command, Spec};
use ringstone_protocol::resp::options::{self, Unit};
use ringstone_protocol::resp::parse::{Args, Operands};
use ringstone_protocol::resp::reply;
use ringstone_store::{Body, Error, Hash, NewValue};

pub use client::is_reply_on;
use keys::Basis;
pub use modes::{is_pushed, leave};
pub use walk::KeysWalk;

/// Valkey's error for a command on a key of another type.
pub const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

/// Arguments of one request: bytes, and for large values the bodies that stand in their place.
pub struct Request<'a> {
    /// The row of the command.
    pub spec: &'static Spec,
    /// The command's name first. A large value is an empty string here and a body below.
    pub args: Args<'a>,
    /// The same without the name.
    pub operands: Operands<'a>,
    /// Large values by index of their argument, ascending.
    pub bodies: &'a mut [(usize, Option<Body>)],
    /// Hash of the first key, if the command has one.
    pub hash: Hash,
}

impl<'a> Request<'a> {
    /// The argument as a new value: the body received in its place, or its bytes.
    pub fn value(&mut self, index: usize, bytes: &'a [u8]) -> NewValue<'a> {
        let found = self.bodies.binary_search_by_key(&index, |(at, _)| *at);
        let body = found.ok().and_then(|at| self.bodies[at].1.take());
        body.map_or(NewValue::Bytes(bytes), NewValue::Body)
    }

    /// The arguments after the name.
    pub fn arguments(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.args.into_iter().skip(1)
    }

    /// The first `N` arguments after the name; arity has been checked.
    #[inline]
    pub fn fixed<const N: usize>(&self) -> [&'a [u8]; N] {
        self.operands.fixed()
    }
}

/// Arguments that may be large values: their indices, given how many arguments there are. Bodies at other places are
/// copied into plain bytes before the command is executed.
pub fn takes_body(command: Command, index: usize) -> bool {
    match command {
        Command::Set | Command::Put | Command::Append | Command::SetNx | Command::GetSet => index == 2,
        Command::SetEx | Command::PSetEx | Command::SetRange => index == 3,
        Command::MSet | Command::MSetNx => index >= 2 && index.is_multiple_of(2),
        _ => false,
    }
}

/// Executes a request whose arity was checked.
#[inline]
pub fn execute(
    request: &mut Request<'_>,
    session: &mut Session,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> Outcome {
    if !session.modes.is_none() {
        return modes::execute(request, session, context, out);
    }
    match request.spec.id {
        // Not by way of the table: nearly all requests are of these.
        Command::Get => strings::get(request, session, context, out),
        Command::Set => strings::set(request, session, context, out),
        _ => return dispatch(request, session, context, out),
    }
    Outcome::Continue
}

#[inline(never)]
fn dispatch(
    request: &mut Request<'_>,
    session: &mut Session,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> Outcome {
    use Command as C;
    match request.spec.id {
        C::Get => strings::get(request, session, context, out),
        C::Set | C::Put => strings::set(request, session, context, out),
        C::MGet => strings::mget(request, session, context, out),
        C::MSet => strings::mset(request, false, context, out),
        C::MSetNx => strings::mset(request, true, context, out),
        C::SetNx => exchange::set_if_absent(request, context, out),
        C::SetEx => exchange::set_with_time(request, Unit::Ex, options::INVALID_SETEX_EXPIRE, context, out),
        C::PSetEx => exchange::set_with_time(request, Unit::Px, options::INVALID_PSETEX_EXPIRE, context, out),
        C::GetSet => exchange::get_and_set(request, session, context, out),
        C::GetDel => exchange::get_and_delete(request, session, context, out),
        C::GetEx => exchange::get_and_retime(request, session, context, out),
        C::DelIfEq => exchange::delete_if_equal(request, context, out),
        C::GetRange | C::SubStr => ranges::get(request, context, out),
        C::SetRange => ranges::set(request, context, out),
        C::IncrByFloat => floats::add(request, context, out),
        C::Append => strings::append(request, context, out),
        C::StrLen => strings::strlen(request, context, out),
        C::Incr => strings::add(request, Ok(1), context, out),
        C::Decr => strings::add(request, Ok(-1), context, out),
        C::IncrBy => strings::add(request, strings::increment(request), context, out),
        C::DecrBy => strings::add(request, strings::decrement(request), context, out),
        C::Del | C::Unlink => keys::delete(request, context, out),
        C::Exists => keys::exists(request, false, context, out),
        C::Touch => keys::exists(request, true, context, out),
        C::Type => keys::kind(request, context, out),
        C::Ttl => keys::ttl(request, 1000, Basis::Now, context, out),
        C::PTtl => keys::ttl(request, 1, Basis::Now, context, out),
        C::ExpireTime => keys::ttl(request, 1000, Basis::Epoch, context, out),
        C::PExpireTime => keys::ttl(request, 1, Basis::Epoch, context, out),
        C::Expire => keys::expire(request, 1000, Basis::Now, context, out),
        C::PExpire => keys::expire(request, 1, Basis::Now, context, out),
        C::ExpireAt => keys::expire(request, 1000, Basis::Epoch, context, out),
        C::PExpireAt => keys::expire(request, 1, Basis::Epoch, context, out),
        C::Rename => copies::rename(request, context, out),
        C::RenameNx => copies::rename_if_absent(request, context, out),
        C::Copy => copies::copy(request, context, out),
        C::Object => object::object(request, session, context, out),
        C::RandomKey => walk::random_key(session, context, out),
        C::Scan => walk::scan(request, context, out),
        C::Keys => return walk::keys(request, session, context, out),
        C::Time => server::time(context, out),
        C::Wait => server::wait(request, out),
        C::Persist => keys::persist(request, context, out),
        C::DbSize => reply::integer(out, i64::try_from(context.store.len()).unwrap_or(i64::MAX)),
        C::FlushDb | C::FlushAll => keys::flush(request, context, out),
        C::HSet => hashes::set(request, true, context, out),
        C::HMSet => hashes::set(request, false, context, out),
        C::HSetNx => hashes::set_if_absent(request, context, out),
        C::HGet => hashes::field(request, session, context, out),
        C::HMGet => hashes::many(request, session, context, out),
        C::HGetAll => hashes::pairs(request, session, context, out),
        C::HDel => hashes::remove(request, context, out),
        C::HExists => hashes::exists(request, context, out),
        C::HLen => hashes::len(request, context, out),
        C::HKeys => hashes::fields(request, context, out),
        C::HVals => hashes::values(request, context, out),
        C::HIncrBy => hashes::add(request, context, out),
        C::HIncrByFloat => hashes::add_float(request, context, out),
        C::HScan => hashes::scan(request, context, out),
        C::HStrLen => hashes::field_length(request, context, out),
        C::Multi => transaction::multi(session, out),
        C::Exec | C::Discard => {
            reply::error(out, &format!("ERR {} without MULTI", request.spec.name.to_ascii_uppercase()));
        }
        C::Watch => transaction::watch(request, session, context, out),
        C::Unwatch => transaction::unwatch(session, out),
        C::Command => catalogue::execute(request, session.version, out),
        C::Config => config::execute(request, session, context, out),
        C::SlowLog => slow::slowlog(request, context, out),
        C::Latency => slow::latency(request, session, context, out),
        C::Memory => memory::execute(request, session, context, out),
        C::Debug => debug::debug(request, session, out),
        C::Cluster => debug::cluster(request, out),
        C::Info => info::write(request, session, context, out),
        C::Subscribe => pubsub::subscribe(request, Kind::Channel, session, context, out),
        C::PSubscribe => pubsub::subscribe(request, Kind::Pattern, session, context, out),
        C::Unsubscribe => pubsub::unsubscribe(request, Kind::Channel, session, context, out),
        C::PUnsubscribe => pubsub::unsubscribe(request, Kind::Pattern, session, context, out),
        C::Publish => pubsub::publish(request, context, out),
        C::PubSub => pubsub::pubsub(request, context, out),
        _ => return connection::execute(request, session, context, out),
    }
    Outcome::Continue
}

/// The row of a container's subcommand, or of a command that is none. One that is not there, or that does not take so many words,
/// is answered here.
pub fn subcommand(request: &Request<'_>, out: &mut impl Reply) -> Option<&'static Spec> {
    match ringstone_protocol::resp::keys::resolve(request.spec, request.args) {
        Some(row) if row.accepts(request.args.len()) => Some(row),
        Some(row) => {
            reply::wrong_arguments(out, row);
            None
        }
        None => {
            let [word] = request.fixed();
            reply::unknown_subcommand(out, request.spec, word);
            None
        }
    }
}

/// Counter of a command.
#[inline]
pub fn command_index(spec: &Spec) -> CommandIndex {
    CommandIndex::resp(spec.id)
}

/// Answers a refused write.
pub fn refuse(error: Error, context: &Context<'_>, out: &mut impl Reply) {
    match error {
        Error::TooLarge => context.counters.resp.too_large.add(1),
        Error::OutOfMemory | Error::TooManyReserved => context.counters.resp.no_memory.add(1),
        Error::KeyTooLong => {}
    }
    reply::error(out, refusal(error));
}

/// Valkey's words for a refused write where it has them.
pub fn refusal(error: Error) -> &'static str {
    match error {
        Error::TooLarge => "ERR string exceeds maximum allowed size (max_value_size)",
        Error::KeyTooLong => "ERR key exceeds maximum allowed size (65536 bytes)",
        Error::OutOfMemory | Error::TooManyReserved => "OOM command not allowed when used memory > 'maxmemory'.",
    }
}
