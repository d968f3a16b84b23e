//! Composers of both families, byte for byte.

use ringstone_protocol::Sink;
use ringstone_protocol::memcache::key::Key;
use ringstone_protocol::memcache::meta_reply::{self, Code, MetaLine};
use ringstone_protocol::memcache::reply as text;
use ringstone_protocol::resp::command::lookup;
use ringstone_protocol::resp::parse::{Args, ProtocolError};
use ringstone_protocol::resp::reply::{self as resp, Version};

fn composed(compose: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut reply = b"before ".to_vec();
    compose(&mut reply);
    reply.strip_prefix(b"before ").expect("a composer appends").to_vec()
}

#[test]
fn value_heads() {
    assert_eq!(composed(|sink| text::write_value_head(sink, b"a", 0, 5, None)), b"VALUE a 0 5\r\n");
    assert_eq!(composed(|sink| text::write_value_head(sink, b"a", 7, 0, Some(9))), b"VALUE a 7 0 9\r\n");
    // The longest of everything; keys of another protocol may be longer than this one's.
    for length in [1, 250, 251, 512, 513, 65_536] {
        let key = vec![b'k'; length];
        let head = composed(|sink| text::write_value_head(sink, &key, u32::MAX, usize::MAX, Some(u64::MAX)));
        let expected = [b"VALUE ", &key[..], b" 4294967295 18446744073709551615 18446744073709551615\r\n"].concat();
        assert_eq!(head, expected, "{length}");
    }
}

#[test]
fn numbers_and_statistics() {
    assert_eq!(composed(|sink| text::write_number(sink, 0)), b"0\r\n");
    assert_eq!(composed(|sink| text::write_number(sink, u64::MAX)), b"18446744073709551615\r\n");
    assert_eq!(composed(|sink| text::write_stat(sink, "pid", &17)), b"STAT pid 17\r\n");
    assert_eq!(composed(|sink| text::write_stat(sink, "time", &format_args!("{:.6}", 1.5))), b"STAT time 1.500000\r\n");
}

#[test]
fn constants_are_lines() {
    let lines = [
        text::STORED,
        text::NOT_STORED,
        text::EXISTS,
        text::NOT_FOUND,
        text::DELETED,
        text::TOUCHED,
        text::OK,
        text::END,
        text::RESET,
        text::LINE_END,
        text::ERROR,
        text::BAD_FORMAT,
        text::BAD_DELETE,
        text::BAD_DATA_CHUNK,
        text::BAD_DELTA,
        text::BAD_EXPTIME,
        text::LINE_TOO_LONG,
        text::NON_NUMERIC,
        text::TOO_LARGE,
        text::OUT_OF_MEMORY,
        text::IS_HASH,
        text::BAD_TOKEN,
        text::INVALID_FLAG,
        text::DUPLICATE_FLAG,
        text::BAD_META_FLAGS,
        text::TOO_MANY_FLAGS,
        text::OPAQUE_TOO_LONG,
        text::BAD_BASE64,
        text::BAD_SET_MODE,
        text::BAD_ARITHMETIC_MODE,
        text::BAD_INITIAL,
        text::BAD_META_DELTA,
        text::META_NO_OP,
        text::META_MISS,
    ];
    for line in lines {
        assert!(line.ends_with(b"\r\n") && !line[..line.len() - 2].contains(&b'\n'), "{}", line.escape_ascii());
    }
}

#[test]
fn resp_scalars() {
    assert_eq!(composed(|sink| resp::simple(sink, "OK")), b"+OK\r\n");
    assert_eq!(composed(|sink| resp::error(sink, "ERR no")), b"-ERR no\r\n");
    assert_eq!(composed(|sink| resp::error(sink, "ERR a\r\nb\n")), b"-ERR a  b \r\n");
    assert_eq!(composed(|sink| resp::integer(sink, i64::MIN)), b":-9223372036854775808\r\n");
    assert_eq!(composed(|sink| resp::integer(sink, i64::MAX)), b":9223372036854775807\r\n");
    assert_eq!(composed(|sink| resp::null(sink, Version::Resp2)), b"$-1\r\n");
    assert_eq!(composed(|sink| resp::null(sink, Version::Resp3)), b"_\r\n");
}

#[test]
fn resp_bulks() {
    for length in [0, 1, 511, 512, 513, 100_000] {
        let bytes = vec![b'\r'; length];
        let expected = [format!("${length}\r\n").as_bytes(), &bytes, b"\r\n"].concat();
        assert_eq!(composed(|sink| resp::bulk(sink, &bytes)), expected, "{length}");
    }
    assert_eq!(composed(|sink| resp::bulk_head(sink, usize::MAX)), b"$18446744073709551615\r\n");
    assert_eq!(composed(|sink| resp::verbatim(sink, "ab", Version::Resp2)), b"$2\r\nab\r\n");
    assert_eq!(composed(|sink| resp::verbatim(sink, "ab", Version::Resp3)), b"=6\r\ntxt:ab\r\n");
}

#[test]
fn resp_aggregates() {
    assert_eq!(composed(|sink| resp::array(sink, 0)), b"*0\r\n");
    assert_eq!(composed(|sink| resp::map(sink, 3, Version::Resp2)), b"*6\r\n");
    assert_eq!(composed(|sink| resp::map(sink, 3, Version::Resp3)), b"%3\r\n");
    assert_eq!(composed(|sink| resp::set(sink, 3, Version::Resp2)), b"*3\r\n");
    assert_eq!(composed(|sink| resp::set(sink, 3, Version::Resp3)), b"~3\r\n");
}

#[test]
fn protocol_errors() {
    let table: &[(ProtocolError, &[u8])] = &[
        (ProtocolError::InvalidMultibulkLength, b"invalid multibulk length"),
        (ProtocolError::InvalidBulkLength, b"invalid bulk length"),
        (ProtocolError::ExpectedDollar(b'x'), b"expected '$', got 'x'"),
        (ProtocolError::ExpectedDollar(b'\r'), b"expected '$', got ' '"),
        (ProtocolError::ExpectedDollar(0xff), b"expected '$', got '\xff'"),
        (ProtocolError::TooBigInline, b"too big inline request"),
        (ProtocolError::TooBigBulkCount, b"too big bulk count string"),
        (ProtocolError::TooBigMultibulkCount, b"too big mbulk count string"),
        (ProtocolError::UnbalancedQuotes, b"unbalanced quotes in request"),
        (ProtocolError::MissingCrlf, b"bulk not followed by CRLF"),
    ];
    for (error, text) in table {
        let expected = [b"-ERR Protocol error: ", *text, b"\r\n"].concat();
        assert_eq!(composed(|sink| resp::protocol_error(sink, *error)), expected, "{error:?}");
    }
}

/// Observed on Redis 7.0.15.
#[test]
fn commands_that_are_refused() {
    let unknown = |words: &[&[u8]]| composed(|sink| resp::unknown_command(sink, Args::List(words)));
    let (x, y) = ([b'x'; 200], [b'y'; 200]);
    /// What is sent, the name that is shown, the arguments that are.
    type Row<'a> = (&'a [&'a [u8]], &'a str, &'a [&'a [u8]]);
    let table: &[Row<'_>] = &[
        (&[b"foo"], "foo", &[]),
        (&[b"foo", b"a", b"", b"c"], "foo", &[b"a", b"", b"c"]),
        (&[b"fo\ro", b"a\nb"], "fo o", &[b"a b"]),
        (&[b"foo", &y], "foo", &[&y[..128]]),
        (&[b"foo", &y[..128], b"q"], "foo", &[&y[..128]]),
        (&[b"foo", &y[..125], b"q", b"r"], "foo", &[&y[..125]]),
        (&[b"foo", &y[..124], b"qq", b"r"], "foo", &[&y[..124], b"q"]),
        (&[b"foo", &y[..50], &x[..60], &y[..70], b"v"], "foo", &[&y[..50], &x[..60], &y[..12]]),
    ];
    for (words, name, shown) in table {
        let mut expected = format!("-ERR unknown command '{name}', with args beginning with: ").into_bytes();
        for word in *shown {
            expected.extend_from_slice(&[b"'", *word, b"' "].concat());
        }
        expected.extend_from_slice(b"\r\n");
        assert_eq!(unknown(words), expected);
    }
    let long = unknown(&[&x]);
    assert_eq!(long, [b"-ERR unknown command '", &x[..128], b"', with args beginning with: \r\n"].concat());
    // Of what Redis has and Ringstone has not, it says what that is.
    assert_eq!(unknown(&[b"LPush", b"k", b"v"]), b"-ERR unknown command 'LPush', Ringstone has no lists\r\n");
    assert_eq!(unknown(&[b"ZADD"]), b"-ERR unknown command 'ZADD', Ringstone has no sorted sets\r\n");
    let subcommand = |word: &[u8]| composed(|sink| resp::unknown_subcommand(sink, lookup(b"object").unwrap(), word));
    assert_eq!(subcommand(b"f\no"), b"-ERR unknown subcommand 'f o'. Try OBJECT HELP.\r\n");
    assert_eq!(subcommand(&x), [b"-ERR unknown subcommand '", &x[..128], b"'. Try OBJECT HELP.\r\n"].concat());
    let get = lookup(b"GeT").unwrap();
    let wrong = composed(|sink| resp::wrong_arguments(sink, get));
    assert_eq!(wrong, b"-ERR wrong number of arguments for 'get' command\r\n");
}

#[test]
fn a_vector_is_a_sink() {
    let mut sink = b"a".to_vec();
    let room = sink.room(10);
    assert!(room.len() >= 10);
    room[..3].copy_from_slice(b"bcd");
    sink.commit(2);
    sink.write(b"!");
    assert_eq!(sink, b"abc!");
    let _ = sink.room(5);
    sink.commit(0);
    assert_eq!(sink, b"abc!");
}

#[test]
#[should_panic(expected = "without its room")]
fn more_than_the_room_cannot_be_committed() {
    let mut sink = Vec::new();
    let _ = sink.room(4);
    sink.commit(5);
}

#[test]
fn meta_lines() {
    let composed = |compose: &dyn Fn(&mut [u8]) -> usize| {
        let mut room = [0; meta_reply::MAX_LINE];
        let length = compose(&mut room);
        room[..length].escape_ascii().to_string()
    };
    for (code, word) in [
        (Code::Done, "HD\\r\\n"),
        (Code::Miss, "EN\\r\\n"),
        (Code::NotFound, "NF\\r\\n"),
        (Code::NotStored, "NS\\r\\n"),
        (Code::Exists, "EX\\r\\n"),
    ] {
        assert_eq!(composed(&|room| MetaLine::new(room, code).end()), word);
    }
    let key = "k".repeat(250);
    let longest = composed(&|room| {
        let mut line = MetaLine::with_value(room, usize::MAX);
        for letter in *b"sftlch" {
            line.number(letter, u64::MAX);
        }
        line.number(b't', -1);
        line.key(&Key::plain(key.as_bytes()));
        line.opaque(&[b'o'; 31]);
        b"ZXW".iter().for_each(|&mark| line.mark(mark));
        line.end()
    });
    let number = u64::MAX;
    let numbers: String = "sftlch".chars().map(|letter| format!(" {letter}{number}")).collect();
    assert_eq!(longest, format!("VA {number}{numbers} t-1 k{key} O{} Z X W\\r\\n", "o".repeat(31)));
}
