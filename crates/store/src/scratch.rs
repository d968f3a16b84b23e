//! A thread's spare bytes, for a value that is written anew while its item may be moved or evicted.

use std::cell::Cell;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Calls `body` with a copy of `bytes`, allocating only while the thread's longest copy grows (it is bounded by the length
/// from which values are chains).
pub(crate) fn with_copy<T>(bytes: &[u8], body: impl FnOnce(&[u8]) -> T) -> T {
    let mut copy = SPARE.take();
    copy.clear();
    copy.extend_from_slice(bytes);
    let result = body(&copy);
    SPARE.set(copy);
    result
}
