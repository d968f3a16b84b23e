//! memcached's commands for who runs the server.

mod common;

use common::{Bench, Client, START_MS, cache_options, options, packet};
use ringstone_engine::{CacheOptions, Protocol, ServerOptions};
use ringstone_net::{CloseReason, Next, Service, Turn};

fn ask(bench: &mut Bench, request: &str) -> String {
    bench.whole(Protocol::Memcached, request.as_bytes()).text()
}

/// A client that watches, and what it has been told since it was last asked.
struct Watcher(Client);

impl Watcher {
    fn new(bench: &mut Bench, streams: &str) -> Watcher {
        let mut client = bench.whole(Protocol::Memcached, format!("watch {streams}\r\n").as_bytes());
        assert_eq!(client.text(), "OK\r\n");
        client.replies.clear();
        Watcher(client)
    }

    /// Lines without the time and the number, which must grow.
    fn lines(&mut self, bench: &mut Bench) -> Vec<String> {
        self.0.send(&mut bench.worker, b"");
        let text = self.0.text();
        self.0.replies.clear();
        let mut last = 0;
        let mut lines = Vec::new();
        for line in text.lines() {
            let (time, rest) = line.split_once(" gid=").expect("a number");
            assert!(time.starts_with("ts=") && time.contains('.'), "{line}");
            let (gid, rest) = rest.split_once(' ').expect("more");
            let gid: u64 = gid.parse().expect("a number");
            assert!(gid > last, "{line} after {last}");
            last = gid;
            lines.push(rest.to_owned());
        }
        lines
    }
}

#[test]
fn a_dump_has_every_item_once_and_takes_many_turns() {
    const ITEMS: usize = 20_000;
    let mut bench = Bench::new(options());
    let sets: String = (0..ITEMS).map(|n| format!("set key:{n} 0 {} 1 noreply\r\nx\r\n", n % 2 * 100)).collect();
    assert_eq!(ask(&mut bench, &sets), "");
    let dump = ask(&mut bench, "lru_crawler metadump all\r\nversion\r\n");
    let (lines, after) = dump.split_once("END\r\n").expect("an end");
    assert_eq!(after, "VERSION 1.6.18\r\n");
    let mut keys = std::collections::BTreeSet::new();
    for line in lines.lines() {
        let mut words = line.split(' ').map(|word| word.split_once('=').expect("name=value"));
        let (name, key) = words.next().expect("a key");
        assert_eq!(name, "key");
        let number: usize = key.strip_prefix("key%3A").expect("encoded").parse().expect("a number");
        assert!(keys.insert(number), "{key} twice");
        let names: Vec<&str> = words.clone().map(|(name, _)| name).collect();
        assert_eq!(names, ["exp", "la", "cas", "fetch", "cls", "size"]);
        let of = |wanted| words.clone().find(|(name, _)| *name == wanted).map(|(_, value)| value).expect("is there");
        let expires = (START_MS / 1000 + 100).to_string();
        assert_eq!(of("exp"), if number.is_multiple_of(2) { "-1" } else { expires.as_str() });
        assert_eq!((of("la"), of("fetch"), of("cls")), ((START_MS / 1000).to_string().as_str(), "no", "1"));
    }
    assert_eq!(keys.len(), ITEMS);
    assert_eq!(ask(&mut bench, "lru_crawler mgdump all\r\n").lines().count(), ITEMS + 1);
    assert_eq!(ask(&mut bench, "lru_crawler metadump 2\r\nlru_crawler mgdump 2\r\n"), "END\r\nEN\r\n");
}

#[test]
fn what_the_binary_protocol_has_written_is_dumped_in_base64() {
    let mut bench = Bench::new(options());
    bench.whole(Protocol::Memcached, &packet(0x01, &[0; 8], b"a b", b"v"));
    assert_eq!(ask(&mut bench, "lru_crawler mgdump all\r\n"), "mg YSBi b\r\nEN\r\n");
}

#[test]
fn cachedump_is_bounded() {
    let mut bench = Bench::new(options());
    let sets: String = (0..5000).map(|n| format!("set {n} 0 0 2 noreply\r\nxy\r\n")).collect();
    ask(&mut bench, &sets);
    assert_eq!(
        ask(&mut bench, "stats cachedump 1 3\r\n").lines().filter(|line| line.ends_with(" [2 b; 0 s]")).count(),
        3
    );
    assert_eq!(ask(&mut bench, "stats cachedump 1 0\r\n").lines().count(), 2001);
    assert_eq!(ask(&mut bench, "stats cachedump 2 0\r\n"), "END\r\n");
}

#[test]
fn prefixes_are_counted_while_it_is_on() {
    let mut bench = Bench::new(options());
    let requests = "set foo:z 0 0 1\r\n1\r\nget foo:z foo:x bar\r\ndelete foo:z\r\ndelete foo:nope\r\nincr foo:n 1\r\n\
                    touch foo:a 0\r\nset foo:a 0 0 1\r\n1\r\ngat 0 foo:a\r\nadd foo:a 0 0 1\r\nx\r\n";
    ask(&mut bench, requests);
    assert_eq!(ask(&mut bench, "stats detail dump\r\n"), "END\r\n", "off");
    ask(&mut bench, "delete foo:a\r\n");
    assert_eq!(ask(&mut bench, "stats detail on\r\n"), "OK\r\n");
    ask(&mut bench, requests);
    bench.whole(Protocol::Memcached, &packet(0x00, b"", b"bin:x", b""));
    let expected = "PREFIX bin get 1 hit 0 set 0 del 0\r\nPREFIX foo get 3 hit 2 set 3 del 2\r\nEND\r\n";
    assert_eq!(ask(&mut bench, "stats detail dump\r\n"), expected);
    assert_eq!(ask(&mut bench, "stats detail off\r\n"), "OK\r\n");
    ask(&mut bench, requests);
    assert_eq!(ask(&mut bench, "stats detail dump\r\n"), expected);
    assert_eq!(ask(&mut bench, "stats reset\r\nstats detail dump\r\n"), "RESET\r\nEND\r\n");
}

#[test]
fn watchers_see_what_they_asked_for() {
    let mut bench = Bench::new(options());
    let mut all = Watcher::new(&mut bench, "fetchers mutations deletions");
    let mut fetchers = Watcher::new(&mut bench, "");
    ask(&mut bench, "get none\r\nset a:b 5 100 3\r\nabc\r\nadd a:b 0 0 1\r\nx\r\nget a:b\r\ndelete a:b\r\n");
    let fetched = [
        "type=item_get key=none status=not_found clsid=0 cfd=1 size=0",
        "type=item_get key=a%3Ab status=found clsid=1 cfd=1 size=3",
    ];
    assert_eq!(fetchers.lines(&mut bench), fetched);
    let lines = all.lines(&mut bench);
    // The time of the lines is the system's, the clock of the store is the test's.
    let stored = lines[1].split_once(" ttl=").expect("a time to live");
    assert_eq!(stored.0, "type=item_store key=a%3Ab status=stored cmd=set");
    assert!(stored.1.ends_with(" clsid=1 cfd=1 size=3"), "{}", stored.1);
    assert_eq!(lines[2], "type=item_store key=a%3Ab status=not_stored cmd=add ttl=0 clsid=1 cfd=1 size=1");
    assert_eq!(lines[4], "type=deleted key=a%3Ab cmd=delete clsid=1 size=3");
    assert_eq!([&lines[0], &lines[3]], fetched);
    assert_eq!(lines.len(), 5);
    // What another protocol does to items is seen too.
    bench.whole(Protocol::Resp, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n");
    let expected = [
        "type=item_store key=k status=stored cmd=set ttl=0 clsid=1 cfd=1 size=1",
        "type=deleted key=k cmd=del clsid=1 size=1",
    ];
    assert_eq!(all.lines(&mut bench), expected);
    // And nothing that a watcher sends means anything.
    all.0.send(&mut bench.worker, b"get a:b\r\nquit\r\n");
    assert!(!all.0.closed && all.0.replies.is_empty());
}

#[test]
fn evictions_are_watched() {
    let mut bench = Bench::of(CacheOptions { max_memory: 2 << 20, ..cache_options() }, options());
    let mut watcher = Watcher::new(&mut bench, "evictions");
    let value = "v".repeat(1000);
    for n in 0..4000 {
        ask(&mut bench, &format!("set k{n} 0 0 1000 noreply\r\n{value}\r\n"));
    }
    let lines = watcher.lines(&mut bench);
    let evictions = bench.shared.store.stats().evictions;
    assert!(evictions > 0);
    assert_eq!(lines.len() as u64, evictions);
    assert!(lines.iter().all(|line| line.starts_with("type=eviction key=k")
        && line.ends_with(" clsid=1 size=1000")
        && line.contains(" fetch=no ttl=-1 la=")));
}

#[test]
fn memory_grows_and_shrinks() {
    let mut bench = Bench::of(CacheOptions { max_memory: 32 << 20, ..cache_options() }, options());
    let limit = |bench: &mut Bench| {
        let stats = ask(bench, "stats\r\n");
        let line = stats.lines().find(|line| line.starts_with("STAT limit_maxbytes ")).expect("is there");
        line.rsplit(' ').next().expect("a number").parse::<u64>().expect("a number")
    };
    let value = "v".repeat(1000);
    let fill = |bench: &mut Bench| {
        for n in 0..60_000 {
            ask(bench, &format!("set k{n} 0 0 1000 noreply\r\n{value}\r\n"));
        }
        bench.shared.store.stats().key_value_bytes
    };
    let small = fill(&mut bench);
    assert_eq!(ask(&mut bench, "cache_memlimit 64\r\n"), "OK\r\n");
    assert_eq!(limit(&mut bench), 64 << 20);
    let large = fill(&mut bench);
    assert!(large > small * 3 / 2, "{small} {large}");
    assert_eq!(ask(&mut bench, "cache_memlimit 16 noreply\r\n"), "");
    assert_eq!(limit(&mut bench), 16 << 20);
    while bench.shared.store.shrink_slice(START_MS) {}
    let shrunk = bench.shared.store.stats().key_value_bytes;
    assert!(shrunk < 16 << 20 && shrunk > 8 << 20, "{shrunk}");
    let refusal = "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n";
    assert_eq!(ask(&mut bench, "cache_memlimit 999999999\r\n"), refusal);
    assert_eq!(limit(&mut bench), 16 << 20);
}

#[test]
fn a_shutdown_has_to_be_allowed() {
    let mut bench = Bench::new(options());
    assert_eq!(ask(&mut bench, "shutdown\r\n"), "SERVER_ERROR: shutdown not enabled\r\n");
    assert_eq!(ask(&mut bench, "shutdown now\r\n"), "CLIENT_ERROR invalid shutdown mode\r\n");
    let mut bench = Bench::new(ServerOptions { enable_shutdown: true, ..options() });
    let client = bench.whole(Protocol::Memcached, b"shutdown\r\nversion\r\n");
    assert!(client.closed && client.replies.is_empty());
}

#[test]
fn a_cachedump_is_bounded_and_its_keys_are_words() {
    let mut bench = Bench::new(options());
    let mut client = Client::new(Protocol::Resp);
    client.send(&mut bench.worker, b"*3\r\n$3\r\nSET\r\n$9\r\nk\r\nEND\r\nx\r\n$1\r\nv\r\n");
    assert_eq!(client.text(), "+OK\r\n");
    let dump = ask(&mut bench, "stats cachedump 1 0\r\n");
    assert_eq!(dump.matches("\r\n").count(), 2 - usize::from(!dump.contains("ITEM")), "{dump}");
    for number in 0..1000 {
        let key = format!("{number:05}").repeat(10_000);
        client.send(&mut bench.worker, format!("SET {key} v\r\n").as_bytes());
    }
    let length = ask(&mut bench, "stats cachedump 1 0\r\n").len();
    assert!(length > 1 << 20 && length < 3 << 20, "{length}");
}

#[test]
fn a_write_beside_the_first_watch_is_told_at_once_and_not_as_another_command() {
    let mut bench = Bench::new(options());
    let watcher = Watcher::new(&mut bench, "mutations fetchers");
    ask(&mut bench, "get nothing\r\n");
    bench.worker.close(watcher.0.connection, CloseReason::Peer);
    let (mut first, mut writer) = (Client::new(Protocol::Memcached), Client::new(Protocol::Memcached));
    let mut turns =
        [(&mut first, &b"watch mutations\r\n"[..]), (&mut writer, b"set k 0 0 1\r\nv\r\n")].map(|(client, input)| {
            Turn {
                connection: &mut client.connection,
                input,
                end_of_input: false,
                output: &mut client.output,
                consumed: 0,
                next: Next::Read,
                need: 0,
            }
        });
    bench.worker.run(&mut turns, 0);
    assert_eq!(first.output.take_bytes(), b"OK\r\n");
    let lines = Watcher(first).lines(&mut bench);
    assert_eq!(lines, ["type=item_store key=k status=stored cmd=na ttl=0 clsid=1 cfd=0 size=1"]);
}
