//! What a connection may do before it has said who it is.

mod common;

use common::{Bench, Client, options, packet};
use ringstone_engine::Protocol::{self, Auto};
use ringstone_engine::{ListenerOptions, ServerOptions};
use ringstone_net::{ConnectionId, ConnectionInfo, Service};

/// What may be spoken, by listener.
const PROTOCOLS: [Protocol; 3] = [Auto, Protocol::Memcached, Protocol::Resp];

fn bench(name: &str) -> Bench {
    let file = std::env::temp_dir().join(format!("ringstone-login-{name}-{}", std::process::id()));
    std::fs::write(&file, "ada:secret\ndefault:word\n").expect("writes");
    let [listener] = options().listeners.try_into().expect("one");
    let listeners = PROTOCOLS.map(|protocol| ListenerOptions { protocol, address: listener.address.clone() }).into();
    let bench = Bench::new(ServerOptions { auth_file: Some(file.clone()), listeners, ..options() });
    std::fs::remove_file(file).expect("removes");
    bench
}

/// A connection that was accepted.
fn accepted(bench: &mut Bench, protocol: Protocol) -> Client {
    let listener = PROTOCOLS.iter().position(|known| *known == protocol).expect("is listened for");
    let info = ConnectionInfo { id: ConnectionId(1), serial: 1, listener, peer: "".into(), local: "".into() };
    let mut client = Client::new(protocol);
    client.connection = bench.worker.open(&info, &mut client.output);
    client
}

/// A new one that sends this.
fn sent<'a>(bench: &mut Bench, protocol: Protocol, pieces: impl IntoIterator<Item = &'a [u8]>) -> Client {
    let mut client = accepted(bench, protocol);
    pieces.into_iter().for_each(|piece| client.send(&mut bench.worker, piece));
    client
}

fn array(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A pipeline does not wait for the answer to its AUTH.
#[test]
fn what_follows_a_login_in_one_piece_is_bound_by_what_a_user_is_bound_by() {
    for length in [70_000, 1 << 20] {
        let mut bench = bench(&format!("pipeline-{length}"));
        let value = vec![b'v'; length];
        let request = [array(&[b"AUTH", b"word"]), array(&[b"SET", b"k", &value])].concat();
        for piece in [request.len(), 100_000, 4096] {
            let mut client = sent(&mut bench, Auto, request.chunks(piece));
            client.send(&mut bench.worker, &array(&[b"STRLEN", b"k"]));
            assert_eq!(client.text(), format!("+OK\r\n+OK\r\n:{length}\r\n"), "in pieces of {piece}");
        }
    }
}

#[test]
fn nothing_is_done_for_who_has_not_said_who_it_is() {
    let mut bench = bench("nothing");
    let mut known = accepted(&mut bench, Auto);
    known.send(&mut bench.worker, b"AUTH ada secret\r\nSET k v\r\n");
    assert_eq!(known.take_text(), "+OK\r\n+OK\r\n");
    let large = array(&[b"SET", b"k", &vec![b'x'; 100_000]]);
    let requests: [(Protocol, &[u8]); 12] = [
        (Auto, b"SET k x\r\n"),
        (Auto, b"FLUSHALL\r\nMULTI\r\nSET k x\r\nEXEC\r\n"),
        (Auto, b"AUTH ada wrong\r\nSET k x\r\n"),
        (Auto, b"HELLO 3 AUTH ada wrong SETNAME me\r\nSET k x\r\n"),
        (Auto, b"RESET\r\nSET k x\r\n"),
        (Auto, b"AUTH word\r\nRESET\r\nDEL k\r\nCLIENT LIST\r\n"),
        (Auto, b"AUTH word\r\nMULTI\r\nRESET\r\nDEL k\r\nEXEC\r\n"),
        (Auto, &large),
        (Auto, b"set k 0 0 1\r\nx\r\nflush_all\r\nmn\r\nmd k\r\ndelete k\r\n"),
        (Auto, b"ms k 1\r\nx\r\nset k 0 0 6 noreply\r\nsecret\r\n"),
        (Protocol::Memcached, b"set auth 0 0 9\r\nada wrong\r\ndelete k\r\n"),
        (Protocol::Resp, b"SUBSCRIBE ch\r\nCLIENT TRACKING ON\r\nCONFIG SET maxmemory 1\r\nDEL k\r\n"),
    ];
    for (protocol, request) in requests {
        sent(&mut bench, protocol, [request]);
        sent(&mut bench, protocol, request.chunks(7));
        let asked = request.escape_ascii().to_string();
        known.send(&mut bench.worker, b"GET k\r\nPUBLISH ch m\r\n");
        assert_eq!(known.take_text(), "$1\r\nv\r\n:0\r\n", "{}", &asked[..asked.len().min(100)]);
    }
    for opcode in 0..=0x25 {
        let flood = [packet(opcode, b"", b"k", b""), packet(0x08, b"", b"", b"")].concat();
        assert!(sent(&mut bench, Auto, [&flood[..]]).closed);
        let set = packet(opcode, &[0; 8], b"k", &[b'x'; 100_000]);
        assert!(sent(&mut bench, Auto, [&set[..]]).closed);
        known.send(&mut bench.worker, b"GET k\r\n");
        assert_eq!(known.take_text(), "$1\r\nv\r\n", "{opcode}");
    }
}
