//! Events worth a log line, rate-limited per code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Events of one code are at least so far apart; those between are counted and told with the next.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// One network event worth a log line; handed to the observer given to `serve`. Rate-limited by the network side.
#[derive(Clone, Debug)]
pub struct NetEvent {
    /// `warn` or `info`.
    pub warning: bool,
    /// Stable code: `ACCEPT_PAUSED`, `ACCEPT_RESUMED`, `CONNECTIONS_REFUSED`, `ACCEPT_FAILED`, `WORKER_FAILED`.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// The caller's sink with the rate limit in front.
#[derive(Clone)]
pub(crate) struct Observer {
    sink: Arc<dyn Fn(NetEvent) + Send + Sync>,
    recent: Arc<Mutex<Vec<Recent>>>,
}

struct Recent {
    code: &'static str,
    at: Instant,
    suppressed: u64,
}

impl Observer {
    pub(crate) fn new(sink: Arc<dyn Fn(NetEvent) + Send + Sync>) -> Self {
        Self { sink, recent: Arc::default() }
    }

    /// Tells `message` unless an event of this code was told within the last second.
    pub(crate) fn tell(&self, warning: bool, code: &'static str, message: String) {
        if let Some(suppressed) = self.admit(code, Instant::now()) {
            let message = if suppressed == 0 { message } else { format!("{message} ({suppressed} more before)") };
            (self.sink)(NetEvent { warning, code, message });
        }
    }

    /// How many were held back since the last that was told, or `None` to hold this one back too.
    fn admit(&self, code: &'static str, now: Instant) -> Option<u64> {
        let mut recent = self.recent.lock();
        let Some(entry) = recent.iter_mut().find(|entry| entry.code == code) else {
            recent.push(Recent { code, at: now, suppressed: 0 });
            return Some(0);
        };
        if now.duration_since(entry.at) < MIN_INTERVAL {
            entry.suppressed += 1;
            return None;
        }
        entry.at = now;
        Some(std::mem::take(&mut entry.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_code_are_spaced_and_counted() {
        let observer = Observer::new(Arc::new(|_| {}));
        let start = Instant::now();
        assert_eq!(observer.admit("A", start), Some(0));
        assert_eq!(observer.admit("A", start), None);
        assert_eq!(observer.admit("B", start), Some(0));
        assert_eq!(observer.admit("A", start + MIN_INTERVAL / 2), None);
        assert_eq!(observer.admit("A", start + MIN_INTERVAL), Some(2));
    }
}
