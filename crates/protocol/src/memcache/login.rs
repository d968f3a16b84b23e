//! memcached's ASCII authentication (`-Y`): the first thing that a connection says is a `set` of any key, with `<user> <password>`
//! for its value.
//!
//! Deliberate differences from memcached: a value that is longer than a name and a password can be closes the connection
//! (memcached waits for it), and so does a line without an end, after the same number of bytes.

use super::reply;
use super::words::{self, Words};
use crate::find::find;

/// Longest line, and longest value, in bytes.
pub const MAX_LOGIN: usize = 2048;

/// Anything else before the login.
pub const UNAUTHENTICATED: &[u8] = b"CLIENT_ERROR unauthenticated\r\n";
/// There is no such user, or it has another password.
pub const FAILURE: &[u8] = b"CLIENT_ERROR authentication failure\r\n";
const BAD_FORMAT: &[u8] = b"CLIENT_ERROR bad authentication token format\r\n";
const BAD_END: &[u8] = b"CLIENT_ERROR bad command line termination\r\n";

/// Result of parsing the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// Name and password in the first `consumed` bytes.
    Login {
        /// Not empty.
        user: &'a [u8],
        /// Not empty.
        password: &'a [u8],
        /// Bytes with line and value.
        consumed: usize,
    },
    /// More is needed: at least `need` bytes in all (0 if unknown).
    Incomplete {
        /// Bytes in all.
        need: usize,
    },
    /// Not a login: `reply`, which may be empty, is the answer.
    Refused {
        /// The full line, or nothing.
        reply: &'static [u8],
        /// Bytes to skip.
        consumed: usize,
        /// Close after the reply.
        close: bool,
    },
}

/// Parses the front of `input`.
pub fn parse(input: &[u8]) -> Parsed<'_> {
    let Some(end) = find(b'\n', input) else {
        return match input.len() {
            ..=MAX_LOGIN => Parsed::Incomplete { need: 0 },
            consumed => Parsed::Refused { reply: reply::NONE, consumed, close: true },
        };
    };
    let start = end + 1;
    let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
    let Some(length) = value_length(line) else {
        return Parsed::Refused { reply: UNAUTHENTICATED, consumed: start, close: false };
    };
    if length > MAX_LOGIN {
        return Parsed::Refused { reply: BAD_FORMAT, consumed: input.len(), close: true };
    }
    let need = start + length + reply::LINE_END.len();
    let Some(body) = input.get(start..need) else { return Parsed::Incomplete { need } };
    let refused = |reply| Parsed::Refused { reply, consumed: need, close: false };
    let Some(value) = body.strip_suffix(reply::LINE_END) else { return refused(BAD_END) };
    let mut words = Words(value);
    match (words.next(), words.next()) {
        (Some(user), Some(password)) => Parsed::Login { user, password, consumed: need },
        _ => refused(BAD_FORMAT),
    }
}

/// Length of the value of a `set`, in bytes; `None` if the line is none.
fn value_length(line: &[u8]) -> Option<usize> {
    let mut words = Words(line);
    if words.next() != Some(b"set") {
        return None;
    }
    let length = words.nth(3)?;
    usize::try_from(words::unsigned(length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: &[u8], reply: &'static [u8], close: bool) {
        assert_eq!(parse(input), Parsed::Refused { reply, consumed: input.len(), close }, "{}", input.escape_ascii());
    }

    #[test]
    fn a_set_of_anything_is_a_login() {
        let input = b"set key 1 2 9\r\nuser pass\r\nversion\r\n";
        assert_eq!(parse(input), Parsed::Login { user: b"user", password: b"pass", consumed: 26 });
        for end in 0..26 {
            assert!(matches!(parse(&input[..end]), Parsed::Incomplete { need } if need == 0 || need == 26), "{end}");
        }
        // As memcached: what follows the password means nothing, nor does what follows the length.
        let parsed = parse(b"set k 0 0 13 noreply\r\n a  b   more \r\n");
        assert_eq!(parsed, Parsed::Login { user: b"a", password: b"b", consumed: 37 });
    }

    #[test]
    fn all_else_is_refused() {
        for line in [
            &b"version\r\n"[..],
            b"\r\n",
            b"get a\r\n",
            b"set a 0 0\r\n",
            b"set a 0 0 x\r\n",
            b"quit\n",
            b"add a 0 0 1\r\n",
        ] {
            refused(line, UNAUTHENTICATED, false);
        }
        refused(b"set a 0 0 4\r\nuser\r\n", BAD_FORMAT, false);
        refused(b"set a 0 0 0\r\n\r\n", BAD_FORMAT, false);
        refused(b"set a 0 0 3\r\nu p--", BAD_END, false);
        refused(b"set a 0 0 2049\r\n", BAD_FORMAT, true);
        refused(&[b'x'; MAX_LOGIN + 1], reply::NONE, true);
        assert_eq!(parse(&[b'x'; MAX_LOGIN]), Parsed::Incomplete { need: 0 });
    }
}
