//! Joins store, protocol and network.
