//! In steady state a request allocates nothing: a counting allocator says so.

mod common;

use common::{Bench, options};
use ringstone_engine::{ChainBody, Connection, Protocol};
use ringstone_net::{Next, Output, Service, Turn};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed on to the system's allocator unchanged; counting touches a plain thread-local cell.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as for `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as for `alloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MEMCACHE: &[u8] = b"set key:1 0 0 5\r\nhello\r\nget key:1\r\ngets key:1 key:2 key:3\r\nincr n 1\r\ndecr n 1\r\n\
    append key:1 0 0 0\r\n\r\nadd key:1 0 0 1\r\nx\r\ntouch key:1 100\r\ngat 100 key:1\r\ndelete key:9\r\nversion\r\n\
    set key:2 5 100 3 noreply\r\nabc\r\nget a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8 9\r\n";

const META: &[u8] = b"ms a 5 T100 c\r\nhello\r\nmg a v s t c f h l k O1\r\nmg Zm9v b v k q\r\nms Zm9v 3 b k\r\nbar\r\nmg Zm9v b v\r\nmd a I T90\r\n\
    mg a v\r\nmg a R1000 T50\r\nmg lease N90\r\nmg lease N90\r\nmd lease\r\nma n N0 J5 v\r\nma n MD D2 c\r\nmg z z\r\nmn\r\n";

const RESP: &[u8] = b"*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n\
    *5\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$5\r\nhello\r\n$2\r\nEX\r\n$3\r\n100\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n\
    *3\r\n$4\r\nMGET\r\n$5\r\nkey:1\r\n$1\r\nx\r\n*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n\
    *2\r\n$3\r\nTTL\r\n$5\r\nkey:1\r\n*3\r\n$6\r\nEXPIRE\r\n$1\r\nn\r\n$3\r\n100\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n\
    *2\r\n$6\r\nEXISTS\r\n$1\r\nb\r\n*1\r\n$4\r\nPING\r\n*1\r\n$6\r\nDBSIZE\r\n";

/// Allocations of `rounds` turns over the stream.
fn allocations(bench: &mut Bench, protocol: Protocol, stream: &[u8], rounds: usize) -> u64 {
    let mut connection = Connection::new(protocol, 1);
    let mut output = Output::<ChainBody>::standalone();
    let mut turns = |count: usize| {
        for _ in 0..count {
            let mut turn = Turn {
                connection: &mut connection,
                input: stream,
                end_of_input: false,
                output: &mut output,
                consumed: 0,
                next: Next::Read,
                need: 0,
            };
            // As if it came later than it is answered: what takes long goes into the slow log, which allocates.
            bench.worker.run(std::slice::from_mut(&mut turn), u64::MAX);
            assert_eq!((turn.consumed, turn.next), (stream.len(), Next::Read));
            assert!(!output.is_empty());
            output.clear();
        }
    };
    turns(1000);
    let before = ALLOCATIONS.with(Cell::get);
    turns(rounds);
    ALLOCATIONS.with(Cell::get) - before
}

/// The lists of a cell double now and then while it fills, depending on the hash's random key: one of a few long runs must be
/// without any allocation.
fn reaches_zero(bench: &mut Bench, protocol: Protocol, stream: &[u8]) -> bool {
    (0..5).any(|_| allocations(bench, protocol, stream, 10_000) == 0)
}

#[test]
fn memcached_requests_allocate_nothing() {
    let mut bench = Bench::new(options());
    bench.whole(Protocol::Memcached, b"set n 0 0 1\r\n5\r\n");
    assert!(reaches_zero(&mut bench, Protocol::Memcached, MEMCACHE));
}

#[test]
fn meta_requests_allocate_nothing() {
    let mut bench = Bench::new(options());
    assert!(reaches_zero(&mut bench, Protocol::Memcached, META));
}

#[test]
fn resp_requests_allocate_nothing() {
    let mut bench = Bench::new(options());
    // On a busy machine a command may be interrupted for long enough to be logged.
    bench.whole(Protocol::Resp, b"CONFIG SET slowlog-log-slower-than -1\r\n");
    assert!(reaches_zero(&mut bench, Protocol::Resp, RESP));
}
