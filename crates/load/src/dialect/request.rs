//! Requests as bytes, from parts that are made once.

use std::collections::VecDeque;

use crate::workload::{Kind, Request};
use crate::{Keys, Options, Protocol};

/// Bytes by which the starts of values differ, so that not all of a size are the same.
const VALUE_SHIFTS: usize = 64;

/// Writes requests.
pub(crate) struct Encoder {
    keys: Keys,
    /// Before the first key of a get.
    get: Vec<u8>,
    /// Before each further key of a get.
    next_key: Vec<u8>,
    /// Before the key of a set.
    set: Vec<u8>,
    /// Between the key of a set and the length of its value.
    length: &'static [u8],
    /// What values are cut from: no line ends, not compressible.
    values: Vec<u8>,
}

impl Encoder {
    /// For the options' protocol, keys and values.
    pub(crate) fn new(options: &Options) -> Self {
        let keys = Keys::new(&options.key_prefix, options.key_size);
        let size = keys.size();
        let keys_per_get = options.keys_per_get;
        let (get, next_key, set, length): (_, _, _, &[u8]) = match options.protocol {
            Protocol::Memcached => ("get ".to_owned(), " ".to_owned(), "set ".to_owned(), b" 0 0 "),
            Protocol::Resp => (
                if keys_per_get == 1 {
                    format!("*2\r\n$3\r\nGET\r\n${size}\r\n")
                } else {
                    format!("*{}\r\n$4\r\nMGET\r\n${size}\r\n", keys_per_get + 1)
                },
                format!("\r\n${size}\r\n"),
                format!("*3\r\n$3\r\nSET\r\n${size}\r\n"),
                b"\r\n$",
            ),
        };
        let mut random = fastrand::Rng::with_seed(options.seed);
        let values = (0..options.max_value_size + VALUE_SHIFTS).map(|_| random.alphanumeric() as u8).collect();
        Self { keys, get: get.into(), next_key: next_key.into(), set: set.into(), length, values }
    }

    /// What it writes keys with.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Appends a request, the numbers of whose keys are the last in `numbers`.
    #[inline]
    pub(crate) fn append(&self, request: &Request, numbers: &VecDeque<u64>, to: &mut Vec<u8>) {
        let first = numbers.len() - request.keys;
        match request.kind {
            Kind::Get => {
                to.extend_from_slice(&self.get);
                self.keys.append(numbers[first], to);
                for &number in numbers.range(first + 1..) {
                    to.extend_from_slice(&self.next_key);
                    self.keys.append(number, to);
                }
            }
            Kind::Set => {
                to.extend_from_slice(&self.set);
                self.keys.append(numbers[first], to);
                to.extend_from_slice(self.length);
                to.extend_from_slice(itoa::Buffer::new().format(request.value_size).as_bytes());
                to.extend_from_slice(b"\r\n");
                let shift = numbers[first] as usize % VALUE_SHIFTS;
                to.extend_from_slice(&self.values[shift..shift + request.value_size]);
            }
        }
        to.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::Encoder;
    use crate::workload::{Kind, Request};
    use crate::{Protocol, run::tests::options};

    fn encoded(protocol: Protocol, kind: Kind) -> String {
        encoded_keys(protocol, kind, &[42])
    }

    fn encoded_keys(protocol: Protocol, kind: Kind, numbers: &[u64]) -> String {
        let keys = numbers.len();
        let encoder = Encoder::new(&crate::Options { protocol, keys_per_get: keys, ..options() });
        let mut to = Vec::new();
        // Those of an earlier request come before them.
        let numbers = [&[7], numbers].concat().into();
        encoder.append(&Request { kind, keys, value_size: 3 }, &numbers, &mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn gets_of_several_keys() {
        let line = "get bench:0000000042 bench:0000000001 bench:0000000042\r\n";
        assert_eq!(encoded_keys(Protocol::Memcached, Kind::Get, &[42, 1, 42]), line);
        let array = "*3\r\n$4\r\nMGET\r\n$16\r\nbench:0000000042\r\n$16\r\nbench:0000000001\r\n";
        assert_eq!(encoded_keys(Protocol::Resp, Kind::Get, &[42, 1]), array);
    }

    #[test]
    fn memcached() {
        assert_eq!(encoded(Protocol::Memcached, Kind::Get), "get bench:0000000042\r\n");
        let set = encoded(Protocol::Memcached, Kind::Set);
        assert!(set.starts_with("set bench:0000000042 0 0 3\r\n") && set.ends_with("\r\n"), "{set}");
        assert_eq!(set.len(), "set bench:0000000042 0 0 3\r\nxyz\r\n".len());
    }

    #[test]
    fn resp() {
        assert_eq!(encoded(Protocol::Resp, Kind::Get), "*2\r\n$3\r\nGET\r\n$16\r\nbench:0000000042\r\n");
        let set = encoded(Protocol::Resp, Kind::Set);
        assert!(set.starts_with("*3\r\n$3\r\nSET\r\n$16\r\nbench:0000000042\r\n$3\r\n"), "{set}");
        assert_eq!(set.len(), "*3\r\n$3\r\nSET\r\n$16\r\nbench:0000000042\r\n$3\r\nxyz\r\n".len());
    }
}
