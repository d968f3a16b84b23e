//! FLUSHALL is one step: who writes several keys in one step sees all of them flushed, or none.

mod common;

use common::{Bench, Client, options};
use ringstone_engine::{Protocol, ServerOptions, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rounds of the race; `RINGSTONE_FLUSH_ROUNDS` for more.
const ROUNDS: u64 = 20_000;

#[test]
fn a_flush_is_one_step() {
    let rounds = std::env::var("RINGSTONE_FLUSH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let mut bench = Bench::new(ServerOptions { workers: 2, ..options() });
    let (shared, is_done) = (Arc::clone(&bench.shared), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut worker = Worker::new(shared, 1);
            let mut client = Client::new(Protocol::Resp);
            while !is_done.load(Ordering::Relaxed) {
                client.send(&mut worker, b"FLUSHALL\r\n");
                client.replies.clear();
            }
        });
        let mut client = Client::new(Protocol::Resp);
        let mut torn = None;
        for _ in 0..rounds {
            client.send(&mut bench.worker, b"MSET a 1 b 1 c 1 d 1\r\nMGET a b c d\r\n");
            let text = client.take_text();
            if text.contains("$1") && text.contains("$-1") {
                torn = Some(text);
                break;
            }
        }
        is_done.store(true, Ordering::Relaxed);
        assert_eq!(torn, None);
    });
}
