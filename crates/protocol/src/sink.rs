//! Where replies are composed.

/// Receives the bytes of replies. `engine` implements it over the network's output; `Vec<u8>` implements it for tests.
pub trait Sink {
    /// Appends.
    fn write(&mut self, bytes: &[u8]);
    /// At least `bytes` (<= 1024) of contiguous room, to be followed by `commit`.
    fn room(&mut self, bytes: usize) -> &mut [u8];
    /// The first `bytes` of the last `room` are valid.
    fn commit(&mut self, bytes: usize);
}

impl Sink for Vec<u8> {
    fn write(&mut self, _bytes: &[u8]) { loop {} }
    fn room(&mut self, _bytes: usize) -> &mut [u8] { loop {} }
    fn commit(&mut self, _bytes: usize) { loop {} }
}
