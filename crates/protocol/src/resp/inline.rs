//! Inline commands: words and quotes as Valkey's `sdssplitargs` takes them.

/// Where a character of a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Bare,
    Double,
    Single,
}

/// What C's `isspace` takes.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Splits a line. `None` if quotes are not closed, or not followed by white space.
pub(super) fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut arguments = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.iter().position(|&byte| !is_space(byte));
        let Some(start) = start else { return Some(arguments) };
        let (argument, after) = word(&rest[start..])?;
        arguments.push(argument);
        rest = after;
    }
}

/// One word from the front, which is not white space, and what follows it.
fn word(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    let mut mode = Mode::Bare;
    loop {
        let (taken, byte) = match (mode, rest) {
            (Mode::Bare, []) => return Some((word, rest)),
            (Mode::Double | Mode::Single, []) => return None,
            (Mode::Bare, [b' ' | b'\n' | b'\r' | b'\t', ..]) => return Some((word, rest)),
            (Mode::Bare, [b'"', after @ ..]) => {
                (mode, rest) = (Mode::Double, after);
                continue;
            }
            (Mode::Bare, [b'\'', after @ ..]) => {
                (mode, rest) = (Mode::Single, after);
                continue;
            }
            (Mode::Double, [b'"', after @ ..]) | (Mode::Single, [b'\'', after @ ..]) => return closed(word, after),
            (Mode::Double, [b'\\', ..]) => escape(rest),
            (Mode::Single, [b'\\', b'\'', ..]) => (2, b'\''),
            (_, [byte, ..]) => (1, *byte),
        };
        word.push(byte);
        rest = &rest[taken..];
    }
}

/// A closing quote ends the word; anything but white space after it is an error.
fn closed(word: Vec<u8>, after: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match after.first() {
        Some(&byte) if !is_space(byte) => None,
        _ => Some((word, after)),
    }
}

/// A backslash within double quotes: how many bytes it takes and what it stands for.
fn escape(rest: &[u8]) -> (usize, u8) {
    let hex = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    match rest {
        [_, b'x', high, low, ..] if hex(*high).is_some() && hex(*low).is_some() => {
            (4, hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0))
        }
        [_, b'n', ..] => (2, b'\n'),
        [_, b'r', ..] => (2, b'\r'),
        [_, b't', ..] => (2, b'\t'),
        [_, b'b', ..] => (2, 0x08),
        [_, b'a', ..] => (2, 0x07),
        [_, byte, ..] => (2, *byte),
        // A backslash that ends the line stands for itself; the quotes are then unbalanced.
        _ => (1, b'\\'),
    }
}
