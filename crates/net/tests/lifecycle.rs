//! Starting, refusing, idling, draining, stopping, failing.

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::on_both;
use common::server::{Server, ask, eventually, expect, options, rest};
use common::{Toy, Watch};
use ringstone_net::{CloseReason, ListenAddress, Listener, NetError, Runtime, serve};

/// A path of its own for each test and runtime.
fn socket_path(name: &str, runtime: Runtime) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ringstone-{}-{name}-{runtime:?}", std::process::id()));
    std::fs::remove_file(&path).ok();
    path
}

fn unix_options(runtime: Runtime, path: &Path) -> ringstone_net::NetOptions {
    let mut options = options(runtime);
    options.listeners = vec![Listener { address: ListenAddress::Unix(path.to_owned()), refusal: b"full\n" }];
    options
}

/// Starting fails with this kind of bind error.
fn bind_error(options: ringstone_net::NetOptions) -> std::io::ErrorKind {
    let watch = Arc::new(Watch::default());
    let factory = move |context: ringstone_net::WorkerContext<_>| Toy {
        watch: Arc::clone(&watch),
        mailbox: context.mailbox,
        greeting: b"",
    };
    match serve(options, factory, Arc::new(|_| {})) {
        Err(NetError::Bind { source, .. }) => source.kind(),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it started"),
    }
}

#[test]
fn unix_sockets_serve_and_leave_no_file() {
    on_both(|runtime| {
        let path = socket_path("serve", runtime);
        let server = Server::with(unix_options(runtime, &path), b"");
        assert_eq!(server.address(), format!("unix:{}", path.display()));
        let mut stream = UnixStream::connect(&path).expect("connect");
        ask(&mut stream, b"E5\nhello", b"hello");
        let long = common::server::pattern(300_000);
        let mut request = b"B300000\n".to_vec();
        request.extend_from_slice(&long);
        let mut writer = stream.try_clone().expect("clone");
        let sender = std::thread::spawn(move || writer.write_all(&request).expect("send"));
        expect(&mut stream, b"300000\n");
        expect(&mut stream, &long);
        sender.join().expect("sender");
        assert_eq!(bind_error(unix_options(runtime, &path)), std::io::ErrorKind::AddrInUse, "a live one is in use");
        // The attempt to start has looked whether somebody listens.
        ask(&mut stream, b"E5\nhello", b"hello");
        drop(stream);
        server.expect_quiet();
        let (drained, _) = server.finish(10_000);
        assert!(drained && !path.exists());
    });
}

#[test]
fn a_stale_socket_file_is_replaced_and_other_files_are_not() {
    on_both(|runtime| {
        let path = socket_path("stale", runtime);
        drop(std::os::unix::net::UnixListener::bind(&path).expect("bind"));
        assert!(path.exists(), "a stale file");
        let server = Server::with(unix_options(runtime, &path), b"");
        ask(&mut UnixStream::connect(&path).expect("connect"), b"E1\nx", b"x");
        drop(server);
        assert!(!path.exists());
        std::fs::write(&path, b"precious").expect("write");
        assert_eq!(bind_error(unix_options(runtime, &path)), std::io::ErrorKind::AddrInUse);
        assert_eq!(std::fs::read(&path).expect("read"), b"precious");
        std::fs::remove_file(&path).expect("remove");
    });
}

#[test]
fn a_port_in_use_is_said_so() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut second = options(runtime);
        second.listeners[0].address = ListenAddress::Tcp(server.address().parse().expect("address"));
        assert_eq!(bind_error(second), std::io::ErrorKind::AddrInUse);
    });
}

#[test]
fn nonsense_options_are_refused() {
    let mut odd = options(Runtime::Mio);
    odd.read_buffer_size = 5000;
    let watch = Arc::new(Watch::default());
    let factory = move |context: ringstone_net::WorkerContext<_>| Toy {
        watch: Arc::clone(&watch),
        mailbox: context.mailbox,
        greeting: b"",
    };
    assert!(matches!(serve(odd, factory, Arc::new(|_| {})), Err(NetError::Start(_))));
}

#[test]
fn connections_above_the_maximum_get_the_refusal() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.max_connections = 3;
        let server = Server::with(options, b"");
        let mut kept: Vec<_> = (0..3).map(|_| server.connect()).collect();
        for stream in &mut kept {
            ask(stream, b"E1\nx", b"x");
        }
        for _ in 0..5 {
            let mut refused = server.connect();
            assert_eq!(rest(&mut refused), b"full\n");
        }
        assert_eq!((server.counters().refused, server.counters().accepted), (5, 3));
        assert!(server.has_event("CONNECTIONS_REFUSED"));
        kept.pop();
        eventually("a place", || server.counters().connections == 2);
        ask(&mut server.connect(), b"E1\nx", b"x");
        drop(kept);
        server.expect_quiet();
    });
}

#[test]
fn connections_go_to_the_least_loaded_worker() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 3;
        let server = Server::with(options, b"");
        let streams: Vec<_> = (0..30).map(|_| server.connect()).collect();
        eventually("thirty", || server.counters().connections == 30);
        assert_eq!(server.handle().counters().connections_by_worker(), [10, 10, 10]);
        drop(streams);
        server.expect_quiet();
    });
}

#[test]
fn idle_connections_are_closed_and_active_or_parked_ones_are_not() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.idle_timeout_ms = 1500;
        let server = Server::with(options, b"");
        let mut idle = server.connect();
        let active = server.connect();
        let mut parked = server.connect();
        ask(&mut idle, b"E1\nx", b"x");
        parked.write_all(b"P1\n").expect("send");
        eventually("the idle one's end", || {
            // Far more often than the timeout asks for.
            ask(&mut &active, b"E1\nx", b"x");
            server.closed_for(CloseReason::Idle) > 0
        });
        assert!(rest(&mut idle).is_empty());
        assert_eq!(server.closed_for(CloseReason::Idle), 1);
        server.watch.parked.lock().pop().expect("parked").resume();
        expect(&mut parked, b"p1\n");
        drop((active, parked));
        server.expect_quiet();
    });
}

#[test]
fn draining_answers_what_was_sent_and_closes() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut quiet: Vec<_> = (0..20).map(|_| server.connect()).collect();
        for stream in &mut quiet {
            ask(stream, b"E1\nx", b"x");
        }
        let mut parked = server.connect();
        // More than is received while parked.
        parked.write_all(b"P7\n").expect("send");
        parked.write_all(&b"E4\nabcd".repeat(50_000)).expect("send");
        eventually("parking", || server.watch.parked.lock().len() == 1);
        let mut half = server.connect();
        ask(&mut half, b"E1\nxE4\nab", b"x");
        let mut slow = server.connect();
        ask(&mut slow, b"E1\nx", b"x");
        slow.write_all(b"R20000000\n").expect("send");
        eventually("the long reply", || server.counters().bytes_written > 22);
        server.drain();
        assert!(std::net::TcpStream::connect(server.address()).is_err(), "nobody listens");
        for stream in &mut quiet {
            assert!(rest(stream).is_empty());
        }
        half.write_all(b"cd").expect("send");
        assert_eq!(rest(&mut half), b"abcd");
        assert_eq!(rest(&mut slow).len(), 20_000_000);
        server.watch.parked.lock().pop().expect("parked").resume();
        assert!(rest(&mut parked) == [b"p7\n".to_vec(), b"abcd".repeat(50_000)].concat());
        server.expect_quiet();
        let (drained, watch) = server.finish(10_000);
        assert!(drained);
        assert!(watch.reasons.lock().iter().all(|&reason| reason == CloseReason::Shutdown));
    });
}

#[test]
fn draining_waits_for_the_end_of_a_message_that_is_in_no_buffer() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut skipping = server.connect();
        let mut body = server.connect();
        ask(&mut skipping, b"E1\nxS6\nabc", b"x");
        ask(&mut body, b"E1\nxB6\nabc", b"x");
        eventually("all of it", || server.counters().bytes_read == 2 * 10);
        server.drain();
        skipping.write_all(b"de").expect("send");
        body.write_all(b"de").expect("send");
        eventually("most of it", || server.counters().bytes_read == 2 * 12);
        skipping.write_all(b"f").expect("send");
        body.write_all(b"f").expect("send");
        assert_eq!(rest(&mut skipping), b"s\n");
        assert_eq!(rest(&mut body), b"6\nabcdef");
        assert!(server.finish(10_000).0);
        // Nobody waits for ever for a peer that sends nothing more.
        let server = Server::start(runtime);
        let mut silent = server.connect();
        ask(&mut silent, b"E1\nxS6\nabc", b"x");
        assert!(!server.finish(50).0);
        assert!(rest(&mut silent).is_empty());
    });
}

#[test]
fn draining_answers_all_that_had_come_however_much_it_is() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        let server = Server::with(options, b"");
        let mut known: Vec<_> = (0..300).map(|_| server.connect()).collect();
        for stream in &mut known {
            ask(stream, b"E1\nx", b"x");
        }
        let mut fresh = Vec::new();
        drop(server.while_the_worker_waits(|| {
            fresh.extend((0..300).map(|_| server.connect()));
            for stream in known.iter_mut().chain(&mut fresh) {
                stream.write_all(b"E4\nping").expect("send");
            }
            eventually("all accepted", || server.counters().accepted == 601);
            server.drain();
        }));
        for stream in known.iter_mut().chain(&mut fresh) {
            assert_eq!(rest(stream), b"ping");
        }
        assert!(server.finish(10_000).0);
    });
}

#[test]
fn finish_closes_what_does_not_end() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut parked = server.connect();
        parked.write_all(b"P7\n").expect("send");
        let mut deaf = server.connect();
        deaf.write_all(b"R50000000\n").expect("send");
        eventually("parking", || server.watch.parked.lock().len() == 1);
        eventually("sending", || server.counters().bytes_written > 0);
        let counters = server.handle().counters();
        let (drained, watch) = server.finish(50);
        assert!(!drained);
        assert_eq!(counters.snapshot().connections, 0);
        assert_eq!(*watch.reasons.lock(), [CloseReason::Shutdown; 2]);
        assert!(rest(&mut parked).is_empty());
        // Late completions find nobody.
        watch.parked.lock().pop().expect("parked").resume();
        eventually("dropped", || watch.completions_alive.load(Ordering::Relaxed) == 0);
        drop(deaf);
    });
}

#[test]
fn dropping_the_handle_stops_everything() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut stream = server.connect();
        ask(&mut stream, b"E1\nx", b"x");
        let watch = Arc::clone(&server.watch);
        drop(server);
        assert!(rest(&mut stream).is_empty());
        assert_eq!(*watch.reasons.lock(), [CloseReason::Shutdown]);
    });
}

#[test]
fn a_panicking_worker_is_told_and_does_not_hang_the_end() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut deaf = server.connect();
        deaf.write_all(b"R50000000\n").expect("send");
        eventually("sending", || server.counters().bytes_written > 0);
        let mut others: Vec<_> = (0..3).map(|_| server.connect()).collect();
        eventually("all open", || server.counters().connections == 4);
        // Takes its worker with it, and the connections of that worker.
        others[1].write_all(b"X\n").expect("send");
        eventually("the news", || server.has_event("WORKER_FAILED"));
        eventually("its connections", || server.counters().connections == 2);
        for _ in 0..4 {
            ask(&mut server.connect(), b"E1\nx", b"x");
        }
        let (drained, _) = server.finish(100);
        assert!(!drained);
        let mut got = Vec::new();
        others[1].read_to_end(&mut got).ok();
        assert!(got.is_empty());
    });
}

#[test]
fn what_the_kernel_may_still_read_outlives_a_panic() {
    on_both(|runtime| {
        let mut options = options(runtime);
        options.workers = 1;
        options.output_pause = 64 << 20;
        let server = Server::with(options, b"");
        let long = common::server::pattern(30_000_000);
        let mut deaf = server.connect();
        deaf.write_all(b"B30000000\n").expect("send");
        deaf.write_all(&long).expect("send");
        eventually("sending", || server.counters().bytes_written > 0);
        // The panic comes in a turn of the connection whose body is being sent.
        deaf.write_all(b"X\n").expect("send");
        eventually("the news", || server.has_event("WORKER_FAILED"));
        let in_flight = u64::from(runtime == Runtime::Uring);
        assert_eq!(server.watch.bodies_alive.load(Ordering::Relaxed), in_flight);
        let mut got = Vec::new();
        deaf.read_to_end(&mut got).ok();
        let wanted = [b"30000000\n", &long[..]].concat();
        assert!(got.len() < wanted.len() && wanted.starts_with(&got));
    });
}

#[test]
fn a_factory_that_panics_is_an_error_of_the_start() {
    on_both(|runtime| {
        let watch = Arc::new(Watch::default());
        let result = serve(
            options(runtime),
            move |context| {
                assert!(context.worker == 0, "no second worker");
                Toy { watch: Arc::clone(&watch), mailbox: context.mailbox, greeting: b"" }
            },
            Arc::new(|_| {}),
        );
        assert!(matches!(result, Err(NetError::Start(_))));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn threads_are_named_and_leave_signals_alone() {
    on_both(|runtime| {
        let server = Server::start(runtime);
        let mut seen = Vec::new();
        for task in std::fs::read_dir("/proc/self/task").expect("tasks") {
            // Threads of other tests come and go.
            let Ok(status) = std::fs::read_to_string(task.expect("task").path().join("status")) else { continue };
            let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let name = field("Name:").unwrap_or_default().to_owned();
            if name.starts_with("ringstone-") {
                let blocked = u64::from_str_radix(field("SigBlk:").expect("mask"), 16).expect("hexadecimal");
                // All but SIGKILL and SIGSTOP, which nobody blocks, and the C library's own (32, 33).
                let wanted = !(1u64 << 8 | 1 << 18 | 1 << 31 | 1 << 32);
                assert_eq!(blocked & wanted, wanted, "{name}");
                seen.push(name);
            }
        }
        for name in ["ringstone-w0", "ringstone-w1", "ringstone-accept"] {
            // The kernel keeps fifteen bytes of a name.
            assert!(seen.iter().any(|seen| seen == &name[..name.len().min(15)]), "{name} in {seen:?}");
        }
        drop(server);
    });
}
