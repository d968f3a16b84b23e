//! memcached's meta commands where the clock, the counters, other protocols or want of memory matter. The tables of what is
//! sent and answered are in `test/protocol/memcached/meta`.

mod common;

use common::{Bench, Client, cache_options, options};
use ringstone_engine::Protocol::{Auto, Memcached};
use ringstone_engine::{CacheOptions, Eviction};

fn ask(bench: &mut Bench, bytes: &str) -> String {
    bench.whole(Auto, bytes.as_bytes()).text()
}

/// The value of one of the general statistics.
fn stat(bench: &mut Bench, name: &str) -> u64 {
    let stats = ask(bench, "stats\r\n");
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("STAT {name} ")));
    line.unwrap_or_else(|| panic!("{name} in {stats}")).parse().expect("a number")
}

#[test]
fn a_begun_second_counts_whole() {
    let mut bench = Bench::new(options());
    assert_eq!(ask(&mut bench, "ms a 1 T100\r\nx\r\nmg a t R100\r\nmg a t R0\r\n"), "HD\r\nHD t100\r\nHD t100\r\n");
    bench.clock.advance(999);
    // Both times end at the same moment of the second; memcached's clock would not have ticked.
    assert_eq!(ask(&mut bench, "mg a t R100\r\n"), "HD t100\r\n");
    bench.clock.advance(1);
    assert_eq!(ask(&mut bench, "mg a t R99\r\nmg a t R100\r\nmg a t\r\n"), "HD t99\r\nHD t99 W\r\nHD t99 Z\r\n");
    bench.clock.advance(98_999);
    assert_eq!(ask(&mut bench, "mg a t\r\n"), "HD t1 Z\r\n");
    bench.clock.advance(1);
    assert_eq!(ask(&mut bench, "mg a t\r\n"), "EN\r\n");
}

#[test]
fn absolute_times_are_compared_as_times() {
    let mut bench = Bench::new(options());
    let now_s = common::START_MS / 1000;
    let (sooner, later) = (now_s + 5_000_000, now_s + 5_000_010);
    let sent = format!("ms a 1 T{later}\r\nx\r\nmg a t\r\nmg a R{sooner}\r\nmg a R{}\r\n", later + 1);
    assert_eq!(ask(&mut bench, &sent), "HD\r\nHD t5000010\r\nHD\r\nHD W\r\n");
}

#[test]
fn a_lease_ends_with_its_item() {
    let mut bench = Bench::new(options());
    assert_eq!(ask(&mut bench, "mg a N30\r\nmg a N30\r\n"), "HD W\r\nHD Z\r\n");
    bench.clock.advance(30_000);
    assert_eq!(ask(&mut bench, "mg a\r\nmg a N30\r\nmg a N30\r\n"), "EN\r\nHD W\r\nHD Z\r\n");
    assert_eq!(ask(&mut bench, "flush_all\r\nmg a N30 q\r\n"), "OK\r\nHD W\r\n");
}

#[test]
fn the_last_access_is_the_one_before() {
    let mut bench = Bench::new(options());
    ask(&mut bench, "ms a 1\r\nx\r\n");
    bench.clock.advance(70_000);
    assert_eq!(ask(&mut bench, "mg a l h u\r\nmg a l h\r\nmg a l h\r\n"), "HD l70 h0\r\nHD l70 h0\r\nHD l0 h1\r\n");
    bench.clock.advance(5_000);
    assert_eq!(ask(&mut bench, "mg a h R1\r\nmg a l\r\n"), "HD h1\r\nHD l0\r\n");
    bench.clock.advance(5_000);
    let me = ask(&mut bench, "me a\r\nme a\r\n");
    assert_eq!(me.matches(" la=5 ").count(), 2, "{me}");
}

#[test]
fn counting_is_no_read() {
    let mut bench = Bench::new(options());
    assert_eq!(
        ask(&mut bench, "ms n 1\r\n5\r\nincr n 1\r\nma n\r\nmg n h\r\nmg n h\r\n"),
        "HD\r\n6\r\nHD\r\nHD h0\r\nHD h1\r\n"
    );
}

#[test]
fn marking_an_item_changes_nothing_else() {
    let mut bench = Bench::new(options());
    let before = ask(&mut bench, "ms a 5 F7 T500\r\nvalue\r\nmg a\r\nmg a c v f t s h\r\n");
    let line = before.rsplit_once("HD\r\n").expect("a hit").1.to_owned();
    assert!(line.starts_with("VA 5 c") && line.contains(" f7 t500 s5 h1\r\nvalue\r\n"), "{line}");
    let won = line.replacen(" h1\r\n", " h1 W\r\n", 1);
    let taken = line.replacen(" h1\r\n", " h1 Z\r\n", 1);
    assert_eq!(ask(&mut bench, "mg a c v f t s h R600\r\nmg a c v f t s h\r\n"), format!("{won}{taken}"));
}

#[test]
fn commands_are_counted_as_what_they_do() {
    let mut bench = Bench::new(options());
    ask(&mut bench, "ms a 1\r\n1\r\nms n 1 MR\r\n1\r\nmg a\r\nmg a u v\r\nmg b\r\nmg b u q\r\nmg c N0\r\nmg a T9\r\n");
    ask(
        &mut bench,
        "ms a 1 C999\r\n1\r\nms z 1 C1\r\n1\r\nma a\r\nma a MD\r\nma m\r\nma m MD\r\nmd x\r\nmd a I\r\nmd a\r\n",
    );
    ask(&mut bench, "me c\r\nme d\r\nmn\r\nms a 1 z\r\n1\r\n");
    for (name, value) in [
        ("cmd_get", 5),
        ("get_hits", 3),
        ("get_misses", 2),
        ("cmd_touch", 1),
        ("touch_hits", 1),
        ("cmd_set", 4),
        ("cmd_meta", 2),
        ("cas_badval", 1),
        ("cas_misses", 1),
        ("incr_hits", 1),
        ("decr_hits", 1),
        ("incr_misses", 1),
        ("decr_misses", 1),
        ("delete_misses", 1),
        ("delete_hits", 1),
    ] {
        assert_eq!(stat(&mut bench, name), value, "{name}");
    }
}

#[test]
fn a_hash_is_no_value() {
    let mut bench = Bench::new(options());
    assert_eq!(ask(&mut bench, "HSET h f v\r\nSET s x\r\n"), ":1\r\n+OK\r\n");
    const NO: &str = "SERVER_ERROR the item is a hash\r\n";
    for (sent, reply) in [
        ("get h\r\n", NO.to_owned()),
        ("get s h s\r\n", format!("VALUE s 0 1\r\nx\r\n{NO}")),
        ("gat 100 h\r\n", NO.to_owned()),
        ("append h 0 0 1\r\nx\r\nprepend h 0 0 1\r\nx\r\n", NO.repeat(2)),
        ("incr h 1\r\ndecr h 1\r\n", NO.repeat(2)),
        ("mg h v\r\nmg h v T100 R1000\r\n", NO.repeat(2)),
        ("ms h 1 MA\r\nx\r\nms h 1 MP N0 q\r\nx\r\nma h q\r\n", NO.repeat(3)),
        // Neither was it touched nor marked; what is not its value can be seen.
        ("mg h t k\r\nadd h 0 0 1\r\nx\r\n", "HD t-1 kh\r\nNOT_STORED\r\n".to_owned()),
        ("mg h T100 t\r\ntouch h 50\r\n", "HD t100\r\nTOUCHED\r\n".to_owned()),
        ("md h I\r\nmg h\r\nmg h\r\n", "HD\r\nHD X W\r\nHD Z X\r\n".to_owned()),
        ("HGET h f\r\n", "$1\r\nv\r\n".to_owned()),
        ("set h 0 0 1\r\nx\r\nget h\r\n", "STORED\r\nVALUE h 0 1\r\nx\r\nEND\r\n".to_owned()),
        ("md h\r\n", "HD\r\n".to_owned()),
    ] {
        assert_eq!(ask(&mut bench, sent), reply, "{sent}");
    }
}

#[test]
fn what_is_written_has_the_default_time() {
    let mut bench = Bench::of(CacheOptions { default_ttl_ms: 50_000, ..cache_options() }, options());
    for (sent, reply) in [
        ("ms a 1\r\nx\r\nmg a t\r\n", "HD\r\nHD t50\r\n"),
        ("ms a 1 T0\r\nx\r\nmg a t\r\n", "HD\r\nHD t50\r\n"),
        ("mg b N0\r\nmg b t\r\n", "HD W\r\nHD t50 Z\r\n"),
        ("ma c N0 t\r\nma c t\r\n", "HD t50\r\nHD t50\r\n"),
        ("md a x\r\nmg a t\r\n", "HD\r\nHD t50\r\n"),
        // As `touch`, which takes it at its word.
        ("mg a T0 t\r\n", "HD t-1\r\n"),
    ] {
        assert_eq!(ask(&mut bench, sent), reply, "{sent}");
    }
}

#[test]
fn without_room_nobody_wins_and_every_request_is_answered() {
    let small = CacheOptions { max_memory: 4 << 20, eviction: Eviction::None, ..cache_options() };
    let mut bench = Bench::of(small, options());
    let mut client = Client::new(Memcached);
    client.send(&mut bench.worker, b"ms old 2 T100\r\nhi\r\n");
    let value = "v".repeat(1000);
    for n in 0..5000 {
        client.send(&mut bench.worker, format!("ms fill{n} 1000 q\r\n{value}\r\n").as_bytes());
    }
    for n in 0..500_000 {
        let before = client.replies.len();
        client.send(&mut bench.worker, format!("ms tiny{n} 0 q\r\n\r\n").as_bytes());
        if client.replies.len() > before {
            break;
        }
    }
    assert!(client.text().ends_with("SERVER_ERROR out of memory storing object\r\n"), "the store is full");
    client.replies.clear();
    client.send(&mut bench.worker, b"mg absent N30 k\r\nmg absent N30 k\r\nmn\r\nma absent N30\r\nmn\r\n");
    assert_eq!(client.text(), "EN kabsent\r\nEN kabsent\r\nMN\r\nSERVER_ERROR out of memory storing object\r\nMN\r\n");
    client.replies.clear();
    client.send(&mut bench.worker, b"mg old R1000 v\r\nmg old R1000 v\r\nmg old R1000 v\r\n");
    let text = client.text();
    assert_eq!(text.matches("VA 2").count(), 3, "{text}");
    assert!(text.matches('W').count() <= 1, "{text}");
}

#[test]
fn large_values_come_in_any_pieces_and_keep_their_marks() {
    let mut bench = Bench::new(options());
    let value = "0123456789".repeat(30_000);
    let stream = format!("ms Zm9v 300000 b k c T100 F5 O9\r\n{value}\r\nmg Zm9v b s t f v\r\n");
    for size in [1000, 4096, 70_000, stream.len()] {
        let mut client = bench.pieces(Memcached, stream.as_bytes().chunks(size));
        let text = client.text();
        let (head, rest) = text.split_once("\r\n").expect("a line");
        assert!(head.starts_with("HD kZm9v b c") && head.ends_with(" O9"), "{head}");
        assert_eq!(rest, format!("VA 300000 s300000 t100 f5\r\n{value}\r\n"));
        client.replies.clear();
        client.send(&mut bench.worker, b"md foo I E5\r\nmg foo s c\r\nmg foo s R1000 c\r\nms foo 3 MA\r\nabc\r\nmg foo s\r\nms foo 3 MP E8 s c\r\nabc\r\n");
        assert_eq!(
            client.text(),
            "HD\r\nHD s300000 c5 X W\r\nHD s300000 c5 Z X\r\nHD\r\nHD s300003\r\nHD s300006 c8\r\n",
            "in pieces of {size}"
        );
    }
}

#[test]
fn a_large_body_that_is_refused_leaves_the_connection_in_step() {
    let mut bench = Bench::new(options());
    let value = "x".repeat(100_000);
    for (flags, reply) in [
        ("z", "CLIENT_ERROR invalid flag\r\nMN\r\n"),
        ("b", "CLIENT_ERROR error decoding key\r\nMN\r\n"),
        ("MX q", "CLIENT_ERROR invalid mode for ms M token\r\nMN\r\n"),
        ("MR q k", "NS kodd\r\nMN\r\n"),
        ("C5 q s", "NF s100000\r\nMN\r\n"),
    ] {
        let stream = format!("ms odd 100000 {flags}\r\n{value}\r\nmn\r\n");
        for size in [999, 30_000, stream.len()] {
            assert_eq!(bench.pieces(Memcached, stream.as_bytes().chunks(size)).text(), reply, "{flags} by {size}");
        }
    }
    let stream = format!("ms odd 100000 q\r\n{value}xxmn\r\nmg odd\r\n");
    for size in [999, 30_000, stream.len()] {
        let text = bench.pieces(Memcached, stream.as_bytes().chunks(size)).text();
        assert_eq!(text, "CLIENT_ERROR bad data chunk\r\nMN\r\nEN\r\n");
    }
}
