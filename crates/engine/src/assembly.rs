//! A RESP array that holds large values, collected element by element: large ones go straight into extents of the store,
//! small ones aside.

use crate::execute::resp::takes_body;
use ringstone_protocol::resp::command;
use ringstone_protocol::resp::parse::{BulkHeader, Limits, ProtocolError, parse_bulk_header};
use ringstone_store::{Body, Error, Store, UnixMillis};

/// Bytes that the small arguments of one array may take in all (with `ARGUMENT_OVERHEAD` for each).
pub const ASSEMBLY_LIMIT: usize = 64 << 20;
const ARGUMENT_OVERHEAD: usize = 48;

enum Argument {
    Bytes(Vec<u8>),
    Body(Body),
}

enum Element {
    /// The next thing is a `$length` line.
    Header,
    /// A small argument: bytes still missing.
    Small(usize),
    /// A large one (the last of `arguments`).
    Large,
    /// A refused array goes on: bytes to skip.
    Skip(usize),
    /// The line end after an element.
    LineEnd,
}

/// An array in progress.
pub struct Assembly {
    arguments: Vec<Argument>,
    missing: usize,
    element: Element,
    small_bytes: usize,
    refused: bool,
}

/// A whole array.
pub struct Collected {
    /// All arguments; empty where a body stands.
    pub arguments: Vec<Vec<u8>>,
    /// Large values where the command takes them, by index, ascending.
    pub bodies: Vec<(usize, Option<Body>)>,
}

/// What some input came to.
pub enum Assembled {
    /// All of it was taken; more is needed (at least so many bytes in one piece, 0 if any will do).
    More(usize),
    /// Every element is here.
    Complete,
    /// The array cannot be executed; the answer is due now, the rest is skipped as it comes.
    Refused(Error),
    /// Every element of a refused array has been skipped.
    Skipped,
    /// The connection cannot be followed any more.
    ProtocolError(ProtocolError),
}

impl Assembly {
    /// For an array of `count` elements.
    pub fn new(count: usize) -> Assembly {
        Assembly { arguments: Vec::new(), missing: count, element: Element::Header, small_bytes: 0, refused: false }
    }

    /// The large value whose bytes come next.
    pub fn body(&mut self) -> Option<&mut Body> {
        match (&self.element, self.arguments.last_mut()) {
            (Element::Large, Some(Argument::Body(body))) => Some(body),
            _ => None,
        }
    }

    /// Takes what it can from `input`, adding to `consumed`.
    pub fn take(
        &mut self,
        input: &[u8],
        consumed: &mut usize,
        limits: &Limits,
        max_value_size: usize,
        store: &Store,
        now_ms: UnixMillis,
    ) -> Assembled {
        loop {
            let rest = &input[*consumed..];
            match self.element {
                Element::Header if self.missing == 0 => {
                    return if self.refused { Assembled::Skipped } else { Assembled::Complete };
                }
                Element::Header => match parse_bulk_header(rest, limits) {
                    BulkHeader::Incomplete => return Assembled::More(0),
                    BulkHeader::ProtocolError(error) => return Assembled::ProtocolError(error),
                    BulkHeader::Header { length, consumed: header } => {
                        *consumed += header;
                        match self.begin(length, limits, max_value_size, store, now_ms) {
                            Ok(()) => {}
                            Err(refusal) => return refusal,
                        }
                    }
                },
                Element::Small(_) | Element::Large | Element::Skip(_) => {
                    *consumed += self.fill(rest);
                    if !matches!(self.element, Element::LineEnd) {
                        return Assembled::More(0);
                    }
                }
                Element::LineEnd if rest.len() < 2 => return Assembled::More(2),
                Element::LineEnd if !rest.starts_with(b"\r\n") => {
                    return Assembled::ProtocolError(ProtocolError::MissingCrlf);
                }
                Element::LineEnd => {
                    *consumed += 2;
                    self.missing -= 1;
                    self.element = Element::Header;
                }
            }
        }
    }

    fn begin(
        &mut self,
        length: usize,
        limits: &Limits,
        max_value_size: usize,
        store: &Store,
        now_ms: UnixMillis,
    ) -> Result<(), Assembled> {
        if self.refused {
            self.element = Element::Skip(length);
            return Ok(());
        }
        if length < limits.large_value {
            self.small_bytes += length + ARGUMENT_OVERHEAD;
            if self.small_bytes > ASSEMBLY_LIMIT {
                return Err(Assembled::ProtocolError(ProtocolError::TooBigBulkCount));
            }
            self.arguments.push(Argument::Bytes(Vec::with_capacity(length)));
            self.element = Element::Small(length);
            return Ok(());
        }
        let reserved = if length > max_value_size { Err(Error::TooLarge) } else { store.reserve(length, now_ms) };
        match reserved {
            Ok(body) => {
                self.arguments.push(Argument::Body(body));
                self.element = Element::Large;
                Ok(())
            }
            Err(error) => {
                self.refused = true;
                self.arguments.clear();
                self.element = Element::Skip(length);
                Err(Assembled::Refused(error))
            }
        }
    }

    /// Fills the element in progress; moves on to its line end when it is whole.
    fn fill(&mut self, rest: &[u8]) -> usize {
        let (taken, whole) = match (&mut self.element, self.arguments.last_mut()) {
            (Element::Large, Some(Argument::Body(body))) => {
                let taken = body.fill_from(rest);
                (taken, body.remaining() == 0)
            }
            (Element::Small(missing), Some(Argument::Bytes(bytes))) => {
                let taken = rest.len().min(*missing);
                bytes.extend_from_slice(&rest[..taken]);
                *missing -= taken;
                (taken, *missing == 0)
            }
            (Element::Skip(missing), _) => {
                let taken = rest.len().min(*missing);
                *missing -= taken;
                (taken, *missing == 0)
            }
            _ => (0, true),
        };
        if whole {
            self.element = Element::LineEnd;
        }
        taken
    }

    /// The arguments: plain bytes, and the bodies of those that stand where the command takes a large value.
    pub fn finish(self) -> Collected {
        let command = match self.arguments.first() {
            Some(Argument::Bytes(name)) => command::lookup(name).map(|spec| spec.id),
            _ => None,
        };
        let mut bodies = Vec::new();
        let arguments = self.arguments.into_iter().enumerate().map(|(index, argument)| match argument {
            Argument::Bytes(bytes) => bytes,
            Argument::Body(body) if command.is_some_and(|command| takes_body(command, index)) => {
                bodies.push((index, Some(body)));
                Vec::new()
            }
            Argument::Body(body) => body.chunks().fold(Vec::with_capacity(body.len()), |mut bytes, chunk| {
                bytes.extend_from_slice(chunk);
                bytes
            }),
        });
        Collected { arguments: arguments.collect(), bodies }
    }
}
