//! What all workers of a server share, and what one execution sees of it.

use crate::auth::Auth;
use crate::baseline::Baseline;
use crate::cells::Cells;
use crate::changes::{Listeners, Part};
use crate::client::Client;
use crate::clients::Clients;
use crate::counters::{Counters, WorkerCounters};
use crate::pubsub::PubSub;
use crate::reset_point::ResetPoint;
use crate::settings::Settings;
use crate::slowlog::SlowLog;
use crate::spikes::Spikes;
use crate::sweeper::SweepSignal;
use crate::timing::Timing;
use crate::trace::{Trace, Traced};
use crate::tracking::Tracking;
use crate::watches::WatchTable;
use crate::{Error, ErrorCode, ServerOptions};
use ringstone_net::{CountersSnapshot, NetEvent};
use ringstone_protocol::memcache::admin::Streams;
use ringstone_store::{Clock, Hash, Options as StoreOptions, ResizeError, Stats, Store, UnixMillis};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::Instant;

/// Told of events, on any thread.
pub type Host = Arc<dyn Fn(NetEvent) + Send + Sync>;

/// Above so much memcached's `verbosity` changes nothing.
const MAX_VERBOSITY: u8 = 2;
/// Codes of the events of a change of verbosity, by level: 0 is as configured, 1 debug, 2 trace.
const VERBOSITY_CODES: [&str; MAX_VERBOSITY as usize + 1] = ["VERBOSITY_0", "VERBOSITY_1", "VERBOSITY_2"];

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
    /// Who may use it.
    pub auth: Auth,
    /// What operators follow.
    pub trace: Arc<Trace>,
    /// Open connections.
    pub clients: Clients,
    /// Who is subscribed to what.
    pub pubsub: PubSub,
    /// Who is told of changes of keys.
    pub listeners: Arc<Listeners>,
    /// Who keeps copies of what.
    pub tracking: Arc<Tracking>,
    /// Set once the network side is up.
    pub network: OnceLock<Arc<ringstone_net::Counters>>,
    /// Real addresses, set once the network side is up.
    pub addresses: OnceLock<Vec<String>>,
    /// Random, to tell one start of a server from another: 40 hexadecimal digits.
    pub run_id: String,
    /// Who is told of what concerns the whole process; set before the network side is up.
    pub host: OnceLock<Host>,
    /// memcached's `verbosity`.
    verbosity: AtomicU8,
    /// For uptimes.
    pub started: Instant,
    /// For `stats reset`.
    pub baseline: Baseline,
    /// For flushes, whose memory is to be free soon.
    pub sweep_signal: SweepSignal,
    /// What can be changed while serving.
    pub settings: Settings,
    /// Keys that transactions depend on.
    pub watches: Arc<WatchTable>,
    /// For CONFIG RESETSTAT.
    pub reset_point: ResetPoint,
    /// Commands that took long.
    pub slowlog: SlowLog,
    /// Times that were long.
    pub spikes: Spikes,
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
        let auth = Auth::open(options.auth_file.as_deref())?;
        Ok(Shared { auth, ..Shared::with_store(store, options, clock) })
    }

    /// Over a store that the caller opened: benches, whose runs must be alike, give it a key of the hash of their own.
    pub fn with_store(store: Store, options: ServerOptions, clock: Arc<dyn Clock>) -> Shared {
        let listeners = Arc::new(Listeners::default());
        let tracking = Arc::new(Tracking::default());
        listeners.join(Part::Tracking, Arc::clone(&tracking) as _);
        store.observe(Arc::clone(&listeners) as _);
        let store = Arc::new(store);
        let watches = WatchTable::of(&store, &listeners);
        let trace = Arc::new(Trace::default());
        listeners.join(Part::Watch, Arc::clone(&trace) as _);
        Shared {
            listeners,
            tracking,
            trace,
            auth: Auth::default(),
            store,
            clock,
            counters: Counters::new(options.workers),
            clients: Clients::new(options.workers),
            pubsub: PubSub::default(),
            options,
            network: OnceLock::new(),
            addresses: OnceLock::new(),
            run_id: random_id(),
            host: OnceLock::new(),
            verbosity: AtomicU8::new(0),
            started: Instant::now(),
            baseline: Baseline::default(),
            sweep_signal: SweepSignal::default(),
            settings: Settings::default(),
            watches,
            reset_point: ResetPoint::default(),
            slowlog: SlowLog::default(),
            spikes: Spikes::default(),
        }
    }

    /// Port of the first TCP listener; 0 without one.
    pub fn tcp_port(&self) -> u16 {
        let addresses = self.addresses.get().into_iter().flatten();
        addresses
            .filter_map(|address| address.parse::<SocketAddr>().ok())
            .map(|address| address.port())
            .next()
            .unwrap_or(0)
    }

    /// The network's counters; zeros before it is up.
    pub fn network_snapshot(&self) -> CountersSnapshot {
        self.network.get().map(|counters| counters.snapshot()).unwrap_or_default()
    }

    /// Keys that transactions depend on, over all connections.
    pub fn watched_keys(&self) -> usize {
        self.watches.len()
    }

    /// Flushes at once, or at a later time.
    pub fn flush(&self, at_ms: UnixMillis, now_ms: UnixMillis) {
        self.flush_cells(&mut Cells::Open(&self.store), at_ms, now_ms);
    }

    /// The same for who may hold the cells.
    pub fn flush_cells(&self, cells: &mut Cells<'_>, at_ms: UnixMillis, now_ms: UnixMillis) {
        cells.flush(at_ms, now_ms);
        if self.tracking.flushed(at_ms, now_ms) {
            self.sweep_signal.look();
        }
        if at_ms <= now_ms {
            self.sweep_signal.request();
        }
    }

    /// A connection wants to watch; false if there are too many that do.
    pub fn watch(&self, client: &Arc<Client>, streams: Streams) -> bool {
        self.trace.watch(client, streams, |changes| self.listeners.want(Part::Watch, changes, &self.store))
    }

    /// A connection that watched is gone.
    pub fn unwatch(&self, client: &Client) {
        self.trace.unwatch(client, |changes| self.listeners.want(Part::Watch, changes, &self.store));
    }

    /// Tells the host, if there is one.
    fn tell(&self, code: &'static str, message: String) {
        if let Some(host) = self.host.get() {
            host(NetEvent { warning: false, code, message });
        }
    }

    /// A client wants more, or less, in the log. Told once per change.
    pub fn set_verbosity(&self, level: u64) {
        let level = u8::try_from(level).unwrap_or(MAX_VERBOSITY).min(MAX_VERBOSITY);
        if self.verbosity.swap(level, Relaxed) != level {
            self.tell(VERBOSITY_CODES[usize::from(level)], format!("a client set the verbosity to {level}"));
        }
    }

    /// A client wants the server to end.
    pub fn ask_for_shutdown(&self, client: &Client) {
        self.tell("SHUTDOWN_REQUESTED", format!("the client {} asked for a shutdown", client.peer));
    }

    /// Another limit for the items; what is beyond a lower one goes soon.
    pub fn set_max_memory(&self, bytes: u64, now_ms: UnixMillis) -> Result<(), ResizeError> {
        self.store.set_max_memory(bytes, now_ms)?;
        self.sweep_signal.look();
        Ok(())
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

/// 40 hexadecimal digits.
fn random_id() -> String {
    let digits = [random_key(), random_key(), random_key()].concat();
    digits.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// What one execution sees.
pub struct Context<'a> {
    /// Everything shared.
    pub shared: &'a Shared,
    /// The store, at hand; a command of RESP gets its entries from `cells`.
    pub store: &'a Store,
    /// The cells of the keys of a command that may be part of a transaction.
    pub cells: Cells<'a>,
    /// What is timed.
    pub timing: Timing,
    /// Counters of the worker that executes.
    pub counters: &'a WorkerCounters,
    /// Read once per batch.
    pub now_ms: UnixMillis,
    /// What operators follow of it; read once per round.
    pub traced: Traced,
    /// Reused by commands of several keys that lock several cells.
    pub hashes: &'a mut Vec<Hash>,
    /// Reused by commands that make a value from an old one; of bounded length.
    pub scratch: &'a mut Vec<u8>,
}

impl Context<'_> {
    /// Whether what is executed is part of a transaction, whose replies are parts of one.
    pub fn is_in_transaction(&self) -> bool {
        matches!(self.cells, Cells::Held(_))
    }

    /// Whether there is such a user; counted.
    pub fn login(&self, user: &[u8], password: &[u8]) -> bool {
        let is_known = self.shared.auth.check(user, password);
        self.counters.login.count(is_known);
        is_known
    }
}

/// What the connection does after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Goes on.
    Continue,
    /// Goes on with the walk that its session holds, before its next request.
    Walk,
    /// Goes on after others had their turn.
    Yield,
    /// Closes once the reply is sent.
    Close,
}
