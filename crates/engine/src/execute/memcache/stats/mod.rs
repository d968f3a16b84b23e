//! memcached's `stats`, with the names that its document and the exporters use. Only what is really counted is shown.

mod connections;
mod general;
mod items;
mod settings;

use crate::execute::memcache::dump;
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::memcache::binary::{Status, Tag, reply as binary};
use ringstone_protocol::memcache::reply::{self, write_stat};
use std::fmt::{Display, Write as _};

/// Takes statistics, in the form of a protocol.
trait Rows {
    fn row(&mut self, name: &str, value: &dyn Display);
}

/// What a sub-command came to.
enum Listed {
    /// Its rows are written.
    Rows,
    /// `reset`.
    Reset,
    /// There is no such one.
    Unknown,
}

/// `stats [settings|items|slabs|sizes|conns|reset]`.
fn list(arguments: &[u8], context: &Context<'_>, rows: &mut dyn Rows) -> Listed {
    let shared = context.shared;
    match arguments.trim_ascii() {
        b"" => general::write(shared, rows),
        b"settings" => settings::write(shared, rows),
        b"items" => items::items(shared, rows),
        b"slabs" => items::slabs(shared, rows),
        b"sizes" => rows.row("sizes_status", &"disabled"),
        b"conns" => connections::write(context, rows),
        b"reset" => {
            shared.baseline.reset(general::resettable(shared));
            shared.cache.trace.reset_prefixes();
            return Listed::Reset;
        }
        _ => return Listed::Unknown,
    }
    Listed::Rows
}

struct TextRows<'a, R>(&'a mut R);

impl<R: Reply> Rows for TextRows<'_, R> {
    fn row(&mut self, name: &str, value: &dyn Display) {
        write_stat(self.0, name, value);
    }
}

/// Answers `stats <arguments>`; an unknown sub-command answers ERROR, as memcached does.
pub fn write(arguments: &[u8], context: &Context<'_>, out: &mut impl Reply) {
    let mut words = arguments.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let line = match (words.next(), words.next(), words.next()) {
        (Some(b"detail"), what, _) => return detail(what, context, out),
        (Some(b"cachedump"), Some(class), Some(limit)) => return cachedump(class, limit, context, out),
        (Some(b"cachedump"), ..) => b"CLIENT_ERROR bad command line\r\n",
        _ => match list(arguments, context, &mut TextRows(out)) {
            Listed::Rows => reply::END,
            Listed::Reset => reply::RESET,
            Listed::Unknown => reply::ERROR,
        },
    };
    out.write(line);
}

/// `stats detail on|off|dump`.
fn detail(what: Option<&[u8]>, context: &Context<'_>, out: &mut impl Reply) {
    let trace = &context.shared.cache.trace;
    match what {
        Some(b"on") => trace.set_detail(true),
        Some(b"off") => trace.set_detail(false),
        Some(b"dump") => {
            out.write(&trace.dump_prefixes());
            out.write(reply::END);
            return;
        }
        _ => {
            out.write(b"CLIENT_ERROR usage: stats detail on|off|dump\r\n");
            return;
        }
    }
    out.write(reply::OK);
}

/// Slab classes of memcached, of which the first stands for all here.
const CLASSES: u64 = 64;

/// `stats cachedump <class> <limit>`.
fn cachedump(class: &[u8], limit: &[u8], context: &Context<'_>, out: &mut impl Reply) {
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<u32>().ok();
    match (number(class), number(limit)) {
        (Some(class), Some(_)) if u64::from(class) >= CLASSES => out.write(b"CLIENT_ERROR Illegal slab id\r\n"),
        (Some(class), Some(limit)) => dump::cachedump(u64::from(class), limit as usize, context, out),
        _ => out.write(reply::BAD_FORMAT),
    }
}

/// Each row is a packet with the name for its key.
struct BinaryRows<'a, R> {
    tag: Tag,
    text: String,
    out: &'a mut R,
}

impl<R: Reply> Rows for BinaryRows<'_, R> {
    fn row(&mut self, name: &str, value: &dyn Display) {
        self.text.clear();
        // A String takes everything.
        let _ = write!(self.text, "{value}");
        binary::write_success(self.out, self.tag, 0, name.as_bytes(), self.text.as_bytes());
    }
}

/// Answers the binary protocol's Stat, whose last packet is an empty one.
pub fn write_binary(tag: Tag, arguments: &[u8], context: &Context<'_>, out: &mut impl Reply) {
    let trace = &context.shared.cache.trace;
    match arguments {
        b"detail on" => trace.set_detail(true),
        b"detail off" => trace.set_detail(false),
        b"detail dump" => {
            let lines = [&trace.dump_prefixes()[..], reply::END].concat();
            binary::write_success(out, tag, 0, b"detailed", &lines);
        }
        _ => match list(arguments, context, &mut BinaryRows { tag, text: String::new(), out }) {
            Listed::Rows | Listed::Reset => {}
            Listed::Unknown => return binary::write_failure(out, tag, Status::NotFound),
        },
    }
    binary::write_success(out, tag, 0, b"", b"");
}
