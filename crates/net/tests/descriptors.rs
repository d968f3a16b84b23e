//! What happens when file descriptors run out. In a process of its own, for the limit is the process's.
#![cfg(unix)]

mod common;

use common::on_both;
use common::server::{Server, ask, eventually, options};
use ringstone_net::Runtime;

/// Set in the child.
const CHILD: &str = "RINGSTONE_NET_DESCRIPTORS_CHILD";

/// Descriptors that the process may have open, as a number.
fn open_descriptors() -> u64 {
    std::fs::read_dir("/dev/fd").expect("descriptors").count() as u64
}

fn limit_descriptors(limit: u64) {
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: 4096 };
    // SAFETY: a valid limit; it concerns this process alone.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
}

fn starve(runtime: Runtime) {
    limit_descriptors(4096);
    let server = Server::with(options(runtime), b"");
    let mut first = server.connect();
    ask(&mut first, b"E1\nx", b"x");
    // The clients' ends are descriptors of this process too: make them first, then lower the limit.
    let sockets: Vec<_> = (0..20)
        .map(|_| socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("socket"))
        .collect();
    limit_descriptors(open_descriptors() + 5);
    let address: std::net::SocketAddr = server.address().parse().expect("address");
    let mut streams: Vec<std::net::TcpStream> = Vec::new();
    for socket in sockets {
        socket.connect(&address.into()).expect("connect");
        streams.push(socket.into());
    }
    eventually("the pause", || server.has_event("ACCEPT_PAUSED"));
    assert!(server.counters().accept_pauses >= 1);
    assert!(server.counters().connections < 21);
    ask(&mut first, b"E1\ny", b"y");
    // Room again: those that waited in the backlog are served.
    limit_descriptors(4096);
    for stream in &mut streams {
        ask(stream, b"E1\nz", b"z");
    }
    eventually("the end of the pause", || server.has_event("ACCEPT_RESUMED"));
    assert!(server.counters().accept_paused_us > 0);
    drop((first, streams));
    server.expect_quiet();
}

#[test]
fn accepting_pauses_without_descriptors_and_goes_on_with_them() {
    if std::env::var_os(CHILD).is_some() {
        return on_both(starve);
    }
    let child = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "accepting_pauses_without_descriptors_and_goes_on_with_them", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("a child");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}
