//! Which connections want to be told of all keys that begin alike.

use crate::client::Client;
use parking_lot::RwLock;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Prefixes of a connection.
pub const MAX_PREFIXES: usize = 1024;
/// Longest of them in bytes, as of a key.
pub const MAX_PREFIX_BYTES: usize = 64 << 10;
/// Bytes of all of them.
pub const PREFIXES_LIMIT: usize = 1 << 20;

type Listeners = HashMap<u64, Arc<Client>>;

#[derive(Default)]
struct Inner {
    /// By length, so that a key is looked up once for each length that there is.
    listeners: BTreeMap<usize, HashMap<Box<[u8]>, Listeners>>,
    /// By connection.
    own: HashMap<u64, BTreeSet<Box<[u8]>>>,
}

/// Prefixes of all connections. Read under the locks of the store's cells.
#[derive(Default)]
pub struct Prefixes {
    inner: RwLock<Inner>,
    /// How many there are, so that a change need not look where there are none.
    count: AtomicUsize,
}

impl Prefixes {
    /// Different prefixes.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// A connection's own, in order.
    pub fn of(&self, client: &Client) -> Vec<Box<[u8]>> {
        self.inner.read().own.get(&client.serial).map_or_else(Vec::new, |own| own.iter().cloned().collect())
    }

    /// The client is told of keys with this prefix from now on.
    pub fn add(&self, client: &Arc<Client>, prefix: &[u8]) {
        let mut inner = self.inner.write();
        let of_length = inner.listeners.entry(prefix.len()).or_default();
        of_length.entry(prefix.into()).or_default().insert(client.serial, Arc::clone(client));
        inner.own.entry(client.serial).or_default().insert(prefix.into());
        self.recount(&inner);
    }

    /// It is told of none from now on.
    pub fn leave(&self, client: &Client) {
        let mut inner = self.inner.write();
        for prefix in inner.own.remove(&client.serial).into_iter().flatten() {
            let Some(of_length) = inner.listeners.get_mut(&prefix.len()) else { continue };
            if let Some(listeners) = of_length.get_mut(&prefix) {
                listeners.remove(&client.serial);
                if listeners.is_empty() {
                    of_length.remove(&prefix);
                }
            }
            if of_length.is_empty() {
                inner.listeners.remove(&prefix.len());
            }
        }
        self.recount(&inner);
    }

    fn recount(&self, inner: &Inner) {
        self.count.store(inner.listeners.values().map(HashMap::len).sum(), Ordering::Relaxed);
    }

    /// All who want to be told of a key.
    pub fn each_listener(&self, key: &[u8], mut each: impl FnMut(&Arc<Client>)) {
        if self.count() == 0 {
            return;
        }
        let inner = self.inner.read();
        for (length, of_length) in inner.listeners.range(..=key.len()) {
            of_length.get(&key[..*length]).into_iter().flat_map(HashMap::values).for_each(&mut each);
        }
    }
}

/// Whether there is a key that begins with both.
pub fn overlap(one: &[u8], other: &[u8]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(prefixes: &Prefixes, key: &str) -> Vec<u64> {
        let mut told = Vec::new();
        prefixes.each_listener(key.as_bytes(), |client| told.push(client.serial));
        told.sort_unstable();
        told
    }

    #[test]
    fn who_is_told_is_who_asked_for_the_beginning_of_the_key() {
        let prefixes = Prefixes::default();
        let clients: Vec<_> = (1..=3).map(|serial| Arc::new(Client::detached(serial))).collect();
        assert_eq!(told(&prefixes, "user:1"), []);
        prefixes.add(&clients[0], b"user:");
        prefixes.add(&clients[0], b"item:");
        prefixes.add(&clients[1], b"user:1");
        prefixes.add(&clients[2], b"");
        assert_eq!(prefixes.count(), 4);
        for (key, expected) in
            [("user:1", vec![1, 2, 3]), ("user:2", vec![1, 3]), ("user", vec![3]), ("item:", vec![1, 3]), ("", vec![3])]
        {
            assert_eq!(told(&prefixes, key), expected, "{key}");
        }
        let own = prefixes.of(&clients[0]);
        assert_eq!(own.iter().map(|prefix| &prefix[..]).collect::<Vec<_>>(), [&b"item:"[..], b"user:"]);
        clients.iter().take(2).for_each(|client| prefixes.leave(client));
        assert_eq!((told(&prefixes, "user:1"), prefixes.count()), (vec![3], 1));
        prefixes.leave(&clients[2]);
        assert_eq!((told(&prefixes, "user:1"), prefixes.count()), (vec![], 0));
        assert!(prefixes.inner.read().listeners.is_empty() && prefixes.inner.read().own.is_empty());
    }
}
