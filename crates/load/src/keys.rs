//! The keys of a run: a prefix and a number of fixed width.

use crate::options::MAX_DIGITS;

/// Writes and recognises keys.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The key of number 0: prefix, and zeros up to the key's size.
    zero: Box<[u8]>,
    prefix: usize,
}

impl Keys {
    /// Keys of `size` bytes that start with `prefix`.
    pub fn new(prefix: &str, size: usize) -> Self {
        let mut zero = prefix.as_bytes().to_vec();
        zero.resize(size.max(prefix.len()), b'0');
        Self { zero: zero.into(), prefix: prefix.len() }
    }

    /// Bytes of every key.
    pub fn size(&self) -> usize {
        self.zero.len()
    }

    /// Appends the key of a number.
    #[inline]
    pub fn append(&self, number: u64, to: &mut Vec<u8>) {
        let start = to.len();
        to.extend_from_slice(&self.zero);
        let mut rest = number;
        for digit in to[start + self.prefix..].iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    /// Whether `text` is the key of `number`.
    #[inline]
    pub fn is(&self, number: u64, text: &[u8]) -> bool {
        if text.len() != self.zero.len() {
            return false;
        }
        let digits_from = self.prefix.max(text.len().saturating_sub(MAX_DIGITS));
        let (start, digits) = text.split_at(digits_from);
        start == &self.zero[..digits_from]
            && digits.iter().try_fold(0_u64, |sum, digit| {
                digit.is_ascii_digit().then(|| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
            }) == Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;

    fn text(keys: &Keys, number: u64) -> String {
        let mut to = b"before ".to_vec();
        keys.append(number, &mut to);
        String::from_utf8(to.split_off(7)).unwrap()
    }

    #[test]
    fn a_key_is_prefix_and_number_in_fixed_width() {
        let keys = Keys::new("bench:", 16);
        assert_eq!(text(&keys, 0), "bench:0000000000");
        assert_eq!(text(&keys, 1_234_567), "bench:0001234567");
        assert_eq!(text(&keys, 9_999_999_999), "bench:9999999999");
        assert_eq!(keys.size(), 16);
    }

    #[test]
    fn a_key_is_recognised_and_no_other() {
        for size in [12, 16, 25, 40, 250] {
            let keys = Keys::new("k", size);
            let text = text(&keys, 1_234_567);
            assert_eq!(text.len(), size);
            assert!(keys.is(1_234_567, text.as_bytes()));
            assert!(!keys.is(1_234_568, text.as_bytes()));
            assert!(!keys.is(1_234_567, &text.as_bytes()[1..]));
            assert!(!keys.is(1_234_567, text.replace('k', "K").as_bytes()));
            assert!(!keys.is(1_234_567, text.replace('0', "x").as_bytes()));
        }
    }
}
