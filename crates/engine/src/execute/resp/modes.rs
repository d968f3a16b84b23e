//! What a connection has asked for that bears on all of its requests: subscriptions, `CLIENT TRACKING`, `CLIENT NO-TOUCH`.

use super::{Request, dispatch, pubsub, subcommand, tracking};
use crate::cells::Cells;
use crate::client::Status;
use crate::reply::Reply;
use crate::session::{Modes, Session};
use crate::shared::{Context, Outcome, Shared};
use crate::tracking::changing_for;
use ringstone_protocol::resp::command::Command;
use ringstone_protocol::resp::reply::{self, Version};
use std::sync::Arc;

/// Executes a request of a connection that has asked for something of this kind.
#[cold]
pub fn execute(
    request: &mut Request<'_>,
    session: &mut Session,
    context: &mut Context<'_>,
    out: &mut impl Reply,
) -> Outcome {
    // What a transaction has queued is not asked again.
    let is_queued = context.is_in_transaction();
    if !is_queued
        && session.modes.has(Modes::SUBSCRIBER)
        && session.version == Version::Resp2
        && !pubsub::is_allowed_to_subscribers(request.spec.id)
    {
        let Some(row) = subcommand(request, out) else { return Outcome::Continue };
        let name = row.name;
        let text = format!(
            "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
        );
        reply::error(out, &text);
        return Outcome::Continue;
    }
    if session.modes.has(Modes::TRACKING) {
        tracking::remember(request, session, context);
    }
    // A transaction holds its cells already; who sends TOUCH means it.
    let is_uncounted = session.modes.has(Modes::NO_TOUCH)
        && matches!(context.cells, Cells::Open(_))
        && request.spec.id != Command::Touch;
    if is_uncounted {
        context.cells = Cells::Uncounted(context.store);
    }
    let outcome = if session.client.status().has(Status::NO_LOOP) {
        let client = Arc::clone(&session.client);
        changing_for(&client, || dispatch(request, session, context, out))
    } else {
        dispatch(request, session, context, out)
    };
    if is_uncounted {
        context.cells = Cells::Open(context.store);
    }
    // CLIENT CACHING is for the next command, or for the transaction that it begins.
    let goes_on = session.transaction.is_some() || is_queued;
    if !goes_on && request.spec.id != Command::Client {
        session.modes.set(Modes::CACHING, false);
    }
    outcome
}

/// Whether what a command answers is pushed: it comes also while answers are off.
pub fn is_pushed(command: Command) -> bool {
    matches!(command, Command::Subscribe | Command::Unsubscribe | Command::PSubscribe | Command::PUnsubscribe)
}

/// The connection is gone: others forget it.
pub fn leave(session: &mut Session, shared: &Shared) {
    pubsub::leave(session, shared);
    tracking::stop(session, shared);
    session.client.leave();
}
