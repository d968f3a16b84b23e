//! Lookups beside the crate `segcache` (Pelikan's): `cargo bench -p ringstone-store --bench segcache [-- ITEMS ...]
//! [--rounds N]`. One thread, uniform, and the value is copied into a buffer, as a server does. The variants take turns
//! in rounds, so that what a machine's other load does to one it does to all; what counts are the ratios of the medians.
//! docs/benchmarks.md has the conditions.

mod common;

use common::{Key, Random, VALUE, filled, get, get_batch, key};
use ringstone_store::Store;
use segcache::{Segcache, Value};
use std::hint::black_box;
use std::time::{Duration, Instant};

const DEFAULT_ITEMS: [u64; 2] = [100_000, 10_000_000];
const DEFAULT_ROUNDS: usize = 9;
/// Lookups of one variant in one round.
const LOOKUPS: u64 = 1 << 20;
/// Segments as large as those of its own documentation and benches.
const SEGMENT_BYTES: i32 = 1 << 20;
/// Bytes of a value's reply buffer that are filled before it is sent: a turn of 32 replies.
const REPLIES_BYTES: usize = 32 * VALUE.len();

/// Ratios that are to hold, as (variant, items from which on, most).
const TARGETS: [(&str, u64, f64); 4] =
    [(ONE_BY_ONE, 0, 1.0), (ONE_BY_ONE, 10_000_000, 1.1), (BATCH_16, 0, 0.45), (BATCH_32, 0, 0.45)];
const SEGCACHE: &str = "segcache get";
const ONE_BY_ONE: &str = "one by one";
const BATCH_16: &str = "batches of 16";
const BATCH_32: &str = "batches of 32";

/// A cache of `items`, which are all there, with the smallest table that takes them. By its documentation that is 7/8 of
/// 2^N slots; but its buckets do not chain, so that some item finds both of its own full well before that.
fn filled_segcache(items: u64) -> (Segcache, u8) {
    let least = (items * 8).div_ceil(7).next_power_of_two().ilog2() as u8;
    let heap_bytes = ((items * common::ITEM_BYTES) as usize).next_multiple_of(SEGMENT_BYTES as usize);
    let (cache, hash_power) = (least..)
        .find_map(|hash_power| {
            let builder = Segcache::builder().hash_power(hash_power);
            let cache = builder.heap_size(heap_bytes).segment_size(SEGMENT_BYTES).build().expect("memory");
            // No time to live.
            let fits = (0..items).all(|n| cache.insert(&key(n), &VALUE[..], None, Duration::ZERO).is_ok());
            fits.then_some((cache, hash_power))
        })
        .expect("some table is large enough");
    let present = (0..items).filter(|&n| cache.get(&key(n)).is_some_and(|item| item.key() == key(n))).count();
    assert_eq!(present as u64, items, "segcache holds all items");
    (cache, hash_power)
}

#[inline]
fn get_segcache(cache: &Segcache, key: &[u8], replies: &mut Vec<u8>) {
    let item = cache.get(key).expect("all items are there");
    match item.value() {
        Value::Bytes(bytes) => replies.extend_from_slice(bytes),
        Value::U64(_) => unreachable!("no value is a number"),
    }
}

/// Runs `LOOKUPS` lookups, a batch at a time; answers with nanoseconds per lookup.
fn timed<const N: usize>(items: u64, random: &mut Random, mut look_up: impl FnMut(&[Key; N], &mut Vec<u8>)) -> f64 {
    let mut replies = Vec::with_capacity(2 * REPLIES_BYTES);
    let start = Instant::now();
    for _ in 0..LOOKUPS / N as u64 {
        let keys: [Key; N] = std::array::from_fn(|_| key(random.below(items)));
        look_up(&keys, &mut replies);
        if replies.len() >= REPLIES_BYTES {
            black_box(&replies[..]);
            replies.clear();
        }
    }
    start.elapsed().as_nanos() as f64 / LOOKUPS as f64
}

fn round(variant: &str, store: &Store, cache: &Segcache, items: u64, random: &mut Random) -> f64 {
    match variant {
        SEGCACHE => timed::<1>(items, random, |[key], replies| get_segcache(cache, key, replies)),
        ONE_BY_ONE => timed::<1>(items, random, |[key], replies| get(store, key, store.hash(key), replies)),
        BATCH_16 => timed::<16>(items, random, |keys, replies| get_batch(store, keys, replies)),
        _ => timed::<32>(items, random, |keys, replies| get_batch(store, keys, replies)),
    }
}

fn median(times_ns: &mut [f64]) -> f64 {
    times_ns.sort_by(f64::total_cmp);
    times_ns[times_ns.len() / 2]
}

fn compare(items: u64, rounds: usize) {
    const VARIANTS: [&str; 4] = [SEGCACHE, ONE_BY_ONE, BATCH_16, BATCH_32];
    let (store, (cache, hash_power)) = (filled(items), filled_segcache(items));
    println!("{items:>10}  all there in both; segcache with hash power {hash_power}");
    let mut random = Random::new();
    let mut times_ns: [Vec<f64>; VARIANTS.len()] = Default::default();
    for number in 0..=rounds {
        for turn in 0..VARIANTS.len() {
            let variant = (number + turn) % VARIANTS.len();
            let time_ns = round(VARIANTS[variant], &store, &cache, items, &mut random);
            // The first round warms up.
            if number > 0 {
                times_ns[variant].push(time_ns);
            }
        }
    }
    let segcache_ns = median(&mut times_ns[0]);
    for (variant, times_ns) in VARIANTS.iter().zip(&mut times_ns) {
        let (median_ns, least_ns) = (median(times_ns), times_ns[0]);
        let ratio = median_ns / segcache_ns;
        let target = TARGETS.iter().rfind(|(name, from, _)| name == variant && items >= *from);
        let verdict = target.map_or(String::new(), |&(_, _, most)| {
            format!("  {} {most:.2}", if ratio <= most { "<=" } else { "above" })
        });
        println!("{items:>10}  {variant:<14} {median_ns:>9.1} {least_ns:>9.1} {ratio:>6.2}{verdict}");
    }
}

fn main() {
    let mut items = Vec::new();
    let mut rounds = DEFAULT_ROUNDS;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--rounds" => rounds = arguments.next().and_then(|text| text.parse().ok()).expect("--rounds N"),
            text => match text.parse() {
                Ok(number) => items.push(number),
                // A filter, or an option of criterion's, given to all benches alike.
                Err(_) if "segcache".contains(text) => {}
                Err(_) => return,
            },
        }
    }
    let items = if items.is_empty() { DEFAULT_ITEMS.to_vec() } else { items };
    println!("     items  lookup         median ns  least ns  ratio  target");
    items.into_iter().for_each(|items| compare(items, rounds));
}
