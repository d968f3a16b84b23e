//! The parsers on what clients mostly send: `cargo bench -p ringstone-protocol`. 16-byte keys, 100-byte values. A reported
//! time is that of one iteration: a pipeline is its whole 16 requests.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ringstone_protocol::memcache::text;
use ringstone_protocol::resp::{command, parse as resp};
use std::hint::black_box;
use std::time::Duration;

const PIPELINE: usize = 16;
const VALUE: [u8; 100] = [b'v'; 100];

const MEMCACHE: text::Limits = text::Limits { max_value_size: 8 << 20, large_value: 16 << 10 };
const RESP: resp::Limits =
    resp::Limits { max_arguments: 1 << 20, max_bulk: 512 << 20, large_value: 16 << 10, max_inline: 64 << 10 };

fn key(n: usize) -> String {
    format!("key:{n:012}")
}

fn value() -> String {
    String::from_utf8(VALUE.to_vec()).expect("letters")
}

fn memcache_get(n: usize) -> String {
    format!("get {}\r\n", key(n))
}

fn memcache_set(n: usize) -> String {
    format!("set {} 0 0 {}\r\n{}\r\n", key(n), VALUE.len(), value())
}

fn resp_array(arguments: &[&str]) -> String {
    let bulk = |argument: &&str| format!("${}\r\n{argument}\r\n", argument.len());
    format!("*{}\r\n{}", arguments.len(), arguments.iter().map(bulk).collect::<String>())
}

fn resp_get(n: usize) -> String {
    resp_array(&["GET", &key(n)])
}

fn resp_set(n: usize) -> String {
    resp_array(&["SET", &key(n), &value()])
}

/// Parses all requests of the input; answers how many.
fn parse_memcache(mut input: &[u8]) -> usize {
    let mut requests = 0;
    while !input.is_empty() {
        match text::parse(input, &MEMCACHE) {
            text::Parsed::Request { request, consumed } => {
                black_box(request);
                input = &input[consumed..];
                requests += 1;
            }
            other => unreachable!("{other:?}"),
        }
    }
    requests
}

/// As above, with what the engine does to know the command.
fn parse_resp(mut input: &[u8]) -> usize {
    let mut progress = resp::Progress::default();
    let mut requests = 0;
    while !input.is_empty() {
        match resp::parse(input, &RESP, &mut progress) {
            resp::Parsed::Request { args, consumed } => {
                let name = args.into_iter().next().unwrap_or_default();
                black_box(command::lookup(name).expect("a known command"));
                black_box(args);
                input = &input[consumed..];
                requests += 1;
            }
            other => unreachable!("{other:?}"),
        }
    }
    requests
}

fn bench(criterion: &mut Criterion, protocol: &str, parse: fn(&[u8]) -> usize, get: String, set: String, all: String) {
    let mut group = criterion.benchmark_group(format!("parser: {protocol}"));
    let cases = [("get", get, 1), ("set", set, 1), ("pipeline of 16 gets", all, PIPELINE)];
    for (name, input, requests) in cases {
        assert_eq!(parse(input.as_bytes()), requests, "{name}");
        group.throughput(Throughput::Elements(requests as u64));
        group.bench_function(name, |bench| bench.iter(|| parse(black_box(input.as_bytes()))));
    }
}

fn memcache(criterion: &mut Criterion) {
    let pipeline = (0..PIPELINE).map(memcache_get).collect();
    bench(criterion, "memcached", parse_memcache, memcache_get(0), memcache_set(0), pipeline);
}

fn resp(criterion: &mut Criterion) {
    let pipeline = (0..PIPELINE).map(resp_get).collect();
    bench(criterion, "RESP", parse_resp, resp_get(0), resp_set(0), pipeline);
}

criterion_group! {
    name = benches;
    // Quick by default, so that all benches together take some minutes.
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    targets = memcache, resp
}
criterion_main!(benches);
