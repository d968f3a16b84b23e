//! memcached's protocols. Authority: memcached's doc/protocol.txt and the behaviour of the newest 1.6.

pub mod admin;
pub mod binary;
pub mod key;
mod line;
pub mod login;
pub mod meta;
pub mod meta_reply;
pub mod reply;
pub mod text;
pub mod time;
mod words;
