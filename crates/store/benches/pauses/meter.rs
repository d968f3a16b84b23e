//! How long something took: by the clock, and of the thread's own time. A thread that the scheduler took off its core
//! seems to pause; its own time tells that from a pause of the store.

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
        }
    }
}

struct Long {
    number: u64,
    wall_ns: u64,
    cpu_ns: u64,
    faults: i64,
    preemptions: i64,
}

/// The times of one phase.
pub struct Meter {
    name: &'static str,
    wall_ns: Histogram<u64>,
    /// Of the thread's own time between the same two moments, and a little around them.
    cpu_ns: Histogram<u64>,
    longest: Vec<Long>,
    last: Usage,
}

impl Meter {
    pub fn new(name: &'static str) -> Meter {
        let histogram = || Histogram::new_with_max(MOST_NS, DIGITS).expect("valid bounds");
        Meter { name, wall_ns: histogram(), cpu_ns: histogram(), longest: Vec::new(), last: Usage::now() }
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
        let number = self.wall_ns.len();
        self.wall_ns.saturating_record(wall_ns);
        self.cpu_ns.saturating_record(cpu_ns);
        let is_long = self.longest.len() < LONGEST || self.longest.iter().any(|long| long.cpu_ns < cpu_ns);
        if is_long {
            let faults = after.faults - before.faults;
            let preemptions = after.preemptions - before.preemptions;
            self.longest.push(Long { number, wall_ns, cpu_ns, faults, preemptions });
            self.longest.sort_by_key(|long| std::cmp::Reverse(long.cpu_ns));
            self.longest.truncate(LONGEST);
        }
        answer
    }

    /// Takes the thread's time from here on: for a thread that did something else in between.
    pub fn restart(&mut self) {
        self.last = Usage::now();
    }

    /// The longest of the thread's own time, in nanoseconds.
    pub fn longest_ns(&self) -> u64 {
        self.cpu_ns.max()
    }

    pub fn print_head() {
        println!("{:<28} {:>10}  {:^32}  {:^32}", "", "", "by the clock, us", "of the thread's own time, us");
        let percentiles = format!("{:>10} {:>10} {:>10}", "p99", "p99.9", "max");
        println!("{:<28} {:>10}  {percentiles}  {percentiles}", "phase", "times");
    }

    pub fn print(&self) {
        let us = |ns: u64| ns as f64 / 1000.0;
        let row = |histogram: &Histogram<u64>| {
            let at = |quantile| us(histogram.value_at_quantile(quantile));
            format!("{:>10.1} {:>10.1} {:>10.1}", at(0.99), at(0.999), us(histogram.max()))
        };
        println!("{:<28} {:>10}  {}  {}", self.name, self.wall_ns.len(), row(&self.wall_ns), row(&self.cpu_ns));
        for long in &self.longest {
            println!(
                "    number {}: {:.1} us of its own, {:.1} by the clock, {} page faults, taken off its core {} times",
                long.number,
                us(long.cpu_ns),
                us(long.wall_ns),
                long.faults,
                long.preemptions
            );
        }
    }
}
