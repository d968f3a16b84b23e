//! The search for a byte that is probably near.

/// Bytes that are looked at here before `memchr` is called: most lines and keys end within them, and for these the call,
/// with its choice of the processor's instructions, costs more than the search.
const NEAR: usize = 64;
const WORD: usize = size_of::<u64>();

/// Offset of the first `byte`.
#[inline]
pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = bytes.get(at..at + WORD).and_then(<[u8]>::first_chunk) {
        if let Some(place) = find_in_word(byte, word) {
            return Some(at + place);
        }
        at += WORD;
        if at == NEAR {
            return memchr::memchr(byte, &bytes[at..]).map(|place| at + place);
        }
    }
    match bytes.last_chunk() {
        // Of these the first were looked at already, in vain.
        Some(word) if at < bytes.len() => find_in_word(byte, word).map(|place| bytes.len() - WORD + place),
        Some(_) => None,
        None => bytes.iter().position(|&other| other == byte),
    }
}

/// The lowest byte that becomes zero by the exclusive or is the first to borrow when one is taken from each.
#[inline]
fn find_in_word(byte: u8, word: &[u8; WORD]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; WORD]);
    let zeros = u64::from_le_bytes(*word) ^ (ONES * u64::from(byte));
    let found = zeros.wrapping_sub(ONES) & !zeros & TOPS;
    if found == 0 { None } else { Some(found.trailing_zeros() as usize / 8) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_any_is_found_at_any_length_and_among_any_neighbours() {
        for length in 0..3 * NEAR {
            for neighbour in [b' ' - 1, b' ' + 1, 0, 0x7f, 0x80, b' ' ^ 0x80, 0xff] {
                let mut bytes = vec![neighbour; length];
                assert_eq!(find(b' ', &bytes), None, "{neighbour:#x} x {length}");
                for first in (0..length).rev() {
                    bytes[first] = b' ';
                    assert_eq!(find(b' ', &bytes), Some(first), "{neighbour:#x} x {length}");
                }
            }
        }
    }
}
