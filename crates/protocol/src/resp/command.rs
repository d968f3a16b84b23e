//! The commands: who they are, and how a name is looked up. The rows are in `table.rs`.

pub use super::table::{SUBCOMMANDS, TABLE};

/// Commands served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Command {
    /// PING
    Ping,
    /// ECHO
    Echo,
    /// QUIT
    Quit,
    /// RESET
    Reset,
    /// HELLO
    Hello,
    /// AUTH.
    Auth,
    /// COMMAND
    Command,
    /// SELECT
    Select,
    /// CLIENT
    Client,
    /// GET
    Get,
    /// SET
    Set,
    /// PUT, an alias of SET
    Put,
    /// DEL
    Del,
    /// UNLINK
    Unlink,
    /// EXISTS
    Exists,
    /// MGET
    MGet,
    /// MSET
    MSet,
    /// INCR
    Incr,
    /// DECR
    Decr,
    /// INCRBY
    IncrBy,
    /// DECRBY
    DecrBy,
    /// APPEND
    Append,
    /// STRLEN
    StrLen,
    /// EXPIRE
    Expire,
    /// PEXPIRE
    PExpire,
    /// TTL
    Ttl,
    /// PTTL
    PTtl,
    /// PERSIST
    Persist,
    /// TYPE
    Type,
    /// DBSIZE
    DbSize,
    /// FLUSHDB
    FlushDb,
    /// FLUSHALL
    FlushAll,
    /// SETNX
    SetNx,
    /// SETEX
    SetEx,
    /// PSETEX
    PSetEx,
    /// GETSET
    GetSet,
    /// GETDEL
    GetDel,
    /// GETEX
    GetEx,
    /// MSETNX
    MSetNx,
    /// GETRANGE
    GetRange,
    /// SUBSTR
    SubStr,
    /// SETRANGE
    SetRange,
    /// INCRBYFLOAT
    IncrByFloat,
    /// DELIFEQ
    DelIfEq,
    /// TOUCH
    Touch,
    /// EXPIREAT
    ExpireAt,
    /// PEXPIREAT
    PExpireAt,
    /// EXPIRETIME
    ExpireTime,
    /// PEXPIRETIME
    PExpireTime,
    /// RENAME
    Rename,
    /// RENAMENX
    RenameNx,
    /// COPY
    Copy,
    /// OBJECT
    Object,
    /// RANDOMKEY
    RandomKey,
    /// KEYS
    Keys,
    /// SCAN
    Scan,
    /// TIME
    Time,
    /// WAIT
    Wait,
    /// INFO
    Info,
    /// SUBSCRIBE
    Subscribe,
    /// UNSUBSCRIBE
    Unsubscribe,
    /// PSUBSCRIBE
    PSubscribe,
    /// PUNSUBSCRIBE
    PUnsubscribe,
    /// PUBLISH
    Publish,
    /// PUBSUB
    PubSub,
    /// HSET
    HSet,
    /// HMSET
    HMSet,
    /// HSETNX
    HSetNx,
    /// HGET
    HGet,
    /// HMGET
    HMGet,
    /// HGETALL
    HGetAll,
    /// HDEL
    HDel,
    /// HEXISTS
    HExists,
    /// HLEN
    HLen,
    /// HKEYS
    HKeys,
    /// HVALS
    HVals,
    /// HINCRBY
    HIncrBy,
    /// HINCRBYFLOAT
    HIncrByFloat,
    /// HSCAN
    HScan,
    /// HSTRLEN
    HStrLen,
    /// MULTI
    Multi,
    /// EXEC
    Exec,
    /// DISCARD
    Discard,
    /// WATCH
    Watch,
    /// UNWATCH
    Unwatch,
    /// CONFIG
    Config,
    /// SLOWLOG
    SlowLog,
    /// LATENCY
    Latency,
    /// MEMORY
    Memory,
    /// CLUSTER
    Cluster,
    /// DEBUG
    Debug,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Which.
    pub id: Command,
    /// Lower case letters, at most 16.
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
    /// What is done to the keys, as Valkey's key specifications say (`RO`, `access` ...); empty without keys.
    pub key_flags: &'static [&'static str],
    /// The same of the second of two keys where that is another (RENAME, COPY); empty otherwise.
    pub second_key_flags: &'static [&'static str],
    /// ACL categories (`@read` ...).
    pub categories: &'static [&'static str],
    /// Tips for clients and proxies (`request_policy:multi_shard` ...).
    pub tips: &'static [&'static str],
    /// For COMMAND DOCS.
    pub summary: &'static str,
    /// Ditto.
    pub group: &'static str,
    /// Ditto: the version of Redis that brought it.
    pub since: &'static str,
    /// Ditto.
    pub complexity: &'static str,
}

impl Spec {
    /// Whether a request of `arguments` words, the name included, has as many as the command takes.
    #[inline]
    pub fn accepts(&self, arguments: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { arguments >= wanted } else { arguments == wanted }
    }
}

/// Longest name that is looked up, in bytes.
const MAX_NAME: usize = 16;
/// Slots of the hash, a power of two; sparse, so that a multiplier without collisions is found soon.
const SLOTS: usize = 2048;
/// A slot without a command.
const FREE: u8 = u8::MAX;
/// Bit that tells upper from lower case, in every byte.
const CASE_BITS: u128 = 0x2020_2020_2020_2020_2020_2020_2020_2020;

/// Names as integers, in the order of `TABLE`.
static PACKED: [u128; TABLE.len()] = pack_table();
/// A multiplier that gives every name a slot of its own, and those slots. Found by the compiler.
static PERFECT: (u64, [u8; SLOTS]) = perfect_hash();

/// Case-insensitive lookup.
///
/// The name becomes one 128-bit integer, a hash without collisions leads to the only row it may be, one comparison decides.
/// Folding the case by a bit is exact, for names are letters: only a letter folds to a letter.
#[inline]
pub fn lookup(name: &[u8]) -> Option<&'static Spec> {
    let packed = pack(name)?;
    let row = usize::from(PERFECT.1[slot(packed, PERFECT.0)]);
    if *PACKED.get(row)? == packed { Some(&TABLE[row]) } else { None }
}

/// The lower-case name in the low bytes, zeros above. `None` if it is empty or too long.
#[inline]
fn pack(name: &[u8]) -> Option<u128> {
    let length = name.len();
    // Two overlapping loads instead of a copy of variable length; where they overlap they agree.
    let packed = if let (Some(low), Some(high)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        if length > MAX_NAME {
            return None;
        }
        u128::from(u64::from_le_bytes(*low)) | u128::from(u64::from_le_bytes(*high)) << (8 * (length - 8))
    } else if let (Some(low), Some(high)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        u128::from(u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << (8 * (length - 4)))
    } else {
        let (first, middle, last) = (*name.first()?, name[length / 2], name[length - 1]);
        u128::from(u32::from(first) | u32::from(middle) << (8 * (length / 2)) | u32::from(last) << (8 * (length - 1)))
    };
    Some(packed | CASE_BITS >> (8 * (MAX_NAME - length)))
}

#[inline]
const fn slot(packed: u128, multiplier: u64) -> usize {
    let mixed = (packed as u64 ^ ((packed >> 64) as u64).rotate_left(29)).wrapping_mul(multiplier);
    (mixed >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

const fn pack_table() -> [u128; TABLE.len()] {
    let mut packed = [0; TABLE.len()];
    let mut row = 0;
    while row < TABLE.len() {
        let name = TABLE[row].name.as_bytes();
        assert!(TABLE[row].id as usize == row && !name.is_empty() && name.len() <= MAX_NAME && row < FREE as usize);
        let mut at = 0;
        while at < name.len() {
            assert!(name[at].is_ascii_lowercase());
            packed[row] |= (name[at] as u128) << (8 * at);
            at += 1;
        }
        row += 1;
    }
    packed
}

const fn perfect_hash() -> (u64, [u8; SLOTS]) {
    let packed = pack_table();
    // Steps of a Weyl sequence: odd and well spread.
    let mut multiplier = 0x9E37_79B9_7F4A_7C15u64;
    loop {
        let mut slots = [FREE; SLOTS];
        let mut row = 0;
        while row < packed.len() && slots[slot(packed[row], multiplier)] == FREE {
            slots[slot(packed[row], multiplier)] = row as u8;
            row += 1;
        }
        if row == packed.len() {
            return (multiplier, slots);
        }
        multiplier = multiplier.wrapping_add(0x9E37_79B9_7F4A_7C16) | 1;
    }
}
