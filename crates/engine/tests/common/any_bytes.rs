//! What must hold for any bytes on a connection: cargo-fuzz looks for bytes that break it (`fuzz/`), and a test holds it for those
//! that were found worth keeping.

use crate::common::{Bench, Client, cache_options};
use ringstone_engine::{CacheOptions, Protocol};

/// Replies tell of clocks, memory, the order of hashes or chance: they are not compared. What else such a connection does is
/// checked all the same.
const UNEQUAL: [&[u8]; 14] = [
    b"info",
    b"stat",
    b"scan",
    b"keys",
    b"rand",
    b"slowlog",
    b"latency",
    b"memory",
    b"list",
    b"crawler",
    b"watch",
    b"tracking",
    b"subscribe",
    b"\x80\x10",
];
/// It would only wait.
const SLEEP: &[u8] = b"sleep";
/// Replies of one input: what a small store and the longest table (COMMAND's) can be told so many times over.
const MAX_REPLY_BYTES: usize = 256 << 20;
/// One cell: in which of several a key is, and so its token, is a matter of chance.
const MAX_MEMORY: u64 = 4 << 20;
/// Small, so that inputs can go beyond it.
const MAX_VALUE_SIZE: u64 = 32 << 10;

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Whether replies to these bytes depend on nothing but them.
pub fn is_told_alike(stream: &[u8]) -> bool {
    !UNEQUAL.iter().any(|word| holds(stream, word))
}

fn served(stream: &[u8], piece: usize) -> Client {
    // A store of its own each time: tokens count from the start.
    let cache = CacheOptions { max_memory: MAX_MEMORY, max_value_size: MAX_VALUE_SIZE, ..cache_options() };
    let mut bench = Bench::alike(cache);
    let client = bench.pieces(Protocol::Auto, stream.chunks(piece.max(1)));
    assert!(client.replies.len() <= MAX_REPLY_BYTES);
    client
}

/// The replies to a stream are the same whole, byte by byte, and in pieces whose length the first byte says.
pub fn check(input: &[u8]) {
    let Some((&size, stream)) = input.split_first() else { return };
    if holds(stream, SLEEP) {
        return;
    }
    let whole = served(stream, stream.len());
    for piece in [1, usize::from(size).max(1)] {
        let cut = served(stream, piece);
        if is_told_alike(stream) {
            assert_eq!(
                cut.replies.escape_ascii().to_string(),
                whole.replies.escape_ascii().to_string(),
                "in pieces of {piece}"
            );
        }
        assert_eq!(cut.closed, whole.closed, "in pieces of {piece}");
    }
}
