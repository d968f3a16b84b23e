//! Numbers as INCRBYFLOAT and HINCRBYFLOAT count with them: the extended format of x86 (64 bits of precision), which is
//! C's `long double` where Redis and Valkey mostly run, computed here with integers, so that every machine gives the same digits.
//!
//! Read as `strtold` does, rounded to nearest, ties to even; written as `%.17Lf` without the zeros at its end. (Redis on
//! 64-bit ARM counts with 113 bits; its last digits may be others.)

use super::natural::{CHUNK, CHUNK_DIGITS, Natural};

/// Longest text of a number, in bytes: Valkey's `MAX_LONG_DOUBLE_CHARS`, less its zero.
pub const MAX_TEXT: usize = 5 * 1024 - 1;

/// The text is no number.
pub const NOT_A_FLOAT: &str = "ERR value is not a valid float";
/// The sum is not finite.
pub const NOT_FINITE: &str = "ERR increment would produce NaN or Infinity";

/// Bits of precision.
const PRECISION: u32 = u64::BITS;
/// Exponent of the last bit of the least number.
const MIN_EXPONENT: i32 = -16_445;
/// Exponent of the last bit of the greatest numbers.
const MAX_EXPONENT: i32 = 16_383 - 63;
/// Decimal exponents (of the digit before the point) beyond which a number is certainly out of range.
const MAX_DECIMAL: i64 = 4_940;
const MIN_DECIMAL: i64 = -4_960;
/// Exponents in a text are counted up to this one; no number of digits makes up for it.
const EXPONENT_LIMIT: i64 = 1_000_000;
/// Digits after the point.
const DECIMALS: u32 = 17;
/// Powers of five that fit a word.
const WORD_FIVES: i64 = 27;
/// Bits kept below those of the greater summand.
const GUARD_BITS: u32 = 60;

/// A finite number, or an infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Magnitude {
    /// `mantissa * 2^exponent`; the mantissa's highest bit is set, but for zero.
    Finite {
        mantissa: u64,
        exponent: i32,
    },
    Infinite,
}

const ZERO: Magnitude = Magnitude::Finite { mantissa: 0, exponent: 0 };

impl Extended {
    /// What a key that is not there counts as.
    pub const ZERO: Extended = Extended { negative: false, magnitude: ZERO };

    /// Reads all of `text`. `None` where Valkey answers [`NOT_A_FLOAT`].
    pub fn parse(text: &[u8]) -> Option<Extended> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let magnitude = match digits {
            [b'0', b'x' | b'X', rest @ ..] => parse_hexadecimal(rest)?,
            _ if digits.eq_ignore_ascii_case(b"inf") || digits.eq_ignore_ascii_case(b"infinity") => Magnitude::Infinite,
            _ => parse_decimal(digits)?,
        };
        Some(Extended { negative, magnitude })
    }

    /// The sum; `None` where Valkey answers [`NOT_FINITE`].
    pub fn plus(self, other: Extended) -> Option<Extended> {
        let (Magnitude::Finite { mantissa: m, exponent: e }, Magnitude::Finite { mantissa: n, exponent: f }) =
            (self.magnitude, other.magnitude)
        else {
            return None;
        };
        match (m, n) {
            (_, 0) => return Some(self),
            (0, _) => return Some(other),
            _ => {}
        }
        let ((mut sum, exponent, negative), (lesser, lesser_exponent, other_sign)) = if (e, m) >= (f, n) {
            ((wide(m), e, self.negative), (n, f, other.negative))
        } else {
            ((wide(n), f, other.negative), (m, e, self.negative))
        };
        let shift = exponent.abs_diff(lesser_exponent);
        let shifted = shift_right_sticky(wide(lesser), shift);
        if negative == other_sign {
            sum += shifted;
        } else {
            sum -= shifted;
        }
        let magnitude = round(sum, exponent - GUARD_BITS as i32, false)?;
        Some(Extended { negative, magnitude })
    }

    /// As `%.17Lf`, without zeros at the end, and without a sign before zero. An infinity has no digits: `plus` gives none.
    pub fn format(self) -> Vec<u8> {
        let Magnitude::Finite { mantissa, exponent } = self.magnitude else { return b"inf".to_vec() };
        let mut text = Vec::new();
        if exponent >= 0 {
            let mut whole = Natural::from(mantissa);
            whole.shift_left(exponent as usize);
            write_natural(&mut text, whole);
        } else {
            write_fixed(&mut text, mantissa, exponent.unsigned_abs());
        }
        if self.negative && text != b"0" {
            text.insert(0, b'-');
        }
        text
    }
}

/// A mantissa with room for what is lost below it, and for a carry.
fn wide(mantissa: u64) -> u128 {
    u128::from(mantissa) << GUARD_BITS
}

/// Shifted; what falls out sets the lowest bit.
fn shift_right_sticky(number: u128, bits: u32) -> u128 {
    if bits >= u128::BITS {
        return u128::from(number != 0);
    }
    let shifted = number >> bits;
    shifted | u128::from(shifted << bits != number)
}

/// `number * 2^exponent`, and a little more if `sticky`, to the nearest that there is; `None` when there is none so great.
/// A sticky number has more bits than the mantissa.
fn round(number: u128, exponent: i32, sticky: bool) -> Option<Magnitude> {
    if number == 0 {
        return Some(ZERO);
    }
    let bits = u128::BITS - number.leading_zeros();
    // What is less than the least normal number has fewer bits.
    let drop = (bits as i32 - PRECISION as i32).max(MIN_EXPONENT - exponent);
    let (mut kept, mut exponent) = (number, exponent);
    if drop > 0 {
        exponent += drop;
        let drop = drop.unsigned_abs();
        if drop > u128::BITS {
            return Some(ZERO);
        }
        kept = number.checked_shr(drop).unwrap_or(0);
        let lost = number - kept.checked_shl(drop).unwrap_or(0);
        let half = 1_u128 << (drop - 1);
        let is_up = lost > half || lost == half && (sticky || kept & 1 == 1);
        kept += u128::from(is_up);
    }
    if kept == 0 {
        return Some(ZERO);
    }
    // A carry may have made it 2^64, whose lowest bit is zero.
    let bits = u128::BITS - kept.leading_zeros();
    let shift = bits as i32 - PRECISION as i32;
    let mantissa = if shift > 0 { kept >> shift } else { kept << -shift } as u64;
    exponent += shift;
    (exponent <= MAX_EXPONENT).then_some(Magnitude::Finite { mantissa, exponent })
}

/// The digits of a text, and the power of their base that they are multiplied with.
struct Digits<'a> {
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

/// `digits [. digits] [marker [sign] digits]` to its end, with a digit at least.
fn split(text: &[u8], marker: u8, is_digit: fn(&u8) -> bool) -> Option<Digits<'_>> {
    let end = text.iter().position(|byte| !is_digit(byte)).unwrap_or(text.len());
    let (whole, rest) = text.split_at(end);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => rest.split_at(rest.iter().position(|byte| !is_digit(byte)).unwrap_or(rest.len())),
        _ => (&b""[..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest {
        [] => 0,
        [first, exponent @ ..] if first.eq_ignore_ascii_case(&marker) => parse_exponent(exponent)?,
        _ => return None,
    };
    Some(Digits { whole, fraction, exponent })
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: i64, digit: &u8| (sum * 10 + i64::from(digit - b'0')).min(EXPONENT_LIMIT);
    let magnitude = digits.iter().fold(0, add);
    Some(if negative { -magnitude } else { magnitude })
}

fn parse_decimal(text: &[u8]) -> Option<Magnitude> {
    let Digits { whole, fraction, exponent } = split(text, b'e', u8::is_ascii_digit)?;
    let mut digits = whole.iter().chain(fraction).copied().skip_while(|digit| *digit == b'0');
    let zeros = whole.iter().chain(fraction).rev().take_while(|digit| **digit == b'0').count();
    let significant = digits.clone().count().saturating_sub(zeros);
    if significant == 0 {
        return Some(ZERO);
    }
    // The number is `digits * 10^power`.
    let power = exponent - fraction.len() as i64 + zeros as i64;
    let leading = power + significant as i64 - 1;
    if !(MIN_DECIMAL..=MAX_DECIMAL).contains(&leading) {
        return None;
    }
    if significant <= 19 && power.abs() <= WORD_FIVES {
        let number = digits.take(significant).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        return scale(number, power);
    }
    let mut number = Natural::default();
    for done in (0..significant).step_by(CHUNK_DIGITS) {
        let count = CHUNK_DIGITS.min(significant - done);
        let chunk = digits.by_ref().take(count).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        number.multiply_add(10_u32.pow(count as u32), chunk);
    }
    let mut divisor = Natural::from(1);
    let factor = if power >= 0 { &mut number } else { &mut divisor };
    factor.multiply_by_power_of_ten(power.unsigned_abs() as usize);
    not_zero(divide(number, divisor)?)
}

/// What is so small that it rounds to zero is out of range, as is what is too great.
fn not_zero(magnitude: Magnitude) -> Option<Magnitude> {
    (magnitude != ZERO).then_some(magnitude)
}

/// `number * 10^power` in words.
fn scale(number: u64, power: i64) -> Option<Magnitude> {
    let fives = 5_u128.pow(power.unsigned_abs() as u32);
    if power >= 0 {
        return round(u128::from(number) * fives, power as i32, false);
    }
    // All the bits that there are before the division: the quotient has more than the mantissa.
    let shift = u128::from(number).leading_zeros();
    let dividend = u128::from(number) << shift;
    round(dividend / fives, power as i32 - shift as i32, dividend % fives != 0)
}

/// The quotient of long numbers that are not zero, bit by bit.
fn divide(mut number: Natural, mut divisor: Natural) -> Option<Magnitude> {
    /// With bits that decide how it is rounded.
    const BITS: u32 = PRECISION + 2;
    let mut exponent = number.bits() as i32 - divisor.bits() as i32;
    let shifted = if exponent >= 0 { &mut divisor } else { &mut number };
    shifted.shift_left(exponent.unsigned_abs() as usize);
    if number < divisor {
        number.shift_left(1);
        exponent -= 1;
    }
    let mut quotient = 0_u128;
    for _ in 0..BITS {
        quotient <<= 1;
        if number >= divisor {
            number.subtract(&divisor);
            quotient |= 1;
        }
        number.shift_left(1);
    }
    round(quotient, exponent - BITS as i32 + 1, !number.is_zero())
}

fn parse_hexadecimal(text: &[u8]) -> Option<Magnitude> {
    let Digits { whole, fraction, exponent } = split(text, b'p', u8::is_ascii_hexdigit)?;
    let mut number = Natural::default();
    for digit in whole.iter().chain(fraction) {
        number.multiply_add(16, char::from(*digit).to_digit(16)?);
    }
    if number.is_zero() {
        return Some(ZERO);
    }
    let exponent = exponent - 4 * fraction.len() as i64;
    let leading = exponent + number.bits() as i64 - 1;
    if leading > i64::from(MAX_EXPONENT) + 64 || leading < i64::from(MIN_EXPONENT) - 1 {
        return None;
    }
    let mut divisor = Natural::from(1);
    let factor = if exponent >= 0 { &mut number } else { &mut divisor };
    factor.shift_left(exponent.unsigned_abs() as usize);
    not_zero(divide(number, divisor)?)
}

fn write_natural(text: &mut Vec<u8>, mut number: Natural) {
    let mut chunks = Vec::new();
    while !number.is_zero() {
        chunks.push(number.divide(CHUNK));
    }
    let mut chunks = chunks.into_iter().rev();
    text.extend_from_slice(chunks.next().unwrap_or(0).to_string().as_bytes());
    for chunk in chunks {
        text.extend_from_slice(format!("{chunk:0CHUNK_DIGITS$}").as_bytes());
    }
}

/// `mantissa / 2^shift` with `DECIMALS` digits, less the zeros at their end.
fn write_fixed(text: &mut Vec<u8>, mantissa: u64, shift: u32) {
    let ten = 10_u128.pow(DECIMALS);
    let whole = mantissa.checked_shr(shift).unwrap_or(0);
    let fraction = u128::from(mantissa - whole.checked_shl(shift).unwrap_or(0)) * ten;
    // Of 121 bits at most: a greater shift leaves less than a half.
    let (mut digits, lost) = match fraction.checked_shr(shift) {
        Some(digits) => (digits, fraction - (digits << shift)),
        None => (0, 0),
    };
    let half = if (1..=u128::BITS).contains(&shift) { 1_u128 << (shift - 1) } else { u128::MAX };
    digits += u128::from(lost > half || lost == half && digits & 1 == 1);
    let whole = u128::from(whole) + digits / ten;
    text.extend_from_slice(whole.to_string().as_bytes());
    let digits = digits % ten;
    if digits != 0 {
        let digits = format!("{digits:0width$}", width = DECIMALS as usize);
        text.push(b'.');
        text.extend_from_slice(digits.trim_end_matches('0').as_bytes());
    }
}
