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
    #[error("cannot connect to {target}: {source}{}", after(*opened, *wanted))]
    Connect {
        /// As given.
        target: Target,
        /// Connections that were opened before.
        opened: usize,
        /// Connections that were asked for.
        wanted: usize,
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

/// How far it came; nothing where the first connection failed.
fn after(opened: usize, wanted: usize) -> String {
    if opened == 0 { String::new() } else { format!(" (connection {} of {wanted})", opened + 1) }
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::Error;
    use crate::Target;

    #[test]
    fn a_connection_that_fails_after_others_says_which() {
        let failed = |opened| {
            let target = Target::Tcp(([127, 0, 0, 1], 9).into());
            Error::Connect { target, opened, wanted: 50, source: io::Error::other("refused") }.to_string()
        };
        assert_eq!(failed(0), "cannot connect to 127.0.0.1:9: refused");
        assert_eq!(failed(19), "cannot connect to 127.0.0.1:9: refused (connection 20 of 50)");
    }
}
