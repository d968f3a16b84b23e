//! Transactions.

use super::{NO_TIPS, NONE, Words, docs, many, row};
use crate::resp::command::{Command, Spec};

const ALWAYS: Words = &["noscript", "loading", "stale", "fast", "allow_busy"];
const FAST_TRANSACTION: Words = &["@fast", "@transaction"];

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::Multi, "multi", 1, ALWAYS, NONE, FAST_TRANSACTION, NO_TIPS,
        docs("transactions", "1.2.0", "O(1)", "Starts a transaction: what follows is queued.")),
    row(Command::Exec, "exec", 1, &["noscript", "loading", "stale", "skip_slowlog"], NONE, &["@slow", "@transaction"], NO_TIPS,
        docs("transactions", "1.2.0", "Depends on the commands in the transaction", "Executes all that was queued, in one step.")),
    row(Command::Discard, "discard", 1, ALWAYS, NONE, FAST_TRANSACTION, NO_TIPS,
        docs("transactions", "2.0.0", "O(N) where N is the number of queued commands", "Drops a transaction.")),
    row(Command::Watch, "watch", -2, ALWAYS, many(1, &["RO"]), FAST_TRANSACTION, NO_TIPS,
        docs("transactions", "2.2.0", "O(1) for every key", "Lets EXEC do nothing if one of the keys has changed since.")),
    row(Command::Unwatch, "unwatch", 1, ALWAYS, NONE, FAST_TRANSACTION, NO_TIPS,
        docs("transactions", "2.2.0", "O(1)", "Forgets all keys that are watched.")),
];
