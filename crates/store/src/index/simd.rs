//! Comparing the sixteen slots of a bucket at once.

use super::Line;

/// A bit per slot whose value under `mask` is `wanted`.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
pub(super) fn matches(line: &Line, mask: u32, wanted: u32) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cmpeq_epi32, _mm_load_si128, _mm_movemask_epi8, _mm_packs_epi16, _mm_packs_epi32,
        _mm_set1_epi32,
    };
    let lanes = line.0.as_ptr().cast::<__m128i>();
    // SAFETY: SSE2 is part of x86-64. A line is 64 bytes, aligned to 64. Only the holder of the cell's lock, who is
    // calling, ever writes a slot, so plain loads do not race.
    unsafe {
        let (mask, wanted) = (_mm_set1_epi32(mask.cast_signed()), _mm_set1_epi32(wanted.cast_signed()));
        let equal = |i| _mm_cmpeq_epi32(_mm_and_si128(_mm_load_si128(lanes.add(i)), mask), wanted);
        let low = _mm_packs_epi32(equal(0), equal(1));
        let high = _mm_packs_epi32(equal(2), equal(3));
        _mm_movemask_epi8(_mm_packs_epi16(low, high)).cast_unsigned()
    }
}

/// A bit per slot whose value under `mask` is `wanted`. In a form that compilers turn into vector code.
#[cfg(any(not(target_arch = "x86_64"), miri))]
#[inline]
pub(super) fn matches(line: &Line, mask: u32, wanted: u32) -> u32 {
    use std::sync::atomic::Ordering;
    let slots: [u32; super::SLOTS] = std::array::from_fn(|i| line.0[i].load(Ordering::Relaxed));
    slots.iter().enumerate().fold(0, |bits, (i, &slot)| bits | u32::from(slot & mask == wanted) << i)
}

/// Asks for the cache line at an address, which need not be one of ours.
#[inline]
pub(crate) fn prefetch(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch reads nothing and never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
    let _ = address;
}
