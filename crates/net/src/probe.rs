//! Whether io_uring works here.

/// Whether io_uring works here: ring, provided buffers, multishot receive and send on a socket pair, for real.
/// `Ok(kernel facts in words)` or `Err(reason in words that says what to do)`.
///
/// # Errors
/// The reason in words.
pub fn probe_uring() -> Result<String, String> {
    Err("not built yet".into())
}
