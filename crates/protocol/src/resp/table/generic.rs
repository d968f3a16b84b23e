//! Commands on keys, whatever their values.

use super::{
    Keys, NO_TIPS, NONE, READ, READ_FAST, READ_KEYSPACE, READ_KEYSPACE_SLOW, SLOW_CONNECTION, SUM, VARYING, WRITE_FAST,
    WRITE_KEYSPACE, WRITE_KEYSPACE_SLOW, WRITE_OOM, docs, many, one, row, two,
};
use crate::resp::command::{Command, Spec};

/// The key of OBJECT's subcommands; HELP has none.
const SUBCOMMANDS_KEY: Keys = Keys { first: 2, last: 2, step: 1, flags: &["RO"], second_flags: &[] };

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::Del, "del", -2, &["write"], many(1, &["RM", "delete"]), &["@keyspace", "@write", "@slow"], SUM,
        docs("generic", "1.0.0", "O(N) where N is the number of keys", "Deletes keys and returns how many there were.")),
    row(Command::Unlink, "unlink", -2, WRITE_FAST, many(1, &["RM", "delete"]), WRITE_KEYSPACE, SUM,
        docs("generic", "4.0.0", "O(N) where N is the number of keys", "Deletes keys and returns how many there were.")),
    row(Command::Exists, "exists", -2, READ_FAST, many(1, &["RO"]), READ_KEYSPACE, SUM,
        docs("generic", "1.0.0", "O(N) where N is the number of keys", "Returns how many of the keys exist.")),
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
    row(Command::Touch, "touch", -2, READ_FAST, many(1, &["RO"]), READ_KEYSPACE, SUM,
        docs("generic", "3.2.1", "O(N) where N is the number of keys", "Counts keys as read now and returns how many there are.")),
    row(Command::ExpireAt, "expireat", -3, WRITE_FAST, one(&["RW", "update"]), WRITE_KEYSPACE, NO_TIPS,
        docs("generic", "1.2.0", "O(1)", "Sets the time of expiry of a key in seconds since 1970.")),
    row(Command::PExpireAt, "pexpireat", -3, WRITE_FAST, one(&["RW", "update"]), WRITE_KEYSPACE, NO_TIPS,
        docs("generic", "2.6.0", "O(1)", "Sets the time of expiry of a key in milliseconds since 1970.")),
    row(Command::ExpireTime, "expiretime", 2, READ_FAST, one(&["RO", "access"]), READ_KEYSPACE, NO_TIPS,
        docs("generic", "7.0.0", "O(1)", "Returns the time of expiry of a key in seconds since 1970.")),
    row(Command::PExpireTime, "pexpiretime", 2, READ_FAST, one(&["RO", "access"]), READ_KEYSPACE, NO_TIPS,
        docs("generic", "7.0.0", "O(1)", "Returns the time of expiry of a key in milliseconds since 1970.")),
    row(Command::Rename, "rename", 3, &["write"], two(&["RW", "access", "delete"], &["OW", "update"]), WRITE_KEYSPACE_SLOW, NO_TIPS,
        docs("generic", "1.0.0", "O(N) where N is the length of the value", "Gives an item another key, whatever is there.")),
    row(Command::RenameNx, "renamenx", 3, WRITE_FAST, two(&["RW", "access", "delete"], &["OW", "insert"]), WRITE_KEYSPACE, NO_TIPS,
        docs("generic", "1.0.0", "O(N) where N is the length of the value", "Gives an item another key if nothing is there.")),
    row(Command::Copy, "copy", -3, WRITE_OOM, two(&["RO", "access"], &["OW", "update"]), WRITE_KEYSPACE_SLOW, NO_TIPS,
        docs("generic", "6.2.0", "O(N) where N is the length of the value", "Copies an item to another key.")),
    row(Command::Object, "object", -2, READ, SUBCOMMANDS_KEY, READ_KEYSPACE_SLOW, VARYING,
        docs("generic", "2.2.3", "O(1)", "Tells how a value is kept.")),
    row(Command::RandomKey, "randomkey", 1, READ, NONE, READ_KEYSPACE_SLOW, &["request_policy:all_shards", "nondeterministic_output"],
        docs("generic", "1.0.0", "O(1)", "Returns a key at random.")),
    row(Command::Keys, "keys", 2, READ, NONE, &["@keyspace", "@read", "@slow", "@dangerous"], &["request_policy:all_shards", "nondeterministic_output_order"],
        docs("generic", "1.0.0", "O(N) where N is the number of keys", "Returns all keys that match a pattern.")),
    row(Command::Scan, "scan", -2, READ, NONE, READ_KEYSPACE_SLOW, &["nondeterministic_output", "request_policy:special"],
        docs("generic", "2.8.0", "O(1) for each call, O(N) for all of them, where N is the number of keys", "Returns some of the keys, and where to go on.")),
    row(Command::Wait, "wait", 3, &["noscript"], NONE, SLOW_CONNECTION, &["request_policy:all_shards", "response_policy:agg_min"],
        docs("generic", "3.0.0", "O(1)", "Waits for replicas, of which there are none.")),
];
