//! `lru_crawler metadump` and `mgdump`, and `stats cachedump`: walks through the items.

use crate::reply::{Reply, value_len};
use crate::shared::Context;
use crate::trace::urlencode;
use ringstone_protocol::memcache::admin::{CLASS, DumpForm};
use ringstone_protocol::memcache::reply;
use ringstone_store::Item;
use std::io::Write;

/// Items of one step of a dump. Their cell is locked meanwhile, and another connection may be waiting for its turn.
const STEP_ITEMS: usize = 32;
/// The most items that `stats cachedump` shows.
const CACHEDUMP_ITEMS: usize = 2000;
/// Bytes of lines beyond which it shows no more, as in memcached: a key that came by another protocol may be long.
const CACHEDUMP_BYTES: usize = 2 << 20;

/// A dump that goes on over many turns, so that it holds up nobody and never has more in the output than a turn may put there.
#[derive(Debug)]
pub struct Dump {
    form: DumpForm,
    cursor: u64,
}

impl Dump {
    /// From the first item.
    pub fn new(form: DumpForm) -> Dump {
        Dump { form, cursor: 0 }
    }

    /// Writes some lines; true if those were the last.
    pub fn step(&mut self, context: &Context<'_>, out: &mut impl Reply) -> bool {
        let mut lines = Vec::new();
        let now_s = context.now_ms / 1000;
        let form = self.form;
        self.cursor = context.store.scan(self.cursor, STEP_ITEMS, context.now_ms, &mut |key, item| match form {
            DumpForm::Metadump => metadump(&mut lines, key, item, now_s),
            DumpForm::Mgdump => mgdump(&mut lines, key),
        });
        out.write(&lines);
        let is_done = self.cursor == 0;
        if is_done {
            out.write(end(form));
        }
        is_done
    }
}

/// The line after the last item.
pub fn end(form: DumpForm) -> &'static [u8] {
    match form {
        DumpForm::Metadump => reply::END,
        DumpForm::Mgdump => b"EN\r\n",
    }
}

/// memcached ends these lines without a carriage return.
fn metadump(lines: &mut Vec<u8>, key: &[u8], item: &Item<'_>, now_s: u64) {
    lines.extend_from_slice(b"key=");
    urlencode(lines, key);
    let expires_s = if item.expires_at_ms == 0 { -1 } else { (item.expires_at_ms / 1000) as i64 };
    let accessed_s = now_s.saturating_sub(u64::from(item.idle_s));
    let fetched = if item.fetched { "yes" } else { "no" };
    let size = key.len() + value_len(&item.value);
    // A vector takes everything.
    let _ =
        writeln!(lines, " exp={expires_s} la={accessed_s} cas={} fetch={fetched} cls={CLASS} size={size}", item.cas);
}

/// A request for the item: in base64 if the text of the key could not be one.
fn mgdump(lines: &mut Vec<u8>, key: &[u8]) {
    lines.extend_from_slice(b"mg ");
    if key.iter().all(u8::is_ascii_graphic) {
        lines.extend_from_slice(key);
    } else {
        base64(lines, key);
        lines.extend_from_slice(b" b");
    }
    lines.extend_from_slice(reply::LINE_END);
}

fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = bits >> (18 - 6 * digit) & 63;
            out.push(if digit <= group.len() { DIGITS[index as usize] } else { b'=' });
        }
    }
}

/// `stats cachedump <class> <limit>`: `ITEM <key> [<length> b; <expiry> s]` lines; limit 0 is none.
pub fn cachedump(class: u64, limit: usize, context: &Context<'_>, out: &mut impl Reply) {
    let limit = if limit == 0 { CACHEDUMP_ITEMS } else { limit.min(CACHEDUMP_ITEMS) };
    let (mut cursor, mut left, mut lines) = (0, limit, Vec::new());
    if class != CLASS {
        return out.write(reply::END);
    }
    loop {
        cursor = context.store.scan(cursor, STEP_ITEMS.min(left), context.now_ms, &mut |key, item| {
            if left == 0 || lines.len() >= CACHEDUMP_BYTES {
                left = 0;
                return;
            }
            left -= 1;
            lines.extend_from_slice(b"ITEM ");
            // What only another protocol can have as a key must not look like more lines.
            if key.iter().any(|byte| byte.is_ascii_control() || *byte == b' ') {
                urlencode(&mut lines, key);
            } else {
                lines.extend_from_slice(key);
            }
            // A vector takes everything.
            let _ = write!(lines, " [{} b; {} s]\r\n", value_len(&item.value), item.expires_at_ms / 1000);
        });
        if cursor == 0 || left == 0 {
            break;
        }
    }
    out.write(&lines);
    out.write(reply::END);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_no_words_are_dumped_in_base64() {
        let dumped = |key: &[u8]| {
            let mut lines = Vec::new();
            mgdump(&mut lines, key);
            String::from_utf8(lines).expect("text")
        };
        assert_eq!(dumped(b"key:1"), "mg key:1\r\n");
        assert_eq!(dumped(b"a b"), "mg YSBi b\r\n");
        assert_eq!(dumped(b"\0"), "mg AA== b\r\n");
        assert_eq!(dumped(b"\xff\xfe"), "mg //4= b\r\n");
        assert_eq!(dumped(b"\xff\xfe\xfd\xfc"), "mg //79/A== b\r\n");
    }
}
