//! Every stream of requests is answered alike, however its bytes are cut.

mod common;

use common::{Bench, Client, START_MS, options, packet, without_tokens};
use ringstone_engine::Protocol;

const STREAMS: &[(&str, &[u8])] = &[
    (
        "memcached storage",
        b"set a 5 0 3\r\none\r\nadd a 0 0 1\r\nx\r\nadd b 0 0 1\r\ny\r\nreplace c 0 0 1\r\nz\r\nappend a 0 0 2\r\n!!\r\n\
          prepend a 0 0 2\r\n<<\r\nget a b c\r\ncas a 0 0 1 1\r\nq\r\ncas zz 0 0 1 1\r\nq\r\n",
    ),
    (
        "memcached numbers and times",
        b"set n 0 0 2\r\n10\r\nincr n 5\r\ndecr n 20\r\nincr missing 1\r\nincr n x\r\nset t 0 0 1\r\nv\r\nincr t 1\r\n\
          touch t 100\r\ntouch nope 1\r\ngat 50 t n\r\nset gone 0 -1 1\r\nx\r\nget gone\r\ndelete t\r\ndelete t\r\n",
    ),
    (
        "memcached noreply and errors",
        b"set a 0 0 1 noreply\r\n1\r\nget a\r\nbogus\r\nget\r\nset a 0 0 abc\r\ndelete a noreply\r\nget a\r\n\
          set a 0 0 1\r\ntoo long\r\nversion\r\nverbosity 1\r\nflush_all\r\nget a\r\nquit\r\n",
    ),
    (
        "resp strings",
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*2\r\n$3\r\nGET\r\n$1\r\nx\r\n\
          *5\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nw\r\n$2\r\nNX\r\n$3\r\nGET\r\n*4\r\n$4\r\nMGET\r\n$1\r\nk\r\n$1\r\nx\r\n$1\r\nk\r\n\
          *5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*3\r\n$6\r\nDECRBY\r\n$1\r\nb\r\n$1\r\n9\r\n\
          *3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$2\r\n++\r\n*2\r\n$6\r\nSTRLEN\r\n$1\r\nk\r\n*3\r\n$3\r\nDEL\r\n$1\r\nk\r\n$1\r\nk\r\n",
    ),
    (
        "resp keys and errors",
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*3\r\n$6\r\nEXPIRE\r\n$1\r\nk\r\n$3\r\n100\r\n*2\r\n$3\r\nTTL\r\n$1\r\nk\r\n\
          *2\r\n$7\r\nPERSIST\r\n$1\r\nk\r\n*2\r\n$4\r\nPTTL\r\n$1\r\nk\r\n*2\r\n$4\r\nTYPE\r\n$1\r\nk\r\n*1\r\n$6\r\nDBSIZE\r\n\
          *1\r\n$3\r\nGET\r\n*1\r\n$5\r\nBOGUS\r\n*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n*1\r\n$8\r\nFLUSHALL\r\n*1\r\n$6\r\nDBSIZE\r\n",
    ),
    (
        "resp connection",
        b"PING\r\n*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*2\r\n$3\r\nGET\r\n$4\r\nnone\r\n*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n\
          *3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$3\r\nbob\r\n*2\r\n$6\r\nCLIENT\r\n$7\r\nGETNAME\r\n\
          *2\r\n$6\r\nSELECT\r\n$1\r\n1\r\nECHO \"a b\"\r\n*1\r\n$5\r\nRESET\r\n*1\r\n$4\r\nQUIT\r\n",
    ),
    ("resp protocol error", b"*1\r\n$4\r\nPING\r\n*1\r\n+PING\r\n*1\r\n$4\r\nPING\r\n"),
];

fn shown(client: &Client) -> String {
    String::from_utf8_lossy(&without_tokens(&client.replies)).into_owned()
}

fn check(name: &str, protocol: Protocol, stream: &[u8]) {
    let mut bench = Bench::new(options());
    let fresh = |bench: &mut Bench| {
        bench.shared.store.flush(START_MS, START_MS);
        assert_eq!(bench.shared.store.len(), 0);
    };
    let whole = bench.whole(protocol, stream);
    assert!(!whole.replies.is_empty());
    for at in 1..stream.len() {
        fresh(&mut bench);
        let cut = bench.pieces(protocol, [&stream[..at], &stream[at..]]);
        assert_eq!(shown(&cut), shown(&whole), "{name}, cut at {at}");
        assert_eq!(cut.closed, whole.closed, "{name}, cut at {at}");
    }
    fresh(&mut bench);
    let bytes = bench.pieces(protocol, stream.chunks(1));
    assert_eq!(shown(&bytes), shown(&whole), "{name}, byte by byte");
}

#[test]
fn any_cut_gives_the_same_replies() {
    for (name, stream) in STREAMS {
        check(name, Protocol::Auto, stream);
    }
}

#[test]
fn binary_requests_do_not_mind_cuts() {
    let (noop, counting) = (packet(0x0a, b"", b"", b""), [&[0; 7][..], b"\x01", &[0; 7], b"\x2a", &[0; 4]].concat());
    let token = |mut packet: Vec<u8>| {
        packet[16] = 0x7f;
        packet
    };
    let stream = [
        packet(0x01, &[5; 8], b"k", b"one"),
        packet(0x00, b"", b"k", b""),
        packet(0x0d, b"", b"none", b""),
        packet(0x0e, b"", b"k", b"!!"),
        packet(0x0c, b"", b"k", b""),
        token(packet(0x01, &[0; 8], b"k", b"x")),
        packet(0x05, &counting, b"n", b""),
        packet(0x05, &counting, b"n", b""),
        packet(0x1d, &[0; 4], b"n", b""),
        packet(0x77, b"extras", b"key", b"value"),
        packet(0x10, b"", b"nonsense", b"with a value"),
        noop.clone(),
        packet(0x00, b"", b"", b""),
        noop,
    ];
    check("binary", Protocol::Auto, &stream.concat());
    check("binary", Protocol::Memcached, &stream.concat());
}

#[test]
fn ping_and_echo_do_not_mind_cuts() {
    check("ping", Protocol::Ping, b"PING\r\nping hello world\r\nwhat\r\nPING\nQUIT\r\nPING\r\n");
    check("echo", Protocol::Echo, b"5\r\nhello0\r\n3\r\na\r\n99999999999\r\n");
}

#[test]
fn every_request_of_a_pipeline_is_answered_in_one_turn() {
    let mut bench = Bench::new(options());
    let client = bench.whole(Protocol::Auto, &b"get x\r\n".repeat(5000));
    assert_eq!(client.replies, b"END\r\n".repeat(5000));
}
