//! The targets, which are those of the crate's tests.

#[allow(dead_code, reason = "its packets are for the tests")]
#[path = "../../tests/suite/binary_session.rs"]
mod binary_session;
#[allow(dead_code, reason = "the tables are for the tests")]
#[path = "../../tests/suite/session.rs"]
mod session;
#[path = "../../tests/suite/targets.rs"]
mod bodies;

pub use bodies::run;
