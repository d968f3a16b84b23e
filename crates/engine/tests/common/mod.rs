//! A client without sockets: feeds a connection with bytes as an event loop would and collects its replies.
#![allow(dead_code)] // each test binary uses its own part

use ringstone_engine::{
    Cache, CacheOptions, ChainBody, Connection, Eviction, ListenAddress, ListenerOptions, OpenCache, Protocol,
    RuntimeChoice, Server, ServerOptions, Shared, Worker,
};
use ringstone_net::{Next, Output, Service, Turn};
use ringstone_store::{ManualClock, Options, Store};
use std::sync::Arc;

/// Where the clocks of the tests start: a moment in 2026, in milliseconds.
pub const START_MS: u64 = 1_790_000_000_000;

/// Options for a small server with one worker.
pub fn options() -> ServerOptions {
    ServerOptions {
        version: "0.0.0-test".into(),
        listeners: vec![ListenerOptions {
            address: ListenAddress::Tcp(([127, 0, 0, 1], 0).into()),
            protocol: Protocol::Auto,
        }],
        runtime: RuntimeChoice::Mio,
        workers: 1,
        max_connections: 10,
        idle_timeout_ms: 0,
        read_buffer_size: 16 << 10,
        write_buffer_size: 16 << 10,
        tcp_nodelay: true,
        enable_shutdown: false,
        auth_file: None,
    }
}

/// Options for a small cache.
pub fn cache_options() -> CacheOptions {
    CacheOptions {
        max_memory: 64 << 20,
        max_value_size: 8 << 20,
        default_ttl_ms: 0,
        cleanup_interval_ms: 60_000,
        eviction: Eviction::S3Fifo,
    }
}

/// A server of a cache of its own.
pub fn serve(cache: CacheOptions, options: ServerOptions) -> Server {
    let cache = OpenCache::open(None, cache, |_| None).expect("opens");
    Server::start(cache, options, Arc::new(|_| {})).expect("starts")
}

/// A worker over a store of its own, with a clock that the test sets.
pub struct Bench {
    pub shared: Arc<Shared>,
    pub clock: Arc<ManualClock>,
    pub worker: Worker,
}

impl Bench {
    pub fn new(options: ServerOptions) -> Bench {
        Bench::of(cache_options(), options)
    }

    pub fn of(cache: CacheOptions, options: ServerOptions) -> Bench {
        let clock = Arc::new(ManualClock::new(START_MS));
        let cache = Cache::open(cache, clock.clone()).expect("the store opens");
        Bench::over(cache, clock, options)
    }

    fn over(cache: Cache, clock: Arc<ManualClock>, options: ServerOptions) -> Bench {
        let shared = Arc::new(Shared::open(Arc::new(cache), options).expect("no file is read"));
        let worker = Worker::new(Arc::clone(&shared), 0);
        Bench { shared, clock, worker }
    }

    /// The same with a key of the hash that is always the same: so are walks over keys, and tokens, of which each cell of the
    /// store counts its own.
    pub fn alike(cache: CacheOptions) -> Bench {
        let clock = Arc::new(ManualClock::new(START_MS));
        let store = Options {
            max_memory: cache.max_memory,
            max_value_size: cache.max_value_size,
            eviction: cache.eviction,
            hash_key: [7; 16],
        };
        let store = Store::open(store).expect("the store opens");
        Bench::over(Cache::with_store(store, cache, clock.clone()), clock, options())
    }

    /// Sends everything at once on a new connection.
    pub fn whole(&mut self, protocol: Protocol, bytes: &[u8]) -> Client {
        let mut client = Client::new(protocol);
        client.send(&mut self.worker, bytes);
        client
    }

    /// Sends in pieces on a new connection.
    pub fn pieces<'a>(&mut self, protocol: Protocol, pieces: impl IntoIterator<Item = &'a [u8]>) -> Client {
        let mut client = Client::new(protocol);
        for piece in pieces {
            client.send(&mut self.worker, piece);
        }
        client
    }
}

/// One connection.
pub struct Client {
    pub connection: Connection,
    pub output: Output<ChainBody>,
    pub replies: Vec<u8>,
    pub closed: bool,
    /// It waits for something else than input. Sending gives it a turn all the same, as a mail does.
    pub parked: bool,
    tail: Vec<u8>,
    need: usize,
}

impl Client {
    pub fn new(protocol: Protocol) -> Client {
        Client::numbered(protocol, 1)
    }

    /// One that is told from others by its serial.
    pub fn numbered(protocol: Protocol, serial: u64) -> Client {
        Client {
            connection: Connection::new(protocol, serial),
            output: Output::standalone(),
            replies: Vec::new(),
            closed: false,
            parked: false,
            tail: Vec::new(),
            need: 0,
        }
    }

    /// Gives the connection turns until it wants more input, as the event loop does.
    pub fn send(&mut self, worker: &mut Worker, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        while !self.closed && self.tail.len() >= self.need {
            let mut turn = Turn {
                connection: &mut self.connection,
                input: &self.tail,
                end_of_input: false,
                output: &mut self.output,
                consumed: 0,
                next: Next::Read,
                need: 0,
            };
            worker.run(std::slice::from_mut(&mut turn), 0);
            let (consumed, next, need) = (turn.consumed, turn.next, turn.need);
            assert!(consumed <= self.tail.len());
            self.replies.extend(self.output.take_bytes());
            self.tail.drain(..consumed);
            self.need = need;
            self.closed = next == Next::Close;
            self.parked = next == Next::Park;
            if next != Next::Yield {
                assert!(need == 0 || need > self.tail.len(), "asks for {need} bytes and has {}", self.tail.len());
                break;
            }
        }
    }

    /// What came since the last call, as text.
    pub fn take_text(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.replies)).into_owned()
    }

    /// Replies so far as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.replies).into_owned()
    }
}

/// Length of a header of memcached's binary protocol in bytes; its last eight are the item's token.
pub const BINARY_HEADER: usize = 24;

/// A request of memcached's binary protocol.
pub fn packet(opcode: u8, extras: &[u8], key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; BINARY_HEADER];
    packet[..2].copy_from_slice(&[0x80, opcode]);
    packet[2..4].copy_from_slice(&(key.len() as u16).to_be_bytes());
    packet[4] = extras.len() as u8;
    packet[8..12].copy_from_slice(&((extras.len() + key.len() + value.len()) as u32).to_be_bytes());
    packet.extend([extras, key, value].concat());
    packet
}

/// Replies of the binary protocol without tokens, which two servers give differently.
pub fn without_tokens(replies: &[u8]) -> Vec<u8> {
    let mut shown = replies.to_vec();
    let mut at = 0;
    while shown.get(at) == Some(&0x81) {
        shown[at + 16..at + BINARY_HEADER].fill(0);
        let body = shown[at + 8..at + 12].try_into().expect("four bytes");
        at += BINARY_HEADER + u32::from_be_bytes(body) as usize;
    }
    shown
}
