//! Random operations against a plain map, with a clock that the test sets.
//!
//! The store must do exactly what the map does, but that it may refuse for want of memory, and lose items by eviction: these it
//! has to tell its observer, as every other change, once and in order. So what it shows is known exactly at every moment.
//! `RINGSTONE_MODEL_CASES` sets the number of cases.

mod model;
mod operation;
mod told;
mod version;

use model::Model;
use operation::{Operation, operation};
use proptest::prelude::*;
use ringstone_store::Eviction;

fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("RINGSTONE_MODEL_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(default),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    }
}

fn run(max_memory: u64, eviction: Eviction, operations: Vec<Operation>) {
    let mut model = Model::new(max_memory, eviction);
    for (n, operation) in operations.into_iter().enumerate() {
        model.run(operation);
        if n % 16 == 0 {
            model.integrity();
        }
    }
    model.finish();
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn nothing_is_lost_without_eviction(operations in prop::collection::vec(operation(), 1..300)) {
        run(4 << 20, Eviction::None, operations);
    }

    #[test]
    fn little_memory_without_eviction(operations in prop::collection::vec(operation(), 1..300)) {
        run(256 << 10, Eviction::None, operations);
    }

    #[test]
    fn never_wrong_with_eviction(operations in prop::collection::vec(operation(), 1..400)) {
        run(256 << 10, Eviction::S3Fifo, operations);
    }

    #[test]
    fn never_wrong_with_lru(operations in prop::collection::vec(operation(), 1..400)) {
        run(256 << 10, Eviction::Lru, operations);
    }

    #[test]
    fn never_wrong_in_the_least_memory(operations in prop::collection::vec(operation(), 1..200)) {
        run(64 << 10, Eviction::S3Fifo, operations);
    }
}
