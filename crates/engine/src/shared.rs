//! What all workers of a server share, and what one execution sees of it.

use crate::baseline::Baseline;
use crate::cells::Cells;
use crate::changes::Listeners;
use crate::clients::Clients;
use crate::counters::{Counters, WorkerCounters};
use crate::pubsub::PubSub;
use crate::sweeper::SweepSignal;
use crate::{Error, ErrorCode, ServerOptions};
use ringstone_net::CountersSnapshot;
use ringstone_store::{Clock, Hash, Options as StoreOptions, Stats, Store, UnixMillis};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Instant;

/// Shared by the workers, the sweeper and the readers of statistics.
pub struct Shared {
    /// The items.
    pub store: Arc<Store>,
    /// Time of day.
    pub clock: Arc<dyn Clock>,
    /// As started.
    pub options: ServerOptions,
    /// The workers' counters.
    pub counters: Counters,
    /// Open connections.
    pub clients: Clients,
    /// Who is subscribed to what.
    pub pubsub: PubSub,
    /// Who is told of changes of keys.
    pub listeners: Arc<Listeners>,
    /// Set once the network side is up.
    pub network: OnceLock<Arc<ringstone_net::Counters>>,
    /// For uptimes.
    pub started: Instant,
    /// For `stats reset`.
    pub baseline: Baseline,
    /// For flushes, whose memory is to be free soon.
    pub sweep_signal: SweepSignal,
}

impl Shared {
    /// Opens the store.
    pub fn open(options: ServerOptions, clock: Arc<dyn Clock>) -> Result<Shared, Error> {
        let store = Store::open(StoreOptions {
            max_memory: options.max_memory,
            max_value_size: options.max_value_size,
            eviction: options.eviction,
            hash_key: random_key(),
        })
        .map_err(|error| {
            let message = format!(
                "cannot reserve {} bytes for the cache: {error}; lower max_memory or raise the limit of address space (ulimit -v)",
                options.max_memory
            );
            Error::new(ErrorCode::ArenaRefused, message)
        })?;
        Ok(Shared::with_store(store, options, clock))
    }

    /// Over a store that the caller opened: benches, whose runs must be alike, give it a key of the hash of their own.
    pub fn with_store(store: Store, options: ServerOptions, clock: Arc<dyn Clock>) -> Shared {
        let listeners = Arc::new(Listeners::default());
        store.observe(Arc::clone(&listeners) as _);
        Shared {
            listeners,
            store: Arc::new(store),
            clock,
            counters: Counters::new(options.workers),
            clients: Clients::new(options.workers),
            pubsub: PubSub::default(),
            options,
            network: OnceLock::new(),
            started: Instant::now(),
            baseline: Baseline::default(),
            sweep_signal: SweepSignal::default(),
        }
    }

    /// The network's counters; zeros before it is up.
    pub fn network_snapshot(&self) -> CountersSnapshot {
        self.network.get().map(|counters| counters.snapshot()).unwrap_or_default()
    }

    /// Flushes at once, or at a later time.
    pub fn flush(&self, at_ms: UnixMillis, now_ms: UnixMillis) {
        self.store.flush(at_ms, now_ms);
        if at_ms <= now_ms {
            self.sweep_signal.request();
        }
    }

    /// The store's counters.
    pub fn store_stats(&self) -> Stats {
        self.store.stats()
    }

    /// Default time of expiry of an item written now without one.
    #[inline]
    pub fn default_expiry(&self, now_ms: UnixMillis) -> UnixMillis {
        match self.options.default_ttl_ms {
            0 => 0,
            ttl => now_ms.saturating_add(ttl),
        }
    }
}

/// Random per process, from the system by way of the standard library's hash keys.
fn random_key() -> [u8; 16] {
    let half = || RandomState::new().hash_one(0_u64).to_ne_bytes();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&half());
    key[8..].copy_from_slice(&half());
    key
}

/// What one execution sees.
pub struct Context<'a> {
    /// Everything shared.
    pub shared: &'a Shared,
    /// The store, at hand; a command of RESP gets its entries from `cells`.
    pub store: &'a Store,
    /// The cells of the keys of a command that may be part of a transaction.
    pub cells: Cells<'a>,
    /// Counters of the worker that executes.
    pub counters: &'a WorkerCounters,
    /// Read once per batch.
    pub now_ms: UnixMillis,
    /// Reused by commands of several keys that lock several cells.
    pub hashes: &'a mut Vec<Hash>,
    /// Reused by commands that make a value from an old one; of bounded length.
    pub scratch: &'a mut Vec<u8>,
}

/// What the connection does after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Goes on.
    Continue,
    /// Closes once the reply is sent.
    Close,
}
