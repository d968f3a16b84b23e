//! Values that come and go in pieces: written into reserved extents and published as a whole, read as one version.

use super::{Direct, Ttl, is_string};
use ringstone_store::{Body, Chain, EXTENT_PAGE_BYTES, Error, NewValue, Value};

/// Room that a value of unknown length has at first, once it is a large one; a multiple of a page of extents.
const FIRST_ROOM: usize = 64 << 10;
/// It is doubled as the value grows, by at most so much at a time.
const MOST_MORE_ROOM: usize = 1 << 20;

/// Why a value that is written in pieces is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The store refused it.
    Store(Error),
    /// It has more or fewer bytes than was said.
    SizeDiffers,
}

impl From<Error> for WriteError {
    fn from(error: Error) -> WriteError {
        WriteError::Store(error)
    }
}

/// A value that is being written. Nobody sees any of it before [`Direct::publish`]; dropping it gives back what it has reserved.
pub struct ValueWriter {
    key: Box<[u8]>,
    flags: u32,
    ttl: Ttl,
    /// As it was said; `None` where nothing was.
    size: Option<usize>,
    room: Room,
}

/// What has come of it.
enum Room {
    /// On the heap: less than is kept in extents.
    Small(Vec<u8>),
    /// In extents.
    Large(Body),
}

impl ValueWriter {
    /// Bytes that have come.
    fn written(&self) -> usize {
        match &self.room {
            Room::Small(bytes) => bytes.len(),
            Room::Large(body) => body.len() - body.remaining(),
        }
    }
}

/// Why a value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no such item.
    Absent,
    /// It is a hash.
    WrongType,
}

/// One version of a value, or a part of it, that is read from the front, whatever becomes of its key.
pub struct ValueReader {
    value: Version,
    at: usize,
    end: usize,
}

enum Version {
    /// A copy of the part that is read.
    Bytes(Box<[u8]>),
    /// Held.
    Chain(Chain),
}

impl ValueReader {
    /// Bytes that are still to be read.
    pub fn remaining(&self) -> usize {
        self.end - self.at
    }

    /// Copies what comes next, as much as there is room or is left; returns how much.
    pub fn read(&mut self, target: &mut [u8]) -> usize {
        let wanted = target.len().min(self.remaining());
        let mut room = &mut target[..wanted];
        while !room.is_empty() {
            let piece = match &self.value {
                Version::Bytes(bytes) => &bytes[self.at..],
                Version::Chain(chain) => chain.chunk_at(self.at),
            };
            let bytes = piece.len().min(room.len());
            let (now, rest) = room.split_at_mut(bytes);
            now.copy_from_slice(&piece[..bytes]);
            room = rest;
            self.at += bytes;
        }
        wanted
    }
}

impl Direct {
    /// Begins a value. With its size, its room is reserved at once, and refused where the store cannot have it; without, as bytes
    /// come.
    ///
    /// What is reserved stays so until the writer is published or dropped, and counts against
    /// [`RESERVED_SHARE`](ringstone_store::RESERVED_SHARE): the caller bounds how long a writer may stand still.
    pub fn writer(&self, key: &[u8], size: Option<usize>, flags: u32, ttl: Ttl) -> Result<ValueWriter, Error> {
        let room = self.room(size).map_err(|error| self.refused(error))?;
        Ok(ValueWriter { key: key.into(), flags, ttl, size, room })
    }

    fn room(&self, size: Option<usize>) -> Result<Room, Error> {
        let store = &self.cache.store;
        Ok(match size {
            Some(size) if size as u64 > store.options().max_value_size => return Err(Error::TooLarge),
            Some(size) if size >= store.chain_threshold() => Room::Large(store.reserve(size, self.now_ms())?),
            Some(size) => Room::Small(Vec::with_capacity(size)),
            None => Room::Small(Vec::new()),
        })
    }

    /// Takes the next bytes. After an error the writer is of no use.
    pub fn write(&self, writer: &mut ValueWriter, bytes: &[u8]) -> Result<(), WriteError> {
        match writer.size {
            Some(size) if bytes.len() > size - writer.written() => return Err(WriteError::SizeDiffers),
            Some(_) => {}
            None => self.make_room(writer, bytes.len()).map_err(|error| self.refused(error))?,
        }
        match &mut writer.room {
            Room::Small(kept) => kept.extend_from_slice(bytes),
            Room::Large(body) => self.fill(body, bytes).map_err(|error| self.refused(error))?,
        }
        Ok(())
    }

    /// Sees to it that the value is in extents when it is long enough.
    fn make_room(&self, writer: &mut ValueWriter, more: usize) -> Result<(), Error> {
        let store = &self.cache.store;
        let most = store.options().max_value_size;
        let length = writer.written().saturating_add(more);
        if length as u64 > most {
            return Err(Error::TooLarge);
        }
        if let Room::Small(bytes) = &writer.room
            && length >= store.chain_threshold()
        {
            let room = (FIRST_ROOM as u64).min(most) as usize;
            let mut body = store.reserve(room, self.now_ms())?;
            body.fill_from(bytes);
            writer.room = Room::Large(body);
        }
        Ok(())
    }

    /// Fills the body, which grows where it has to.
    fn fill(&self, body: &mut Body, bytes: &[u8]) -> Result<(), Error> {
        let (store, mut rest) = (&self.cache.store, bytes);
        loop {
            rest = &rest[body.fill_from(rest)..];
            if rest.is_empty() {
                return Ok(());
            }
            let most = usize::try_from(store.options().max_value_size).unwrap_or(usize::MAX) - body.len();
            let more = body.len().min(MOST_MORE_ROOM).min(most);
            // Where there is no room for as much there may be some for what is needed.
            let least = rest.len().next_multiple_of(EXTENT_PAGE_BYTES).min(most).min(more);
            let now_ms = self.now_ms();
            store.grow(body, more, now_ms).or_else(|_| store.grow(body, least, now_ms))?;
        }
    }

    /// Puts the value in place of what the key had, in one step. On an error the key has what it had.
    pub fn publish(&self, writer: ValueWriter) -> Result<(), WriteError> {
        if writer.size.is_some_and(|size| size != writer.written()) {
            return Err(WriteError::SizeDiffers);
        }
        let ValueWriter { key, flags, ttl, room, .. } = writer;
        match room {
            Room::Small(bytes) => self.set(&key, NewValue::Bytes(&bytes), flags, ttl)?,
            Room::Large(mut body) => {
                self.cache.store.cut(&mut body, self.now_ms())?;
                self.set(&key, NewValue::Body(body), flags, ttl)?;
            }
        }
        Ok(())
    }

    /// The bytes from `start` up to `end` of the present version, as far as there are any. A large value is held, not copied, until
    /// the reader is dropped.
    pub fn reader(&self, key: &[u8], start: usize, end: usize) -> Result<ValueReader, Unreadable> {
        let found = self.get(key, |item| {
            if !is_string(item) {
                return Err(Unreadable::WrongType);
            }
            let end = end.min(item.value.len());
            let at = start.min(end);
            Ok(match item.value {
                Value::Bytes(bytes) => {
                    ValueReader { value: Version::Bytes(bytes[at..end].into()), at: 0, end: end - at }
                }
                Value::Chain(chain) => ValueReader { value: Version::Chain(chain.clone()), at, end },
            })
        });
        found.unwrap_or(Err(Unreadable::Absent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpenCache;
    use crate::cache::CacheOptions;
    use ringstone_store::Eviction;

    const MIB: usize = 1 << 20;
    const MAX_VALUE: usize = 4 * MIB + 100;

    fn direct() -> Direct {
        let options = CacheOptions {
            max_memory: 16 * MIB as u64,
            max_value_size: MAX_VALUE as u64,
            default_ttl_ms: 0,
            cleanup_interval_ms: 60_000,
            eviction: Eviction::S3Fifo,
        };
        Direct::new(OpenCache::open(None, options, |_| None).expect("opens"))
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    fn reserved(direct: &Direct) -> u64 {
        direct.cache().store.stats().reserved_bytes
    }

    fn write(direct: &Direct, size: Option<usize>, value: &[u8], piece: usize) -> Result<(), WriteError> {
        let mut writer = direct.writer(b"key", size, 7, Ttl::Default)?;
        for piece in value.chunks(piece) {
            direct.write(&mut writer, piece)?;
        }
        direct.publish(writer)
    }

    fn read(direct: &Direct, start: usize, end: usize, piece: usize) -> Vec<u8> {
        let mut reader = direct.reader(b"key", start, end).unwrap_or_else(|error| panic!("{error:?}"));
        let mut value = Vec::new();
        let mut room = vec![0; piece];
        while reader.remaining() > 0 {
            let bytes = reader.read(&mut room);
            value.extend_from_slice(&room[..bytes]);
        }
        assert_eq!(reader.read(&mut room), 0);
        value
    }

    #[test]
    fn what_is_written_is_read_with_a_size_and_without() {
        let direct = direct();
        for length in [0, 1, 4095, 16_383, 16_384, 65_535, 65_536, 65_537, MIB, MIB + 1, MAX_VALUE] {
            let value = pattern(length);
            for size in [Some(length), None] {
                for piece in [1 << 10, 60_000, 65_536, 2 * MIB] {
                    write(&direct, size, &value, piece).unwrap();
                    assert_eq!(reserved(&direct), 0);
                    assert!(read(&direct, 0, usize::MAX, 50_000) == value, "{length} {size:?} {piece}");
                    assert_eq!(direct.get(b"key", |item| item.flags), Some(7));
                }
            }
        }
    }

    #[test]
    fn a_part_is_read() {
        let direct = direct();
        for length in [10, 100_000] {
            let value = pattern(length);
            write(&direct, None, &value, 1000).unwrap();
            for (start, end) in
                [(0, 0), (0, 1), (3, 9), (9, 10), (10, 20), (4, 99_999), (65_000, 66_000), (99_999, 1 << 40)]
            {
                let expected = value.get(start..end.min(length)).unwrap_or_default();
                assert_eq!(read(&direct, start, end, 77), expected, "{length}: {start}..{end}");
            }
        }
        assert_eq!(direct.reader(b"none", 0, 1).err(), Some(Unreadable::Absent));
    }

    #[test]
    fn a_reader_has_one_version() {
        let direct = direct();
        for length in [100, 3 * MIB] {
            let value = pattern(length);
            write(&direct, Some(length), &value, MIB).unwrap();
            let mut reader = direct.reader(b"key", 0, usize::MAX).unwrap_or_else(|error| panic!("{error:?}"));
            write(&direct, Some(length), &vec![9; length], MIB).unwrap();
            direct.delete(b"key");
            let mut copy = vec![0; length];
            assert_eq!(reader.read(&mut copy), length);
            assert!(copy == value);
            let pinned = |direct: &Direct| direct.cache().store.stats().pinned_bytes;
            assert_eq!(pinned(&direct) > 0, length > MIB);
            drop(reader);
            assert_eq!(pinned(&direct), 0);
        }
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let direct = direct();
        write(&direct, None, b"old", 3).unwrap();
        let old = |direct: &Direct| read(direct, 0, usize::MAX, 10) == b"old";
        for size in [100, MIB] {
            let mut writer = direct.writer(b"key", Some(size), 0, Ttl::Never).unwrap();
            direct.write(&mut writer, &vec![1; size - 1]).unwrap();
            assert!(old(&direct));
            assert_eq!(direct.write(&mut writer, &[1, 2]), Err(WriteError::SizeDiffers));
            assert_eq!(direct.publish(writer), Err(WriteError::SizeDiffers));
            assert_eq!((reserved(&direct), old(&direct)), (0, true));
        }
        let mut writer = direct.writer(b"key", None, 0, Ttl::Never).unwrap();
        direct.write(&mut writer, &vec![1; 3 * MIB]).unwrap();
        assert!(reserved(&direct) >= 3 * MIB as u64);
        let too_large = Err(WriteError::Store(Error::TooLarge));
        assert_eq!(direct.write(&mut writer, &vec![1; MAX_VALUE - 3 * MIB + 1]), too_large);
        drop(writer);
        assert_eq!((reserved(&direct), old(&direct)), (0, true));
    }

    #[test]
    fn reservations_are_bounded_and_given_back() {
        let direct = direct();
        assert_eq!(direct.writer(b"key", Some(MAX_VALUE + 1), 0, Ttl::Never).err(), Some(Error::TooLarge));
        let first = direct.writer(b"key", Some(3 * MIB), 0, Ttl::Never).unwrap();
        let second = direct.writer(b"other", Some(2 * MIB), 0, Ttl::Never);
        assert_eq!(second.err(), Some(Error::TooManyReserved));
        // One that needs less than as much again may have it.
        let mut third = direct.writer(b"other", None, 0, Ttl::Never).unwrap();
        direct.write(&mut third, &vec![1; MIB - 1000]).unwrap();
        assert_eq!(direct.write(&mut third, &vec![1; 2000]), Err(WriteError::Store(Error::TooManyReserved)));
        drop((first, third));
        assert_eq!(reserved(&direct), 0);
        write(&direct, Some(MAX_VALUE), &pattern(MAX_VALUE), MIB).unwrap();
    }
}
