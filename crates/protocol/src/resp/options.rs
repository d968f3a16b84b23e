//! SKELETON. Options of commands. Errors are Valkey's texts, with their code word (`ERR syntax error`).

/// When SET writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Condition<'a> { Always, IfAbsent, IfPresent, IfEquals(&'a [u8]) }

/// The time of expiry that SET asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Expiry { Clear, Keep, AtMs(u64) }

/// SET's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SetOptions<'a> { pub condition: Condition<'a>, pub get: bool, pub expiry: Expiry }

/// Parses what follows key and value. A time in the past is `AtMs(1)`.
pub fn set_options<'a>(_args: impl Iterator<Item = &'a [u8]>, _now_ms: u64) -> Result<SetOptions<'a>, &'static str> { loop {} }

/// EXPIRE's and PEXPIRE's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct ExpireCondition { pub nx: bool, pub xx: bool, pub gt: bool, pub lt: bool }
/// Parses NX XX GT LT with Valkey's errors (an unknown option's text names it, hence String).
pub fn expire_condition<'a>(_args: impl Iterator<Item = &'a [u8]>) -> Result<ExpireCondition, String> { loop {} }
/// Valkey's string2ll: canonical decimal i64 only.
pub fn parse_i64(_bytes: &[u8]) -> Option<i64> { loop {} }
