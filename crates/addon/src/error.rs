//! Engine errors as JavaScript errors: `error.code` is `ErrorCode::as_str`.

use napi::Status;
use ringstone_engine::ErrorCode;

/// What becomes `error.code`.
#[derive(Clone, Copy, Debug)]
pub enum Code {
    /// The engine's.
    Engine(ErrorCode),
    /// Node-API's own (an argument of the wrong type and the like).
    Napi(Status),
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        match self {
            Code::Engine(code) => code.as_str(),
            Code::Napi(status) => status.as_ref(),
        }
    }
}

impl From<Status> for Code {
    fn from(status: Status) -> Self {
        Code::Napi(status)
    }
}

/// Result of a function that JavaScript calls.
pub type Result<T> = std::result::Result<T, napi::Error<Code>>;

/// An engine error, for JavaScript.
pub fn from_engine(error: ringstone_engine::Error) -> napi::Error<Code> {
    napi::Error::new(Code::Engine(error.code), error.message)
}

/// A value that `ts/config` should have refused.
pub fn invalid_option(message: impl Into<String>) -> napi::Error<Code> {
    napi::Error::new(Code::Engine(ErrorCode::InvalidOption), message.into())
}
