//! The binary protocol: requests and replies of a 24-byte header, extras, key and value.
//!
//! memcached calls it deprecated and still serves it, and some clients speak nothing else. Authority: `doc/protocol-binary.xml` for
//! the format, memcached's own behaviour (1.6.18) for what is answered. SASL is unknown here, as to a memcached that was built or
//! started without it.

pub mod reply;
pub mod request;

/// First byte of every request; a connection whose first byte is this one speaks the binary protocol to its end.
pub const REQUEST_MAGIC: u8 = 0x80;
/// First byte of every reply.
pub const REPLY_MAGIC: u8 = 0x81;
/// Length of a header in bytes.
pub const HEADER_LENGTH: usize = 24;

/// What a request's header says that its reply repeats or depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// As sent, quiet or not.
    pub opcode: u8,
    /// The client's own; comes back as sent.
    pub opaque: u32,
    /// The item must have this token; 0 = any.
    pub cas: u64,
    /// Only what the client cannot foresee is answered: hits of retrievals, failures of all others.
    pub quiet: bool,
}

/// Outcome in a reply's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Status {
    /// Done.
    Success = 0x00,
    /// No such item.
    NotFound = 0x01,
    /// There is such an item, or it has another token.
    Exists = 0x02,
    /// The value is above the limit.
    TooLarge = 0x03,
    /// The request's parts do not fit its opcode.
    Invalid = 0x04,
    /// append, prepend: no such item.
    NotStored = 0x05,
    /// incr, decr: the stored value is not a number.
    NonNumeric = 0x06,
    /// Not before authentication.
    Unauthenticated = 0x20,
    /// No such opcode, or lengths that contradict each other.
    Unknown = 0x81,
    /// Nothing could be evicted for the value.
    OutOfMemory = 0x82,
    /// The item is a hash, which only RESP reads (memcached: not supported).
    WrongKind = 0x83,
    /// The value cannot be had just now, for a reason that the text tells.
    TemporaryFailure = 0x86,
}

impl Status {
    /// The text that memcached sends with a failure; empty for a success.
    pub fn text(self) -> &'static [u8] {
        match self {
            Self::Success => b"",
            Self::NotFound => b"Not found",
            Self::Exists => b"Data exists for key.",
            Self::TooLarge => b"Too large.",
            Self::Invalid => b"Invalid arguments",
            Self::NotStored => b"Not stored.",
            Self::NonNumeric => b"Non-numeric server-side value for incr or decr",
            Self::Unauthenticated => b"Auth failure.",
            Self::Unknown => b"Unknown command",
            Self::WrongKind => b"the item is a hash",
            Self::TemporaryFailure => b"Temporary failure",
            Self::OutOfMemory => b"Out of memory allocating item",
        }
    }
}
