//! The common requests and replies allocate nothing. A test binary of its own, for it has the process's allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ringstone_protocol::memcache::{meta, reply, text};
use ringstone_protocol::resp::options::set_options;
use ringstone_protocol::resp::parse::{self as resp, Parsed, Progress};
use ringstone_protocol::resp::{command, reply as resp_reply};
use ringstone_protocol::{Sink, detect, echo, ping};

/// The system's allocator, counting what it gives to each thread.
struct Counting;

thread_local! {
    /// Of this thread; constant at first and without a destructor, so that reaching it allocates nothing.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + 1));
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is passed on as it came; the counter neither allocates nor touches memory that is managed here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `alloc`'s contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract; `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `realloc`'s contract; `pointer` came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// A sink of fixed size, as the network's output is from here.
struct Fixed {
    bytes: [u8; 4096],
    length: usize,
}

impl Sink for Fixed {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn room(&mut self, bytes: usize) -> &mut [u8] {
        &mut self.bytes[self.length..self.length + bytes]
    }

    fn commit(&mut self, bytes: usize) {
        self.length += bytes;
    }
}

const TEXT: &[u8] =
    b"get a b c\r\ngats 10 a\r\nset a 0 0 3\r\nabc\r\ncas a 0 0 3 9\r\nabc\r\ndelete a\r\nincr n 1\r\ntouch a 1\r\n\
    flush_all\r\nversion\r\nfoo\r\nset a 0 0 x\r\nmg Zm9v b v k\r\nms a 2 c\r\nhi\r\nma n N0\r\nmg a z\r\nset a 0 0 10001\r\n";
const RESP: &[u8] = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*5\r\n$3\r\nset\r\n$1\r\nk\r\n$5\r\nhello\r\n$2\r\nPX\r\n$2\r\n10\r\n*0\r\n*3\r\n$3\r\nSET\r\n";

/// Parses every request of `TEXT` and reads what there is in it.
fn read_text() -> usize {
    let limits = text::Limits { max_value_size: 10_000, large_value: 5_000 };
    let (mut at, mut requests) = (0, 0);
    while at < TEXT.len() {
        at += match text::parse(&TEXT[at..], &limits) {
            text::Parsed::Request { request: text::Request::Get { keys, .. }, consumed } => {
                assert_eq!(keys.count(), 3);
                consumed
            }
            text::Parsed::Request { request: text::Request::Meta(meta::Request::Get(target)), consumed } => {
                assert_eq!((target.key.bytes(&mut [0; _]), target.flags.options().value), (&b"foo"[..], true));
                consumed
            }
            text::Parsed::Request { consumed, .. }
            | text::Parsed::Refused { consumed, .. }
            | text::Parsed::TooLarge { consumed, .. } => consumed,
            other => panic!("{other:?}"),
        };
        requests += 1;
    }
    requests
}

/// Parses every request of `RESP`, looks its command up and reads its options; the last one is incomplete.
fn read_resp() -> usize {
    let limits = resp::Limits { max_arguments: 1000, max_bulk: 10_000, large_value: 5_000, max_inline: 1000 };
    let (mut at, mut requests) = (0, 0);
    let mut progress = Progress::default();
    loop {
        at += match resp::parse(&RESP[at..], &limits, &mut progress) {
            Parsed::Request { args, consumed } => {
                let mut args = args.into_iter();
                let command = command::lookup(args.next().unwrap()).unwrap();
                if command.id == command::Command::Set {
                    assert!(set_options(args.skip(2), 1).is_ok());
                }
                consumed
            }
            Parsed::Nothing { consumed } => consumed,
            Parsed::Incomplete { .. } => return requests,
            other => panic!("{other:?}"),
        };
        requests += 1;
    }
}

fn compose(sink: &mut Fixed) {
    sink.length = 0;
    reply::write_value_head(sink, b"key", 1, 2, Some(3));
    sink.write(reply::STORED);
    reply::write_number(sink, 17);
    reply::write_stat(sink, "pid", &17);
    resp_reply::simple(sink, "OK");
    resp_reply::error(sink, "ERR syntax error");
    resp_reply::integer(sink, -1);
    resp_reply::bulk(sink, &[b'x'; 100]);
    resp_reply::bulk(sink, &[b'x'; 1000]);
    resp_reply::null(sink, resp_reply::Version::Resp3);
    resp_reply::map(sink, 2, resp_reply::Version::Resp2);
    resp_reply::protocol_error(sink, resp::ProtocolError::ExpectedDollar(b'x'));
}

#[test]
fn common_requests_and_replies_allocate_nothing() {
    let mut sink = Fixed { bytes: [0; 4096], length: 0 };
    // Once before counting: what is initialised on first use is not a request's cost.
    let round = |sink: &mut Fixed| {
        compose(sink);
        let small = (ping::parse(b"PING hello\r\n"), echo::parse(b"5\r\nhello", 10), detect::detect(b"get a\r\n"));
        (read_text(), read_resp(), small)
    };
    round(&mut sink);
    let before = ALLOCATIONS.get();
    let (text, resp, _) = round(&mut sink);
    let allocations = ALLOCATIONS.get() - before;
    assert_eq!((text, resp), (16, 3));
    assert_eq!(allocations, 0);
    let counted = std::hint::black_box(vec![0u8; 10]);
    assert!(ALLOCATIONS.get() > before, "the counter counts ({} bytes)", counted.len());
}
