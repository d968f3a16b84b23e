//! Telling memcached's protocols and RESP apart by a connection's first bytes.

use crate::memcache::binary::REQUEST_MAGIC;
use crate::resp::command;

/// Verdict on the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detected {
    /// Not enough bytes to say.
    More,
    /// memcached text.
    Memcache,
    /// memcached's binary protocol.
    Binary,
    /// RESP arrays, or an inline command that only RESP has.
    Resp,
}

/// Bytes after which a word that has not ended is no command of RESP.
const MAX_WORD: usize = 16;
/// Spaces before the first word that are skipped (memcached's bound).
const MAX_LEADING_SPACES: usize = 100;

/// memcached's words that RESP has too, in some case.
const SHARED: [&[u8]; 8] = [b"get", b"set", b"append", b"incr", b"decr", b"touch", b"watch", b"quit"];

/// `*` is RESP, 0x80 memcached's binary protocol; otherwise the first word: lower-case memcached words are memcached; words of
/// the RESP table (any case) that are not are RESP (so `PING\r\n`, `GET x\r\n` in capitals are RESP inline); anything else is memcached (answers ERROR).
pub fn detect(input: &[u8]) -> Detected {
    let spaces = input.iter().take(MAX_LEADING_SPACES).take_while(|&&byte| byte == b' ').count();
    let input = &input[spaces..];
    if input.is_empty() {
        return Detected::More;
    }
    if spaces == 0 && input[0] == b'*' {
        return Detected::Resp;
    }
    if spaces == 0 && input[0] == REQUEST_MAGIC {
        return Detected::Binary;
    }
    let end = input.iter().take(MAX_WORD + 1).position(|&byte| matches!(byte, b' ' | b'\t'..=b'\r'));
    let word = match end {
        Some(end) => &input[..end],
        None if input.len() > MAX_WORD => return Detected::Memcache,
        None => return Detected::More,
    };
    if command::lookup(word).is_some() && !SHARED.contains(&word) { Detected::Resp } else { Detected::Memcache }
}
