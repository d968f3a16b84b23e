//! A real round trip, and words for each way in which it can fail.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use io_uring::types::Fd;
use io_uring::{cqueue, opcode};

use super::provided::{GROUP, Provided};
use super::ring::Ring;

/// How long the round trip may take before io_uring is said not to work.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is sent round.
const PING: &[u8] = b"ping";
/// Oldest kernel that has everything, in words.
const NEEDED: &str = "Linux 6.0 or newer is needed, 6.1 or newer is best";
/// The sysctl that switches io_uring off.
const SYSCTL: &str = "/proc/sys/kernel/io_uring_disabled";

const RECEIVE: u64 = 1;
const SEND: u64 = 2;

/// Tries ring, provided buffers, multishot receive and send.
pub(crate) fn probe() -> Result<String, String> {
    let mut ring = Ring::new(8, 16).map_err(|error| words("io_uring_setup", &error))?;
    let provided = Provided::new(&ring, 4, 4096).map_err(|error| words("registering provided buffers", &error))?;
    let pair = UnixStream::pair().map_err(|error| words("socketpair", &error))?;
    let result = round_trip(&mut ring, &provided, &pair);
    // Nothing may be in flight when the buffers go.
    ring.cancel_all(PATIENCE).map_err(|error| words("cancelling", &error))?;
    result?;
    Ok(format!("round trip works ({}; {})", kernel(), ring.setup()))
}

fn round_trip(ring: &mut Ring, provided: &Provided, pair: &(UnixStream, UnixStream)) -> Result<(), String> {
    let receive = opcode::RecvMulti::new(Fd(pair.0.as_raw_fd()), GROUP).len(provided.room() as u32).build();
    let send = opcode::Send::new(Fd(pair.1.as_raw_fd()), PING.as_ptr(), PING.len() as u32).build();
    // SAFETY: the receive writes into provided buffers, which the caller keeps until all is cancelled; the send reads a
    // constant.
    unsafe {
        ring.push(&receive.user_data(RECEIVE));
        ring.push(&send.user_data(SEND));
    }
    let (mut received, mut sent) = (None, None);
    // Twice: on its way to two completions the first call may stop at one.
    for _ in 0..2 {
        let want = 2 - usize::from(received.is_some()) - usize::from(sent.is_some());
        ring.enter(want, Some(PATIENCE)).map_err(|error| words("io_uring_enter", &error))?;
        ring.reap(|entry| match entry.user_data() {
            RECEIVE => received = Some((entry.result(), entry.flags())),
            _ => sent = Some(entry.result()),
        })
        .map_err(|error| words("io_uring_enter", &error))?;
        if received.is_some() && sent.is_some() {
            break;
        }
    }
    expect("send", sent)?;
    expect("multishot receive", received.map(|(result, _)| result))?;
    match received {
        Some((_, flags)) if cqueue::more(flags) && cqueue::buffer_select(flags).is_some() => Ok(()),
        _ => Err(format!("multishot receive does not go on after the first message ({}): {NEEDED}", kernel())),
    }
}

/// The whole message, in a result of an operation.
fn expect(step: &str, result: Option<i32>) -> Result<(), String> {
    match result {
        Some(bytes) if usize::try_from(bytes) == Ok(PING.len()) => Ok(()),
        Some(error) if error < 0 => Err(words(step, &io::Error::from_raw_os_error(-error))),
        Some(bytes) => Err(format!("{step}: {bytes} of {} bytes", PING.len())),
        None => Err(format!("{step}: no completion within {} s", PATIENCE.as_secs())),
    }
}

/// Says what failed, why as a rule, and what to do.
fn words(step: &str, error: &io::Error) -> String {
    let why = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => forbidden(std::fs::read_to_string(SYSCTL).ok().as_deref()),
        Some(libc::ENOSYS) => {
            format!("ENOSYS: this kernel has no io_uring, or a filter hides it ({}; {NEEDED})", kernel())
        }
        Some(libc::EINVAL) => format!("EINVAL: this kernel is too old ({}; {NEEDED})", kernel()),
        Some(libc::ENOMEM) => {
            format!("ENOMEM: the limit of locked memory is {}; raise RLIMIT_MEMLOCK (ulimit -l)", memlock())
        }
        _ => error.to_string(),
    };
    format!("{step}: {why}")
}

/// Tells a sysctl from a filter.
fn forbidden(sysctl: Option<&str>) -> String {
    match sysctl.map(str::trim) {
        Some("2") => "EPERM: switched off by sysctl kernel.io_uring_disabled=2; set it to 0".into(),
        Some("1") => {
            "EPERM: sysctl kernel.io_uring_disabled=1 allows it to the group kernel.io_uring_group only; set it to 0, or \
             join that group"
                .into()
        }
        _ => "EPERM: a seccomp filter forbids it, as Docker's and Kubernetes' default profiles do; allow io_uring_setup, \
              io_uring_enter and io_uring_register"
            .into(),
    }
}

fn kernel() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Linux {}", release.trim())
}

fn memlock() -> String {
    match crate::sys::memlock_limit() {
        Some(bytes) => format!("{bytes} bytes"),
        None => "unlimited".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_words() {
        assert!(forbidden(Some("2\n")).contains("io_uring_disabled=2"));
        assert!(forbidden(Some("1\n")).contains("io_uring_group"));
        assert!(forbidden(Some("0\n")).contains("seccomp"));
        assert!(forbidden(None).contains("seccomp"));
        let of = |errno| words("io_uring_setup", &io::Error::from_raw_os_error(errno));
        assert!(of(libc::EPERM).starts_with("io_uring_setup: EPERM: "));
        assert!(of(libc::ENOSYS).contains("no io_uring"));
        assert!(of(libc::EINVAL).contains("too old"));
        assert!(of(libc::ENOMEM).contains("RLIMIT_MEMLOCK"));
        assert!(of(libc::EMFILE).contains("open files"));
    }
}
