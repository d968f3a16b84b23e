//! SLOWLOG and LATENCY.

use super::connection::shown;
use super::{Request, subcommand};
use crate::Protocol;
use crate::counters::{COMMANDS, CommandIndex, LATENCY_BUCKETS};
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::{Context, Shared};
use crate::spikes::Event;
use ringstone_protocol::resp::command;
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply;

/// Entries that SLOWLOG GET gives when it is not told how many.
const DEFAULT_COUNT: usize = 10;

/// SLOWLOG
pub fn slowlog(request: &Request<'_>, context: &Context<'_>, out: &mut impl Reply) {
    let Some(row) = subcommand(request, out) else { return };
    let log = &context.shared.slowlog;
    match row.name {
        "slowlog|get" => slowlog_get(request, context.shared, out),
        "slowlog|len" => reply::integer(out, log.len() as i64),
        "slowlog|reset" => {
            log.reset();
            out.write(b"+OK\r\n");
        }
        _ => reply::help(out, "SLOWLOG", SLOWLOG_HELP),
    }
}

fn slowlog_get(request: &Request<'_>, shared: &Shared, out: &mut impl Reply) {
    let [word, count] = request.fixed();
    let count = match request.args.len() {
        2 => DEFAULT_COUNT,
        3 => match parse_i64(count) {
            Some(-1) => usize::MAX,
            Some(count @ 0..) => usize::try_from(count).unwrap_or(usize::MAX),
            _ => return reply::error(out, "ERR count should be greater than or equal to -1"),
        },
        _ => {
            let word = shown(word);
            let text = format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try SLOWLOG HELP.");
            return reply::error(out, &text);
        }
    };
    let entries = shared.slowlog.latest(count);
    reply::array(out, entries.len());
    for entry in entries {
        reply::array(out, 6);
        reply::integer(out, entry.id as i64);
        reply::integer(out, entry.at_s as i64);
        reply::integer(out, entry.duration_us as i64);
        reply::array(out, entry.words.len());
        entry.words.iter().for_each(|word| reply::bulk(out, word));
        reply::bulk(out, entry.peer.as_bytes());
        reply::bulk(out, &entry.name);
    }
}

/// LATENCY
pub fn latency(request: &Request<'_>, session: &Session, context: &Context<'_>, out: &mut impl Reply) {
    let Some(row) = subcommand(request, out) else { return };
    match row.name {
        "latency|latest" => latest(context.shared, out),
        "latency|history" => history(request, context.shared, out),
        "latency|reset" => reset(request, context.shared, out),
        "latency|histogram" => histogram(request, session, context.shared, out),
        _ => reply::help(out, "LATENCY", LATENCY_HELP),
    }
}

fn latest(shared: &Shared, out: &mut impl Reply) {
    let all = Event::ALL.map(|event| (event, shared.spikes.series(event)));
    let known = || all.iter().filter_map(|(event, series)| Some((event, series, series.samples.back()?)));
    reply::array(out, known().count());
    for (event, series, last) in known() {
        reply::array(out, 4);
        reply::bulk(out, event.name().as_bytes());
        reply::integer(out, last.at_s as i64);
        reply::integer(out, last.ms as i64);
        reply::integer(out, series.max_ms as i64);
    }
}

fn history(request: &Request<'_>, shared: &Shared, out: &mut impl Reply) {
    let [_, name] = request.fixed();
    let samples = Event::named(name).map(|event| shared.spikes.series(event).samples).unwrap_or_default();
    reply::array(out, samples.len());
    for sample in samples {
        reply::array(out, 2);
        reply::integer(out, sample.at_s as i64);
        reply::integer(out, sample.ms as i64);
    }
}

fn reset(request: &Request<'_>, shared: &Shared, out: &mut impl Reply) {
    let mut names = request.arguments().skip(1).peekable();
    let events: Vec<Event> =
        if names.peek().is_none() { Event::ALL.to_vec() } else { names.filter_map(Event::named).collect() };
    let reset = events.into_iter().filter(|event| shared.spikes.reset(*event)).count();
    reply::integer(out, reset as i64);
}

/// LATENCY HISTOGRAM [command ...]: cumulative counts by powers of two of microseconds; times above the last bound, some 8 s, are
/// under the next one.
fn histogram(request: &Request<'_>, session: &Session, shared: &Shared, out: &mut impl Reply) {
    let wanted: Vec<CommandIndex> = if request.args.len() == 2 {
        (0..COMMANDS)
            .map(|index| CommandIndex(index as u8))
            .filter(|index| index.describe().0 == Protocol::Resp)
            .collect()
    } else {
        let specs = request.arguments().skip(1).filter_map(command::lookup);
        specs.map(|spec| CommandIndex::resp(spec.id)).collect()
    };
    let since = shared.reset_point.since(shared);
    let called = || wanted.iter().copied().filter(|index| since.command(*index).calls() > 0);
    reply::map(out, called().count(), session.version);
    for index in called() {
        if !out.has_room() {
            return;
        }
        let times = since.command(index);
        reply::bulk(out, index.describe().1.as_bytes());
        reply::map(out, 2, session.version);
        reply::bulk(out, b"calls");
        reply::integer(out, times.calls() as i64);
        reply::bulk(out, b"histogram_usec");
        let filled = || (0..=LATENCY_BUCKETS).filter(|bucket| times.buckets[*bucket] > 0);
        reply::map(out, filled().count(), session.version);
        let mut total = 0;
        for bucket in filled() {
            total += times.buckets[bucket];
            reply::integer(out, 1 << bucket);
            reply::integer(out, total as i64);
        }
    }
}

const SLOWLOG_HELP: &[&str] = &[
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
];
const LATENCY_HELP: &[&str] = &[
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
    "    If no commands are specified then all histograms are replied.",
];
