//! A small memcached of the tests' own, which can misbehave.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use ringstone_load::Target;

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// Serves it.
    Well,
    /// Serves it, a byte at a time.
    Dribble,
    /// Answers so much instead.
    Say(&'static str),
    /// Closes the connection.
    Close,
    /// Never answers again on this connection.
    Silence,
}

/// What it has seen.
#[derive(Default)]
pub struct Seen {
    /// Keys that were asked for.
    pub gets: AtomicU64,
    pub sets: AtomicU64,
    pub connections: AtomicU64,
    requests: AtomicU64,
    items: Mutex<HashMap<String, Vec<u8>>>,
}

impl Seen {
    /// Items it holds.
    pub fn items(&self) -> usize {
        self.items.lock().unwrap().len()
    }
}

/// Conduct by the number of the request, over all connections, from 0.
pub type Rule = fn(u64) -> Conduct;

/// Listens on a free port. Its threads end with their connections or with the test's process.
pub fn serve_tcp(rule: Rule) -> (Target, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::Tcp(listener.local_addr().unwrap());
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Each reply is written by itself; Nagle's algorithm would hold it back.
            stream.set_nodelay(true).unwrap();
            let (reader, shared) = (stream.try_clone().unwrap(), Arc::clone(&shared));
            thread::spawn(move || serve(BufReader::new(reader), stream, &shared, rule));
        }
    });
    (target, seen)
}

/// Listens on a unix socket.
pub fn serve_unix(path: &Path, rule: Rule) -> (Target, Arc<Seen>) {
    let listener = UnixListener::bind(path).unwrap();
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (reader, shared) = (stream.try_clone().unwrap(), Arc::clone(&shared));
            thread::spawn(move || serve(BufReader::new(reader), stream, &shared, rule));
        }
    });
    (Target::Unix(path.to_owned()), seen)
}

fn serve(mut input: impl BufRead, mut output: impl Write, seen: &Seen, rule: Rule) {
    seen.connections.fetch_add(1, Ordering::SeqCst);
    let mut line = String::new();
    while input.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let reply = match words[..] {
            ["get", ref keys @ ..] => get(seen, keys),
            ["set", key, "0", "0", size] => {
                let mut value = vec![0; size.parse::<usize>().unwrap() + 2];
                input.read_exact(&mut value).unwrap();
                set(seen, key, value)
            }
            _ => b"ERROR\r\n".to_vec(),
        };
        line.clear();
        let sent = match rule(seen.requests.fetch_add(1, Ordering::SeqCst)) {
            Conduct::Well => output.write_all(&reply),
            Conduct::Dribble => reply.chunks(1).try_for_each(|byte| output.write_all(byte)),
            Conduct::Say(words) => output.write_all(words.as_bytes()),
            Conduct::Close => return,
            Conduct::Silence => {
                // Until the other side has enough of it.
                input.read_to_end(&mut Vec::new()).ok();
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn get(seen: &Seen, keys: &[&str]) -> Vec<u8> {
    seen.gets.fetch_add(keys.len() as u64, Ordering::SeqCst);
    let items = seen.items.lock().unwrap();
    let mut reply = Vec::new();
    for (key, value) in keys.iter().filter_map(|&key| Some((key, items.get(key)?))) {
        reply.extend_from_slice(format!("VALUE {key} 0 {}\r\n", value.len() - 2).as_bytes());
        reply.extend_from_slice(value);
    }
    [&reply, &b"END\r\n"[..]].concat()
}

fn set(seen: &Seen, key: &str, value: Vec<u8>) -> Vec<u8> {
    assert!(value.ends_with(b"\r\n"));
    seen.sets.fetch_add(1, Ordering::SeqCst);
    seen.items.lock().unwrap().insert(key.to_owned(), value);
    b"STORED\r\n".to_vec()
}
