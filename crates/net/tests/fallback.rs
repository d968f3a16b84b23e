//! What is said, and taken, where io_uring is forbidden. In processes of their own, under a real filter of system calls.
#![cfg(target_os = "linux")]

mod common;

use std::sync::Arc;

use common::server::options;
use common::{Toy, Watch};
use ringstone_net::{Handle, NetError, Runtime, RuntimeChoice, serve};

/// The errno that the child is to meet.
const CHILD: &str = "RINGSTONE_NET_FALLBACK_CHILD";
/// The same on every architecture.
const IO_URING_SETUP: u32 = 425;

/// From here on io_uring_setup fails with `errno` in this thread and in those that it starts.
fn forbid_io_uring(errno: i32) {
    let step = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, IO_URING_SETUP),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: a valid program of four steps, for this process alone.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
    }
}

fn start(wish: RuntimeChoice) -> Result<Handle, NetError> {
    let watch = Arc::new(Watch::default());
    let mut options = options(Runtime::Mio);
    options.runtime = wish;
    serve(
        options,
        move |context| Toy { watch: Arc::clone(&watch), mailbox: context.mailbox, greeting: b"" },
        Arc::new(|_| {}),
    )
}

fn meet(errno: i32, words: &str) {
    forbid_io_uring(errno);
    let handle = start(RuntimeChoice::Auto).expect("falls back");
    assert_eq!(handle.runtime(), Runtime::Mio);
    assert!(handle.runtime_reason().starts_with("io_uring_setup: "), "{}", handle.runtime_reason());
    assert!(handle.runtime_reason().contains(words), "{}", handle.runtime_reason());
    match start(RuntimeChoice::Uring) {
        Err(NetError::UringUnavailable(reason)) => assert!(reason.contains(words), "{reason}"),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it started"),
    }
}

#[test]
fn a_forbidden_io_uring_is_named_and_replaced() {
    let cases = [
        (libc::EPERM, "seccomp"),
        (libc::ENOSYS, "no io_uring"),
        (libc::EINVAL, "too old"),
        (libc::ENOMEM, "RLIMIT_MEMLOCK"),
    ];
    let met = std::env::var(CHILD).ok();
    if let Some((errno, words)) = cases.into_iter().find(|(errno, _)| met.as_deref() == Some(&errno.to_string())) {
        return meet(errno, words);
    }
    for (errno, words) in cases {
        let child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "a_forbidden_io_uring_is_named_and_replaced", "--nocapture"])
            .env(CHILD, errno.to_string())
            .output()
            .expect("a child");
        assert!(child.status.success(), "{words}: {}", String::from_utf8_lossy(&child.stderr));
    }
}
