//! Where replies are composed.

/// The most that may be asked of [`Sink::room`] at once, in bytes.
pub const MAX_ROOM: usize = 1024;

/// Receives the bytes of replies. `engine` implements it over the network's output; `Vec<u8>` implements it for tests.
pub trait Sink {
    /// Appends.
    fn write(&mut self, bytes: &[u8]);
    /// At least `bytes` (<= [`MAX_ROOM`]) of contiguous room, to be followed by `commit`.
    fn room(&mut self, bytes: usize) -> &mut [u8];
    /// The first `bytes` of the last `room` are valid.
    fn commit(&mut self, bytes: usize);
    /// An error of RESP follows, with this text (or only its code word); for who counts them.
    fn note_error(&mut self, text: &[u8]) {
        let _ = text;
    }
}

/// Bytes that `Vec`'s `room` keeps behind the room it gives: the room's size, so that `commit` needs no other state.
const TRAILER: usize = size_of::<usize>();

impl Sink for Vec<u8> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn room(&mut self, bytes: usize) -> &mut [u8] {
        debug_assert!(bytes <= MAX_ROOM);
        let start = self.len();
        self.resize(start + bytes, 0);
        self.extend_from_slice(&bytes.to_ne_bytes());
        &mut self[start..start + bytes]
    }

    fn commit(&mut self, bytes: usize) {
        let room = self.last_chunk::<TRAILER>().map_or(0, |trailer| usize::from_ne_bytes(*trailer));
        assert!(bytes <= room && room + TRAILER <= self.len(), "commit({bytes}) without its room");
        self.truncate(self.len() - TRAILER - room + bytes);
    }
}

/// Fills a slice from its front; for composers that know how much room they asked for.
pub(crate) struct Fill<'a> {
    room: &'a mut [u8],
    length: usize,
}

impl<'a> Fill<'a> {
    #[inline]
    pub(crate) fn new(room: &'a mut [u8]) -> Self {
        Self { room, length: 0 }
    }

    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.room[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    #[inline]
    pub(crate) fn put_number(&mut self, number: impl itoa::Integer) {
        self.put(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Bytes put so far.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        self.length
    }
}
