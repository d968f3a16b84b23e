//! Requests as bytes, from parts that are made once.

use crate::workload::{Kind, Request};
use crate::{Keys, Options, Protocol};

/// Bytes by which the starts of values differ, so that not all of a size are the same.
const VALUE_SHIFTS: usize = 64;

/// Writes requests.
pub(crate) struct Encoder {
    keys: Keys,
    /// Before the key of a get.
    get: Vec<u8>,
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
        let (get, set, length): (_, _, &[u8]) = match options.protocol {
            Protocol::Memcached => (b"get ".to_vec(), b"set ".to_vec(), b" 0 0 "),
            Protocol::Resp => (
                format!("*2\r\n$3\r\nGET\r\n${size}\r\n").into_bytes(),
                format!("*3\r\n$3\r\nSET\r\n${size}\r\n").into_bytes(),
                b"\r\n$",
            ),
        };
        let mut random = fastrand::Rng::with_seed(options.seed);
        let values = (0..options.max_value_size + VALUE_SHIFTS).map(|_| random.alphanumeric() as u8).collect();
        Self { keys, get, set, length, values }
    }

    /// What it writes keys with.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Appends a request.
    #[inline]
    pub(crate) fn append(&self, request: &Request, to: &mut Vec<u8>) {
        match request.kind {
            Kind::Get => {
                to.extend_from_slice(&self.get);
                self.keys.append(request.key, to);
            }
            Kind::Set => {
                to.extend_from_slice(&self.set);
                self.keys.append(request.key, to);
                to.extend_from_slice(self.length);
                to.extend_from_slice(itoa::Buffer::new().format(request.value_size).as_bytes());
                to.extend_from_slice(b"\r\n");
                let shift = request.key as usize % VALUE_SHIFTS;
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
        let encoder = Encoder::new(&crate::Options { protocol, ..options() });
        let mut to = Vec::new();
        encoder.append(&Request { kind, key: 42, value_size: 3 }, &mut to);
        String::from_utf8(to).unwrap()
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
