//! memcached's commands for who runs the server.

use crate::connection::{Connection, Mode, Receiving};
use crate::execute::memcache::dump::{self, Dump};
use crate::reply::Reply;
use crate::session::Modes;
use crate::shared::{Context, Outcome};
use ringstone_protocol::memcache::admin::Admin;
use ringstone_protocol::memcache::{login, reply};

/// A name and a password, as the value of a `set`.
pub fn login(user: &[u8], password: &[u8], connection: &mut Connection, context: &Context<'_>, out: &mut impl Reply) {
    if context.login(user, password) {
        connection.session.modes.set(Modes::UNAUTHENTICATED, false);
        connection.mode = Mode::Memcache;
        out.write(reply::STORED);
    } else {
        out.write(login::FAILURE);
    }
}

/// Goes on with a dump.
pub fn dump(connection: &mut Connection, context: &Context<'_>, out: &mut impl Reply) {
    if let Receiving::Dump(dump) = &mut connection.receiving
        && dump.step(context, out)
    {
        connection.receiving = Receiving::Nothing;
    }
}

/// Executes a command.
pub fn execute(admin: Admin, connection: &mut Connection, context: &Context<'_>, out: &mut impl Reply) -> Outcome {
    let shared = context.shared;
    match admin {
        Admin::Answer(line) => out.write(line),
        Admin::Crawl => {
            shared.cache.sweep_signal.request();
            out.write(reply::OK);
        }
        Admin::Dump { form, items: true } => connection.receiving = Receiving::Dump(Box::new(Dump::new(form))),
        Admin::Dump { form, items: false } => out.write(dump::end(form)),
        Admin::MemoryLimit { bytes, noreply } => {
            let line: &[u8] = match shared.cache.set_max_memory(bytes, context.now_ms) {
                Ok(()) => reply::OK,
                Err(_) => b"MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n",
            };
            if !noreply {
                out.write(line);
            }
        }
        Admin::Watch(streams) => {
            if shared.watch(&connection.session.client, streams) {
                connection.mode = Mode::Watch;
                out.write(reply::OK);
            } else {
                out.write(b"WATCHER_TOO_MANY log watcher limit reached\r\n");
            }
        }
        Admin::Shutdown if shared.options.enable_shutdown => {
            shared.ask_for_shutdown(&connection.session.client);
            return Outcome::Close;
        }
        Admin::Shutdown => out.write(b"SERVER_ERROR: shutdown not enabled\r\n"),
    }
    Outcome::Continue
}
