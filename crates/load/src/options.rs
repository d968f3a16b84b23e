//! What a run does. Defaults are in TypeScript.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::Error;

/// Longest key of memcached, in bytes.
const MAX_KEY_SIZE: usize = 250;
/// Keys are numbered with at most so many digits, so that a number fits in 64 bits.
pub(crate) const MAX_DIGITS: usize = 19;

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// TCP.
    Tcp(SocketAddr),
    /// Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Tcp(address) => write!(to, "{address}"),
            Target::Unix(path) => write!(to, "unix:{}", path.display()),
        }
    }
}

/// What the server is asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// memcached's text protocol: `get`, `set`.
    Memcached,
    /// RESP2: `GET`, `SET`.
    Resp,
}

/// How often each key is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// All alike.
    Uniform,
    /// The key of rank k in proportion to k^-theta; theta from 0 (uniform) upwards.
    Zipf(f64),
}

/// Everything a run needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server.
    pub target: Target,
    /// Its protocol.
    pub protocol: Protocol,
    /// Connections over all threads, at least `threads`.
    pub connections: usize,
    /// Threads that send.
    pub threads: usize,
    /// Requests on their way per connection, at least 1.
    pub pipeline: usize,
    /// Share of gets, as parts of `gets + sets`.
    pub gets: u32,
    /// Share of sets.
    pub sets: u32,
    /// Shortest value in bytes; each set takes one from here to `max_value_size`, all lengths alike.
    pub min_value_size: usize,
    /// Longest value in bytes.
    pub max_value_size: usize,
    /// Different keys, at least 1.
    pub keys: u64,
    /// Start of every key.
    pub key_prefix: String,
    /// Length of every key in bytes: prefix and a number with leading zeros.
    pub key_size: usize,
    /// Keys that a get asks for at once, at least 1.
    pub keys_per_get: usize,
    /// Which keys are asked for.
    pub distribution: Distribution,
    /// Set every key once before.
    pub preload: bool,
    /// Load that is not counted, after the preload.
    pub warmup: Duration,
    /// How long to send, where `requests` does not say.
    pub duration: Duration,
    /// How many requests to send, instead of `duration`.
    pub requests: Option<u64>,
    /// Requests per second over all connections; closed loop without.
    pub rate: Option<f64>,
    /// A connection that owes a reply and is silent for so long is given up.
    pub timeout: Duration,
    /// Between calls of the observer; none without.
    pub progress: Option<Duration>,
    /// Process whose CPU time is read.
    pub server_pid: Option<u32>,
    /// The same seed gives the same requests.
    pub seed: u64,
}

impl Options {
    /// # Errors
    /// `InvalidOption`
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let digits = self.key_size.saturating_sub(self.key_prefix.len());
        let checks = [
            (self.threads >= 1 && self.connections >= self.threads, "there must be a connection for each thread"),
            (self.pipeline >= 1, "a pipeline must have at least one request"),
            (u64::from(self.gets) + u64::from(self.sets) > 0, "there must be gets or sets"),
            (self.min_value_size <= self.max_value_size, "the shortest value must not be above the longest"),
            (self.keys_per_get >= 1, "a get must ask for at least one key"),
            (self.keys >= 1, "there must be at least one key"),
            (self.key_size <= MAX_KEY_SIZE, "a key has at most 250 bytes"),
            (
                self.key_prefix.bytes().all(|byte| byte.is_ascii_graphic()),
                "the prefix of keys must be printable ASCII without spaces",
            ),
            (
                digits >= decimal_digits(self.keys.saturating_sub(1)),
                "the size of keys must leave room for their numbers after the prefix",
            ),
            (self.rate.is_none_or(|rate| rate.is_finite() && rate > 0.0), "a rate must be above 0"),
            (
                matches!(self.distribution, Distribution::Uniform)
                    || matches!(self.distribution, Distribution::Zipf(theta) if theta.is_finite() && theta >= 0.0),
                "theta must be 0 or above",
            ),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, why)) => Err(Error::InvalidOption((*why).to_owned())),
            None => Ok(()),
        }
    }
}

/// Digits of a number in decimal.
fn decimal_digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |digits| digits as usize + 1)
}
