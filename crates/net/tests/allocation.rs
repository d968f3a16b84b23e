//! In steady state a request allocates nothing on a worker's thread.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use common::on_both;
use common::server::{ask, expect, options};
use ringstone_net::{Body, CloseReason, ConnectionInfo, Next, Output, Resumed, Runtime, Service, Turn, serve};

/// Requests that are counted, and requests of a pipeline.
const REQUESTS: usize = 10_000;
const PIPELINE: usize = 50;
/// Few enough for the buffers of all to be within the first piece of the pool.
const CONNECTIONS: usize = 20;

thread_local! {
    static WORKER: Cell<bool> = const { Cell::new(false) };
}
static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

fn count() {
    if COUNTING.load(Ordering::Relaxed) && WORKER.with(Cell::get) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: hands everything to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A constant that is sent from where it is.
struct Constant(&'static [u8]);

impl Body for Constant {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn chunk_at(&self, offset: usize) -> &[u8] {
        &self.0[offset..]
    }
}

/// Answers every byte with a byte; `b` with a body of its own besides; `a` allocates.
struct Bytes;

impl Service for Bytes {
    type Connection = ();
    type Body = Constant;
    type Completion = ();

    fn open(&mut self, _info: &ConnectionInfo, _output: &mut Output<Constant>) {}
    fn run(&mut self, batch: &mut [Turn<'_, (), Constant>], _arrived_ns: u64) {
        for turn in batch {
            for &byte in turn.input {
                turn.output.write(&[byte]);
                if byte == b'a' {
                    std::hint::black_box(Box::new(byte));
                }
                if byte == b'b' {
                    turn.output.write_body(Constant(b"ody"));
                }
            }
            turn.consumed = turn.input.len();
            turn.next = Next::Read;
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

fn cycles(runtime: Runtime) {
    let mut options = options(runtime);
    options.workers = 1;
    options.idle_timeout_ms = 60_000;
    let factory = |_| {
        WORKER.with(|worker| worker.set(true));
        Bytes
    };
    let handle = serve(options, factory, Arc::new(|_| {})).expect("serve");
    let mut streams: Vec<_> = (0..CONNECTIONS)
        .map(|_| std::net::TcpStream::connect(&handle.local_addresses()[0]).expect("connect"))
        .collect();
    let pipeline = [b'x'; PIPELINE];
    let bodies = b"xbx".repeat(PIPELINE);
    let replies = b"xbodyx".repeat(PIPELINE);
    let mut round = |requests: usize| {
        for _ in 0..requests / 10 {
            ask(&mut streams[0], b"x", b"x");
        }
        for _ in 0..requests / PIPELINE {
            ask(&mut streams[1], &pipeline, &pipeline);
        }
        for _ in 0..requests / 10 / PIPELINE {
            ask(&mut streams[2], &bodies, &replies);
        }
        for _ in 0..requests / 10 / CONNECTIONS {
            for stream in &mut streams {
                stream.write_all(b"xyz").expect("send");
            }
            for stream in &mut streams {
                expect(stream, b"xyz");
            }
        }
    };
    round(REQUESTS / 10);
    ALLOCATIONS.store(0, Ordering::Relaxed);
    COUNTING.store(true, Ordering::Relaxed);
    round(REQUESTS);
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 0, "{runtime:?}");
    ask(&mut streams[0], b"a", b"a");
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 1, "the counting counts");
    COUNTING.store(false, Ordering::Relaxed);
    drop(streams);
    handle.finish(10_000);
}

#[test]
fn requests_allocate_nothing() {
    on_both(cycles);
}
