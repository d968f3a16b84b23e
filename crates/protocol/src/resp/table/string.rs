//! Commands on strings.

use super::{
    NO_TIPS, READ_FAST, READ_STRING, WRITE_OOM, WRITE_OOM_FAST, WRITE_STRING, WRITE_STRING_SLOW, docs, many, one, row,
};
use crate::resp::command::{Command, Spec};

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::Get, "get", 2, READ_FAST, one(&["RO", "access"]), READ_STRING, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Returns the value of a key.")),
    row(Command::Set, "set", -3, WRITE_OOM, one(&["RW", "access", "update", "variable_flags"]), WRITE_STRING_SLOW, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "Sets the value of a key, which is created if there is none.")),
    row(Command::Put, "put", -3, WRITE_OOM, one(&["RW", "access", "update", "variable_flags"]), WRITE_STRING_SLOW, NO_TIPS,
        docs("string", "1.0.0", "O(1)", "An alias of SET.")),
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
];
