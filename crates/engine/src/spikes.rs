//! LATENCY: the latest times above `latency-monitor-threshold`, by event.

use parking_lot::Mutex;
use std::collections::VecDeque;

/// Samples kept of an event (as in Valkey).
const MAX_SAMPLES: usize = 160;

/// What took long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A command that may take long by what it asks for.
    Command,
    /// A round of commands that should not: they waited for a lock, for memory or for the processor.
    FastCommand,
}

impl Event {
    /// All, in the order of their names.
    pub const ALL: [Event; 2] = [Event::Command, Event::FastCommand];

    /// Valkey's name.
    pub fn name(self) -> &'static str {
        match self {
            Event::Command => "command",
            Event::FastCommand => "fast-command",
        }
    }

    /// By its name.
    pub fn named(name: &[u8]) -> Option<Event> {
        Event::ALL.into_iter().find(|event| event.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// The longest time of one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// Seconds since 1970.
    pub at_s: u64,
    /// How long.
    pub ms: u64,
}

/// The samples of one event.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Oldest first; at most one per second.
    pub samples: VecDeque<Spike>,
    /// The longest ever, until a reset.
    pub max_ms: u64,
}

/// The samples of all events.
#[derive(Default)]
pub struct Spikes([Mutex<Series>; Event::ALL.len()]);

impl Spikes {
    /// Keeps a time; of one second the longest.
    pub fn add(&self, event: Event, at_s: u64, ms: u64) {
        let mut series = self.0[event as usize].lock();
        series.max_ms = series.max_ms.max(ms);
        if let Some(last) = series.samples.back_mut()
            && last.at_s == at_s
        {
            last.ms = last.ms.max(ms);
            return;
        }
        if series.samples.len() == MAX_SAMPLES {
            series.samples.pop_front();
        }
        series.samples.push_back(Spike { at_s, ms });
    }

    /// The samples of one event.
    pub fn series(&self, event: Event) -> Series {
        self.0[event as usize].lock().clone()
    }

    /// Forgets an event; false if there was nothing of it.
    pub fn reset(&self, event: Event) -> bool {
        !std::mem::take(&mut *self.0[event as usize].lock()).samples.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_second_the_longest_is_kept_and_the_oldest_seconds_go() {
        let spikes = Spikes::default();
        spikes.add(Event::Command, 10, 5);
        spikes.add(Event::Command, 10, 7);
        spikes.add(Event::Command, 10, 6);
        let series = spikes.series(Event::Command);
        assert_eq!(series.samples, [Spike { at_s: 10, ms: 7 }]);
        for at_s in 11..=10 + MAX_SAMPLES as u64 {
            spikes.add(Event::Command, at_s, 1);
        }
        let series = spikes.series(Event::Command);
        assert_eq!((series.samples.len(), series.samples[0].at_s, series.max_ms), (MAX_SAMPLES, 11, 7));
        assert!(spikes.reset(Event::Command) && !spikes.reset(Event::Command));
        assert!(spikes.series(Event::FastCommand).samples.is_empty());
    }
}
