//! Whole runs against a server that counts and misbehaves.

mod common;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{Conduct, Seen, serve_tcp, serve_unix};
use ringstone_load::{Control, Distribution, Error, Options, Phase, Problem, Protocol, Report, Target, run};

fn options(target: Target) -> Options {
    Options {
        target,
        protocol: Protocol::Memcached,
        connections: 4,
        threads: 1,
        pipeline: 1,
        gets: 9,
        sets: 1,
        min_value_size: 100,
        max_value_size: 100,
        keys: 500,
        key_prefix: "bench:".to_owned(),
        key_size: 16,
        keys_per_get: 1,
        distribution: Distribution::Uniform,
        preload: true,
        warmup: Duration::ZERO,
        duration: Duration::from_secs(60),
        requests: Some(2000),
        rate: None,
        timeout: Duration::from_secs(60),
        progress: None,
        server_pid: None,
        seed: 1,
    }
}

fn load(options: &Options) -> Report {
    run(options, &Control::default(), &mut |_| {}).unwrap()
}

/// What must hold in every run.
fn check_sums(report: &Report) {
    assert_eq!(report.requests, report.replies + report.unanswered);
    assert_eq!(report.latency.count, report.replies);
    assert_eq!(report.get_latency.count + report.set_latency.count, report.replies);
    let latency = report.latency;
    let ascending = [latency.min_us, latency.p50_us, latency.p90_us, latency.p95_us, latency.p99_us];
    assert!(ascending.is_sorted() && latency.p999_us <= latency.p9999_us && latency.p9999_us <= latency.max_us);
}

fn check_clean(report: &Report, seen: &Seen, options: &Options) {
    check_sums(report);
    let found = report.hits + report.misses;
    assert_eq!((report.get_latency.count * options.keys_per_get as u64, report.failed), (found, 0));
    assert_eq!(report.replies, report.get_latency.count + report.stored + report.not_stored);
    assert_eq!(report.problems, []);
    let preloaded = if options.preload { options.keys } else { 0 };
    assert_eq!(report.preloaded, preloaded);
    assert_eq!(report.hits + report.misses, seen.gets.load(Ordering::SeqCst));
    assert_eq!(report.stored + preloaded, seen.sets.load(Ordering::SeqCst));
    assert_eq!(seen.connections.load(Ordering::SeqCst), options.connections as u64);
}

#[test]
fn counts_are_those_of_the_server() {
    for (pipeline, threads, connections, max_value_size) in [(1, 1, 1, 100), (7, 1, 3, 100), (16, 3, 5, 9000)] {
        let (target, seen) = serve_tcp(|_| Conduct::Well);
        let options = Options { pipeline, threads, connections, max_value_size, ..options(target) };
        let report = load(&options);
        check_clean(&report, &seen, &options);
        assert_eq!((report.requests, report.misses), (2000, 0));
        assert_eq!(seen.items(), 500);
        assert!(report.bytes_sent > 2000 * 22 && report.bytes_received > report.hits * 100);
    }
}

#[test]
fn gets_of_several_keys_count_each() {
    let (target, seen) = serve_tcp(|_| Conduct::Well);
    for preload in [false, true] {
        let options = Options { keys_per_get: 16, pipeline: 3, preload, keys: 5000, ..options(target.clone()) };
        let before = [&seen.gets, &seen.sets, &seen.connections].map(|one| one.swap(0, Ordering::SeqCst));
        assert_eq!(before[2] == 0, !preload);
        let report = load(&options);
        check_clean(&report, &seen, &options);
        assert_eq!((report.requests, report.misses == 0), (2000, preload));
        assert!(report.hits > 0);
    }
}

#[test]
fn without_preload_there_are_misses() {
    let (target, seen) = serve_tcp(|_| Conduct::Well);
    let options = Options { preload: false, ..options(target) };
    let report = load(&options);
    check_clean(&report, &seen, &options);
    assert!(report.misses > 0);
}

#[test]
fn a_measurement_that_is_over_before_it_began_has_one_batch() {
    let (target, seen) = serve_tcp(|_| Conduct::Well);
    let options = Options { requests: None, duration: Duration::from_nanos(1), pipeline: 3, ..options(target) };
    let report = load(&options);
    check_clean(&report, &seen, &options);
    assert_eq!(report.requests, 12);
}

#[test]
fn unix_sockets_and_replies_in_single_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (target, seen) = serve_unix(&folder.path().join("socket"), |_| Conduct::Dribble);
    let options = Options { pipeline: 5, requests: Some(300), keys: 20, ..options(target) };
    check_clean(&load(&options), &seen, &options);
}

#[test]
fn batches_above_the_socket_buffers_go_through() {
    let (target, seen) = serve_tcp(|_| Conduct::Well);
    let size = 300_000;
    let (min_value_size, max_value_size) = (size, size);
    let sizes = Options { min_value_size, max_value_size, ..options(target) };
    let options = Options { connections: 2, pipeline: 30, requests: Some(120), keys: 10, sets: 9, ..sizes };
    check_clean(&load(&options), &seen, &options);
}

#[test]
fn a_fixed_rate_sends_what_is_due() {
    let (target, seen) = serve_tcp(|_| Conduct::Well);
    for threads in [1, 2] {
        let rate = Options { rate: Some(1000.0), requests: None, preload: false, threads, ..options(target.clone()) };
        let before = seen.gets.load(Ordering::SeqCst) + seen.sets.load(Ordering::SeqCst);
        let report = load(&Options { duration: Duration::from_millis(400), ..rate });
        check_sums(&report);
        // What could not be sent in time on a busy machine is told, so the sum is known.
        assert_eq!((report.requests + report.unsent, report.unanswered), (400, 0));
        assert_eq!(before + report.requests, seen.gets.load(Ordering::SeqCst) + seen.sets.load(Ordering::SeqCst));
        assert_eq!(report.problems.is_empty(), report.unsent <= 4);
    }
}

#[test]
fn a_stall_shows_in_the_requests_that_it_delays() {
    let stalling: fn(u64) -> Conduct = |number| {
        if number == 10 {
            thread::sleep(Duration::from_millis(300));
        }
        Conduct::Well
    };
    let quick = |target| Options { connections: 1, preload: false, requests: Some(200), ..options(target) };
    let closed = load(&quick(serve_tcp(stalling).0));
    let open = load(&Options { rate: Some(1000.0), ..quick(serve_tcp(stalling).0) });
    check_sums(&closed);
    check_sums(&open);
    // A closed loop waits, and so meets the stall once. Of the schedule's 200 requests, 189 were due within 200 ms while it
    // lasted, and waited for what was left of its 300 ms.
    assert!(closed.latency.max_us >= 299_000.0);
    assert!(open.latency.max_us >= 299_000.0 && open.latency.p50_us >= 150_000.0, "{:?}", open.latency);
    // Each latency is the load's share and the rest.
    assert_eq!((closed.load_latency, closed.rest_latency), (None, None));
    let (load, rest) = (open.load_latency.unwrap(), open.rest_latency.unwrap());
    assert_eq!([load.count, rest.count], [200; 2]);
    assert!((load.mean_us + rest.mean_us) / open.latency.mean_us - 1.0 < 0.01, "{load:?} {rest:?}");
    assert!(load.max_us + rest.max_us >= 0.99 * open.latency.max_us);
}

#[test]
fn the_rate_of_a_few_requests_is_the_one_that_was_asked_for() {
    let (target, _) = serve_tcp(|_| Conduct::Well);
    let report = load(&Options { rate: Some(10.0), requests: Some(2), preload: false, ..options(target) });
    check_sums(&report);
    // It may have taken longer.
    assert!(report.elapsed_s >= 0.2 && report.replies_per_s <= 10.0, "{report:?}");
}

fn problem(report: &Report) -> (&str, u64) {
    match &report.problems[..] {
        [Problem { message, count }] => (message, *count),
        more => panic!("{more:?}"),
    }
}

#[test]
fn error_replies_are_counted_with_their_words() {
    let say = |number| match number % 10 {
        3 => Conduct::Say("SERVER_ERROR out of memory storing object\r\n"),
        _ => Conduct::Well,
    };
    let (target, _) = serve_tcp(say);
    let report = load(&Options { preload: false, connections: 1, ..options(target) });
    check_sums(&report);
    assert_eq!((report.replies, report.failed), (2000, 200));
    assert_eq!(problem(&report), ("error reply: SERVER_ERROR out of memory storing object", 200));
}

#[test]
fn errors_of_the_preload_are_told() {
    let (target, _) = serve_tcp(|number| if number < 500 { Conduct::Say("ERROR\r\n") } else { Conduct::Well });
    let report = load(&options(target));
    check_sums(&report);
    assert_eq!((report.preloaded, report.failed), (0, 0));
    assert_eq!(problem(&report), ("error reply: ERROR", 500));
}

#[test]
fn a_connection_that_ends_is_told_and_the_others_go_on() {
    let (target, _) = serve_tcp(|number| if number == 100 { Conduct::Close } else { Conduct::Well });
    let report = load(&Options { preload: false, pipeline: 4, ..options(target) });
    check_sums(&report);
    let (message, count) = problem(&report);
    // With requests unread, the other side's close is a reset.
    assert!(
        message == "the server closed a connection" || message.starts_with("receiving: Connection reset"),
        "{message}"
    );
    assert_eq!((count, report.requests), (1, 2000));
    assert!((1..=4).contains(&report.unanswered), "{}", report.unanswered);
}

#[test]
fn a_run_ends_when_no_connection_is_left() {
    let (target, _) = serve_tcp(|_| Conduct::Close);
    for rate in [None, Some(1e6)] {
        let report = load(&Options { preload: false, requests: None, rate, ..options(target.clone()) });
        check_sums(&report);
        assert_eq!(report.replies, 0);
        assert_eq!(report.latency, ringstone_load::Latency::default());
        assert_eq!(report.problems.iter().filter(|problem| problem.message.contains("clos")).count(), 1);
    }
}

#[test]
fn silence_ends_with_the_timeout() {
    let (target, _) = serve_tcp(|number| if number >= 100 { Conduct::Silence } else { Conduct::Well });
    let timeout = Duration::from_millis(200);
    let report = load(&Options { preload: false, timeout, requests: None, ..options(target) });
    check_sums(&report);
    assert_eq!(problem(&report), ("no reply within the timeout", 4));
    assert_eq!((report.replies, report.unanswered), (100, 4));
}

#[test]
fn replies_that_are_wrong_are_told() {
    let cases: [(&str, &str); 4] = [
        ("VALUE bench:x 0 1\r\n", "the value of another key"),
        ("nonsense\r\n", "\"nonsense\" as the reply to a get"),
        ("END\r\nEND of it\r\n", "\"END of it\" that no request asked for"),
        ("VALUE bench:0000000000 0 1\r\nx\r\nEND\r\n", "a value of a length that was not set"),
    ];
    let rules: [fn(u64) -> Conduct; 4] = [
        |_| Conduct::Say("VALUE bench:x 0 1\r\n"),
        |_| Conduct::Say("nonsense\r\n"),
        |_| Conduct::Say("END\r\nEND of it\r\n"),
        |_| Conduct::Say("VALUE bench:0000000000 0 1\r\nx\r\nEND\r\n"),
    ];
    for ((says, words), rule) in cases.into_iter().zip(rules) {
        let (target, _) = serve_tcp(rule);
        let only_get =
            Options { sets: 0, keys: 1, preload: false, requests: Some(1), connections: 1, ..options(target) };
        let report = load(&only_get);
        check_sums(&report);
        assert_eq!(problem(&report), (words, 1), "{says}");
    }
}

#[test]
fn a_wish_to_stop_ends_it_with_what_was_done() {
    let (target, _) = serve_tcp(|_| Conduct::Well);
    for rate in [None, Some(2000.0)] {
        let control = Arc::new(Control::default());
        let phases = Mutex::new(Vec::new());
        let progress = Some(Duration::from_millis(20));
        let endless = Options { requests: None, rate, progress, ..options(target.clone()) };
        let report = run(&endless, &control, &mut |progress| {
            phases.lock().unwrap().push(progress.phase);
            if progress.phase == Phase::Measure && progress.replies > 10 {
                assert_eq!(progress.open_connections, 4);
                control.stop();
            }
        });
        let report = report.unwrap();
        check_sums(&report);
        assert!(report.interrupted && report.replies > 10);
        assert_eq!(report.problems.iter().filter(|problem| !problem.message.contains("rate")).count(), 0);
        assert!(phases.lock().unwrap().contains(&Phase::Measure));
    }
}

#[test]
fn a_wish_to_stop_in_the_preload_leaves_nothing_to_measure() {
    // The replies that are owed when it stops do not come within its patience.
    let (target, _) = serve_tcp(|number| if number < 1000 { Conduct::Well } else { Conduct::Silence });
    let control = Control::default();
    let warmup = Duration::from_secs(1);
    let patient = Options { keys: 100_000, progress: Some(Duration::from_millis(20)), warmup, ..options(target) };
    let report = run(&patient, &control, &mut |progress| {
        assert_eq!(progress.phase, Phase::Preload);
        if progress.replies == 1000 {
            control.stop();
        }
    });
    let report = report.unwrap();
    check_sums(&report);
    assert!(report.interrupted);
    assert_eq!((report.preloaded, report.requests, report.problems.len()), (1000, 0, 0));
}

#[test]
fn the_cpu_time_of_a_process_is_that_of_the_measurement() {
    let (target, _) = serve_tcp(|_| Conduct::Well);
    let report = load(&Options { server_pid: Some(std::process::id()), ..options(target.clone()) });
    let (all, each) = (report.server_cpu_us.unwrap(), report.server_cpu_us_per_reply.unwrap());
    assert!(all > 0.0 && (all / 2000.0 - each).abs() < 1e-6);
    assert_eq!(load(&options(target)).server_cpu_us, None);
}

#[test]
fn what_cannot_begin_is_an_error() {
    let (target, _) = serve_tcp(|_| Conduct::Well);
    let fails = |options: Options| run(&options, &Control::default(), &mut |_| {}).unwrap_err();
    let nowhere = Target::Unix("/nonexistent/socket".into());
    let error = fails(options(nowhere));
    assert_eq!(error.code(), "RINGSTONE_CONNECT_FAILED");
    assert!(error.to_string().starts_with("cannot connect to unix:/nonexistent/socket: No such file"), "{error}");
    let error = fails(Options { server_pid: Some(u32::MAX), ..options(target.clone()) });
    assert_eq!(error.code(), "RINGSTONE_PROCESS_UNREADABLE");
    assert!(matches!(fails(Options { threads: 9, ..options(target) }), Error::InvalidOption(_)));
}
