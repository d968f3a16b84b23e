//! memcached's times.

use ringstone_protocol::memcache::time::expires_at_ms;

const NOW_MS: u64 = 1_700_000_000_500;
const DAY_S: i64 = 86_400;

#[test]
fn exptimes() {
    let table: &[(i64, u64)] = &[
        (0, 0),
        (-1, 1),
        (i64::MIN, 1),
        (1, NOW_MS + 1000),
        (30 * DAY_S, NOW_MS + 30 * 86_400_000),
        // One second more is an absolute time, in 1970.
        (30 * DAY_S + 1, 1),
        (1_700_000_000, 1),
        (1_700_000_001, 1_700_000_001_000),
        // memcached cuts this to 32 bits and drops the item at once.
        (9_999_999_999, 9_999_999_999_000),
        (i64::MAX, u64::MAX),
    ];
    for &(exptime, expected) in table {
        assert_eq!(expires_at_ms(exptime, NOW_MS), expected, "{exptime}");
    }
}

#[test]
fn saturates_at_the_end_of_time() {
    assert_eq!(expires_at_ms(60, u64::MAX - 5), u64::MAX);
    assert_eq!(expires_at_ms(i64::MAX, u64::MAX), 1, "no later than now");
}
