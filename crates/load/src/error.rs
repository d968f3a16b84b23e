//! Why a run could not be made.

use std::io;

use thiserror::Error;

use crate::Target;

/// Why a run could not be made. What goes wrong within a run is in its report.
#[derive(Debug, Error)]
pub enum Error {
    /// An option that TypeScript should have refused.
    #[error("{0}")]
    InvalidOption(String),
    /// The target did not take a connection.
    #[error("cannot connect to {target}: {source}")]
    Connect {
        /// As given.
        target: Target,
        /// The system's reason.
        source: io::Error,
    },
    /// The CPU time of the server's process cannot be read.
    #[error("cannot read the CPU time of process {pid}: {source}")]
    Process {
        /// As given.
        pid: u32,
        /// The system's reason.
        source: io::Error,
    },
    /// A thread or an event queue could not be made.
    #[error("cannot start the load: {0}")]
    Start(#[from] io::Error),
}

impl Error {
    /// The code as JavaScript sees it in `error.code`; `ts/errors.ts` and docs/errors.md list it.
    pub fn code(&self) -> &'static str {
        match self {
            Error::InvalidOption(_) => "RINGSTONE_INVALID_OPTION",
            Error::Connect { .. } => "RINGSTONE_CONNECT_FAILED",
            Error::Process { .. } => "RINGSTONE_PROCESS_UNREADABLE",
            Error::Start(_) => "RINGSTONE_START_FAILED",
        }
    }
}
