//! Intake of memcached's binary protocol.

use crate::connection::{Connection, MAX_MEMCACHE_KEY, Receiving};
use crate::execute::memcache::binary as execute;
use crate::intake::{Bounds, Intake, Step};
use crate::session::Modes;
use arrayvec::ArrayVec;
use ringstone_protocol::memcache::binary::request::{Parsed, Request, StoreHead, parse};
use ringstone_protocol::memcache::binary::{Status, Tag};
use ringstone_protocol::memcache::text::StoreMode;
use ringstone_store::{Body, Store, UnixMillis};

/// Extras and key of a storage request, kept while its value is received.
pub struct OwnedHead {
    mode: StoreMode,
    key: ArrayVec<u8, MAX_MEMCACHE_KEY>,
    flags: u32,
    exptime: u32,
}

impl OwnedHead {
    /// As the parser gave it.
    pub fn as_head(&self) -> StoreHead<'_> {
        StoreHead { mode: self.mode, key: &self.key, flags: self.flags, exptime: self.exptime }
    }
}

/// A storage request whose large value is being received.
pub struct BinaryBody {
    /// The header.
    pub tag: Tag,
    /// Extras and key.
    pub head: OwnedHead,
    /// The value.
    pub body: Body,
}

impl BinaryBody {
    /// Keeps what the header and the extras said; the parser has checked the key's length.
    fn new(tag: Tag, head: &StoreHead<'_>, body: Body) -> BinaryBody {
        let key = head.key.iter().copied().take(MAX_MEMCACHE_KEY).collect();
        BinaryBody { tag, head: OwnedHead { mode: head.mode, key, flags: head.flags, exptime: head.exptime }, body }
    }
}

/// Takes the next request.
#[inline]
pub fn step<'a>(
    connection: &mut Connection,
    input: &'a [u8],
    consumed: &mut usize,
    bounds: &Bounds,
    store: &Store,
    now_ms: UnixMillis,
) -> Intake<'a> {
    let parsed = parse(&input[*consumed..], &bounds.memcache);
    if connection.session.modes.has(Modes::UNAUTHENTICATED) {
        return unauthenticated(&parsed);
    }
    match parsed {
        Parsed::Request { request, consumed: taken, discard } => {
            *consumed += taken;
            connection.discard = discard;
            let hash = execute::key(&request).map(|key| store.hash(key));
            Intake::Step(Step::Binary(request), hash)
        }
        Parsed::Incomplete { need } => Intake::Need(need),
        Parsed::Refused { tag, status, consumed: taken, discard, remove, close } => {
            *consumed += taken;
            connection.discard = discard;
            Intake::Step(Step::BinaryRefused { tag, status, remove, close }, None)
        }
        Parsed::Body { tag, head, length, consumed: taken } => {
            *consumed += taken;
            match store.reserve(length, now_ms) {
                Ok(body) => {
                    connection.receiving = Receiving::Binary(Box::new(BinaryBody::new(tag, &head, body)));
                    receive(connection, input, consumed, store)
                }
                Err(error) => {
                    connection.discard = length as u64;
                    let remove = (head.mode == StoreMode::Set).then_some(head.key);
                    let status = execute::status_of(error);
                    Intake::Step(Step::BinaryRefused { tag, status, remove, close: false }, None)
                }
            }
        }
        Parsed::BadMagic => Intake::Step(Step::MemcacheRefused { reply: b"", close: true }, None),
    }
}

/// memcached's ASCII authentication is for its text; the binary protocol would need SASL.
#[cold]
fn unauthenticated<'a>(parsed: &Parsed<'a>) -> Intake<'a> {
    match *parsed {
        Parsed::Request { request: Request { tag, .. }, .. }
        | Parsed::Body { tag, .. }
        | Parsed::Refused { tag, .. } => {
            let status = Status::Unauthenticated;
            Intake::Step(Step::BinaryRefused { tag, status, remove: None, close: true }, None)
        }
        Parsed::Incomplete { need } => Intake::Need(need),
        Parsed::BadMagic => Intake::Step(Step::MemcacheRefused { reply: b"", close: true }, None),
    }
}

/// Goes on with a large value.
pub fn receive<'a>(connection: &mut Connection, input: &'a [u8], consumed: &mut usize, store: &Store) -> Intake<'a> {
    let Receiving::Binary(receiving) = &mut connection.receiving else { return Intake::Need(0) };
    *consumed += receiving.body.fill_from(&input[*consumed..]);
    if receiving.body.remaining() > 0 {
        return Intake::Need(0);
    }
    let hash = store.hash(&receiving.head.key);
    Intake::Step(Step::BinaryStored, Some(hash))
}
