//! CLIENT LIST, INFO and KILL: the connections as one of them sees all.

use super::client::SYNTAX_ERROR;
use super::connection::shown;
use super::{Request, tracking};
use crate::Protocol;
use crate::client::{Client, Status};
use crate::options::OUTPUT_LIMIT;
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::{Context, Outcome};
use ringstone_protocol::resp::options::parse_i64;
use ringstone_protocol::resp::reply;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The user of who was not asked.
const DEFAULT_USER: &[u8] = b"default";

/// Letters of `flags=`, in Valkey's order.
const FLAGS: [(Status, char); 8] = [
    (Status::SUBSCRIBER, 'P'),
    (Status::TRANSACTION, 'x'),
    (Status::TRACKING, 't'),
    (Status::BROKEN_REDIRECTION, 'R'),
    (Status::BROADCAST, 'B'),
    (Status::DIRTY, 'd'),
    (Status::NO_EVICT, 'e'),
    (Status::NO_TOUCH, 'T'),
];

/// What CLIENT LIST and KILL tell apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    PubSub,
    /// There are none.
    Replication,
}

impl Kind {
    fn named(word: &[u8]) -> Option<Kind> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is("normal") {
            Some(Kind::Normal)
        } else if is("pubsub") {
            Some(Kind::PubSub)
        } else if ["primary", "master", "replica", "slave"].into_iter().any(is) {
            Some(Kind::Replication)
        } else {
            None
        }
    }

    fn of(client: &Client) -> Kind {
        if client.status().has(Status::SUBSCRIBER) { Kind::PubSub } else { Kind::Normal }
    }
}

/// An address as Valkey writes it: a unix socket's is its path and `:0`.
fn address(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("unix:") {
        Some(path) => Cow::Owned(format!("{path}:0")),
        None => Cow::Borrowed(text),
    }
}

/// One line, without its end. `command`: of the connection that asks, whose command has not ended.
fn describe(client: &Client, command: Option<&str>, now_ms: u64, text: &mut String) {
    let status = client.status();
    let mut flags: String = FLAGS.iter().filter(|(bits, _)| status.has(*bits)).map(|(_, letter)| letter).collect();
    if client.peer.starts_with("unix:") {
        flags.push('U');
    }
    if flags.is_empty() {
        flags.push('N');
    }
    let seconds = |since: u64| now_ms.saturating_sub(since) / 1000;
    let last = client.last_command();
    let names = client.names.lock().clone();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "id={} addr={} laddr={} name={} age={} idle={} flags={flags} db=0 sub={} psub={} multi={} watch={} omem={} cmd={} user={} redir={}",
        client.serial,
        address(&client.peer),
        address(&client.local),
        String::from_utf8_lossy(&names.name),
        seconds(client.opened_ms),
        seconds(client.active_ms()),
        client.channels.load(Relaxed),
        client.patterns.load(Relaxed),
        client.queued.load(Relaxed),
        client.watched.load(Relaxed),
        client.pending_bytes(),
        command.or(last.map(|(_, name)| name)).unwrap_or("NULL"),
        String::from_utf8_lossy(names.user.as_deref().unwrap_or(DEFAULT_USER)),
        tracking::redirection(client),
    );
    match last {
        // Not a client of Redis: it has no version of that protocol, and Valkey has no field for what it has.
        Some((protocol, _)) if protocol != Protocol::Resp && command.is_none() => {
            let _ = write!(text, " lib-name= lib-ver= protocol={}", protocol.as_str());
        }
        _ => {
            let version = if status.has(Status::RESP3) { 3 } else { 2 };
            let library = String::from_utf8_lossy(&names.library);
            let library_version = String::from_utf8_lossy(&names.library_version);
            let _ = write!(text, " resp={version} lib-name={library} lib-ver={library_version}");
        }
    }
}

/// CLIENT INFO
pub fn info(session: &Session, context: &Context<'_>, out: &mut impl Reply) {
    let mut text = String::new();
    describe(&session.client, Some("client|info"), context.now_ms, &mut text);
    text.push('\n');
    reply::verbatim(out, &text, session.version);
}

/// CLIENT LIST [TYPE type | ID id ...]
pub fn list(request: &Request<'_>, session: &Session, context: &Context<'_>, out: &mut impl Reply) {
    let [_, option, value] = request.fixed();
    let count = request.args.len();
    let clients = &context.shared.clients;
    let listed: Vec<Arc<Client>> = if count == 2 {
        clients.all()
    } else if count == 4 && option.eq_ignore_ascii_case(b"type") {
        let Some(kind) = Kind::named(value) else {
            return reply::error(out, &format!("ERR Unknown client type '{}'", shown(value)));
        };
        clients.all().into_iter().filter(|client| Kind::of(client) == kind).collect()
    } else if count > 3 && option.eq_ignore_ascii_case(b"id") {
        // Each once: else a request could ask for many times its own length.
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        for word in request.arguments().skip(2) {
            let Some(id) = parse_i64(word) else { return reply::error(out, "ERR Invalid client ID") };
            if seen.insert(id) {
                found.extend(u64::try_from(id).ok().and_then(|id| clients.get(id)));
            }
        }
        found
    } else {
        return reply::error(out, SYNTAX_ERROR);
    };
    let mut text = String::new();
    for client in listed {
        // Such a reply is not sent, and one may ask for the same connection a million times.
        if text.len() > OUTPUT_LIMIT {
            break;
        }
        let command = Arc::ptr_eq(&client, &session.client).then_some("client|list");
        describe(&client, command, context.now_ms, &mut text);
        text.push('\n');
    }
    reply::verbatim(out, &text, session.version);
}

/// Which connections CLIENT KILL means.
#[derive(Default)]
struct Filter<'a> {
    id: Option<u64>,
    kind: Option<Kind>,
    address: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
    user: Option<&'a [u8]>,
    max_age_s: Option<u64>,
    /// Spares the connection that asks.
    spares_own: bool,
}

impl<'a> Filter<'a> {
    fn new(request: &Request<'a>) -> Result<Filter<'a>, Cow<'static, str>> {
        let mut words = request.arguments().skip(1);
        if request.args.len() == 3 {
            return Ok(Filter { address: words.next(), ..Filter::default() });
        }
        let mut filter = Filter { spares_own: true, ..Filter::default() };
        while let Some(option) = words.next() {
            let value = words.next().ok_or(SYNTAX_ERROR)?;
            filter.take(option, value)?;
        }
        Ok(filter)
    }

    fn take(&mut self, option: &[u8], value: &'a [u8]) -> Result<(), Cow<'static, str>> {
        let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
        if is("id") {
            let id = parse_i64(value).and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0);
            self.id = Some(id.ok_or("ERR client-id should be greater than 0")?);
        } else if is("maxage") {
            let age = parse_i64(value).ok_or("ERR maxage is not an integer or out of range")?;
            let age = u64::try_from(age).ok().filter(|age| *age > 0);
            self.max_age_s = Some(age.ok_or("ERR maxage should be greater than 0")?);
        } else if is("type") {
            let unknown = || format!("ERR Unknown client type '{}'", shown(value));
            self.kind = Some(Kind::named(value).ok_or_else(unknown)?);
        } else if is("addr") {
            self.address = Some(value);
        } else if is("laddr") {
            self.local = Some(value);
        } else if is("user") {
            self.user = Some(value);
        } else if is("skipme") && value.eq_ignore_ascii_case(b"yes") {
            self.spares_own = true;
        } else if is("skipme") && value.eq_ignore_ascii_case(b"no") {
            self.spares_own = false;
        } else {
            return Err(SYNTAX_ERROR.into());
        }
        Ok(())
    }

    fn means(&self, client: &Client, is_own: bool, now_ms: u64) -> bool {
        self.id.is_none_or(|id| client.serial == id)
            && self.kind.is_none_or(|kind| Kind::of(client) == kind)
            && self.address.is_none_or(|wanted| address(&client.peer).as_bytes() == wanted)
            && self.local.is_none_or(|wanted| address(&client.local).as_bytes() == wanted)
            && self.user.is_none_or(|user| client.names.lock().user.as_deref().unwrap_or(DEFAULT_USER) == user)
            && self.max_age_s.is_none_or(|age| now_ms.saturating_sub(client.opened_ms) / 1000 >= age)
            && !(self.spares_own && is_own)
            && !client.is_closing()
    }
}

/// CLIENT KILL address:port, or options; memcached's connections are meant too.
pub fn kill(request: &Request<'_>, session: &Session, context: &Context<'_>, out: &mut impl Reply) -> Outcome {
    let filter = match Filter::new(request) {
        // With a file of users, one that is not in it is nobody's.
        Ok(Filter { user: Some(user), .. }) if user != DEFAULT_USER && !context.shared.auth.is_required() => {
            reply::error(out, &format!("ERR No such user '{}'", shown(user)));
            return Outcome::Continue;
        }
        Ok(filter) => filter,
        Err(text) => {
            reply::error(out, &text);
            return Outcome::Continue;
        }
    };
    let (mut killed, mut outcome) = (0, Outcome::Continue);
    for client in context.shared.clients.all() {
        let is_own = Arc::ptr_eq(&client, &session.client);
        if filter.means(&client, is_own, context.now_ms) {
            killed += 1;
            if is_own {
                // After the answer.
                outcome = Outcome::Close;
            } else {
                client.close();
            }
        }
    }
    match (request.args.len(), killed) {
        (3, 0) => reply::error(out, "ERR No such client"),
        (3, _) => out.write(b"+OK\r\n"),
        _ => reply::integer(out, killed),
    }
    outcome
}
