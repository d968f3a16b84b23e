//! Reads of keys that are loaded, over connections that are fed by hand.

mod common;
#[path = "common/loader.rs"]
mod loader;

use common::{Bench, Client, START_MS, options, packet};
use loader::{Host, give, keys};
use ringstone_engine::Protocol::{self, Memcached, Resp};
use ringstone_engine::loads::{LoadRequest, LoaderOptions, Loads, OnError};
use ringstone_net::{CloseReason, Service};
use std::sync::Arc;

const QUICK: LoaderOptions = LoaderOptions {
    ttl_ms: Some(1000),
    stale_for_ms: 500,
    timeout_ms: 100,
    negative_ttl_ms: 0,
    max_concurrent: 64,
    max_waiting: 100,
    on_error: OnError::Error,
};

/// A bench whose keys that begin with `l` are loaded.
fn bench(options_of_loader: LoaderOptions) -> (Bench, Arc<Host>) {
    let bench = Bench::new(options());
    let host = Host::register(loads(&bench), "l", options_of_loader).0;
    (bench, host)
}

fn loads(bench: &Bench) -> &Loads {
    &bench.shared.cache.loads
}

/// Sends, and gives what is asked for, until nothing is.
fn answered(bench: &mut Bench, host: &Host, protocol: Protocol, request: &[u8]) -> String {
    let mut client = bench.whole(protocol, request);
    while client.parked {
        let runs = host.take();
        assert!(!runs.is_empty(), "waits for nothing");
        runs.iter().for_each(|run| give(loads(bench), run));
        client.send(&mut bench.worker, b"");
    }
    client.take_text()
}

/// Requests that load, and their replies.
const READS: [(Protocol, &str, &str); 16] = [
    (Memcached, "get l1\r\n", "VALUE l1 7 11\r\nvalue of l1\r\nEND\r\n"),
    (Memcached, "get x l1 y\r\n", "VALUE l1 7 11\r\nvalue of l1\r\nEND\r\n"),
    (
        Memcached,
        "get l1 l2 l1\r\n",
        "VALUE l1 7 11\r\nvalue of l1\r\nVALUE l2 7 11\r\nvalue of l2\r\nVALUE l1 7 11\r\nvalue of l1\r\nEND\r\n",
    ),
    (Memcached, "gat 100 l1 l2\r\n", "VALUE l1 7 11\r\nvalue of l1\r\nVALUE l2 7 11\r\nvalue of l2\r\nEND\r\n"),
    (Memcached, "mg l1 v f s\r\n", "VA 11 f7 s11\r\nvalue of l1\r\n"),
    (Memcached, "mg bDE= b v k q\r\nmn\r\n", "VA 11 kbDE= b\r\nvalue of l1\r\nMN\r\n"),
    (Memcached, "mg l1 v N30\r\n", "VA 11\r\nvalue of l1\r\n"),
    (Memcached, "mg l1 s\r\n", "EN\r\n"),
    (Resp, "GET l1\r\n", "$11\r\nvalue of l1\r\n"),
    (Resp, "*2\r\n$3\r\nGET\r\n$2\r\nl1\r\n", "$11\r\nvalue of l1\r\n"),
    (
        Resp,
        "*4\r\n$4\r\nMGET\r\n$2\r\nl1\r\n$1\r\nx\r\n$2\r\nl2\r\n",
        "*3\r\n$11\r\nvalue of l1\r\n$-1\r\n$11\r\nvalue of l2\r\n",
    ),
    (Resp, "*4\r\n$5\r\nGETEX\r\n$2\r\nl1\r\n$2\r\nPX\r\n$1\r\n9\r\n", "$11\r\nvalue of l1\r\n"),
    (Resp, "HELLO 3\r\nGET l1\r\n", "$11\r\nvalue of l1\r\n"),
    (Resp, "EXISTS l1\r\n", ":0\r\n"),
    (Resp, "STRLEN l1\r\n", ":0\r\n"),
    (Resp, "GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n"),
];

#[test]
fn reads_load_what_is_not_there() {
    for (protocol, request, reply) in READS {
        let (mut bench, host) = bench(QUICK);
        let text = answered(&mut bench, &host, protocol, request.as_bytes());
        assert!(text.ends_with(reply), "{request:?}: {text:?}");
        assert!(host.take().is_empty());
        let text = answered(&mut bench, &host, protocol, request.as_bytes());
        assert!(text.ends_with(reply), "{request:?} again: {text:?}");
    }
}

#[test]
fn reads_load_wherever_the_input_is_split() {
    for (protocol, request, reply) in READS {
        for at in 1..request.len() {
            let (mut bench, host) = bench(QUICK);
            let (start, end) = request.as_bytes().split_at(at);
            let mut client = bench.pieces(protocol, [start, end]);
            while client.parked {
                host.take().iter().for_each(|run| give(loads(&bench), run));
                client.send(&mut bench.worker, b"");
            }
            let text = client.take_text();
            assert!(text.ends_with(reply), "{request:?} split at {at}: {text:?}");
        }
    }
}

#[test]
fn the_binary_protocol_loads() {
    for (opcode, extras, shown) in
        [(0x00, &[][..], false), (0x0c, &[], true), (0x09, &[], false), (0x0d, &[], true), (0x1d, &[0, 0, 0, 9], false)]
    {
        let (mut bench, host) = bench(QUICK);
        let request = [packet(opcode, extras, b"l1", b""), packet(0x0a, b"", b"", b"")].concat();
        let mut client = bench.whole(Memcached, &request);
        assert!(client.parked && client.replies.is_empty(), "{opcode:#x}");
        give(loads(&bench), &host.take()[0]);
        client.send(&mut bench.worker, b"");
        let key = if shown { "l1" } else { "" };
        let text = client.take_text();
        assert!(text.contains(&format!("\0\0\0\u{7}{key}value of l1")), "{opcode:#x}: {text:?}");
        assert_eq!(text.matches("value of").count(), 1);
    }
}

#[test]
fn replies_stay_in_order() {
    let (mut bench, host) = bench(QUICK);
    let mut client = bench.whole(
        Memcached,
        b"set a 0 0 1\r\nA\r\nget a\r\nget l1\r\nget a\r\nset a 0 0 1\r\nB\r\nget l2 a\r\nversion\r\n",
    );
    assert!(client.parked);
    assert_eq!(client.take_text(), "STORED\r\nVALUE a 0 1\r\nA\r\nEND\r\n");
    client.send(&mut bench.worker, b"get a\r\n");
    assert!(client.parked && client.replies.is_empty(), "what comes behind it waits too");
    let runs = host.take();
    assert_eq!(keys(&runs), ["l1"], "nothing behind it is looked at");
    give(loads(&bench), &runs[0]);
    client.send(&mut bench.worker, b"");
    assert_eq!(client.take_text(), "VALUE l1 7 11\r\nvalue of l1\r\nEND\r\nVALUE a 0 1\r\nA\r\nEND\r\nSTORED\r\n");
    give(loads(&bench), &host.take()[0]);
    client.send(&mut bench.worker, b"");
    let text = client.take_text();
    assert!(text.starts_with("VALUE l2 7 11\r\nvalue of l2\r\nVALUE a 0 1\r\nB\r\nEND\r\nVERSION "), "{text}");
    assert!(text.ends_with("\r\nVALUE a 0 1\r\nB\r\nEND\r\n"), "{text}");
}

#[test]
fn many_connections_wait_for_one_run() {
    let (mut bench, host) = bench(QUICK);
    let mut clients: Vec<Client> = (0..20).map(|_| bench.whole(Resp, b"GET l1\r\n")).collect();
    let others: Vec<Client> = (0..20).map(|_| bench.whole(Memcached, b"get l1\r\n")).collect();
    clients.extend(others);
    assert!(clients.iter().all(|client| client.parked));
    let runs = host.take();
    assert_eq!(runs.len(), 1);
    give(loads(&bench), &runs[0]);
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(&mut bench.worker, b"");
        let expected = if n < 20 { "$11\r\nvalue of l1\r\n" } else { "VALUE l1 7 11\r\nvalue of l1\r\nEND\r\n" };
        assert_eq!(client.take_text(), expected);
    }
    assert_eq!((loads(&bench).stats().runs, loads(&bench).stats().coalesced), (1, 39));
}

#[test]
fn a_request_of_many_keys_waits_for_the_last_and_is_executed_once() {
    let (mut bench, host) = bench(QUICK);
    let mut client = bench.whole(Memcached, b"get l1 l2 l3 l2\r\nmn\r\n");
    let runs = host.take();
    assert_eq!(keys(&runs), ["l1", "l2", "l3"]);
    for run in runs.iter().rev() {
        client.send(&mut bench.worker, b"");
        assert!(client.parked && client.replies.is_empty(), "a turn for another reason");
        give(loads(&bench), run);
    }
    client.send(&mut bench.worker, b"");
    let text = client.take_text();
    assert_eq!((text.matches("VALUE").count(), text.ends_with("END\r\nMN\r\n")), (4, true), "{text}");
    assert!(host.take().is_empty());
    // It is counted as it was executed: once, with no miss.
    let stats = bench.whole(Memcached, b"stats\r\n").take_text();
    for line in ["STAT get_hits 4\r\n", "STAT get_misses 0\r\n", "STAT cmd_get 4\r\n"] {
        assert!(stats.contains(line), "{line}");
    }
}

/// Rejects a run and the one that follows it.
fn reject(bench: &Bench, host: &Host, run: &LoadRequest, reason: &str) {
    loads(bench).settle(run.id, Err(reason.into()));
    for again in host.take() {
        loads(bench).settle(again.id, Err(reason.into()));
    }
}

#[test]
fn a_load_that_fails_is_answered_as_an_error_or_as_a_miss() {
    let cases: [(Protocol, &[u8], &str, &str); 7] = [
        (Memcached, b"get l1\r\nmn\r\n", "SERVER_ERROR load failed: no  way\r\nMN\r\n", "END\r\nMN\r\n"),
        (Memcached, b"get a l1 l2\r\nmn\r\n", "SERVER_ERROR load failed: no  way\r\nMN\r\n", "END\r\nMN\r\n"),
        (Memcached, b"mg l1 v q\r\nmn\r\n", "SERVER_ERROR load failed: no  way\r\nMN\r\n", "MN\r\n"),
        (Resp, b"GET l1\r\nPING\r\n", "-ERR load failed: no  way\r\n+PONG\r\n", "$-1\r\n+PONG\r\n"),
        (Resp, b"MGET x l1\r\n", "-ERR load failed: no  way\r\n", "*2\r\n$-1\r\n$-1\r\n"),
        (
            Resp,
            b"*2\r\n$3\r\nGET\r\n$2\r\nl1\r\n*1\r\n$4\r\nPING\r\n",
            "-ERR load failed: no  way\r\n+PONG\r\n",
            "$-1\r\n+PONG\r\n",
        ),
        (Resp, b"CLIENT REPLY SKIP\r\nGET l1\r\nPING\r\n", "+PONG\r\n", "+PONG\r\n"),
    ];
    for (protocol, request, error, miss) in cases {
        for (on_error, expected) in [(OnError::Error, error), (OnError::Miss, miss)] {
            let (mut bench, host) = bench(LoaderOptions { on_error, ..QUICK });
            let mut client = bench.whole(protocol, request);
            for run in host.take() {
                reject(&bench, &host, &run, "no\r\nway");
            }
            client.send(&mut bench.worker, b"");
            assert_eq!(client.take_text(), expected, "{}", String::from_utf8_lossy(request));
            assert!(!client.parked);
        }
    }
    let (mut bench, host) = bench(QUICK);
    let mut client = bench.whole(Memcached, &packet(0x00, b"", b"l1", b""));
    for run in host.take() {
        reject(&bench, &host, &run, "no");
    }
    client.send(&mut bench.worker, b"");
    assert_eq!(client.replies[..8], [0x81, 0, 0, 0, 0, 0, 0, 0x86]);
    assert!(client.text().ends_with("load failed: no"));
}

#[test]
fn what_cannot_be_waited_for_is_refused_at_once() {
    let (mut bench, host) = bench(LoaderOptions { max_waiting: 2, ..QUICK });
    let waiting = bench.whole(Memcached, b"get l1\r\n");
    let refused = bench.whole(Memcached, b"get l2 l3 l4\r\nmn\r\n");
    assert_eq!(refused.text(), "SERVER_ERROR load failed: too many wait for loads\r\nMN\r\n");
    assert!(waiting.parked && !refused.parked);
    assert_eq!(loads(&bench).stats().waiting, 1, "it does not wait for the first of its keys");
    let long = format!("GET l{}\r\n", "x".repeat(4096));
    let text = bench.whole(Resp, long.as_bytes()).take_text();
    assert_eq!(text, "-ERR load failed: the key is too long to be loaded\r\n");
    drop(host);
}

#[test]
fn a_value_that_the_store_refuses_is_told() {
    let (mut bench, host) = bench(QUICK);
    let mut client = bench.whole(Memcached, b"get l1\r\n");
    let bytes = vec![b'x'; (8 << 20) + 1];
    let value = ringstone_engine::loads::LoadedValue { bytes, flags: 0 };
    loads(&bench).settle(host.take()[0].id, Ok(Some(value)));
    client.send(&mut bench.worker, b"");
    assert_eq!(client.take_text(), "SERVER_ERROR load failed: object too large for cache\r\n");
}

#[test]
fn transactions_and_silent_clients_do_not_load() {
    let (mut bench, host) = bench(QUICK);
    let text = bench.whole(Resp, b"MULTI\r\nGET l1\r\nEXEC\r\n").take_text();
    assert_eq!(text, "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
    let text = bench.whole(Resp, b"CLIENT REPLY OFF\r\nGET l1\r\nCLIENT REPLY ON\r\n").take_text();
    assert_eq!(text, "+OK\r\n");
    let text = bench.whole(Resp, b"SUBSCRIBE ch\r\nGET l1\r\n").take_text();
    assert!(text.contains("-ERR Can't execute 'get'"), "{text}");
    assert!(host.take().is_empty());
    // After the transaction they do.
    let mut client = bench.whole(Resp, b"MULTI\r\nDISCARD\r\nCLIENT NO-TOUCH ON\r\nGET l1\r\n");
    assert!(client.parked);
    give(loads(&bench), &host.take()[0]);
    client.send(&mut bench.worker, b"");
    assert!(client.text().ends_with("$11\r\nvalue of l1\r\n"));
}

#[test]
fn a_key_of_another_kind_is_not_loaded() {
    let (mut bench, host) = bench(QUICK);
    let text = bench.whole(Resp, b"HSET l1 f v\r\nGET l1\r\n").take_text();
    assert!(text.starts_with(":1\r\n-WRONGTYPE"), "{text}");
    assert!(host.take().is_empty());
}

#[test]
fn a_stale_value_is_answered_at_once_and_the_tracking_client_hears_of_the_new_one() {
    let (mut bench, host) = bench(QUICK);
    let mut client = bench.whole(Resp, b"HELLO 3\r\nCLIENT TRACKING ON\r\nGET l1\r\n");
    assert!(client.parked);
    give(loads(&bench), &host.take()[0]);
    client.send(&mut bench.worker, b"");
    assert!(client.take_text().ends_with("$11\r\nvalue of l1\r\n"), "and no invalidation of what it has not read");
    bench.clock.set(START_MS + 1000);
    client.send(&mut bench.worker, b"GET l1\r\n");
    assert_eq!((client.take_text().as_str(), client.parked), ("$11\r\nvalue of l1\r\n", false));
    let runs = host.take();
    assert_eq!(runs[0].stale.as_ref().map(|stale| (&*stale.bytes, stale.flags)), Some((&b"value of l1"[..], 7)));
    give(loads(&bench), &runs[0]);
    client.send(&mut bench.worker, b"");
    assert_eq!(client.take_text(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$2\r\nl1\r\n");
}

#[test]
fn messages_are_delivered_while_a_request_waits_and_do_not_take_it_twice() {
    let (mut bench, host) = bench(QUICK);
    let mut client = Client::numbered(Resp, 2);
    client.send(&mut bench.worker, b"HELLO 3\r\nSUBSCRIBE ch\r\n");
    client.take_text();
    client.send(&mut bench.worker, b"INCR n\r\nGET l1\r\nINCR n\r\n");
    assert_eq!((client.take_text().as_str(), client.parked), (":1\r\n", true));
    for _ in 0..3 {
        bench.whole(Resp, b"PUBLISH ch m\r\n");
        client.send(&mut bench.worker, b"");
        assert_eq!(client.take_text(), ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\nm\r\n");
        assert!(client.parked);
    }
    assert_eq!(loads(&bench).stats().waiting, 1);
    give(loads(&bench), &host.take()[0]);
    client.send(&mut bench.worker, b"");
    assert_eq!(client.take_text(), "$11\r\nvalue of l1\r\n:2\r\n");
    assert_eq!(loads(&bench).stats().runs, 1);
}

#[test]
fn a_connection_that_closes_waits_no_more() {
    let (mut bench, host) = bench(QUICK);
    let client = bench.whole(Memcached, b"get l1 l2\r\n");
    assert_eq!(loads(&bench).stats().waiting, 2);
    bench.worker.close(client.connection, CloseReason::Peer);
    assert_eq!(loads(&bench).stats().waiting, 0);
    for run in host.take() {
        give(loads(&bench), &run);
    }
    let text = bench.whole(Memcached, b"get l1\r\n").take_text();
    assert!(text.starts_with("VALUE l1"), "what was begun is of use: {text}");
}

#[test]
fn without_its_loader_a_request_that_waits_is_a_miss() {
    let (mut bench, host) = bench(QUICK);
    let mut client = bench.whole(Memcached, b"get l1\r\nget l1\r\n");
    let left: Arc<dyn ringstone_engine::loads::LoadHost> = host;
    loads(&bench).leave(&left);
    client.send(&mut bench.worker, b"");
    assert_eq!((client.take_text().as_str(), client.parked), ("END\r\nEND\r\n", false));
    let (_host, _) = Host::register(loads(&bench), "", QUICK);
    let mut client = bench.whole(Resp, b"GET k\r\n");
    loads(&bench).close();
    client.send(&mut bench.worker, b"");
    assert_eq!(client.take_text(), "$-1\r\n");
}

#[test]
fn what_is_written_or_removed_while_a_request_waits_is_seen() {
    let (mut bench, host) = bench(QUICK);
    let mut client = bench.whole(Memcached, b"get l1\r\n");
    bench.whole(Resp, b"SET l1 written\r\n");
    give(loads(&bench), &host.take()[0]);
    client.send(&mut bench.worker, b"");
    assert_eq!(client.take_text(), "VALUE l1 0 7\r\nwritten\r\nEND\r\n");
    for removal in ["delete l2\r\n", "md l2\r\n", "flush_all\r\n"] {
        let mut client = bench.whole(Memcached, b"get l2\r\n");
        let first = host.take();
        bench.whole(Memcached, removal.as_bytes());
        give(loads(&bench), &first[0]);
        client.send(&mut bench.worker, b"");
        assert!(client.parked, "{removal}: what was read before may be old");
        give(loads(&bench), &host.take()[0]);
        client.send(&mut bench.worker, b"");
        assert!(client.take_text().starts_with("VALUE l2"), "{removal}");
        bench.whole(Resp, b"DEL l2\r\n");
    }
}

#[test]
fn a_read_after_the_loads_time_is_one_more_load() {
    let (mut bench, host) = bench(LoaderOptions { stale_for_ms: 0, ..QUICK });
    assert!(answered(&mut bench, &host, Memcached, b"get l1\r\n").starts_with("VALUE"));
    bench.clock.set(START_MS + 999);
    assert!(bench.whole(Memcached, b"get l1\r\n").text().starts_with("VALUE"));
    bench.clock.set(START_MS + 1000);
    assert!(bench.whole(Memcached, b"get l1\r\n").parked);
}

#[test]
fn what_is_counted_moves_and_is_shown() {
    let (mut bench, host) = bench(QUICK);
    let clients = [bench.whole(Memcached, b"get l1\r\n"), bench.whole(Memcached, b"get l1 l2\r\n")];
    let stats = bench.whole(Memcached, b"stats\r\n").take_text();
    for line in ["load_runs 2", "load_coalesced 1", "load_running 2", "load_waiting 3", "load_loaded 0"] {
        assert!(stats.contains(&format!("STAT {line}\r\n")), "{line} in {stats}");
    }
    let runs = host.take();
    give(loads(&bench), &runs[0]);
    loads(&bench).settle(runs[1].id, Ok(None));
    let stats = bench.whole(Memcached, b"stats\r\nstats reset\r\nstats\r\n").take_text();
    for line in ["load_loaded 1", "load_absent 1", "load_runs 2", "load_runs 0", "load_waiting 0"] {
        assert!(stats.contains(&format!("STAT {line}\r\n")), "{line} in {stats}");
    }
    let info = bench.whole(Resp, b"INFO stats\r\n").take_text();
    for line in ["loads_run:2", "loads_failed:0", "loads_coalesced:1", "loads_waiting:0"] {
        assert!(info.contains(&format!("{line}\r\n")), "{line} in {info}");
    }
    drop(clients);
}

#[test]
fn what_others_make_of_a_loaded_item_is_not_refreshed() {
    let requests: [(Protocol, &str); 9] = [
        (Memcached, "incr l1 1\r\n"),
        (Memcached, "ma l1\r\n"),
        (Memcached, "append l1 0 0 1\r\n1\r\n"),
        (Memcached, "set l1 0 0 1\r\n1\r\n"),
        (Resp, "INCR l1\r\n"),
        (Resp, "INCRBYFLOAT l1 1.5\r\n"),
        (Resp, "SET l1 1 KEEPTTL\r\n"),
        (Resp, "SETRANGE l1 0 2\r\n"),
        (Resp, "RENAME l1 l2\r\nRENAME l2 l1\r\n"),
    ];
    for (protocol, request) in requests {
        let (mut bench, host) = bench(LoaderOptions { stale_for_ms: 60_000, ..QUICK });
        let mut client = bench.whole(Memcached, b"get l1\r\n");
        let number = ringstone_engine::loads::LoadedValue { bytes: b"5".to_vec(), flags: 0 };
        loads(&bench).settle(host.take()[0].id, Ok(Some(number)));
        client.send(&mut bench.worker, b"");
        assert!(client.take_text().starts_with("VALUE l1 0 1\r\n5"));
        let text = bench.whole(protocol, request.as_bytes()).take_text();
        assert!(!text.contains("ERR"), "{request}: {text}");
        bench.clock.set(START_MS + 2000);
        let got = bench.whole(Resp, b"GET l1\r\n").take_text();
        assert!(got.starts_with('$') && host.take().is_empty(), "{request}: {got}");
        assert_eq!(loads(&bench).stats().stale_served, 0, "{request}");
    }
    // A touch is no write: the value is still the loader's.
    for (protocol, request) in [(Memcached, "touch l1 100\r\n"), (Resp, "PEXPIRE l1 60500\r\n")] {
        let (mut bench, host) = bench(LoaderOptions { stale_for_ms: 60_000, ..QUICK });
        answered(&mut bench, &host, Memcached, b"get l1\r\n");
        bench.whole(protocol, request.as_bytes());
        bench.clock.set(START_MS + 50_000);
        assert!(bench.whole(Memcached, b"get l1\r\n").text().starts_with("VALUE"), "{request}");
        assert_eq!(host.take().len(), 1, "{request}");
    }
}
