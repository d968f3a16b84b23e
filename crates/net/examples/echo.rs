//! Measures the loops alone: a service that answers every line with itself, and a client that keeps every connection busy.
//!
//! `cargo run --release -p ringstone-net --example echo [seconds]` prints the CPU time of the worker's thread per request
//! on either runtime, for several numbers of connections and lengths of pipelines.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use ringstone_net::{
    Body, CloseReason, ConnectionInfo, ListenAddress, Listener, NetOptions, Output, Resumed, RuntimeChoice, Service,
    Turn, serve,
};

const REQUEST: &[u8] = b"get 0123456789abcdef0123456789ab\r\n";
const REPLY: &[u8] = &[b'x'; 128];

struct NoBody;

impl Body for NoBody {
    fn len(&self) -> usize {
        0
    }
    fn chunk_at(&self, _offset: usize) -> &[u8] {
        &[]
    }
}

/// Answers each request-sized piece of input.
struct Answer;

impl Service for Answer {
    type Connection = ();
    type Body = NoBody;
    type Completion = ();

    fn open(&mut self, _info: &ConnectionInfo, _output: &mut Output<NoBody>) {}
    fn run(&mut self, batch: &mut [Turn<'_, (), NoBody>], _arrived_ns: u64) {
        for turn in batch {
            for _ in turn.input.chunks_exact(REQUEST.len()) {
                turn.output.write(REPLY);
                turn.consumed += REQUEST.len();
            }
        }
    }
    fn body_room<'c>(&mut self, _connection: &'c mut ()) -> Option<&'c mut [u8]> {
        None
    }
    fn body_filled(&mut self, _connection: &mut (), _bytes: usize) -> bool {
        true
    }
    fn is_between_messages(&self, _connection: &()) -> bool {
        true
    }
    fn resume(&mut self, _connection: &mut (), _completion: ()) -> Resumed {
        Resumed::Turn
    }
    fn close(&mut self, _connection: (), _reason: CloseReason) {}
}

fn options(runtime: RuntimeChoice) -> NetOptions {
    NetOptions {
        runtime,
        workers: 1,
        listeners: vec![Listener {
            address: ListenAddress::Tcp("127.0.0.1:0".parse().expect("address")),
            refusal: b"",
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

/// CPU time of the worker's thread so far, in nanoseconds.
fn worker_cpu_ns() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("tasks").flatten();
    let worker = tasks
        .map(|task| task.path())
        .find(|path| std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.starts_with("ringstone-w")));
    let stat = std::fs::read_to_string(worker.expect("a worker").join("schedstat")).expect("schedstat");
    stat.split(' ').next().and_then(|field| field.parse().ok()).expect("a number")
}

struct Client {
    stream: TcpStream,
    missing: usize,
}

/// Keeps `connections` busy with pipelines of `depth` for `time`; returns the requests answered and the worker's CPU time.
fn load(address: &str, connections: usize, depth: usize, time: Duration) -> (u64, u64) {
    let mut poll = Poll::new().expect("poll");
    let mut events = Events::with_capacity(connections);
    let batch = REQUEST.repeat(depth);
    let mut clients: Vec<Client> = (0..connections)
        .map(|index| {
            let stream = std::net::TcpStream::connect(address).expect("connect");
            stream.set_nodelay(true).expect("nodelay");
            stream.set_nonblocking(true).expect("nonblocking");
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE).expect("register");
            stream.write_all(&batch).expect("send");
            Client { stream, missing: depth * REPLY.len() }
        })
        .collect();
    let mut buffer = vec![0; 1 << 16];
    let mut answered = 0;
    let mut start = None;
    let began = Instant::now();
    loop {
        // The first fifth warms up.
        if start.is_none() && began.elapsed() > time / 5 {
            start = Some(worker_cpu_ns());
            answered = 0;
        }
        if let Some(start) = start
            && began.elapsed() > time
        {
            return (answered, worker_cpu_ns() - start);
        }
        poll.poll(&mut events, Some(Duration::from_millis(100))).expect("poll");
        for event in &events {
            let client = &mut clients[event.token().0];
            while let Ok(bytes) = client.stream.read(&mut buffer) {
                assert!(bytes > 0, "the server closed");
                client.missing -= bytes;
                if client.missing == 0 {
                    answered += depth as u64;
                    client.missing = depth * REPLY.len();
                    client.stream.write_all(&batch).expect("send");
                }
            }
        }
    }
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1.0);
    println!("{:>7} {:>11} {:>8} {:>12} {:>12}", "runtime", "connections", "pipeline", "requests/s", "CPU us/req");
    for (connections, depth) in [(1, 1), (8, 1), (50, 1), (400, 1), (50, 16), (400, 16)] {
        for runtime in [RuntimeChoice::Mio, RuntimeChoice::Uring] {
            let handle = match serve(options(runtime), |_| Answer, Arc::new(|_| {})) {
                Ok(handle) => handle,
                Err(error) => {
                    println!("{runtime:?}: {error}");
                    continue;
                }
            };
            let time = Duration::from_secs_f64(seconds);
            let (answered, cpu_ns) = load(&handle.local_addresses()[0], connections, depth, time);
            let rate = answered as f64 / (time.as_secs_f64() * 0.8);
            let each_us = cpu_ns as f64 / answered as f64 / 1000.0;
            println!("{:>7} {connections:>11} {depth:>8} {rate:>12.0} {each_us:>12.2}", format!("{runtime:?}"));
            handle.finish(1000);
        }
    }
}
