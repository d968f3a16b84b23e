//! A connection as a state machine fed with bytes. It never sees a socket.

use crate::Protocol;
use crate::assembly::Assembly;
use crate::binary::BinaryBody;
use crate::client::Client;
use crate::execute::memcache::dump::Dump;
use crate::session::Session;
use arrayvec::ArrayVec;
use ringstone_protocol::memcache::text::{StoreHead, StoreMode};
use ringstone_protocol::resp::parse::Progress;
use ringstone_store::Body;
use std::sync::Arc;

/// Longest memcached key in bytes.
pub const MAX_MEMCACHE_KEY: usize = 250;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not known before its first bytes.
    Detect,
    /// memcached; the first byte says which of its protocols.
    DetectMemcache,
    /// memcached's text.
    Memcache,
    /// memcached's binary protocol.
    Binary,
    /// memcached's text, after `watch`: lines go out, and nothing that comes in means anything.
    Watch,
    /// RESP.
    Resp,
    /// The ping protocol.
    Ping,
    /// The echo protocol.
    Echo,
}

impl From<Protocol> for Mode {
    fn from(protocol: Protocol) -> Mode {
        match protocol {
            Protocol::Auto => Mode::Detect,
            Protocol::Memcached => Mode::DetectMemcache,
            Protocol::Resp => Mode::Resp,
            Protocol::Ping => Mode::Ping,
            Protocol::Echo => Mode::Echo,
        }
    }
}

/// Head of a memcached storage command, kept while its value is received.
pub struct OwnedHead {
    key: ArrayVec<u8, MAX_MEMCACHE_KEY>,
    mode: StoreMode,
    flags: u32,
    exptime: i64,
    noreply: bool,
}

impl OwnedHead {
    /// As the parser gave it.
    pub fn as_head(&self) -> StoreHead<'_> {
        StoreHead { mode: self.mode, key: &self.key, flags: self.flags, exptime: self.exptime, noreply: self.noreply }
    }
}

/// A memcached storage command whose large value is being received.
pub struct StoreBody {
    /// What the line said.
    pub head: OwnedHead,
    /// The value.
    pub body: Body,
}

impl StoreBody {
    /// Keeps what the line said; the parser has checked the key's length.
    pub fn new(head: &StoreHead<'_>, body: Body) -> StoreBody {
        let head = OwnedHead {
            key: head.key.iter().copied().take(MAX_MEMCACHE_KEY).collect(),
            mode: head.mode,
            flags: head.flags,
            exptime: head.exptime,
            noreply: head.noreply,
        };
        StoreBody { head, body }
    }
}

/// A message that is longer than the input buffer.
pub enum Receiving {
    /// None.
    Nothing,
    /// A memcached value.
    Store(Box<StoreBody>),
    /// A value of memcached's binary protocol.
    Binary(Box<BinaryBody>),
    /// None: a dump of the items goes out, before the next request.
    Dump(Box<Dump>),
    /// A RESP array with at least one large value.
    Array(Box<Assembly>),
    /// Data of the echo protocol: bytes still to come.
    Echo(usize),
}

/// State of one connection.
pub struct Connection {
    /// What it speaks.
    pub mode: Mode,
    /// Bytes of a refused body that are still to be skipped.
    pub discard: u64,
    /// A message in progress.
    pub receiving: Receiving,
    /// How far an incomplete RESP array was scanned.
    pub progress: Progress,
    /// What its client has set, and how others reach it.
    pub session: Session,
}

impl Connection {
    /// One that is fed by hand; `serial` is its RESP client id.
    pub fn new(protocol: Protocol, serial: u64) -> Connection {
        Connection::of(protocol, Arc::new(Client::detached(serial)))
    }

    /// A new one.
    pub(crate) fn of(protocol: Protocol, client: Arc<Client>) -> Connection {
        Connection {
            mode: Mode::from(protocol),
            discard: 0,
            receiving: Receiving::Nothing,
            progress: Progress::default(),
            session: Session::new(client),
        }
    }

    /// Whether the next byte starts a message.
    #[inline]
    pub fn is_between_messages(&self) -> bool {
        self.discard == 0 && matches!(self.receiving, Receiving::Nothing)
    }

    /// Forgets a message in progress, whose bytes will be given again from its start.
    pub fn rewind(&mut self) {
        self.discard = 0;
        self.receiving = Receiving::Nothing;
        self.progress = Progress::default();
    }

    /// The body whose bytes come next, if a large value is being received.
    pub fn body(&mut self) -> Option<&mut Body> {
        if self.discard > 0 {
            return None;
        }
        let body = match &mut self.receiving {
            Receiving::Store(store) => Some(&mut store.body),
            Receiving::Binary(binary) => Some(&mut binary.body),
            Receiving::Array(assembly) => assembly.body(),
            Receiving::Nothing | Receiving::Dump(_) | Receiving::Echo(_) => None,
        };
        body.filter(|body| body.remaining() > 0)
    }
}
