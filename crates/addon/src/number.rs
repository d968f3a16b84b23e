//! Whole numbers out of JavaScript's.

use crate::error::{Result, invalid_option};

/// A JavaScript number that is a whole one up to 2^53 - 1, which both `u64` and `f64` hold exactly.
pub fn whole(name: &str, value: f64) -> Result<u64> {
    const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;
    if (0.0..=MAX_SAFE_INTEGER).contains(&value) && value.fract() == 0.0 {
        return Ok(value as u64);
    }
    Err(invalid_option(format!("{name} must be a whole number from 0 to 2^53 - 1, not {value}")))
}

/// The same, as a size of this machine.
pub fn whole_usize(name: &str, value: f64) -> Result<usize> {
    usize::try_from(whole(name, value)?).map_err(|_| invalid_option(format!("{name} is too large here: {value}")))
}
