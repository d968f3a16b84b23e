//! What all workers of a server share, and what one execution sees of it.

use crate::auth::Auth;
use crate::baseline::Baseline;
use crate::cache::{Cache, random_key};
use crate::cells::Cells;
use crate::changes::Part;
use crate::client::Client;
use crate::clients::Clients;
use crate::counters::{Counters, WorkerCounters};
use crate::options::OUTPUT_LIMIT;
use crate::pubsub::PubSub;
use crate::reset_point::ResetPoint;
use crate::settings::Settings;
use crate::slowlog::SlowLog;
use crate::spikes::Spikes;
use crate::timing::Timing;
use crate::trace::Traced;
use crate::{Error, ServerOptions};
use ringstone_net::{CountersSnapshot, NetEvent};
use ringstone_protocol::memcache::admin::Streams;
use ringstone_store::{Hash, Stats, Store, UnixMillis};
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

/// Shared by the workers of a server and the readers of statistics.
pub struct Shared {
    /// What is served.
    pub cache: Arc<Cache>,
    /// Its items, at hand.
    pub store: Arc<Store>,
    /// As started.
    pub options: ServerOptions,
    /// The workers' counters.
    pub counters: Counters,
    /// Who may use it.
    pub auth: Auth,
    /// Open connections.
    pub clients: Clients,
    /// Who is subscribed to what.
    pub pubsub: PubSub,
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
    /// What can be changed while serving.
    pub settings: Settings,
    /// For CONFIG RESETSTAT.
    pub reset_point: ResetPoint,
    /// Commands that took long.
    pub slowlog: SlowLog,
    /// Times that were long.
    pub spikes: Spikes,
}

impl Shared {
    /// Of a server of this cache.
    pub fn open(cache: Arc<Cache>, options: ServerOptions) -> Result<Shared, Error> {
        let auth = Auth::open(options.auth_file.as_deref())?;
        Ok(Shared {
            store: Arc::clone(&cache.store),
            cache,
            auth,
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
            settings: Settings::default(),
            reset_point: ResetPoint::default(),
            slowlog: SlowLog::default(),
            spikes: Spikes::default(),
        })
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

    /// A connection wants to watch; false if there are too many that do.
    pub fn watch(&self, client: &Arc<Client>, streams: Streams) -> bool {
        let want = |changes| self.cache.listeners.want(Part::Watch, changes, &self.store);
        self.cache.trace.watch(client, streams, want)
    }

    /// A connection that watched is gone.
    pub fn unwatch(&self, client: &Client) {
        let want = |changes| self.cache.listeners.want(Part::Watch, changes, &self.store);
        self.cache.trace.unwatch(client, want);
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

    /// Bytes of queued replies above which a connection is closed, large values included, which are sent from the store
    /// and cost nothing: as many as the store can hold, and two more that it has let go.
    pub fn output_limit(&self) -> usize {
        let cache = &self.cache.options;
        let bytes = cache.max_memory.saturating_add(cache.max_value_size.saturating_mul(2));
        OUTPUT_LIMIT.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// The store's counters.
    pub fn store_stats(&self) -> Stats {
        self.store.stats()
    }
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
        matches!(self.cells, Cells::Held { .. })
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
