//! A server for one test.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ringstone_net::{
    CloseReason, CountersSnapshot, Handle, ListenAddress, Listener, NetEvent, NetOptions, Runtime, RuntimeChoice, serve,
};

use super::{Toy, Watch};

/// Nothing in these tests takes so long unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Server {
    handle: Option<Handle>,
    pub watch: Arc<Watch>,
    pub events: Arc<Mutex<Vec<NetEvent>>>,
    greeting_len: usize,
}

pub fn options(runtime: Runtime) -> NetOptions {
    NetOptions {
        runtime: match runtime {
            Runtime::Mio => RuntimeChoice::Mio,
            Runtime::Uring => RuntimeChoice::Uring,
        },
        workers: 2,
        listeners: vec![Listener {
            address: ListenAddress::Tcp("127.0.0.1:0".parse().expect("address")),
            refusal: b"full\n",
        }],
        max_connections: 10_000,
        idle_timeout_ms: 0,
        tcp_nodelay: true,
        backlog: 1024,
        read_buffer_size: 16 << 10,
        write_buffer_size: 16 << 10,
        input_limit: 1 << 20,
        output_pause: 1 << 20,
        output_limit: 64 << 20,
    }
}

impl Server {
    pub fn start(runtime: Runtime) -> Self {
        Self::with(options(runtime), b"")
    }

    pub fn with(options: NetOptions, greeting: &'static [u8]) -> Self {
        let watch = Arc::new(Watch::default());
        let events = Arc::new(Mutex::new(Vec::new()));
        let wish = options.runtime;
        let (watching, observing) = (Arc::clone(&watch), Arc::clone(&events));
        let handle = serve(
            options,
            move |context| Toy { watch: Arc::clone(&watching), mailbox: context.mailbox, greeting },
            Arc::new(move |event| observing.lock().push(event)),
        )
        .expect("serve");
        assert_eq!(handle.runtime() == Runtime::Uring, wish == RuntimeChoice::Uring, "{}", handle.runtime_reason());
        Self { handle: Some(handle), watch, events, greeting_len: greeting.len() }
    }

    pub fn handle(&self) -> &Handle {
        self.handle.as_ref().expect("running")
    }

    pub fn address(&self) -> String {
        self.handle().local_addresses()[0].clone()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("timeout");
        stream.set_nodelay(true).expect("nodelay");
        let mut stream = stream;
        expect(&mut stream, &vec![b'h'; self.greeting_len]);
        stream
    }

    /// Has the only worker wait in its service, through the connection that is returned, until `body` has run.
    pub fn while_the_worker_waits(&self, body: impl FnOnce()) -> TcpStream {
        let mut blocking = self.connect();
        let gate = self.watch.gate.lock();
        let before = self.watch.at_gate.load(Ordering::Relaxed);
        blocking.write_all(b"W\n").expect("send");
        eventually("the worker waits", || self.watch.at_gate.load(Ordering::Relaxed) > before);
        body();
        drop(gate);
        blocking
    }

    pub fn counters(&self) -> CountersSnapshot {
        self.handle().counters().snapshot()
    }

    /// Waits until all connections have gone, and checks that nothing of them is left.
    pub fn expect_quiet(&self) {
        eventually("no connections", || self.counters().connections == 0);
        let opened = self.watch.opened.load(Ordering::Relaxed);
        eventually("closes", || self.watch.reasons.lock().len() as u64 == opened);
        assert_eq!(self.counters().closed.iter().sum::<u64>(), opened);
        eventually("bodies", || self.watch.bodies_alive.load(Ordering::Relaxed) == 0);
        eventually("completions", || self.watch.completions_alive.load(Ordering::Relaxed) == 0);
    }

    pub fn closed_for(&self, reason: CloseReason) -> usize {
        self.watch.reasons.lock().iter().filter(|&&seen| seen == reason).count()
    }

    pub fn has_event(&self, code: &str) -> bool {
        self.events.lock().iter().any(|event| event.code == code)
    }

    pub fn drain(&self) {
        self.handle().drain();
    }

    pub fn finish(mut self, timeout_ms: u64) -> (bool, Arc<Watch>) {
        let drained = self.handle.take().expect("running").finish(timeout_ms);
        (drained, Arc::clone(&self.watch))
    }
}

/// Waits for a condition that another thread makes true.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Reads exactly `wanted`.
pub fn expect(stream: &mut impl Read, wanted: &[u8]) {
    let mut got = vec![0; wanted.len()];
    stream.read_exact(&mut got).expect("a reply");
    if got != wanted {
        let at = got.iter().zip(wanted).position(|(a, b)| a != b).unwrap_or(0);
        panic!("reply differs at byte {at} of {}", wanted.len());
    }
}

pub fn ask(stream: &mut (impl Read + Write), request: &[u8], reply: &[u8]) {
    stream.write_all(request).expect("send");
    expect(stream, reply);
}

/// Reads to the end; a reset counts as one.
pub fn rest(stream: &mut impl Read) -> Vec<u8> {
    let mut got = Vec::new();
    let mut piece = [0; 65536];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return got,
            Ok(bytes) => got.extend_from_slice(&piece[..bytes]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return got,
            Err(error) => panic!("the server neither replies nor closes: {error}"),
        }
    }
}

/// Bytes that differ from their neighbours in any extent or buffer.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}
