//! The CPU time of another process, thread by thread, from /proc.

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

/// CPU time by thread.
pub(crate) struct CpuTimes(HashMap<String, u64>);

impl CpuTimes {
    /// Nanoseconds that the process has used since `before`. Those of threads that have ended meanwhile are not in it.
    pub(crate) fn since_ns(&self, before: &Self) -> u64 {
        let spent = |(thread, now): (&String, &u64)| now.saturating_sub(before.0.get(thread).copied().unwrap_or(0));
        self.0.iter().map(spent).sum()
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
            if let Some(time_ns) = thread_ns(&entry.path()) {
                times.insert(entry.file_name().to_string_lossy().into_owned(), time_ns);
            }
        }
        if times.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no thread of it can be read"));
        }
        Ok(CpuTimes(times))
    }
}

/// The scheduler's own figure, exact to the nanosecond; where the kernel keeps none, user and system ticks.
fn thread_ns(folder: &Path) -> Option<u64> {
    let schedstat = fs::read_to_string(folder.join("schedstat")).ok().and_then(|text| parse_schedstat(&text));
    schedstat.filter(|&ns| ns > 0).or_else(|| parse_stat(&fs::read_to_string(folder.join("stat")).ok()?))
}

/// Time on a CPU, time waiting for one, slices.
fn parse_schedstat(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
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
    use super::{Process, parse_schedstat, parse_stat};

    #[test]
    fn both_files_are_understood() {
        assert_eq!(parse_schedstat("123456789 5 6\n"), Some(123_456_789));
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
        assert!((0..1_000_000).any(|_| process.cpu_times().unwrap().since_ns(&before) > 0));
    }

    #[test]
    fn a_process_that_is_not_there() {
        assert!(Process::new(u32::MAX).cpu_times().is_err());
    }
}
