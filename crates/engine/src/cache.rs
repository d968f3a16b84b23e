//! A cache: the items, and who is told what becomes of them. It needs no server; a server's workers and callers in the same
//! process use it alike.

use crate::cells::Cells;
use crate::changes::{Listeners, Part};
use crate::direct::Callers;
use crate::loads::Loads;
use crate::sweeper::SweepSignal;
use crate::trace::Trace;
use crate::tracking::Tracking;
use crate::watches::WatchTable;
use crate::{Error, ErrorCode};
use ringstone_store::{Clock, Eviction, Options as StoreOptions, ResizeError, Store, UnixMillis};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// How a cache is made. Complete and validated by TypeScript; there are no defaults here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    /// Bytes for items, index and ghosts.
    pub max_memory: u64,
    /// Longest value in bytes.
    pub max_value_size: u64,
    /// For items written without a TTL; 0 = never.
    pub default_ttl_ms: u64,
    /// Between sweeps for expired items.
    pub cleanup_interval_ms: u64,
    /// Policy.
    pub eviction: Eviction,
}

/// Shared by all who use it.
pub struct Cache {
    /// As opened.
    pub options: CacheOptions,
    /// The items.
    pub store: Arc<Store>,
    /// Time of day.
    pub clock: Arc<dyn Clock>,
    /// Who is told of changes of keys.
    pub listeners: Arc<Listeners>,
    /// Who keeps copies of what.
    pub tracking: Arc<Tracking>,
    /// What operators follow.
    pub trace: Arc<Trace>,
    /// Keys that transactions depend on.
    pub watches: Arc<WatchTable>,
    /// For flushes, whose memory is to be free soon.
    pub sweep_signal: SweepSignal,
    /// Who calls it without a connection.
    pub callers: Callers,
    /// Who loads what is not there.
    pub loads: Loads,
}

impl Cache {
    /// Reserves its memory.
    pub fn open(options: CacheOptions, clock: Arc<dyn Clock>) -> Result<Cache, Error> {
        if options.cleanup_interval_ms == 0 {
            return Err(Error::new(ErrorCode::InvalidOption, "cleanup_interval must be above 0"));
        }
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
        Ok(Cache::with_store(store, options, clock))
    }

    /// Over a store that the caller opened: benches, whose runs must be alike, give it a key of the hash of their own.
    pub fn with_store(store: Store, options: CacheOptions, clock: Arc<dyn Clock>) -> Cache {
        let listeners = Arc::new(Listeners::default());
        let tracking = Arc::new(Tracking::default());
        listeners.join(Part::Tracking, Arc::clone(&tracking) as _);
        store.observe(Arc::clone(&listeners) as _);
        let store = Arc::new(store);
        let watches = WatchTable::of(&store, &listeners);
        let loads = Loads::of(&store, &listeners, Arc::clone(&clock), options.default_ttl_ms);
        let trace = Arc::new(Trace::default());
        listeners.join(Part::Watch, Arc::clone(&trace) as _);
        Cache {
            options,
            store,
            clock,
            listeners,
            tracking,
            trace,
            watches,
            sweep_signal: SweepSignal::default(),
            callers: Callers::default(),
            loads,
        }
    }

    /// Flushes at once, or at a later time.
    pub fn flush(&self, at_ms: UnixMillis, now_ms: UnixMillis) {
        self.flush_cells(&mut Cells::Open(&self.store), at_ms, now_ms);
    }

    /// The same for who may hold the cells.
    pub fn flush_cells(&self, cells: &mut Cells<'_>, at_ms: UnixMillis, now_ms: UnixMillis) {
        let flushing = self.loads.flushing(at_ms, now_ms);
        cells.flush(at_ms, now_ms);
        drop(flushing);
        if self.tracking.flushed(at_ms, now_ms) {
            self.sweep_signal.look();
        }
        if at_ms <= now_ms {
            self.sweep_signal.request();
        }
    }

    /// Another limit for the items; what is beyond a lower one goes soon.
    pub fn set_max_memory(&self, bytes: u64, now_ms: UnixMillis) -> Result<(), ResizeError> {
        self.store.set_max_memory(bytes, now_ms)?;
        self.sweep_signal.look();
        Ok(())
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

/// Random per cache, from the system by way of the standard library's hash keys.
pub fn random_key() -> [u8; 16] {
    let half = || RandomState::new().hash_one(0_u64).to_ne_bytes();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&half());
    key[8..].copy_from_slice(&half());
    key
}
