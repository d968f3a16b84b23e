//! Commands on the connection itself.

use super::{ALL_SUCCEEDED, FAST, FAST_CONNECTION, HANDSHAKE, LOADING_FAST, NO_TIPS, NONE, docs, row};
use crate::resp::command::{Command, Spec};

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
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
    row(Command::Auth, "auth", -2, HANDSHAKE, NONE, FAST_CONNECTION, NO_TIPS,
        docs("connection", "1.0.0", "O(1)", "Says who the client is.")),
    row(Command::Select, "select", 2, LOADING_FAST, NONE, FAST_CONNECTION, NO_TIPS,
        docs("connection", "1.0.0", "O(1)", "Chooses the database; there is one, number 0.")),
    row(Command::Client, "client", -2, &[], NONE, &["@slow"], NO_TIPS,
        docs("connection", "2.4.0", "Depends on the subcommand", "Holds the commands that deal with the connection.")),
];
