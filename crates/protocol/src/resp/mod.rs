//! RESP2 and RESP3. Authority: Valkey 8; its texts of errors are part of the protocol, for clients match on them.

mod args;
pub mod command;
pub mod extended;
mod inline;
pub mod keys;
mod left_out;
mod natural;
pub mod options;
pub mod parse;
mod plain;
pub mod reply;
mod table;
