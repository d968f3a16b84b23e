//! SKELETON. Classic text protocol.

/// Bounds for the parser.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest value in bytes.
    pub max_value_size: usize,
    /// Bodies of at least so many bytes that are not wholly in the input are reported as `Parsed::Body`.
    pub large_value: usize,
}

/// Storage modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StoreMode { Set, Add, Replace, Append, Prepend, Cas(u64) }

/// Head of a storage command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreHead<'a> {
    /// Mode.
    pub mode: StoreMode,
    /// 1-250 bytes.
    pub key: &'a [u8],
    /// Client flags.
    pub flags: u32,
    /// As sent.
    pub exptime: i64,
    /// No reply wanted.
    pub noreply: bool,
}

/// Validated keys of a line, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys<'a>(pub(crate) &'a [u8]);
impl<'a> Iterator for Keys<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> { loop {} }
}

/// A whole request; borrows the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Request<'a> {
    Get { keys: Keys<'a>, cas: bool },
    GetAndTouch { exptime: i64, keys: Keys<'a>, cas: bool },
    Store { head: StoreHead<'a>, value: &'a [u8] },
    Delete { key: &'a [u8], noreply: bool },
    Arithmetic { key: &'a [u8], delta: u64, decrement: bool, noreply: bool },
    Touch { key: &'a [u8], exptime: i64, noreply: bool },
    FlushAll { delay_s: i64, noreply: bool },
    Verbosity { noreply: bool },
    Version,
    /// Words after `stats` (may be empty).
    Stats { arguments: &'a [u8] },
    Quit,
}

/// Result of parsing the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A request in the first `consumed` bytes.
    Request { /// it
        request: Request<'a>, /// bytes with body and line ends
        consumed: usize },
    /// A storage command with a large body that is not wholly here: `length` bytes and `\r\n` follow the first
    /// `consumed` bytes (the line).
    Body { /// it
        head: StoreHead<'a>, /// of the body without line end
        length: usize, /// of the line
        consumed: usize },
    /// More is needed: at least `need` bytes in all (0 if unknown).
    Incomplete { /// total
        need: usize },
    /// Not understood or refused: `reply` is the full line to send (empty if `noreply` silences it), `consumed` bytes and then
    /// `discard` further bytes (body and its line end) are skipped; then closed if `close`. For a value that is too large to store
    /// `remove` names the key whose old value memcached drops (mode set).
    Refused { /// full line
        reply: &'static [u8], /// now
        consumed: usize, /// beyond that
        discard: u64, /// drop the old value
        remove: Option<&'a [u8]>, /// after the reply
        close: bool },
}

/// Parses the front of `input`.
pub fn parse<'a>(_input: &'a [u8], _limits: &Limits) -> Parsed<'a> { loop {} }
