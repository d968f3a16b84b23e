//! The one table of commands: drives lookup, the check of arity, and COMMAND (COUNT INFO DOCS LIST). Arities, flags, keys,
//! categories and tips are those of Valkey 8.

use super::command::{Command, Spec};

type Words = &'static [&'static str];

/// Where a command's keys are, and what is done to them.
#[derive(Clone, Copy)]
struct Keys {
    first: i32,
    last: i32,
    step: i32,
    flags: Words,
}

const NONE: Keys = Keys { first: 0, last: 0, step: 0, flags: &[] };

/// The first argument is the key.
const fn one(flags: Words) -> Keys {
    Keys { first: 1, last: 1, step: 1, flags }
}

/// Every `step`th argument is a key.
const fn many(step: i32, flags: Words) -> Keys {
    Keys { first: 1, last: -1, step, flags }
}

const FAST: Words = &["fast"];
const LOADING: Words = &["loading", "stale"];
const LOADING_FAST: Words = &["loading", "stale", "fast"];
const HANDSHAKE: Words = &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"];
const READ_FAST: Words = &["readonly", "fast"];
const WRITE_FAST: Words = &["write", "fast"];
const WRITE_OOM: Words = &["write", "denyoom"];
const WRITE_OOM_FAST: Words = &["write", "denyoom", "fast"];

const FAST_CONNECTION: Words = &["@fast", "@connection"];
const SLOW_CONNECTION: Words = &["@slow", "@connection"];
const READ_STRING: Words = &["@read", "@string", "@fast"];
const WRITE_STRING: Words = &["@write", "@string", "@fast"];
const WRITE_STRING_SLOW: Words = &["@write", "@string", "@slow"];
const READ_KEYSPACE: Words = &["@keyspace", "@read", "@fast"];
const WRITE_KEYSPACE: Words = &["@keyspace", "@write", "@fast"];
const FLUSH: Words = &["@keyspace", "@write", "@slow", "@dangerous"];

const NO_TIPS: Words = &[];
const ALL_SUCCEEDED: Words = &["request_policy:all_shards", "response_policy:all_succeeded"];
const SUM: Words = &["request_policy:multi_shard", "response_policy:agg_sum"];
const VARYING: Words = &["nondeterministic_output"];

/// What COMMAND DOCS says.
#[derive(Clone, Copy)]
struct Docs {
    group: &'static str,
    since: &'static str,
    complexity: &'static str,
    summary: &'static str,
}

const fn docs(group: &'static str, since: &'static str, complexity: &'static str, summary: &'static str) -> Docs {
    Docs { group, since, complexity, summary }
}

/// One row, shorter than the structure written out.
#[allow(clippy::too_many_arguments, reason = "columns of a table")]
const fn row(
    id: Command,
    name: &'static str,
    arity: i32,
    flags: Words,
    keys: Keys,
    categories: Words,
    tips: Words,
    docs: Docs,
) -> Spec {
    Spec {
        id,
        name,
        arity,
        flags,
        first_key: keys.first,
        last_key: keys.last,
        key_step: keys.step,
        key_flags: keys.flags,
        categories,
        tips,
        summary: docs.summary,
        group: docs.group,
        since: docs.since,
        complexity: docs.complexity,
    }
}

/// All rows, in the order of `Command`.
#[rustfmt::skip] // A table: one command, two lines.
pub static TABLE: &[Spec] = &[
    row(Command::Ping, "ping", -1, FAST, NONE, FAST_CONNECTION, ALL_SUCCEEDED,
        docs("connection", "1.0.0", "O(1)", "Answers PONG, or its argument; tells that the server is alive.")),
    row(Command::Echo, "echo", 2, LOADING_FAST, NONE, FAST_CONNECTION, NO_TIPS,
        docs("connection", "1.0.0", "O(1)", "Answers its argument.")),
    row(Command::Quit, "quit", -1, HANDSHAKE, NONE, FAST_CONNECTION, NO_TIPS,
        docs("connection", "1.0.0", "O(1)", "Closes the connection.")),
    row(Command::Reset, "reset", 1, HANDSHAKE, NONE, FAST_CONNECTION, NO_TIPS,
        docs("connection", "6.2.0", "O(1)", "Puts the connection back into the state of a new one.")),
    row(Command::Hello, "hello", -1, HANDSHAKE, NONE, FAST_CONNECTION, NO_TIPS,
        docs("connection", "6.0.0", "O(1)", "Chooses the version of the protocol and describes the server.")),
    row(Command::Command, "command", -1, LOADING, NONE, SLOW_CONNECTION, &["nondeterministic_output_order"],
        docs("server", "2.8.13", "O(N) where N is the number of commands", "Describes all commands.")),
    row(Command::Select, "select", 2, LOADING_FAST, NONE, FAST_CONNECTION, NO_TIPS,
        docs("connection", "1.0.0", "O(1)", "Chooses the database; there is one, number 0.")),
    row(Command::Client, "client", -2, &[], NONE, &["@slow"], NO_TIPS,
        docs("connection", "2.4.0", "Depends on the subcommand", "Holds the commands that deal with the connection.")),
    row(Command::Get, "get", 2, READ_FAST, one(&["RO", "access"]), READ_STRING, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Returns the value of a key.")),
    row(Command::Set, "set", -3, WRITE_OOM, one(&["RW", "access", "update", "variable_flags"]), WRITE_STRING_SLOW, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Sets the value of a key, which is created if there is none.")),
    row(Command::Put, "put", -3, WRITE_OOM, one(&["RW", "access", "update", "variable_flags"]), WRITE_STRING_SLOW, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "An alias of SET.")),
    row(Command::Del, "del", -2, &["write"], many(1, &["RM", "delete"]), &["@keyspace", "@write", "@slow"], SUM,
        docs("generic", "1.0.0", "O(N) where N is the number of keys", "Deletes keys and returns how many there were.")),
    row(Command::Unlink, "unlink", -2, WRITE_FAST, many(1, &["RM", "delete"]), WRITE_KEYSPACE, SUM,
        docs("generic", "4.0.0", "O(N) where N is the number of keys", "Deletes keys and returns how many there were.")),
    row(Command::Exists, "exists", -2, READ_FAST, many(1, &["RO"]), READ_KEYSPACE, SUM,
        docs("generic", "1.0.0", "O(N) where N is the number of keys", "Returns how many of the keys exist.")),
    row(Command::MGet, "mget", -2, READ_FAST, many(1, &["RO", "access"]), READ_STRING, &["request_policy:multi_shard"],
        docs("string", "1.0.0", "O(N) where N is the number of keys", "Returns the values of keys.")),
    row(Command::MSet, "mset", -3, WRITE_OOM, many(2, &["OW", "update"]), WRITE_STRING_SLOW, &["request_policy:multi_shard", "response_policy:all_succeeded"],
        docs("string", "1.0.1", "O(N) where N is the number of keys", "Sets the values of keys.")),
    row(Command::Incr, "incr", 2, WRITE_OOM_FAST, one(&["RW", "access", "update"]), WRITE_STRING, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Adds one to the integer of a key, 0 if there is none.")),
    row(Command::Decr, "decr", 2, WRITE_OOM_FAST, one(&["RW", "access", "update"]), WRITE_STRING, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Takes one from the integer of a key, 0 if there is none.")),
    row(Command::IncrBy, "incrby", 3, WRITE_OOM_FAST, one(&["RW", "access", "update"]), WRITE_STRING, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Adds a number to the integer of a key, 0 if there is none.")),
    row(Command::DecrBy, "decrby", 3, WRITE_OOM_FAST, one(&["RW", "access", "update"]), WRITE_STRING, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Takes a number from the integer of a key, 0 if there is none.")),
    row(Command::Append, "append", 3, WRITE_OOM_FAST, one(&["RW", "insert"]), WRITE_STRING, NO_TIPS,
        docs("string", "2.0.0", "O(N) where N is the length of the value", "Appends to the value of a key, which is created if there is none.")),
    row(Command::StrLen, "strlen", 2, READ_FAST, one(&["RO"]), READ_STRING, NO_TIPS,
        docs("string", "2.2.0", "O(1)", "Returns the length of a value.")),
    row(Command::Expire, "expire", -3, WRITE_FAST, one(&["RW", "update"]), WRITE_KEYSPACE, NO_TIPS,
        docs("generic", "1.0.0", "O(1)", "Sets the time to live of a key in seconds.")),
    row(Command::PExpire, "pexpire", -3, WRITE_FAST, one(&["RW", "update"]), WRITE_KEYSPACE, NO_TIPS,
        docs("generic", "2.6.0", "O(1)", "Sets the time to live of a key in milliseconds.")),
    row(Command::Ttl, "ttl", 2, READ_FAST, one(&["RO", "access"]), READ_KEYSPACE, VARYING,
        docs("generic", "1.0.0", "O(1)", "Returns the time to live of a key in seconds.")),
    row(Command::PTtl, "pttl", 2, READ_FAST, one(&["RO", "access"]), READ_KEYSPACE, VARYING,
        docs("generic", "2.6.0", "O(1)", "Returns the time to live of a key in milliseconds.")),
    row(Command::Persist, "persist", 2, WRITE_FAST, one(&["RW", "update"]), WRITE_KEYSPACE, NO_TIPS,
        docs("generic", "2.2.0", "O(1)", "Drops the time to live of a key.")),
    row(Command::Type, "type", 2, READ_FAST, one(&["RO"]), READ_KEYSPACE, NO_TIPS,
        docs("generic", "1.0.0", "O(1)", "Returns the type of a key's value.")),
    row(Command::DbSize, "dbsize", 1, READ_FAST, NONE, READ_KEYSPACE, &["request_policy:all_shards", "response_policy:agg_sum"],
        docs("server", "1.0.0", "O(1)", "Returns the number of keys.")),
    row(Command::FlushDb, "flushdb", -1, &["write"], NONE, FLUSH, ALL_SUCCEEDED,
        docs("server", "1.0.0", "O(1)", "Deletes all keys of the database.")),
    row(Command::FlushAll, "flushall", -1, &["write"], NONE, FLUSH, ALL_SUCCEEDED,
        docs("server", "1.0.0", "O(1)", "Deletes all keys of all databases.")),
    row(Command::Info, "info", -1, LOADING, NONE, &["@slow", "@dangerous"], &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        docs("server", "1.0.0", "O(1)", "Returns what is known of the server and its counters.")),
];
