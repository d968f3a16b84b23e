//! Commands whose first argument says what is wanted.

use super::Request;
use crate::reply::Reply;
use ringstone_protocol::resp::reply;
use std::borrow::Cow;

/// Bytes of a word that an error quotes (Valkey: 128).
const MAX_QUOTED: usize = 128;

/// The start of a word that an error quotes.
pub fn shown(word: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&word[..word.len().min(MAX_QUOTED)])
}

/// A name in small letters, and its arity as of a command: with both names; negative = at least.
pub type Subcommand = (&'static str, i32);

/// The subcommand that is asked for, if there is one of this name that takes so many arguments; otherwise the error has been
/// answered.
pub fn find(request: &Request<'_>, known: &[Subcommand], out: &mut impl Reply) -> Option<&'static str> {
    let [word] = request.fixed();
    let Some((name, arity)) = known.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())) else {
        let (word, command) = (shown(word), request.spec.name.to_ascii_uppercase());
        reply::error(out, &format!("ERR unknown subcommand '{word}'. Try {command} HELP."));
        return None;
    };
    let (wanted, count) = (arity.unsigned_abs() as usize, request.args.len());
    if count == wanted || *arity < 0 && count > wanted {
        return Some(name);
    }
    let command = request.spec.name;
    reply::error(out, &format!("ERR wrong number of arguments for '{command}|{name}' command"));
    None
}
