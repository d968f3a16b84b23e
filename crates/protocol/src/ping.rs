//! `PING [msg]` -> `PONG [msg]`, for measuring the network alone. `QUIT` closes.

/// What a line asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// The message after `PING ` (empty if none).
    Ping {
        /// The message, without the line end.
        message: &'a [u8],
        /// Bytes with the line end.
        consumed: usize,
    },
    /// `QUIT`.
    Quit {
        /// Bytes with the line end.
        consumed: usize,
    },
    /// Any other line: answered `ERROR unknown command`, the connection lives on.
    Unknown {
        /// Bytes with the line end.
        consumed: usize,
    },
    /// No line end yet.
    Incomplete,
    /// Line above `MAX_LINE` bytes: answered `ERROR line too long`, then closed.
    TooLong,
}

/// Longest line in bytes, without its `\n`.
pub const MAX_LINE: usize = 16 * 1024;

/// Parses one line (`\r\n` or `\n`; case-insensitive word).
pub fn parse(input: &[u8]) -> Parsed<'_> {
    let window = &input[..input.len().min(MAX_LINE + 1)];
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if input.len() > MAX_LINE { Parsed::TooLong } else { Parsed::Incomplete };
    };
    let consumed = end + 1;
    let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
    let (word, message) = match memchr::memchr(b' ', line) {
        Some(space) => (&line[..space], &line[space + 1..]),
        None => (line, &line[line.len()..]),
    };
    if word.eq_ignore_ascii_case(b"ping") {
        Parsed::Ping { message, consumed }
    } else if word.eq_ignore_ascii_case(b"quit") {
        Parsed::Quit { consumed }
    } else {
        Parsed::Unknown { consumed }
    }
}
