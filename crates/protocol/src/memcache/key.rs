//! A key as a meta command sends it: as it is, or in base64.

use super::text::MAX_KEY;

/// Room for a key that is decoded.
pub type KeyRoom = [u8; MAX_KEY];

/// Characters of four that three bytes become.
const BLOCK: usize = 4;
const PADDING: u8 = b'=';
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A key of 1-250 bytes as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    sent: &'a [u8],
    base64: bool,
}

impl<'a> Key<'a> {
    /// One that is sent as it is.
    #[inline]
    pub fn plain(sent: &'a [u8]) -> Key<'a> {
        Key { sent, base64: false }
    }

    /// One that is sent in base64; `None` if it cannot be decoded.
    pub fn encoded(sent: &'a [u8]) -> Option<Key<'a>> {
        let mut room = [0; MAX_KEY];
        (decode(sent, &mut room)? > 0).then_some(Key { sent, base64: true })
    }

    /// One that was validated when it was received.
    pub fn of_validated(sent: &'a [u8], base64: bool) -> Key<'a> {
        Key { sent, base64 }
    }

    /// As it was sent.
    #[inline]
    pub fn sent(&self) -> &'a [u8] {
        self.sent
    }

    /// Whether replies show it in base64.
    #[inline]
    pub fn is_encoded(&self) -> bool {
        self.base64
    }

    /// The bytes that it stands for.
    #[inline]
    pub fn bytes<'b>(&self, room: &'b mut KeyRoom) -> &'b [u8]
    where
        'a: 'b,
    {
        if self.base64 {
            let length = decode(self.sent, room).unwrap_or(0);
            &room[..length]
        } else {
            self.sent
        }
    }
}

/// The six bits of a character; `None` for one that means nothing.
fn bits(character: u8) -> Option<u32> {
    let value = match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        PADDING => 0,
        _ => return None,
    };
    Some(u32::from(value))
}

/// As memcached's decoder: characters that mean nothing are skipped, blocks are whole, and what follows padding does not count.
/// Gives the length of what was decoded, `None` if nothing can be.
fn decode(sent: &[u8], room: &mut KeyRoom) -> Option<usize> {
    let characters = || sent.iter().copied().filter(|&character| bits(character).is_some());
    let count = characters().count();
    if count == 0 || !count.is_multiple_of(BLOCK) || count / BLOCK * 3 > room.len() {
        return None;
    }
    let (mut block, mut in_block, mut padding, mut length) = (0, 0, 0, 0);
    for character in characters() {
        padding += usize::from(character == PADDING);
        block = block << 6 | bits(character)?;
        in_block += 1;
        if in_block == BLOCK {
            room[length..length + 3].copy_from_slice(&block.to_be_bytes()[1..]);
            length += 3;
            (block, in_block) = (0, 0);
            match padding {
                0 => {}
                1 | 2 => return Some(length - padding),
                _ => return None,
            }
        }
    }
    Some(length)
}

/// Calls `put` with each block of the base64 of `bytes`.
pub(super) fn encode(bytes: &[u8], mut put: impl FnMut(&[u8; BLOCK])) {
    for chunk in bytes.chunks(3) {
        let mut block = [0; 4];
        block[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(block);
        let mut encoded = [18, 12, 6, 0].map(|shift| ALPHABET[(group >> shift & 63) as usize]);
        encoded[chunk.len() + 1..].fill(PADDING);
        put(&encoded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(sent: &[u8]) -> Option<Vec<u8>> {
        let mut room = [0; MAX_KEY];
        decode(sent, &mut room).map(|length| room[..length].to_vec())
    }

    /// The middle column is what memcached 1.6.18 takes for the key (`mg <sent> b k`).
    #[test]
    fn decodes_what_memcached_decodes() {
        for (sent, bytes) in [
            ("Zm9v", &b"foo"[..]),
            ("Zm9v!", b"foo"),
            ("Z m9v", b"foo"),
            ("ZQ==", b"e"),
            ("ZZ==", b"e"),
            ("ZXk=", b"ey"),
            ("//8A", b"\xff\xff\0"),
            ("ZQ==Zm9v", b"e"),
        ] {
            assert_eq!(decoded(sent.as_bytes()).as_deref(), Some(bytes), "{sent}");
        }
        for sent in ["", "Z", "Zm9", "Zm9v=", "Z===", "====", "!!!!"] {
            assert_eq!(decoded(sent.as_bytes()), None, "{sent}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        for length in 1..=186 {
            let bytes: Vec<u8> = (0..length).map(|n| (n * 37 + length) as u8).collect();
            let mut text = Vec::new();
            encode(&bytes, |block| text.extend_from_slice(block));
            assert_eq!(decoded(&text).as_deref(), Some(&bytes[..]));
        }
    }
}
