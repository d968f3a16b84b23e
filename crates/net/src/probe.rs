//! Whether io_uring works here.

/// Whether io_uring works here: ring, provided buffers, multishot receive and send on a socket pair, for real.
/// `Ok(kernel facts in words)` or `Err(reason in words that says what to do)`.
///
/// # Errors
/// The step that failed, the system's error, what causes it as a rule (seccomp filter, sysctl, kernel, limit of locked
/// memory) and what to do.
pub fn probe_uring() -> Result<String, String> {
    #[cfg(target_os = "linux")]
    return crate::uring::probe::probe();
    #[cfg(not(target_os = "linux"))]
    return Err("io_uring exists on Linux only".into());
}
