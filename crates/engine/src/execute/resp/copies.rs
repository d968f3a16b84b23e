//! RENAME, RENAMENX and COPY: an item under another key, with its flags and its time of expiry.

use super::connection::check_database;
use super::strings::Old;
use super::{Request, refuse};
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::resp::options::SYNTAX_ERROR;
use ringstone_protocol::resp::reply;
use ringstone_store::{Attributes, Entry, Error, Marks, NewValue};

const NO_SUCH_KEY: &str = "ERR no such key";
const SAME_OBJECT: &str = "ERR source and destination objects are the same";

/// What another key is to hold.
struct Copied {
    value: Old,
    attributes: Attributes,
}

impl Copied {
    /// Of the live item of an entry.
    fn of(entry: &mut Entry<'_, '_>) -> Option<Copied> {
        let item = entry.get().ok()?;
        let value = Old::of(&item.value);
        let (flags, expires_at_ms) = (item.flags, item.expires_at_ms);
        // No loader gave it to the other key.
        let marks = Marks { loaded: false, ..item.marks };
        Some(Copied { value, attributes: Attributes { flags, expires_at_ms, marks, ..Attributes::default() } })
    }

    /// A large value is copied from extent to extent: an item has its extents for itself.
    fn write(self, entry: &mut Entry<'_, '_>) -> Result<(), Error> {
        let written = match &self.value {
            Old::Bytes(bytes) => entry.set(NewValue::Bytes(bytes), self.attributes),
            Old::Chain(chain) => entry.set_pieces(&chain.chunks().collect::<Vec<_>>(), self.attributes),
        };
        written.map(|_| ())
    }
}

/// How an item comes to another key.
#[derive(Clone, Copy)]
pub struct Manner {
    /// What is there is overwritten.
    pub replace: bool,
    /// The source goes.
    pub remove: bool,
}

/// Copies or moves an item, with the cells of both keys locked. `Ok(None)` without a source, `Ok(Some(false))` if what is at
/// the destination is in the way.
fn transfer(request: &Request<'_>, manner: Manner, context: &mut Context<'_>) -> Result<Option<bool>, Error> {
    let [source, destination] = request.fixed();
    let hashes = [request.hash, context.store.hash(destination)];
    let mut cells = context.cells.several(&hashes, context.now_ms);
    let Some(copied) = Copied::of(&mut cells.entry(source, hashes[0])) else { return Ok(None) };
    if source == destination {
        return Ok(Some(manner.replace));
    }
    let mut entry = cells.entry(destination, hashes[1]);
    if !manner.replace && entry.peek().is_some() {
        return Ok(Some(false));
    }
    copied.write(&mut entry)?;
    drop(entry);
    if manner.remove {
        cells.entry(source, hashes[0]).remove();
    }
    Ok(Some(true))
}

/// RENAME
pub fn rename(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    match transfer(request, Manner { replace: true, remove: true }, context) {
        Ok(Some(_)) => out.write(b"+OK\r\n"),
        Ok(None) => reply::error(out, NO_SUCH_KEY),
        Err(error) => refuse(error, context, out),
    }
}

/// RENAMENX
pub fn rename_if_absent(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    match transfer(request, Manner { replace: false, remove: true }, context) {
        Ok(Some(moved)) => reply::integer(out, i64::from(moved)),
        Ok(None) => reply::error(out, NO_SUCH_KEY),
        Err(error) => refuse(error, context, out),
    }
}

/// COPY with DB 0 and REPLACE.
pub fn copy(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [source, destination] = request.fixed();
    let replace = match copy_options(request.arguments().skip(2)) {
        Ok(replace) => replace,
        Err(text) => return reply::error(out, text),
    };
    if source == destination {
        return reply::error(out, SAME_OBJECT);
    }
    match transfer(request, Manner { replace, remove: false }, context) {
        Ok(copied) => reply::integer(out, i64::from(copied == Some(true))),
        Err(error) => refuse(error, context, out),
    }
}

/// Whether REPLACE is among them.
fn copy_options<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> Result<bool, &'static str> {
    let mut replace = false;
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case(b"replace") {
            replace = true;
        } else if word.eq_ignore_ascii_case(b"db") {
            check_database(words.next().ok_or(SYNTAX_ERROR)?)?;
        } else {
            return Err(SYNTAX_ERROR);
        }
    }
    Ok(replace)
}
