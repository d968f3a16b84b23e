//! Telling the protocols apart by a first word, whole or not.

use ringstone_protocol::detect::{Detected, detect};

#[test]
fn first_words() {
    use Detected::{Binary, Memcache, More, Resp};
    let table: &[(&[u8], Detected)] = &[
        (b"", More),
        (b"*", Resp),
        (b"*1\r\n", Resp),
        (b" *1\r\n", Memcache),
        (b"get a\r\n", Memcache),
        (b"set a 0 0 1\r\n", Memcache),
        (b"quit\r\n", Memcache),
        (b"incr a 1\r\n", Memcache),
        (b"version\r\n", Memcache),
        (b"mg a v\r\n", Memcache),
        (b"  get a\r\n", Memcache),
        (b"GET a\r\n", Resp),
        (b"Get a\r\n", Resp),
        (b"PING\r\n", Resp),
        (b"ping\n", Resp),
        (b"info\r\n", Resp),
        (b"del a\r\n", Resp),
        (b"QUIT\r\n", Resp),
        (b"HELLO 3\r\n", Resp),
        (b"\r\n", Memcache),
        (b"foo\r\n", Memcache),
        (b"\x80", Binary),
        (b"\x80\x00\x00\x00 ", Binary),
        (b" \x80\x00\x00\x00 ", Memcache),
        (b"\x81\x00\x00\x00 ", Memcache),
        (b"xxxxxxxxxxxxxxxx", More),
        (b"xxxxxxxxxxxxxxxxx", Memcache),
        (b"PIN", More),
        (b"PING", More),
        (b"   ", More),
    ];
    for (input, expected) in table {
        assert_eq!(detect(input), *expected, "{}", input.escape_ascii());
        // Once decided, more bytes do not change it.
        for end in 0..input.len() {
            let early = detect(&input[..end]);
            assert!(early == More || early == *expected, "{}", input[..end].escape_ascii());
        }
    }
    // Whatever RESP has by the same name, in small letters it is memcached's.
    let words = "get gets gat gats bget set add replace append prepend cas delete incr decr touch flush_all version stats verbosity quit \
                 mg ms md ma mn me lru_crawler slabs cache_memlimit watch shutdown";
    for word in words.split_ascii_whitespace() {
        assert_eq!(detect(format!("{word} a\r\n").as_bytes()), Memcache, "{word}");
    }
    assert_eq!(detect(&[b' '; 5000]), Memcache, "endless spaces are decided");
}
