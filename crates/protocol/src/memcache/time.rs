//! SKELETON.
/// memcached's exptime -> absolute time of expiry in ms (0 = never): 0 never, negative at once (in the past: `Some(1)`),
/// up to 30 days relative in seconds, beyond absolute Unix seconds. Never overflows.
pub fn expires_at_ms(_exptime: i64, _now_ms: u64) -> u64 { loop {} }
