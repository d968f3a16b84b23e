//! The short way to a request that stands whole at the front of the input, as nearly all do.

use super::args::{Args, ArgsIter, Operands};
use super::parse::Limits;

/// Digits of the numbers that are read here; no sum of them overflows.
const MAX_DIGITS: usize = 8;

/// A request, taken apart on the way through it.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// All of it.
    pub args: Args<'a>,
    /// The command's name.
    pub name: &'a [u8],
    /// What follows the name.
    pub operands: Operands<'a>,
    /// Bytes of the request.
    pub consumed: usize,
}

/// The request at the front of `input`, if it is whole and nothing about it is unusual: what [`parse`](super::parse::parse) gives
/// when it has not begun, without the way through everything else that it may have to say.
#[inline(always)]
pub fn plain<'a>(input: &'a [u8], limits: &Limits) -> Option<Plain<'a>> {
    let (count, start) = number(input, 0, b'*')?;
    if count == 0 || count > limits.max_arguments {
        return None;
    }
    let (name, after_name) = bulk(input, start, limits)?;
    let (first, after_first) = if count > 1 { bulk(input, after_name, limits)? } else { (&b""[..], after_name) };
    let mut end = after_first;
    for _ in 2..count {
        end = bulk(input, end, limits)?.1;
    }
    let rest = ArgsIter(Args::Wire { count: count.saturating_sub(2), raw: &input[after_first..end] });
    let args = Args::Wire { count, raw: &input[start..end] };
    Some(Plain { args, name, operands: Operands { first, rest }, consumed: end })
}

/// The bulk at `start`, and where it ends.
#[inline]
fn bulk<'a>(input: &'a [u8], start: usize, limits: &Limits) -> Option<(&'a [u8], usize)> {
    let (length, body) = number(input, start, b'$')?;
    let end = body + length;
    let [b'\r', b'\n'] = input.get(end..end + 2)? else { return None };
    (length as u64 <= limits.max_bulk).then(|| (&input[body..end], end + 2))
}

/// The number on the line at `start`, which begins with `sign`, and where the line ends.
#[inline]
fn number(input: &[u8], start: usize, sign: u8) -> Option<(usize, usize)> {
    let line = input.get(start..)?;
    let [first, lead, ..] = line else { return None };
    let mut value = usize::from(lead.wrapping_sub(b'0'));
    if *first != sign || value > 9 {
        return None;
    }
    let mut at = 2;
    while let digit @ b'0'..=b'9' = *line.get(at)? {
        // No number but 0 starts with it.
        if at > MAX_DIGITS || value == 0 {
            return None;
        }
        value = value * 10 + usize::from(digit - b'0');
        at += 1;
    }
    let [b'\r', b'\n'] = line.get(at..at + 2)? else { return None };
    Some((value, start + at + 2))
}
