//! Lines out of a stream that comes in pieces.

use super::reply::Malformed;

/// Longest line that is taken: keys and error messages are far shorter.
const MAX_LINE: usize = 64 * 1024;

/// Keeps the start of a line whose end has not come.
#[derive(Default)]
pub(crate) struct LineReader {
    kept: Vec<u8>,
    /// `kept` is a line that was given and is to be forgotten.
    given: bool,
}

impl LineReader {
    /// The next line without its end, or `None` after all input was taken.
    #[inline]
    pub(crate) fn next<'a, 'input: 'a>(&'a mut self, input: &mut &'input [u8]) -> Result<Option<&'a [u8]>, Malformed> {
        if self.given {
            self.kept.clear();
            self.given = false;
        }
        let Some(end) = memchr::memchr(b'\n', input) else {
            self.kept.extend_from_slice(input);
            *input = &[];
            return if self.kept.len() > MAX_LINE { Err(Malformed::new("a line without end")) } else { Ok(None) };
        };
        let (line, rest) = input.split_at(end + 1);
        *input = rest;
        let line = if self.kept.is_empty() {
            line
        } else {
            self.kept.extend_from_slice(line);
            self.given = true;
            &self.kept
        };
        match line.strip_suffix(b"\r\n") {
            Some(text) => Ok(Some(text)),
            None => Err(Malformed::new("a line that does not end in CR LF")),
        }
    }
}
