//! SKELETON. Telling memcached from RESP by a connection's first bytes.

/// Verdict on the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detected {
    /// Not enough bytes to say.
    More,
    /// memcached text.
    Memcache,
    /// RESP arrays, or an inline command that only RESP has.
    Resp,
}

/// `*` is RESP; otherwise the first word: lower-case memcached words are memcached; words of the RESP table (any case) that
/// are not are RESP (so `PING\r\n`, `GET x\r\n` in capitals are RESP inline); anything else is memcached (answers ERROR).
pub fn detect(_input: &[u8]) -> Detected { loop {} }
