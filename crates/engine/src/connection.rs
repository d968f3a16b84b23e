//! A connection as a state machine fed with bytes. It never sees a socket.

use crate::Protocol;
use crate::assembly::Assembly;
use crate::binary::BinaryBody;
use crate::client::Client;
use crate::execute::memcache::dump::Dump;
use crate::execute::resp::KeysWalk;
use crate::parking::Waiting;
use crate::session::Session;
use arrayvec::ArrayVec;
use ringstone_protocol::memcache::key::Key;
use ringstone_protocol::memcache::meta::{Flags, Target};
use ringstone_protocol::memcache::text::{BodyHead, StoreHead, StoreMode};
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
    /// memcached's text, before the client has said who it is.
    MemcacheLogin,
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

/// Head of a memcached command that has a body, kept while its value is received.
pub struct OwnedHead {
    key: ArrayVec<u8, MAX_MEMCACHE_KEY>,
    command: OwnedCommand,
}

/// What an owned head says beside its key.
enum OwnedCommand {
    /// A storage command.
    Store { mode: StoreMode, flags: u32, exptime: i64, noreply: bool },
    /// `ms`, with its flags as they stand on the line.
    Meta { base64: bool, flags: Box<[u8]> },
}

impl OwnedHead {
    /// Keeps what the line said; the parser has checked the key's length.
    fn new(head: &BodyHead<'_>) -> OwnedHead {
        let command = match *head {
            BodyHead::Store(StoreHead { mode, flags, exptime, noreply, .. }) => {
                OwnedCommand::Store { mode, flags, exptime, noreply }
            }
            BodyHead::Meta(target) => {
                OwnedCommand::Meta { base64: target.key.is_encoded(), flags: target.flags.as_bytes().into() }
            }
        };
        OwnedHead { key: head.key().sent().iter().copied().take(MAX_MEMCACHE_KEY).collect(), command }
    }

    /// As the parser gave it.
    pub fn as_head(&self) -> BodyHead<'_> {
        let key = &*self.key;
        match &self.command {
            &OwnedCommand::Store { mode, flags, exptime, noreply } => {
                BodyHead::Store(StoreHead { mode, key, flags, exptime, noreply })
            }
            OwnedCommand::Meta { base64, flags } => {
                let key = Key::of_validated(key, *base64);
                BodyHead::Meta(Target { key, flags: Flags::of_validated(flags) })
            }
        }
    }
}

/// A memcached command whose large value is being received.
pub struct StoreBody {
    /// What the line said.
    pub head: OwnedHead,
    /// The value.
    pub body: Body,
}

impl StoreBody {
    /// Keeps what the line said.
    pub fn new(head: &BodyHead<'_>, body: Body) -> StoreBody {
        StoreBody { head: OwnedHead::new(head), body }
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
    /// Nothing: a KEYS is under way, and no request is taken before its reply is written.
    Walk(Box<KeysWalk>),
    /// Nothing: loads are waited for, and no request is taken before they are settled. The next one is the one that waits.
    Load(Box<Waiting>),
}

/// State of one connection.
pub struct Connection {
    /// What it speaks.
    pub mode: Mode,
    /// Bytes of a refused body that are still to be skipped.
    pub discard: u64,
    /// A message in progress.
    pub receiving: Receiving,
    /// What the next request has waited for, which is settled; until that request is executed.
    pub granted: Option<Box<Waiting>>,
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
            granted: None,
            progress: Progress::default(),
            session: Session::new(client),
        }
    }

    /// Whether the next byte starts a message.
    #[inline]
    pub fn is_between_messages(&self) -> bool {
        self.discard == 0 && matches!(self.receiving, Receiving::Nothing)
    }

    /// Whether a part of a reply is written, and nothing else may be sent before the rest of it.
    pub fn is_writing(&self) -> bool {
        matches!(&self.receiving, Receiving::Walk(walk) if walk.is_writing())
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
            Receiving::Nothing | Receiving::Dump(_) | Receiving::Echo(_) | Receiving::Walk(_) | Receiving::Load(_) => {
                None
            }
        };
        body.filter(|body| body.remaining() > 0)
    }
}
