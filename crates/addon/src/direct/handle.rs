//! What the functions of one opening share.

use crate::loads::Host;
use napi::bindgen_prelude::Uint8Array;
use ringstone_engine::direct::Direct;
use ringstone_engine::{Chain, OpenCache};
use std::cell::{Cell, Ref, RefCell};
use std::rc::Weak;
use std::sync::Arc;

/// Values of more than this part of the slab are not put there; see `LARGEST_IN_SLAB` in ts/cache/slab.ts.
const SLAB_SHARE: usize = 8;
/// Kept for what is longer; room for longer ones still goes after its use.
const KEPT_BYTES: usize = 64 << 10;

/// A value that was read and waits for the buffer that it goes to.
#[derive(Default)]
pub enum Kept {
    /// There is none.
    #[default]
    Nothing,
    /// A copy.
    Bytes(Vec<u8>),
    /// By reference.
    Chain(Chain),
}

/// Holds memory of the cache as long as the opening is open.
pub trait Release {
    /// Gives it back.
    fn release(&self);
}

/// Streams that may have ended before they are looked through.
const LOOKED_THROUGH: usize = 64;

/// One opening, used by the thread of its environment alone.
pub struct Handle {
    /// Until it is closed.
    direct: RefCell<Option<Direct>>,
    slab: RefCell<Uint8Array>,
    /// Strings on their way in.
    scratch: Cell<Vec<u8>>,
    /// Values on their way out.
    copy: Cell<Vec<u8>>,
    kept: Cell<Kept>,
    /// Those that are not released yet, and some that are.
    held: RefCell<Vec<Weak<dyn Release>>>,
    /// Who loads here, and waits for loads.
    host: RefCell<Option<Arc<Host>>>,
}

impl Handle {
    /// Of a cache that was opened for it.
    pub fn new(cache: Arc<OpenCache>, slab: Uint8Array) -> Handle {
        Handle {
            direct: RefCell::new(Some(Direct::new(cache))),
            slab: RefCell::new(slab),
            scratch: Cell::default(),
            copy: Cell::default(),
            kept: Cell::default(),
            held: RefCell::default(),
            host: RefCell::default(),
        }
    }

    /// Its way to the cache, until it is closed.
    pub fn direct(&self) -> Ref<'_, Option<Direct>> {
        self.direct.borrow()
    }

    /// The cache, until it is closed.
    pub fn cache(&self) -> Option<Arc<OpenCache>> {
        self.direct.borrow().as_ref().map(|direct| Arc::clone(direct.cache()))
    }

    /// Room for a string that is read, empty. To be given back.
    pub fn scratch(&self) -> Vec<u8> {
        self.scratch.take()
    }

    /// Gives it back.
    pub fn give_back_scratch(&self, room: Vec<u8>) {
        give_back(&self.scratch, room);
    }

    /// Room for a value that is copied, empty. To be given back, or kept.
    #[inline]
    pub fn copy(&self) -> Vec<u8> {
        self.copy.take()
    }

    /// Gives it back.
    #[inline]
    pub fn give_back_copy(&self, room: Vec<u8>) {
        give_back(&self.copy, room);
    }

    /// Keeps a value for the call of `take` that follows.
    pub fn keep(&self, value: Kept) {
        self.kept.set(value);
    }

    /// What was kept.
    pub fn take_kept(&self) -> Kept {
        self.kept.take()
    }

    /// Copies a value to a place in the slab if it is one that goes there; whether it is.
    #[inline]
    pub fn put<'v>(&self, offset: usize, length: usize, pieces: impl Iterator<Item = &'v [u8]>) -> bool {
        let mut slab = self.slab.borrow_mut();
        // SAFETY: the caller does not let go of the buffer's memory (ts/cache/slab.ts), and nobody else uses it while this
        // call has the thread.
        let slab = unsafe { slab.as_mut() };
        if length > slab.len() / SLAB_SHARE {
            return false;
        }
        let Some(mut room) = slab.get_mut(offset..).filter(|room| room.len() >= length) else { return false };
        for piece in pieces {
            let (now, rest) = room.split_at_mut(piece.len());
            now.copy_from_slice(piece);
            room = rest;
        }
        true
    }

    /// Tells a number beside a value, in the slab's first bytes, the lowest first.
    pub fn put_head(&self, number: u64) {
        let mut slab = self.slab.borrow_mut();
        // SAFETY: as in `put`.
        let slab = unsafe { slab.as_mut() };
        if let Some(head) = slab.first_chunk_mut() {
            *head = number.to_le_bytes();
        }
    }

    /// Another slab.
    pub fn use_slab(&self, slab: Uint8Array) {
        *self.slab.borrow_mut() = slab;
    }

    /// Has it released when the opening is closed, if it is there still.
    pub fn release_at_close(&self, one: Weak<dyn Release>) {
        let mut held = self.held.borrow_mut();
        if held.len() == held.capacity().max(LOOKED_THROUGH) {
            held.retain(|one| one.strong_count() > 0);
        }
        held.push(one);
    }

    fn release_all(&self) {
        for one in self.held.take() {
            if let Some(one) = one.upgrade() {
                one.release();
            }
        }
    }

    /// Bytes of the slab.
    pub fn slab_len(&self) -> usize {
        self.slab.borrow().len()
    }

    /// Who loads here from now on.
    pub fn use_host(&self, host: &Arc<Host>) {
        if let (Some(former), Some(cache)) = (self.host.replace(Some(Arc::clone(host))), self.cache()) {
            former.leave(&cache.loads);
        }
    }

    /// Who loads here, if anybody has asked for that.
    pub fn host(&self) -> Ref<'_, Option<Arc<Host>>> {
        self.host.borrow()
    }

    /// Lets the cache go, and all that is held of it; what is loaded here is handed over.
    pub fn close(&self) {
        self.release_all();
        self.kept.take();
        let Some(direct) = self.direct.borrow_mut().take() else { return };
        // Finalizers come with a later turn of the loop; until then each opening would keep its slab.
        self.use_slab(Uint8Array::from(Vec::new()));
        if let Some(host) = self.host.take() {
            host.leave(&direct.cache().loads);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

#[inline]
fn give_back(place: &Cell<Vec<u8>>, mut room: Vec<u8>) {
    if room.capacity() <= KEPT_BYTES {
        room.clear();
        place.set(room);
    }
}
