//! Replies of the classic text protocol. Every constant is a full line.

use std::fmt::{self, Display, Write as _};

use crate::Sink;
use crate::sink::Fill;

/// Storage succeeded.
pub const STORED: &[u8] = b"STORED\r\n";
/// The condition of add, replace, append or prepend did not hold.
pub const NOT_STORED: &[u8] = b"NOT_STORED\r\n";
/// cas: the item has changed.
pub const EXISTS: &[u8] = b"EXISTS\r\n";
/// No such item.
pub const NOT_FOUND: &[u8] = b"NOT_FOUND\r\n";
/// delete succeeded.
pub const DELETED: &[u8] = b"DELETED\r\n";
/// touch succeeded.
pub const TOUCHED: &[u8] = b"TOUCHED\r\n";
/// flush_all, verbosity.
pub const OK: &[u8] = b"OK\r\n";
/// Ends a retrieval and a list of statistics.
pub const END: &[u8] = b"END\r\n";
/// `stats reset`.
pub const RESET: &[u8] = b"RESET\r\n";
/// The line end after a value.
pub const LINE_END: &[u8] = b"\r\n";
/// Unknown command, or a wrong number of words.
pub const ERROR: &[u8] = b"ERROR\r\n";
/// A word of a storage command, or a key's length, is wrong.
pub const BAD_FORMAT: &[u8] = b"CLIENT_ERROR bad command line format\r\n";
/// delete with words it does not know (two spaces, as memcached writes it).
pub const BAD_DELETE: &[u8] = b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n";
/// The body is not followed by `\r\n`.
pub const BAD_DATA_CHUNK: &[u8] = b"CLIENT_ERROR bad data chunk\r\n";
/// incr, decr: the delta is not a number.
pub const BAD_DELTA: &[u8] = b"CLIENT_ERROR invalid numeric delta argument\r\n";
/// touch, gat, flush_all: the time is not a number.
pub const BAD_EXPTIME: &[u8] = b"CLIENT_ERROR invalid exptime argument\r\n";
/// A line without an end; the connection is closed after it. memcached closes without a word.
pub const LINE_TOO_LONG: &[u8] = b"CLIENT_ERROR line too long\r\n";
/// incr, decr: the stored value is not a number.
pub const NON_NUMERIC: &[u8] = b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
/// The value is above the limit.
pub const TOO_LARGE: &[u8] = b"SERVER_ERROR object too large for cache\r\n";
/// Nothing could be evicted for the value.
pub const OUT_OF_MEMORY: &[u8] = b"SERVER_ERROR out of memory storing object\r\n";
/// The item is a hash, which only RESP reads.
pub const IS_HASH: &[u8] = b"SERVER_ERROR the item is a hash\r\n";
/// Meta: the token of a flag is no number.
pub const BAD_TOKEN: &[u8] = b"CLIENT_ERROR bad token in command line format\r\n";
/// Meta: no such flag.
pub const INVALID_FLAG: &[u8] = b"CLIENT_ERROR invalid flag\r\n";
/// Meta: a flag is there twice.
pub const DUPLICATE_FLAG: &[u8] = b"CLIENT_ERROR duplicate flag\r\n";
/// ma: something is wrong with the key or the flags.
pub const BAD_META_FLAGS: &[u8] = b"CLIENT_ERROR invalid or duplicate flag\r\n";
/// Meta: too many words.
pub const TOO_MANY_FLAGS: &[u8] = b"CLIENT_ERROR options flags are too long\r\n";
/// Meta: the O flag is too long.
pub const OPAQUE_TOO_LONG: &[u8] = b"CLIENT_ERROR opaque token too long\r\n";
/// Meta: the key is no base64.
pub const BAD_BASE64: &[u8] = b"CLIENT_ERROR error decoding key\r\n";
/// ms: no such mode.
pub const BAD_SET_MODE: &[u8] = b"CLIENT_ERROR invalid mode for ms M token\r\n";
/// ma: no such mode.
pub const BAD_ARITHMETIC_MODE: &[u8] = b"CLIENT_ERROR invalid mode for ma M token\r\n";
/// Meta: the token of J is no number.
pub const BAD_INITIAL: &[u8] = b"CLIENT_ERROR invalid numeric initial value\r\n";
/// Meta: the token of D is no number.
pub const BAD_META_DELTA: &[u8] = b"CLIENT_ERROR invalid numeric delta value\r\n";
/// mn.
pub const META_NO_OP: &[u8] = b"MN\r\n";
/// me: no such item.
pub const META_MISS: &[u8] = b"EN\r\n";
/// Stands for "nothing to send".
pub const NONE: &[u8] = b"";

/// `VALUE `, three numbers with their spaces, and the line end, in bytes: what a head needs beside its key.
const HEAD_ROOM: usize = 6 + 1 + 10 + 1 + 20 + 1 + 20 + 2;
/// Keys up to so many bytes are composed in one piece; all that this protocol can ask for are.
const MAX_INLINE_KEY: usize = 512;

/// `VALUE <key> <flags> <length>[ <cas>]\r\n`. `length` is the value's in bytes.
#[inline]
pub fn write_value_head(sink: &mut impl Sink, key: &[u8], flags: u32, length: usize, cas: Option<u64>) {
    let (inline, long): (&[u8], &[u8]) = if key.len() <= MAX_INLINE_KEY { (key, b"") } else { (b"", key) };
    if !long.is_empty() {
        sink.write(b"VALUE ");
        sink.write(long);
    }
    let mut fill = Fill::new(sink.room(HEAD_ROOM + inline.len()));
    if long.is_empty() {
        fill.put(b"VALUE ");
        fill.put(inline);
    }
    fill.put(b" ");
    match flags {
        // Those of most items are 0.
        0..=9 => fill.put(&[b'0' + flags as u8]),
        _ => fill.put_number(flags),
    }
    fill.put(b" ");
    fill.put_number(length);
    if let Some(cas) = cas {
        fill.put(b" ");
        fill.put_number(cas);
    }
    fill.put(LINE_END);
    let filled = fill.length();
    sink.commit(filled);
}

/// Decimal and line end.
#[inline]
pub fn write_number(sink: &mut impl Sink, number: u64) {
    let mut fill = Fill::new(sink.room(20 + LINE_END.len()));
    fill.put_number(number);
    fill.put(LINE_END);
    let filled = fill.length();
    sink.commit(filled);
}

/// `STAT <name> <value>\r\n`. Line ends within the value are the caller's to avoid.
pub fn write_stat(sink: &mut impl Sink, name: &str, value: &dyn Display) {
    sink.write(b"STAT ");
    sink.write(name.as_bytes());
    sink.write(b" ");
    // A sink takes everything; an error could only be the Display's own, and then the value is what it managed to write.
    let _ = write!(Text(sink), "{value}");
    sink.write(LINE_END);
}

/// Lets `fmt` write into a sink.
struct Text<'a, S: Sink>(&'a mut S);

impl<S: Sink> fmt::Write for Text<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
