//! An observer that writes down what it is told.

use ringstone_store::{Change, Changed, Observer};
use std::sync::Mutex;

/// A change as it was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub change: Change,
    pub key: u16,
    pub value_bytes: usize,
    pub flags: u32,
    pub cas: u64,
    pub expires_at_ms: u64,
    pub idle_s: u32,
    pub fetched: bool,
}

#[derive(Default)]
pub struct Log(Mutex<Vec<Told>>);

impl Log {
    pub fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Log {
    fn changed(&self, changed: &Changed<'_>) {
        let key = u16::from_le_bytes(changed.key[..2].try_into().unwrap());
        assert_eq!(changed.key, crate::operation::key_of(key));
        self.0.lock().unwrap().push(Told {
            change: changed.change,
            key,
            value_bytes: changed.value_bytes,
            flags: changed.flags,
            cas: changed.cas,
            expires_at_ms: changed.expires_at_ms,
            idle_s: changed.idle_s,
            fetched: changed.fetched,
        });
    }
}
