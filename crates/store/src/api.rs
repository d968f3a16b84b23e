//! SKELETON of the public surface that `engine` is written against. Replace with the real modules; keep these names,
//! signatures and meanings (tell the integrator of any change that is really needed).

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// Source of time. `SystemClock` (wall time, never backwards within the process) and `ManualClock` (tests).
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> UnixMillis;
}

/// Which items go when the memory is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction { /// density-aware S3-FIFO
    S3Fifo, /// second chance by last access
    Lru, /// refuse writes that do not fit
    None }

/// How a store is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes for items, index and ghosts together.
    pub max_memory: u64,
    /// Longest value in bytes.
    pub max_value_size: u64,
    /// Policy.
    pub eviction: Eviction,
    /// Key of the hash (random per process in production, fixed in tests).
    pub hash_key: [u8; 16],
}

/// Why the store refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error { /// value above `max_value_size`, or item that can never fit into `max_memory`
    TooLarge, /// key above 65,536 bytes
    KeyTooLong, /// memory is full and nothing may be evicted (`Eviction::None`, or all is pinned / reserved)
    OutOfMemory, /// too many bytes of values are being received at once
    TooManyReserved }

/// Keyed 64-bit hash of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(pub u64);

/// Unique, growing token of a version of an item; survives relocation.
pub type Cas = u64;

/// The engine. `Send + Sync`, shared by `Arc`.
pub struct Store(());

/// Attributes of a new version of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// memcached's client flags.
    pub flags: u32,
    /// Absolute time of expiry, 0 = never.
    pub expires_at_ms: UnixMillis,
}

/// Bytes for a new value.
pub enum NewValue<'a> {
    /// Copied; cut into extents by the store when large.
    Bytes(&'a [u8]),
    /// Received into extents beforehand.
    Body(Body),
}

/// A large value being received: extents reserved in the arena, filled from the front. Dropping it frees them.
pub struct Body(());

impl Body {
    /// Declared length in bytes.
    pub fn len(&self) -> usize { loop {} }
    /// Bytes still to be received.
    pub fn remaining(&self) -> usize { loop {} }
    /// The next contiguous free bytes (empty when complete). Never more than `remaining`.
    pub fn spare(&mut self) -> &mut [u8] { loop {} }
    /// Says that the first `bytes` of `spare` are filled.
    pub fn filled(&mut self, _bytes: usize) { loop {} }
    /// Copies from `input` as much as fits; returns how much.
    pub fn fill_from(&mut self, _input: &[u8]) -> usize { loop {} }
    /// The bytes received so far, by extent (for ECHO and for arguments that are not values).
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> { std::iter::empty() }
}

/// A large value in the store, held by reference count: alive (its extents unchanged) as long as a clone is.
#[derive(Clone)]
pub struct Chain(());

impl Chain {
    /// Length in bytes.
    pub fn len(&self) -> usize { loop {} }
    /// The contiguous bytes from `offset` to the end of that extent (empty at the end). O(1).
    pub fn chunk_at(&self, _offset: usize) -> &[u8] { loop {} }
}

/// A live value under its cell's lock.
pub enum Value<'e> { /// in the segment
    Bytes(&'e [u8]), /// in extents
    Chain(&'e Chain) }

/// A live item under its cell's lock.
pub struct Item<'e> {
    /// The value.
    pub value: Value<'e>,
    /// memcached's client flags.
    pub flags: u32,
    /// Token.
    pub cas: Cas,
    /// 0 = never.
    pub expires_at_ms: UnixMillis,
    /// Seconds since it was last read or written, before this access.
    pub idle_s: u32,
}

/// Why a key is not there, as far as the store remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence { /// never seen, deleted or forgotten
    Absent, /// was there until its time came (found expired by this access)
    Expired, /// its ghost is remembered
    Evicted, /// found older than the last flush by this access
    Flushed }

/// One key under its cell's lock, until dropped. All compound operations (add, cas, incr, SET NX ...) are written with it.
pub struct Entry<'s, 'k>(&'s (), &'k ());

impl Entry<'_, '_> {
    /// The live item, counted as a read (frequency, last access).
    pub fn get(&mut self) -> Result<Item<'_>, Absence> { loop {} }
    /// The live item, without counting.
    pub fn peek(&self) -> Option<Item<'_>> { loop {} }
    /// Writes a new version: in place where it fits, appended otherwise. On error the old item is as it was.
    pub fn set(&mut self, _value: NewValue<'_>, _attributes: Attributes) -> Result<Cas, Error> { loop {} }
    /// Value := value ++ bytes; flags and expiry stay. `None` when there is no live item.
    pub fn append(&mut self, _value: NewValue<'_>) -> Option<Result<Cas, Error>> { loop {} }
    /// Value := bytes ++ value.
    pub fn prepend(&mut self, _value: NewValue<'_>) -> Option<Result<Cas, Error>> { loop {} }
    /// New bytes, same flags and expiry (INCR). `None` when there is no live item.
    pub fn replace_value(&mut self, _value: &[u8]) -> Option<Result<Cas, Error>> { loop {} }
    /// Sets the time of expiry (0 = never) in place where possible; CAS stays. `None` when there is no live item.
    pub fn set_expiry(&mut self, _expires_at_ms: UnixMillis) -> Option<Result<(), Error>> { loop {} }
    /// Removes; true if a live item was there.
    pub fn remove(&mut self) -> bool { loop {} }
}

/// Several cells locked in ascending order.
pub struct LockedCells<'s>(&'s ());
impl LockedCells<'_> {
    /// The entry of a key whose hash was among those locked (panics otherwise).
    pub fn entry<'a, 'k>(&'a mut self, _key: &'k [u8], _hash: Hash) -> Entry<'a, 'k> { loop {} }
}

impl Store {
    /// Reserves the arena. Errors when the mapping is refused.
    pub fn open(_options: Options) -> std::io::Result<Store> { loop {} }
    /// The options it was opened with.
    pub fn options(&self) -> &Options { loop {} }
    /// Values of at least this many bytes are kept as chains (a quarter of a segment).
    pub fn chain_threshold(&self) -> usize { loop {} }
    /// Hash of a key.
    pub fn hash(&self, _key: &[u8]) -> Hash { loop {} }
    /// First stage of a batched look-up: the cell's header.
    pub fn prefetch_cell(&self, _hash: Hash) { loop {} }
    /// Second stage: the index buckets.
    pub fn prefetch_bucket(&self, _hash: Hash) { loop {} }
    /// Third stage: the item that the tag points at.
    pub fn prefetch_item(&self, _hash: Hash) { loop {} }
    /// Locks the key's cell. `now_ms` is read once per batch by the caller.
    pub fn entry<'s, 'k>(&'s self, _key: &'k [u8], _hash: Hash, _now_ms: UnixMillis) -> Entry<'s, 'k> { loop {} }
    /// Locks the cells of all hashes, in ascending order.
    pub fn lock(&self, _hashes: &[Hash], _now_ms: UnixMillis) -> LockedCells<'_> { loop {} }
    /// Reserves extents for a value of `length` bytes, evicting as needed. `TooLarge` before anything is touched.
    pub fn reserve(&self, _length: usize, _now_ms: UnixMillis) -> Result<Body, Error> { loop {} }
    /// Removes everything that was written up to now, or, with a later `at_ms`, everything written before that moment
    /// once it comes (a later call replaces an earlier one, as memcached does).
    pub fn flush(&self, _at_ms: UnixMillis, _now_ms: UnixMillis) { loop {} }
    /// One bounded slice of the sweep for expired and flushed items; call again until it answers `None` (round done).
    pub fn sweep_slice(&self, _cursor: usize, _now_ms: UnixMillis) -> Option<usize> { loop {} }
    /// Live items (expired ones that were not yet met count).
    pub fn len(&self) -> u64 { loop {} }
    /// Counters and gauges, summed over the cells.
    pub fn stats(&self) -> Stats { loop {} }
    /// Zeroes the counters (not the gauges).
    pub fn reset_stats(&self) { loop {} }
}

/// Counters (since start or reset) and gauges of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Items. Gauge.
    pub items: u64,
    /// Bytes of keys and values of the items. Gauge.
    pub key_value_bytes: u64,
    /// Bytes of segments in use by items (without chains). Gauge.
    pub item_segment_bytes: u64,
    /// Bytes of extents of large values in the store. Gauge.
    pub chain_bytes: u64,
    /// Bytes reserved by bodies being received. Gauge.
    pub reserved_bytes: u64,
    /// Bytes of chains removed from the store but still referenced by replies. Gauge.
    pub pinned_bytes: u64,
    /// Bytes of index. Gauge.
    pub index_bytes: u64,
    /// Bytes of ghosts. Gauge.
    pub ghost_bytes: u64,
    /// Bytes of the arena that are backed by memory now. Gauge.
    pub resident_bytes: u64,
    /// The budget. Gauge.
    pub max_memory: u64,
    /// Cells. Gauge.
    pub cells: u64,
    /// Items ever stored (new keys and overwrites).
    pub stored: u64,
    /// Items evicted for room.
    pub evictions: u64,
    /// Of those, never read.
    pub evicted_unfetched: u64,
    /// Items removed because their time had come.
    pub expirations: u64,
    /// Of those, never read.
    pub expired_unfetched: u64,
    /// Items removed by flush.
    pub flushed: u64,
    /// Segments compacted.
    pub compactions: u64,
    /// Writes refused for want of memory.
    pub out_of_memory: u64,
}
