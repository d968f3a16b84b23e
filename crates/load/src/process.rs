//! The CPU time of another process, and its waiting for a CPU, thread by thread, from /proc.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Nanoseconds of a tick in /proc/PID/stat: USER_HZ is 100 for every program on Linux.
const TICK_NS: u64 = 10_000_000;

/// Reads one process.
pub(crate) struct Process {
    folder: PathBuf,
}

/// Nanoseconds of a thread or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuTime {
    /// On a CPU.
    pub(crate) used_ns: u64,
    /// Ready to run while others had the CPU; 0 where the kernel does not say.
    pub(crate) waited_ns: u64,
}

/// By thread.
pub(crate) struct CpuTimes(HashMap<String, CpuTime>);

impl CpuTimes {
    /// What the process has used and waited since `before`. Threads that have ended meanwhile are not in it.
    pub(crate) fn since(&self, before: &Self) -> CpuTime {
        self.0.iter().fold(CpuTime::default(), |sum, (thread, now)| {
            let before = before.0.get(thread).copied().unwrap_or_default();
            CpuTime {
                used_ns: sum.used_ns + now.used_ns.saturating_sub(before.used_ns),
                waited_ns: sum.waited_ns + now.waited_ns.saturating_sub(before.waited_ns),
            }
        })
    }
}

impl Process {
    pub(crate) fn new(pid: u32) -> Self {
        Self { folder: PathBuf::from(format!("/proc/{pid}/task")) }
    }

    /// CPU time of each thread up to now.
    pub(crate) fn cpu_times(&self) -> io::Result<CpuTimes> {
        let mut times = HashMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // A thread may end between the listing and the reading.
            if let Some(time) = thread_time(&entry.path()) {
                times.insert(entry.file_name().to_string_lossy().into_owned(), time);
            }
        }
        if times.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no thread of it can be read"));
        }
        Ok(CpuTimes(times))
    }
}

/// The scheduler's own figure, exact to the nanosecond; where the kernel keeps none, user and system ticks.
fn thread_time(folder: &Path) -> Option<CpuTime> {
    let schedstat = fs::read_to_string(folder.join("schedstat")).ok().and_then(|text| parse_schedstat(&text));
    schedstat.filter(|time| time.used_ns > 0).or_else(|| {
        let used_ns = parse_stat(&fs::read_to_string(folder.join("stat")).ok()?)?;
        Some(CpuTime { used_ns, waited_ns: 0 })
    })
}

/// Time on a CPU, time waiting for one, slices.
fn parse_schedstat(text: &str) -> Option<CpuTime> {
    let mut words = text.split_ascii_whitespace();
    let used_ns = words.next()?.parse().ok()?;
    Some(CpuTime { used_ns, waited_ns: words.next()?.parse().ok()? })
}

/// Fields 14 and 15, counted from the end of the name, which may hold anything.
fn parse_stat(text: &str) -> Option<u64> {
    let (_, after_name) = text.rsplit_once(')')?;
    let mut ticks = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    Some((user + system) * TICK_NS)
}

#[cfg(test)]
mod tests {
    use super::{CpuTime, CpuTimes, Process, parse_schedstat, parse_stat};

    #[test]
    fn both_files_are_understood() {
        assert_eq!(parse_schedstat("123456789 5 6\n"), Some(CpuTime { used_ns: 123_456_789, waited_ns: 5 }));
        assert_eq!(parse_schedstat(""), None);
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 17 25 0 0 20 0 1 0 100 1 1";
        assert_eq!(parse_stat(stat), Some(420_000_000));
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn the_time_of_this_process_grows_with_its_work() {
        let process = Process::new(std::process::id());
        let before = process.cpu_times().unwrap();
        // Reading it is work too.
        assert!((0..1_000_000).any(|_| process.cpu_times().unwrap().since(&before).used_ns > 0));
    }

    #[test]
    fn threads_that_begin_count_and_those_that_end_do_not() {
        let time = |used_ns, waited_ns| CpuTime { used_ns, waited_ns };
        let times = |threads: &[(&str, CpuTime)]| {
            CpuTimes(threads.iter().map(|&(thread, time)| (thread.to_owned(), time)).collect())
        };
        let before = times(&[("1", time(100, 7)), ("2", time(50, 5))]);
        let after = times(&[("1", time(130, 9)), ("3", time(4, 1))]);
        assert_eq!(after.since(&before), time(34, 3));
    }

    #[test]
    fn a_process_that_is_not_there() {
        assert!(Process::new(u32::MAX).cpu_times().is_err());
    }
}
