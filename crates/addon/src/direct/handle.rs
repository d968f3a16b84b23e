//! What the functions of one opening share.

use crate::loads::Host;
use napi::bindgen_prelude::Uint8Array;
use ringstone_engine::OpenCache;
use ringstone_engine::direct::Direct;
use std::cell::{Ref, RefCell};
use std::rc::Weak;
use std::sync::Arc;

/// Bytes at the start of the slab for what is told beside a value: its flags.
pub const SLAB_HEAD: usize = 16;

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
    scratch: RefCell<Vec<u8>>,
    /// Those that are not released yet, and some that are.
    held: RefCell<Vec<Weak<dyn Release>>>,
    /// Values of several keys on their way out.
    values: RefCell<Vec<u8>>,
    /// Who loads here, and waits for loads.
    host: RefCell<Option<Arc<Host>>>,
}

impl Handle {
    /// Of a cache that was opened for it.
    pub fn new(cache: Arc<OpenCache>, slab: Uint8Array) -> Handle {
        Handle {
            direct: RefCell::new(Some(Direct::new(cache))),
            slab: RefCell::new(slab),
            scratch: RefCell::default(),
            held: RefCell::default(),
            values: RefCell::default(),
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

    /// Where strings are read to.
    pub fn scratch(&self) -> &RefCell<Vec<u8>> {
        &self.scratch
    }

    /// Where values of several keys are collected.
    pub fn values(&self) -> &RefCell<Vec<u8>> {
        &self.values
    }

    /// Copies a value to a place in the slab if it fits there, and what is told beside it to the head.
    #[inline]
    pub fn put(&self, offset: usize, value: impl Iterator<Item = impl AsRef<[u8]>>, length: usize, flags: u32) {
        let mut slab = self.slab.borrow_mut();
        // SAFETY: the buffer is the caller's and is used for nothing else while this call has the thread.
        let slab = unsafe { slab.as_mut() };
        if let Some(head) = slab.first_chunk_mut::<4>() {
            *head = flags.to_ne_bytes();
        }
        let Some(mut room) = slab.get_mut(offset..).filter(|room| room.len() >= length && offset >= SLAB_HEAD) else {
            return;
        };
        for piece in value {
            let (now, rest) = room.split_at_mut(piece.as_ref().len());
            now.copy_from_slice(piece.as_ref());
            room = rest;
        }
    }

    /// Bytes of the slab.
    pub fn slab_len(&self) -> usize {
        self.slab.borrow().len()
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
        let Some(direct) = self.direct.borrow_mut().take() else { return };
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
