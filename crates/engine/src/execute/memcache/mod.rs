//! memcached's commands: what they do to items (`operation`), and how each protocol asks for it and answers.

pub mod admin;
mod arithmetic;
pub mod binary;
pub mod dump;
pub mod meta;
pub mod operation;
mod stats;
pub mod text;

pub use text::{command_index, execute, get, get_index, hash, key_hash, no_room, store, store_index};

/// Version of memcached that clients may take this server for, since they decide by it what to send and to expect: the one
/// whose behaviour this was compared with.
pub const COMPATIBLE_VERSION: &str = "1.6.18";
