//! A whole connection fed from memory, bytes in, replies out, without a socket: `cargo bench -p ringstone-engine`. All that
//! a request costs besides the kernel and the event loop. 100,000 items, uniform. A reported time is that of one iteration:
//! a pipeline is its whole 16 requests, executed in one turn.

mod common;

use common::{Feed, PIPELINE, Wire};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use ringstone_store::SystemClock;
use std::sync::Arc;
use std::time::Duration;

const ITEMS: u64 = 100_000;
/// Turns that are prepared, and fed over and over.
const TURNS: u64 = 4096;
/// One request in so many is a set: 90:10.
const SET_EVERY: u64 = 10;
/// Spreads the numbers of requests over the items; it has no factor in common with `ITEMS`.
const STRIDE: u64 = 7_368_787;

/// Number of the item that the n-th request is about.
fn scattered(n: u64) -> u64 {
    n * STRIDE % ITEMS
}

/// Feeds turns of `requests` requests, each made by `request` from its number.
fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    feed: &mut Feed,
    name: &str,
    requests: usize,
    request: impl Fn(u64) -> Vec<u8>,
) {
    let count = requests as u64;
    let turns: Vec<Vec<u8>> =
        (0..TURNS).map(|turn| (turn * count..(turn + 1) * count).flat_map(&request).collect()).collect();
    let mut turn = turns.iter().cycle();
    group.throughput(Throughput::Elements(count));
    group.bench_function(name, |bench| bench.iter(|| feed.turn(turn.next().expect("a cycle has no end"))));
}

fn connection(criterion: &mut Criterion, wire: Wire) {
    let mut feed = Feed::new(wire, ITEMS, Arc::new(SystemClock::new()));
    assert_eq!(feed.turn(&wire.get(ITEMS - 1)), wire.hit_bytes());
    assert_eq!(feed.turn(&wire.get(ITEMS)), wire.miss_bytes());
    let get = |n| wire.get(scattered(n));
    let mixed = |n| if n % SET_EVERY == 0 { wire.set(scattered(n)) } else { get(n) };
    let mut group = criterion.benchmark_group(format!("connection: {}", wire.name()));
    bench(&mut group, &mut feed, "get", 1, get);
    bench(&mut group, &mut feed, "get that misses", 1, |n| wire.get(ITEMS + n));
    bench(&mut group, &mut feed, "set", 1, |n| wire.set(scattered(n)));
    bench(&mut group, &mut feed, "90:10", 1, mixed);
    bench(&mut group, &mut feed, "pipeline of 16 gets", PIPELINE, get);
    bench(&mut group, &mut feed, "pipeline of 16, 90:10", PIPELINE, mixed);
}

fn memcached(criterion: &mut Criterion) {
    connection(criterion, Wire::Memcached);
}

fn resp(criterion: &mut Criterion) {
    connection(criterion, Wire::Resp);
}

criterion_group! {
    name = benches;
    // Quick by default, so that all benches together take some minutes.
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    targets = memcached, resp
}
criterion_main!(benches);
