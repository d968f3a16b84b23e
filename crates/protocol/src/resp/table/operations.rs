//! Containers of commands for who runs the server; their subcommands are in `subcommands.rs`.

use super::{NO_TIPS, NONE, Words, docs, row};
use crate::resp::command::{Command, Spec};

const SLOW: Words = &["@slow"];
const DANGEROUS: Words = &["@admin", "@slow", "@dangerous"];
const PARTS: &str = "Depends on subcommand.";

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::Config, "config", -2, &[], NONE, SLOW, NO_TIPS,
        docs("server", "2.0.0", PARTS, "Holds the commands that deal with settings.")),
    row(Command::SlowLog, "slowlog", -2, &[], NONE, SLOW, NO_TIPS,
        docs("server", "2.2.12", PARTS, "Holds the commands that deal with the log of slow commands.")),
    row(Command::Latency, "latency", -2, &[], NONE, SLOW, NO_TIPS,
        docs("server", "2.8.13", PARTS, "Holds the commands that tell where time went.")),
    row(Command::Memory, "memory", -2, &[], NONE, SLOW, NO_TIPS,
        docs("server", "4.0.0", PARTS, "Holds the commands that tell where memory went.")),
    row(Command::Cluster, "cluster", -2, &[], NONE, SLOW, NO_TIPS,
        docs("cluster", "3.0.0", PARTS, "Holds the commands of a cluster, which this is not.")),
    row(Command::Debug, "debug", -2, &["admin", "noscript", "loading", "stale"], NONE, DANGEROUS, NO_TIPS,
        docs("server", "1.0.0", PARTS, "Holds what tests of clients need.")),
];
