//! SKELETON. Composers.
use crate::Sink;

/// A connection's protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Version { /// RESP2
    #[default] Resp2, /// RESP3
    Resp3 }
/// `+text`
pub fn simple(_sink: &mut impl Sink, _text: &str) { loop {} }
/// `-text` (with its code word; CR and LF within become spaces)
pub fn error(_sink: &mut impl Sink, _text: &str) { loop {} }
/// `:n`
pub fn integer(_sink: &mut impl Sink, _number: i64) { loop {} }
/// `$len`, bytes
pub fn bulk(_sink: &mut impl Sink, _bytes: &[u8]) { loop {} }
/// `$len\r\n` alone; the caller sends the body and `\r\n`
pub fn bulk_head(_sink: &mut impl Sink, _length: usize) { loop {} }
/// `$-1` or `_`
pub fn null(_sink: &mut impl Sink, _version: Version) { loop {} }
/// `*n`
pub fn array(_sink: &mut impl Sink, _length: usize) { loop {} }
/// `%n` or `*2n`
pub fn map(_sink: &mut impl Sink, _pairs: usize, _version: Version) { loop {} }
/// `~n` or `*n`
pub fn set(_sink: &mut impl Sink, _length: usize, _version: Version) { loop {} }
/// `=len txt:` or a bulk
pub fn verbatim(_sink: &mut impl Sink, _text: &str, _version: Version) { loop {} }
/// Text of a protocol error's line, `ERR Protocol error: ...`
pub fn protocol_error(_sink: &mut impl Sink, _error: super::parse::ProtocolError) { loop {} }
/// The reply of COMMAND INFO for one row
pub fn command_info(_sink: &mut impl Sink, _spec: &super::command::Spec, _version: Version) { loop {} }
/// The reply of COMMAND DOCS for one row (name, then a map)
pub fn command_docs(_sink: &mut impl Sink, _spec: &super::command::Spec, _version: Version) { loop {} }
