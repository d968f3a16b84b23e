//! Commands of Redis and Valkey that are left out, by what they would need: the error for them says so.

/// What is not there, and the commands that need it.
const LEFT_OUT: [(&str, &[&str]); 16] = [
    (
        "lists",
        &[
            "blmove",
            "blmpop",
            "blpop",
            "brpop",
            "brpoplpush",
            "lindex",
            "linsert",
            "llen",
            "lmove",
            "lmpop",
            "lpop",
            "lpos",
            "lpush",
            "lpushx",
            "lrange",
            "lrem",
            "lset",
            "ltrim",
            "rpop",
            "rpoplpush",
            "rpush",
            "rpushx",
        ],
    ),
    (
        "sets",
        &[
            "sadd",
            "scard",
            "sdiff",
            "sdiffstore",
            "sinter",
            "sintercard",
            "sinterstore",
            "sismember",
            "smembers",
            "smismember",
            "smove",
            "spop",
            "srandmember",
            "srem",
            "sscan",
            "sunion",
            "sunionstore",
        ],
    ),
    (
        "sorted sets",
        &[
            "bzmpop",
            "bzpopmax",
            "bzpopmin",
            "zadd",
            "zcard",
            "zcount",
            "zdiff",
            "zdiffstore",
            "zincrby",
            "zinter",
            "zintercard",
            "zinterstore",
            "zlexcount",
            "zmpop",
            "zmscore",
            "zpopmax",
            "zpopmin",
            "zrandmember",
            "zrange",
            "zrangebylex",
            "zrangebyscore",
            "zrangestore",
            "zrank",
            "zrem",
            "zremrangebylex",
            "zremrangebyrank",
            "zremrangebyscore",
            "zrevrange",
            "zrevrangebylex",
            "zrevrangebyscore",
            "zrevrank",
            "zscan",
            "zscore",
            "zunion",
            "zunionstore",
        ],
    ),
    (
        "streams",
        &[
            "xack",
            "xadd",
            "xautoclaim",
            "xclaim",
            "xdel",
            "xgroup",
            "xinfo",
            "xlen",
            "xpending",
            "xrange",
            "xread",
            "xreadgroup",
            "xrevrange",
            "xsetid",
            "xtrim",
        ],
    ),
    (
        "geographic indexes",
        &[
            "geoadd",
            "geodist",
            "geohash",
            "geopos",
            "georadius",
            "georadius_ro",
            "georadiusbymember",
            "georadiusbymember_ro",
            "geosearch",
            "geosearchstore",
        ],
    ),
    ("bitmaps", &["bitcount", "bitfield", "bitfield_ro", "bitop", "bitpos", "getbit", "setbit"]),
    ("HyperLogLogs", &["pfadd", "pfcount", "pfdebug", "pfmerge", "pfselftest"]),
    ("scripts", &["eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro", "function", "script"]),
    ("modules", &["module"]),
    ("replication", &["failover", "psync", "replconf", "replicaof", "role", "slaveof", "sync", "waitaof"]),
    ("files", &["bgrewriteaof", "bgsave", "dump", "lastsave", "migrate", "restore", "restore-asking", "save"]),
    ("other databases", &["move", "swapdb"]),
    ("access control lists", &["acl"]),
    ("sharded channels", &["spublish", "ssubscribe", "sunsubscribe"]),
    ("sorting", &["sort", "sort_ro"]),
    (
        "times of expiry of fields",
        &[
            "hexpire",
            "hexpireat",
            "hexpiretime",
            "hgetdel",
            "hgetex",
            "hpersist",
            "hpexpire",
            "hpexpireat",
            "hpexpiretime",
            "hpttl",
            "hsetex",
            "httl",
        ],
    ),
];

/// What the command of that name needs, in any case; `None` for one that nobody has.
pub(super) fn left_out(name: &[u8]) -> Option<&'static str> {
    let is = |command: &&str| command.as_bytes().eq_ignore_ascii_case(name);
    LEFT_OUT.iter().find(|(_, commands)| commands.iter().any(&is)).map(|(what, _)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::command::lookup;

    #[test]
    fn each_is_named_once_and_not_there() {
        let mut names: Vec<&str> = LEFT_OUT.iter().flat_map(|(_, commands)| commands.iter().copied()).collect();
        for name in &names {
            assert!(lookup(name.as_bytes()).is_none(), "{name} is there");
            assert!(left_out(name.to_ascii_uppercase().as_bytes()).is_some());
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
