//! Reads what a RESP3 connection gets: replies and, between them, pushes.

/// One thing that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// A bulk string.
    Bulk(Vec<u8>),
    /// Null.
    Null,
    /// A status, an error or a number, with its type's byte.
    Line(String),
    /// An array.
    Array(Vec<Got>),
    /// A push.
    Push(Vec<Got>),
}

/// Takes the first whole thing of `bytes`, and how long it is.
pub fn parse(bytes: &[u8]) -> Option<(Got, usize)> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let (kind, line, mut at) = (*bytes.first()?, &bytes[1..end], end + 2);
    let number = || std::str::from_utf8(line).ok()?.parse::<i64>().ok();
    let got = match kind {
        b'_' => Got::Null,
        b'$' | b'*' if line == b"-1" => Got::Null,
        b'$' => {
            let length = number()? as usize;
            let value = bytes.get(at..at + length)?.to_vec();
            bytes.get(at + length..at + length + 2)?;
            at += length + 2;
            Got::Bulk(value)
        }
        b'*' | b'>' => {
            let mut elements = Vec::new();
            for _ in 0..number()? {
                let (element, length) = parse(bytes.get(at..)?)?;
                elements.push(element);
                at += length;
            }
            if kind == b'>' { Got::Push(elements) } else { Got::Array(elements) }
        }
        b'+' | b'-' | b':' => Got::Line(String::from_utf8_lossy(&bytes[..end]).into_owned()),
        other => panic!("{} is no type", other as char),
    };
    Some((got, at))
}

/// Takes all that is whole off the front of `bytes`.
pub fn take_all(bytes: &mut Vec<u8>) -> Vec<Got> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some((got, length)) = parse(&bytes[at..]) {
        all.push(got);
        at += length;
    }
    bytes.drain(..at);
    all
}

/// A cache that is kept by invalidations, as a client keeps one.
#[derive(Default)]
pub struct Copies {
    /// Values by key; `None` for a key that is not there.
    pub of: std::collections::HashMap<String, Option<Vec<u8>>>,
    /// Invalidations that came.
    pub invalidations: u64,
}

impl Copies {
    /// Takes in what came while the value of `asked` was awaited; true if it was among it. A reply that comes after an
    /// invalidation is newer.
    pub fn take_in(&mut self, asked: Option<&str>, all: Vec<Got>) -> bool {
        let mut answered = false;
        for got in all {
            match got {
                Got::Push(push) => self.forget(&push),
                Got::Bulk(value) => {
                    self.of.insert(asked.expect("a reply is awaited").to_owned(), Some(value));
                    answered = true;
                }
                Got::Null => {
                    self.of.insert(asked.expect("a reply is awaited").to_owned(), None);
                    answered = true;
                }
                other => panic!("{other:?} was not asked for"),
            }
        }
        answered
    }

    fn forget(&mut self, push: &[Got]) {
        assert_eq!(push[0], Got::Bulk(b"invalidate".to_vec()));
        self.invalidations += 1;
        match &push[1] {
            Got::Null => self.of.clear(),
            Got::Array(keys) => {
                for key in keys {
                    let Got::Bulk(key) = key else { panic!("{key:?} is no key") };
                    self.of.remove(std::str::from_utf8(key).expect("text"));
                }
            }
            other => panic!("{other:?} is not invalidated"),
        }
    }
}
