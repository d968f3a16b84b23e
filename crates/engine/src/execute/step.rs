//! A step of a connection -> its reply.

use crate::connection::{Connection, Receiving, StoreBody};
use crate::counters::CommandIndex;
use crate::execute::{memcache, resp};
use crate::intake::Step;
use crate::reply::{OutputReply, Reply, Silence};
use crate::session::{Modes, Session};
use crate::shared::{Context, Outcome};
use crate::timing;
use ringstone_protocol::Sink;
use ringstone_protocol::memcache::reply as memcache_reply;
use ringstone_protocol::memcache::text::{BodyHead, Request};
use ringstone_protocol::resp::command::{self, Command};
use ringstone_protocol::resp::parse::{Args, Operands};
use ringstone_protocol::resp::reply as resp_reply;
use ringstone_store::{Body, Hash, NewValue};

/// Executes one step. The three kinds that nearly all requests are of are inlined into the worker's loop, and not the rest, which
/// would make each of them move more and keep less in registers.
#[inline(always)]
pub fn execute(
    step: &mut Step<'_>,
    hash: Option<Hash>,
    connection: &mut Connection,
    context: &mut Context<'_>,
    out: &mut OutputReply<'_>,
) -> (Option<CommandIndex>, Outcome) {
    match step {
        &mut Step::Memcache(Request::Get { keys, cas }) => {
            memcache::get(keys, cas, hash.unwrap_or(Hash(0)), context, out);
            (Some(memcache::get_index(cas)), Outcome::Continue)
        }
        Step::Memcache(Request::Store { head, value }) => {
            memcache::store(head, NewValue::Bytes(value), hash.unwrap_or(Hash(0)), context, out);
            (Some(CommandIndex(memcache::store_index(head.mode))), Outcome::Continue)
        }
        &mut Step::Resp { spec, args, operands } => {
            execute_resp(spec, (args, operands), &mut [], hash.unwrap_or(Hash(0)), connection, context, out)
        }
        step => execute_other(step, hash, connection, context, out),
    }
}

#[inline(never)]
fn execute_other(
    step: &mut Step<'_>,
    hash: Option<Hash>,
    connection: &mut Connection,
    context: &mut Context<'_>,
    out: &mut OutputReply<'_>,
) -> (Option<CommandIndex>, Outcome) {
    let hash = hash.unwrap_or(Hash(0));
    match std::mem::replace(step, Step::DONE) {
        Step::Memcache(Request::Admin(admin)) => (None, memcache::admin::execute(admin, connection, context, out)),
        Step::MemcacheLogin { user, password } => {
            memcache::admin::login(user, password, connection, context, out);
            (None, Outcome::Continue)
        }
        Step::MemcacheDump => {
            memcache::admin::dump(connection, context, out);
            (None, Outcome::Continue)
        }
        Step::Memcache(request) => (memcache::command_index(&request), memcache::execute(&request, hash, context, out)),
        Step::Resp { spec, args, operands } => {
            execute_resp(spec, (args, operands), &mut [], hash, connection, context, out)
        }
        Step::MemcacheRefused { reply, close } => {
            context.counters.memcache.protocol_errors.add(1);
            out.write(reply);
            (None, if close { Outcome::Close } else { Outcome::Continue })
        }
        Step::MemcacheNoRoom { error, noreply, remove } => {
            memcache::no_room(error, noreply, remove, context, out);
            (None, Outcome::Continue)
        }
        Step::MemcacheStored => (store_received(hash, connection, context, out), Outcome::Continue),
        Step::Binary(request) => {
            (memcache::binary::command_index(&request), memcache::binary::execute(&request, hash, context, out))
        }
        Step::BinaryRefused { tag, status, remove, close } => {
            memcache::binary::refuse(tag, status, remove, context, out);
            (None, if close { Outcome::Close } else { Outcome::Continue })
        }
        Step::BinaryStored => (binary_received(hash, connection, context, out), Outcome::Continue),
        Step::RespInline(arguments) => execute_list(&arguments, &mut [], connection, context, out),
        Step::RespAssembled => execute_assembled(connection, context, out),
        Step::RespWalk => (None, go_on(connection, context, out)),
        Step::RespRefused(error) => {
            connection.session.refuse();
            resp::refuse(error, context, out);
            (None, Outcome::Continue)
        }
        Step::RespError(error) => {
            context.counters.resp.protocol_errors.add(1);
            resp_reply::protocol_error(out, error);
            (None, Outcome::Close)
        }
        Step::Ping(message) => {
            out.write(b"PONG");
            if !message.is_empty() {
                out.write(b" ");
                out.write(message);
            }
            out.write(b"\r\n");
            (Some(CommandIndex::PING), Outcome::Continue)
        }
        Step::Plain { reply, error, close } => {
            context.counters.plain_errors.add(u64::from(error));
            out.write(reply);
            (None, if close { Outcome::Close } else { Outcome::Continue })
        }
        Step::EchoHead(length) => {
            memcache_reply::write_number(out, length as u64);
            (Some(CommandIndex::ECHO), Outcome::Continue)
        }
        Step::EchoData(data) => {
            out.write(data);
            (None, Outcome::Continue)
        }
    }
}

/// Executes what a client has sent that wants no answers (`CLIENT REPLY`).
#[cold]
pub fn execute_silently(
    step: &mut Step<'_>,
    hash: Option<Hash>,
    connection: &mut Connection,
    context: &mut Context<'_>,
    out: &mut OutputReply<'_>,
) -> (Option<CommandIndex>, Outcome) {
    let session = &mut connection.session;
    let (is_heard, is_resp) = match &*step {
        Step::Resp { spec, args, .. } => (is_heard(*spec, args.into_iter(), session), true),
        Step::RespInline(words) => {
            (is_heard(words.first().and_then(|word| command::lookup(word)), words.iter(), session), true)
        }
        Step::RespAssembled | Step::RespRefused(_) | Step::RespError(_) => (false, true),
        _ => (true, false),
    };
    if is_resp {
        session.modes.set(Modes::SKIP, false);
    }
    if is_heard {
        return execute(step, hash, connection, context, out);
    }
    // Pushes are sent all the same; a command that has them sent before its answer must not take them into its silence.
    connection.session.client.deliver_now(out);
    let out = &mut Silence::default();
    let (index, outcome) = match std::mem::replace(step, Step::DONE) {
        Step::Resp { spec, args, operands } => {
            execute_resp(spec, (args, operands), &mut [], hash.unwrap_or(Hash(0)), connection, context, out)
        }
        Step::RespInline(arguments) => execute_list(&arguments, &mut [], connection, context, out),
        Step::RespAssembled => execute_assembled(connection, context, out),
        Step::RespRefused(error) => {
            connection.session.refuse();
            resp::refuse(error, context, out);
            (None, Outcome::Continue)
        }
        Step::RespError(_) => {
            context.counters.resp.protocol_errors.add(1);
            (None, Outcome::Close)
        }
        _ => (None, Outcome::Continue),
    };
    // A walk has no effect but its reply.
    let walk = connection.session.walk.take();
    (index, if walk.is_some() { Outcome::Continue } else { outcome })
}

/// Whether a request is answered all the same. What is queued for a transaction is not.
fn is_heard(spec: Option<&command::Spec>, words: impl Iterator<Item = impl AsRef<[u8]>>, session: &Session) -> bool {
    let Some(spec) = spec else { return false };
    match spec.id {
        // It ends CLIENT REPLY OFF, with which it begins.
        Command::Reset => session.modes.has(Modes::SILENT),
        _ if session.transaction.is_some() => false,
        id => resp::is_pushed(id) || resp::is_reply_on(words),
    }
}

fn store_received(
    hash: Hash,
    connection: &mut Connection,
    context: &Context<'_>,
    out: &mut OutputReply<'_>,
) -> Option<CommandIndex> {
    let Receiving::Store(received) = std::mem::replace(&mut connection.receiving, Receiving::Nothing) else {
        return None;
    };
    let StoreBody { head, body } = *received;
    let value = NewValue::Body(body);
    Some(match head.as_head() {
        BodyHead::Store(head) => {
            memcache::store(&head, value, hash, context, out);
            CommandIndex(memcache::store_index(head.mode))
        }
        BodyHead::Meta(target) => {
            memcache::meta::store(target, value, hash, context, out);
            CommandIndex::META_SET
        }
    })
}

/// The next slice of a KEYS, after which others get their turn.
fn go_on(connection: &mut Connection, context: &mut Context<'_>, out: &mut OutputReply<'_>) -> Outcome {
    if let Receiving::Walk(walk) = &mut connection.receiving
        && walk.step(context, out)
    {
        connection.receiving = Receiving::Nothing;
    }
    Outcome::Yield
}

fn execute_assembled(
    connection: &mut Connection,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> (Option<CommandIndex>, Outcome) {
    match std::mem::replace(&mut connection.receiving, Receiving::Nothing) {
        Receiving::Array(assembly) => {
            let mut collected = assembly.finish();
            execute_list(&collected.arguments, &mut collected.bodies, connection, context, out)
        }
        _ => (None, Outcome::Close),
    }
}

fn binary_received(
    hash: Hash,
    connection: &mut Connection,
    context: &Context<'_>,
    out: &mut OutputReply<'_>,
) -> Option<CommandIndex> {
    let Receiving::Binary(received) = std::mem::replace(&mut connection.receiving, Receiving::Nothing) else {
        return None;
    };
    memcache::binary::store_received(*received, hash, context, out)
}

fn execute_list(
    arguments: &[Vec<u8>],
    bodies: &mut [(usize, Option<Body>)],
    connection: &mut Connection,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> (Option<CommandIndex>, Outcome) {
    let slices: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
    let spec = slices.first().copied().and_then(command::lookup);
    let first_key = spec.filter(|spec| spec.first_key == 1).and(slices.get(1));
    let hash = first_key.map_or(Hash(0), |key| context.store.hash(key));
    let args = Args::List(&slices);
    execute_resp(spec, (args, Operands::of(args)), bodies, hash, connection, context, out)
}

/// A browser that was talked into sending requests here (cross-protocol scripting); closed without a word, as Valkey does.
fn is_http(args: Args<'_>) -> bool {
    let name = args.into_iter().next().unwrap_or_default();
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

#[inline]
fn execute_resp(
    spec: Option<&'static command::Spec>,
    (args, operands): (Args<'_>, Operands<'_>),
    bodies: &mut [(usize, Option<Body>)],
    hash: Hash,
    connection: &mut Connection,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> (Option<CommandIndex>, Outcome) {
    let session = &mut connection.session;
    let Some(spec) = spec else {
        context.counters.resp.protocol_errors.add(1);
        session.refuse();
        if is_http(args) {
            return (None, Outcome::Close);
        }
        resp_reply::unknown_command(out, args);
        return (None, Outcome::Continue);
    };
    if !spec.accepts(args.len()) {
        context.counters.resp.protocol_errors.add(1);
        if spec.id == Command::Exec {
            resp::transaction::refuse_exec(spec, session, out);
        } else {
            session.refuse();
            resp_reply::wrong_arguments(out, spec);
        }
        return (None, Outcome::Continue);
    }
    if session.modes.has(Modes::UNAUTHENTICATED)
        && let Some(text) = resp::auth::refusal(spec.id)
    {
        session.refuse();
        resp_reply::error(out, text);
        return (None, Outcome::Continue);
    }
    let mut request = resp::Request { spec, args, operands, bodies, hash };
    if session.transaction.is_some() {
        return resp::transaction::step(&mut request, session, context, out);
    }
    let started_ns = context.timing.start(spec, args.len());
    let outcome = resp::execute(&mut request, session, context, out);
    if let Some(started_ns) = started_ns {
        timing::finish(started_ns, spec, args, session, context);
    }
    (Some(resp::command_index(spec)), outcome)
}
