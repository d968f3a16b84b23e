//! Amounts that many connections move between keys, on several workers at once: whoever looks at all keys in one step sees
//! the same sum. `RINGSTONE_TRANSFERS` sets how many each connection makes.

mod common;

use common::{Client, cache_options, options};
use ringstone_engine::{Cache, Protocol, Shared, Worker};
use ringstone_store::SystemClock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const KEYS: usize = 24;
const START: i64 = 1000;
const WORKERS: usize = 6;
const DEFAULT_TRANSFERS: u64 = 3000;

/// A connection and the worker that serves it.
struct Served {
    worker: Worker,
    client: Client,
    random: u64,
}

impl Served {
    fn new(shared: &Arc<Shared>, index: usize) -> Served {
        let worker = Worker::new(Arc::clone(shared), index);
        Served { worker, client: Client::new(Protocol::Resp), random: 0x9E37_79B9 + index as u64 * 77 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    fn ask(&mut self, lines: &str) -> String {
        self.client.replies.clear();
        self.client.send(&mut self.worker, lines.as_bytes());
        self.client.text()
    }

    /// Moves an amount by two commands of one transaction.
    fn move_blindly(&mut self) {
        let (from, to, amount) = (self.below(KEYS as u64), self.below(KEYS as u64), self.below(9));
        let reply = self.ask(&format!("MULTI\r\nDECRBY key{from} {amount}\r\nINCRBY key{to} {amount}\r\nEXEC\r\n"));
        assert!(reply.starts_with("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:"), "{reply}");
    }

    /// Moves what was read before, unless one of the keys has changed meanwhile; true if it was done.
    fn move_watched(&mut self) -> bool {
        let (from, to) = (self.below(KEYS as u64), self.below(KEYS as u64));
        let (from, to) = if from == to { (from, (to + 1) % KEYS as u64) } else { (from, to) };
        let read = self.ask(&format!("WATCH key{from} key{to}\r\nMGET key{from} key{to}\r\n"));
        let values = numbers(&read);
        let amount = self.below(9) as i64;
        let (less, more) = (values[0] - amount, values[1] + amount);
        let reply = self.ask(&format!("MULTI\r\nSET key{from} {less}\r\nMSET key{to} {more}\r\nEXEC\r\n"));
        match reply.strip_prefix("+OK\r\n+QUEUED\r\n+QUEUED\r\n") {
            Some("*2\r\n+OK\r\n+OK\r\n") => true,
            Some("*-1\r\n") => false,
            _ => panic!("{reply}"),
        }
    }
}

/// The values of a reply of bulk strings.
fn numbers(reply: &str) -> Vec<i64> {
    let lines: Vec<&str> = reply.split("\r\n").collect();
    lines.windows(2).filter(|pair| pair[0].starts_with('$')).map(|pair| pair[1].parse().expect("a number")).collect()
}

fn all_keys() -> String {
    (0..KEYS).map(|key| format!(" key{key}")).collect()
}

fn cache() -> Arc<Cache> {
    Arc::new(Cache::open(cache_options(), Arc::new(SystemClock::new())).expect("the store opens"))
}

#[test]
fn sums_hold_for_whoever_looks_in_one_step() {
    let transfers = std::env::var("RINGSTONE_TRANSFERS").ok().and_then(|n| n.parse().ok()).unwrap_or(DEFAULT_TRANSFERS);
    let options = ringstone_engine::ServerOptions { workers: WORKERS, ..options() };
    let shared = Arc::new(Shared::open(cache(), options).expect("opens"));
    let fill: String = (0..KEYS).map(|key| format!("SET key{key} {START}\r\n")).collect();
    Served::new(&shared, 0).ask(&fill);
    let (moved, refused, looks) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let movers: Vec<_> = (0..WORKERS - 2)
            .map(|index| {
                let (shared, moved, refused) = (&shared, &moved, &refused);
                scope.spawn(move || {
                    let mut served = Served::new(shared, index);
                    for _ in 0..transfers {
                        if index % 2 == 0 {
                            served.move_blindly();
                        } else if served.move_watched() {
                            moved.fetch_add(1, Ordering::Relaxed);
                        } else {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for index in WORKERS - 2..WORKERS {
            let (shared, is_over, looks) = (&shared, &is_over, &looks);
            scope.spawn(move || {
                let mut served = Served::new(shared, index);
                let look = match index % 2 {
                    0 => format!("MULTI\r\nMGET{}\r\nEXEC\r\n", all_keys()),
                    _ => format!("MGET{}\r\n", all_keys()),
                };
                while !is_over.load(Ordering::Relaxed) {
                    let reply = served.ask(&look);
                    let values = numbers(&reply);
                    assert_eq!((values.len(), values.iter().sum::<i64>()), (KEYS, KEYS as i64 * START), "{reply}");
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        movers.into_iter().for_each(|mover| mover.join().expect("every transfer is answered"));
        is_over.store(true, Ordering::Relaxed);
    });
    let values = numbers(&Served::new(&shared, 0).ask(&format!("MGET{}\r\n", all_keys())));
    assert_eq!(values.iter().sum::<i64>(), KEYS as i64 * START);
    let [moved, refused, looks] = [moved, refused, looks].map(AtomicU64::into_inner);
    assert!(moved > 0 && refused > 0 && looks > 0, "moved {moved}, refused {refused}, looked {looks}");
    assert_eq!(shared.cache.watches.len(), 0);
    shared.store.check_integrity();
}
