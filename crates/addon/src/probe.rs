//! What this machine allows.

use napi_derive::napi;

/// Whether io_uring works here.
#[napi(object)]
pub struct Probe {
    /// A real round trip worked.
    pub available: bool,
    /// Facts, or the reason and what to do about it, in words.
    pub detail: String,
}

/// Makes a ring and sends bytes through it, on a socket pair.
#[napi]
pub fn probe() -> Probe {
    match ringstone_engine::probe_uring() {
        Ok(detail) => Probe { available: true, detail },
        Err(detail) => Probe { available: false, detail },
    }
}
