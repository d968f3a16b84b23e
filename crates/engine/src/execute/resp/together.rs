//! Commands on several keys in one step: who looks at the keys meanwhile sees all of what is done or nothing of it.

use crate::counters::WorkerCounters;
use crate::execute::{MULTI_KEY_BATCH, prefetch};
use crate::shared::Context;
use ringstone_store::{Entry, Hash};

/// Calls `each` with the entry of every key, in order, with the cells of all of them locked. `first`: the hash of the first key.
pub fn for_each_entry<'k>(
    first: Hash,
    mut keys: impl Iterator<Item = &'k [u8]> + Clone,
    context: &mut Context<'_>,
    mut each: impl FnMut(Entry<'_, 'k>, &WorkerCounters),
) {
    let (store, counters, now_ms) = (context.store, context.counters, context.now_ms);
    let mut peeked = keys.clone();
    if let (Some(key), None) = (peeked.next(), peeked.next()) {
        return each(context.cells.entry(key, first, now_ms), counters);
    }
    context.hashes.clear();
    context.hashes.push(first);
    context.hashes.extend(keys.clone().skip(1).map(|key| store.hash(key)));
    let mut batches = context.hashes.chunks(MULTI_KEY_BATCH).peekable();
    let prefetch_next = |batch: Option<&&[Hash]>| prefetch(store, batch.into_iter().copied().flatten().copied());
    // Those of the first batch come into the cache while nobody waits for their cells.
    prefetch_next(batches.peek());
    let mut cells = context.cells.several(context.hashes, now_ms);
    while let Some(batch) = batches.next() {
        for (hash, key) in batch.iter().zip(keys.by_ref()) {
            each(cells.entry(key, *hash), counters);
        }
        prefetch_next(batches.peek());
    }
}
