//! Replies of the binary protocol.

use super::{HEADER_LENGTH, REPLY_MAGIC, Status, Tag};
use crate::Sink;
use crate::sink::Fill;

/// Client flags before an item's value, in bytes.
const FLAGS_LENGTH: usize = 4;
/// Keys up to so many bytes are composed in one piece with the header; all that this protocol can ask for are.
const MAX_INLINE_KEY: usize = 512;

/// Lengths and results in a reply's header.
struct Head {
    status: Status,
    extras_length: usize,
    key_length: usize,
    /// Extras and key included.
    body_length: usize,
    cas: u64,
}

/// Lengths that a client could not announce are never replied to; a value's is bounded by `max_value_size`.
#[inline]
fn put_head(fill: &mut Fill<'_>, tag: Tag, head: &Head) {
    let mut bytes = [0; HEADER_LENGTH];
    bytes[0] = REPLY_MAGIC;
    bytes[1] = tag.opcode;
    bytes[2..4].copy_from_slice(&(head.key_length as u16).to_be_bytes());
    bytes[4] = head.extras_length as u8;
    bytes[6..8].copy_from_slice(&(head.status as u16).to_be_bytes());
    bytes[8..12].copy_from_slice(&(head.body_length as u32).to_be_bytes());
    bytes[12..16].copy_from_slice(&tag.opaque.to_be_bytes());
    bytes[16..24].copy_from_slice(&head.cas.to_be_bytes());
    fill.put(&bytes);
}

/// The head of an item: header, flags, and its key if it was asked for. The caller writes the value, of `value_length` bytes.
#[inline]
pub fn write_item_head(sink: &mut impl Sink, tag: Tag, key: &[u8], flags: u32, value_length: usize, cas: u64) {
    let (inline, long): (&[u8], &[u8]) = if key.len() <= MAX_INLINE_KEY { (key, b"") } else { (b"", key) };
    let head = Head {
        status: Status::Success,
        extras_length: FLAGS_LENGTH,
        key_length: key.len(),
        body_length: FLAGS_LENGTH + key.len() + value_length,
        cas,
    };
    let mut fill = Fill::new(sink.room(HEADER_LENGTH + FLAGS_LENGTH + inline.len()));
    put_head(&mut fill, tag, &head);
    fill.put(&flags.to_be_bytes());
    fill.put(inline);
    let filled = fill.length();
    sink.commit(filled);
    if !long.is_empty() {
        sink.write(long);
    }
}

/// A success with a value of any length and no extras; `key` may be empty.
pub fn write_success(sink: &mut impl Sink, tag: Tag, cas: u64, key: &[u8], value: &[u8]) {
    write(sink, tag, Status::Success, cas, key, value);
}

/// A failure with its text.
pub fn write_failure(sink: &mut impl Sink, tag: Tag, status: Status) {
    write(sink, tag, status, 0, b"", status.text());
}

/// A failure with a text of its own.
pub fn write_failure_text(sink: &mut impl Sink, tag: Tag, status: Status, text: &[u8]) {
    write(sink, tag, status, 0, b"", text);
}

/// A miss that tells its key (GetK, GATK).
pub fn write_miss(sink: &mut impl Sink, tag: Tag, key: &[u8]) {
    write(sink, tag, Status::NotFound, 0, key, b"");
}

fn write(sink: &mut impl Sink, tag: Tag, status: Status, cas: u64, key: &[u8], value: &[u8]) {
    let body_length = key.len() + value.len();
    let head = Head { status, extras_length: 0, key_length: key.len(), body_length, cas };
    let mut fill = Fill::new(sink.room(HEADER_LENGTH));
    put_head(&mut fill, tag, &head);
    let filled = fill.length();
    sink.commit(filled);
    sink.write(key);
    sink.write(value);
}
