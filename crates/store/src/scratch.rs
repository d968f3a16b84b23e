//! A thread's spare bytes, for a value that is written anew while its item may be written over, moved or evicted.

use std::cell::Cell;
use std::ops::Deref;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A copy of bytes, allocated only while the thread's longest copy grows (it is bounded by the length from which values are
/// chains). Its own object, not an argument's for as long as a call lasts: the bytes are free to change once it is made.
pub(crate) struct Copied(Vec<u8>);

impl Copied {
    pub fn of(bytes: &[u8]) -> Copied {
        let mut copy = SPARE.take();
        copy.clear();
        copy.extend_from_slice(bytes);
        Copied(copy)
    }
}

impl Deref for Copied {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        SPARE.set(std::mem::take(&mut self.0));
    }
}
