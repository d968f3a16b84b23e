//! Commands on hashes.

use super::{NO_TIPS, READ, READ_FAST, VARYING, VARYING_ORDER, WRITE_FAST, WRITE_OOM_FAST, Words, docs, one, row};
use crate::resp::command::{Command, Spec};

const READ_HASH: Words = &["@read", "@hash", "@fast"];
const READ_HASH_SLOW: Words = &["@read", "@hash", "@slow"];
const WRITE_HASH: Words = &["@write", "@hash", "@fast"];
const SIZE: &str = "O(N) where N is the size of the hash";

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::HSet, "hset", -4, WRITE_OOM_FAST, one(&["RW", "update"]), WRITE_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Sets fields of a hash, which is created if there is none, and returns how many are new.")),
    row(Command::HMSet, "hmset", -4, WRITE_OOM_FAST, one(&["RW", "update"]), WRITE_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Sets fields of a hash; HSET does the same and tells how many are new.")),
    row(Command::HSetNx, "hsetnx", 4, WRITE_OOM_FAST, one(&["RW", "insert"]), WRITE_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Sets a field of a hash if there is no such field.")),
    row(Command::HGet, "hget", 3, READ_FAST, one(&["RO", "access"]), READ_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Returns the value of a field.")),
    row(Command::HMGet, "hmget", -3, READ_FAST, one(&["RO", "access"]), READ_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Returns the values of fields.")),
    row(Command::HGetAll, "hgetall", 2, READ, one(&["RO", "access"]), READ_HASH_SLOW, VARYING_ORDER,
        docs("hash", "2.0.0", SIZE, "Returns all fields and their values.")),
    row(Command::HDel, "hdel", -3, WRITE_FAST, one(&["RW", "delete"]), WRITE_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Deletes fields and returns how many there were; a hash without fields is deleted.")),
    row(Command::HExists, "hexists", 3, READ_FAST, one(&["RO"]), READ_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Tells whether there is a field.")),
    row(Command::HLen, "hlen", 2, READ_FAST, one(&["RO"]), READ_HASH, NO_TIPS,
        docs("hash", "2.0.0", "O(1)", "Returns how many fields there are.")),
    row(Command::HKeys, "hkeys", 2, READ, one(&["RO", "access"]), READ_HASH_SLOW, VARYING_ORDER,
        docs("hash", "2.0.0", SIZE, "Returns all fields.")),
    row(Command::HVals, "hvals", 2, READ, one(&["RO", "access"]), READ_HASH_SLOW, VARYING_ORDER,
        docs("hash", "2.0.0", SIZE, "Returns the values of all fields.")),
    row(Command::HIncrBy, "hincrby", 4, WRITE_OOM_FAST, one(&["RW", "access", "update"]), WRITE_HASH, NO_TIPS,
        docs("hash", "2.0.0", SIZE, "Adds a number to the integer of a field, 0 if there is none.")),
    row(Command::HIncrByFloat, "hincrbyfloat", 4, WRITE_OOM_FAST, one(&["RW", "access", "update"]), WRITE_HASH, NO_TIPS,
        docs("hash", "2.6.0", SIZE, "Adds a number to the decimal number of a field, 0 if there is none.")),
    row(Command::HScan, "hscan", -3, READ, one(&["RO", "access"]), READ_HASH_SLOW, VARYING,
        docs("hash", "2.8.0", SIZE, "Returns fields and their values, all in one call.")),
    row(Command::HStrLen, "hstrlen", 3, READ_FAST, one(&["RO"]), READ_HASH, NO_TIPS,
        docs("hash", "3.2.0", SIZE, "Returns the length of the value of a field.")),
];
