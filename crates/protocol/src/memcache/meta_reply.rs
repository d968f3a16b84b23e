//! The line that answers a meta command: a code, and the flags in the order in which they were asked for.

use super::key::{self, Key, KeyRoom};
use super::reply::LINE_END;
use crate::sink::Fill;

/// Longest line in bytes: the code and a size, seven numbers, a key of 250 bytes or its base64 with its mark, the opaque token, the
/// marks and the line end all fit.
pub const MAX_LINE: usize = 512;

/// Return codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done, or there.
    Done,
    /// mg: no such item.
    Miss,
    /// md, ma, ms with a token to compare: no such item.
    NotFound,
    /// The condition did not hold.
    NotStored,
    /// The token to compare is not the item's.
    Exists,
}

impl Code {
    fn word(self) -> &'static [u8] {
        match self {
            Code::Done => b"HD",
            Code::Miss => b"EN",
            Code::NotFound => b"NF",
            Code::NotStored => b"NS",
            Code::Exists => b"EX",
        }
    }
}

/// Composes a line in room of [`MAX_LINE`] bytes.
pub struct MetaLine<'a>(Fill<'a>);

impl<'a> MetaLine<'a> {
    /// One without a value.
    #[inline]
    pub fn new(room: &'a mut [u8], code: Code) -> MetaLine<'a> {
        let mut fill = Fill::new(room);
        fill.put(code.word());
        MetaLine(fill)
    }

    /// One that a value of so many bytes follows.
    #[inline]
    pub fn with_value(room: &'a mut [u8], length: usize) -> MetaLine<'a> {
        let mut fill = Fill::new(room);
        fill.put(b"VA ");
        fill.put_number(length);
        MetaLine(fill)
    }

    /// `ME` and the key, in base64 if it came so: what follows is plain text.
    pub fn of_item(room: &'a mut [u8], key: &Key<'_>) -> MetaLine<'a> {
        let mut line = MetaLine(Fill::new(room));
        line.text(b"ME ");
        line.put_key(key);
        line
    }

    /// Text as it stands; the caller keeps it short.
    pub fn text(&mut self, text: &[u8]) {
        self.0.put(text);
    }

    /// A flag with a number.
    #[inline]
    pub fn number(&mut self, letter: u8, number: impl itoa::Integer) {
        self.0.put(&[b' ', letter]);
        self.0.put_number(number);
    }

    /// A flag alone.
    #[inline]
    pub fn mark(&mut self, letter: u8) {
        self.0.put(&[b' ', letter]);
    }

    /// The opaque token, which the parser has kept short.
    #[inline]
    pub fn opaque(&mut self, token: &[u8]) {
        self.mark(b'O');
        self.0.put(token);
    }

    /// The key, in base64 if it came so.
    pub fn key(&mut self, key: &Key<'_>) {
        self.mark(b'k');
        self.put_key(key);
        if key.is_encoded() {
            self.mark(b'b');
        }
    }

    #[inline]
    fn put_key(&mut self, key: &Key<'_>) {
        if key.is_encoded() {
            let mut room: KeyRoom = [0; _];
            key::encode(key.bytes(&mut room), |block| self.0.put(block));
        } else {
            self.0.put(key.sent());
        }
    }

    /// Ends the line; its length in bytes.
    #[inline]
    pub fn end(mut self) -> usize {
        self.0.put(LINE_END);
        self.0.length()
    }
}
