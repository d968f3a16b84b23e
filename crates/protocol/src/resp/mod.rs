//! RESP2 and RESP3.
pub mod command;
pub mod options;
pub mod parse;
pub mod reply;
