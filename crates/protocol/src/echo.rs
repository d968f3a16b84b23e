//! `<len>\r\n<data>` -> the same, for measuring the network alone.

use crate::number;

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// `length` bytes of data follow after `consumed` bytes of header.
    Header {
        /// Of the data, in bytes.
        length: usize,
        /// Bytes of the header line with its end.
        consumed: usize,
    },
    /// No line end yet.
    Incomplete,
    /// Not a number: `ERROR invalid length`, then closed (the stream cannot be followed).
    Invalid,
    /// Above `max_value_size`: `ERROR value too large`, `length` bytes are discarded, the connection lives on.
    TooLarge {
        /// Of the data, in bytes.
        length: u64,
        /// Bytes of the header line with its end.
        consumed: usize,
    },
}

/// Most digits of a length; `u64::MAX` has as many.
const MAX_DIGITS: usize = 20;
/// Longest header: the digits and `\r\n`.
const MAX_HEADER: usize = MAX_DIGITS + 2;

/// Parses the header line (at most 20 digits, ended by `\r\n` or `\n`). `max_value_size` is in bytes.
pub fn parse(input: &[u8], max_value_size: usize) -> Parsed {
    let window = &input[..input.len().min(MAX_HEADER)];
    let Some(end) = window.iter().position(|&byte| byte == b'\n') else {
        // What can no longer become a number is refused without waiting for the line's end.
        let body = window.strip_suffix(b"\r").unwrap_or(window);
        let hopeless = body.len() > MAX_DIGITS || !body.iter().all(u8::is_ascii_digit);
        return if hopeless { Parsed::Invalid } else { Parsed::Incomplete };
    };
    let line = window[..end].strip_suffix(b"\r").unwrap_or(&window[..end]);
    let consumed = end + 1;
    match number::digits(line) {
        _ if line.len() > MAX_DIGITS => Parsed::Invalid,
        None => Parsed::Invalid,
        Some(length) => match usize::try_from(length) {
            Ok(length) if length <= max_value_size => Parsed::Header { length, consumed },
            _ => Parsed::TooLarge { length, consumed },
        },
    }
}
