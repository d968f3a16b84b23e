//! Bytes that cargo-fuzz found worth keeping are answered alike, however they are cut.

#[path = "common/any_bytes.rs"]
mod any_bytes;
mod common;

use std::path::Path;

#[test]
fn every_seed_is_answered_alike() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/connection");
    let mut compared = 0;
    for file in std::fs::read_dir(seeds).expect("the folder of seeds") {
        let input = std::fs::read(file.expect("a file").path()).expect("a seed");
        any_bytes::check(&input);
        compared += usize::from(any_bytes::is_told_alike(&input));
    }
    assert!(compared > 10, "{compared} seeds whose replies are compared");
}
