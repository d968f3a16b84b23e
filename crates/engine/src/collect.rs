//! Reads every counter and gauge into metric families.

use crate::counters::{COMMANDS, CommandIndex, Counter, LATENCY_BUCKETS, MISS_REASONS, WorkerCounters};
use crate::direct::{CallerCounts, Operation};
use crate::loads::{LOAD_ERRORS, LoadStats};
use crate::metrics::{Family, FamilyKind, Sample};
use crate::server::ServerInfo;
use crate::shared::Shared;
use crate::usage;
use ringstone_net::{CountersSnapshot, Runtime};
use ringstone_store::Stats;

/// Labels of `ringstone_connections_closed_total`, in the order of `CloseReason`.
const CLOSE_REASONS: [&str; 7] = ["peer", "server", "idle", "output_limit", "input_limit", "shutdown", "error"];

/// Calls from the process that the cache is in.
const NODE: (&str, &str) = ("protocol", "node");

/// All families, in a fixed order.
pub fn families(shared: &Shared, info: &ServerInfo) -> Vec<Family> {
    let network = shared.network_snapshot();
    let store = shared.store_stats();
    let mut families = process(shared, info);
    let callers = shared.cache.callers.counts();
    families.extend(commands(shared, &callers));
    families.extend(outcomes(shared, &callers));
    families.extend(connections(&network));
    families.extend(items(&store));
    families.extend(memory(&store, &network));
    families.extend(loads(&shared.cache.loads.stats()));
    families
}

fn sample(labels: &[(&'static str, &str)], value: f64) -> Sample {
    let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Sample { labels, value, ..Sample::default() }
}

fn counter(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    Family { name, help, kind: FamilyKind::Counter, samples }
}

fn gauge(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    Family { name, help, kind: FamilyKind::Gauge, samples }
}

fn count(name: &'static str, help: &'static str, value: u64) -> Family {
    counter(name, help, vec![sample(&[], value as f64)])
}

fn level(name: &'static str, help: &'static str, value: u64) -> Family {
    gauge(name, help, vec![sample(&[], value as f64)])
}

fn process(shared: &Shared, info: &ServerInfo) -> Vec<Family> {
    let runtime = match info.runtime {
        Runtime::Uring => "uring",
        Runtime::Mio => "mio",
    };
    let (user_us, system_us) = usage::cpu_us();
    vec![
        gauge(
            "ringstone_info",
            "Always 1; version and runtime are in the labels.",
            vec![sample(&[("version", &shared.options.version), ("runtime", runtime)], 1.0)],
        ),
        gauge(
            "ringstone_uptime_seconds",
            "Time since the server started.",
            vec![sample(&[], shared.started.elapsed().as_secs_f64())],
        ),
        level("ringstone_workers", "Worker threads.", shared.options.workers as u64),
        counter(
            "ringstone_cpu_seconds_total",
            "CPU time of the process.",
            vec![
                sample(&[("mode", "user")], user_us as f64 / 1e6),
                sample(&[("mode", "system")], system_us as f64 / 1e6),
            ],
        ),
        level("ringstone_process_resident_bytes", "Resident memory of the process.", usage::resident_bytes()),
    ]
}

/// A command appears with its first call.
fn commands(shared: &Shared, callers: &CallerCounts) -> Vec<Family> {
    let bounds: Vec<f64> = (0..LATENCY_BUCKETS).map(|bucket| (1_u64 << bucket) as f64 / 1e6).collect();
    let mut calls = Vec::new();
    let mut durations = Vec::new();
    for index in (0..COMMANDS).map(|index| CommandIndex(index as u8)) {
        let at = usize::from(index.0);
        let mut total = 0;
        let counts: Vec<f64> = (0..=LATENCY_BUCKETS)
            .map(|bucket| {
                total += shared.counters.sum(|worker| &worker.commands[at].buckets[bucket]);
                total as f64
            })
            .collect();
        if total == 0 {
            continue;
        }
        let (protocol, name) = index.describe();
        let labels = [("protocol", protocol.as_str()), ("command", name)];
        let total_ns = shared.counters.sum(|worker| &worker.commands[at].total_ns);
        calls.push(sample(&labels, total as f64));
        durations.push(Sample { bounds: bounds.clone(), counts, ..sample(&labels, total_ns as f64 / 1e9) });
    }
    // Callers' time is not measured: a clock costs them as much as the call.
    for (name, total) in Operation::NAMES.iter().zip(callers.operations) {
        if total > 0 {
            calls.push(sample(&[NODE, ("command", name)], total as f64));
        }
    }
    let duration_help = "Time from the start of the tick in which a command was received to the end of its execution, \
                         with the time that it waited for others.";
    vec![
        counter("ringstone_commands_total", "Commands executed.", calls),
        Family {
            name: "ringstone_command_duration_seconds",
            help: duration_help,
            kind: FamilyKind::Histogram,
            samples: durations,
        },
    ]
}

fn outcomes(shared: &Shared, callers: &CallerCounts) -> Vec<Family> {
    let sum = |pick: fn(&WorkerCounters) -> &Counter| shared.counters.sum(pick) as f64;
    let memcached = ("protocol", "memcached");
    let resp = ("protocol", "resp");
    let mut misses = Vec::new();
    for (index, reason) in MISS_REASONS.iter().enumerate() {
        let count = shared.counters.sum(|worker| &worker.memcache.misses[index]);
        misses.push(sample(&[memcached, ("reason", reason)], count as f64));
        let count = shared.counters.sum(|worker| &worker.resp.misses[index]);
        misses.push(sample(&[resp, ("reason", reason)], count as f64));
        misses.push(sample(&[NODE, ("reason", reason)], callers.misses[index] as f64));
    }
    vec![
        counter(
            "ringstone_hits_total",
            "Reads of keys that were there.",
            vec![
                sample(&[memcached], sum(|w| &w.memcache.hits)),
                sample(&[resp], sum(|w| &w.resp.hits)),
                sample(&[NODE], callers.hits as f64),
            ],
        ),
        counter("ringstone_misses_total", "Reads of keys that were not there, by what is known of them.", misses),
        counter(
            "ringstone_protocol_errors_total",
            "Requests that were not understood.",
            vec![
                sample(&[memcached], sum(|w| &w.memcache.protocol_errors)),
                sample(&[resp], sum(|w| &w.resp.protocol_errors)),
                sample(&[("protocol", "plain")], sum(|w| &w.plain_errors)),
            ],
        ),
        counter(
            "ringstone_values_too_large_total",
            "Writes refused for the length of their value.",
            vec![
                sample(&[memcached], sum(|w| &w.memcache.too_large)),
                sample(&[resp], sum(|w| &w.resp.too_large)),
                sample(&[NODE], callers.too_large as f64),
            ],
        ),
        count(
            "ringstone_out_of_memory_total",
            "Writes refused for want of memory.",
            shared.counters.no_memory() + callers.no_memory,
        ),
    ]
}

fn connections(network: &CountersSnapshot) -> Vec<Family> {
    let closed =
        CLOSE_REASONS.iter().zip(network.closed).map(|(reason, n)| sample(&[("reason", reason)], n as f64)).collect();
    vec![
        level("ringstone_connections", "Connections now.", network.connections),
        count("ringstone_connections_accepted_total", "Connections accepted.", network.accepted),
        count("ringstone_connections_rejected_total", "Connections refused at max_connections.", network.refused),
        counter("ringstone_connections_closed_total", "Connections ended, by reason.", closed),
        count("ringstone_network_received_bytes_total", "Bytes received from clients.", network.bytes_read),
        count("ringstone_network_sent_bytes_total", "Bytes sent to clients.", network.bytes_written),
        count("ringstone_connection_yields_total", "Turns ended for the sake of other connections.", network.yields),
        count(
            "ringstone_output_pauses_total",
            "Times that reading from a client stopped because it did not read its replies.",
            network.output_pauses,
        ),
        count(
            "ringstone_accept_pauses_total",
            "Times that accepting stopped for want of file descriptors.",
            network.accept_pauses,
        ),
        counter(
            "ringstone_accept_paused_seconds_total",
            "Time of those pauses.",
            vec![sample(&[], network.accept_paused_us as f64 / 1e6)],
        ),
        count(
            "ringstone_receive_buffer_shortages_total",
            "Receives that found no provided buffer (io_uring).",
            network.buffer_starvations,
        ),
    ]
}

fn items(store: &Stats) -> Vec<Family> {
    vec![
        level("ringstone_items", "Items in the store.", store.items),
        level("ringstone_items_bytes", "Bytes of keys and values of the items.", store.key_value_bytes),
        level("ringstone_cells", "Cells of the store.", store.cells),
        count("ringstone_items_stored_total", "Items written.", store.stored),
        count("ringstone_evictions_total", "Items evicted for room.", store.evictions),
        count("ringstone_evictions_unread_total", "Of those, never read.", store.evicted_unfetched),
        count("ringstone_expirations_total", "Items removed because their time had come.", store.expirations),
        count("ringstone_expirations_unread_total", "Of those, never read.", store.expired_unfetched),
        count("ringstone_flushed_items_total", "Items removed by a flush.", store.flushed),
        count("ringstone_compactions_total", "Segments compacted.", store.compactions),
    ]
}

fn memory(store: &Stats, network: &CountersSnapshot) -> Vec<Family> {
    let by_use = [
        ("items", store.item_segment_bytes),
        ("large_values", store.chain_bytes),
        ("receiving", store.reserved_bytes),
        ("sending", store.pinned_bytes),
        ("index", store.index_bytes),
        ("ghosts", store.ghost_bytes),
        ("network_buffers", network.buffer_bytes),
    ];
    vec![
        gauge(
            "ringstone_memory_bytes",
            "Memory by use; all but network_buffers count against the limit.",
            by_use.iter().map(|(of, bytes)| sample(&[("use", of)], *bytes as f64)).collect(),
        ),
        level(
            "ringstone_memory_resident_bytes",
            "Bytes of the arena backed by memory, at most: runs of 2 MiB of which some was used.",
            store.resident_bytes,
        ),
        level("ringstone_memory_limit_bytes", "max_memory.", store.max_memory),
    ]
}

fn loads(loads: &LoadStats) -> Vec<Family> {
    let results = [
        ("loaded", loads.loaded),
        ("absent", loads.absent),
        ("failed", loads.failures()),
        ("superseded", loads.superseded),
        ("gone", loads.gone),
    ];
    let by = |label, counts: &mut dyn Iterator<Item = (&str, u64)>| {
        counts.map(|(value, count)| sample(&[(label, value)], count as f64)).collect()
    };
    vec![
        level("ringstone_loaders", "Loaders registered.", loads.loaders),
        counter("ringstone_loads_total", "Loads ended, by what they came to.", by("result", &mut results.into_iter())),
        counter(
            "ringstone_load_failures_total",
            "Loads that failed, and requests that were refused, by reason.",
            by("reason", &mut LOAD_ERRORS.into_iter().zip(loads.failed)),
        ),
        count("ringstone_load_runs_total", "Runs of loaders begun, refreshes too.", loads.runs),
        count("ringstone_load_handovers_total", "Runs made once more as the first had failed.", loads.handed_over),
        count("ringstone_load_repeats_total", "Runs made once more as the key was removed meanwhile.", loads.repeated),
        count("ringstone_load_late_total", "Runs that answered after they had been given up.", loads.late),
        counter(
            "ringstone_load_seconds_total",
            "Time of the runs that answered.",
            vec![sample(&[], loads.run_ms as f64 / 1e3)],
        ),
        count("ringstone_loads_coalesced_total", "Requests that waited for a load of another.", loads.coalesced),
        count("ringstone_load_stale_served_total", "Reads answered with a stale value.", loads.stale_served),
        count(
            "ringstone_load_negative_hits_total",
            "Reads answered by remembering that there is no value.",
            loads.negative_hits,
        ),
        level("ringstone_loads_running", "Runs of loaders now.", loads.running),
        level("ringstone_loads_queued", "Loads that wait for their turn.", loads.queued),
        level("ringstone_loads_waiting", "Requests and calls that wait for loads, each key for itself.", loads.waiting),
        level(
            "ringstone_load_remembered_keys",
            "Keys of which it is remembered that there is no value, or that a refresh has failed.",
            loads.remembered,
        ),
    ]
}
