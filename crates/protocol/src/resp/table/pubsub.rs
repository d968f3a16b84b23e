//! Commands of messages between connections.

use super::{NO_TIPS, NONE, Words, docs, row};
use crate::resp::command::{Command, Spec};

const SUBSCRIBE: Words = &["pubsub", "noscript", "loading", "stale"];
const PUBLISH: Words = &["pubsub", "loading", "stale", "fast"];
const SLOW: Words = &["@pubsub", "@slow"];

#[rustfmt::skip] // A table: one command, two lines.
pub(super) const ROWS: &[Spec] = &[
    row(Command::Subscribe, "subscribe", -2, SUBSCRIBE, NONE, SLOW, NO_TIPS,
        docs("pubsub", "2.0.0", "O(N) where N is the number of channels", "Listens for messages of channels.")),
    row(Command::Unsubscribe, "unsubscribe", -1, SUBSCRIBE, NONE, SLOW, NO_TIPS,
        docs("pubsub", "2.0.0", "O(N) where N is the number of channels", "Stops listening for messages of channels.")),
    row(Command::PSubscribe, "psubscribe", -2, SUBSCRIBE, NONE, SLOW, NO_TIPS,
        docs("pubsub", "2.0.0", "O(N) where N is the number of patterns", "Listens for messages of channels that match patterns.")),
    row(Command::PUnsubscribe, "punsubscribe", -1, SUBSCRIBE, NONE, SLOW, NO_TIPS,
        docs("pubsub", "2.0.0", "O(N) where N is the number of patterns", "Stops listening for messages of channels that match patterns.")),
    row(Command::Publish, "publish", 3, PUBLISH, NONE, &["@pubsub", "@fast"], NO_TIPS,
        docs("pubsub", "2.0.0", "O(N+M) where N is the number of the channel's subscribers and M that of all patterns", "Hands a message to the subscribers of a channel and returns how many there were.")),
    row(Command::PubSub, "pubsub", -2, &[], NONE, &["@slow"], NO_TIPS,
        docs("pubsub", "2.8.0", "Depends on the subcommand", "Holds the commands that tell who is subscribed to what.")),
];
