//! The one table of commands, a file for each group of them: drives lookup, the check of arity, and COMMAND (COUNT INFO DOCS LIST). Arities, flags, keys,
//! categories and tips are those of Valkey 8.

mod connection;
mod generic;
mod hash;
mod operations;
mod pubsub;
mod server;
mod string;
mod subcommands;
mod transaction;

use super::command::{Command, Spec};

type Words = &'static [&'static str];

/// Where a command's keys are, and what is done to them.
#[derive(Clone, Copy)]
struct Keys {
    first: i32,
    last: i32,
    step: i32,
    flags: Words,
    second_flags: Words,
}

const NONE: Keys = Keys { first: 0, last: 0, step: 0, flags: &[], second_flags: &[] };

/// The first argument is the key.
const fn one(flags: Words) -> Keys {
    Keys { first: 1, last: 1, step: 1, flags, second_flags: &[] }
}

/// Every `step`th argument is a key.
const fn many(step: i32, flags: Words) -> Keys {
    Keys { first: 1, last: -1, step, flags, second_flags: &[] }
}

/// The first two arguments are keys.
const fn two(flags: Words, second_flags: Words) -> Keys {
    Keys { first: 1, last: 2, step: 1, flags, second_flags }
}

const FAST: Words = &["fast"];
const LOADING: Words = &["loading", "stale"];
const LOADING_FAST: Words = &["loading", "stale", "fast"];
const HANDSHAKE: Words = &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"];
const READ: Words = &["readonly"];
const READ_FAST: Words = &["readonly", "fast"];
const WRITE_FAST: Words = &["write", "fast"];
const WRITE_OOM: Words = &["write", "denyoom"];
const WRITE_OOM_FAST: Words = &["write", "denyoom", "fast"];

const FAST_CONNECTION: Words = &["@fast", "@connection"];
const SLOW_CONNECTION: Words = &["@slow", "@connection"];
const READ_STRING: Words = &["@read", "@string", "@fast"];
const WRITE_STRING: Words = &["@write", "@string", "@fast"];
const WRITE_STRING_SLOW: Words = &["@write", "@string", "@slow"];
const READ_STRING_SLOW: Words = &["@read", "@string", "@slow"];
const READ_KEYSPACE: Words = &["@keyspace", "@read", "@fast"];
const READ_KEYSPACE_SLOW: Words = &["@keyspace", "@read", "@slow"];
const WRITE_KEYSPACE: Words = &["@keyspace", "@write", "@fast"];
const WRITE_KEYSPACE_SLOW: Words = &["@keyspace", "@write", "@slow"];
const FLUSH: Words = &["@keyspace", "@write", "@slow", "@dangerous"];

const NO_TIPS: Words = &[];
const ALL_SUCCEEDED: Words = &["request_policy:all_shards", "response_policy:all_succeeded"];
const SUM: Words = &["request_policy:multi_shard", "response_policy:agg_sum"];
const VARYING: Words = &["nondeterministic_output"];
const VARYING_ORDER: Words = &["nondeterministic_output_order"];

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
        second_key_flags: keys.second_flags,
        categories,
        tips,
        summary: docs.summary,
        group: docs.group,
        since: docs.since,
        complexity: docs.complexity,
    }
}

/// The groups; a row may stand anywhere in its own.
const GROUPS: [&[Spec]; 8] = [
    connection::ROWS,
    generic::ROWS,
    hash::ROWS,
    operations::ROWS,
    pubsub::ROWS,
    server::ROWS,
    string::ROWS,
    transaction::ROWS,
];

const fn count_rows() -> usize {
    let (mut group, mut rows) = (0, 0);
    while group < GROUPS.len() {
        rows += GROUPS[group].len();
        group += 1;
    }
    rows
}

/// The subcommands of containers, those of one container together.
pub static SUBCOMMANDS: &[Spec] = subcommands::ROWS;

/// All rows, in the order of `Command`.
pub static TABLE: [Spec; count_rows()] = in_order();

const fn in_order() -> [Spec; count_rows()] {
    let mut table = [GROUPS[0][0]; count_rows()];
    let mut taken = [false; count_rows()];
    let mut group = 0;
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            let spec = GROUPS[group][row];
            assert!(!taken[spec.id as usize], "a command has two rows");
            taken[spec.id as usize] = true;
            table[spec.id as usize] = spec;
            row += 1;
        }
        group += 1;
    }
    table
}
