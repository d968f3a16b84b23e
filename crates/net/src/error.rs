//! Why serving could not start.

use std::io;

use thiserror::Error;

/// Why serving could not start.
#[derive(Debug, Error)]
pub enum NetError {
    /// Address and the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL ...).
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// As given.
        address: String,
        /// The system's.
        source: io::Error,
    },
    /// `RuntimeChoice::Uring` and io_uring does not work here: the reason in words.
    #[error("io_uring is not available: {0}")]
    UringUnavailable(String),
    /// Anything else at start.
    #[error("cannot start the network: {0}")]
    Start(#[from] io::Error),
}
