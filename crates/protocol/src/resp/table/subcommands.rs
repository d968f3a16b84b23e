//! Subcommands: rows like those of commands, of the name `container|subcommand` and with an arity that counts both words.

use super::{Docs, Keys, NO_TIPS, NONE, VARYING, Words, docs, row};
use crate::resp::command::{Command, Spec};

const ADMIN: Words = &["admin", "noscript", "loading", "stale"];
const HELP: Words = &["loading", "stale"];
const CONNECTION: Words = &["noscript", "loading", "stale"];
const DANGEROUS: Words = &["@admin", "@slow", "@dangerous"];
const DANGEROUS_CONNECTION: Words = &["@admin", "@slow", "@dangerous", "@connection"];
const SLOW: Words = &["@slow"];
const SLOW_CONNECTION: Words = &["@slow", "@connection"];
const EVERY_NODE: Words = &["request_policy:all_nodes", "response_policy:all_succeeded"];
const EVERY_SHARD: Words = &["request_policy:all_shards", "response_policy:all_succeeded"];
const SPECIAL: Words = &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];
const SPECIAL_SHARDS: Words = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];
const SECOND: Keys = Keys { first: 2, last: 2, step: 1, flags: &["RO"], second_flags: &[] };
const READ_KEYSPACE: Words = &["@keyspace", "@read", "@slow"];

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
    row(Command::Client, "client|caching", 3, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "6.0.0", "O(1)", "Keeps the keys of the next command tracked, or not.")),
    row(Command::Client, "client|getname", 2, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "2.6.9", "O(1)", "Returns the name of the connection.")),
    row(Command::Client, "client|getredir", 2, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "6.0.0", "O(1)", "Returns the connection that gets the invalidations.")),
    row(Command::Client, "client|help", 2, HELP, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "5.0.0", "O(1)", "Shows what there is.")),
    row(Command::Client, "client|id", 2, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "5.0.0", "O(1)", "Returns the number of the connection.")),
    row(Command::Client, "client|info", 2, CONNECTION, NONE, SLOW_CONNECTION, &["nondeterministic_output"],
        docs("connection", "6.2.0", "O(1)", "Describes the connection.")),
    row(Command::Client, "client|kill", -3, ADMIN, NONE, DANGEROUS_CONNECTION, NO_TIPS,
        docs("connection", "2.4.0", "O(N) where N is the number of connections", "Closes connections.")),
    row(Command::Client, "client|list", -2, ADMIN, NONE, DANGEROUS_CONNECTION, &["nondeterministic_output"],
        docs("connection", "2.4.0", "O(N) where N is the number of connections", "Describes connections.")),
    row(Command::Client, "client|no-evict", 3, ADMIN, NONE, DANGEROUS_CONNECTION, NO_TIPS,
        docs("connection", "7.0.0", "O(1)", "Keeps the connection from being closed for the memory of connections.")),
    row(Command::Client, "client|no-touch", 3, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "7.2.0", "O(1)", "Has the reads of the connection not counted.")),
    row(Command::Client, "client|reply", 3, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "3.2.0", "O(1)", "Says whether the connection is answered.")),
    row(Command::Client, "client|setinfo", 4, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "7.2.0", "O(1)", "Names the client's library or its version.")),
    row(Command::Client, "client|setname", 3, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "2.6.9", "O(1)", "Names the connection.")),
    row(Command::Client, "client|tracking", -3, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "6.0.0", "O(1)", "Has the connection told of changes of keys that it has read.")),
    row(Command::Client, "client|trackinginfo", 2, CONNECTION, NONE, SLOW_CONNECTION, NO_TIPS,
        docs("connection", "6.2.0", "O(1)", "Returns what the connection is told of.")),
    row(Command::Client, "client|unblock", -3, ADMIN, NONE, DANGEROUS_CONNECTION, NO_TIPS,
        docs("connection", "5.0.0", "O(1)", "Ends the wait of another connection; none ever waits.")),
    row(Command::PubSub, "pubsub|channels", -2, &["pubsub", "loading", "stale"], NONE, &["@pubsub", "@slow"], NO_TIPS,
        docs("pubsub", "2.8.0", "O(N) where N is the number of channels", "Returns the channels that have subscribers.")),
    row(Command::PubSub, "pubsub|help", 2, HELP, NONE, SLOW, NO_TIPS,
        docs("pubsub", "6.2.0", "O(1)", "Shows what there is.")),
    row(Command::PubSub, "pubsub|numpat", 2, &["pubsub", "loading", "stale"], NONE, &["@pubsub", "@slow"], NO_TIPS,
        docs("pubsub", "2.8.0", "O(1)", "Returns how many patterns are subscribed to.")),
    row(Command::PubSub, "pubsub|numsub", -2, &["pubsub", "loading", "stale"], NONE, &["@pubsub", "@slow"], NO_TIPS,
        docs("pubsub", "2.8.0", "O(N) where N is the number of channels", "Returns how many subscribers channels have.")),
    row(Command::Object, "object|encoding", 3, &["readonly"], SECOND, READ_KEYSPACE, VARYING,
        docs("generic", "2.2.3", "O(1)", "Returns how Valkey would keep the value.")),
    row(Command::Object, "object|freq", 3, &["readonly"], SECOND, READ_KEYSPACE, VARYING,
        docs("generic", "4.0.0", "O(1)", "Answers that frequencies are not counted as Valkey's LFU does.")),
    row(Command::Object, "object|idletime", 3, &["readonly"], SECOND, READ_KEYSPACE, VARYING,
        docs("generic", "2.2.3", "O(1)", "Returns the seconds since the last access.")),
    row(Command::Object, "object|refcount", 3, &["readonly"], SECOND, READ_KEYSPACE, VARYING,
        docs("generic", "2.2.3", "O(1)", "Returns 1.")),
    row(Command::Object, "object|help", 2, HELP, NONE, &["@keyspace", "@slow"], NO_TIPS,
        docs("generic", "6.2.0", "O(1)", "Shows what there is.")),
];
