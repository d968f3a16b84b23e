//! CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO, and the keys that a request is about to read.

use super::Request;
use super::client::{NOT_AN_INTEGER, SYNTAX_ERROR};
use super::connection::shown;
use crate::client::{Client, Status};
use crate::reply::Reply;
use crate::session::{Modes, Session};
use crate::shared::{Context, Shared};
use crate::tracking::{MAX_PREFIX_BYTES, MAX_PREFIXES, PREFIXES_LIMIT, Wish, overlap};
use ringstone_protocol::resp::keys::{keys, resolve};
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply;
use ringstone_store::MAX_KEY_BYTES;
use std::borrow::Cow;
use std::sync::Arc;

type Text = Cow<'static, str>;

/// Options of CLIENT TRACKING and their bits.
const OPTIONS: [(&str, Status); 4] =
    [("bcast", Status::BROADCAST), ("optin", Status::OPT_IN), ("optout", Status::OPT_OUT), ("noloop", Status::NO_LOOP)];

fn parse_wish<'a>(request: &Request<'a>, context: &Context<'_>) -> Result<Wish<'a>, Text> {
    let mut wish = Wish { options: Status::NONE, redirection: None, prefixes: Vec::new() };
    let mut words = request.arguments().skip(2);
    while let Some(word) = words.next() {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if let Some((_, bits)) = OPTIONS.iter().find(|(name, _)| is(name)) {
            wish.options = wish.options.and(*bits);
        } else if is("prefix") {
            let prefix = words.next().ok_or(SYNTAX_ERROR)?;
            if prefix.len() > MAX_PREFIX_BYTES {
                return Err(format!("ERR a prefix may have at most {MAX_PREFIX_BYTES} bytes").into());
            }
            wish.prefixes.push(prefix);
        } else if is("redirect") {
            let id = words.next().ok_or(SYNTAX_ERROR)?;
            if wish.redirection.is_some() {
                return Err("ERR A client can only redirect to a single other client".into());
            }
            wish.redirection = Some(find_target(id, context)?);
        } else {
            return Err(SYNTAX_ERROR.into());
        }
    }
    Ok(wish)
}

fn find_target(id: &[u8], context: &Context<'_>) -> Result<Arc<Client>, Text> {
    let id = parse_i64(id).ok_or(NOT_AN_INTEGER)?;
    let target = u64::try_from(id).ok().and_then(|id| context.shared.clients.get(id));
    target.ok_or_else(|| "ERR The client ID you want redirect to does not exist".into())
}

/// Whether the options agree with each other and with what the connection has already, in Valkey's order and words.
fn check(wish: &Wish<'_>, session: &Session, context: &Context<'_>) -> Result<(), Text> {
    let (now, options) = (session.client.status(), wish.options);
    let both = Status::OPT_IN.and(Status::OPT_OUT);
    if !options.has(Status::BROADCAST) && !wish.prefixes.is_empty() {
        return Err("ERR PREFIX option requires BCAST mode to be enabled".into());
    }
    if now.has(Status::TRACKING) && now.has(Status::BROADCAST) != options.has(Status::BROADCAST) {
        return Err("ERR You can't switch BCAST mode on/off before disabling tracking for this client, \
                    and then re-enabling it with a different mode."
            .into());
    }
    if options.has(Status::BROADCAST) && options.has(both) {
        return Err("ERR OPTIN and OPTOUT are not compatible with BCAST".into());
    }
    if options.has(Status::OPT_IN) && options.has(Status::OPT_OUT) {
        return Err("ERR You can't specify both OPTIN mode and OPTOUT mode".into());
    }
    if options.has(Status::OPT_IN) && now.has(Status::OPT_OUT)
        || options.has(Status::OPT_OUT) && now.has(Status::OPT_IN)
    {
        return Err("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, \
                    and then re-enabling it with a different mode."
            .into());
    }
    check_prefixes(&wish.prefixes, &context.shared.cache.tracking.prefixes(&session.client))
}

fn check_prefixes(prefixes: &[&[u8]], existing: &[Box<[u8]>]) -> Result<(), Text> {
    // First, for each is compared with all others.
    if existing.len() + prefixes.len() > MAX_PREFIXES {
        return Err(format!("ERR a client may have at most {MAX_PREFIXES} prefixes").into());
    }
    let bytes = existing.iter().map(|prefix| prefix.len()).chain(prefixes.iter().map(|prefix| prefix.len()));
    if bytes.sum::<usize>() > PREFIXES_LIMIT {
        return Err(format!("ERR the prefixes of a client may have at most {PREFIXES_LIMIT} bytes").into());
    }
    for (index, prefix) in prefixes.iter().enumerate() {
        let clash = |kind: &str, other: &[u8]| {
            let (prefix, other) = (shown(prefix), shown(other));
            Text::from(format!(
                "ERR Prefix '{prefix}' overlaps with {kind} prefix '{other}'. Prefixes for a single client must not overlap."
            ))
        };
        if let Some(other) = existing.iter().find(|other| overlap(prefix, other)) {
            return Err(clash("an existing", other));
        }
        if let Some(other) = prefixes[index + 1..].iter().find(|other| overlap(prefix, other)) {
            return Err(clash("another provided", other));
        }
    }
    Ok(())
}

/// CLIENT TRACKING
pub fn tracking(request: &Request<'_>, session: &mut Session, context: &Context<'_>, out: &mut impl Reply) {
    match change(request, session, context) {
        Ok(()) => out.write(b"+OK\r\n"),
        Err(text) => reply::error(out, &text),
    }
}

fn change(request: &Request<'_>, session: &mut Session, context: &Context<'_>) -> Result<(), Text> {
    let shared = context.shared;
    let [_, switch] = request.fixed();
    let wish = parse_wish(request, context)?;
    if switch.eq_ignore_ascii_case(b"on") {
        check(&wish, session, context)?;
        shared.cache.tracking.enable(&session.client, wish, &shared.cache.listeners, &shared.store);
        session.modes.set(Modes::TRACKING, true);
    } else if switch.eq_ignore_ascii_case(b"off") {
        stop(session, shared);
    } else {
        return Err(SYNTAX_ERROR.into());
    }
    Ok(())
}

/// CLIENT TRACKING OFF, RESET, or the connection is gone.
pub fn stop(session: &mut Session, shared: &Shared) {
    session.modes.set(Modes::TRACKING, false);
    session.modes.set(Modes::CACHING, false);
    shared.cache.tracking.disable(&session.client, &shared.cache.listeners, &shared.store);
}

/// CLIENT CACHING
pub fn caching(request: &Request<'_>, session: &mut Session, out: &mut impl Reply) {
    let [_, word] = request.fixed();
    let status = session.client.status();
    if !status.has(Status::TRACKING) {
        let text = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";
        return reply::error(out, text);
    }
    let (yes, no) = (word.eq_ignore_ascii_case(b"yes"), word.eq_ignore_ascii_case(b"no"));
    if yes && status.has(Status::OPT_IN) || no && status.has(Status::OPT_OUT) {
        session.modes.set(Modes::CACHING, true);
        out.write(b"+OK\r\n");
    } else if yes {
        reply::error(out, "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if no {
        reply::error(out, "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else {
        reply::error(out, SYNTAX_ERROR);
    }
}

/// The connection that gets the invalidations: 0 itself, -1 without tracking.
pub fn redirection(client: &Client) -> i64 {
    if !client.status().has(Status::TRACKING) {
        return -1;
    }
    client.redirection.lock().as_ref().map_or(0, |target| target.serial as i64)
}

/// CLIENT TRACKINGINFO
pub fn info(session: &Session, context: &Context<'_>, out: &mut impl Reply) {
    let status = session.client.status();
    let caching = session.modes.has(Modes::CACHING);
    let flags = [
        (!status.has(Status::TRACKING), "off"),
        (status.has(Status::TRACKING), "on"),
        (status.has(Status::BROADCAST), "bcast"),
        (status.has(Status::OPT_IN), "optin"),
        (status.has(Status::OPT_IN) && caching, "caching-yes"),
        (status.has(Status::OPT_OUT), "optout"),
        (status.has(Status::OPT_OUT) && caching, "caching-no"),
        (status.has(Status::NO_LOOP), "noloop"),
        (status.has(Status::BROKEN_REDIRECTION), "broken_redirect"),
    ];
    let flags = flags.iter().filter(|(is_set, _)| *is_set);
    reply::map(out, 3, session.version);
    reply::bulk(out, b"flags");
    reply::set(out, flags.clone().count(), session.version);
    flags.for_each(|(_, name)| reply::bulk(out, name.as_bytes()));
    reply::bulk(out, b"redirect");
    reply::integer(out, redirection(&session.client));
    reply::bulk(out, b"prefixes");
    let prefixes = context.shared.cache.tracking.prefixes(&session.client);
    reply::array(out, prefixes.len());
    prefixes.iter().for_each(|prefix| reply::bulk(out, prefix));
}

/// Notes the keys that a request is about to read, before it reads them: what changes in between is told as well.
pub fn remember(request: &Request<'_>, session: &Session, context: &mut Context<'_>) {
    let Some(row) = resolve(request.spec, request.args).filter(|row| row.flags.contains(&"readonly")) else { return };
    let status = session.client.status();
    let caching = session.modes.has(Modes::CACHING);
    if status.has(Status::BROADCAST) || status.has(Status::OPT_IN) && !caching || status.has(Status::OPT_OUT) && caching
    {
        return;
    }
    let (shared, now_ms) = (context.shared, context.now_ms);
    // There is no item with a longer one.
    for key in keys(row, request.args).filter(|key| key.len() <= MAX_KEY_BYTES) {
        let hash = context.store.hash(key);
        let entry = context.cells.entry(key, hash, now_ms);
        let expires_at_ms = entry.peek().map_or(0, |item| item.expires_at_ms);
        let is_first = shared.cache.tracking.remember(&session.client, key, hash, expires_at_ms, now_ms);
        drop(entry);
        if is_first {
            shared.cache.sweep_signal.look();
        }
    }
}
