//! The binary protocol: requests whole and split, their limits, and replies byte for byte.

use crate::binary_session::{BinarySession, packet};
use crate::session::{Session, TEXT_LIMITS, check_table};
use proptest::collection::vec;
use proptest::prelude::*;
use ringstone_protocol::memcache::binary::request::{Command, Parsed, Request, StoreHead, parse};
use ringstone_protocol::memcache::binary::{HEADER_LENGTH, Status, Tag, reply};
use ringstone_protocol::memcache::text::StoreMode;

/// Flags 5, exptime 60.
const STORING: &[u8] = &[0, 0, 0, 5, 0, 0, 0, 60];
/// Delta 2, initial value 3, exptime 4.
const COUNTING: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4];

fn check(table: &[(Vec<u8>, &str)]) {
    let borrowed: Vec<(&[u8], &str)> = table.iter().map(|(stream, account)| (&stream[..], *account)).collect();
    check_table::<BinarySession>(&borrowed);
}

/// A packet with some of its header's bytes replaced.
fn patched(mut packet: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    packet[at..at + bytes.len()].copy_from_slice(bytes);
    packet
}

#[test]
fn every_opcode() {
    let seconds = [0, 0, 0, 9];
    check(&[
        (packet(0x00, b"", b"k", b""), "0x00 7 get k"),
        (packet(0x01, STORING, b"k", b"abc"), "0x01 7 Set k 5 60: abc"),
        (packet(0x02, STORING, b"k", b"abc"), "0x02 7 Add k 5 60: abc"),
        (packet(0x03, STORING, b"k", b""), "0x03 7 Replace k 5 60: "),
        (packet(0x04, b"", b"k", b""), "0x04 7 delete k"),
        (packet(0x05, COUNTING, b"k", b""), "0x05 7 incr k 2 Some((3, 4))"),
        (packet(0x06, &[0xff; 20], b"k", b""), "0x06 7 decr k 18446744073709551615 None"),
        (packet(0x07, b"", b"", b""), "0x07 7 quit"),
        (packet(0x08, b"", b"", b""), "0x08 7 flush 0"),
        (packet(0x08, &seconds, b"", b""), "0x08 7 flush 9"),
        (packet(0x09, b"", b"k", b""), "quiet 0x09 7 get k"),
        (packet(0x0a, b"", b"", b""), "0x0a 7 noop"),
        (packet(0x0b, b"", b"", b""), "0x0b 7 version"),
        (packet(0x0c, b"", b"k", b""), "0x0c 7 get k with its key"),
        (packet(0x0d, b"", b"k", b""), "quiet 0x0d 7 get k with its key"),
        (packet(0x0e, b"", b"k", b"v"), "0x0e 7 Append k 0 0: v"),
        (packet(0x0f, b"", b"k", b"v"), "0x0f 7 Prepend k 0 0: v"),
        (packet(0x10, b"", b"", b""), "0x10 7 stats []"),
        (packet(0x10, b"", b"items", b""), "0x10 7 stats [items]"),
        (packet(0x11, STORING, b"k", b"v"), "quiet 0x11 7 Set k 5 60: v"),
        (packet(0x12, STORING, b"k", b"v"), "quiet 0x12 7 Add k 5 60: v"),
        (packet(0x13, STORING, b"k", b"v"), "quiet 0x13 7 Replace k 5 60: v"),
        (packet(0x14, b"", b"k", b""), "quiet 0x14 7 delete k"),
        (packet(0x15, COUNTING, b"k", b""), "quiet 0x15 7 incr k 2 Some((3, 4))"),
        (packet(0x16, COUNTING, b"k", b""), "quiet 0x16 7 decr k 2 Some((3, 4))"),
        (packet(0x17, b"", b"", b""), "quiet 0x17 7 quit"),
        (packet(0x18, &seconds, b"", b""), "quiet 0x18 7 flush 9"),
        (packet(0x19, b"", b"k", b"v"), "quiet 0x19 7 Append k 0 0: v"),
        (packet(0x1a, b"", b"k", b"v"), "quiet 0x1a 7 Prepend k 0 0: v"),
        (packet(0x1c, &seconds, b"k", b""), "0x1c 7 touch k 9"),
        (packet(0x1d, &seconds, b"k", b""), "0x1d 7 gat 9 k"),
        (packet(0x1e, &seconds, b"k", b""), "quiet 0x1e 7 gat 9 k"),
        (packet(0x23, &seconds, b"k", b""), "0x23 7 gat 9 k with its key"),
        (packet(0x24, &seconds, b"k", b""), "quiet 0x24 7 gat 9 k with its key"),
    ]);
}

#[test]
fn keys_tokens_and_what_follows() {
    let token = 0x0102_0304_0506_0708_u64.to_be_bytes();
    let longest = [b'k'; 250];
    let told = format!("0x00 7 get {} | 0x0a 7 noop", "k".repeat(250));
    check(&[
        (packet(0x00, b"", b"\0 \r\n\xff", b""), "0x00 7 get \\x00 \\r\\n\\xff"),
        ([packet(0x00, b"", &longest, b""), packet(0x0a, b"", b"", b"")].concat(), &told),
        (patched(packet(0x04, b"", b"k", b""), 16, &token), "0x04 7 cas 72623859790382856 delete k"),
        (patched(packet(0x0a, b"", b"", b""), 12, &[0xff; 4]), "0x0a 4294967295 noop"),
        // What a body has beyond what its opcode wants.
        ([packet(0x10, b"", b"x", b"value"), packet(0x0a, b"", b"", b"")].concat(), "0x10 7 stats [x] | 0x0a 7 noop"),
        (
            [packet(0x1c, &[0; 4], b"x", b"value"), packet(0x0a, b"", b"", b"")].concat(),
            "0x1c 7 touch x 0 | 0x0a 7 noop",
        ),
    ]);
}

#[test]
fn large_values_are_announced_and_too_large_ones_skipped() {
    let noop = packet(0x0a, b"", b"", b"");
    for length in [99, 100, 999, 1000] {
        let value = vec![b'v'; length];
        let told = format!("0x01 7 Set k 5 60: {} | 0x0a 7 noop", "v".repeat(length));
        check(&[([packet(0x01, STORING, b"k", &value), noop.clone()].concat(), &told)]);
    }
    let value = [b'v'; 1001];
    let after = |opcode, extras| [packet(opcode, extras, b"k", &value), noop.clone()].concat();
    check(&[
        (after(0x01, STORING), "0x01 7 ! TooLarge remove k | 0x0a 7 noop"),
        (after(0x11, STORING), "quiet 0x11 7 ! TooLarge remove k | 0x0a 7 noop"),
        (after(0x02, STORING), "0x02 7 ! TooLarge | 0x0a 7 noop"),
        (after(0x0e, b""), "0x0e 7 ! TooLarge | 0x0a 7 noop"),
    ]);
}

#[test]
fn refusals() {
    let noop = packet(0x0a, b"", b"", b"");
    check(&[
        (packet(0x00, b"", b"", b""), "0x00 7 ! Invalid close"),
        (packet(0x00, b"x", b"k", b""), "0x00 7 ! Invalid close"),
        (packet(0x00, b"", b"k", b"v"), "0x00 7 ! Invalid close"),
        (packet(0x00, b"", &[b'k'; 251], b""), "0x00 7 ! Invalid close"),
        (packet(0x01, b"", b"k", b"v"), "0x01 7 ! Invalid close"),
        (packet(0x01, STORING, b"", b"v"), "0x01 7 ! Invalid close"),
        (packet(0x05, STORING, b"k", b""), "0x05 7 ! Invalid close"),
        (packet(0x08, b"123", b"", b""), "0x08 7 ! Invalid close"),
        (packet(0x0a, b"", b"", b"v"), "0x0a 7 ! Invalid close"),
        (packet(0x10, b"1234", b"", b""), "0x10 7 ! Invalid close"),
        (packet(0x1d, b"", b"k", b""), "0x1d 7 ! Invalid close"),
        // Lengths that contradict each other, whatever the opcode.
        (patched(packet(0x00, b"", b"k", b""), 8, &[0; 4]), "0x00 7 ! Unknown close"),
        (patched(packet(0x77, b"", b"k", b""), 4, &[1]), "0x77 7 ! Unknown close"),
        // An unknown opcode; 0x1b is verbosity, 0x20 to 0x22 are SASL.
        ([packet(0x1b, &[0; 4], b"", b""), noop.clone()].concat(), "0x1b 7 ! Unknown | 0x0a 7 noop"),
        ([packet(0x21, b"", b"PLAIN", b"\0u\0p"), noop.clone()].concat(), "0x21 7 ! Unknown | 0x0a 7 noop"),
        ([packet(0xff, b"ext", b"key", b"value"), noop.clone()].concat(), "0xff 7 ! Unknown | 0x0a 7 noop"),
        (b"get a\r\n".to_vec(), "bad magic"),
        ([noop, b"\x81".to_vec()].concat(), "0x0a 7 noop | bad magic"),
    ]);
}

#[test]
fn a_refusal_does_not_wait_for_what_is_announced() {
    let mut header = packet(0x00, b"", b"k", b"");
    header.truncate(HEADER_LENGTH);
    let all = patched(header, 2, &[0xff; 2]);
    let all = patched(all, 8, &[0xff; 4]);
    assert!(matches!(parse(&all, &TEXT_LIMITS), Parsed::Refused { status: Status::Invalid, close: true, .. }));
}

#[test]
fn replies() {
    let tag = Tag { opcode: 0x0d, opaque: 0x0102_0304, cas: 99, quiet: true };
    let mut out = Vec::new();
    reply::write_item_head(&mut out, tag, b"key", 0x0a0b_0c0d, 5, 0x1122);
    let expected = [
        &[0x81, 0x0d, 0, 3, 4, 0, 0, 0, 0, 0, 0, 12, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0x11, 0x22][..],
        &[0x0a, 0x0b, 0x0c, 0x0d],
        b"key",
    ];
    assert_eq!(out, expected.concat());
    let mut out = Vec::new();
    reply::write_failure(&mut out, tag, Status::NonNumeric);
    let header = [0x81, 0x0d, 0, 0, 0, 0, 0, 6, 0, 0, 0, 46, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(out, [&header[..], b"Non-numeric server-side value for incr or decr"].concat());
    let mut out = Vec::new();
    reply::write_success(&mut out, tag, 1, b"pid", b"17");
    let header = [0x81, 0x0d, 0, 3, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(out, [&header[..], b"pid17"].concat());
    let mut out = Vec::new();
    reply::write_miss(&mut out, tag, b"key");
    let header = [0x81, 0x0d, 0, 3, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(out, [&header[..], b"key"].concat());
}

proptest! {
    /// What is written is what is read: storage.
    #[test]
    fn binary_storage_round_trip(
        mode in 0..6usize,
        key in vec(any::<u8>(), 1..=250),
        (flags, exptime, cas, opaque) in any::<(u32, u32, u64, u32)>(),
        value in vec(any::<u8>(), 0..300),
    ) {
        use StoreMode::{Add, Append, Replace, Set};
        let (opcode, mode, quiet) =
            [(1, Set, false), (2, Add, false), (3, Replace, false), (0x11, Set, true), (0x13, Replace, true), (0x19, Append, true)][mode];
        let has_extras = mode != Append;
        let extras = if has_extras { [flags.to_be_bytes(), exptime.to_be_bytes()].concat() } else { Vec::new() };
        let stream = packet(opcode, &extras, &key, &value);
        let stream = patched(patched(stream, 12, &opaque.to_be_bytes()), 16, &cas.to_be_bytes());
        let (flags, exptime) = if has_extras { (flags, exptime) } else { (0, 0) };
        let head = StoreHead { mode, key: &key, flags, exptime };
        let tag = Tag { opcode, opaque, cas, quiet };
        let request = Request { tag, command: Command::Store { head, value: &value } };
        let more = [&stream[..], b"\x80rest"].concat();
        prop_assert_eq!(parse(&more, &TEXT_LIMITS), Parsed::Request { request, consumed: stream.len(), discard: 0 });
        let consumed = stream.len() - value.len();
        let partial = parse(&stream[..consumed], &TEXT_LIMITS);
        match value.len() {
            0 => prop_assert_eq!(partial, Parsed::Request { request, consumed, discard: 0 }),
            length if length >= TEXT_LIMITS.large_value => {
                prop_assert_eq!(partial, Parsed::Body { tag, head, length, consumed });
            }
            _ => prop_assert_eq!(partial, Parsed::Incomplete { need: stream.len() }),
        }
    }

    /// Any header at all, with any bytes behind it.
    #[test]
    fn binary_noise_is_the_same_however_split(header in any::<[u8; 24]>(), short in any::<[u8; 4]>(), noise in vec(any::<u8>(), 0..300)) {
        // Lengths that may well fit, and a magic that does.
        let [key, extras, body, opcode] = short;
        let header = patched(header.to_vec(), 0, &[0x80, opcode % 0x28, 0, key % 8, extras % 24]);
        let stream = [patched(header, 8, &[0, 0, 0, body]), noise].concat();
        let whole = BinarySession::account(&stream, &mut std::iter::empty());
        prop_assert_eq!(&whole, &BinarySession::account(&stream, &mut std::iter::repeat(1)));
        prop_assert_eq!(&whole, &BinarySession::account(&stream, &mut std::iter::repeat(7)));
    }
}
