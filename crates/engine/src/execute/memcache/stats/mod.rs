//! memcached's `stats`, with the names that its document and the exporters use. Only what is really counted is shown.

mod general;
mod items;
mod settings;

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

/// `stats [settings|items|slabs|sizes|reset]`.
fn list(arguments: &[u8], context: &Context<'_>, rows: &mut dyn Rows) -> Listed {
    let shared = context.shared;
    match arguments.trim_ascii() {
        b"" => general::write(shared, rows),
        b"settings" => settings::write(shared, rows),
        b"items" => items::items(shared, rows),
        b"slabs" => items::slabs(shared, rows),
        b"sizes" => rows.row("sizes_status", &"disabled"),
        b"reset" => {
            shared.baseline.reset(general::resettable(shared));
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
    let line = match list(arguments, context, &mut TextRows(out)) {
        Listed::Rows => reply::END,
        Listed::Reset => reply::RESET,
        Listed::Unknown => reply::ERROR,
    };
    out.write(line);
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
    match list(arguments, context, &mut BinaryRows { tag, text: String::new(), out }) {
        Listed::Rows | Listed::Reset => binary::write_success(out, tag, 0, b"", b""),
        Listed::Unknown => binary::write_failure(out, tag, Status::NotFound),
    }
}
