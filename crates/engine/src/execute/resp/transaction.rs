//! MULTI, EXEC, DISCARD, WATCH and UNWATCH.

use super::{Request, command_index};
use crate::cells::Cells;
use crate::counters::CommandIndex;
use crate::execute::{MULTI_KEY_BATCH, prefetch};
use crate::reply::{Reply, Spare};
use crate::session::{Modes, Session};
use crate::shared::{Context, Outcome};
use crate::timing::Stopwatch;
use crate::transaction::{MAX_BYTES, MAX_COMMANDS, Transaction};
use crate::watches::{MAX_KEY_BYTES, MAX_KEYS, Watches};
use ringstone_protocol::resp::command::{Command, Spec};
use ringstone_protocol::resp::keys::{self, keys};
use ringstone_protocol::resp::parse::{Args, Operands};
use ringstone_protocol::resp::reply;
use ringstone_store::Hash;

/// MULTI; nested ones are refused by `step`.
pub fn multi(session: &mut Session, out: &mut impl Reply) {
    session.transaction = Some(Box::default());
    session.show_transaction();
    out.write(b"+OK\r\n");
}

/// WATCH key ...
pub fn watch(request: &Request<'_>, session: &mut Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let table = &context.shared.cache.watches;
    let watches = session.watches.get_or_insert_with(|| Box::new(Watches::new(table)));
    let mut has_room = true;
    for key in request.arguments() {
        has_room = watches.has_room(key);
        if !has_room {
            break;
        }
        let hash = context.store.hash(key);
        let entry = context.cells.entry(key, hash, context.now_ms);
        watches.add(key, hash, entry.peek().is_some());
    }
    session.show_transaction();
    if has_room {
        out.write(b"+OK\r\n");
    } else {
        let bounds = format!("{MAX_KEYS} keys of {MAX_KEY_BYTES} bytes in all");
        reply::error(out, &format!("ERR too many watched keys (a connection may watch {bounds})"));
    }
}

/// UNWATCH
pub fn unwatch(session: &mut Session, out: &mut impl Reply) {
    session.watches = None;
    session.show_transaction();
    out.write(b"+OK\r\n");
}

/// A request, whose arity was checked, of a connection that is between MULTI and EXEC.
pub fn step<R: Reply>(
    request: &mut Request<'_>,
    session: &mut Session,
    context: &mut Context<'_>,
    out: &mut R,
) -> (Option<CommandIndex>, Outcome) {
    match request.spec.id {
        Command::Exec => {
            let outcome = exec(session, context, out);
            session.modes.set(Modes::CACHING, false);
            return (Some(command_index(request.spec)), outcome);
        }
        Command::Discard => {
            discard(session);
            out.write(b"+OK\r\n");
        }
        Command::Multi => reply::error(out, "ERR MULTI calls can not be nested"),
        Command::Watch => reply::error(out, "ERR WATCH inside MULTI is not allowed"),
        Command::Quit | Command::Reset => {
            let outcome = super::execute(request, session, context, out);
            return (Some(command_index(request.spec)), outcome);
        }
        _ => {
            queue(request, session, out);
            return (None, Outcome::Continue);
        }
    }
    (Some(command_index(request.spec)), Outcome::Continue)
}

/// Ends a transaction that is not executed, and what CLIENT CACHING said of it.
fn discard(session: &mut Session) {
    session.end_transaction();
    session.modes.set(Modes::CACHING, false);
}

/// EXEC with words that it does not take, which ends the transaction all the same.
pub fn refuse_exec(spec: &Spec, session: &mut Session, out: &mut impl Reply) {
    discard(session);
    let name = spec.name;
    let text = format!("EXECABORT Transaction discarded because of: wrong number of arguments for '{name}' command");
    reply::error(out, &text);
}

fn queue(request: &mut Request<'_>, session: &mut Session, out: &mut impl Reply) {
    if super::subcommand(request, out).is_none() {
        return session.refuse();
    }
    let Some(transaction) = &mut session.transaction else { return };
    match transaction.queue(request.spec, request.args, request.bodies) {
        Ok(()) => out.write(b"+QUEUED\r\n"),
        Err(_) => {
            let text = format!("ERR transaction exceeds {MAX_COMMANDS} commands or {MAX_BYTES} bytes");
            reply::error(out, &text);
        }
    }
    session.show_transaction();
}

/// EXEC: the cells of all keys, watched ones too, are locked in ascending order; with them held nobody sees a part of what is
/// done, and nobody changes what it depends on.
fn exec<R: Reply>(session: &mut Session, context: &mut Context<'_>, out: &mut R) -> Outcome {
    let (transaction, watches) = session.end_transaction();
    let Some(transaction) = transaction else { return Outcome::Continue };
    if transaction.is_aborted() {
        reply::error(out, "EXECABORT Transaction discarded because of previous errors.");
        return Outcome::Continue;
    }
    let mut hashes = std::mem::take(context.hashes);
    hashes.clear();
    for (spec, args) in transaction.requests() {
        let row = keys::resolve(spec, args).unwrap_or(spec);
        hashes.extend(keys(row, args).map(|key| context.store.hash(key)));
    }
    prefetch(context.store, hashes.iter().copied().take(MULTI_KEY_BATCH));
    hashes.extend(watches.iter().flat_map(|watches| watches.hashes()));
    let spans_store = transaction.requests().any(|(spec, _)| spans_store(spec.id));
    let mut cells =
        if spans_store { context.store.lock_all(context.now_ms) } else { context.store.lock(&hashes, context.now_ms) };
    *context.hashes = hashes;
    if watches.as_ref().is_some_and(|watches| watches.is_dirty(&mut cells)) {
        drop(cells);
        reply::null_array(out, session.version);
        return Outcome::Continue;
    }
    drop(watches);
    context.cells = Cells::Held { cells, counts: true };
    let outcome = run(*transaction, session, context, out);
    context.cells = Cells::Open(context.store);
    outcome
}

/// Commands whose keys the table cannot tell, for they are any.
fn spans_store(command: Command) -> bool {
    matches!(command, Command::FlushDb | Command::FlushAll | Command::Keys | Command::RandomKey | Command::Scan)
}

/// Executes all commands. Once the replies have no room the connection will be closed, but what is begun is carried out.
fn run<R: Reply>(transaction: Transaction, session: &mut Session, context: &mut Context<'_>, out: &mut R) -> Outcome {
    reply::array(out, transaction.len());
    let mut outcome = Outcome::Continue;
    let mut spare = Spare::new(out);
    let mut watch = Stopwatch::start();
    transaction.execute(|spec, args, bodies| {
        let hash = first_key_hash(spec, args, context);
        let mut request = Request { spec, args, operands: Operands::of(args), bodies, hash };
        spare.look();
        if super::execute(&mut request, session, context, &mut spare) == Outcome::Close {
            outcome = Outcome::Close;
        }
        watch.lap(spec, args, session, context);
    });
    outcome
}

fn first_key_hash(spec: &Spec, args: Args<'_>, context: &Context<'_>) -> Hash {
    let first = (spec.first_key == 1).then(|| args.into_iter().nth(1)).flatten();
    first.map_or(Hash(0), |key| context.store.hash(key))
}
