//! Where `execute` writes: a sink that can also take a large value by reference.

use crate::counters::{ErrorCounters, count_error};
use crate::options::OUTPUT_LIMIT;
use ringstone_net::Output;
use ringstone_protocol::Sink;
use ringstone_store::{Chain, Value};
use std::ops::Range;

/// Parts of large values of at least so many bytes are sent from where they are; of less a copy is cheaper than a piece of
/// output of its own, and holds nothing.
const REFERENCED_PART: usize = 16 << 10;

/// A large value on its way to a socket; holds its extents in the store until it is sent.
pub struct ChainBody(Chain);

impl ringstone_net::Body for ChainBody {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn chunk_at(&self, offset: usize) -> &[u8] {
        self.0.chunk_at(offset)
    }
}

/// Receives a reply. Sockets, gRPC and the addon each have their own.
pub trait Reply: Sink {
    /// Appends a large value without copying it where the receiver can hold a reference.
    fn write_chain(&mut self, chain: &Chain);

    /// The same of a part of it.
    fn write_chain_part(&mut self, chain: &Chain, part: Range<usize>);

    /// False once so much is queued that the receiver will be closed: the rest of the reply need not be written. Commands
    /// whose replies are longer than their requests ask, so that no request makes the server hold what it likes.
    fn has_room(&self) -> bool {
        true
    }

    /// Appends a value of either form.
    #[inline]
    fn write_value(&mut self, value: &Value<'_>) {
        match value {
            Value::Bytes(bytes) => self.write(bytes),
            Value::Chain(chain) => self.write_chain(chain),
        }
    }
}

/// Passes a reply on while it has room. Beyond that its connection is to be closed, and what the commands that are executed
/// all the same have to say is dropped.
pub struct Spare<'a, R> {
    out: &'a mut R,
    /// What is dropped goes here.
    dropped: Option<Silence>,
}

impl<'a, R: Reply> Spare<'a, R> {
    /// Over a reply.
    pub fn new(out: &'a mut R) -> Spare<'a, R> {
        Spare { out, dropped: None }
    }

    /// Looks whether there is still room; between two commands.
    pub fn look(&mut self) {
        if self.dropped.is_none() && !self.out.has_room() {
            self.dropped = Some(Silence::default());
        }
    }
}

impl<R: Reply> Sink for Spare<'_, R> {
    fn write(&mut self, bytes: &[u8]) {
        if self.dropped.is_none() {
            self.out.write(bytes);
        }
    }

    fn room(&mut self, bytes: usize) -> &mut [u8] {
        match &mut self.dropped {
            Some(dropped) => dropped.room(bytes),
            None => self.out.room(bytes),
        }
    }

    fn commit(&mut self, bytes: usize) {
        match &mut self.dropped {
            Some(dropped) => dropped.commit(bytes),
            None => self.out.commit(bytes),
        }
    }

    fn note_error(&mut self, text: &[u8]) {
        self.out.note_error(text);
    }
}

impl<R: Reply> Reply for Spare<'_, R> {
    fn write_chain(&mut self, chain: &Chain) {
        if self.dropped.is_none() {
            self.out.write_chain(chain);
        }
    }

    fn write_chain_part(&mut self, chain: &Chain, part: Range<usize>) {
        if self.dropped.is_none() {
            self.out.write_chain_part(chain, part);
        }
    }

    fn has_room(&self) -> bool {
        self.dropped.is_none() && self.out.has_room()
    }
}

/// A reply into a connection's output.
pub struct OutputReply<'a> {
    /// The connection's.
    pub output: &'a mut Output<ChainBody>,
    /// Of what is queued, bytes of large values: they are the store's, and cost the reply a reference.
    pub referenced_bytes: &'a mut usize,
    /// Bytes queued above which the connection is closed.
    pub limit: usize,
    /// Where errors of RESP are counted.
    pub errors: &'a ErrorCounters,
}

impl Sink for OutputReply<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.output.write(bytes);
    }

    #[inline]
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        self.output.room(bytes)
    }

    #[inline]
    fn commit(&mut self, bytes: usize) {
        self.output.commit(bytes);
    }

    fn note_error(&mut self, text: &[u8]) {
        count_error(self.errors, text);
    }
}

impl Reply for OutputReply<'_> {
    fn write_chain(&mut self, chain: &Chain) {
        *self.referenced_bytes += chain.len();
        // The others of the batch are executed before the first is sent.
        chain.prefetch();
        self.output.write_body(ChainBody(chain.clone()));
    }

    fn write_chain_part(&mut self, chain: &Chain, part: Range<usize>) {
        if part.len() < REFERENCED_PART {
            return chunks(chain, part).for_each(|chunk| self.output.write(chunk));
        }
        *self.referenced_bytes += part.len();
        self.output.write_body_part(ChainBody(chain.clone()), part);
    }

    #[inline]
    fn has_room(&self) -> bool {
        let queued = self.output.len();
        queued <= self.limit && queued.saturating_sub(*self.referenced_bytes) <= OUTPUT_LIMIT
    }
}

/// Takes the replies of a client that wants none.
#[derive(Default)]
pub struct Silence {
    scratch: Vec<u8>,
}

impl Sink for Silence {
    fn write(&mut self, _bytes: &[u8]) {}

    fn room(&mut self, bytes: usize) -> &mut [u8] {
        self.scratch.resize(bytes, 0);
        &mut self.scratch
    }

    fn commit(&mut self, _bytes: usize) {}
}

impl Reply for Silence {
    fn write_chain(&mut self, _chain: &Chain) {}

    fn write_chain_part(&mut self, _chain: &Chain, _part: Range<usize>) {}
}

impl Reply for Vec<u8> {
    fn write_chain(&mut self, chain: &Chain) {
        self.write_chain_part(chain, 0..chain.len());
    }

    fn write_chain_part(&mut self, chain: &Chain, part: Range<usize>) {
        chunks(chain, part).for_each(|chunk| self.extend_from_slice(chunk));
    }
}

/// A part of a large value, which is within it, extent by extent.
pub fn chunks(chain: &Chain, part: Range<usize>) -> impl Iterator<Item = &[u8]> {
    let mut offset = part.start;
    std::iter::from_fn(move || {
        let chunk = chain.chunk_at(offset);
        let chunk = &chunk[..chunk.len().min(part.end - offset)];
        offset += chunk.len();
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Length of a value of either form, in bytes.
#[inline]
pub fn value_len(value: &Value<'_>) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        Value::Chain(chain) => chain.len(),
    }
}
