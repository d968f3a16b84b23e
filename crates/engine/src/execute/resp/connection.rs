//! RESP commands on the connection itself.

use super::info::COMPATIBLE_VERSION;
use super::{Request, auth, client, pubsub, tracking};
use crate::client::Status;
use crate::reply::Reply;
use crate::session::{Modes, Session};
use crate::shared::{Context, Outcome, Shared};
use ringstone_protocol::resp::command::Command;
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply::{self, Version};
use std::borrow::Cow;

/// Executes a command that needs no item.
pub fn execute(
    request: &Request<'_>,
    session: &mut Session,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> Outcome {
    match request.spec.id {
        Command::Ping => ping(request, session, out),
        Command::Echo => reply::bulk(out, request.fixed::<1>()[0]),
        Command::Select => select(request, out),
        Command::Hello => hello(request, session, context, out),
        Command::Auth => auth::execute(request, session, context, out),
        Command::Client => return client::execute(request, session, context, out),
        Command::Reset => {
            reset(session, context.shared, out);
            out.write(b"+RESET\r\n");
        }
        Command::Quit => {
            out.write(b"+OK\r\n");
            return Outcome::Close;
        }
        // `resp::execute` takes every other command; a new row of the table without code would end here.
        other => reply::error(out, &format!("ERR command {other:?} is not served")),
    }
    Outcome::Continue
}

/// RESET: back to what a new connection has; but its library is what it was.
fn reset(session: &mut Session, shared: &Shared, out: &mut impl Reply) {
    session.end_transaction();
    pubsub::leave(session, shared);
    tracking::stop(session, shared);
    // What has come so far belongs to the time before.
    session.client.deliver_now(out);
    session.modes = Modes::default();
    session.modes.set(Modes::UNAUTHENTICATED, shared.auth.is_required());
    session.set_version(Version::Resp2);
    session.client.set_status(Status::NO_EVICT.and(Status::NO_TOUCH), false);
    let mut names = session.client.names.lock();
    (names.name, names.user) = (Box::default(), None);
}

fn ping(request: &Request<'_>, session: &Session, out: &mut impl Reply) {
    match request.args.len() {
        // In the form of a message, as a subscriber of RESP2 expects nothing else.
        1 | 2 if session.modes.has(Modes::SUBSCRIBER) && session.version == Version::Resp2 => {
            reply::array(out, 2);
            reply::bulk(out, b"pong");
            reply::bulk(out, request.fixed::<1>()[0]);
        }
        1 => out.write(b"+PONG\r\n"),
        2 => reply::bulk(out, request.fixed::<1>()[0]),
        _ => reply::wrong_arguments(out, request.spec),
    }
}

fn select(request: &Request<'_>, out: &mut impl Reply) {
    match check_database(request.fixed::<1>()[0]) {
        Ok(()) => out.write(b"+OK\r\n"),
        Err(text) => reply::error(out, text),
    }
}

/// There is one database, 0.
pub fn check_database(index: &[u8]) -> Result<(), &'static str> {
    match parse_i64(index) {
        Some(0) => Ok(()),
        Some(index) if i32::try_from(index).is_ok() => Err("ERR DB index is out of range"),
        Some(_) => Err("ERR value is out of range, value must between -2147483648 and 2147483647"),
        None => Err("ERR value is not an integer or out of range"),
    }
}

/// HELLO [2|3 [AUTH user password] [SETNAME name]]. Nothing is changed unless all of it is understood.
fn hello(request: &Request<'_>, session: &mut Session, context: &Context<'_>, out: &mut impl Reply) {
    let mut arguments = request.arguments();
    let version = match arguments.next() {
        None => session.version,
        Some(wish) => match parse_i64(wish) {
            Some(2) => Version::Resp2,
            Some(3) => Version::Resp3,
            Some(_) => return reply::error(out, "NOPROTO unsupported protocol version"),
            None => return reply::error(out, "ERR Protocol version is not an integer or out of range"),
        },
    };
    let (mut name, mut login) = (None, None);
    while let Some(option) = arguments.next() {
        if option.eq_ignore_ascii_case(b"auth")
            && let (Some(user), Some(password)) = (arguments.clone().next(), arguments.clone().nth(1))
        {
            login = Some((user, password));
            arguments.nth(1);
            continue;
        }
        match arguments.next() {
            Some(value) if option.eq_ignore_ascii_case(b"setname") => {
                if let Err(text) = client::check_client_name(value) {
                    return reply::error(out, &text);
                }
                name = Some(value);
            }
            _ => {
                let option = shown(option);
                return reply::error(out, &format!("ERR Syntax error in HELLO option '{option}'"));
            }
        }
    }
    if let Some((user, password)) = login
        && let Err(text) = auth::login(user, password, session, context)
    {
        return reply::error(out, text);
    }
    if session.modes.has(Modes::UNAUTHENTICATED) {
        return reply::error(out, auth::HELLO_FIRST);
    }
    if let Some(name) = name {
        client::set_name(name, session);
    }
    if version != session.version && !context.is_in_transaction() {
        // What has come so far has the form of the old one. A transaction's replies have no place for it.
        session.client.deliver_now(out);
    }
    session.set_version(version);
    write_hello(session, out);
}

fn write_hello(session: &Session, out: &mut impl Reply) {
    reply::map(out, 7, session.version);
    let mut pair = |name: &str, value: &str| {
        reply::bulk(out, name.as_bytes());
        reply::bulk(out, value.as_bytes());
    };
    pair("server", "ringstone");
    pair("version", COMPATIBLE_VERSION);
    reply::bulk(out, b"proto");
    reply::integer(out, if session.version == Version::Resp3 { 3 } else { 2 });
    reply::bulk(out, b"id");
    reply::integer(out, session.client.serial as i64);
    let mut pair = |name: &str, value: &str| {
        reply::bulk(out, name.as_bytes());
        reply::bulk(out, value.as_bytes());
    };
    pair("mode", "standalone");
    pair("role", "master");
    reply::bulk(out, b"modules");
    reply::array(out, 0);
}
/// Bytes of a word that an error quotes (Valkey: 128).
const MAX_QUOTED: usize = 128;

/// The start of a word that an error quotes.
pub fn shown(word: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&word[..word.len().min(MAX_QUOTED)])
}
