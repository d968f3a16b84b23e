//! Input -> the next step of a connection. Parsing has no effect but on the connection's own state, so that the steps of
//! many connections can be collected, hashed and prefetched before the first is executed.

use crate::assembly::{Assembled, Assembly};
use crate::binary;
use crate::connection::{Connection, Mode, Receiving, StoreBody};
use crate::execute::memcache;
use crate::session::Modes;
use ringstone_protocol::detect::{Detected, detect};
use ringstone_protocol::memcache::binary::request::Request as BinaryRequest;
use ringstone_protocol::memcache::binary::{REQUEST_MAGIC, Status, Tag};
use ringstone_protocol::memcache::key::Key;
use ringstone_protocol::memcache::{login, reply, text};
use ringstone_protocol::resp::command::{self, Spec};
use ringstone_protocol::resp::parse::{self as resp, Args, Operands, ProtocolError};
use ringstone_protocol::{echo, ping};
use ringstone_store::{Error, Hash, Store, UnixMillis};

/// Longest contiguous part of a message, in bytes; longer ones are refused by closing. Large values do not count.
pub const INPUT_LIMIT: usize = 64 << 20;

/// Longest bulk string of RESP in bytes (Valkey's proto-max-bulk-len); longer ones end the connection.
pub const MAX_BULK: u64 = 512 << 20;

/// Longest request of a client of RESP that has not said who it is, in bytes: as in Valkey, it makes the server keep little.
const MAX_UNAUTHENTICATED: usize = 64 << 10;
const UNAUTHENTICATED_BULK: &[u8] = b"-ERR Protocol error: unauthenticated bulk length\r\n";

/// What the parsers are bound by.
pub struct Bounds {
    /// memcached's.
    pub memcache: text::Limits,
    /// RESP's.
    pub resp: resp::Limits,
    /// Longest value in bytes.
    pub max_value_size: usize,
}

impl Bounds {
    /// For values up to `max_value_size` bytes, of which those from `large_value` on go into extents.
    pub fn new(max_value_size: usize, large_value: usize) -> Bounds {
        Bounds {
            memcache: text::Limits { max_value_size, large_value },
            resp: resp::Limits { max_arguments: 1 << 20, max_bulk: MAX_BULK, large_value, max_inline: 64 << 10 },
            max_value_size,
        }
    }
}

/// One thing to be executed.
pub enum Step<'a> {
    /// A memcached request.
    Memcache(text::Request<'a>),
    /// A memcached line that was refused.
    MemcacheRefused { reply: &'static [u8], close: bool },
    /// A memcached value that the store has no room for; its body is skipped. `remove`: the key whose old value goes with it.
    MemcacheNoRoom { error: Error, noreply: bool, remove: Option<Key<'a>> },
    /// A memcached value has been received whole; it is in `Connection::receiving`.
    MemcacheStored,
    /// A request of memcached's binary protocol.
    Binary(BinaryRequest<'a>),
    /// One that was refused. `remove`: the key whose old value goes with it.
    BinaryRefused { tag: Tag, status: Status, remove: Option<&'a [u8]>, close: bool },
    /// A value of the binary protocol has been received whole; it is in `Connection::receiving`.
    BinaryStored,
    /// A name and a password of a client of memcached.
    MemcacheLogin { user: &'a [u8], password: &'a [u8] },
    /// The next lines of a dump, which is in `Connection::receiving`.
    MemcacheDump,
    /// A RESP request; `None` for an unknown command.
    Resp { spec: Option<&'static Spec>, args: Args<'a>, operands: Operands<'a> },
    /// An inline command.
    RespInline(Vec<Vec<u8>>),
    /// An array with large values has been received whole; it is in `Connection::receiving`.
    RespAssembled,
    /// A KEYS is under way; it is in `Connection::receiving`.
    RespWalk,
    /// An array with a large argument that the store refuses.
    RespRefused(Error),
    /// The connection cannot be followed.
    RespError(ProtocolError),
    /// The ping protocol's message.
    Ping(&'a [u8]),
    /// A line that is answered as it stands.
    Plain { reply: &'static [u8], error: bool, close: bool },
    /// Length that the echo protocol answers before the data.
    EchoHead(usize),
    /// Data of the echo protocol.
    EchoData(&'a [u8]),
}

impl Step<'_> {
    /// Stands where a step was that is executed; nothing to do.
    pub const DONE: Step<'static> = Step::EchoData(b"");
}

/// What the input came to.
pub enum Intake<'a> {
    /// Something to execute, and the hash of its first key.
    Step(Step<'a>, Option<Hash>),
    /// More input: at least so many bytes of the unconsumed tail in one piece (0 if unknown).
    Need(usize),
}

impl<'a> Intake<'a> {
    fn plain(reply: &'static [u8], error: bool, close: bool) -> Intake<'a> {
        Intake::Step(Step::Plain { reply, error, close }, None)
    }
}

/// Takes the next step from `input[*consumed..]`.
#[inline]
pub fn take<'a>(
    connection: &mut Connection,
    input: &'a [u8],
    consumed: &mut usize,
    bounds: &Bounds,
    store: &Store,
    now_ms: UnixMillis,
) -> Intake<'a> {
    if connection.discard > 0 {
        let rest = (input.len() - *consumed) as u64;
        let skipped = rest.min(connection.discard);
        connection.discard -= skipped;
        *consumed += skipped as usize;
        if connection.discard > 0 {
            return Intake::Need(0);
        }
    }
    if !matches!(connection.receiving, Receiving::Nothing) {
        return receive(connection, input, consumed, bounds, store, now_ms);
    }
    if *consumed == input.len() {
        return Intake::Need(0);
    }
    match connection.mode {
        Mode::Memcache => memcache_step(connection, input, consumed, bounds, store, now_ms),
        Mode::Binary => binary::step(connection, input, consumed, bounds, store, now_ms),
        Mode::MemcacheLogin => login_step(input, consumed),
        Mode::Watch => {
            *consumed = input.len();
            Intake::Need(0)
        }
        Mode::Resp => resp_step(connection, input, consumed, bounds, store, now_ms),
        Mode::Detect => {
            connection.mode = match detect(&input[*consumed..]) {
                Detected::More => return Intake::Need(0),
                Detected::Memcache => text_mode(connection),
                Detected::Binary => Mode::Binary,
                Detected::Resp => Mode::Resp,
            };
            take(connection, input, consumed, bounds, store, now_ms)
        }
        Mode::DetectMemcache => {
            let is_binary = input[*consumed] == REQUEST_MAGIC;
            connection.mode = if is_binary { Mode::Binary } else { text_mode(connection) };
            take(connection, input, consumed, bounds, store, now_ms)
        }
        Mode::Ping => ping_step(input, consumed),
        Mode::Echo => echo_step(connection, input, consumed, bounds),
    }
}

/// How a connection that speaks memcached's text begins.
fn text_mode(connection: &Connection) -> Mode {
    if connection.session.modes.has(Modes::UNAUTHENTICATED) { Mode::MemcacheLogin } else { Mode::Memcache }
}

fn login_step<'a>(input: &'a [u8], consumed: &mut usize) -> Intake<'a> {
    match login::parse(&input[*consumed..]) {
        login::Parsed::Login { user, password, consumed: taken } => {
            *consumed += taken;
            Intake::Step(Step::MemcacheLogin { user, password }, None)
        }
        login::Parsed::Incomplete { need } => Intake::Need(need),
        login::Parsed::Refused { reply, consumed: taken, close } => {
            *consumed += taken;
            Intake::Step(Step::MemcacheRefused { reply, close }, None)
        }
    }
}

#[inline]
fn memcache_step<'a>(
    connection: &mut Connection,
    input: &'a [u8],
    consumed: &mut usize,
    bounds: &Bounds,
    store: &Store,
    now_ms: UnixMillis,
) -> Intake<'a> {
    match text::parse(&input[*consumed..], &bounds.memcache) {
        text::Parsed::Request { request, consumed: taken } => {
            *consumed += taken;
            let hash = memcache::hash(&request, store);
            Intake::Step(Step::Memcache(request), hash)
        }
        text::Parsed::Incomplete { need } => Intake::Need(need),
        text::Parsed::Refused { reply, consumed: taken, discard, close } => {
            *consumed += taken;
            connection.discard = discard;
            Intake::Step(Step::MemcacheRefused { reply, close }, None)
        }
        text::Parsed::TooLarge { head, consumed: taken, discard } => {
            *consumed += taken;
            connection.discard = discard;
            Intake::Step(no_room(Error::TooLarge, &head), None)
        }
        text::Parsed::Body { head, length, consumed: taken } => {
            *consumed += taken;
            match store.reserve(length, now_ms) {
                Ok(body) => {
                    connection.receiving = Receiving::Store(Box::new(StoreBody::new(&head, body)));
                    receive(connection, input, consumed, bounds, store, now_ms)
                }
                Err(error) => {
                    connection.discard = length as u64 + 2;
                    Intake::Step(no_room(error, &head), None)
                }
            }
        }
    }
}

/// The refusal of a command's value.
fn no_room<'a>(error: Error, head: &text::BodyHead<'a>) -> Step<'a> {
    Step::MemcacheNoRoom { error, noreply: head.is_silent(), remove: head.removed_key() }
}

#[inline]
fn resp_step<'a>(
    connection: &mut Connection,
    input: &'a [u8],
    consumed: &mut usize,
    bounds: &Bounds,
    store: &Store,
    now_ms: UnixMillis,
) -> Intake<'a> {
    loop {
        match resp::parse(&input[*consumed..], &bounds.resp, &mut connection.progress) {
            resp::Parsed::Request { args, consumed: taken } => {
                *consumed += taken;
                if taken > bounds.max_value_size && has_too_large(args, bounds) {
                    return Intake::Step(Step::RespRefused(Error::TooLarge), None);
                }
                let mut words = args.into_iter();
                let spec = words.next().and_then(command::lookup);
                let hash = spec.filter(|spec| spec.first_key == 1).and(words.next()).map(|key| store.hash(key));
                let operands = Operands::of(args);
                return Intake::Step(Step::Resp { spec, args, operands }, hash);
            }
            resp::Parsed::Incomplete { need } => {
                let bytes = need.max(input.len() - *consumed);
                if bytes > MAX_UNAUTHENTICATED && connection.session.modes.has(Modes::UNAUTHENTICATED) {
                    return Intake::plain(UNAUTHENTICATED_BULK, true, true);
                }
                return Intake::Need(need);
            }
            resp::Parsed::Nothing { consumed: taken } => *consumed += taken,
            resp::Parsed::Inline { args, consumed: taken } => {
                *consumed += taken;
                return Intake::Step(Step::RespInline(args), None);
            }
            resp::Parsed::Large { .. } if connection.session.modes.has(Modes::UNAUTHENTICATED) => {
                return Intake::plain(UNAUTHENTICATED_BULK, true, true);
            }
            resp::Parsed::Large { count, consumed: taken } => {
                *consumed += taken;
                connection.receiving = Receiving::Array(Box::new(Assembly::new(count)));
                return receive(connection, input, consumed, bounds, store, now_ms);
            }
            resp::Parsed::ProtocolError(error) => return Intake::Step(Step::RespError(error), None),
        }
    }
}

/// Whether an array that came in one piece would have been refused had it come in several.
#[cold]
fn has_too_large(args: Args<'_>, bounds: &Bounds) -> bool {
    args.into_iter().any(|arg| arg.len() > bounds.max_value_size && arg.len() >= bounds.resp.large_value)
}

/// Goes on with a message that is longer than the input.
fn receive<'a>(
    connection: &mut Connection,
    input: &'a [u8],
    consumed: &mut usize,
    bounds: &Bounds,
    store: &Store,
    now_ms: UnixMillis,
) -> Intake<'a> {
    let rest = &input[*consumed..];
    match &mut connection.receiving {
        Receiving::Nothing => Intake::Need(0),
        Receiving::Walk(_) => Intake::Step(Step::RespWalk, None),
        // The worker takes no step meanwhile.
        Receiving::Load(_) => Intake::Need(0),
        Receiving::Store(receiving) => {
            *consumed += receiving.body.fill_from(rest);
            let rest = &input[*consumed..];
            if receiving.body.remaining() > 0 {
                return Intake::Need(0);
            }
            match rest {
                [b'\r', b'\n', ..] => {
                    *consumed += 2;
                    let hash = memcache::key_hash(&receiving.head.as_head().key(), store);
                    Intake::Step(Step::MemcacheStored, Some(hash))
                }
                [] | [b'\r'] => Intake::Need(2),
                _ => {
                    let noreply = receiving.head.as_head().is_silent();
                    connection.receiving = Receiving::Nothing;
                    connection.discard = 2;
                    let reply = if noreply { &b""[..] } else { reply::BAD_DATA_CHUNK };
                    Intake::Step(Step::MemcacheRefused { reply, close: false }, None)
                }
            }
        }
        Receiving::Dump(_) => Intake::Step(Step::MemcacheDump, None),
        Receiving::Binary(_) => binary::receive(connection, input, consumed, store),
        Receiving::Array(assembly) => {
            match assembly.take(input, consumed, &bounds.resp, bounds.max_value_size, store, now_ms) {
                Assembled::More(need) => Intake::Need(need),
                Assembled::Complete => Intake::Step(Step::RespAssembled, None),
                Assembled::Refused(error) => Intake::Step(Step::RespRefused(error), None),
                Assembled::ProtocolError(error) => Intake::Step(Step::RespError(error), None),
                Assembled::Skipped => {
                    connection.receiving = Receiving::Nothing;
                    take(connection, input, consumed, bounds, store, now_ms)
                }
            }
        }
        Receiving::Echo(missing) => {
            let taken = rest.len().min(*missing);
            *missing -= taken;
            *consumed += taken;
            if *missing == 0 {
                connection.receiving = Receiving::Nothing;
            }
            if taken == 0 { Intake::Need(0) } else { Intake::Step(Step::EchoData(&rest[..taken]), None) }
        }
    }
}

fn ping_step<'a>(input: &'a [u8], consumed: &mut usize) -> Intake<'a> {
    match ping::parse(&input[*consumed..]) {
        ping::Parsed::Ping { message, consumed: taken } => {
            *consumed += taken;
            Intake::Step(Step::Ping(message), None)
        }
        ping::Parsed::Quit { consumed: taken } => {
            *consumed += taken;
            Intake::plain(b"", false, true)
        }
        ping::Parsed::Unknown { consumed: taken } => {
            *consumed += taken;
            Intake::plain(b"ERROR unknown command\r\n", true, false)
        }
        ping::Parsed::Incomplete => Intake::Need(0),
        ping::Parsed::TooLong => Intake::plain(b"ERROR line too long\r\n", true, true),
    }
}

fn echo_step<'a>(connection: &mut Connection, input: &'a [u8], consumed: &mut usize, bounds: &Bounds) -> Intake<'a> {
    match echo::parse(&input[*consumed..], bounds.max_value_size) {
        echo::Parsed::Header { length, consumed: taken } => {
            *consumed += taken;
            if length > 0 {
                connection.receiving = Receiving::Echo(length);
            }
            Intake::Step(Step::EchoHead(length), None)
        }
        echo::Parsed::Incomplete => Intake::Need(0),
        echo::Parsed::Invalid => Intake::plain(b"ERROR invalid length\r\n", true, true),
        echo::Parsed::TooLarge { length, consumed: taken } => {
            *consumed += taken;
            connection.discard = length;
            Intake::plain(b"ERROR value too large\r\n", true, false)
        }
    }
}
