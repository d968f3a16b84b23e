//! A whole run: connections, phases, threads, and the report.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::driver::{Driver, Plan};
use crate::pace::Schedule;
use crate::process::{CpuTimes, Process};
use crate::progress::Counters;
use crate::tally::Tally;
use crate::workload::{Mix, Source};
use crate::{Control, Error, Options, Phase, Progress, Report};

/// Requests on their way per connection while preloading, for short values.
const PRELOAD_DEPTH: usize = 32;
/// Bytes of values on their way per connection while preloading.
const PRELOAD_BYTES: usize = 256 * 1024;

/// One request in so many that is due and not sent is a problem; fewer are those that were due just before the end.
const UNSENT_PROBLEM: u64 = 100;

/// Runs the load and blocks until it has ended. `observe` is called every `options.progress`, on this thread.
///
/// # Errors
/// See `Error`: the run could not begin. What goes wrong later is in the report.
pub fn run(options: &Options, control: &Control, observe: &mut dyn FnMut(Progress)) -> Result<Report, Error> {
    options.validate()?;
    let clock = Clock::start();
    let process = options.server_pid.map(|pid| (pid, Process::new(pid)));
    let cpu_times = || -> Result<Option<CpuTimes>, Error> {
        let read = |(pid, process): &(u32, Process)| {
            process.cpu_times().map_err(|source| Error::Process { pid: *pid, source })
        };
        process.as_ref().map(read).transpose()
    };
    cpu_times()?;
    let mut run = Run::new(options, clock, control)?;

    let mut before = Tally::default();
    let mut preloaded = 0;
    if options.preload {
        let tally = run.phase(Phase::Preload, observe)?;
        preloaded = tally.stored;
        before.add_problems(&tally);
    }
    if !options.warmup.is_zero() {
        before.add_problems(&run.phase(Phase::Warmup, observe)?);
    }
    let cpu_before = cpu_times()?;
    let start_ns = clock.now_ns();
    let mut tally = run.phase(Phase::Measure, observe)?;
    let replied_ns = tally.last_reply_ns.saturating_sub(start_ns);
    // At a fixed rate each request stands for its share of time: one per second that is answered at once is not 10,000 per
    // second.
    let elapsed_ns = options.rate.map_or(replied_ns, |rate| replied_ns.max((tally.sent as f64 / rate * 1e9) as u64));
    // A server that has ended takes its figures with it: a problem of the run, whose other results stand.
    let cpu_after = cpu_times().unwrap_or_else(|error| {
        tally.problem(&error.to_string());
        None
    });
    let server_cpu = cpu_before.zip(cpu_after).map(|(before, after)| after.since(&before));
    tally.add_problems(&before);
    if tally.unsent * UNSENT_PROBLEM > tally.sent + tally.unsent {
        tally.problem("the fixed rate was not held");
    }
    let report = Report::new(&tally, elapsed_ns, server_cpu);
    Ok(Report { interrupted: control.is_stopped(), preloaded, ..report })
}

/// One thread's part, kept from phase to phase.
struct Part {
    driver: Driver,
    mix: Mix,
}

struct Run<'a> {
    options: &'a Options,
    clock: Clock,
    control: &'a Control,
    parts: Vec<Part>,
    counters: Vec<Counters>,
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, clock: Clock, control: &'a Control) -> Result<Self, Error> {
        let mut opened = 0;
        let part = |thread| {
            let connections = share(options.connections as u64, options.threads, thread) as usize;
            let driver = Driver::connect(options, opened, connections, clock)?;
            opened += connections;
            Ok(Part { driver, mix: Mix::new(options, thread) })
        };
        let parts = (0..options.threads).map(part).collect::<Result<_, Error>>()?;
        let counters = (0..options.threads).map(|_| Counters::default()).collect();
        Ok(Self { options, clock, control, parts, counters })
    }

    /// Runs a phase on all threads, unless the run was stopped before: replies to an earlier phase may still be owed then.
    fn phase(&mut self, phase: Phase, observe: &mut dyn FnMut(Progress)) -> Result<Tally, Error> {
        let Self { options, clock, control, parts, counters } = self;
        if control.is_stopped() {
            return Ok(Tally::default());
        }
        for one in counters.iter() {
            one.publish(&Tally::default(), 0);
        }
        thread::scope(|scope| {
            let (ended, ends) = channel::<()>();
            let (options, clock, control) = (*options, *clock, *control);
            let mut threads = Vec::with_capacity(parts.len());
            for (thread, (part, counters)) in parts.iter_mut().zip(counters.iter()).enumerate() {
                let ended = ended.clone();
                let body = move || {
                    // Dropped at the end, however it comes.
                    let _ended = ended;
                    let plan = plan(options, phase, thread, clock.now_ns(), &mut part.mix);
                    part.driver.run(plan, control, counters)
                };
                threads.push(thread::Builder::new().name(format!("ringstone-load{thread}")).spawn_scoped(scope, body));
            }
            drop(ended);
            watch(options.progress, &ends, counters, phase, observe);
            let mut sum = Tally::default();
            for thread in threads {
                match thread?.join() {
                    Ok(tally) => sum.add(&tally?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok(sum)
        })
    }
}

/// A thread's share of something that can be counted; the first ones get what cannot be divided.
fn share(all: u64, threads: usize, thread: usize) -> u64 {
    let threads = NonZero::new(threads as u64).unwrap_or(NonZero::<u64>::MIN);
    all / threads + u64::from((thread as u64) < all % threads)
}

/// What a thread does in a phase.
fn plan<'m>(options: &Options, phase: Phase, thread: usize, start_ns: u64, mix: &'m mut Mix) -> Plan<'m> {
    if phase == Phase::Preload {
        let start_of = |thread| (0..thread).map(|thread| share(options.keys, options.threads, thread)).sum();
        let source = Source::Fill { next: start_of(thread), end: start_of(thread + 1), mix };
        let depth = (PRELOAD_BYTES / options.max_value_size.max(1)).clamp(1, PRELOAD_DEPTH);
        return Plan { source, depth, schedule: None, end_ns: u64::MAX };
    }
    let (duration, requests) = match phase {
        Phase::Warmup => (options.warmup, None),
        _ => (options.duration, options.requests),
    };
    let left = requests.map(|requests| share(requests, options.threads, thread));
    let end_ns = if requests.is_some() { u64::MAX } else { start_ns.saturating_add(duration.as_nanos() as u64) };
    let schedule = options.rate.map(|rate| {
        let all = requests.unwrap_or((rate * duration.as_secs_f64()) as u64);
        Schedule::new(options, rate, thread, start_ns, share(all, options.threads, thread))
    });
    Plan { source: Source::Mix { left, mix }, depth: options.pipeline, schedule, end_ns }
}

/// Tells the observer of progress until all threads have ended.
fn watch(
    interval: Option<Duration>,
    ends: &Receiver<()>,
    counters: &[Counters],
    phase: Phase,
    observe: &mut dyn FnMut(Progress),
) {
    let Some(interval) = interval else {
        // Ends with an error, when the last thread has dropped its end.
        ends.recv().ok();
        return;
    };
    let start = Instant::now();
    let (mut last, mut last_replies) = (Duration::ZERO, 0);
    loop {
        let next = last + interval;
        match ends.recv_timeout(next.saturating_sub(start.elapsed())) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return,
        }
        let elapsed = start.elapsed();
        let (replies, failed, open_connections) = Counters::sum(counters);
        let replies_per_s = (replies - last_replies) as f64 / (elapsed - last).as_secs_f64();
        observe(Progress { phase, elapsed_s: elapsed.as_secs_f64(), replies, replies_per_s, failed, open_connections });
        (last, last_replies) = (elapsed, replies);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::share;
    use crate::{Distribution, Error, Options, Protocol, Target};

    /// Options that hold.
    pub(crate) fn options() -> Options {
        Options {
            target: Target::Tcp(([127, 0, 0, 1], 1).into()),
            protocol: Protocol::Memcached,
            connections: 1,
            threads: 1,
            pipeline: 1,
            gets: 1,
            sets: 1,
            min_value_size: 10,
            max_value_size: 10,
            keys: 1000,
            key_prefix: "bench:".to_owned(),
            key_size: 16,
            keys_per_get: 1,
            distribution: Distribution::Uniform,
            preload: false,
            warmup: Duration::ZERO,
            duration: Duration::from_secs(1),
            requests: None,
            rate: None,
            timeout: Duration::from_secs(5),
            progress: None,
            server_pid: None,
            seed: 1,
        }
    }

    #[test]
    fn shares_add_up() {
        for (all, threads) in [(0, 1), (1, 3), (7, 3), (9, 3), (100, 7)] {
            let shares: Vec<u64> = (0..threads).map(|thread| share(all, threads, thread)).collect();
            assert_eq!(shares.iter().sum::<u64>(), all);
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn options_that_do_not_hold_are_refused() {
        assert!(options().validate().is_ok());
        let refused: [fn(&mut Options); 11] = [
            |options| options.threads = 2,
            |options| options.threads = 0,
            |options| options.pipeline = 0,
            |options| (options.gets, options.sets) = (0, 0),
            |options| options.min_value_size = 11,
            |options| options.keys = 0,
            |options| options.keys_per_get = 0,
            |options| options.key_size = 251,
            |options| options.key_prefix = "a b".to_owned(),
            |options| (options.keys, options.key_size) = (1001, 9),
            |options| options.distribution = Distribution::Zipf(f64::NAN),
        ];
        for (number, change) in refused.iter().enumerate() {
            let mut options = options();
            change(&mut options);
            let refusal = options.validate();
            assert!(matches!(refusal, Err(Error::InvalidOption(_))), "change {number}: {refusal:?}");
        }
        let just_enough = Options { keys: 1000, key_size: 9, ..options() };
        assert!(just_enough.validate().is_ok());
    }
}
