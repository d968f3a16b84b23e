//! What the crate promises, from outside: tables of (bytes, meaning), the same bytes split anywhere, random bytes.

mod binary;
mod binary_session;
mod detect;
mod extended;
mod glob;
mod memcache_admin;
mod memcache_meta;
mod memcache_storage;
mod memcache_text;
mod memcache_time;
mod ping_echo;
mod random;
mod replies;
mod resp_command;
mod resp_options;
mod resp_requests;
mod session;
mod targets;
