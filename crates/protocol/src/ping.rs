//! SKELETON. `PING [msg]` -> `PONG [msg]`, for measuring the network alone. `QUIT` closes.

/// What a line asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// The message after `PING ` (empty if none).
    Ping { /// message
        message: &'a [u8], /// bytes with the line end
        consumed: usize },
    /// `QUIT`.
    Quit { /// bytes with the line end
        consumed: usize },
    /// Any other line: answered `ERROR unknown command`, the connection lives on.
    Unknown { /// bytes with the line end
        consumed: usize },
    /// No line end yet.
    Incomplete,
    /// Line above `MAX_LINE` bytes: answered `ERROR line too long`, then closed.
    TooLong,
}
/// Longest line in bytes.
pub const MAX_LINE: usize = 16 * 1024;
/// Parses one line (`\r\n` or `\n`; case-insensitive word).
pub fn parse(_input: &[u8]) -> Parsed<'_> { loop {} }
