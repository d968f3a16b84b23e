//! Requests of very many words: what one may make the server do or hold is bounded.

mod common;

use common::{Bench, Client, options};
use ringstone_engine::Protocol;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes that this thread holds, and the most that it held since the last look.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

struct Weighing;

fn weigh(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

// SAFETY: every call is handed on to the system's allocator unchanged; weighing touches plain thread-local cells.
unsafe impl GlobalAlloc for Weighing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        weigh(layout.size().cast_signed());
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        weigh(-layout.size().cast_signed());
        // SAFETY: as for `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Weighing = Weighing;

/// Words of a long request; a request may have four times as many.
const WORDS: usize = 1 << 18;

fn request(start: &[&str], words: impl Iterator<Item = String>) -> Vec<u8> {
    let words: Vec<String> = start.iter().map(|word| (*word).to_owned()).chain(words).collect();
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    words.iter().for_each(|word| request.extend(format!("${}\r\n{word}\r\n", word.len()).into_bytes()));
    request
}

/// Bytes that are held at once, at most, while a request is answered.
fn weight(bench: &mut Bench, client: &mut Client, request: &[u8]) -> isize {
    let before = HELD.get();
    MOST.set(before);
    client.send(&mut bench.worker, request);
    MOST.get() - before
}

#[test]
fn prefixes_are_counted_before_they_are_compared_with_each_other() {
    let mut bench = Bench::new(options());
    let words = (0..WORDS).flat_map(|n| ["PREFIX".to_owned(), format!("{n:06}")]);
    let request = request(&["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "0", "PREFIX", "00"], words);
    let text = bench.whole(Protocol::Resp, &request).text();
    assert_eq!(text, "-ERR a client may have at most 1024 prefixes\r\n");
}

#[test]
fn a_histogram_named_many_times_is_not_collected_before_it_is_written() {
    let mut bench = Bench::new(options());
    let mut client = bench.whole(Protocol::Resp, b"GET k\r\n");
    let long = request(&["LATENCY", "HISTOGRAM"], (0..WORDS).map(|_| "get".to_owned()));
    let weight = weight(&mut bench, &mut client, &long);
    // Its copy of the request, and replies, which double as they grow and are copied once by this client.
    assert!(weight < 64 << 20, "{weight} bytes");
}

#[test]
fn what_long_requests_need_is_given_back() {
    let mut bench = Bench::new(options());
    let long = request(&["EXISTS"], (0..WORDS).map(|n| n.to_string()));
    let transaction = [b"MULTI\r\n".to_vec(), long.clone(), long.clone(), b"EXEC\r\n".to_vec()].concat();
    bench.whole(Protocol::Resp, b"EXISTS a b c\r\n");
    let before = HELD.get();
    for request in [long, transaction] {
        bench.whole(Protocol::Resp, &request);
        let kept = HELD.get() - before;
        assert!(kept < 128 << 10, "{kept} bytes are kept");
    }
}
