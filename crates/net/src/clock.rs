//! The monotonic clock, as a number.

use crate::sys;

/// Nanoseconds of CLOCK_MONOTONIC: comparable with other readings in the same machine's uptime only.
#[inline]
pub(crate) fn monotonic_ns() -> u64 {
    sys::monotonic_ns()
}

/// Milliseconds of a reading in nanoseconds.
#[inline]
pub(crate) fn ms_of(ns: u64) -> u64 {
    ns / 1_000_000
}
