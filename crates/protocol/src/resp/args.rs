//! The arguments of a request.

use super::reply::bulk;

/// `\r\n`.
const LINE_END: usize = 2;

/// The arguments of a request, the command's name first. Cheap to copy; borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Args<'a> {
    /// `count` validated bulk strings as they came over the wire.
    Wire {
        /// Elements.
        count: usize,
        /// `$len\r\n...` one after another.
        raw: &'a [u8],
    },
    /// Collected ones (inline commands, arrays with large values).
    List(&'a [&'a [u8]]),
}

impl<'a> Args<'a> {
    /// How many, with the command's name.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Wire { count, .. } => *count,
            Self::List(list) => list.len(),
        }
    }

    /// Appends them as they would come over the wire, for [`Args::Wire`] to give them again.
    pub fn copy_to(&self, wire: &mut Vec<u8>) {
        match self {
            Self::Wire { raw, .. } => wire.extend_from_slice(raw),
            Self::List(list) => list.iter().for_each(|argument| bulk(wire, argument)),
        }
    }

    /// Whether there are none; the parser never gives such.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> IntoIterator for Args<'a> {
    type Item = &'a [u8];
    type IntoIter = ArgsIter<'a>;

    #[inline]
    fn into_iter(self) -> ArgsIter<'a> {
        ArgsIter(self)
    }
}

/// Iterates over arguments.
#[derive(Clone, Copy, Debug)]
pub struct ArgsIter<'a>(pub(super) Args<'a>);

impl<'a> Iterator for ArgsIter<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        match &mut self.0 {
            Args::Wire { count, raw } => {
                *count = count.checked_sub(1)?;
                let (argument, rest) = split_bulk(raw)?;
                *raw = rest;
                Some(argument)
            }
            Args::List(list) => {
                let (first, rest) = list.split_first()?;
                *list = rest;
                Some(*first)
            }
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl ExactSizeIterator for ArgsIter<'_> {}

/// The arguments after the command's name, the first of them found already: nearly every command asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    pub(super) first: &'a [u8],
    pub(super) rest: ArgsIter<'a>,
}

impl<'a> Operands<'a> {
    /// Of any arguments.
    #[inline]
    pub fn of(args: Args<'a>) -> Operands<'a> {
        let mut rest = args.into_iter();
        rest.next();
        let first = rest.next().unwrap_or_default();
        Operands { first, rest }
    }

    /// The first; empty if there is none.
    #[inline]
    pub fn first(&self) -> &'a [u8] {
        self.first
    }

    /// The first `N`; empty where there are fewer.
    #[inline(always)]
    pub fn fixed<const N: usize>(&self) -> [&'a [u8]; N] {
        let mut rest = self.rest;
        let mut fixed = [self.first; N];
        for operand in fixed.iter_mut().skip(1) {
            *operand = rest.next().unwrap_or_default();
        }
        fixed
    }
}

/// The bulk at the front of validated bytes, and what follows it.
#[inline]
fn split_bulk(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0usize;
    let mut digits = 1;
    while let digit @ b'0'..=b'9' = *raw.get(digits)? {
        // Cannot overflow: the parser has seen this length's bytes.
        length = length.wrapping_mul(10).wrapping_add(usize::from(digit - b'0'));
        digits += 1;
    }
    let body = raw.get(digits + LINE_END..)?;
    Some((body.get(..length)?, body.get(length.checked_add(LINE_END)?..)?))
}
