//! Who has subscribed to what, over all workers.

use crate::client::{Client, Status};
use parking_lot::RwLock;
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::reply;
use ringstone_store::Hash;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Parts of the registry of channels, each with a lock of its own.
const SHARDS: usize = 64;

type Subscribers = HashMap<u64, Arc<Client>>;
/// Subscribers of channels by name.
type Channels = RwLock<HashMap<Box<[u8]>, Subscribers>>;

/// The subscriptions of all connections.
///
/// A message is put into its receivers' inboxes while the channel's lock is held for reading: so publishers do not wait for
/// each other, and nothing comes to a connection after it has left the channel. Below these locks there are only those of the
/// inboxes.
pub struct PubSub {
    channels: Box<[Channels]>,
    patterns: RwLock<HashMap<Box<[u8]>, PatternSubscribers>>,
    /// Entries of `patterns`, so that a message on a server without any need not look.
    pattern_count: AtomicUsize,
}

struct PatternSubscribers {
    pattern: Pattern,
    subscribers: Subscribers,
}

impl Default for PubSub {
    fn default() -> PubSub {
        PubSub {
            channels: (0..SHARDS).map(|_| RwLock::default()).collect(),
            patterns: RwLock::default(),
            pattern_count: AtomicUsize::new(0),
        }
    }
}

impl PubSub {
    fn shard(&self, hash: Hash) -> &Channels {
        &self.channels[hash.0 as usize % SHARDS]
    }

    /// Messages of this channel come to the client from now on.
    pub fn subscribe(&self, client: &Arc<Client>, channel: &[u8], hash: Hash) {
        let mut shard = self.shard(hash).write();
        shard.entry(channel.into()).or_default().insert(client.serial, Arc::clone(client));
    }

    /// None do from now on.
    pub fn unsubscribe(&self, client: &Client, channel: &[u8], hash: Hash) {
        let mut shard = self.shard(hash).write();
        if let Some(subscribers) = shard.get_mut(channel) {
            subscribers.remove(&client.serial);
            if subscribers.is_empty() {
                shard.remove(channel);
            }
        }
    }

    /// Messages of channels that match come to the client from now on.
    pub fn subscribe_pattern(&self, client: &Arc<Client>, pattern: &[u8]) {
        let mut patterns = self.patterns.write();
        let entry = patterns
            .entry(pattern.into())
            .or_insert_with(|| PatternSubscribers { pattern: Pattern::new(pattern), subscribers: Subscribers::new() });
        entry.subscribers.insert(client.serial, Arc::clone(client));
        self.pattern_count.store(patterns.len(), Ordering::Release);
    }

    /// None do from now on.
    pub fn unsubscribe_pattern(&self, client: &Client, pattern: &[u8]) {
        let mut patterns = self.patterns.write();
        if let Some(entry) = patterns.get_mut(pattern) {
            entry.subscribers.remove(&client.serial);
            if entry.subscribers.is_empty() {
                patterns.remove(pattern);
            }
        }
        self.pattern_count.store(patterns.len(), Ordering::Release);
    }

    /// Hands a message to all who want it; how many times it was handed out.
    pub fn publish(&self, channel: &[u8], hash: Hash, message: &[u8]) -> usize {
        let mut receivers = 0;
        if let Some(subscribers) = self.shard(hash).read().get(channel) {
            receivers += send_to_all(subscribers, &[b"message", channel, message]);
        }
        if self.pattern_count.load(Ordering::Acquire) > 0 {
            for (name, entry) in self.patterns.read().iter() {
                if entry.pattern.matches(channel) {
                    receivers += send_to_all(&entry.subscribers, &[b"pmessage", name, channel, message]);
                }
            }
        }
        receivers
    }

    /// Channels with subscribers, of a pattern.
    pub fn channels(&self, pattern: Option<&Pattern>) -> Vec<Box<[u8]>> {
        let wanted = |name: &[u8]| pattern.is_none_or(|pattern| pattern.matches(name));
        let mut found = Vec::new();
        for shard in &self.channels {
            found.extend(shard.read().keys().filter(|name| wanted(name)).cloned());
        }
        found
    }

    /// Subscribers of a channel.
    pub fn subscribers(&self, channel: &[u8], hash: Hash) -> usize {
        self.shard(hash).read().get(channel).map_or(0, Subscribers::len)
    }

    /// Channels with subscribers.
    pub fn channel_count(&self) -> usize {
        self.channels.iter().map(|shard| shard.read().len()).sum()
    }

    /// Patterns with subscribers.
    pub fn pattern_count(&self) -> usize {
        self.pattern_count.load(Ordering::Acquire)
    }
}

/// The message is composed once: the versions of the protocol differ in its first byte.
fn send_to_all(subscribers: &Subscribers, words: &[&[u8]]) -> usize {
    let mut message = Vec::new();
    reply::words(&mut message, words);
    for client in subscribers.values() {
        let kind = if client.status().has(Status::RESP3) { b">" } else { b"*" };
        client.message(&[kind, &message]);
    }
    subscribers.len()
}
