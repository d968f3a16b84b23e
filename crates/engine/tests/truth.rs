//! Meanings that must hold across protocols and time.

mod common;

use common::{Bench, START_MS, cache_options, options};
use ringstone_engine::CacheOptions;
use ringstone_engine::Protocol::{Auto, Memcached, Resp};

fn ask(bench: &mut Bench, bytes: &str) -> String {
    bench.whole(Auto, bytes.as_bytes()).text()
}

#[test]
fn an_item_written_over_one_protocol_reads_over_the_other() {
    let mut bench = Bench::new(options());
    assert_eq!(bench.whole(Memcached, b"set a 77 100 3\r\nabc\r\n").text(), "STORED\r\n");
    assert_eq!(bench.whole(Resp, b"GET a\r\nTTL a\r\n").text(), "$3\r\nabc\r\n:100\r\n");
    assert_eq!(bench.whole(Resp, b"SET b xyz PX 1500\r\nAPPEND a d\r\n").text(), "+OK\r\n:4\r\n");
    assert_eq!(bench.whole(Memcached, b"get a b\r\n").text(), "VALUE a 77 4\r\nabcd\r\nVALUE b 0 3\r\nxyz\r\nEND\r\n");
}

#[test]
fn incr_and_append_keep_the_time_of_expiry() {
    let mut bench = Bench::new(options());
    ask(&mut bench, "set n 0 10 1\r\n5\r\nincr n 1\r\ndecr n 2\r\nappend n 0 0 1\r\n0\r\n");
    bench.clock.advance(9_999);
    assert_eq!(ask(&mut bench, "get n\r\n"), "VALUE n 0 2\r\n40\r\nEND\r\n");
    bench.clock.advance(1);
    assert_eq!(ask(&mut bench, "get n\r\n"), "END\r\n");
    assert_eq!(
        ask(&mut bench, "*3\r\n$3\r\nSET\r\n$1\r\nn\r\n$1\r\n5\r\nPEXPIRE n 10\r\nINCR n\r\n"),
        "+OK\r\n:1\r\n:6\r\n"
    );
    bench.clock.advance(10);
    assert_eq!(bench.whole(Resp, b"GET n\r\n").text(), "$-1\r\n");
}

#[test]
fn times_beyond_thirty_days_are_absolute_and_negative_ones_are_over() {
    let mut bench = Bench::new(options());
    let at_s = START_MS / 1000 + 50;
    ask(&mut bench, &format!("set abs 0 {at_s} 1\r\nx\r\nset old 0 2592001 1\r\nx\r\nset neg 0 -1 1\r\nx\r\n"));
    assert_eq!(ask(&mut bench, "get abs old neg\r\n"), "VALUE abs 0 1\r\nx\r\nEND\r\n");
    bench.clock.advance(50_000);
    assert_eq!(ask(&mut bench, "get abs\r\n"), "END\r\n");
    ask(&mut bench, "set month 0 2592000 1\r\nx\r\n");
    bench.clock.advance(2_592_000_000 - 1);
    assert_eq!(ask(&mut bench, "get month\r\n"), "VALUE month 0 1\r\nx\r\nEND\r\n");
    assert_eq!(
        ask(&mut bench, "set far 0 9223372036854775807 1\r\nx\r\nget far\r\n"),
        "STORED\r\nVALUE far 0 1\r\nx\r\nEND\r\n"
    );
}

#[test]
fn a_delayed_flush_comes_in_its_time() {
    let mut bench = Bench::new(options());
    assert_eq!(
        ask(&mut bench, "set a 0 0 1\r\nx\r\nflush_all 10\r\nget a\r\n"),
        "STORED\r\nOK\r\nVALUE a 0 1\r\nx\r\nEND\r\n"
    );
    bench.clock.advance(10_000);
    assert_eq!(ask(&mut bench, "get a\r\n"), "END\r\n");
    assert_eq!(ask(&mut bench, "set b 0 0 1\r\ny\r\nget b\r\n"), "STORED\r\nVALUE b 0 1\r\ny\r\nEND\r\n");
    assert_eq!(
        ask(&mut bench, "flush_all\r\nset c 0 0 1\r\nz\r\nget b c\r\n"),
        "OK\r\nSTORED\r\nVALUE c 0 1\r\nz\r\nEND\r\n"
    );
}

#[test]
fn a_default_ttl_holds_for_items_written_without_one() {
    let mut bench = Bench::of(CacheOptions { default_ttl_ms: 1000, ..cache_options() }, options());
    ask(&mut bench, "set a 0 0 1\r\nx\r\nset b 0 5 1\r\nx\r\n");
    bench.whole(Resp, b"SET c x\r\nSET d x EX 5\r\nINCR e\r\n");
    bench.clock.advance(1000);
    assert_eq!(ask(&mut bench, "get a b c d e\r\n"), "VALUE b 0 1\r\nx\r\nVALUE d 0 1\r\nx\r\nEND\r\n");
}

#[test]
fn a_failed_set_leaves_no_stale_value() {
    let mut bench = Bench::new(options());
    assert_eq!(
        ask(&mut bench, "set a 0 0 1\r\nx\r\nset a 0 0 99999999\r\n"),
        "STORED\r\nSERVER_ERROR object too large for cache\r\n"
    );
    assert_eq!(ask(&mut bench, "get a\r\n"), "END\r\n");
}

#[test]
fn binary_keys_do_not_collide() {
    let mut bench = Bench::new(options());
    for (key, value) in
        [(&b"\xff\xfe"[..], b"1"), (b"\xff\xfd", b"2"), (b"\xef\xbf\xbd", b"3"), (b"a\r\nb", b"4"), (b"", b"5")]
    {
        let mut bytes = format!("*3\r\n$3\r\nSET\r\n${}\r\n", key.len()).into_bytes();
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(b"\r\n$1\r\n");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
        assert_eq!(bench.whole(Resp, &bytes).text(), "+OK\r\n");
    }
    let read =
        b"*6\r\n$4\r\nMGET\r\n$2\r\n\xff\xfe\r\n$2\r\n\xff\xfd\r\n$3\r\n\xef\xbf\xbd\r\n$4\r\na\r\nb\r\n$0\r\n\r\n";
    assert_eq!(bench.whole(Resp, read).text(), "*5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n");
}

#[test]
fn a_browser_is_closed_before_it_can_do_harm() {
    let mut bench = Bench::new(options());
    let client = bench.whole(Resp, b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n");
    assert!(client.closed && client.replies.is_empty());
    assert_eq!(bench.shared.store.len(), 0);
}
