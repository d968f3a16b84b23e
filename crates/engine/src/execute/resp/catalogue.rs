//! COMMAND: what the table says.

use super::{Request, subcommand};
use crate::reply::Reply;
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::command::{self, SUBCOMMANDS, Spec, TABLE};
use ringstone_protocol::resp::keys::{keys, lookup_any, resolve};
use ringstone_protocol::resp::parse::Args;
use ringstone_protocol::resp::reply::{self, Version};

/// COMMAND [COUNT | INFO name... | DOCS name... | LIST [FILTERBY ...] | GETKEYS ... | GETKEYSANDFLAGS ... | HELP]
pub fn execute(request: &Request<'_>, version: Version, out: &mut impl Reply) {
    let Some(row) = subcommand(request, out) else { return };
    let names = || request.arguments().skip(1);
    match row.name {
        "command" => infos(std::iter::empty(), version, out),
        "command|count" => reply::integer(out, TABLE.len() as i64),
        "command|list" => list(request, out),
        "command|info" => infos(names(), version, out),
        "command|docs" => docs(names(), version, out),
        "command|getkeys" => get_keys(request, false, version, out),
        "command|getkeysandflags" => get_keys(request, true, version, out),
        _ => reply::help(out, "COMMAND", HELP),
    }
}

fn infos<'a>(names: impl Iterator<Item = &'a [u8]> + Clone, version: Version, out: &mut impl Reply) {
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
        match lookup_any(name) {
            Some(spec) => reply::command_info(out, spec, version),
            None => reply::null(out, version),
        }
    }
}

fn docs<'a>(names: impl Iterator<Item = &'a [u8]> + Clone, version: Version, out: &mut impl Reply) {
    let specs: Vec<&Spec> =
        if names.clone().next().is_none() { TABLE.iter().collect() } else { names.filter_map(lookup_any).collect() };
    reply::map(out, specs.len(), version);
    for spec in specs {
        if out.has_room() {
            reply::command_docs(out, spec, version);
        }
    }
}

/// COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]; an array under RESP3 too, as in Redis 7.0. With
/// subcommands; there are no modules.
fn list(request: &Request<'_>, out: &mut impl Reply) {
    let all = || TABLE.iter().chain(SUBCOMMANDS);
    let [_, filter_by, kind, wanted] = request.fixed();
    let specs: Vec<&Spec> = match (request.args.len(), kind.to_ascii_lowercase().as_slice()) {
        (2, _) => all().collect(),
        (5, b"module") => Vec::new(),
        (5, b"aclcat") => all().filter(|spec| has_category(spec, wanted)).collect(),
        (5, b"pattern") => {
            let pattern = Pattern::ignoring_case(wanted);
            all().filter(|spec| pattern.matches(spec.name.as_bytes())).collect()
        }
        _ => return reply::error(out, "ERR syntax error"),
    };
    if request.args.len() == 5 && !filter_by.eq_ignore_ascii_case(b"filterby") {
        return reply::error(out, "ERR syntax error");
    }
    reply::array(out, specs.len());
    specs.iter().for_each(|spec| reply::bulk(out, spec.name.as_bytes()));
}

fn has_category(spec: &Spec, wanted: &[u8]) -> bool {
    spec.categories.iter().any(|category| category.as_bytes()[1..].eq_ignore_ascii_case(wanted))
}

/// The words after the subcommand are a request.
fn get_keys(request: &Request<'_>, with_flags: bool, version: Version, out: &mut impl Reply) {
    let words: Vec<&[u8]> = request.arguments().skip(1).collect();
    let args = Args::List(&words);
    let row = words.first().copied().and_then(command::lookup).and_then(|spec| resolve(spec, args));
    let Some(row) = row else { return reply::error(out, "ERR Invalid command specified") };
    if row.first_key == 0 {
        return reply::error(out, "ERR The command has no key arguments");
    }
    if !row.accepts(words.len()) {
        return reply::error(out, "ERR Invalid number of arguments specified for command");
    }
    let keys = keys(row, args);
    if with_flags {
        return reply::keys_and_flags(out, row, keys, version);
    }
    reply::array(out, keys.clone().count());
    keys.for_each(|key| reply::bulk(out, key));
}

const HELP: &[&str] = &[
    "(no subcommand)",
    "    Return details about all commands.",
    "COUNT",
    "    Return the total number of commands in this server.",
    "LIST",
    "    Return a list of all commands in this server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full command.",
];
