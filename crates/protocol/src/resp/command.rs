//! SKELETON. The one table of commands: drives lookup, arity check and COMMAND (COUNT INFO DOCS LIST).

/// Commands served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Command { Ping, Echo, Quit, Reset, Hello, Command, Select, Client, Get, Set, Put, Del, Unlink, Exists, MGet, MSet, Incr, Decr, IncrBy,
    DecrBy, Append, StrLen, Expire, PExpire, Ttl, PTtl, Persist, Type, DbSize, FlushDb, FlushAll, Info }

/// One row.
#[derive(Debug)]
pub struct Spec {
    /// Which.
    pub id: Command,
    /// Lower case.
    pub name: &'static str,
    /// As Valkey: with the name; negative = at least.
    pub arity: i32,
    /// As Valkey (`readonly`, `write`, `denyoom`, `fast` ...).
    pub flags: &'static [&'static str],
    /// 1-based index of the first key, 0 = none.
    pub first_key: i32,
    /// Negative counts from the end.
    pub last_key: i32,
    /// Step.
    pub key_step: i32,
    /// For COMMAND DOCS.
    pub summary: &'static str,
    /// Ditto.
    pub group: &'static str,
}
/// All rows, in the order of `Command`.
pub static TABLE: &[Spec] = &[];
/// Case-insensitive lookup; must cost a few ns.
pub fn lookup(_name: &[u8]) -> Option<&'static Spec> { loop {} }
