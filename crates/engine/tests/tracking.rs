//! Client-side caching: who keeps copies is told of every change, by whichever protocol or for whatever reason.

mod common;

use common::{Bench, Client, START_MS, options};
use ringstone_engine::Protocol::{Memcached, Resp};
use ringstone_engine::ServerOptions;
use ringstone_net::{CloseReason, Service};

/// The push of an invalidated key.
fn invalidated(key: &str) -> String {
    format!(">2\r\n$10\r\ninvalidate\r\n*1\r\n${}\r\n{key}\r\n", key.len())
}

const EVERYTHING: &str = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

/// A bench, a client that tracks, and two that change.
struct Scene {
    bench: Bench,
    tracker: Client,
    resp: Client,
    memcached: Client,
}

impl Scene {
    fn new(tracking: &str) -> Scene {
        let mut scene = Scene {
            bench: Bench::new(options()),
            tracker: Client::numbered(Resp, 2),
            resp: Client::numbered(Resp, 3),
            memcached: Client::numbered(Memcached, 4),
        };
        let setup = format!("HELLO 3\r\n{tracking}\r\n");
        scene.tracker.send(&mut scene.bench.worker, setup.as_bytes());
        assert!(scene.tracker.take_text().ends_with("+OK\r\n"));
        scene
    }

    /// What the tracker gets for its request.
    fn track(&mut self, request: &str) -> String {
        self.tracker.send(&mut self.bench.worker, request.as_bytes());
        self.tracker.take_text()
    }

    /// What it is told meanwhile.
    fn told(&mut self) -> String {
        self.track("")
    }

    fn resp(&mut self, request: &str) -> String {
        self.resp.send(&mut self.bench.worker, request.as_bytes());
        self.resp.take_text()
    }

    fn memcached(&mut self, request: &str) -> String {
        self.memcached.send(&mut self.bench.worker, request.as_bytes());
        self.memcached.take_text()
    }

    /// Time goes on, and the sweeper looks for what is due.
    fn pass(&mut self, ms: u64) {
        let now_ms = self.bench.shared.cache.clock.now_ms() + ms;
        self.bench.clock.set(now_ms);
        self.bench.shared.cache.tracking.tick(now_ms);
    }
}

#[test]
fn every_change_of_a_key_that_was_read_is_told_once() {
    let mut scene = Scene::new("CLIENT TRACKING ON");
    for (request, is_resp) in [
        ("SET k 2\r\n", true),
        ("APPEND k 3\r\n", true),
        ("INCR k\r\n", true),
        ("MSET other 1 k 1\r\n", true),
        ("EXPIRE k 100\r\n", true),
        ("PERSIST k\r\n", true),
        ("DEL k\r\n", true),
        ("set k 0 0 1\r\n1\r\n", false),
        ("incr k 5\r\n", false),
        ("append k 0 0 1\r\n1\r\n", false),
        ("touch k 100\r\n", false),
        ("gat 200 k\r\n", false),
        ("delete k\r\n", false),
    ] {
        scene.track("GET k\r\nGET k\r\n");
        assert_eq!(scene.told(), "");
        let reply = if is_resp { scene.resp(request) } else { scene.memcached(request) };
        assert!(!reply.starts_with('-') && !reply.contains("ERROR"), "{request}: {reply}");
        assert_eq!(scene.told(), invalidated("k"), "{request}");
        if is_resp {
            scene.resp("SET k 3 EX 1000\r\n")
        } else {
            scene.memcached("set k 0 0 1\r\n3\r\n")
        };
        assert_eq!(scene.told(), "", "{request}: it is not tracked before it is read again");
    }
    // Reads and refused writes are none.
    scene.track("GET k\r\n");
    scene.resp("GET k\r\nSET k 1 NX\r\nTTL k\r\n");
    scene.memcached("get k\r\nadd k 0 0 1\r\n9\r\n");
    assert_eq!(scene.told(), "");
}

#[test]
fn a_key_is_tracked_by_whatever_reads_it() {
    let mut scene = Scene::new("CLIENT TRACKING ON");
    scene.resp("MSET a 1 b 2\r\nHSET h f v\r\n");
    for (read, key) in [
        ("MGET a b\r\n", "b"),
        ("STRLEN a\r\n", "a"),
        ("EXISTS none\r\n", "none"),
        ("TTL a\r\n", "a"),
        ("HGET h f\r\n", "h"),
        ("MULTI\r\nGET a\r\nEXEC\r\n", "a"),
    ] {
        scene.track(read);
        scene.resp(&format!("DEL {key}\r\nSET {key} 1\r\n"));
        assert_eq!(scene.told(), invalidated(key), "{read}");
        scene.resp("HSET h f v\r\n");
    }
    scene.track("SET a 1\r\n");
    scene.resp("SET a 2\r\n");
    assert_eq!(scene.told(), "", "a write does not read");
}

#[test]
fn a_key_whose_time_comes_is_told_though_nobody_asks() {
    let mut scene = Scene::new("CLIENT TRACKING ON");
    scene.resp("SET k v PX 1000\r\nSET later v PX 5000\r\nSET never v\r\n");
    scene.track("MGET k later never\r\n");
    scene.pass(999);
    assert_eq!(scene.told(), "");
    scene.pass(1);
    assert_eq!(scene.told(), invalidated("k"));
    assert_eq!(scene.track("GET k\r\n"), "_\r\n");
    // Another time is another change, and then the new one counts.
    scene.resp("PEXPIRE later 10000\r\n");
    assert_eq!(scene.told().matches("later").count(), 1);
    scene.track("GET later\r\n");
    scene.pass(9999);
    assert_eq!(scene.told(), "");
    scene.pass(1);
    assert_eq!(scene.told(), invalidated("later"));
    scene.pass(1_000_000);
    assert_eq!(scene.told(), "");
}

#[test]
fn an_evicted_key_is_told() {
    let mut scene = Scene::new("CLIENT TRACKING ON");
    scene.resp("SET k v\r\n");
    scene.track("GET k\r\n");
    let value = "v".repeat(10_000);
    let mut told = String::new();
    for number in 0..20_000 {
        scene.memcached(&format!("set f{number} 0 0 {} noreply\r\n{value}\r\n", value.len()));
        told = scene.told();
        if !told.is_empty() {
            break;
        }
    }
    assert_eq!(told, invalidated("k"));
    assert_eq!(scene.resp("GET k\r\n"), "$-1\r\n");
}

#[test]
fn a_flush_is_told_as_one_also_a_delayed_one() {
    for mode in ["CLIENT TRACKING ON", "CLIENT TRACKING ON BCAST"] {
        let mut scene = Scene::new(mode);
        scene.resp("SET k v\r\n");
        scene.told();
        for flush in ["FLUSHALL\r\n", "FLUSHDB ASYNC\r\n", "MULTI\r\nFLUSHALL\r\nEXEC\r\n"] {
            scene.track("GET k\r\n");
            scene.resp(flush);
            assert_eq!(scene.told(), EVERYTHING, "{flush}");
        }
        scene.track("GET k\r\n");
        scene.memcached("flush_all\r\n");
        assert_eq!(scene.told(), EVERYTHING);

        scene.resp("SET k v\r\n");
        scene.told();
        scene.memcached("flush_all 10\r\n");
        assert_eq!(scene.track("GET k\r\n"), "$1\r\nv\r\n");
        scene.pass(9_999);
        assert_eq!(scene.told(), "");
        scene.pass(100);
        let told = scene.told();
        assert!(told.ends_with(EVERYTHING), "{told}");
        assert_eq!(scene.track("GET k\r\n"), "_\r\n");
        scene.pass(20_000);
        assert_eq!(scene.told(), "");
        // One that is overtaken by a flush at once does not come.
        scene.memcached("flush_all 10\r\nflush_all\r\n");
        assert_eq!(scene.told(), EVERYTHING);
        scene.pass(20_000);
        assert_eq!(scene.told(), "");
    }
}

#[test]
fn prefixes_are_told_of_all_their_keys() {
    let mut scene = Scene::new("CLIENT TRACKING ON BCAST PREFIX user: PREFIX item:");
    scene.resp("SET user:1 v\r\nSET other v\r\nSET item: v\r\nSET user v\r\n");
    assert_eq!(scene.told(), invalidated("user:1") + &invalidated("item:"));
    scene.memcached("delete user:1\r\ndelete user:1\r\nset item:x 0 0 1\r\n1\r\n");
    assert_eq!(scene.told(), invalidated("user:1") + &invalidated("item:x"));
    scene.track("CLIENT TRACKING OFF\r\n");
    scene.resp("SET user:1 v\r\n");
    assert_eq!(scene.told(), "");
    scene.track("CLIENT TRACKING ON BCAST\r\n");
    scene.resp("SET any v\r\n");
    assert_eq!(scene.told(), invalidated("any"));
}

#[test]
fn who_changes_a_key_itself_is_told_after_the_reply_unless_it_does_not_want_to_be() {
    let mut scene = Scene::new("CLIENT TRACKING ON");
    assert_eq!(scene.track("GET k\r\nSET k 1\r\nGET k\r\n"), "_\r\n+OK\r\n$1\r\n1\r\n");
    assert_eq!(scene.told(), invalidated("k"));
    for mode in ["CLIENT TRACKING ON NOLOOP", "CLIENT TRACKING ON BCAST NOLOOP"] {
        let mut scene = Scene::new(mode);
        assert_eq!(scene.track("GET k\r\nSET k 1\r\nMULTI\r\nSET k 2\r\nEXEC\r\n").matches("OK").count(), 3);
        assert_eq!(scene.told(), "", "{mode}");
        scene.track("GET k\r\n");
        scene.resp("SET k 3\r\n");
        assert_eq!(scene.told(), invalidated("k"), "{mode}");
    }
}

#[test]
fn opt_in_and_opt_out_choose_the_reads() {
    let mut scene = Scene::new("CLIENT TRACKING ON OPTIN");
    let changed = "SET a 1\r\nSET b 1\r\n";
    scene.track("GET a\r\nCLIENT CACHING YES\r\nGET b\r\nGET a\r\n");
    scene.resp(changed);
    assert_eq!(scene.told(), invalidated("b"), "for one command");
    scene.track("CLIENT CACHING YES\r\nMULTI\r\nGET a\r\nGET b\r\nEXEC\r\n");
    scene.resp(changed);
    assert_eq!(scene.told(), invalidated("a") + &invalidated("b"), "or for a transaction");
    scene.track("GET a\r\n");
    scene.resp(changed);
    assert_eq!(scene.told(), "");
    let mut scene = Scene::new("CLIENT TRACKING ON OPTOUT");
    scene.track("GET a\r\nCLIENT CACHING NO\r\nGET b\r\n");
    scene.resp(changed);
    assert_eq!(scene.told(), invalidated("a"));
}

#[test]
fn a_client_that_does_not_read_has_bounded_invalidations_and_then_one_of_everything() {
    let mut scene = Scene::new("CLIENT TRACKING ON BCAST");
    let mut most = 0;
    for number in 0..100_000 {
        scene.memcached(&format!("set key-{number} 0 0 1 noreply\r\n1\r\n"));
        most = most.max(scene.tracker.connection.session.client.pending_bytes());
    }
    assert!(most > 1_000_000 && most <= 1 << 20, "{most}");
    assert_eq!(scene.told(), EVERYTHING);
    scene.memcached("set k 0 0 1\r\n1\r\n");
    assert_eq!(scene.told(), invalidated("k"), "and then keys again");
}

#[test]
fn keys_beyond_the_bound_are_told_and_forgotten() {
    let mut scene = Scene::new("CLIENT TRACKING ON");
    scene.bench.shared.cache.tracking.set_max_keys(640);
    let mut told = 0;
    for number in 0..5_000 {
        told += scene.track(&format!("GET key-{number}\r\n")).matches("invalidate").count();
    }
    told += scene.told().matches("invalidate").count();
    let counts = scene.bench.shared.cache.tracking.counts();
    assert!(counts.keys <= 640 && counts.keys + told == 5_000, "{counts:?}, {told} told");
    scene.track("CLIENT TRACKING OFF\r\n");
    assert_eq!(scene.bench.shared.cache.tracking.counts(), Default::default(), "nothing is kept for nobody");
}

#[test]
fn no_touch_does_not_count_reads() {
    let mut bench = Bench::new(ServerOptions { ..options() });
    let mut client = Client::new(Resp);
    client.send(&mut bench.worker, b"SET k v\r\n");
    let idle_s = |bench: &Bench| {
        let store = &bench.shared.store;
        store.entry(b"k", store.hash(b"k"), bench.shared.cache.clock.now_ms()).peek().expect("is there").idle_s
    };
    client.send(&mut bench.worker, b"CLIENT NO-TOUCH ON\r\n");
    bench.clock.set(START_MS + 100_000);
    client.send(&mut bench.worker, b"GET k\r\nMGET k\r\nSTRLEN k\r\n");
    assert_eq!(idle_s(&bench), 100);
    client.send(&mut bench.worker, b"CLIENT NO-TOUCH OFF\r\nGET k\r\n");
    assert_eq!(idle_s(&bench), 0);
    assert_eq!(client.text(), "+OK\r\n+OK\r\n$1\r\nv\r\n*1\r\n$1\r\nv\r\n:1\r\n+OK\r\n$1\r\nv\r\n");
}

#[test]
fn what_goes_of_itself_while_a_client_works_is_no_change_of_its_own() {
    let mut scene = Scene::new("CLIENT TRACKING ON NOLOOP");
    scene.resp("SET k v\r\n");
    scene.track("GET k\r\n");
    let value = "v".repeat(30_000);
    let mut told = String::new();
    for number in 0..20_000 {
        assert_eq!(scene.track(&format!("SET f{number} {value}\r\n")), "+OK\r\n");
        told = scene.told();
        let store = &scene.bench.shared.store;
        let is_there = store.entry(b"k", store.hash(b"k"), START_MS).peek().is_some();
        if !told.is_empty() || !is_there {
            break;
        }
    }
    assert_eq!(told, invalidated("k"), "evicted for a value of its own");
}

#[test]
fn caching_is_for_the_next_request_also_if_that_is_refused() {
    let transactions = ["MULTI\r\nDISCARD\r\n", "MULTI\r\nNOSUCH\r\nEXEC\r\n", "MULTI\r\nEXEC x\r\n"];
    for refused in ["NOSUCH\r\n", "GET\r\n"].into_iter().chain(transactions) {
        let mut scene = Scene::new("CLIENT TRACKING ON OPTOUT");
        scene.track(&format!("CLIENT CACHING NO\r\n{refused}GET a\r\n"));
        scene.resp("SET a 1\r\n");
        assert_eq!(scene.told(), invalidated("a"), "{refused}");
    }
}

#[test]
fn what_a_connection_has_asked_for_is_bounded_in_bytes_and_goes_with_it() {
    let mut scene = Scene::new("CLIENT SETNAME me");
    let prefixes: String = (0..50).map(|number| format!(" PREFIX {number:02}{}", "p".repeat(60_000))).collect();
    let reply = scene.track(&format!("*1\r\n$4\r\nPING\r\n{}", array(&format!("CLIENT TRACKING ON BCAST{prefixes}"))));
    assert_eq!(reply, "+PONG\r\n-ERR the prefixes of a client may have at most 1048576 bytes\r\n");
    assert_eq!(scene.bench.shared.cache.tracking.counts().prefixes, 0);
    let reply = scene.track(&array(&format!("CLIENT TRACKING ON BCAST PREFIX {}", "p".repeat(60_000))));
    assert_eq!(reply, "+OK\r\n");
    scene.track("CLIENT TRACKING OFF\r\nCLIENT TRACKING ON\r\nGET k\r\n");
    let client = std::sync::Arc::clone(&scene.tracker.connection.session.client);
    assert_eq!(&*client.names.lock().name, b"me");
    // Another one keeps the table, which may know the first for as long as the key stays as it is.
    scene.resp("HELLO 3\r\nCLIENT TRACKING ON\r\n");
    scene.bench.worker.close(scene.tracker.connection, CloseReason::Peer);
    assert_eq!(*client.names.lock(), Default::default());
}

/// The words of a line as an array.
fn array(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let bulks: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{}\r\n{bulks}", words.len())
}
