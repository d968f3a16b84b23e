//! Threads that leave every signal to the host's main thread.

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::sys;

/// Starts a named thread with all signals blocked from its first instruction on: a new thread inherits its maker's mask.
pub fn spawn<T: Send + 'static>(name: String, body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    let mask = sys::block_signals();
    let thread = Builder::new().name(name).spawn(body);
    sys::restore_signals(&mask);
    thread
}
