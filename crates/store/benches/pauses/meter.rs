//! How long something took: by the clock, and without what others did to it. A thread that the scheduler, or a virtual
//! machine's host, took off its core seems to pause. So only the thread's own time counts, unless it waited for something.

use hdrhistogram::Histogram;
use std::time::Instant;

/// Longest that is told apart, in nanoseconds.
const MOST_NS: u64 = 60_000_000_000;
const DIGITS: u8 = 3;
/// Of a phase, kept with their circumstances.
const LONGEST: usize = 3;

/// What the kernel counts of a thread.
#[derive(Clone, Copy)]
struct Usage {
    cpu_ns: u64,
    faults: i64,
    /// Times that it was taken off its core.
    preemptions: i64,
    /// Times that it waited for something and let its core go.
    waits: i64,
}

impl Usage {
    fn now() -> Usage {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both calls only write the structure that they are given, which is of the type that they expect.
        let usage = unsafe {
            libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time);
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
            usage
        };
        Usage {
            cpu_ns: time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64,
            faults: usage.ru_minflt + usage.ru_majflt,
            preemptions: usage.ru_nivcsw,
            waits: usage.ru_nvcsw,
        }
    }
}

struct Long {
    number: u64,
    net_ns: u64,
    wall_ns: u64,
    cpu_ns: u64,
    faults: i64,
    preemptions: i64,
    waits: i64,
}

/// The times of one phase.
pub struct Meter {
    name: &'static str,
    wall_ns: Histogram<u64>,
    /// The thread's own time, or the same where it waited for something.
    net_ns: Histogram<u64>,
    longest: Vec<Long>,
    last: Usage,
    holds_nothing: bool,
}

impl Meter {
    pub fn new(name: &'static str) -> Meter {
        let histogram = || Histogram::new_with_max(MOST_NS, DIGITS).expect("valid bounds");
        Meter {
            name,
            wall_ns: histogram(),
            net_ns: histogram(),
            longest: Vec::new(),
            last: Usage::now(),
            holds_nothing: false,
        }
    }

    /// For what takes no cell's lock.
    pub fn of_no_hold(name: &'static str) -> Meter {
        Meter { holds_nothing: true, ..Meter::new(name) }
    }

    pub fn holds_nothing(&self) -> bool {
        self.holds_nothing
    }

    /// Takes the time of one hold.
    #[inline]
    pub fn time<T>(&mut self, hold: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let answer = hold();
        let wall_ns = start.elapsed().as_nanos() as u64;
        let (before, after) = (self.last, Usage::now());
        self.last = after;
        // From the end of the one before to the end of this one: never less than what the hold took.
        let cpu_ns = wall_ns.min(after.cpu_ns - before.cpu_ns);
        let waits = after.waits - before.waits;
        let net_ns = if waits > 0 { wall_ns } else { cpu_ns };
        let number = self.wall_ns.len();
        self.wall_ns.saturating_record(wall_ns);
        self.net_ns.saturating_record(net_ns);
        if self.longest.len() < LONGEST || self.longest.iter().any(|long| long.net_ns < net_ns) {
            let (faults, preemptions) = (after.faults - before.faults, after.preemptions - before.preemptions);
            self.longest.push(Long { number, net_ns, wall_ns, cpu_ns, faults, preemptions, waits });
            self.longest.sort_by_key(|long| std::cmp::Reverse(long.net_ns));
            self.longest.truncate(LONGEST);
        }
        answer
    }

    /// Takes the thread's time from here on: for a thread that did something else in between.
    pub fn restart(&mut self) {
        self.last = Usage::now();
    }

    /// The longest without preemption, in nanoseconds.
    pub fn longest_ns(&self) -> u64 {
        self.net_ns.max()
    }

    pub fn count(&self) -> u64 {
        self.net_ns.len()
    }

    /// How many took longer without preemption.
    pub fn count_above_ns(&self, ns: u64) -> u64 {
        self.net_ns.len() - self.net_ns.count_between(0, ns)
    }

    pub fn print_head() {
        println!("{:<28} {:>10}  {:^32}  {:^32}", "", "", "by the clock, us", "without preemption, us");
        let percentiles = format!("{:>10} {:>10} {:>10}", "p99", "p99.9", "max");
        println!("{:<28} {:>10}  {percentiles}  {percentiles}", "phase", "times");
    }

    pub fn print(&self) {
        let us = |ns: u64| ns as f64 / 1000.0;
        let row = |histogram: &Histogram<u64>| {
            let at = |quantile| us(histogram.value_at_quantile(quantile));
            format!("{:>10.1} {:>10.1} {:>10.1}", at(0.99), at(0.999), us(histogram.max()))
        };
        println!("{:<28} {:>10}  {}  {}", self.name, self.wall_ns.len(), row(&self.wall_ns), row(&self.net_ns));
        for long in &self.longest {
            println!(
                "    number {}: {:.1} us by the clock, {:.1} of its own; {} page faults, {} waits, {} preemptions",
                long.number,
                us(long.wall_ns),
                us(long.cpu_ns),
                long.faults,
                long.waits,
                long.preemptions
            );
        }
    }
}
