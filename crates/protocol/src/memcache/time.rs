//! memcached's times.

/// Above so many seconds an exptime is an absolute Unix time (30 days).
pub const MAX_RELATIVE_S: i64 = 60 * 60 * 24 * 30;

/// An absolute time that has always passed, in ms.
const AT_ONCE_MS: u64 = 1;

/// memcached's exptime -> absolute time of expiry in ms since 1970.
///
/// 0 stays 0 (never); a negative one and an absolute one that has passed give 1 (at once); up to 30 days is relative in
/// seconds, beyond it is an absolute Unix time in seconds. Saturates, never overflows.
#[inline]
pub fn expires_at_ms(exptime: i64, now_ms: u64) -> u64 {
    let Ok(exptime_s) = u64::try_from(exptime) else { return AT_ONCE_MS };
    if exptime_s == 0 {
        return 0;
    }
    let exptime_ms = exptime_s.saturating_mul(1000);
    if exptime <= MAX_RELATIVE_S {
        return now_ms.saturating_add(exptime_ms);
    }
    if exptime_ms <= now_ms { AT_ONCE_MS } else { exptime_ms }
}
