//! Composers of replies.

use super::command::Spec;
use super::keys::subcommands;
use super::left_out::left_out;
use super::parse::{Args, ProtocolError};
use crate::Sink;
use crate::sink::Fill;

/// A connection's protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Version {
    /// RESP2
    #[default]
    Resp2,
    /// RESP3
    Resp3,
}

/// A type's byte, the longest number and a line end.
const HEAD_ROOM: usize = 1 + 20 + 2;
/// Bulks up to so many bytes are composed in one piece.
const MAX_INLINE_BULK: usize = 512;
const LINE_END: &[u8] = b"\r\n";
/// Bytes of a name, and of all arguments together, that `unknown_command` quotes (Valkey: 128).
const MAX_QUOTED: usize = 128;

/// `<type><number>\r\n`
#[inline]
fn head(sink: &mut impl Sink, kind: u8, number: impl itoa::Integer) {
    let mut fill = Fill::new(sink.room(HEAD_ROOM));
    fill.put(&[kind]);
    fill.put_number(number);
    fill.put(LINE_END);
    let filled = fill.length();
    sink.commit(filled);
}

/// What is not an answer to a request: `>n`, or `*n` to a subscriber of RESP2
#[inline]
pub fn push(sink: &mut impl Sink, length: usize, version: Version) {
    match version {
        Version::Resp2 => head(sink, b'*', length),
        Version::Resp3 => head(sink, b'>', length),
    }
}

/// An array of bulks but for its first byte, in which the versions differ where it is pushed: `n`, bulks
pub fn words(sink: &mut impl Sink, words: &[&[u8]]) {
    let mut digits = itoa::Buffer::new();
    sink.write(digits.format(words.len()).as_bytes());
    sink.write(LINE_END);
    words.iter().for_each(|word| bulk(sink, word));
}

/// The reply of `<command> HELP`, Valkey's first and last lines around those of the command.
pub fn help(sink: &mut impl Sink, command: &str, lines: &[&str]) {
    array(sink, lines.len() + 3);
    simple(sink, &format!("{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().for_each(|line| simple(sink, line));
    simple(sink, "HELP");
    simple(sink, "    Prints this help.");
}

/// `+text`; without CR and LF, which is the caller's to see to.
#[inline]
pub fn simple(sink: &mut impl Sink, text: &str) {
    debug_assert!(!text.bytes().any(|byte| matches!(byte, b'\r' | b'\n')));
    sink.write(b"+");
    sink.write(text.as_bytes());
    sink.write(LINE_END);
}

/// `-text` (with its code word; CR and LF within become spaces)
pub fn error(sink: &mut impl Sink, text: &str) {
    error_bytes(sink, text.as_bytes());
}

/// The same for text that quotes bytes of a request.
fn error_bytes(sink: &mut impl Sink, text: &[u8]) {
    sink.note_error(text);
    sink.write(b"-");
    one_line(sink, text);
    sink.write(LINE_END);
}

/// `text` with spaces for CR and LF.
fn one_line(sink: &mut impl Sink, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        sink.write(&rest[..at]);
        sink.write(b" ");
        rest = &rest[at + 1..];
    }
    sink.write(rest);
}

/// `-ERR unknown command 'name', with args beginning with: 'a' 'b' `, cut as Valkey cuts it; of a command that Valkey has
/// `-ERR unknown command 'LPUSH', Ringstone has no lists`.
#[cold]
pub fn unknown_command(sink: &mut impl Sink, args: Args<'_>) {
    let mut args = args.into_iter();
    let name = args.next().unwrap_or_default();
    sink.note_error(b"ERR");
    sink.write(b"-ERR unknown command '");
    one_line(sink, &name[..name.len().min(MAX_QUOTED)]);
    if let Some(what) = left_out(name) {
        sink.write(b"', Ringstone has no ");
        sink.write(what.as_bytes());
        return sink.write(LINE_END);
    }
    sink.write(b"', with args beginning with: ");
    let mut quoted = 0;
    for arg in args {
        if quoted >= MAX_QUOTED {
            break;
        }
        let shown = &arg[..arg.len().min(MAX_QUOTED - quoted)];
        sink.write(b"'");
        one_line(sink, shown);
        sink.write(b"' ");
        // With its quotes and space, as Valkey counts.
        quoted += shown.len() + 3;
    }
    sink.write(LINE_END);
}

/// `-ERR wrong number of arguments for 'name' command`
#[cold]
pub fn wrong_arguments(sink: &mut impl Sink, spec: &Spec) {
    sink.note_error(b"ERR");
    sink.write(b"-ERR wrong number of arguments for '");
    sink.write(spec.name.as_bytes());
    sink.write(b"' command\r\n");
}

/// `-ERR unknown subcommand 'word'. Try CONTAINER HELP.`
#[cold]
pub fn unknown_subcommand(sink: &mut impl Sink, container: &Spec, word: &[u8]) {
    sink.note_error(b"ERR");
    sink.write(b"-ERR unknown subcommand '");
    one_line(sink, &word[..word.len().min(MAX_QUOTED)]);
    sink.write(b"'. Try ");
    sink.write(container.name.to_ascii_uppercase().as_bytes());
    sink.write(b" HELP.\r\n");
}

/// `:n`
#[inline]
pub fn integer(sink: &mut impl Sink, number: i64) {
    head(sink, b':', number);
}

/// `$len`, bytes
#[inline]
pub fn bulk(sink: &mut impl Sink, bytes: &[u8]) {
    if bytes.len() > MAX_INLINE_BULK {
        bulk_head(sink, bytes.len());
        sink.write(bytes);
        sink.write(LINE_END);
        return;
    }
    let mut fill = Fill::new(sink.room(HEAD_ROOM + bytes.len() + LINE_END.len()));
    fill.put(b"$");
    fill.put_number(bytes.len());
    fill.put(LINE_END);
    fill.put(bytes);
    fill.put(LINE_END);
    let filled = fill.length();
    sink.commit(filled);
}

/// `$len\r\n` alone; the caller sends the body and `\r\n`
#[inline]
pub fn bulk_head(sink: &mut impl Sink, length: usize) {
    head(sink, b'$', length);
}

/// `$-1` or `_`
#[inline]
pub fn null(sink: &mut impl Sink, version: Version) {
    sink.write(match version {
        Version::Resp2 => b"$-1\r\n",
        Version::Resp3 => b"_\r\n",
    });
}

/// `*n`
#[inline]
pub fn array(sink: &mut impl Sink, length: usize) {
    head(sink, b'*', length);
}

/// `%n` or `*2n`
#[inline]
pub fn map(sink: &mut impl Sink, pairs: usize, version: Version) {
    match version {
        Version::Resp2 => head(sink, b'*', pairs * 2),
        Version::Resp3 => head(sink, b'%', pairs),
    }
}

/// `~n` or `*n`
#[inline]
pub fn set(sink: &mut impl Sink, length: usize, version: Version) {
    match version {
        Version::Resp2 => head(sink, b'*', length),
        Version::Resp3 => head(sink, b'~', length),
    }
}

/// `=len txt:` or a bulk
pub fn verbatim(sink: &mut impl Sink, text: &str, version: Version) {
    const FORMAT: &[u8] = b"txt:";
    match version {
        Version::Resp2 => bulk(sink, text.as_bytes()),
        Version::Resp3 => {
            head(sink, b'=', FORMAT.len() + text.len());
            sink.write(FORMAT);
            sink.write(text.as_bytes());
            sink.write(LINE_END);
        }
    }
}

/// Text of a protocol error's line, `ERR Protocol error: ...`
#[cold]
pub fn protocol_error(sink: &mut impl Sink, error: ProtocolError) {
    let text: &[u8] = match error {
        ProtocolError::InvalidMultibulkLength => b"ERR Protocol error: invalid multibulk length",
        ProtocolError::InvalidBulkLength => b"ERR Protocol error: invalid bulk length",
        ProtocolError::ExpectedDollar(byte) => {
            let mut text = *b"ERR Protocol error: expected '$', got '?'";
            text[text.len() - 2] = byte;
            return error_bytes(sink, &text);
        }
        ProtocolError::TooBigInline => b"ERR Protocol error: too big inline request",
        ProtocolError::TooBigBulkCount => b"ERR Protocol error: too big bulk count string",
        ProtocolError::TooBigMultibulkCount => b"ERR Protocol error: too big mbulk count string",
        ProtocolError::UnbalancedQuotes => b"ERR Protocol error: unbalanced quotes in request",
        ProtocolError::MissingCrlf => b"ERR Protocol error: bulk not followed by CRLF",
    };
    error_bytes(sink, text);
}

/// A set of status lines, as COMMAND INFO shows flags.
fn statuses(sink: &mut impl Sink, texts: &[&str], version: Version) {
    set(sink, texts.len(), version);
    for text in texts {
        simple(sink, text);
    }
}

/// The reply of COMMAND INFO for one row: ten elements, as since Redis 7, the last of which are the rows of subcommands.
pub fn command_info(sink: &mut impl Sink, spec: &Spec, version: Version) {
    array(sink, 10);
    bulk(sink, spec.name.as_bytes());
    integer(sink, i64::from(spec.arity));
    statuses(sink, spec.flags, version);
    integer(sink, i64::from(spec.first_key));
    integer(sink, i64::from(spec.last_key));
    integer(sink, i64::from(spec.key_step));
    statuses(sink, spec.categories, version);
    set(sink, spec.tips.len(), version);
    for tip in spec.tips {
        bulk(sink, tip.as_bytes());
    }
    key_specifications(sink, spec, version);
    match own_subcommands(spec) {
        [] => set(sink, 0, version),
        rows => {
            array(sink, rows.len());
            rows.iter().for_each(|row| command_info(sink, row, version));
        }
    }
}

/// The rows of a container's subcommands; none for a row that is one.
fn own_subcommands(spec: &Spec) -> &'static [Spec] {
    if spec.name.contains('|') { &[] } else { subcommands(spec.id) }
}

/// The specifications of where the keys are: none, one, or two where the second key is dealt with in another way.
fn key_specifications(sink: &mut impl Sink, spec: &Spec, version: Version) {
    if !spec.second_key_flags.is_empty() {
        set(sink, 2, version);
        key_specification(sink, spec.key_flags, spec.first_key, 0, 1, version);
        return key_specification(sink, spec.second_key_flags, spec.last_key, 0, 1, version);
    }
    set(sink, usize::from(spec.first_key != 0), version);
    if spec.first_key != 0 {
        // Counted from the first key, unless it counts from the end.
        let last = if spec.last_key < 0 { spec.last_key } else { spec.last_key - spec.first_key };
        key_specification(sink, spec.key_flags, spec.first_key, last, spec.key_step, version);
    }
}

fn key_specification(sink: &mut impl Sink, flags: &[&str], first: i32, last: i32, step: i32, version: Version) {
    map(sink, 3, version);
    bulk(sink, b"flags");
    statuses(sink, flags, version);
    typed(sink, "begin_search", "index", &[("index", first)], version);
    typed(sink, "find_keys", "range", &[("lastkey", last), ("keystep", step), ("limit", 0)], version);
}

/// `name`, then a map of a type and the numbers that belong to it.
fn typed(sink: &mut impl Sink, name: &str, kind: &str, numbers: &[(&str, i32)], version: Version) {
    bulk(sink, name.as_bytes());
    map(sink, 2, version);
    bulk(sink, b"type");
    bulk(sink, kind.as_bytes());
    bulk(sink, b"spec");
    map(sink, numbers.len(), version);
    for (name, number) in numbers {
        bulk(sink, name.as_bytes());
        integer(sink, i64::from(*number));
    }
}

/// The reply of COMMAND DOCS for one row (name, then a map)
pub fn command_docs(sink: &mut impl Sink, spec: &Spec, version: Version) {
    let entries =
        [("summary", spec.summary), ("since", spec.since), ("group", spec.group), ("complexity", spec.complexity)];
    let rows = own_subcommands(spec);
    bulk(sink, spec.name.as_bytes());
    map(sink, entries.len() + usize::from(!rows.is_empty()), version);
    for (name, text) in entries {
        bulk(sink, name.as_bytes());
        bulk(sink, text.as_bytes());
    }
    if !rows.is_empty() {
        bulk(sink, b"subcommands");
        map(sink, rows.len(), version);
        rows.iter().for_each(|row| command_docs(sink, row, version));
    }
}

/// The reply of COMMAND GETKEYSANDFLAGS: pairs of a key and what is done to it.
pub fn keys_and_flags<'a>(
    sink: &mut impl Sink,
    spec: &Spec,
    keys: impl Iterator<Item = &'a [u8]> + Clone,
    version: Version,
) {
    array(sink, keys.clone().count());
    for key in keys {
        array(sink, 2);
        bulk(sink, key);
        statuses(sink, spec.key_flags, version);
    }
}

/// `*-1` or `_`
pub fn null_array(sink: &mut impl Sink, version: Version) {
    sink.write(match version {
        Version::Resp2 => b"*-1\r\n",
        Version::Resp3 => b"_\r\n",
    });
}

/// A real number: `,n`, or a bulk of the same text.
pub fn double(sink: &mut impl Sink, number: f64, version: Version) {
    let text = number.to_string();
    match version {
        Version::Resp2 => bulk(sink, text.as_bytes()),
        Version::Resp3 => {
            sink.write(b",");
            sink.write(text.as_bytes());
            sink.write(LINE_END);
        }
    }
}
