//! Subcommands: rows like those of commands, of the name `container|subcommand` and with an arity that counts both words.

use super::{Docs, Keys, NO_TIPS, NONE, Words, docs, row};
use crate::resp::command::{Command, Spec};

const ADMIN: Words = &["admin", "noscript", "loading", "stale"];
const HELP: Words = &["loading", "stale"];
const DANGEROUS: Words = &["@admin", "@slow", "@dangerous"];
const SLOW: Words = &["@slow"];
const SLOW_CONNECTION: Words = &["@slow", "@connection"];
const EVERY_NODE: Words = &["request_policy:all_nodes", "response_policy:all_succeeded"];
const EVERY_SHARD: Words = &["request_policy:all_shards", "response_policy:all_succeeded"];
const SPECIAL: Words = &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];
const SPECIAL_SHARDS: Words = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];
const SECOND: Keys = Keys { first: 2, last: 2, step: 1, flags: &["RO"] };

const fn about(since: &'static str, complexity: &'static str, summary: &'static str) -> Docs {
    docs("server", since, complexity, summary)
}

const fn help(id: Command, name: &'static str, since: &'static str) -> Spec {
    row(id, name, 2, HELP, NONE, SLOW, NO_TIPS, about(since, "O(1)", "Shows what there is."))
}

#[rustfmt::skip] // A table: one subcommand, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::Config, "config|get", -3, ADMIN, NONE, DANGEROUS, NO_TIPS,
        about("2.0.0", "O(N) where N is the number of patterns", "Returns the settings whose names match.")),
    row(Command::Config, "config|set", -4, ADMIN, NONE, DANGEROUS, EVERY_NODE,
        about("2.0.0", "O(N) where N is the number of settings", "Changes settings: all of those given, or none.")),
    row(Command::Config, "config|resetstat", 2, ADMIN, NONE, DANGEROUS, NO_TIPS,
        about("2.0.0", "O(1)", "Starts the counters that INFO shows from zero.")),
    row(Command::Config, "config|rewrite", 2, ADMIN, NONE, DANGEROUS, NO_TIPS,
        about("2.8.0", "O(1)", "Answers that there is no file to rewrite.")),
    help(Command::Config, "config|help", "5.0.0"),
    row(Command::SlowLog, "slowlog|get", -2, &["admin", "loading", "stale"], NONE, DANGEROUS, &["request_policy:all_nodes", "nondeterministic_output"],
        about("2.2.12", "O(N) where N is the number of entries", "Returns the latest entries of the log of slow commands.")),
    row(Command::SlowLog, "slowlog|len", 2, &["admin", "loading", "stale"], NONE, DANGEROUS, &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        about("2.2.12", "O(1)", "Returns how many entries the log of slow commands has.")),
    row(Command::SlowLog, "slowlog|reset", 2, &["admin", "loading", "stale"], NONE, DANGEROUS, EVERY_NODE,
        about("2.2.12", "O(N) where N is the number of entries", "Empties the log of slow commands.")),
    help(Command::SlowLog, "slowlog|help", "6.2.0"),
    row(Command::Latency, "latency|latest", 2, ADMIN, NONE, DANGEROUS, SPECIAL,
        about("2.8.13", "O(1)", "Returns the latest and the longest time of every event.")),
    row(Command::Latency, "latency|history", 3, ADMIN, NONE, DANGEROUS, SPECIAL,
        about("2.8.13", "O(1)", "Returns the times of an event.")),
    row(Command::Latency, "latency|reset", -2, ADMIN, NONE, DANGEROUS, EVERY_NODE,
        about("2.8.13", "O(1)", "Forgets the times of events.")),
    row(Command::Latency, "latency|histogram", -2, ADMIN, NONE, DANGEROUS, SPECIAL,
        about("7.0.0", "O(N) where N is the number of commands", "Returns how long commands took, as histograms.")),
    help(Command::Latency, "latency|help", "2.8.13"),
    row(Command::Memory, "memory|usage", -3, &["readonly"], SECOND, &["@read", "@slow"], NO_TIPS,
        about("4.0.0", "O(1)", "Returns how much memory a key and its value take.")),
    row(Command::Memory, "memory|stats", 2, &[], NONE, SLOW, SPECIAL_SHARDS,
        about("4.0.0", "O(N) where N is the number of cells", "Returns where memory went.")),
    row(Command::Memory, "memory|purge", 2, &[], NONE, SLOW, EVERY_SHARD,
        about("4.0.0", "O(1)", "Has memory of expired and flushed items freed now.")),
    row(Command::Memory, "memory|malloc-stats", 2, &[], NONE, SLOW, SPECIAL_SHARDS,
        about("4.0.0", "O(1)", "Answers that the allocator tells nothing.")),
    help(Command::Memory, "memory|help", "4.0.0"),
    row(Command::Cluster, "cluster|info", 2, &["stale"], NONE, SLOW, &["nondeterministic_output"],
        docs("cluster", "3.0.0", "O(1)", "Answers that this is no cluster.")),
    row(Command::Cluster, "cluster|keyslot", 3, &["stale"], NONE, SLOW, NO_TIPS,
        docs("cluster", "3.0.0", "O(1)", "Answers that this is no cluster.")),
    row(Command::Cluster, "cluster|myid", 2, &["stale"], NONE, SLOW, NO_TIPS,
        docs("cluster", "3.0.0", "O(1)", "Answers that this is no cluster.")),
    row(Command::Cluster, "cluster|nodes", 2, &["stale"], NONE, SLOW, &["nondeterministic_output"],
        docs("cluster", "3.0.0", "O(1)", "Answers that this is no cluster.")),
    row(Command::Cluster, "cluster|shards", 2, &["stale"], NONE, SLOW, &["nondeterministic_output"],
        docs("cluster", "7.0.0", "O(1)", "Answers that this is no cluster.")),
    row(Command::Cluster, "cluster|slots", 2, &["stale"], NONE, SLOW, &["nondeterministic_output"],
        docs("cluster", "3.0.0", "O(1)", "Answers that this is no cluster.")),
    row(Command::Cluster, "cluster|help", 2, HELP, NONE, SLOW, NO_TIPS,
        docs("cluster", "5.0.0", "O(1)", "Answers that this is no cluster.")),
    row(Command::Command, "command|count", 2, HELP, NONE, SLOW_CONNECTION, NO_TIPS,
        about("2.8.13", "O(1)", "Returns the number of commands.")),
    row(Command::Command, "command|info", -2, HELP, NONE, SLOW_CONNECTION, &["nondeterministic_output_order"],
        about("2.8.13", "O(N) where N is the number of commands", "Describes commands.")),
    row(Command::Command, "command|docs", -2, HELP, NONE, SLOW_CONNECTION, &["nondeterministic_output_order"],
        about("7.0.0", "O(N) where N is the number of commands", "Describes commands for people.")),
    row(Command::Command, "command|list", -2, HELP, NONE, SLOW_CONNECTION, &["nondeterministic_output_order"],
        about("7.0.0", "O(N) where N is the number of commands", "Returns the names of commands.")),
    row(Command::Command, "command|getkeys", -3, HELP, NONE, SLOW_CONNECTION, NO_TIPS,
        about("2.8.13", "O(N) where N is the number of arguments", "Returns the keys among the words of a command.")),
    row(Command::Command, "command|getkeysandflags", -3, HELP, NONE, SLOW_CONNECTION, NO_TIPS,
        about("7.0.0", "O(N) where N is the number of arguments", "Returns the keys among the words of a command, and what is done to them.")),
    row(Command::Command, "command|help", 2, HELP, NONE, SLOW_CONNECTION, NO_TIPS,
        about("5.0.0", "O(1)", "Shows what there is.")),
];
