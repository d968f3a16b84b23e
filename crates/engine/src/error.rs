//! The one error type that leaves the core.

/// Stable codes; `ts/errors.ts` lists the same names in the same order, and docs/errors.md documents each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// A listener's address is taken.
    AddressInUse,
    /// A listener's address does not exist on this machine.
    AddressUnavailable,
    /// The system forbids it (port below 1024, socket path).
    PermissionDenied,
    /// `runtime = uring` and io_uring does not work here.
    UringUnavailable,
    /// The memory for the arena was refused.
    ArenaRefused,
    /// An option that TypeScript should have refused.
    InvalidOption,
    /// The server was stopped already.
    Stopped,
    /// Threads, rings or sockets could not be made.
    StartFailed,
    /// The file of users cannot be read, or is no such file.
    AuthFile,
    /// A cache of that name is open with other options.
    OptionsDiffer,
    /// The cache has a server already.
    AlreadyServing,
    /// The cache was closed already.
    Closed,
}

impl ErrorCode {
    /// All, in order.
    pub const ALL: [ErrorCode; 12] = [
        ErrorCode::AddressInUse,
        ErrorCode::AddressUnavailable,
        ErrorCode::PermissionDenied,
        ErrorCode::UringUnavailable,
        ErrorCode::ArenaRefused,
        ErrorCode::InvalidOption,
        ErrorCode::Stopped,
        ErrorCode::StartFailed,
        ErrorCode::AuthFile,
        ErrorCode::OptionsDiffer,
        ErrorCode::AlreadyServing,
        ErrorCode::Closed,
    ];

    /// The code as JavaScript sees it in `error.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::AddressInUse => "RINGSTONE_ADDRESS_IN_USE",
            ErrorCode::AddressUnavailable => "RINGSTONE_ADDRESS_UNAVAILABLE",
            ErrorCode::PermissionDenied => "RINGSTONE_PERMISSION_DENIED",
            ErrorCode::UringUnavailable => "RINGSTONE_URING_UNAVAILABLE",
            ErrorCode::ArenaRefused => "RINGSTONE_ARENA_REFUSED",
            ErrorCode::InvalidOption => "RINGSTONE_INVALID_OPTION",
            ErrorCode::Stopped => "RINGSTONE_STOPPED",
            ErrorCode::StartFailed => "RINGSTONE_START_FAILED",
            ErrorCode::AuthFile => "RINGSTONE_AUTH_FILE",
            ErrorCode::OptionsDiffer => "RINGSTONE_OPTIONS_DIFFER",
            ErrorCode::AlreadyServing => "RINGSTONE_ALREADY_SERVING",
            ErrorCode::Closed => "RINGSTONE_CLOSED",
        }
    }
}

/// A code and what happened, in words that say what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Which.
    pub code: ErrorCode,
    /// In words.
    pub message: String,
}

impl Error {
    /// Makes one.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Error { code, message: message.into() }
    }
}
