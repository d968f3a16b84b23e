//! What others do to a key while it is loaded.

use super::*;

const QUICK: LoaderOptions = LoaderOptions {
    ttl_ms: Some(1000),
    stale_for_ms: 500,
    timeout_ms: 100,
    negative_ttl_ms: 1000,
    max_concurrent: 1,
    max_waiting: 100,
    on_error: OnError::Error,
};

#[test]
fn what_somebody_writes_meanwhile_stands() {
    for end in [Ok(Some(value("loaded"))), Ok(None), Err("no".to_owned())] {
        let (mut bench, host) = Bench::with_loader(QUICK);
        let ticket = bench.wait("k");
        let run = host.one();
        bench.write("k", "written");
        bench.cache.loads.settle(run.id, end);
        assert_eq!(bench.told(ticket), Some(Settled::Loaded(None)));
        assert_eq!(bench.stored("k").as_deref(), Some("written"));
        assert_eq!((bench.stats().superseded, bench.stats().runs), (1, 1));
        bench.check();
    }
}

#[test]
fn what_somebody_writes_to_a_key_that_waits_for_its_turn_stands() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    bench.wait("a");
    let ticket = bench.wait("b");
    bench.write("b", "written");
    bench.give(&host.one(), "A");
    assert_eq!(bench.told(ticket), Some(Settled::Loaded(None)));
    assert!(host.take().is_empty() && bench.stats().runs == 1);
    // Also when its turn does not come.
    bench.wait("c");
    let ticket = bench.wait("d");
    bench.write("d", "written");
    bench.pass(100);
    assert_eq!(bench.told(ticket), Some(Settled::Loaded(None)));
    bench.check();
}

#[test]
fn what_somebody_writes_to_a_key_that_waits_stands_when_another_loader_gets_it() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let (heir, _) = bench.host("", LoaderOptions { max_concurrent: 2, ..QUICK });
    bench.wait("a");
    let answered = ["b", "c"].map(|key| {
        bench.wait(key);
        heir.one()
    });
    let ticket = bench.wait("d");
    bench.write("d", "written");
    // The heir's turns are free while its answers are on their way into the store.
    let core = &bench.cache.loads.core;
    let answered = answered.map(|run| {
        let mut work = core.work(NOW_MS);
        let answered = work.answered(run.id).expect("is wanted");
        assert!(work.end().is_empty());
        answered
    });
    bench.cache.loads.leave(&(host as _));
    answered.iter().for_each(|answered| core.keep(answered, Some(Arc::new(value("loaded")))));
    heir.take().iter().for_each(|run| bench.give(run, "loaded"));
    assert_eq!((bench.told(ticket), bench.stored("d").as_deref()), (Some(Settled::Loaded(None)), Some("written")));
    bench.check();
}

#[test]
fn after_a_removal_the_load_is_run_once_more_also_of_a_key_that_was_not_there() {
    for written_before in [false, true] {
        let (mut bench, host) = Bench::with_loader(QUICK);
        let ticket = bench.wait("k");
        let first = host.one();
        if written_before {
            bench.write("k", "written");
        }
        assert_eq!(bench.remove("k"), written_before);
        let second = bench.wait("k");
        bench.give(&first, "old");
        assert_eq!((bench.told(ticket), bench.told(second), bench.stored("k")), (None, None, None));
        bench.give(&host.one(), "new");
        assert_eq!((bench.told(ticket), bench.told(second)), (loaded("new"), loaded("new")));
        assert_eq!((bench.stored("k").as_deref(), bench.stats().repeated), (Some("new"), 1));
        bench.check();
    }
}

#[test]
fn the_last_of_a_removal_and_a_write_counts() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let ticket = bench.wait("k");
    bench.remove("k");
    bench.write("k", "written");
    bench.give(&host.one(), "old");
    assert_eq!(bench.told(ticket), Some(Settled::Loaded(None)));
}

#[test]
fn a_key_that_is_removed_again_and_again_is_given_to_those_who_asked_before() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let early = bench.wait("k");
    bench.remove("k");
    bench.give(&host.one(), "1");
    bench.remove("k");
    let late = bench.wait("k");
    bench.give(&host.one(), "2");
    assert_eq!((bench.told(early), bench.told(late)), (loaded("2"), None));
    assert_eq!(bench.stored("k"), None, "what may be older than the removal is not stored");
    bench.check();
    bench.give(&host.one(), "3");
    assert_eq!((bench.told(late), bench.stored("k").as_deref()), (loaded("3"), Some("3")));
    // Nobody but those who asked before.
    let (mut bench, host) = Bench::with_loader(QUICK);
    let early = bench.wait("k");
    for _ in 0..2 {
        bench.remove("k");
        bench.cache.loads.settle(host.one().id, Ok(None));
    }
    assert_eq!((bench.told(early), bench.stats().remembered), (Some(Settled::Absent), 0));
    bench.check();
}

#[test]
fn a_removal_ends_a_refresh_and_what_it_brings() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    bench.wait("k");
    bench.give(&host.one(), "old");
    bench.clock.advance(1000);
    assert_eq!(bench.ask("k").0, Asked::Stale);
    let refresh = host.one();
    assert!(bench.remove("k"));
    bench.give(&refresh, "older than the removal");
    assert_eq!((bench.stored("k"), host.take().len()), (None, 0));
    bench.check();
}

#[test]
fn a_removal_counts_also_of_what_has_just_expired() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    bench.wait("k");
    bench.give(&host.one(), "old");
    bench.clock.advance(1000);
    assert_eq!(bench.ask("k").0, Asked::Stale);
    let refresh = host.one();
    bench.clock.advance(500);
    assert!(!bench.remove("k"));
    bench.give(&refresh, "older than the removal");
    assert_eq!((bench.stored("k"), host.take().len()), (None, 0));
    bench.check();
}

#[test]
fn a_write_during_a_refresh_stands() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    bench.wait("k");
    bench.give(&host.one(), "old");
    bench.clock.advance(1000);
    assert_eq!(bench.ask("k").0, Asked::Stale);
    bench.write("k", "written");
    assert_eq!(bench.ask("k").0, Asked::Fresh, "what others write has no stale time");
    bench.give(&host.one(), "loaded");
    assert_eq!(bench.stored("k").as_deref(), Some("written"));
}

#[test]
fn a_flush_is_a_removal_of_all() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    bench.wait("none");
    bench.cache.loads.settle(host.one().id, Ok(None));
    let tickets = [bench.wait("k"), bench.wait("queued")];
    let first = host.one();
    bench.cache.flush(NOW_MS, NOW_MS);
    assert_eq!(bench.stats().remembered, 0);
    bench.give(&first, "old");
    assert_eq!((bench.told(tickets[0]), bench.stored("k")), (None, None));
    bench.give(&host.one(), "new");
    assert_eq!(bench.told(tickets[0]), loaded("new"));
    bench.give(&host.one(), "first");
    assert_eq!(bench.told(tickets[1]), loaded("first"), "which was not begun before the flush");
    assert_eq!(bench.stats().repeated, 1);
    bench.check();
}

#[test]
fn nothing_is_stored_while_all_is_flushed() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    let flushing = bench.cache.loads.flushing(NOW_MS, NOW_MS);
    drop(flushing);
    let ticket = bench.wait("k");
    let run = host.one();
    {
        let _flushing = bench.cache.loads.flushing(NOW_MS, NOW_MS);
        bench.give(&run, "maybe old");
        assert_eq!((bench.told(ticket), bench.stored("k")), (None, None));
        bench.give(&host.one(), "maybe old, too");
    }
    assert_eq!(bench.stored("k"), None);
    bench.check();
}

#[test]
fn a_flush_to_come_counts_when_it_comes() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { timeout_ms: 10_000, ..QUICK });
    bench.cache.flush(NOW_MS + 1000, NOW_MS);
    bench.wait("before");
    bench.give(&host.one(), "v");
    assert_eq!(bench.stored("before").as_deref(), Some("v"));
    bench.wait("across");
    let run = host.one();
    bench.clock.advance(1000);
    bench.give(&run, "old");
    bench.give(&host.one(), "new");
    assert_eq!((bench.stored("before"), bench.stored("across").as_deref()), (None, Some("new")));
    bench.wait("after");
    bench.give(&host.one(), "v");
    assert_eq!(bench.stats().repeated, 1);
}

#[test]
fn what_is_remembered_of_a_key_is_forgotten_when_it_is_written_or_removed() {
    let (mut bench, host) = Bench::with_loader(QUICK);
    for removed in [true, false] {
        bench.wait("k");
        bench.cache.loads.settle(host.one().id, Ok(None));
        assert_eq!(bench.ask("k").0, Asked::Absent);
        if removed {
            assert!(!bench.remove("k"), "there is nothing, but who removes it knows why");
        } else {
            bench.write("k", "v");
            bench.clock.advance(1);
            assert_eq!(bench.ask("k").0, Asked::Fresh);
        }
        assert_eq!(bench.stats().remembered, 0);
        bench.check();
    }
}

#[test]
fn an_item_is_marked_only_while_it_can_be_stale_and_a_touch_leaves_the_mark() {
    for (ttl_ms, stale_for_ms, is_marked) in [(Some(1000), 500, true), (Some(1000), 0, false), (None, 500, false)] {
        let (mut bench, host) = Bench::with_loader(LoaderOptions { ttl_ms, stale_for_ms, ..QUICK });
        bench.wait("k");
        bench.give(&host.one(), "v");
        let store = &bench.cache.store;
        let mut entry = store.entry(b"k", store.hash(b"k"), NOW_MS);
        let item = entry.peek().expect("is there");
        assert_eq!((item.marks.loaded, item.expires_at_ms != 0), (is_marked, ttl_ms.is_some()));
        entry.set_expiry(NOW_MS + 5000).expect("is there").expect("has room");
        assert_eq!(entry.peek().expect("is there").marks.loaded, is_marked);
        entry.append(NewValue::Bytes(b"w")).expect("is there").expect("has room");
        assert!(!entry.peek().expect("is there").marks.loaded, "a version of somebody else's");
    }
}

#[test]
fn nothing_is_told_of_keys_while_nothing_is_loaded() {
    let (mut bench, host) = Bench::with_loader(LoaderOptions { negative_ttl_ms: 0, ..QUICK });
    bench.check();
    bench.wait("k");
    bench.check();
    bench.write("other", "v");
    bench.give(&host.one(), "v");
    // `check` compares what the table has asked the store for with what it holds.
    bench.check();
    assert!(!bench.cache.loads.core.table.is_observing());
}
