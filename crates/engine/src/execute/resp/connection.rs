//! RESP commands on the connection itself, and COMMAND.

use super::Request;
use super::info::COMPATIBLE_VERSION;
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::Outcome;
use ringstone_protocol::resp::command::{self, Command, Spec, TABLE};
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply::{self, Version};
use std::borrow::Cow;

/// Executes a command that needs no item.
pub fn execute(request: &Request<'_>, session: &mut Session, out: &mut impl Reply) -> Outcome {
    match request.spec.id {
        Command::Ping => ping(request, out),
        Command::Echo => reply::bulk(out, request.fixed::<1>()[0]),
        Command::Select => select(request, out),
        Command::Hello => hello(request, session, out),
        Command::Client => client(request, session, out),
        Command::Command => command_table(request, session.version, out),
        Command::Reset => {
            session.reset();
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

fn ping(request: &Request<'_>, out: &mut impl Reply) {
    match request.args.len() {
        1 => out.write(b"+PONG\r\n"),
        2 => reply::bulk(out, request.fixed::<1>()[0]),
        _ => reply::wrong_arguments(out, request.spec),
    }
}

fn select(request: &Request<'_>, out: &mut impl Reply) {
    match parse_i64(request.fixed::<1>()[0]) {
        Some(0) => out.write(b"+OK\r\n"),
        Some(_) => reply::error(out, "ERR DB index is out of range"),
        None => reply::error(out, "ERR value is not an integer or out of range"),
    }
}

/// HELLO [2|3 [SETNAME name]]. Nothing is changed unless all of it is understood.
fn hello(request: &Request<'_>, session: &mut Session, out: &mut impl Reply) {
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
    let mut name = None;
    while let Some(option) = arguments.next() {
        if option.eq_ignore_ascii_case(b"auth") && arguments.clone().count() >= 2 {
            return reply::error(
                out,
                "ERR AUTH called without any password configured for the default user. Are you sure your configuration is correct?",
            );
        }
        match arguments.next() {
            Some(value) if option.eq_ignore_ascii_case(b"setname") => name = Some(value),
            _ => {
                let option = shown(option);
                return reply::error(out, &format!("ERR Syntax error in HELLO option '{option}'"));
            }
        }
    }
    if let Some(name) = name {
        if let Err(text) = check_name("Client names", name) {
            return reply::error(out, &text);
        }
        session.name = name.to_vec();
    }
    session.version = version;
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

/// Longest name that a connection may give itself, its library or that one's version, in bytes. They are kept as long as
/// the connection is and are not charged to the cache.
const MAX_NAME: usize = 1024;
/// Bytes of a word that an error quotes (Valkey: 128).
const MAX_QUOTED: usize = 128;

fn check_name(what: &str, name: &[u8]) -> Result<(), String> {
    if name.len() > MAX_NAME {
        return Err(format!("ERR {what} cannot be longer than {MAX_NAME} bytes."));
    }
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err(format!("ERR {what} cannot contain spaces, newlines or special characters."));
    }
    Ok(())
}

/// The start of a word that an error quotes.
fn shown(word: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&word[..word.len().min(MAX_QUOTED)])
}

/// CLIENT ID, GETNAME, SETNAME and SETINFO.
fn client(request: &Request<'_>, session: &mut Session, out: &mut impl Reply) {
    let [subcommand, first, second] = request.fixed();
    let count = request.args.len();
    match (subcommand.to_ascii_lowercase().as_slice(), count) {
        (b"id", 2) => reply::integer(out, session.client.serial as i64),
        (b"getname", 2) if session.name.is_empty() => reply::null(out, session.version),
        (b"getname", 2) => reply::bulk(out, &session.name),
        (b"setname", 3) => match check_name("Client names", first) {
            Ok(()) => {
                session.name = first.to_vec();
                out.write(b"+OK\r\n");
            }
            Err(text) => reply::error(out, &text),
        },
        (b"setinfo", 4) => set_info(first, second, session, out),
        (word @ (b"id" | b"getname" | b"setname" | b"setinfo"), _) => {
            let word = String::from_utf8_lossy(word);
            reply::error(out, &format!("ERR wrong number of arguments for 'client|{word}' command"));
        }
        _ => {
            let word = shown(subcommand);
            reply::error(out, &format!("ERR unknown subcommand '{word}'. Try CLIENT HELP."));
        }
    }
}

fn set_info(attribute: &[u8], value: &[u8], session: &mut Session, out: &mut impl Reply) {
    let (field, name) = if attribute.eq_ignore_ascii_case(b"lib-name") {
        (&mut session.library_name, "lib-name")
    } else if attribute.eq_ignore_ascii_case(b"lib-ver") {
        (&mut session.library_version, "lib-ver")
    } else {
        let attribute = shown(attribute);
        return reply::error(out, &format!("ERR Unrecognized option '{attribute}'"));
    };
    if let Err(text) = check_name(name, value) {
        return reply::error(out, &text);
    }
    *field = value.to_vec();
    out.write(b"+OK\r\n");
}

/// COMMAND [COUNT | INFO name... | DOCS name... | LIST]
fn command_table(request: &Request<'_>, version: Version, out: &mut impl Reply) {
    let Some(subcommand) = request.arguments().next() else {
        reply::array(out, TABLE.len());
        TABLE.iter().for_each(|spec| reply::command_info(out, spec, version));
        return;
    };
    let names = || request.arguments().skip(1);
    match subcommand.to_ascii_lowercase().as_slice() {
        b"count" if names().next().is_none() => reply::integer(out, TABLE.len() as i64),
        b"list" if names().next().is_none() => {
            reply::array(out, TABLE.len());
            TABLE.iter().for_each(|spec| reply::bulk(out, spec.name.as_bytes()));
        }
        b"info" => command_infos(names(), version, out),
        b"docs" => command_docs(names(), version, out),
        _ => {
            let word = shown(subcommand);
            reply::error(out, &format!("ERR unknown subcommand '{word}'. Try COMMAND HELP."));
        }
    }
}

fn command_infos<'a>(names: impl Iterator<Item = &'a [u8]> + Clone, version: Version, out: &mut impl Reply) {
    if names.clone().next().is_none() {
        reply::array(out, TABLE.len());
        TABLE.iter().for_each(|spec| reply::command_info(out, spec, version));
        return;
    }
    reply::array(out, names.clone().count());
    for name in names {
        if !out.has_room() {
            return;
        }
        match command::lookup(name) {
            Some(spec) => reply::command_info(out, spec, version),
            None if version == Version::Resp3 => reply::null(out, version),
            None => out.write(b"*-1\r\n"),
        }
    }
}

fn command_docs<'a>(names: impl Iterator<Item = &'a [u8]> + Clone, version: Version, out: &mut impl Reply) {
    let specs: Vec<&Spec> = if names.clone().next().is_none() {
        TABLE.iter().collect()
    } else {
        names.filter_map(command::lookup).collect()
    };
    reply::map(out, specs.len(), version);
    for spec in specs {
        if out.has_room() {
            reply::command_docs(out, spec, version);
        }
    }
}
