//! Replies, read as they come in pieces of any size, and held against the request.

use super::line::LineReader;
use crate::workload::{Kind, Request};
use crate::{Keys, Protocol};

/// Longest part of a server's words that is repeated in a message, in characters.
const MAX_QUOTED: usize = 100;
/// Values above this are no answer to anything that is asked here; no server takes as much.
const MAX_VALUE: u64 = 1 << 40;

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A value of so many bytes.
    Hit {
        /// Its length.
        value_size: u64,
    },
    /// No such item.
    Miss,
    /// A set was done.
    Stored,
    /// A set was not done, without an error.
    NotStored,
    /// An error, in the server's words.
    Failed(String),
}

/// Bytes that are no reply to the request; nothing after them on this connection can be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

impl Malformed {
    pub(crate) fn new(what: &str) -> Self {
        Self(what.to_owned())
    }

    fn reply(kind: Kind, line: &[u8]) -> Self {
        let asked = if kind == Kind::Get { "get" } else { "set" };
        Self(format!("\"{}\" as the reply to a {asked}", quote(line)))
    }
}

/// Text of a line for people, cut to a bound.
fn quote(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().take(MAX_QUOTED).map(|c| if c.is_control() { '?' } else { c }).collect()
}

enum State {
    /// Before a reply.
    Start,
    /// Within a value of `value_size` bytes, `left` of which have not come.
    Value { value_size: u64, left: u64 },
    /// Before the line end after a value.
    ValueEnd { value_size: u64 },
    /// Before memcached's END after a value.
    End { value_size: u64 },
}

/// Reads the replies of one connection.
pub(crate) struct ReplyReader {
    protocol: Protocol,
    state: State,
    lines: LineReader,
}

impl ReplyReader {
    /// At the start of a connection.
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self { protocol, state: State::Start, lines: LineReader::default() }
    }

    /// Reads on in the reply to `request`. `None` when all input was taken and the reply has not ended.
    #[inline]
    pub(crate) fn read(
        &mut self,
        request: &Request,
        keys: &Keys,
        input: &mut &[u8],
    ) -> Result<Option<Outcome>, Malformed> {
        loop {
            if let State::Value { value_size, left } = self.state {
                let taken = left.min(input.len() as u64);
                *input = &input[taken as usize..];
                if taken < left {
                    self.state = State::Value { value_size, left: left - taken };
                    return Ok(None);
                }
                self.state = State::ValueEnd { value_size };
            }
            let Some(line) = self.lines.next(input)? else { return Ok(None) };
            let outcome = match self.state {
                State::Value { .. } => unreachable!("a value was read to its end above"),
                State::Start => {
                    let first = match self.protocol {
                        Protocol::Memcached => memcached(request, keys, line),
                        Protocol::Resp => resp(request.kind, line),
                    };
                    match first? {
                        First::Outcome(outcome) => Some(outcome),
                        First::Value(value_size) => {
                            self.state = State::Value { value_size, left: value_size };
                            None
                        }
                    }
                }
                State::ValueEnd { .. } if !line.is_empty() => {
                    return Err(Malformed::new("a value longer than it said"));
                }
                State::ValueEnd { value_size } if self.protocol == Protocol::Memcached => {
                    self.state = State::End { value_size };
                    None
                }
                State::End { .. } if line != b"END" => return Err(Malformed::reply(request.kind, line)),
                State::ValueEnd { value_size } | State::End { value_size } => Some(Outcome::Hit { value_size }),
            };
            if outcome.is_some() {
                self.state = State::Start;
                return Ok(outcome);
            }
        }
    }
}

/// What the first line of a reply says.
enum First {
    /// All.
    Outcome(Outcome),
    /// A value of so many bytes follows.
    Value(u64),
}

#[inline]
fn memcached(request: &Request, keys: &Keys, line: &[u8]) -> Result<First, Malformed> {
    match (request.kind, line) {
        (Kind::Get, b"END") => return Ok(First::Outcome(Outcome::Miss)),
        (Kind::Set, b"STORED") => return Ok(First::Outcome(Outcome::Stored)),
        (Kind::Set, b"NOT_STORED") => return Ok(First::Outcome(Outcome::NotStored)),
        _ => {}
    }
    if let (Kind::Get, Some(rest)) = (request.kind, line.strip_prefix(b"VALUE ")) {
        let mut words = rest.split(|&byte| byte == b' ');
        let (key, flags, length) = (words.next(), words.next(), words.next());
        return match (key, flags.and_then(number), length.and_then(number)) {
            (Some(key), Some(_), Some(length)) if keys.is(request.key, key) => Ok(First::Value(length)),
            (Some(key), _, Some(_)) if !keys.is(request.key, key) => Err(Malformed::new("the value of another key")),
            _ => Err(Malformed::reply(request.kind, line)),
        };
    }
    if line == b"ERROR"
        || [&b"ERROR "[..], b"CLIENT_ERROR ", b"SERVER_ERROR "].iter().any(|word| line.starts_with(word))
    {
        return Ok(First::Outcome(Outcome::Failed(quote(line))));
    }
    Err(Malformed::reply(request.kind, line))
}

#[inline]
fn resp(kind: Kind, line: &[u8]) -> Result<First, Malformed> {
    let outcome = match (kind, line) {
        (Kind::Get, b"$-1" | b"_") => Outcome::Miss,
        (Kind::Set, b"+OK") => Outcome::Stored,
        (Kind::Set, b"$-1" | b"_") => Outcome::NotStored,
        (_, [b'-', message @ ..]) => Outcome::Failed(quote(message)),
        (Kind::Get, [b'$', length @ ..]) => {
            return number(length).map(First::Value).ok_or_else(|| Malformed::reply(kind, line));
        }
        _ => return Err(Malformed::reply(kind, line)),
    };
    Ok(First::Outcome(outcome))
}

/// A decimal number up to `MAX_VALUE`.
#[inline]
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| {
        let next = sum * 10 + u64::from(digit.wrapping_sub(b'0'));
        (digit.is_ascii_digit() && next <= MAX_VALUE).then_some(next)
    })
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Outcome, ReplyReader};
    use crate::workload::{Kind, Request};
    use crate::{Keys, Protocol};

    const GET: Request = Request { kind: Kind::Get, key: 7, value_size: 0 };
    const SET: Request = Request { kind: Kind::Set, key: 7, value_size: 3 };

    fn keys() -> Keys {
        Keys::new("k", 4)
    }

    /// Outcomes of `requests` from bytes that come in pieces of `piece`.
    fn read(protocol: Protocol, requests: &[&Request], bytes: &[u8], piece: usize) -> Result<Vec<Outcome>, Malformed> {
        let (mut reader, mut outcomes) = (ReplyReader::new(protocol), Vec::new());
        for mut input in bytes.chunks(piece) {
            while !input.is_empty() {
                let request = requests.get(outcomes.len()).expect("more replies than requests");
                match reader.read(request, &keys(), &mut input)? {
                    Some(outcome) => outcomes.push(outcome),
                    None => assert!(input.is_empty()),
                }
            }
        }
        Ok(outcomes)
    }

    #[test]
    fn replies_are_the_same_however_they_are_cut() {
        let value_size = 12;
        let hit = || Outcome::Hit { value_size };
        let failed = |text: &str| Outcome::Failed(text.to_owned());
        let memcached = "VALUE k007 0 12\r\nab\r\nEND\r\ncd\r\r\nEND\r\nEND\r\nSTORED\r\nNOT_STORED\r\n\
                         SERVER_ERROR out of memory\r\nERROR\r\nVALUE k007 5 0\r\n\r\nEND\r\n";
        let resp = "$12\r\nab\r\n$-1\r\ncd\r\r\n$-1\r\n+OK\r\n_\r\n-OOM command not allowed\r\n$-1\r\n$0\r\n\r\n";
        let requests = [&GET, &GET, &SET, &SET, &SET, &GET, &GET];
        for piece in 1..=memcached.len() {
            let outcomes = read(Protocol::Memcached, &requests, memcached.as_bytes(), piece).unwrap();
            let expected = [
                hit(),
                Outcome::Miss,
                Outcome::Stored,
                Outcome::NotStored,
                failed("SERVER_ERROR out of memory"),
                failed("ERROR"),
                Outcome::Hit { value_size: 0 },
            ];
            assert_eq!(outcomes, expected, "pieces of {piece}");
            let outcomes = read(Protocol::Resp, &requests, resp.as_bytes(), piece).unwrap();
            let expected = [
                hit(),
                Outcome::Miss,
                Outcome::Stored,
                Outcome::NotStored,
                failed("OOM command not allowed"),
                Outcome::Miss,
                Outcome::Hit { value_size: 0 },
            ];
            assert_eq!(outcomes, expected, "pieces of {piece}");
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let cases: [(Protocol, &Request, &str, &str); 12] = [
            (Protocol::Memcached, &GET, "STORED\r\n", "\"STORED\" as the reply to a get"),
            (Protocol::Memcached, &SET, "END\r\n", "\"END\" as the reply to a set"),
            (Protocol::Memcached, &GET, "VALUE k008 0 1\r\nx\r\nEND\r\n", "the value of another key"),
            (Protocol::Memcached, &GET, "VALUE k007 0\r\n", "\"VALUE k007 0\" as the reply to a get"),
            (Protocol::Memcached, &GET, "VALUE k007 0 1x\r\n", "\"VALUE k007 0 1x\" as the reply to a get"),
            (Protocol::Memcached, &GET, "VALUE k007 0 1\r\nxy\r\nEND\r\n", "a value longer than it said"),
            (Protocol::Memcached, &GET, "END\n", "a line that does not end in CR LF"),
            (Protocol::Memcached, &GET, "VALUE k007 0 1\r\nx\r\nSTORED\r\n", "\"STORED\" as the reply to a get"),
            (Protocol::Resp, &GET, "+OK\r\n", "\"+OK\" as the reply to a get"),
            (Protocol::Resp, &SET, "$3\r\nabc\r\n", "\"$3\" as the reply to a set"),
            (Protocol::Resp, &GET, "$-2\r\n", "\"$-2\" as the reply to a get"),
            (Protocol::Resp, &GET, "$99999999999999999999\r\n", "\"$99999999999999999999\" as the reply to a get"),
        ];
        for (protocol, request, bytes, words) in cases {
            for piece in [1, 1000] {
                let refused = read(protocol, &[request], bytes.as_bytes(), piece);
                assert_eq!(refused, Err(Malformed(words.to_owned())), "{bytes}");
            }
        }
    }

    #[test]
    fn a_line_without_end_is_refused_within_a_bound() {
        let refused = read(Protocol::Resp, &[&GET], &[b'-'; 70_000], 4096);
        assert_eq!(refused, Err(Malformed::new("a line without end")));
    }
}
