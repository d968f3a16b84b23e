//! The two protocols that measure the network.

use ringstone_protocol::{echo, ping};

#[test]
fn ping_lines() {
    use ping::Parsed::{Incomplete, Ping, Quit, Unknown};
    let table: &[(&[u8], ping::Parsed<'_>)] = &[
        (b"", Incomplete),
        (b"PING\r\n", Ping { message: b"", consumed: 6 }),
        (b"ping\nPING\n", Ping { message: b"", consumed: 5 }),
        (b"PiNg hello  you \r\n", Ping { message: b"hello  you ", consumed: 18 }),
        (b"PING \r\n", Ping { message: b"", consumed: 7 }),
        (b"PING a\rb\r\n", Ping { message: b"a\rb", consumed: 10 }),
        (b"QUIT\r\n", Quit { consumed: 6 }),
        (b"quit now\r\n", Quit { consumed: 10 }),
        (b"PINGS\r\n", Unknown { consumed: 7 }),
        (b"\r\n", Unknown { consumed: 2 }),
        (b"\n", Unknown { consumed: 1 }),
        (b" PING\r\n", Unknown { consumed: 7 }),
    ];
    for (input, expected) in table {
        assert_eq!(ping::parse(input), *expected, "{}", input.escape_ascii());
        let end = memchr::memchr(b'\n', input).unwrap_or(input.len());
        for at in 0..end {
            assert_eq!(ping::parse(&input[..at]), Incomplete);
        }
    }
}

#[test]
fn ping_bounds_its_line() {
    let mut line = b"PING ".to_vec();
    line.resize(ping::MAX_LINE, b'x');
    assert_eq!(ping::parse(&line), ping::Parsed::Incomplete);
    let longest = [&line[..], b"\n"].concat();
    assert_eq!(ping::parse(&longest), ping::Parsed::Ping { message: &line[5..], consumed: line.len() + 1 });
    let longer = [&line[..], b"x"].concat();
    assert_eq!(ping::parse(&longer), ping::Parsed::TooLong);
    assert_eq!(ping::parse(&[&longer[..], b"\n"].concat()), ping::Parsed::TooLong, "however it is split");
}

#[test]
fn echo_headers() {
    use echo::Parsed::{Header, Incomplete, Invalid, TooLarge};
    const MAX: usize = 1000;
    let table: &[(&[u8], echo::Parsed)] = &[
        (b"", Incomplete),
        (b"5", Incomplete),
        (b"5\r", Incomplete),
        (b"5\r\nhello", Header { length: 5, consumed: 3 }),
        (b"5\nhello", Header { length: 5, consumed: 2 }),
        (b"0\r\n", Header { length: 0, consumed: 3 }),
        (b"0005\r\n", Header { length: 5, consumed: 6 }),
        (b"00000000000000000005\r\n", Header { length: 5, consumed: 22 }),
        (b"000000000000000000005\r\n", Invalid),
        (b"000000000000000000005\n", Invalid),
        (b"1000\r\n", Header { length: 1000, consumed: 6 }),
        (b"1001\r\n", TooLarge { length: 1001, consumed: 6 }),
        (b"18446744073709551615\r\n", TooLarge { length: u64::MAX, consumed: 22 }),
        (b"18446744073709551616\r\n", Invalid),
        (b"\r\n", Invalid),
        (b"\n", Invalid),
        (b"-1\r\n", Invalid),
        (b"+1\r\n", Invalid),
        (b"1 \r\n", Invalid),
        (b"1\r\r\n", Invalid),
        (b"x", Invalid),
        (b"111111111111111111111", Invalid),
    ];
    for (input, expected) in table {
        assert_eq!(echo::parse(input, MAX), *expected, "{}", input.escape_ascii());
        // A shorter piece is undecided, or already what the whole one is.
        for at in 0..input.len() {
            let early = echo::parse(&input[..at], MAX);
            assert!(early == Incomplete || early == *expected, "{}", input[..at].escape_ascii());
        }
    }
}
