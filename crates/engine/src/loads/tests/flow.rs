//! How loads go: runs, queues, failures, timeouts, bounds, stale values, negative answers.

use super::*;
use std::sync::Weak;

const QUICK: LoaderOptions = LoaderOptions {
    ttl_ms: Some(1000),
    stale_for_ms: 0,
    timeout_ms: 100,
    negative_ttl_ms: 0,
    max_concurrent: 2,
    max_waiting: 8,
    on_error: OnError::Error,
};

#[test]
fn many_ask_and_one_runs() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let tickets: Vec<u64> = (0..5).map(|_| bench.wait("k")).collect();
    let run = host.one();
    assert_eq!((&*run.key, run.at_host, run.stale.clone()), (&b"k"[..], 7, None));
    assert_eq!((bench.stats().waiting, bench.stats().running, bench.stats().coalesced), (5, 1, 4));
    bench.give(&run, "v");
    for ticket in tickets {
        assert_eq!(bench.told(ticket), loaded("v"));
    }
    assert_eq!(bench.stored("k").as_deref(), Some("v"));
    assert_eq!(bench.ask("k").0, Asked::Fresh);
    assert!(host.take().is_empty());
    let stats = bench.stats();
    assert_eq!((stats.runs, stats.loaded, stats.waiting, stats.running), (1, 1, 0, 0));
    bench.check();
    bench.clock.advance(1000);
    bench.wait("k");
    host.one();
}

#[test]
fn a_key_that_no_pattern_matches_is_not_loaded() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask("user:1").0, Asked::NoLoader);
    assert!(!bench.cache.loads.any());
    let (host, id) = bench.host("user:", QUICK);
    assert!(bench.cache.loads.any());
    assert_eq!(bench.ask("order:1").0, Asked::NoLoader);
    bench.wait("user:1");
    host.one();
    bench.cache.loads.unregister(id);
    assert!(!bench.cache.loads.any());
    assert_eq!(bench.ask("user:1").0, Asked::NoLoader);
}

#[test]
fn beyond_max_concurrent_loads_wait_for_their_turn() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let tickets: Vec<u64> = ["a", "b", "c", "d"].iter().map(|key| bench.wait(key)).collect();
    let first = host.take();
    assert_eq!(first.iter().map(|run| &*run.key).collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!((bench.stats().running, bench.stats().queued), (2, 2));
    bench.give(&first[1], "B");
    assert_eq!(bench.told(tickets[1]), loaded("B"));
    assert_eq!(&*host.one().key, b"c");
    bench.reject(&first[0], "no");
    // Its second run goes before those that wait for their first.
    assert_eq!(&*host.one().key, b"a");
    bench.check();
}

#[test]
fn beyond_max_waiting_requests_are_refused() {
    for (on_error, refused) in
        [(OnError::Error, Asked::Refused(LoadError::TooManyWaiting)), (OnError::Miss, Asked::Absent)]
    {
        let (mut bench, host) = Bench::with_loader(LoaderOptions { on_error, ..QUICK });
        for n in 0..8 {
            bench.wait(&(n % 4).to_string());
        }
        assert_eq!(bench.ask("0").0, refused, "to a load that runs");
        assert_eq!(bench.ask("new").0, refused, "to another");
        assert_eq!(bench.stats().failed[LoadError::TooManyWaiting.index()], 2);
        bench.give(&host.take()[0], "v");
        bench.wait("new");
        bench.check();
    }
}

#[test]
fn a_load_that_fails_is_handed_over_once() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let ticket = bench.wait("k");
    bench.reject(&host.one(), "first");
    assert_eq!(bench.told(ticket), None);
    let second = host.one();
    let other = bench.wait("k");
    bench.reject(&second, "second\r\nERROR");
    assert_eq!(bench.told(ticket), failed("second\r\nERROR"));
    assert_eq!(bench.told(other), failed("second  ERROR"));
    assert!(host.take().is_empty());
    let stats = bench.stats();
    assert_eq!((stats.runs, stats.handed_over, stats.failures(), stats.waiting), (2, 1, 1, 0));
    // Nothing is remembered of it.
    bench.wait("k");
    bench.reject(&host.one(), "first");
    bench.give(&host.one(), "v");
    assert_eq!(bench.told(other + 1), loaded("v"));
    bench.check();
}

#[test]
fn errors_are_misses_where_that_is_wished() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { on_error: OnError::Miss, ..QUICK });
    let ticket = bench.wait("k");
    bench.reject(&host.one(), "no");
    bench.reject(&host.one(), "no");
    assert_eq!(bench.told(ticket), Some(Settled::Absent));
    assert_eq!((bench.stats().failures(), bench.stats().absent), (1, 0), "but are counted as what they are");
}

#[test]
fn a_run_that_takes_too_long_is_given_up_and_its_answer_is_ignored() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let ticket = bench.wait("k");
    let first = host.one();
    assert_eq!(bench.pass(99), Some(NOW_MS + 100));
    assert!(host.cancelled.lock().is_empty());
    bench.pass(1);
    assert_eq!(*host.cancelled.lock(), [first.id]);
    let second = host.one();
    bench.give(&first, "late");
    assert_eq!((bench.told(ticket), bench.stored("k"), bench.stats().late), (None, None, 1));
    bench.pass(100);
    assert_eq!(bench.told(ticket), Some(Settled::Failed(LoadError::TimedOut)));
    bench.give(&second, "later");
    assert_eq!((bench.stored("k"), bench.stats().late, bench.stats().running), (None, 2, 0));
}

#[test]
fn a_load_whose_turn_does_not_come_fails() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { max_concurrent: 1, ..QUICK });
    bench.wait("a");
    bench.pass(50);
    let ticket = bench.wait("b");
    bench.pass(50);
    assert_eq!(host.take().len(), 2, "the second run of the first key");
    bench.pass(50);
    assert_eq!(bench.told(ticket), Some(Settled::Failed(LoadError::NotStarted)));
    assert_eq!(bench.stats().queued, 0);
}

#[test]
fn nobody_waits_longer_than_three_timeouts_whatever_hosts_do() {
    // None of them ever answers.
    let options = LoaderOptions { max_concurrent: 3, max_waiting: 1000, ..QUICK };
    let (mut bench, host) = Bench::with_loader(options);
    let (other, _) = bench.host("", options);
    let mut asked = Vec::new();
    for step in 0..100_u64 {
        for n in 0..4 {
            asked.push((bench.wait(&format!("{}", (step * 7 + n) % 60)), bench.clock.now_ms()));
        }
        bench.pass(5);
        let now_ms = bench.clock.now_ms();
        asked.retain(|(ticket, asked_ms)| {
            let told = bench.told(*ticket);
            assert!(told.is_some() || now_ms < asked_ms + TIMEOUTS_PER_LOAD * options.timeout_ms);
            told.is_none()
        });
    }
    assert!(host.take().len() > 10 && other.take().len() > 10);
}

#[test]
fn another_host_takes_over_and_takes_what_waits() {
    let (mut bench, blocked) = Bench::with_loader(LoaderOptions { max_concurrent: 1, ..QUICK });
    let first = bench.wait("a");
    let second = bench.wait("b");
    assert_eq!(blocked.take().len(), 1);
    let (good, _) = bench.host("", LoaderOptions { max_concurrent: 1, ..QUICK });
    let run = good.one();
    assert_eq!(&*run.key, b"b", "what waited for a turn of the other");
    bench.give(&run, "B");
    assert_eq!(bench.told(second), loaded("B"));
    bench.pass(100);
    let run = good.one();
    assert_eq!(&*run.key, b"a");
    bench.give(&run, "A");
    assert_eq!(bench.told(first), loaded("A"));
    // Who did not answer is asked only when there is nobody else.
    for n in 0..4 {
        bench.wait(&format!("more {n}"));
        bench.give(&good.one(), "v");
    }
    assert!(blocked.take().is_empty());
    bench.wait("x");
    bench.wait("y");
    assert_eq!((good.take().len(), blocked.take().len()), (1, 1));
    bench.check();
}

#[test]
fn a_host_that_leaves_is_not_called_and_its_loads_go_to_others() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { max_concurrent: 1, ..QUICK });
    let tickets = [bench.wait("a"), bench.wait("b")];
    let lost = host.one();
    let (heir, _) = bench.host("", LoaderOptions { max_concurrent: 1, ..QUICK });
    assert_eq!(&*heir.one().key, b"b");
    let third = bench.wait("c");
    bench.cache.loads.leave(&(Arc::clone(&host) as _));
    bench.give(&lost, "too late");
    assert_eq!(bench.told(tickets[0]), None);
    assert!(host.take().is_empty() && host.cancelled.lock().is_empty());
    bench.check();
    let weak: Weak<Host> = Arc::downgrade(&host);
    drop(host);
    assert!(weak.upgrade().is_none(), "nothing holds it");
    let last: Arc<dyn LoadHost> = heir;
    bench.cache.loads.leave(&last);
    for ticket in [tickets[0], tickets[1], third] {
        assert_eq!(bench.told(ticket), Some(Settled::Gone));
    }
    assert_eq!((bench.stats().loaders, bench.stats().waiting, bench.stats().gone), (0, 0, 3));
    bench.check();
}

#[test]
fn what_waits_for_a_turn_of_a_loader_that_goes_keeps_its_order() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { max_concurrent: 1, ..QUICK });
    let (heir, _) = bench.host("", LoaderOptions { max_concurrent: 1, ..QUICK });
    ["a", "x", "b", "y", "c", "z", "d"].iter().for_each(|key| _ = bench.wait(key));
    bench.cache.loads.leave(&(host as _));
    let mut order = String::new();
    while let Some(run) = heir.take().pop() {
        order.push_str(std::str::from_utf8(&run.key).expect("text"));
        bench.give(&run, "v");
        bench.check();
    }
    assert_eq!(order, "xayzbcd", "what had been begun, what waited here, what waited there");
}

#[test]
fn with_the_last_loader_goes_what_is_remembered() {
    let mut bench = Bench::new();
    let (first, first_id) = bench.host("a", LoaderOptions { negative_ttl_ms: 60_000, ..QUICK });
    let (_second, second_id) = bench.host("b", QUICK);
    bench.wait("a");
    bench.cache.loads.settle(first.one().id, Ok(None));
    bench.cache.loads.unregister(first_id);
    bench.cache.loads.unregister(second_id);
    // Nobody would look for what is over, and every write would be told of for ever.
    assert_eq!(bench.stats().remembered, 0);
    assert!(!bench.cache.loads.core.table.is_observing());
    bench.check();
}

#[test]
fn all_hosts_that_leave_at_once_make_no_second_failure() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let same: Arc<dyn LoadHost> = host.clone();
    bench.cache.loads.register(Arc::clone(&same), 8, b"", QUICK).expect("registers");
    let ticket = bench.wait("a");
    bench.cache.loads.leave(&same);
    assert_eq!(bench.told(ticket), Some(Settled::Gone));
    assert_eq!(host.take().len(), 1, "its other loader is not asked");
}

#[test]
fn a_loader_that_is_closed_cancels_its_runs() {
    let mut bench = Bench::new();
    let (host, id) = bench.host("", QUICK);
    let ticket = bench.wait("a");
    bench.cache.loads.unregister(id);
    assert_eq!(*host.cancelled.lock(), [host.one().id]);
    assert_eq!(bench.told(ticket), Some(Settled::Gone));
}

#[test]
fn a_cache_that_is_closed_settles_all_and_takes_no_more() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { negative_ttl_ms: 10, ..QUICK });
    bench.wait("none");
    bench.cache.loads.settle(host.one().id, Ok(None));
    let tickets: Vec<u64> = ["a", "a", "b", "c"].iter().map(|key| bench.wait(key)).collect();
    bench.cache.loads.close();
    for ticket in tickets {
        assert_eq!(bench.told(ticket), Some(Settled::Gone));
    }
    assert_eq!(host.cancelled.lock().len(), 2);
    assert_eq!(bench.ask("a").0, Asked::NoLoader);
    assert!(matches!(bench.cache.loads.register(host, 1, b"", QUICK), Err(RegisterError::Closed)));
    bench.check();
}

#[test]
fn a_value_is_served_stale_while_one_refresh_runs() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { stale_for_ms: 500, ..QUICK });
    bench.wait("k");
    bench.cache.loads.settle(host.one().id, Ok(Some(LoadedValue { bytes: b"old".to_vec(), flags: 5 })));
    bench.clock.advance(999);
    assert_eq!(bench.ask("k").0, Asked::Fresh);
    bench.clock.advance(1);
    for _ in 0..3 {
        assert_eq!(bench.ask("k").0, Asked::Stale);
    }
    let run = host.one();
    assert_eq!(run.stale.as_deref(), Some(&LoadedValue { bytes: b"old".to_vec(), flags: 5 }));
    assert_eq!((bench.stored("k").as_deref(), bench.stats().stale_served), (Some("old"), 3));
    bench.give(&run, "new");
    assert_eq!((bench.ask("k").0, bench.stored("k").as_deref()), (Asked::Fresh, Some("new")));
    // Nobody asks until it is too old: it is loaded as if there had been nothing.
    bench.clock.advance(1500);
    bench.wait("k");
    assert_eq!(host.one().stale, None);
    bench.check();
}

#[test]
fn a_large_value_is_refreshed_alike() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { stale_for_ms: 500, ..QUICK });
    let large = "x".repeat(100_000);
    let ticket = bench.wait("k");
    bench.give(&host.one(), &large);
    assert_eq!((bench.told(ticket), bench.stored("k")), (loaded(&large), Some(large.clone())));
    bench.clock.advance(1000);
    assert_eq!((bench.ask("k").0, bench.ask("k").0), (Asked::Stale, Asked::Stale));
    assert_eq!(host.one().stale.as_deref(), Some(&value(&large)));
    bench.check();
}

#[test]
fn a_refresh_that_fails_is_tried_again_after_a_while_and_not_handed_over() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { ttl_ms: Some(1), stale_for_ms: 60_000, ..QUICK });
    bench.wait("k");
    bench.give(&host.one(), "old");
    bench.clock.advance(1);
    assert_eq!(bench.ask("k").0, Asked::Stale);
    bench.reject(&host.one(), "down");
    assert_eq!((bench.ask("k").0, host.take().len()), (Asked::Stale, 0));
    bench.pass(REFRESH_RETRY_MS - 1);
    assert_eq!((bench.ask("k").0, host.take().len()), (Asked::Stale, 0));
    bench.pass(1);
    assert_eq!((bench.ask("k").0, host.take().len()), (Asked::Stale, 1));
    assert_eq!((bench.stats().handed_over, bench.stats().failures()), (0, 1));
}

#[test]
fn a_stale_value_goes_when_its_loader_has_none_any_more() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { stale_for_ms: 500, ..QUICK });
    bench.wait("k");
    bench.give(&host.one(), "old");
    bench.clock.advance(1000);
    assert_eq!(bench.ask("k").0, Asked::Stale);
    bench.cache.loads.settle(host.one().id, Ok(None));
    assert_eq!(bench.stored("k"), None);
    bench.wait("k");
}

#[test]
fn who_comes_when_the_stale_value_has_gone_joins_the_refresh() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { stale_for_ms: 50, ..QUICK });
    bench.wait("k");
    bench.give(&host.one(), "old");
    bench.clock.advance(1000);
    assert_eq!(bench.ask("k").0, Asked::Stale);
    bench.clock.advance(50);
    let ticket = bench.wait("k");
    let run = host.one();
    bench.reject(&run, "once");
    bench.give(&host.one(), "new");
    assert_eq!(bench.told(ticket), loaded("new"));
}

#[test]
fn refreshes_do_not_wait_for_a_turn() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { stale_for_ms: 60_000, max_concurrent: 1, ..QUICK });
    for key in ["a", "b"] {
        bench.wait(key);
        bench.give(&host.one(), "v");
    }
    bench.clock.advance(1000);
    assert_eq!((bench.ask("a").0, bench.ask("b").0), (Asked::Stale, Asked::Stale));
    let run = host.one();
    assert_eq!((&*run.key, bench.stats().queued), (&b"a"[..], 0));
    bench.give(&run, "v");
    assert_eq!(bench.ask("b").0, Asked::Stale);
    assert_eq!(&*host.one().key, b"b");
}

#[test]
fn that_there_is_nothing_is_remembered_for_a_while() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { negative_ttl_ms: 300, ..QUICK });
    let ticket = bench.wait("k");
    bench.cache.loads.settle(host.one().id, Ok(None));
    assert_eq!(bench.told(ticket), Some(Settled::Absent));
    assert_eq!((bench.ask("k").0, bench.ask("k").0), (Asked::Absent, Asked::Absent));
    assert_eq!((bench.stats().negative_hits, bench.stats().absent, bench.stats().remembered), (2, 1, 1));
    bench.pass(299);
    assert_eq!(bench.ask("k").0, Asked::Absent);
    bench.pass(1);
    assert_eq!(bench.stats().remembered, 0);
    bench.wait("k");
    host.one();
    // Unless it was not to be remembered.
    let (mut bench, host) = Bench::with_loader(QUICK);
    bench.wait("k");
    bench.cache.loads.settle(host.one().id, Ok(None));
    bench.wait("k");
    host.one();
}

#[test]
fn a_value_that_the_store_refuses_is_a_failure_with_its_reason() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let ticket = bench.wait("k");
    bench.give(&host.one(), &"x".repeat((1 << 20) + 1));
    let error = LoadError::NotStored(Error::TooLarge);
    assert_eq!(bench.told(ticket), Some(Settled::Failed(error.clone())));
    assert_eq!(error.to_string(), "object too large for cache");
    assert!(host.take().is_empty(), "another run would not help");
    assert_eq!(bench.stats().failed[error.index()], 1);
}

#[test]
fn long_keys_are_not_loaded() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    bench.wait(&"k".repeat(MAX_LOAD_KEY_BYTES));
    assert_eq!(bench.ask(&"k".repeat(MAX_LOAD_KEY_BYTES + 1)).0, Asked::Refused(LoadError::KeyTooLong));
    assert_eq!(host.take().len(), 1);
}

#[test]
fn loaders_and_patterns_are_bounded() {
    let bench = Bench::new();
    let (host, _) = bench.host("", QUICK);
    let register =
        |pattern: &[u8]| bench.cache.loads.register(Arc::clone(&host) as Arc<dyn LoadHost>, 1, pattern, QUICK);
    assert!(matches!(register(&[b'k'; MAX_PATTERN_BYTES + 1]), Err(RegisterError::PatternTooLong)));
    for n in 1..MAX_LOADERS {
        register(&n.to_be_bytes()).expect("registers");
    }
    assert!(matches!(register(b"k"), Err(RegisterError::TooMany)));
    bench.cache.loads.leave(&(Arc::clone(&host) as _));
    assert_eq!(bench.stats().loaders, 0);
}

#[test]
fn who_withdraws_is_not_told_and_makes_room() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { max_concurrent: 1, max_waiting: 3, ..QUICK });
    let Asked::Waits(running) = bench.ask("a").0 else { panic!("waits") };
    let Asked::Waits(queued) = bench.ask("b").0 else { panic!("waits") };
    let kept = bench.wait("b");
    assert!(matches!(bench.ask("c").0, Asked::Refused(_)));
    bench.cache.loads.withdraw(queued);
    bench.cache.loads.withdraw(queued);
    bench.check();
    let Asked::Waits(alone) = bench.ask("c").0 else { panic!("waits") };
    assert_eq!(bench.stats().queued, 2);
    bench.cache.loads.withdraw(alone);
    assert_eq!(bench.stats().queued, 1, "what nobody wants is not begun");
    bench.cache.loads.withdraw(running);
    bench.check();
    bench.give(&host.one(), "A");
    assert_eq!(bench.stored("a").as_deref(), Some("A"), "what is begun is of use");
    bench.give(&host.one(), "B");
    assert_eq!(bench.told(kept), loaded("B"));
    assert_eq!(bench.notes.0.lock().len(), 1);
    bench.check();
}

#[test]
fn a_load_that_nobody_waits_for_needs_a_turn() {
    let (bench, host) = Bench::with_loader(LoaderOptions { max_concurrent: 1, ..QUICK });
    let ask = |key: &[u8]| bench.cache.loads.ask(key, bench.cache.store.hash(key), NOW_MS, None);
    assert!(matches!(ask(b"a"), Asked::Waits(_)));
    assert!(matches!(ask(b"a"), Asked::Waits(_)));
    assert_eq!(ask(b"b"), Asked::Refused(LoadError::TooManyWaiting));
    bench.reject(&host.one(), "no");
    assert!(host.take().is_empty(), "it is not made again for nobody");
    bench.check();
}

#[test]
fn each_loader_is_counted() {
    let mut bench = Bench::new();
    let (host, id) = bench.host("a", QUICK);
    bench.wait("a1");
    bench.wait("a1");
    bench.give(&host.one(), "v");
    bench.wait("a2");
    let stats = bench.cache.loads.loader_stats(id).expect("is registered");
    let expected = LoaderStats { runs: 2, loaded: 1, coalesced: 1, running: 1, waiting: 1, ..LoaderStats::default() };
    assert_eq!(stats, expected);
    bench.cache.loads.unregister(id);
    assert_eq!(bench.cache.loads.loader_stats(id), None);
}

#[test]
fn a_clock_that_is_set_neither_ends_loads_nor_has_them_go_on() {
    for set_to_ms in [NOW_MS - 3_600_000, NOW_MS + 3_600_000] {
        let (mut bench, host) = Bench::with_loader(LoaderOptions { negative_ttl_ms: 300, max_concurrent: 1, ..QUICK });
        let tickets = [bench.wait("a"), bench.wait("b")];
        bench.clock.set(set_to_ms);
        bench.pass(99);
        assert_eq!((host.take().len(), bench.told(tickets[0]), bench.told(tickets[1])), (1, None, None), "{set_to_ms}");
        bench.pass(1);
        assert_eq!((host.one().key[..].to_vec(), host.cancelled.lock().len()), (b"a".to_vec(), 1), "its second run");
        assert_eq!(bench.told(tickets[1]), Some(Settled::Failed(LoadError::NotStarted)));
        bench.pass(100);
        assert_eq!(bench.told(tickets[0]), Some(Settled::Failed(LoadError::TimedOut)));
        bench.wait("none");
        bench.cache.loads.settle(host.one().id, Ok(None));
        bench.clock.set(NOW_MS);
        bench.pass(299);
        assert_eq!(bench.ask("none").0, Asked::Absent);
        bench.pass(1);
        bench.wait("none");
        assert_eq!(bench.stats().run_ms, 0);
    }
}

#[test]
fn the_thread_of_loads_gives_up_what_takes_too_long() {
    use ringstone_store::SystemClock;
    let options = CacheOptions {
        max_memory: 1 << 20,
        max_value_size: 1 << 10,
        default_ttl_ms: 0,
        cleanup_interval_ms: 60_000,
        eviction: Eviction::S3Fifo,
    };
    let cache = Cache::open(options, Arc::new(SystemClock::new())).expect("opens");
    let host = Arc::new(Host::default());
    let notes = Arc::new(Notes::default());
    for round in 0..2 {
        let id = cache.loads.register(Arc::clone(&host) as _, 1, b"", LoaderOptions { timeout_ms: 10, ..QUICK });
        let waiter = Some((Arc::clone(&notes) as Arc<dyn Waiter>, round));
        let asked = cache.loads.ask(b"k", cache.store.hash(b"k"), cache.clock.now_ms(), waiter);
        assert!(matches!(asked, Asked::Waits(_)));
        while !notes.0.lock().contains_key(&round) {
            std::thread::yield_now();
        }
        assert_eq!(notes.0.lock()[&round], Settled::Failed(LoadError::TimedOut));
        cache.loads.unregister(id.expect("registers"));
        assert!(cache.loads.timer.lock().is_stopped(), "it is there only while loaders are");
    }
}
