//! SKELETON. Replies of the classic text protocol: constants (`STORED`, `NOT_STORED`, `EXISTS`, `NOT_FOUND`, `DELETED`, `TOUCHED`, `OK`,
//! `END`, `ERROR`, `BAD_DATA_CHUNK`, `TOO_LARGE`, `OUT_OF_MEMORY`, `NON_NUMERIC` ... each a full line `&[u8]`) and composers.
use crate::Sink;

/// `VALUE <key> <flags> <length>[ <cas>]\r\n`.
pub fn write_value_head(_sink: &mut impl Sink, _key: &[u8], _flags: u32, _length: usize, _cas: Option<u64>) { loop {} }
/// Decimal and line end.
pub fn write_number(_sink: &mut impl Sink, _number: u64) { loop {} }
/// `STAT <name> <value>\r\n`.
pub fn write_stat(_sink: &mut impl Sink, _name: &str, _value: &dyn std::fmt::Display) { loop {} }
