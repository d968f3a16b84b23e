//! The table of commands: lookup, arity, and what COMMAND says of it.

use ringstone_protocol::resp::command::{Command, SUBCOMMANDS, Spec, TABLE, lookup};
use ringstone_protocol::resp::reply::{Version, command_docs, command_info};

#[test]
fn every_name_is_found_in_any_case() {
    for (row, spec) in TABLE.iter().enumerate() {
        assert_eq!(spec.id as usize, row, "rows are in the order of Command");
        let mixed: String =
            spec.name.char_indices().map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c }).collect();
        for name in [spec.name.to_owned(), spec.name.to_ascii_uppercase(), mixed] {
            assert_eq!(lookup(name.as_bytes()).map(|found| found.id), Some(spec.id), "{name}");
        }
    }
}

#[test]
fn nothing_else_is_found() {
    let mut others: Vec<Vec<u8>> = vec![Vec::new(), vec![b'x'; 17], vec![0; 16], vec![b' '; 4], vec![b'a'; 100_000]];
    for spec in TABLE {
        let name = spec.name.as_bytes();
        for at in 0..name.len() {
            // Every other byte in every place, among them those that differ in the case bit alone.
            for byte in 0..=u8::MAX {
                if !byte.eq_ignore_ascii_case(&name[at]) {
                    let mut other = name.to_vec();
                    other[at] = byte;
                    others.push(other);
                }
            }
            others.push(name[..at].to_vec());
        }
        for byte in [0, b' ', b's', b'\r', 0xff] {
            others.push([name, &[byte]].concat());
            others.push([&[byte], name].concat());
        }
        others.push([name, name, name].concat());
        others.push([name, &[0; 9]].concat());
    }
    for other in others {
        let expected = TABLE.iter().find(|spec| spec.name.as_bytes().eq_ignore_ascii_case(&other));
        assert_eq!(lookup(&other).map(|spec| spec.id), expected.map(|spec| spec.id), "{}", other.escape_ascii());
    }
}

#[test]
fn rows_are_consistent() {
    const GROUPS: [&str; 8] =
        ["connection", "server", "string", "generic", "pubsub", "hash", "transactions", "cluster"];
    for spec in TABLE.iter().chain(SUBCOMMANDS) {
        let Spec { name, flags, .. } = spec;
        assert!(spec.arity != 0 && !spec.summary.is_empty() && !spec.since.is_empty() && !spec.complexity.is_empty());
        assert!(GROUPS.contains(&spec.group), "{name}");
        assert_eq!(flags.contains(&"fast"), spec.categories.contains(&"@fast"), "{name}");
        assert_ne!(spec.categories.contains(&"@fast"), spec.categories.contains(&"@slow"), "{name}");
        assert_eq!(flags.contains(&"write"), spec.categories.contains(&"@write"), "{name}");
        assert_eq!(flags.contains(&"readonly"), spec.categories.contains(&"@read"), "{name}");
        let keyless = spec.first_key == 0;
        assert_eq!(keyless, spec.last_key == 0 && spec.key_step == 0 && spec.key_flags.is_empty(), "{name}");
        assert!(keyless || spec.arity.unsigned_abs() > spec.first_key.unsigned_abs(), "{name}: the key is required");
        assert!(spec.second_key_flags.is_empty() || spec.last_key == spec.first_key + 1, "{name}");
    }
}

#[test]
fn arities() {
    let row = |command: Command| &TABLE[command as usize];
    assert!(row(Command::Get).accepts(2) && !row(Command::Get).accepts(1) && !row(Command::Get).accepts(3));
    assert!(row(Command::Set).accepts(3) && row(Command::Set).accepts(9) && !row(Command::Set).accepts(2));
    assert!(row(Command::Ping).accepts(1) && row(Command::Ping).accepts(2));
}

/// What a server answers, written with blanks for line ends.
fn wire(compose: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut reply = Vec::new();
    compose(&mut reply);
    String::from_utf8(reply).unwrap().replace("\r\n", " ")
}

#[test]
fn command_info_is_that_of_redis_7() {
    // Observed, but for what the last element of a container holds.
    let get = &TABLE[Command::Get as usize];
    assert_eq!(
        wire(|reply| command_info(reply, get, Version::Resp3)),
        "*10 $3 get :2 ~2 +readonly +fast :1 :1 :1 ~3 +@read +@string +@fast ~0 ~1 %3 $5 flags ~2 +RO +access \
         $12 begin_search %2 $4 type $5 index $4 spec %1 $5 index :1 \
         $9 find_keys %2 $4 type $5 range $4 spec %3 $7 lastkey :0 $7 keystep :1 $5 limit :0 ~0 "
    );
    let mset = &TABLE[Command::MSet as usize];
    assert_eq!(
        wire(|reply| command_info(reply, mset, Version::Resp2)),
        "*10 $4 mset :-3 *2 +write +denyoom :1 :-1 :2 *3 +@write +@string +@slow \
         *2 $26 request_policy:multi_shard $29 response_policy:all_succeeded *1 *6 $5 flags *2 +OW +update \
         $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 \
         $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :-1 $7 keystep :2 $5 limit :0 *0 "
    );
    let renamenx = &TABLE[Command::RenameNx as usize];
    assert_eq!(
        wire(|reply| command_info(reply, renamenx, Version::Resp2)),
        "*10 $8 renamenx :3 *2 +write +fast :1 :2 :1 *3 +@keyspace +@write +@fast *0 \
         *2 *6 $5 flags *3 +RW +access +delete $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 \
         $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 \
         *6 $5 flags *2 +OW +insert $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :2 \
         $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0 "
    );
    let dbsize = &TABLE[Command::DbSize as usize];
    assert_eq!(
        wire(|reply| command_info(reply, dbsize, Version::Resp3)),
        "*10 $6 dbsize :1 ~2 +readonly +fast :0 :0 :0 ~3 +@keyspace +@read +@fast \
         ~2 $25 request_policy:all_shards $23 response_policy:agg_sum ~0 ~0 "
    );
}

#[test]
fn command_docs_has_a_name_and_a_map() {
    let ttl = &TABLE[Command::Ttl as usize];
    let entries = "$7 summary $45 Returns the time to live of a key in seconds. $5 since $5 1.0.0 \
                   $5 group $7 generic $10 complexity $4 O(1) ";
    assert_eq!(wire(|reply| command_docs(reply, ttl, Version::Resp3)), format!("$3 ttl %4 {entries}"));
    assert_eq!(wire(|reply| command_docs(reply, ttl, Version::Resp2)), format!("$3 ttl *8 {entries}"));
}
