//! Commands on the server.

use super::{
    ALL_SUCCEEDED, FLUSH, LOADING, LOADING_FAST, NONE, READ_FAST, READ_KEYSPACE, SLOW_CONNECTION, VARYING, docs, row,
};
use crate::resp::command::{Command, Spec};

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::Command, "command", -1, LOADING, NONE, SLOW_CONNECTION, &["nondeterministic_output_order"],
        docs("server", "2.8.13", "O(N) where N is the number of commands", "Describes all commands.")),
    row(Command::DbSize, "dbsize", 1, READ_FAST, NONE, READ_KEYSPACE, &["request_policy:all_shards", "response_policy:agg_sum"],
        docs("server", "1.0.0", "O(1)", "Returns the number of keys.")),
    row(Command::FlushDb, "flushdb", -1, &["write"], NONE, FLUSH, ALL_SUCCEEDED,
        docs("server", "1.0.0", "O(1)", "Deletes all keys of the database.")),
    row(Command::FlushAll, "flushall", -1, &["write"], NONE, FLUSH, ALL_SUCCEEDED,
        docs("server", "1.0.0", "O(1)", "Deletes all keys of all databases.")),
    row(Command::Info, "info", -1, LOADING, NONE, &["@slow", "@dangerous"], &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        docs("server", "1.0.0", "O(1)", "Returns what is known of the server and its counters.")),
    row(Command::Time, "time", 1, LOADING_FAST, NONE, &["@fast"], VARYING,
        docs("server", "2.6.0", "O(1)", "Returns the server's time.")),
];
