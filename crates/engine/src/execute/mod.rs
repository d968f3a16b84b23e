//! Request x store -> reply. Nothing here sees a socket.

pub mod loading;
pub mod memcache;
pub mod resp;
pub mod step;

use ringstone_store::{Hash, Store};

/// Keys of one command that are hashed and prefetched together.
pub const MULTI_KEY_BATCH: usize = 32;

/// Takes a batch of look-ups through the three prefetch stages, so that their cache misses overlap.
#[inline]
pub fn prefetch(store: &Store, hashes: impl Iterator<Item = Hash> + Clone) {
    for hash in hashes.clone() {
        store.prefetch_cell(hash);
    }
    for hash in hashes.clone() {
        store.prefetch_bucket(hash);
    }
    for hash in hashes {
        store.prefetch_item(hash);
    }
}

/// Hashes the keys in batches, prefetches each batch and calls `each` for every key in order. `first`: the hash of the first key,
/// if it is known.
#[inline]
pub fn for_each_key<'k>(
    store: &Store,
    mut first: Option<Hash>,
    keys: impl Iterator<Item = &'k [u8]>,
    mut each: impl FnMut(&'k [u8], Hash),
) {
    let mut keys = keys.peekable();
    let mut batch = arrayvec::ArrayVec::<(&[u8], Hash), MULTI_KEY_BATCH>::new();
    while keys.peek().is_some() {
        batch.extend(
            keys.by_ref().take(MULTI_KEY_BATCH).map(|key| (key, first.take().unwrap_or_else(|| store.hash(key)))),
        );
        if batch.len() > 1 {
            prefetch(store, batch.iter().map(|(_, hash)| *hash));
        }
        for (key, hash) in batch.drain(..) {
            each(key, hash);
        }
    }
}
