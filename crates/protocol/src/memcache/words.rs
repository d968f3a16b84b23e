//! Words of a line and their numbers, as memcached's tokenizer and its `safe_strto*` read them.

use crate::find::find;
use crate::number;

/// Words separated by any number of spaces; only the space separates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a>(pub(super) &'a [u8]);

impl<'a> Words<'a> {
    #[inline]
    fn skip_spaces(&mut self) {
        while let [b' ', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    #[inline]
    fn split_at(&mut self, end: usize) -> Option<&'a [u8]> {
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        if word.is_empty() { None } else { Some(word) }
    }

    /// The next word, found by several bytes at once: for keys, which may be long.
    #[inline]
    pub(super) fn next_long(&mut self) -> Option<&'a [u8]> {
        self.skip_spaces();
        self.split_at(find(b' ', self.0).unwrap_or(self.0.len()))
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    /// The next word, found byte by byte: for numbers, which are short.
    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.skip_spaces();
        self.split_at(self.0.iter().position(|&byte| byte == b' ').unwrap_or(self.0.len()))
    }
}

/// Without the spaces around it.
pub(super) fn trim(mut line: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = line {
        line = rest;
    }
    line
}

/// What C's `isspace` takes.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Splits `word` as `strtol` does: white space, a sign, digits; then the end or white space and anything.
/// Gives the sign and the digits.
#[cold]
fn strtol_parts(word: &[u8]) -> Option<(bool, u64)> {
    let start = word.iter().position(|&byte| !is_space(byte))?;
    let (negative, rest) = match &word[start..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    if rest.get(end).is_some_and(|&byte| !is_space(byte)) {
        return None;
    }
    number::digits(&rest[..end]).map(|magnitude| (negative, magnitude))
}

/// memcached's `safe_strtoull`: an unsigned 64-bit number; a minus sign only where C lets it pass (`-0`).
#[inline]
pub(super) fn unsigned(word: &[u8]) -> Option<u64> {
    if let Some(number) = number::digits(word) {
        return Some(number);
    }
    match strtol_parts(word)? {
        (true, magnitude) => wrapped(magnitude),
        (false, magnitude) => Some(magnitude),
    }
}

/// C negates a number with a minus sign modulo 2^64, and memcached then refuses it if that set the top bit.
fn wrapped(magnitude: u64) -> Option<u64> {
    let number = magnitude.wrapping_neg();
    if number >> 63 == 0 { Some(number) } else { None }
}

/// memcached's `safe_strtol`, but with 64 bits kept: memcached cuts to 32 and so lets 4294967297 pass for 1.
#[inline]
pub(super) fn signed(word: &[u8]) -> Option<i64> {
    if let Some(number) = number::digits(word) {
        return i64::try_from(number).ok();
    }
    match strtol_parts(word)? {
        (true, magnitude) => 0i64.checked_sub_unsigned(magnitude),
        (false, magnitude) => i64::try_from(magnitude).ok(),
    }
}

/// Client flags: memcached reads 64 bits and keeps the low 32.
#[inline]
pub(super) fn flags(word: &[u8]) -> Option<u32> {
    unsigned(word).map(|number| number as u32)
}
