//! What the benches of the engine have in common: a connection fed from memory, and the requests it is fed with. 16-byte
//! keys, 100-byte values.
#![allow(dead_code)] // each bench uses its own part

use ringstone_engine::{
    Cache, CacheOptions, ChainBody, Connection, Eviction, ListenAddress, ListenerOptions, Protocol, RuntimeChoice,
    ServerOptions, Shared, Worker,
};
use ringstone_net::{Next, Output, Service, Turn};
use ringstone_store::{Clock, Options, Store};
use std::sync::Arc;

pub const VALUE: [u8; 100] = [b'v'; 100];
pub const PIPELINE: usize = 16;
/// A moment in 2026, in milliseconds.
pub const START_MS: u64 = 1_790_000_000_000;
const MEMORY_BYTES: u64 = 64 << 20;
const VALUE_SIZE_BYTES: u64 = 8 << 20;

pub type Key = [u8; 16];

/// Sixteen printable bytes.
pub fn key(n: u64) -> Key {
    format!("key:{n:012}").into_bytes().try_into().expect("less than 10^12 keys")
}

/// Always the same key of the hash, so that runs can be compared.
pub fn store() -> Store {
    let options = Options {
        max_memory: MEMORY_BYTES,
        max_value_size: VALUE_SIZE_BYTES,
        eviction: Eviction::S3Fifo,
        hash_key: [1; 16],
    };
    Store::open(options).expect("address space")
}

fn options() -> ServerOptions {
    ServerOptions {
        version: "0.0.0-bench".into(),
        listeners: vec![ListenerOptions {
            address: ListenAddress::Tcp(([127, 0, 0, 1], 0).into()),
            protocol: Protocol::Auto,
        }],
        runtime: RuntimeChoice::Mio,
        workers: 1,
        max_connections: 1,
        idle_timeout_ms: 0,
        read_buffer_size: 16 << 10,
        write_buffer_size: 16 << 10,
        tcp_nodelay: true,
        enable_shutdown: false,
        auth_file: None,
    }
}

fn cache_options() -> CacheOptions {
    CacheOptions {
        max_memory: MEMORY_BYTES,
        max_value_size: VALUE_SIZE_BYTES,
        default_ttl_ms: 0,
        cleanup_interval_ms: 60_000,
        eviction: Eviction::S3Fifo,
    }
}

/// One connection of a worker, without sockets.
pub struct Feed {
    worker: Worker,
    connection: Connection,
    output: Output<ChainBody>,
}

impl Feed {
    /// With items 0 to `items` in its store.
    pub fn new(wire: Wire, items: u64, clock: Arc<dyn Clock>) -> Feed {
        let cache = Arc::new(Cache::with_store(store(), cache_options(), clock));
        let shared = Arc::new(Shared::open(cache, options()).expect("no file is read"));
        let (worker, connection) = (Worker::new(shared, 0), Connection::new(wire.protocol(), 1));
        let mut feed = Feed { worker, connection, output: Output::standalone() };
        (0..items).for_each(|n| assert_eq!(feed.turn(&wire.set(n)), wire.stored_bytes()));
        feed
    }

    /// One turn over whole requests, as the event loop gives it; answers with the bytes of the replies, which are dropped.
    #[inline]
    pub fn turn(&mut self, input: &[u8]) -> usize {
        let mut turn = Turn {
            connection: &mut self.connection,
            input,
            end_of_input: false,
            output: &mut self.output,
            consumed: 0,
            next: Next::Read,
            need: 0,
        };
        // As if it came later than it is answered: no round is long, and none goes into the slow log.
        self.worker.run(std::slice::from_mut(&mut turn), u64::MAX);
        assert!(turn.consumed == input.len() && turn.next == Next::Read, "all requests are executed in one turn");
        let bytes = self.output.len();
        self.output.clear();
        bytes
    }
}

/// A protocol's requests and the lengths of its replies.
#[derive(Clone, Copy)]
pub enum Wire {
    Memcached,
    Resp,
}

impl Wire {
    pub fn name(self) -> &'static str {
        match self {
            Wire::Memcached => "memcached",
            Wire::Resp => "RESP",
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Wire::Memcached => Protocol::Memcached,
            Wire::Resp => Protocol::Resp,
        }
    }

    pub fn get(self, n: u64) -> Vec<u8> {
        match self {
            Wire::Memcached => [b"get ", &key(n)[..], b"\r\n"].concat(),
            Wire::Resp => [b"*2\r\n$3\r\nGET\r\n$16\r\n", &key(n)[..], b"\r\n"].concat(),
        }
    }

    pub fn set(self, n: u64) -> Vec<u8> {
        match self {
            Wire::Memcached => [b"set ", &key(n)[..], b" 0 0 100\r\n", &VALUE[..], b"\r\n"].concat(),
            Wire::Resp => [b"*3\r\n$3\r\nSET\r\n$16\r\n", &key(n)[..], b"\r\n$100\r\n", &VALUE[..], b"\r\n"].concat(),
        }
    }

    /// Of the reply to a `get` of a key that is there.
    pub fn hit_bytes(self) -> usize {
        match self {
            Wire::Memcached => "VALUE key:000000000000 0 100\r\n".len() + VALUE.len() + "\r\nEND\r\n".len(),
            Wire::Resp => "$100\r\n".len() + VALUE.len() + "\r\n".len(),
        }
    }

    /// Of the reply to a `get` of a key that is not there.
    pub fn miss_bytes(self) -> usize {
        match self {
            Wire::Memcached => "END\r\n".len(),
            Wire::Resp => "$-1\r\n".len(),
        }
    }

    /// Of the reply to a `set`.
    pub fn stored_bytes(self) -> usize {
        match self {
            Wire::Memcached => "STORED\r\n".len(),
            Wire::Resp => "+OK\r\n".len(),
        }
    }
}
