//! SUBSCRIBE and its kin, PUBLISH, PUBSUB.

use super::connection::shown;
use super::{Request, subcommand};
use crate::client::Status;
use crate::reply::Reply;
use crate::session::{Modes, Session};
use crate::shared::{Context, Shared};
use crate::subscriptions::{Kind, SUBSCRIPTIONS_LIMIT};
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::command::Command;
use ringstone_protocol::resp::reply;
use std::sync::atomic::Ordering::Relaxed;

/// What an RESP2 connection with subscriptions may still send: the answers to anything else could not be told from messages.
pub fn is_allowed_to_subscribers(command: Command) -> bool {
    use Command as C;
    matches!(command, C::Subscribe | C::Unsubscribe | C::PSubscribe | C::PUnsubscribe | C::Ping | C::Quit | C::Reset)
}

fn confirm(word: &str, name: Option<&[u8]>, session: &Session, out: &mut impl Reply) {
    reply::push(out, 3, session.version);
    reply::bulk(out, word.as_bytes());
    match name {
        Some(name) => reply::bulk(out, name),
        None => reply::null(out, session.version),
    }
    let count = session.subscriptions.as_ref().map_or(0, |subscriptions| subscriptions.len());
    reply::integer(out, count as i64);
}

/// What others see of the number of subscriptions.
fn show(session: &mut Session) {
    let (channels, patterns) = match &mut session.subscriptions {
        Some(subscriptions) => (subscriptions.count(Kind::Channel), subscriptions.count(Kind::Pattern)),
        None => (0, 0),
    };
    session.client.channels.store(channels as u32, Relaxed);
    session.client.patterns.store(patterns as u32, Relaxed);
    let is_subscriber = channels + patterns > 0;
    session.modes.set(Modes::SUBSCRIBER, is_subscriber);
    session.client.set_status(Status::SUBSCRIBER, is_subscriber);
    if !is_subscriber {
        session.subscriptions = None;
    }
}

/// SUBSCRIBE and PSUBSCRIBE
pub fn subscribe(
    request: &Request<'_>,
    kind: Kind,
    session: &mut Session,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    for name in request.arguments() {
        let subscriptions = session.subscriptions.get_or_insert_default();
        if !subscriptions.has(kind, name) {
            if !subscriptions.has_room(name) {
                let text = format!("ERR the names of the subscriptions take more than {SUBSCRIPTIONS_LIMIT} bytes");
                reply::error(out, &text);
                break;
            }
            subscriptions.add(kind, name);
            let pubsub = &context.shared.pubsub;
            match kind {
                Kind::Channel => pubsub.subscribe(&session.client, name, context.store.hash(name)),
                Kind::Pattern => pubsub.subscribe_pattern(&session.client, name),
            }
        }
        confirm(request.spec.name, Some(name), session, out);
    }
    show(session);
}

fn leave_one(name: &[u8], kind: Kind, session: &mut Session, shared: &Shared) {
    let found = session.subscriptions.as_mut().is_some_and(|subscriptions| subscriptions.remove(kind, name));
    if found {
        match kind {
            Kind::Channel => shared.pubsub.unsubscribe(&session.client, name, shared.store.hash(name)),
            Kind::Pattern => shared.pubsub.unsubscribe_pattern(&session.client, name),
        }
    }
}

/// UNSUBSCRIBE and PUNSUBSCRIBE; without names from all. What has come before stands before the confirmation: after it, no
/// client expects a message.
pub fn unsubscribe(
    request: &Request<'_>,
    kind: Kind,
    session: &mut Session,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    let word = request.spec.name;
    // Of a transaction, where a message has no place.
    let is_inside_reply = context.is_in_transaction();
    let leave = |name: &[u8], session: &mut Session, out: &mut _| {
        leave_one(name, kind, session, context.shared);
        if !is_inside_reply {
            session.client.deliver_now(out);
        }
        confirm(word, Some(name), session, out);
    };
    if request.args.len() > 1 {
        request.arguments().for_each(|name| leave(name, session, out));
    } else {
        let all = session.subscriptions.as_mut().map_or_else(Vec::new, |subscriptions| subscriptions.all(kind));
        all.iter().for_each(|name| leave(name, session, out));
        if all.is_empty() {
            confirm(word, None, session, out);
        }
    }
    show(session);
}

/// Leaves everything without a word: RESET, or the connection is gone.
pub fn leave(session: &mut Session, shared: &Shared) {
    for kind in [Kind::Channel, Kind::Pattern] {
        let all = session.subscriptions.as_mut().map_or_else(Vec::new, |subscriptions| subscriptions.all(kind));
        all.iter().for_each(|name| leave_one(name, kind, session, shared));
    }
    show(session);
}

/// PUBLISH
/// Who is subscribed to the channel itself hears it after the answer.
pub fn publish(request: &Request<'_>, context: &Context<'_>, out: &mut impl Reply) {
    let [channel, message] = request.fixed();
    let receivers = context.shared.pubsub.publish(channel, context.store.hash(channel), message);
    reply::integer(out, receivers as i64);
}

const HELP: [&str; 7] = [
    "CHANNELS [<pattern>]",
    "    Return the channels with subscribers that match a pattern (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
];

/// PUBSUB CHANNELS, NUMSUB, NUMPAT and HELP
pub fn pubsub(request: &Request<'_>, context: &Context<'_>, out: &mut impl Reply) {
    let pubsub = &context.shared.pubsub;
    match subcommand(request, out).map(|row| row.name) {
        Some("pubsub|channels") if request.args.len() <= 3 => {
            let pattern = request.arguments().nth(1).map(Pattern::new);
            let found = pubsub.channels(pattern.as_ref());
            reply::array(out, found.len());
            found.iter().for_each(|name| reply::bulk(out, name));
        }
        Some("pubsub|numsub") => {
            let names = request.arguments().skip(1);
            reply::array(out, names.clone().count() * 2);
            for name in names {
                reply::bulk(out, name);
                reply::integer(out, pubsub.subscribers(name, context.store.hash(name)) as i64);
            }
        }
        Some("pubsub|numpat") => reply::integer(out, pubsub.pattern_count() as i64),
        Some("pubsub|help") => reply::help(out, "PUBSUB", &HELP),
        Some(_) => {
            let word = shown(request.fixed::<1>()[0]);
            let text = format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try PUBSUB HELP.");
            reply::error(out, &text);
        }
        None => {}
    }
}
