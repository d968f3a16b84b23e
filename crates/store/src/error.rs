//! Why the store refuses.

/// Why the store refused a write or a reservation. Nothing that was stored under the key is changed by a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The value is above `max_value_size`, or the item can never fit into `max_memory`. Nothing was evicted.
    #[error("object too large for cache")]
    TooLarge,
    /// The key is above [`MAX_KEY_BYTES`](crate::MAX_KEY_BYTES).
    #[error("key too long")]
    KeyTooLong,
    /// Memory is full and nothing may be evicted (`Eviction::None`, or all is pinned, reserved or locked).
    #[error("out of memory storing object")]
    OutOfMemory,
    /// Too many bytes of values are being received, or held by replies, at once.
    #[error("too many bytes of values are being received at once")]
    TooManyReserved,
}
