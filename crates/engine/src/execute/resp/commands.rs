//! COMMAND: what the table of commands says about them.

use super::Request;
use super::subcommands::{self, Subcommand};
use crate::reply::Reply;
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::command::{self, Spec, TABLE};
use ringstone_protocol::resp::reply::{self, Version};

/// Names and arities, as Valkey 8 has them.
const SUBCOMMANDS: &[Subcommand] = &[("count", 2), ("docs", -2), ("getkeys", -3), ("info", -2), ("list", -2)];

/// COMMAND [COUNT | DOCS name... | GETKEYS command... | INFO name... | LIST [FILTERBY kind what]]
pub fn execute(request: &Request<'_>, version: Version, out: &mut impl Reply) {
    if request.args.len() == 1 {
        return infos(TABLE.iter().map(Some), version, out);
    }
    let names = request.arguments().skip(1);
    match subcommands::find(request, SUBCOMMANDS, out) {
        Some("count") => reply::integer(out, TABLE.len() as i64),
        Some("list") => list(names, out),
        Some("info") if request.args.len() == 2 => infos(TABLE.iter().map(Some), version, out),
        Some("info") => infos(names.map(command::lookup), version, out),
        Some("getkeys") => keys(&names.collect::<Vec<_>>(), out),
        Some("docs") if request.args.len() == 2 => docs(TABLE.iter(), version, out),
        Some("docs") => docs(names.filter_map(command::lookup), version, out),
        _ => {}
    }
}

/// One row for each, null for what is unknown.
fn infos(specs: impl Iterator<Item = Option<&'static Spec>> + Clone, version: Version, out: &mut impl Reply) {
    reply::array(out, specs.clone().count());
    for spec in specs {
        if !out.has_room() {
            return;
        }
        match spec {
            Some(spec) => reply::command_info(out, spec, version),
            None => reply::null(out, version),
        }
    }
}

fn docs(specs: impl Iterator<Item = &'static Spec> + Clone, version: Version, out: &mut impl Reply) {
    reply::map(out, specs.clone().count(), version);
    for spec in specs {
        if out.has_room() {
            reply::command_docs(out, spec, version);
        }
    }
}

/// LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]. There are no modules.
fn list<'a>(mut words: impl Iterator<Item = &'a [u8]>, out: &mut impl Reply) {
    let (filter, kind, what) = (words.next(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
    let found: Vec<&Spec> = match filter {
        None => TABLE.iter().collect(),
        Some(word) if !word.eq_ignore_ascii_case(b"filterby") || words.next().is_some() || what.is_empty() => {
            return reply::error(out, "ERR syntax error");
        }
        _ if is("module") => Vec::new(),
        _ if is("aclcat") => {
            TABLE.iter().filter(|spec| spec.categories.iter().any(|name| category(name, what))).collect()
        }
        _ if is("pattern") => {
            let pattern = Pattern::ignoring_case(what);
            TABLE.iter().filter(|spec| pattern.matches(spec.name.as_bytes())).collect()
        }
        _ => return reply::error(out, "ERR syntax error"),
    };
    reply::array(out, found.len());
    found.iter().for_each(|spec| reply::bulk(out, spec.name.as_bytes()));
}

/// Whether a category of the table (`@read`) is the one that is asked for (`read`).
fn category(name: &str, wanted: &[u8]) -> bool {
    name.as_bytes()[1..].eq_ignore_ascii_case(wanted)
}

/// GETKEYS: which words of a command are its keys.
fn keys(words: &[&[u8]], out: &mut impl Reply) {
    let Some(spec) = words.first().and_then(|name| command::lookup(name)) else {
        return reply::error(out, "ERR Invalid command specified");
    };
    if spec.first_key == 0 {
        return reply::error(out, "ERR The command has no key arguments");
    }
    if !spec.accepts(words.len()) {
        return reply::error(out, "ERR Invalid number of arguments specified for command");
    }
    let last = if spec.last_key < 0 { words.len() as i32 + spec.last_key } else { spec.last_key };
    let places = (spec.first_key..=last).step_by(spec.key_step.max(1) as usize);
    reply::array(out, places.clone().count());
    places.for_each(|place| reply::bulk(out, words[place as usize]));
}
