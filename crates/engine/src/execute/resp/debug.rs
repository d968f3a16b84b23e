//! DEBUG and CLUSTER: what clients and their tests try on any server.

use super::connection::shown;
use super::{Request, subcommand};
use crate::reply::Reply;
use crate::session::Session;
use ringstone_protocol::resp::reply;
use std::time::Duration;

/// Longest DEBUG SLEEP, in seconds: its worker and all of that one's connections wait.
const MAX_SLEEP_S: f64 = 10.0;

const NOT_LOCAL: &str = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it \
                         from a local connection, otherwise you need to set this option in the configuration file, and then \
                         restart the server.";

/// DEBUG SLEEP and HELP, from connections of this machine only (`enable-debug-command local`).
pub fn debug(request: &Request<'_>, session: &Session, out: &mut impl Reply) {
    if !is_local(&session.client.peer) {
        return reply::error(out, NOT_LOCAL);
    }
    let [word, seconds] = request.fixed();
    if word.eq_ignore_ascii_case(b"sleep") && request.args.len() == 3 {
        let seconds = std::str::from_utf8(seconds).ok().and_then(|text| text.parse::<f64>().ok());
        match seconds.filter(|seconds| (0.0..=MAX_SLEEP_S).contains(seconds)) {
            Some(seconds) => {
                std::thread::sleep(Duration::from_secs_f64(seconds));
                out.write(b"+OK\r\n");
            }
            None => reply::error(out, &format!("ERR DEBUG SLEEP takes 0 to {MAX_SLEEP_S} seconds")),
        }
    } else if word.eq_ignore_ascii_case(b"help") && request.args.len() == 2 {
        reply::help(out, "DEBUG", HELP);
    } else {
        let word = shown(word);
        let text = format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try DEBUG HELP.");
        reply::error(out, &text);
    }
}

const HELP: &[&str] = &["SLEEP <seconds>", "    Stop the server for <seconds>. Decimals allowed."];

/// Whether a peer is on this machine: the loopback, a unix socket, or nobody (a connection that is fed by hand).
fn is_local(peer: &str) -> bool {
    match peer.parse::<std::net::SocketAddr>() {
        Ok(address) => address.ip().to_canonical().is_loopback(),
        Err(_) => true,
    }
}

/// CLUSTER: as of any server that is no part of one.
pub fn cluster(request: &Request<'_>, out: &mut impl Reply) {
    if subcommand(request, out).is_some() {
        reply::error(out, "ERR This instance has cluster support disabled");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_this_machine_is_local() {
        for local in ["127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5", "unix:/tmp/socket", ""] {
            assert!(super::is_local(local), "{local}");
        }
        for remote in ["10.0.0.1:5", "[fe80::1]:5"] {
            assert!(!super::is_local(remote), "{remote}");
        }
    }
}
