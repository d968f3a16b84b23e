//! How long commands take, for SLOWLOG and LATENCY, without a clock read on the path of quick commands.
//!
//! The worker reads the clock once per round of up to 32 requests anyway. Commands that may take long by what they ask for (many
//! keys, all keys, what is not `fast` in the table but for a few) are timed one by one, and so are those of a transaction. Of
//! the others a round that took too long is noticed as a whole: LATENCY has it as `fast-command`; SLOWLOG names the command
//! if it was the only one of its round. With `slowlog-log-slower-than` below `TIME_ALL_BELOW_US` every command is timed.

use crate::counters::{CommandIndex, Latency};
use crate::session::Session;
use crate::settings::Settings;
use crate::shared::Context;
use crate::slowlog::{SlowCommand, shown_words};
use crate::spikes::Event;
use crate::usage::monotonic_ns;
use ringstone_protocol::resp::command::{Command, Spec, TABLE};
use ringstone_protocol::resp::parse::Args;

/// Thresholds below it are not found by looking at rounds.
const TIME_ALL_BELOW_US: u64 = 1000;
/// Words that a quick command has at most.
const QUICK_WORDS: usize = 8;
/// Commands of one item that the table, as Valkey, does not call `fast`.
const QUICK: &[Command] = &[Command::Set, Command::Put];
/// A threshold that is never reached.
const OFF: u64 = u64::MAX;

/// Whether a command of few words may take long, in the order of `Command`.
static MAY_BE_SLOW: [bool; TABLE.len()] = {
    let mut slow = [true; TABLE.len()];
    let mut row = 0;
    while row < TABLE.len() {
        let mut flag = 0;
        while flag < TABLE[row].flags.len() {
            if matches!(TABLE[row].flags[flag].as_bytes(), b"fast") {
                slow[row] = false;
            }
            flag += 1;
        }
        row += 1;
    }
    let mut at = 0;
    while at < QUICK.len() {
        slow[QUICK[at] as usize] = false;
        at += 1;
    }
    // Its commands are timed one by one.
    slow[Command::Exec as usize] = false;
    slow
};

/// What is to be timed in a round, and what was.
pub struct Timing {
    slowlog_ns: u64,
    spike_ns: u64,
    /// Not only what may be slow.
    all: bool,
    /// Time of the commands that were timed by themselves.
    timed_ns: u64,
}

impl Timing {
    /// For one round.
    #[inline]
    pub fn new(settings: &Settings) -> Timing {
        let slowlog_us = u64::try_from(settings.slowlog_log_slower_than_us()).unwrap_or(OFF);
        let spike_ms = settings.latency_monitor_threshold_ms();
        Timing {
            slowlog_ns: slowlog_us.saturating_mul(1000),
            spike_ns: if spike_ms == 0 { OFF } else { spike_ms.saturating_mul(1_000_000) },
            all: slowlog_us < TIME_ALL_BELOW_US,
            timed_ns: 0,
        }
    }

    /// The settings have been changed within the round.
    pub fn refresh(&mut self, settings: &Settings) {
        *self = Timing { timed_ns: self.timed_ns, ..Timing::new(settings) };
    }

    /// When a command starts, if it is to be timed by itself.
    #[inline]
    pub fn start(&self, spec: &Spec, words: usize) -> Option<u64> {
        if !self.all && words <= QUICK_WORDS && !MAY_BE_SLOW[spec.id as usize] {
            return None;
        }
        self.start_slow(spec)
    }

    #[cold]
    fn start_slow(&self, spec: &Spec) -> Option<u64> {
        (self.slowlog_ns.min(self.spike_ns) != OFF && spec.id != Command::Exec).then(monotonic_ns)
    }

    /// Whether a round of this time has to be looked at.
    #[inline]
    pub fn is_long(&self, round_ns: u64) -> bool {
        round_ns.saturating_sub(self.timed_ns) >= self.slowlog_ns.min(self.spike_ns)
    }
}

/// A command that was timed by itself.
#[cold]
pub fn finish(started_ns: u64, spec: &Spec, args: Args<'_>, session: &Session, context: &mut Context<'_>) {
    note(monotonic_ns().saturating_sub(started_ns), spec, args, session, context);
}

fn note(duration_ns: u64, spec: &Spec, args: Args<'_>, session: &Session, context: &mut Context<'_>) {
    context.timing.timed_ns += duration_ns;
    if duration_ns >= context.timing.slowlog_ns {
        log(duration_ns, args, session, context);
    }
    if duration_ns >= context.timing.spike_ns {
        let event = if MAY_BE_SLOW[spec.id as usize] { Event::Command } else { Event::FastCommand };
        context.shared.spikes.add(event, context.now_ms / 1000, duration_ns / 1_000_000);
    }
}

fn log(duration_ns: u64, args: Args<'_>, session: &Session, context: &Context<'_>) {
    let entry = SlowCommand {
        id: 0,
        at_s: context.now_ms / 1000,
        duration_us: duration_ns / 1000,
        words: shown_words(args),
        peer: session.client.peer.to_string(),
        name: session.client.names.lock().name.to_vec(),
    };
    context.shared.slowlog.push(entry, context.shared.settings.slowlog_max_len());
}

/// A round of quick commands that took long. `only`: its command, if there was just one.
#[cold]
pub fn finish_round(round_ns: u64, only: Option<(Args<'_>, &Session)>, context: &Context<'_>) {
    let duration_ns = round_ns.saturating_sub(context.timing.timed_ns);
    if let Some((args, session)) = only
        && context.timing.timed_ns == 0
        && duration_ns >= context.timing.slowlog_ns
    {
        log(duration_ns, args, session, context);
    }
    if duration_ns >= context.timing.spike_ns {
        context.shared.spikes.add(Event::FastCommand, context.now_ms / 1000, duration_ns / 1_000_000);
    }
}

/// Times the commands of a transaction, each from the end of the one before it.
pub struct Stopwatch(u64);

impl Stopwatch {
    /// Starts.
    pub fn start() -> Stopwatch {
        Stopwatch(monotonic_ns())
    }

    /// A command has ended: counts and logs it.
    pub fn lap(&mut self, spec: &Spec, args: Args<'_>, session: &Session, context: &mut Context<'_>) {
        let now_ns = monotonic_ns();
        let duration_ns = now_ns.saturating_sub(self.0);
        self.0 = now_ns;
        let latency = &context.counters.commands[usize::from(CommandIndex::resp(spec.id).0)];
        latency.buckets[Latency::bucket(duration_ns)].add(1);
        latency.total_ns.add(duration_ns);
        note(duration_ns, spec, args, session, context);
    }
}
