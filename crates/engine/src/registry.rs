//! The caches that are open in this process, by name, so that every thread of Node finds the same one.

use crate::cache::{Cache, CacheOptions};
use crate::sweeper::Sweeper;
use crate::{Error, ErrorCode};
use parking_lot::Mutex;
use ringstone_store::SystemClock;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

static OPEN: Mutex<Option<HashMap<String, Weak<OpenCache>>>> = Mutex::new(None);

/// A cache with the thread that keeps it clean. Its memory is freed when the last who holds it lets go.
pub struct OpenCache {
    cache: Arc<Cache>,
    /// Of the registry; `None` for a cache that nobody else finds.
    name: Option<String>,
    is_served: AtomicBool,
    /// Dropped first of what needs a running thread: it ends and is waited for.
    _sweeper: Sweeper,
}

impl OpenCache {
    /// Opens a cache, or joins the open one of that name if its options are these, as far as `wanted` tells them.
    pub fn open(
        name: Option<&str>,
        options: CacheOptions,
        differs: impl FnOnce(&CacheOptions) -> Option<String>,
    ) -> Result<Arc<OpenCache>, Error> {
        let Some(name) = name else { return Ok(Arc::new(OpenCache::start(None, options)?)) };
        let joined = {
            let mut open = OPEN.lock();
            let open = open.get_or_insert_default();
            let Some(cache) = open.get(name).and_then(Weak::upgrade) else {
                let cache = Arc::new(OpenCache::start(Some(name.to_owned()), options)?);
                open.insert(name.to_owned(), Arc::downgrade(&cache));
                return Ok(cache);
            };
            cache
        };
        // Without the lock: where all others have let go meanwhile, one that is refused ends the cache, which takes it.
        match differs(&joined.options) {
            None => Ok(joined),
            Some(difference) => Err(Error::new(
                ErrorCode::OptionsDiffer,
                format!("the cache {name:?} is open with other options: {difference}; leave them out to join it"),
            )),
        }
    }

    fn start(name: Option<String>, options: CacheOptions) -> Result<OpenCache, Error> {
        OpenCache::over(name, Cache::open(options, Arc::new(SystemClock::new()))?)
    }

    /// Of a cache with a clock of its own.
    pub(crate) fn over(name: Option<String>, cache: Cache) -> Result<OpenCache, Error> {
        let cache = Arc::new(cache);
        let sweeper = Sweeper::start(Arc::clone(&cache))
            .map_err(|error| Error::new(ErrorCode::StartFailed, format!("cannot start the sweeper thread: {error}")))?;
        Ok(OpenCache { cache, name, is_served: AtomicBool::new(false), _sweeper: sweeper })
    }

    /// What is shared.
    pub fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// Takes the right to serve it, which one server has at a time.
    pub(crate) fn serve(&self) -> Result<(), Error> {
        if self.is_served.swap(true, Ordering::AcqRel) {
            let message = "the cache is being served already; close that server first, or give it all addresses";
            return Err(Error::new(ErrorCode::AlreadyServing, message));
        }
        Ok(())
    }

    /// Gives that back.
    pub(crate) fn end_service(&self) {
        self.is_served.store(false, Ordering::Release);
    }
}

impl Deref for OpenCache {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        &self.cache
    }
}

impl Drop for OpenCache {
    fn drop(&mut self) {
        let Some(name) = &self.name else { return };
        let mut open = OPEN.lock();
        // Somebody may have opened another one of that name since this one was let go.
        if let Some(open) = &mut *open
            && open.get(name).is_some_and(|cache| cache.strong_count() == 0)
        {
            open.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringstone_store::Eviction;

    fn options(max_memory: u64) -> CacheOptions {
        CacheOptions {
            max_memory,
            max_value_size: 1 << 20,
            default_ttl_ms: 0,
            cleanup_interval_ms: 60_000,
            eviction: Eviction::S3Fifo,
        }
    }

    #[test]
    fn the_same_name_is_the_same_cache_until_all_have_let_go() {
        let open = |max_memory| {
            let difference = move |is: &CacheOptions| (is.max_memory != max_memory).then(|| "max_memory".to_owned());
            OpenCache::open(Some("registry test"), options(max_memory), difference)
        };
        let first = open(1 << 20).expect("opens");
        let second = open(1 << 20).expect("joins");
        assert!(Arc::ptr_eq(&first, &second));
        let error = open(2 << 20).err().expect("differs");
        assert_eq!(error.code, ErrorCode::OptionsDiffer);
        assert!(error.message.contains("max_memory"), "{error}");
        drop(first);
        assert!(open(2 << 20).is_err(), "one still holds it");
        drop(second);
        let other = open(2 << 20).expect("another one of that name");
        assert_eq!(other.options.max_memory, 2 << 20);
        let nameless = || OpenCache::open(None, options(1 << 20), |_| None).expect("opens");
        assert!(!Arc::ptr_eq(&nameless(), &nameless()));
    }

    #[test]
    fn who_is_refused_may_be_the_last_to_let_go() {
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let open = |differs: &dyn Fn() -> Option<String>| {
                OpenCache::open(Some("refused last"), options(1 << 20), |_| differs())
            };
            let holder = std::cell::Cell::new(open(&|| None).ok());
            let refused = open(&|| {
                drop(holder.take());
                Some("max_memory".to_owned())
            });
            assert!(refused.is_err());
            assert!(open(&|| panic!("it is not open any more")).is_ok());
            done.send(()).expect("is awaited");
        });
        ended.recv_timeout(std::time::Duration::from_secs(60)).expect("the registry is free");
    }

    #[test]
    fn one_server_at_a_time() {
        let cache = OpenCache::open(None, options(1 << 20), |_| None).expect("opens");
        assert!(cache.serve().is_ok());
        assert_eq!(cache.serve().expect_err("is served").code, ErrorCode::AlreadyServing);
        cache.end_service();
        assert!(cache.serve().is_ok());
    }
}
