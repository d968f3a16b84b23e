//! Requests of the binary protocol.
//!
//! The order of checks is memcached's: the lengths of the header against each other, the key's length, then what the opcode
//! wants. A request that fails them is answered and the connection closed, but for an unknown opcode, whose body is skipped.
//!
//! Deliberate differences from memcached: a refusal does not wait for the key; the body of an unknown opcode is skipped to its end
//! (memcached skips as many bytes again as its key and extras have) and so is what a body has beyond what its opcode wants
//! (memcached takes it for the next request).

use super::{HEADER_LENGTH, REQUEST_MAGIC, Status, Tag};
use crate::memcache::text::{Limits, MAX_KEY, StoreMode};

/// The expiration of incr and decr that says: do not create the item.
const DO_NOT_CREATE: u32 = u32::MAX;

/// Head of a storage request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreHead<'a> {
    /// Never `Cas`: the token is the tag's.
    pub mode: StoreMode,
    /// 1-250 bytes, any.
    pub key: &'a [u8],
    /// Client flags; 0 for append and prepend.
    pub flags: u32,
    /// As sent; 0 for append and prepend.
    pub exptime: u32,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Get, GetQ, GetK, GetKQ.
    Get {
        /// 1-250 bytes.
        key: &'a [u8],
        /// The reply has the key (GetK).
        with_key: bool,
    },
    /// GAT, GATQ, GATK, GATKQ.
    GetAndTouch {
        /// 1-250 bytes.
        key: &'a [u8],
        /// As sent.
        exptime: u32,
        /// The reply has the key (GATK).
        with_key: bool,
    },
    /// Touch.
    Touch {
        /// 1-250 bytes.
        key: &'a [u8],
        /// As sent.
        exptime: u32,
    },
    /// Set, Add, Replace, Append, Prepend.
    Store {
        /// Extras and key.
        head: StoreHead<'a>,
        /// The value.
        value: &'a [u8],
    },
    /// Delete.
    Delete {
        /// 1-250 bytes.
        key: &'a [u8],
    },
    /// Increment, Decrement.
    Arithmetic {
        /// 1-250 bytes.
        key: &'a [u8],
        /// To add or to take away.
        delta: u64,
        /// Decrement.
        decrement: bool,
        /// Value and exptime of the item to create where there is none.
        create: Option<(u64, u32)>,
    },
    /// Flush.
    Flush {
        /// As sent: 0 = at once, above 30 days = an absolute Unix time.
        delay_s: u32,
    },
    /// Quit.
    Quit,
    /// No-op.
    Noop,
    /// Version.
    Version,
    /// Stat.
    Stats {
        /// What follows `stats` in the text protocol; may be empty.
        arguments: &'a [u8],
    },
}

/// A whole request; borrows the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Its header.
    pub tag: Tag,
    /// Its body.
    pub command: Command<'a>,
}

/// Result of parsing the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A request in the first `consumed` bytes, with `discard` further bytes that mean nothing.
    Request {
        /// The request.
        request: Request<'a>,
        /// Bytes with header and body.
        consumed: usize,
        /// Bytes to skip beyond those, as they come.
        discard: u64,
    },
    /// A storage request with a large value that is not wholly here: `length` bytes follow the first `consumed` ones.
    Body {
        /// The header.
        tag: Tag,
        /// Extras and key.
        head: StoreHead<'a>,
        /// Of the value in bytes.
        length: usize,
        /// Bytes of header, extras and key.
        consumed: usize,
    },
    /// More is needed: at least `need` bytes in all.
    Incomplete {
        /// Bytes in all.
        need: usize,
    },
    /// Refused with `status`; `consumed` bytes and then `discard` further ones are skipped, then closed if `close`. For a value that
    /// is too large to store `remove` names the key whose old value memcached drops (Set).
    Refused {
        /// The header.
        tag: Tag,
        /// Never `Success`.
        status: Status,
        /// Bytes to skip now.
        consumed: usize,
        /// Bytes to skip beyond those, as they come.
        discard: u64,
        /// Drop this key's old value.
        remove: Option<&'a [u8]>,
        /// Close after the reply.
        close: bool,
    },
    /// Not a request: close without a word.
    BadMagic,
}

mod opcode {
    pub const GET: u8 = 0x00;
    pub const SET: u8 = 0x01;
    pub const ADD: u8 = 0x02;
    pub const REPLACE: u8 = 0x03;
    pub const DELETE: u8 = 0x04;
    pub const INCREMENT: u8 = 0x05;
    pub const DECREMENT: u8 = 0x06;
    pub const QUIT: u8 = 0x07;
    pub const FLUSH: u8 = 0x08;
    pub const GET_Q: u8 = 0x09;
    pub const NOOP: u8 = 0x0a;
    pub const VERSION: u8 = 0x0b;
    pub const GET_K: u8 = 0x0c;
    pub const GET_KQ: u8 = 0x0d;
    pub const APPEND: u8 = 0x0e;
    pub const PREPEND: u8 = 0x0f;
    pub const STAT: u8 = 0x10;
    pub const SET_Q: u8 = 0x11;
    pub const ADD_Q: u8 = 0x12;
    pub const REPLACE_Q: u8 = 0x13;
    pub const DELETE_Q: u8 = 0x14;
    pub const INCREMENT_Q: u8 = 0x15;
    pub const DECREMENT_Q: u8 = 0x16;
    pub const QUIT_Q: u8 = 0x17;
    pub const FLUSH_Q: u8 = 0x18;
    pub const APPEND_Q: u8 = 0x19;
    pub const PREPEND_Q: u8 = 0x1a;
    pub const TOUCH: u8 = 0x1c;
    pub const GAT: u8 = 0x1d;
    pub const GAT_Q: u8 = 0x1e;
    pub const GAT_K: u8 = 0x23;
    pub const GAT_KQ: u8 = 0x24;
}

/// The loud opcode of a quiet one, and whether it was one.
fn loud(code: u8) -> (u8, bool) {
    let loud = match code {
        opcode::GET_Q => opcode::GET,
        opcode::GET_KQ => opcode::GET_K,
        opcode::SET_Q => opcode::SET,
        opcode::ADD_Q => opcode::ADD,
        opcode::REPLACE_Q => opcode::REPLACE,
        opcode::DELETE_Q => opcode::DELETE,
        opcode::INCREMENT_Q => opcode::INCREMENT,
        opcode::DECREMENT_Q => opcode::DECREMENT,
        opcode::QUIT_Q => opcode::QUIT,
        opcode::FLUSH_Q => opcode::FLUSH,
        opcode::APPEND_Q => opcode::APPEND,
        opcode::PREPEND_Q => opcode::PREPEND,
        opcode::GAT_Q => opcode::GAT,
        opcode::GAT_KQ => opcode::GAT_K,
        loud => return (loud, false),
    };
    (loud, true)
}

/// Parses the front of `input`.
#[inline]
pub fn parse<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a> {
    let Some(header) = input.first_chunk::<HEADER_LENGTH>() else {
        return match input.first() {
            Some(&REQUEST_MAGIC) | None => Parsed::Incomplete { need: HEADER_LENGTH },
            Some(_) => Parsed::BadMagic,
        };
    };
    if header[0] != REQUEST_MAGIC {
        return Parsed::BadMagic;
    }
    Frame::new(header, input).parse(limits)
}

/// One request's header and what of its body is here.
struct Frame<'a> {
    input: &'a [u8],
    tag: Tag,
    /// Without its quietness.
    opcode: u8,
    key_length: usize,
    extras_length: usize,
    body_length: u64,
}

impl<'a> Frame<'a> {
    #[inline]
    fn new(header: &[u8; HEADER_LENGTH], input: &'a [u8]) -> Self {
        // Data type and vbucket (bytes 5 to 7) mean nothing to memcached either.
        let [_, sent, key_0, key_1, extras_length, _, _, _, rest @ ..] = *header;
        let [b0, b1, b2, b3, o0, o1, o2, o3, cas @ ..] = rest;
        let (opcode, quiet) = loud(sent);
        let opaque = u32::from_be_bytes([o0, o1, o2, o3]);
        Self {
            input,
            tag: Tag { opcode: sent, opaque, cas: u64::from_be_bytes(cas), quiet },
            opcode,
            key_length: usize::from(u16::from_be_bytes([key_0, key_1])),
            extras_length: usize::from(extras_length),
            body_length: u64::from(u32::from_be_bytes([b0, b1, b2, b3])),
        }
    }

    fn refused(&self, status: Status) -> Parsed<'a> {
        let consumed = HEADER_LENGTH;
        Parsed::Refused { tag: self.tag, status, consumed, discard: 0, remove: None, close: true }
    }

    /// Bytes of header, extras and key.
    #[inline]
    fn head_length(&self) -> usize {
        HEADER_LENGTH + self.extras_length + self.key_length
    }

    /// Bytes of the body behind extras and key; the lengths have been checked.
    #[inline]
    fn value_length(&self) -> u64 {
        self.body_length.saturating_sub((self.extras_length + self.key_length) as u64)
    }

    #[inline]
    fn parse(&self, limits: &Limits) -> Parsed<'a> {
        if (self.extras_length + self.key_length) as u64 > self.body_length {
            return self.refused(Status::Unknown);
        }
        if self.key_length > MAX_KEY {
            return self.refused(Status::Invalid);
        }
        match self.is_formed() {
            None => self.unknown(),
            Some(false) => self.refused(Status::Invalid),
            Some(true) => match self.input.get(HEADER_LENGTH..self.head_length()) {
                Some(head) => {
                    let (extras, key) = head.split_at(self.extras_length);
                    self.request(extras, key, limits)
                }
                None => Parsed::Incomplete { need: self.head_length() },
            },
        }
    }

    /// An opcode that is not served; its body is skipped.
    #[cold]
    fn unknown(&self) -> Parsed<'a> {
        Parsed::Refused {
            tag: self.tag,
            status: Status::Unknown,
            consumed: HEADER_LENGTH,
            discard: self.body_length,
            remove: None,
            close: false,
        }
    }

    /// Whether the lengths are those that the opcode wants; `None` if there is no such opcode.
    #[inline]
    fn is_formed(&self) -> Option<bool> {
        let (extras, has_key, has_value) = (self.extras_length, self.key_length > 0, self.value_length() > 0);
        Some(match self.opcode {
            opcode::GET | opcode::GET_K | opcode::DELETE => extras == 0 && has_key && !has_value,
            opcode::SET | opcode::ADD | opcode::REPLACE => extras == 8 && has_key,
            opcode::APPEND | opcode::PREPEND => extras == 0 && has_key,
            opcode::INCREMENT | opcode::DECREMENT => extras == 20 && has_key && !has_value,
            opcode::TOUCH | opcode::GAT | opcode::GAT_K => extras == 4 && has_key,
            opcode::FLUSH => matches!(extras, 0 | 4) && !has_key && !has_value,
            opcode::STAT => extras == 0,
            opcode::QUIT | opcode::NOOP | opcode::VERSION => self.body_length == 0,
            _ => return None,
        })
    }

    /// A request whose lengths are right and whose extras and key are here.
    #[inline]
    fn request(&self, extras: &'a [u8], key: &'a [u8], limits: &Limits) -> Parsed<'a> {
        let word =
            |at: usize| extras.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_be_bytes(*word));
        let long = |at: usize| (u64::from(word(at)) << 32) | u64::from(word(at + 4));
        let store = |mode| self.store(StoreHead { mode, key, flags: word(0), exptime: word(4) }, limits);
        let command = match self.opcode {
            opcode::GET => Command::Get { key, with_key: false },
            opcode::GET_K => Command::Get { key, with_key: true },
            opcode::SET => return store(StoreMode::Set),
            opcode::ADD => return store(StoreMode::Add),
            opcode::REPLACE => return store(StoreMode::Replace),
            opcode::APPEND => return store(StoreMode::Append),
            opcode::PREPEND => return store(StoreMode::Prepend),
            opcode::DELETE => Command::Delete { key },
            opcode::INCREMENT | opcode::DECREMENT => {
                let create = (word(16) != DO_NOT_CREATE).then(|| (long(8), word(16)));
                Command::Arithmetic { key, delta: long(0), decrement: self.opcode == opcode::DECREMENT, create }
            }
            opcode::TOUCH => Command::Touch { key, exptime: word(0) },
            opcode::GAT => Command::GetAndTouch { key, exptime: word(0), with_key: false },
            opcode::GAT_K => Command::GetAndTouch { key, exptime: word(0), with_key: true },
            opcode::FLUSH => Command::Flush { delay_s: word(0) },
            opcode::STAT => Command::Stats { arguments: key },
            opcode::QUIT => Command::Quit,
            opcode::NOOP => Command::Noop,
            opcode::VERSION => Command::Version,
            _ => return self.unknown(),
        };
        let request = Request { tag: self.tag, command };
        Parsed::Request { request, consumed: self.head_length(), discard: self.value_length() }
    }

    /// A storage request: its value may be too long, still on its way, or here.
    #[inline]
    fn store(&self, head: StoreHead<'a>, limits: &Limits) -> Parsed<'a> {
        let consumed = self.head_length();
        let length = match usize::try_from(self.value_length()) {
            Ok(length) if length <= limits.max_value_size => length,
            _ => {
                let remove = (head.mode == StoreMode::Set).then_some(head.key);
                let discard = self.value_length();
                return Parsed::Refused {
                    tag: self.tag,
                    status: Status::TooLarge,
                    consumed,
                    discard,
                    remove,
                    close: false,
                };
            }
        };
        match self.input.get(consumed..).and_then(|rest| rest.get(..length)) {
            Some(value) => {
                let request = Request { tag: self.tag, command: Command::Store { head, value } };
                Parsed::Request { request, consumed: consumed + length, discard: 0 }
            }
            None if length >= limits.large_value => Parsed::Body { tag: self.tag, head, length, consumed },
            None => Parsed::Incomplete { need: consumed.saturating_add(length) },
        }
    }
}
