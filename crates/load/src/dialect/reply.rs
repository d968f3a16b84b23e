//! Replies, read as they come in pieces of any size, and held against the request.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

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
    /// A get, key by key.
    Got(Got),
    /// A set was done.
    Stored,
    /// A set was not done, without an error.
    NotStored,
    /// An error, in the server's words.
    Failed(String),
}

/// What became of the keys of a get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) hits: usize,
    pub(crate) misses: usize,
    /// Hits with a value of a length that nobody set.
    pub(crate) odd_sizes: usize,
}

impl Got {
    /// Keys that something is known of.
    fn keys(&self) -> usize {
        self.hits + self.misses
    }
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

/// The first line of bytes, for people.
pub(crate) fn quote_line(bytes: &[u8]) -> String {
    let end = memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
    quote(&bytes[..end])
}

enum State {
    /// Before a line: the first of a reply, or in a reply to several keys the next one.
    Line,
    /// Before a line within an array of RESP.
    Element,
    /// Within a value of `value_size` bytes, `left` of which have not come.
    Value { value_size: u64, left: u64 },
    /// Before the line end after a value.
    ValueEnd { value_size: u64 },
}

/// Reads the replies of one connection.
pub(crate) struct ReplyReader {
    protocol: Protocol,
    /// Lengths that a value may have.
    value_sizes: RangeInclusive<u64>,
    state: State,
    lines: LineReader,
    /// Of the reply that is being read.
    got: Got,
}

impl ReplyReader {
    /// At the start of a connection. `value_sizes`: lengths that a value may have.
    pub(crate) fn new(protocol: Protocol, value_sizes: RangeInclusive<u64>) -> Self {
        Self { protocol, value_sizes, state: State::Line, lines: LineReader::default(), got: Got::default() }
    }

    /// Reads on in the reply to `request`, the numbers of whose keys are the first in `numbers`. `None` when all input was
    /// taken and the reply has not ended.
    #[inline]
    pub(crate) fn read(
        &mut self,
        request: &Request,
        numbers: &VecDeque<u64>,
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
            let said = match (&self.state, self.protocol) {
                (State::ValueEnd { value_size }, protocol) => {
                    if !line.is_empty() {
                        return Err(Malformed::new("a value longer than it said"));
                    }
                    self.got.hits += 1;
                    self.got.odd_sizes += usize::from(!self.value_sizes.contains(value_size));
                    // memcached's reply ends with a line of its own.
                    if protocol == Protocol::Memcached { Said::Line } else { Said::Element }
                }
                (_, Protocol::Memcached) => memcached(request, numbers, keys, &mut self.got, line)?,
                (State::Element, Protocol::Resp) => element(request.kind, &mut self.got, line)?,
                (_, Protocol::Resp) => resp(request, &mut self.got, line)?,
            };
            self.state = match said {
                Said::Value(value_size) => State::Value { value_size, left: value_size },
                Said::Line => State::Line,
                Said::Element if self.got.keys() < request.keys => State::Element,
                Said::Element => return Ok(Some(self.end(Outcome::Got(self.got)))),
                Said::All(outcome) => return Ok(Some(self.end(outcome))),
            };
        }
    }

    /// The next line begins another reply.
    fn end(&mut self, outcome: Outcome) -> Outcome {
        self.state = State::Line;
        self.got = Got::default();
        outcome
    }
}

/// What a line says.
enum Said {
    /// All that was to say.
    All(Outcome),
    /// A value of so many bytes follows.
    Value(u64),
    /// Another line of the reply follows.
    Line,
    /// Another element of an array follows, unless that was the last.
    Element,
}

#[inline]
fn memcached(
    request: &Request,
    numbers: &VecDeque<u64>,
    keys: &Keys,
    got: &mut Got,
    line: &[u8],
) -> Result<Said, Malformed> {
    match (request.kind, line) {
        (Kind::Get, b"END") => {
            got.misses = request.keys - got.hits;
            return Ok(Said::All(Outcome::Got(*got)));
        }
        (Kind::Set, b"STORED") => return Ok(Said::All(Outcome::Stored)),
        (Kind::Set, b"NOT_STORED") => return Ok(Said::All(Outcome::NotStored)),
        _ => {}
    }
    if let (Kind::Get, Some(rest)) = (request.kind, line.strip_prefix(b"VALUE ")) {
        let mut words = rest.split(|&byte| byte == b' ');
        let (key, flags, length) = (words.next(), words.next(), words.next());
        let (Some(key), Some(length)) = (key, length) else { return Err(Malformed::reply(request.kind, line)) };
        // Values come in the order of their keys; those that are left out are misses.
        let asked = numbers.range(got.keys()..request.keys);
        let skipped = asked.take_while(|&&number| !keys.is(number, key)).count();
        if got.keys() + skipped == request.keys {
            return Err(Malformed::new("the value of another key"));
        }
        got.misses += skipped;
        let length = flags.and_then(number).and(number(length));
        return length.map(Said::Value).ok_or_else(|| Malformed::reply(request.kind, line));
    }
    if line == b"ERROR"
        || [&b"ERROR "[..], b"CLIENT_ERROR ", b"SERVER_ERROR "].iter().any(|word| line.starts_with(word))
    {
        return Ok(Said::All(Outcome::Failed(quote(line))));
    }
    Err(Malformed::reply(request.kind, line))
}

#[inline]
fn resp(request: &Request, got: &mut Got, line: &[u8]) -> Result<Said, Malformed> {
    let kind = request.kind;
    let outcome = match (kind, line) {
        (Kind::Set, b"+OK") => Outcome::Stored,
        (Kind::Set, b"$-1" | b"_") => Outcome::NotStored,
        (_, [b'-', message @ ..]) => Outcome::Failed(quote(message)),
        (Kind::Get, [b'*', length @ ..]) if request.keys > 1 && number(length) == Some(request.keys as u64) => {
            return Ok(Said::Element);
        }
        (Kind::Get, _) if request.keys == 1 => return element(kind, got, line),
        _ => return Err(Malformed::reply(kind, line)),
    };
    Ok(Said::All(outcome))
}

/// A value, or that there is none.
#[inline]
fn element(kind: Kind, got: &mut Got, line: &[u8]) -> Result<Said, Malformed> {
    match line {
        b"$-1" | b"_" => {
            got.misses += 1;
            Ok(Said::Element)
        }
        [b'$', length @ ..] => number(length).map(Said::Value).ok_or_else(|| Malformed::reply(kind, line)),
        _ => Err(Malformed::reply(kind, line)),
    }
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
    use std::collections::VecDeque;

    use super::{Got, Malformed, Outcome, ReplyReader};
    use crate::workload::{Kind, Request};
    use crate::{Keys, Protocol};

    const GET: Request = Request { kind: Kind::Get, keys: 1, value_size: 0 };
    const SET: Request = Request { kind: Kind::Set, keys: 1, value_size: 3 };
    const GET_3: Request = Request { kind: Kind::Get, keys: 3, value_size: 0 };

    fn keys() -> Keys {
        Keys::new("k", 4)
    }

    /// Outcomes of `requests` from bytes that come in pieces of `piece`. Their keys have the numbers 7, 8, 9, each request
    /// beginning anew.
    fn read(protocol: Protocol, requests: &[&Request], bytes: &[u8], piece: usize) -> Result<Vec<Outcome>, Malformed> {
        let (mut reader, mut outcomes) = (ReplyReader::new(protocol, 0..=12), Vec::new());
        let numbers = VecDeque::from([7, 8, 9]);
        for mut input in bytes.chunks(piece) {
            while !input.is_empty() {
                let request = requests.get(outcomes.len()).expect("more replies than requests");
                match reader.read(request, &numbers, &keys(), &mut input)? {
                    Some(outcome) => outcomes.push(outcome),
                    None => assert!(input.is_empty()),
                }
            }
        }
        Ok(outcomes)
    }

    fn got(hits: usize, misses: usize, odd_sizes: usize) -> Outcome {
        Outcome::Got(Got { hits, misses, odd_sizes })
    }

    #[test]
    fn replies_are_the_same_however_they_are_cut() {
        let failed = |text: &str| Outcome::Failed(text.to_owned());
        let memcached = "VALUE k007 0 12\r\nab\r\nEND\r\ncd\r\r\nEND\r\nEND\r\nSTORED\r\nNOT_STORED\r\n\
                         SERVER_ERROR out of memory\r\nERROR\r\nVALUE k007 5 0\r\n\r\nEND\r\n";
        let resp = "$12\r\nab\r\n$-1\r\ncd\r\r\n$-1\r\n+OK\r\n_\r\n-OOM command not allowed\r\n$-1\r\n$0\r\n\r\n";
        let requests = [&GET, &GET, &SET, &SET, &SET, &GET, &GET];
        for piece in 1..=memcached.len() {
            let outcomes = read(Protocol::Memcached, &requests, memcached.as_bytes(), piece).unwrap();
            let expected = [
                got(1, 0, 0),
                got(0, 1, 0),
                Outcome::Stored,
                Outcome::NotStored,
                failed("SERVER_ERROR out of memory"),
                failed("ERROR"),
                got(1, 0, 0),
            ];
            assert_eq!(outcomes, expected, "pieces of {piece}");
            let outcomes = read(Protocol::Resp, &requests, resp.as_bytes(), piece).unwrap();
            let expected = [
                got(1, 0, 0),
                got(0, 1, 0),
                Outcome::Stored,
                Outcome::NotStored,
                failed("OOM command not allowed"),
                got(0, 1, 0),
                got(1, 0, 0),
            ];
            assert_eq!(outcomes, expected, "pieces of {piece}");
        }
    }

    #[test]
    fn replies_to_several_keys_are_counted_key_by_key() {
        let requests = [&GET_3, &GET_3, &SET, &GET_3, &GET_3];
        let memcached = "VALUE k007 0 1\r\nx\r\nVALUE k008 0 1\r\nx\r\nVALUE k009 0 13\r\n0123456789012\r\nEND\r\nEND\r\nSTORED\r\n\
                         VALUE k008 0 5\r\nEND\r\n\r\nEND\r\nVALUE k007 0 1\r\nx\r\nSERVER_ERROR out of memory\r\n";
        let resp = "*3\r\n$1\r\nx\r\n$1\r\nx\r\n$13\r\n0123456789012\r\n*3\r\n$-1\r\n_\r\n$-1\r\n+OK\r\n\
                    *3\r\n$-1\r\n$5\r\nEND\r\n\r\n$-1\r\n-SERVER_ERROR out of memory\r\n";
        let failed = Outcome::Failed("SERVER_ERROR out of memory".to_owned());
        let expected = [got(3, 0, 1), got(0, 3, 0), Outcome::Stored, got(1, 2, 0), failed];
        for piece in 1..=memcached.len() {
            for (protocol, bytes) in [(Protocol::Memcached, memcached), (Protocol::Resp, resp)] {
                let outcomes = read(protocol, &requests, bytes.as_bytes(), piece).unwrap();
                assert_eq!(outcomes, expected, "pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let cases: [(Protocol, &Request, &str, &str); 18] = [
            (Protocol::Memcached, &GET, "STORED\r\n", "\"STORED\" as the reply to a get"),
            (Protocol::Memcached, &SET, "END\r\n", "\"END\" as the reply to a set"),
            (Protocol::Memcached, &GET, "VALUE k008 0 1\r\nx\r\nEND\r\n", "the value of another key"),
            (Protocol::Memcached, &GET, "VALUE k007 0\r\n", "\"VALUE k007 0\" as the reply to a get"),
            (Protocol::Memcached, &GET, "VALUE k007 0 1x\r\n", "\"VALUE k007 0 1x\" as the reply to a get"),
            (Protocol::Memcached, &GET, "VALUE k007 0 1\r\nxy\r\nEND\r\n", "a value longer than it said"),
            (Protocol::Memcached, &GET, "END\n", "a line that does not end in CR LF"),
            (Protocol::Memcached, &GET, "VALUE k007 0 1\r\nx\r\nSTORED\r\n", "\"STORED\" as the reply to a get"),
            (Protocol::Memcached, &GET, "VALUE k007 0 1\r\nx\r\nVALUE k007 0 1\r\nx\r\n", "the value of another key"),
            (Protocol::Memcached, &GET_3, "VALUE k008 0 1\r\nx\r\nVALUE k007 0 1\r\nx\r\n", "the value of another key"),
            (Protocol::Resp, &GET, "+OK\r\n", "\"+OK\" as the reply to a get"),
            (Protocol::Resp, &SET, "$3\r\nabc\r\n", "\"$3\" as the reply to a set"),
            (Protocol::Resp, &GET, "$-2\r\n", "\"$-2\" as the reply to a get"),
            (Protocol::Resp, &GET, "$99999999999999999999\r\n", "\"$99999999999999999999\" as the reply to a get"),
            (Protocol::Resp, &GET, "*1\r\n$1\r\nx\r\n", "\"*1\" as the reply to a get"),
            (Protocol::Resp, &GET_3, "*2\r\n$-1\r\n$-1\r\n", "\"*2\" as the reply to a get"),
            (Protocol::Resp, &GET_3, "$-1\r\n", "\"$-1\" as the reply to a get"),
            (Protocol::Resp, &GET_3, "*3\r\n$-1\r\n*3\r\n", "\"*3\" as the reply to a get"),
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
