//! SKELETON. Requests: arrays of bulk strings, and inline commands.

/// Bounds for the parser.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest array (Valkey: 1,048,576 elements).
    pub max_arguments: usize,
    /// Longest bulk before it is a protocol error (Valkey's proto-max-bulk-len, 512 MiB).
    pub max_bulk: u64,
    /// Bulks of at least so many bytes that are not wholly in the input make the array `Parsed::Large`.
    pub large_value: usize,
    /// Longest inline line (64 KiB as Valkey).
    pub max_inline: usize,
}

/// Resumes a scan of an incomplete array, so that it is not scanned from its start again. `Default` for a new request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress { pub(crate) scanned: usize, pub(crate) remaining: usize }

/// The arguments of a request, the command's name first. Cheap to copy; borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Args<'a> {
    /// `count` validated bulk strings as they came over the wire.
    Wire { /// elements
        count: usize, /// `$len\r\n...` one after another
        raw: &'a [u8] },
    /// Collected ones (inline commands, arrays with large values).
    List(&'a [&'a [u8]]),
}
impl<'a> Args<'a> {
    /// How many, with the command's name.
    pub fn len(&self) -> usize { loop {} }
}
impl<'a> IntoIterator for Args<'a> {
    type Item = &'a [u8];
    type IntoIter = ArgsIter<'a>;
    fn into_iter(self) -> ArgsIter<'a> { loop {} }
}
/// Iterates over arguments.
#[derive(Clone, Copy, Debug)]
pub struct ArgsIter<'a>(Args<'a>);
impl<'a> Iterator for ArgsIter<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> { loop {} }
}

/// Result of parsing the front of the input.
#[derive(Debug)]
pub enum Parsed<'a> {
    /// A request in the first `consumed` bytes.
    Request { /// at least one
        args: Args<'a>, /// bytes
        consumed: usize },
    /// An inline command, split and unquoted as Valkey's sdssplitargs.
    Inline { /// at least one
        args: Vec<Vec<u8>>, /// bytes
        consumed: usize },
    /// Nothing asked (empty line, `*0`, `*-1`).
    Nothing { /// bytes
        consumed: usize },
    /// An array of `count` elements that holds a large bulk which is not wholly here; only the `*count\r\n` header (`consumed`) is taken.
    /// The caller goes on element by element with `parse_bulk_header`.
    Large { /// elements
        count: usize, /// of the header line
        consumed: usize },
    /// More is needed: at least `need` bytes in all (0 if unknown).
    Incomplete { /// total
        need: usize },
    /// Valkey's text after `-ERR Protocol error: `; the connection is closed.
    ProtocolError(ProtocolError),
}

/// As Valkey words them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ProtocolError { InvalidMultibulkLength, InvalidBulkLength, ExpectedDollar(u8), TooBigInline, TooBigBulkCount, UnbalancedQuotes, MissingCrlf }

/// Parses the front of `input`. `progress` belongs to the connection, is reset by the parser whenever it does not answer
/// `Incomplete`, and its offsets are relative to the start of the unconsumed input.
pub fn parse<'a>(_input: &'a [u8], _limits: &Limits, _progress: &mut Progress) -> Parsed<'a> { loop {} }

/// One `$len\r\n` header of an array in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BulkHeader { Header { length: usize, consumed: usize }, Incomplete, ProtocolError(ProtocolError) }
/// See `BulkHeader`.
pub fn parse_bulk_header(_input: &[u8], _limits: &Limits) -> BulkHeader { loop {} }
