//! Requests: arrays of bulk strings, and inline commands.

use super::inline;
use super::options::parse_i64;

pub use super::args::{Args, ArgsIter, Operands};
pub use super::plain::{Plain, plain};

/// Bounds for the parser.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest array (Valkey: 1,048,576 elements).
    pub max_arguments: usize,
    /// Longest bulk in bytes before it is a protocol error (Valkey's proto-max-bulk-len, 512 MiB).
    pub max_bulk: u64,
    /// Bulks of at least so many bytes that are not wholly in the input make the array `Parsed::Large`.
    pub large_value: usize,
    /// Longest inline line in bytes without its `\n` (64 KiB as Valkey).
    pub max_inline: usize,
}

/// Longest header (`*count` or `$length`) in bytes, without its line end (Valkey: PROTO_INLINE_MAX_SIZE).
pub const MAX_HEADER: usize = 64 * 1024;
/// `\r\n`.
const LINE_END: &[u8] = b"\r\n";
/// Digits that fit a `u64` without a check.
const SAFE_DIGITS: usize = 18;

/// Resumes a scan of an incomplete array, so that it is not scanned from its start again. `Default` for a new request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Offset of the first element that is not whole; 0 = start afresh.
    pub(crate) scanned: usize,
    /// Elements from there on.
    pub(crate) remaining: usize,
}

impl Progress {
    /// Whether no request was begun.
    #[inline]
    pub fn is_fresh(&self) -> bool {
        self.scanned == 0
    }
}

/// Result of parsing the front of the input.
#[derive(Debug)]
pub enum Parsed<'a> {
    /// A request in the first `consumed` bytes.
    Request {
        /// At least one.
        args: Args<'a>,
        /// Bytes.
        consumed: usize,
    },
    /// An inline command, split and unquoted as Valkey's sdssplitargs.
    Inline {
        /// At least one.
        args: Vec<Vec<u8>>,
        /// Bytes.
        consumed: usize,
    },
    /// Nothing asked (empty line, `*0`, `*-1`).
    Nothing {
        /// Bytes.
        consumed: usize,
    },
    /// An array of `count` elements that holds a large bulk which is not wholly here; only the `*count\r\n` header (`consumed`) is taken.
    /// The caller goes on element by element with `parse_bulk_header`.
    Large {
        /// Elements.
        count: usize,
        /// Bytes of the header line.
        consumed: usize,
    },
    /// More is needed: at least `need` bytes in all (0 if unknown).
    Incomplete {
        /// Bytes in all.
        need: usize,
    },
    /// Valkey's text after `-ERR Protocol error: `; the connection is closed.
    ProtocolError(ProtocolError),
}

/// As Valkey words them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// The number after `*`.
    InvalidMultibulkLength,
    /// The number after `$`.
    InvalidBulkLength,
    /// An element that is not a bulk; its first byte.
    ExpectedDollar(u8),
    /// An inline line above `max_inline`.
    TooBigInline,
    /// A `$` line above `MAX_HEADER`.
    TooBigBulkCount,
    /// A `*` line above `MAX_HEADER`.
    TooBigMultibulkCount,
    /// An inline line whose quotes do not match.
    UnbalancedQuotes,
    /// A bulk that is not followed by `\r\n`. Valkey skips two bytes whatever they are; a stream that has lost its
    /// framing is better ended than guessed at.
    MissingCrlf,
}

/// Parses the front of `input`. `progress` belongs to the connection, is reset by the parser whenever it does not answer
/// `Incomplete`, and its offsets are relative to the start of the unconsumed input.
#[inline]
pub fn parse<'a>(input: &'a [u8], limits: &Limits, progress: &mut Progress) -> Parsed<'a> {
    match input.first() {
        Some(b'*') => parse_array(input, limits, progress),
        Some(_) => {
            *progress = Progress::default();
            parse_inline(input, limits)
        }
        None => Parsed::Incomplete { need: 0 },
    }
}

/// The number on a header line.
enum Number {
    /// Its value and the offset after the line.
    Value(i64, usize),
    Incomplete,
    Invalid,
    TooLong,
}

/// Reads `<number>\r\n` at `start`, which is within the input.
#[inline]
fn number(input: &[u8], start: usize) -> Number {
    let mut value = 0u64;
    let mut at = start;
    while let Some(digit @ b'0'..=b'9') = input.get(at)
        && at - start < SAFE_DIGITS
    {
        value = value * 10 + u64::from(digit - b'0');
        at += 1;
    }
    let canonical = at > start && (input[start] != b'0' || at == start + 1);
    if canonical && input.len() >= at + 2 && &input[at..at + 2] == LINE_END {
        return Number::Value(value as i64, at + 2);
    }
    long_number(input, start)
}

/// The same for what is not plainly a short number with its line end.
#[cold]
fn long_number(input: &[u8], start: usize) -> Number {
    let line = &input[start..input.len().min(start + MAX_HEADER + 1)];
    match memchr::memchr(b'\r', line) {
        None if line.len() > MAX_HEADER => Number::TooLong,
        None => Number::Incomplete,
        Some(end) => match (input.get(start + end + 1), parse_i64(&line[..end])) {
            (None, _) => Number::Incomplete,
            (Some(b'\n'), Some(value)) => Number::Value(value, start + end + 2),
            _ => Number::Invalid,
        },
    }
}

fn parse_array<'a>(input: &'a [u8], limits: &Limits, progress: &mut Progress) -> Parsed<'a> {
    let resumed = std::mem::take(progress);
    let (count, body) = match number(input, 1) {
        Number::Value(count, body) => (count, body),
        Number::Incomplete => return Parsed::Incomplete { need: 0 },
        Number::Invalid => return Parsed::ProtocolError(ProtocolError::InvalidMultibulkLength),
        Number::TooLong => return Parsed::ProtocolError(ProtocolError::TooBigMultibulkCount),
    };
    if count <= 0 {
        return Parsed::Nothing { consumed: body };
    }
    let count = match usize::try_from(count) {
        Ok(count) if count <= limits.max_arguments => count,
        _ => return Parsed::ProtocolError(ProtocolError::InvalidMultibulkLength),
    };
    // A resumed scan that does not fit this header is not trusted.
    let mut scan = if resumed.scanned >= body && resumed.scanned <= input.len() && resumed.remaining <= count {
        resumed
    } else {
        Progress { scanned: body, remaining: count }
    };
    match scan_elements(input, limits, &mut scan) {
        Scan::Done => {
            Parsed::Request { args: Args::Wire { count, raw: &input[body..scan.scanned] }, consumed: scan.scanned }
        }
        Scan::Incomplete(need) => {
            *progress = scan;
            Parsed::Incomplete { need }
        }
        Scan::Large => Parsed::Large { count, consumed: body },
        Scan::ProtocolError(error) => Parsed::ProtocolError(error),
    }
}

/// How a scan over elements ended.
enum Scan {
    Done,
    /// Bytes in all, or 0.
    Incomplete(usize),
    Large,
    ProtocolError(ProtocolError),
}

/// Moves `scan` over the elements that are whole.
#[inline]
fn scan_elements(input: &[u8], limits: &Limits, scan: &mut Progress) -> Scan {
    while scan.remaining > 0 {
        let (length, body) = match bulk_header(input, scan.scanned, limits) {
            Ok(Some(header)) => header,
            Ok(None) => return Scan::Incomplete(0),
            Err(error) => return Scan::ProtocolError(error),
        };
        let end = body.saturating_add(length);
        let need = end.saturating_add(LINE_END.len());
        if need > input.len() {
            return if length >= limits.large_value { Scan::Large } else { Scan::Incomplete(need) };
        }
        if &input[end..need] != LINE_END {
            return Scan::ProtocolError(ProtocolError::MissingCrlf);
        }
        scan.scanned = need;
        scan.remaining -= 1;
    }
    Scan::Done
}

/// The length of the bulk whose header is at `start`, and the offset of its body; `None` if the header is not whole.
#[inline]
fn bulk_header(input: &[u8], start: usize, limits: &Limits) -> Result<Option<(usize, usize)>, ProtocolError> {
    let Some(&first) = input.get(start) else { return Ok(None) };
    let line = number(input, start + 1);
    if first != b'$' {
        return not_bulk(input, start, first);
    }
    match line {
        Number::Value(length, body) => match u64::try_from(length) {
            Ok(length) if length <= limits.max_bulk => {
                usize::try_from(length).map(|length| Some((length, body))).map_err(|_| ProtocolError::InvalidBulkLength)
            }
            _ => Err(ProtocolError::InvalidBulkLength),
        },
        Number::Incomplete => Ok(None),
        Number::Invalid => Err(ProtocolError::InvalidBulkLength),
        Number::TooLong => Err(ProtocolError::TooBigBulkCount),
    }
}

/// Valkey names the wrong byte only once the line has ended.
#[cold]
fn not_bulk(input: &[u8], start: usize, first: u8) -> Result<Option<(usize, usize)>, ProtocolError> {
    let line = &input[start..input.len().min(start + MAX_HEADER + 2)];
    match memchr::memchr(b'\r', line) {
        Some(_) => Err(ProtocolError::ExpectedDollar(first)),
        None if line.len() > MAX_HEADER + 1 => Err(ProtocolError::TooBigBulkCount),
        None => Ok(None),
    }
}

fn parse_inline<'a>(input: &[u8], limits: &Limits) -> Parsed<'a> {
    let window = &input[..input.len().min(limits.max_inline.saturating_add(1))];
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if window.len() > limits.max_inline {
            Parsed::ProtocolError(ProtocolError::TooBigInline)
        } else {
            Parsed::Incomplete { need: 0 }
        };
    };
    let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
    let consumed = end + 1;
    match inline::split(line) {
        None => Parsed::ProtocolError(ProtocolError::UnbalancedQuotes),
        Some(args) if args.is_empty() => Parsed::Nothing { consumed },
        Some(args) => Parsed::Inline { args, consumed },
    }
}

/// One `$len\r\n` header of an array in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkHeader {
    /// A whole header.
    Header {
        /// Of the bulk without its line end, in bytes.
        length: usize,
        /// Bytes of the header with its line end.
        consumed: usize,
    },
    /// More is needed.
    Incomplete,
    /// The connection is closed.
    ProtocolError(ProtocolError),
}

/// See `BulkHeader`. The body and its `\r\n` are the caller's to follow; a missing one is `ProtocolError::MissingCrlf`.
#[inline]
pub fn parse_bulk_header(input: &[u8], limits: &Limits) -> BulkHeader {
    match bulk_header(input, 0, limits) {
        Ok(Some((length, consumed))) => BulkHeader::Header { length, consumed },
        Ok(None) => BulkHeader::Incomplete,
        Err(error) => BulkHeader::ProtocolError(error),
    }
}
