//! Commands on keys, whatever their values.

use super::{NO_TIPS, READ_FAST, READ_KEYSPACE, SUM, VARYING, WRITE_FAST, WRITE_KEYSPACE, docs, many, one, row};
use crate::resp::command::{Command, Spec};

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
];
