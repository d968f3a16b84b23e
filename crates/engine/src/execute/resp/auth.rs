//! AUTH, and what a connection may do before it.

use super::Request;
use crate::reply::Reply;
use crate::session::{Modes, Session};
use crate::shared::Context;
use ringstone_protocol::resp::command::Command;
use ringstone_protocol::resp::reply;

/// The user of `AUTH password`.
const DEFAULT_USER: &[u8] = b"default";
const NO_PASSWORDS: &str = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
const WRONG: &str = "WRONGPASS invalid username-password pair or user is disabled.";

/// AUTH [user] password
pub fn execute(request: &Request<'_>, session: &mut Session, context: &Context<'_>, out: &mut impl Reply) {
    let mut arguments = request.arguments();
    let (first, second) = (arguments.next().unwrap_or_default(), arguments.next());
    if arguments.next().is_some() {
        return reply::error(out, "ERR syntax error");
    }
    let (user, password) = second.map_or((DEFAULT_USER, first), |password| (first, password));
    match login(user, password, session, context) {
        Ok(()) => out.write(b"+OK\r\n"),
        Err(text) => reply::error(out, text),
    }
}

/// Lets the connection in, or says why not.
pub fn login(user: &[u8], password: &[u8], session: &mut Session, context: &Context<'_>) -> Result<(), &'static str> {
    if !context.shared.auth.is_required() {
        // Who sends a password must not believe that it was checked.
        return Err(NO_PASSWORDS);
    }
    if !context.login(user, password) {
        return Err(WRONG);
    }
    session.modes.set(Modes::UNAUTHENTICATED, false);
    session.client.names.lock().user = Some(user.into());
    Ok(())
}

/// What a connection is told that has not said who it is; `None` if it may do this all the same. HELLO sees for itself.
pub fn refusal(command: Command) -> Option<&'static str> {
    match command {
        Command::Auth | Command::Hello | Command::Quit | Command::Reset => None,
        _ => Some("NOAUTH Authentication required."),
    }
}

/// What HELLO without AUTH is told before the connection has said who it is.
pub const HELLO_FIRST: &str = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can \
     be used to authenticate the client and select the RESP protocol version at the same time";
