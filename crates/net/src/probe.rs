//! Whether io_uring works here.

/// Whether io_uring works here: ring, provided buffers, multishot receive and send on a socket pair, for real.
/// `Ok(kernel facts in words)` or `Err(reason in words that says what to do)`.
///
/// # Errors
/// The step that failed, the system's error, what causes it as a rule (seccomp filter, sysctl, kernel, limit of locked
/// memory) and what to do.
pub fn probe_uring() -> Result<String, String> {
    #[cfg(target_os = "linux")]
    return in_its_own_thread();
    #[cfg(not(target_os = "linux"))]
    return Err("io_uring exists on Linux only".into());
}

/// When a ring is gone, the kernel interrupts what the thread that had it is waiting in.
#[cfg(target_os = "linux")]
fn in_its_own_thread() -> Result<String, String> {
    let thread = crate::thread::spawn("ringstone-probe".into(), crate::uring::probe::probe);
    let thread = thread.map_err(|error| format!("no thread to try io_uring in: {error}"))?;
    thread.join().unwrap_or_else(|_| Err("the attempt to use io_uring panicked".into()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_probe_interrupts_nothing_of_its_caller() {
        let mut poll = mio::Poll::new().expect("poll");
        let mut events = mio::Events::with_capacity(1);
        for _ in 0..20 {
            super::probe_uring().ok();
            poll.poll(&mut events, Some(std::time::Duration::from_millis(20))).expect("no interruption");
        }
    }
}
