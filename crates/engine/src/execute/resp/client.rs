//! CLIENT: what a connection says of itself and asks for itself.

use super::connection::shown;
use super::{Request, client_list, subcommand, tracking};
use crate::client::Status;
use crate::reply::Reply;
use crate::session::{Modes, Session};
use crate::shared::{Context, Outcome};
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply;

/// Longest name that a connection may give itself, its library or that one's version, in bytes. They are kept as long as
/// the connection is and are not charged to the cache.
const MAX_NAME: usize = 1024;

pub(super) const SYNTAX_ERROR: &str = "ERR syntax error";
pub(super) const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

const HELP: [&str; 51] = [
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made from the specified address",
    "    * LADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "    * ID <client-id>",
    "      Kill connections by client id.",
    "    * MAXAGE <maxage>",
    "      Kill connections older than the specified age.",
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    "NO-TOUCH (ON|OFF)",
    "    Will not touch LRU/LFU stats when this mode is on.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETINFO <option> <value>",
    "    Set client meta attr. Options are:",
    "    * LIB-NAME: the client lib name.",
    "    * LIB-VER: the client lib version.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
    "TRACKINGINFO",
    "    Report tracking status for the current connection.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
];

/// CLIENT
pub fn execute(
    request: &Request<'_>,
    session: &mut Session,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> Outcome {
    let Some(row) = subcommand(request, out) else { return Outcome::Continue };
    let [_, first, second] = request.fixed();
    match row.name {
        "client|id" => reply::integer(out, session.client.serial as i64),
        "client|getname" => get_name(session, out),
        "client|setname" => match check_client_name(first) {
            Ok(()) => {
                set_name(first, session);
                out.write(b"+OK\r\n");
            }
            Err(text) => reply::error(out, &text),
        },
        "client|setinfo" => set_info(first, second, session, out),
        "client|info" => client_list::info(session, context, out),
        "client|list" => client_list::list(request, session, context, out),
        "client|kill" => return client_list::kill(request, session, context, out),
        "client|tracking" => tracking::tracking(request, session, context, out),
        "client|caching" => tracking::caching(request, session, out),
        "client|getredir" => reply::integer(out, tracking::redirection(&session.client)),
        "client|trackinginfo" => tracking::info(session, context, out),
        "client|reply" => set_reply(first, session, out),
        "client|no-evict" => {
            if let Some(on) = on_or_off(first, out) {
                session.client.set_status(Status::NO_EVICT, on);
            }
        }
        "client|no-touch" => {
            if let Some(on) = on_or_off(first, out) {
                session.modes.set(Modes::NO_TOUCH, on);
                session.client.set_status(Status::NO_TOUCH, on);
            }
        }
        "client|unblock" => unblock(request, out),
        _ => reply::help(out, "CLIENT", &HELP),
    }
    Outcome::Continue
}

/// ON or OFF, answered with OK; otherwise the error has been answered.
fn on_or_off(word: &[u8], out: &mut impl Reply) -> Option<bool> {
    let on = word.eq_ignore_ascii_case(b"on");
    if !on && !word.eq_ignore_ascii_case(b"off") {
        reply::error(out, SYNTAX_ERROR);
        return None;
    }
    out.write(b"+OK\r\n");
    Some(on)
}

/// Whether a request asks for answers again, and so is answered.
pub fn is_reply_on(mut request: impl Iterator<Item = impl AsRef<[u8]>>) -> bool {
    let words: [&[u8]; 3] = [b"client", b"reply", b"on"];
    let begins = |wanted: &[u8]| request.next().is_some_and(|word| word.as_ref().eq_ignore_ascii_case(wanted));
    words.into_iter().all(begins) && request.next().is_none()
}

/// CLIENT REPLY: while answers are off, pushes are sent all the same, as in Valkey.
fn set_reply(word: &[u8], session: &mut Session, out: &mut impl Reply) {
    if word.eq_ignore_ascii_case(b"on") {
        session.modes.set(Modes::SILENT, false);
        session.modes.set(Modes::SKIP, false);
        out.write(b"+OK\r\n");
    } else if word.eq_ignore_ascii_case(b"off") {
        session.modes.set(Modes::SILENT, true);
    } else if word.eq_ignore_ascii_case(b"skip") {
        session.modes.set(Modes::SKIP, !session.modes.has(Modes::SILENT));
    } else {
        reply::error(out, SYNTAX_ERROR);
    }
}

fn get_name(session: &Session, out: &mut impl Reply) {
    let names = session.client.names.lock();
    if names.name.is_empty() {
        reply::null(out, session.version);
    } else {
        reply::bulk(out, &names.name);
    }
}

fn check_name(what: &str, name: &[u8]) -> Result<(), String> {
    if name.len() > MAX_NAME {
        return Err(format!("ERR {what} cannot be longer than {MAX_NAME} bytes."));
    }
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err(format!("ERR {what} cannot contain spaces, newlines or special characters."));
    }
    Ok(())
}

/// Whether a connection may be called so.
pub fn check_client_name(name: &[u8]) -> Result<(), String> {
    check_name("Client names", name)
}

/// SETNAME, also of HELLO; the name was checked.
pub fn set_name(name: &[u8], session: &Session) {
    session.client.names.lock().name = name.into();
}

fn set_info(attribute: &[u8], value: &[u8], session: &Session, out: &mut impl Reply) {
    let mut names = session.client.names.lock();
    let (field, name) = if attribute.eq_ignore_ascii_case(b"lib-name") {
        (&mut names.library, "lib-name")
    } else if attribute.eq_ignore_ascii_case(b"lib-ver") {
        (&mut names.library_version, "lib-ver")
    } else {
        let attribute = shown(attribute);
        return reply::error(out, &format!("ERR Unrecognized option '{attribute}'"));
    };
    if let Err(text) = check_name(name, value) {
        return reply::error(out, &text);
    }
    *field = value.into();
    out.write(b"+OK\r\n");
}

/// CLIENT UNBLOCK: no command blocks, so there is never anything to unblock.
fn unblock(request: &Request<'_>, out: &mut impl Reply) {
    let [_, id, reason] = request.fixed();
    let is_reason = reason.eq_ignore_ascii_case(b"timeout") || reason.eq_ignore_ascii_case(b"error");
    match (request.args.len(), parse_i64(id)) {
        (4, _) if !is_reason => reply::error(out, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"),
        (3 | 4, Some(_)) => reply::integer(out, 0),
        (3 | 4, None) => reply::error(out, NOT_AN_INTEGER),
        _ => {
            let [word] = request.fixed();
            let word = shown(word);
            let text = format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try CLIENT HELP.");
            reply::error(out, &text);
        }
    }
}
