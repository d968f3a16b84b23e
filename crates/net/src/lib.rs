//! Sockets <-> bytes: the event loops (io_uring and mio) behind one interface, the acceptor, buffer pools and chains.

pub mod service;
pub use service::*;
