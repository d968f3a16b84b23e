//! Starting: listeners, runtime, workers, acceptor.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use parking_lot::Mutex;

use crate::acceptor::{self, Acceptor};
use crate::counters::Counters;
use crate::event::Observer;
use crate::handle::{AcceptorHandle, Ends, Handle};
use crate::listener::Listening;
use crate::mailbox::{Doorbell, Mailbox};
use crate::poll::{self, Poll};
use crate::wake::Waker;
use crate::worker::{Ended, Pools, Shared, Worker};
use crate::{NetError, NetEvent, NetOptions, Runtime, RuntimeChoice, Service, WorkerContext, probe, thread};

/// Starts acceptor and workers; returns once all listeners listen and every worker is up.
///
/// # Errors
/// See `NetError`. Nothing is left running or bound then.
pub fn serve<S, F>(
    options: NetOptions,
    factory: F,
    observer: Arc<dyn Fn(NetEvent) + Send + Sync>,
) -> Result<Handle, NetError>
where
    S: Service,
    F: Fn(WorkerContext<S::Completion>) -> S + Send + Sync + 'static,
{
    options.validate()?;
    let (runtime, reason) = choose(options.runtime)?;
    let listeners =
        options.listeners.iter().map(|listener| Listening::open(listener, &options)).collect::<Result<Vec<_>, _>>()?;
    let local_addresses = listeners.iter().map(|listener| listener.local().to_owned()).collect();
    let observer = Observer::new(observer);
    let counters = Arc::new(Counters::new(options.workers));
    let options = Arc::new(options);

    let poll = mio::Poll::new()?;
    let acceptor = AcceptorHandle {
        stop: Arc::new(AtomicBool::new(false)),
        waker: mio::Waker::new(poll.registry(), acceptor::WAKE)?,
        thread: Mutex::new(None),
    };
    // From here on a failure drops the handle, which stops what has started.
    let mut handle = Handle {
        runtime,
        reason,
        local_addresses,
        counters: Arc::clone(&counters),
        acceptor,
        doorbells: Vec::new(),
        threads: Vec::new(),
        ends: Arc::new(Ends::new(options.workers)),
    };
    start_workers::<S, F>(&mut handle, &options, factory, &observer)?;
    let mut acceptor = Acceptor {
        poll,
        listeners,
        workers: handle.doorbells.clone(),
        counters,
        max_connections: options.max_connections,
        observer,
        stop: Arc::clone(&handle.acceptor.stop),
    };
    acceptor.register()?;
    *handle.acceptor.thread.lock() = Some(thread::spawn("ringstone-accept".into(), || acceptor.run())?);
    Ok(handle)
}

fn choose(wish: RuntimeChoice) -> Result<(Runtime, String), NetError> {
    if wish == RuntimeChoice::Mio {
        return Ok((Runtime::Mio, "asked for".into()));
    }
    match (probe::probe_uring(), wish) {
        (Ok(facts), _) => Ok((Runtime::Uring, format!("io_uring: {facts}"))),
        (Err(reason), RuntimeChoice::Uring) => Err(NetError::UringUnavailable(reason)),
        (Err(reason), _) => Ok((Runtime::Mio, reason.to_string())),
    }
}

/// Spawns every worker and waits until each is up.
fn start_workers<S, F>(
    handle: &mut Handle,
    options: &Arc<NetOptions>,
    factory: F,
    observer: &Observer,
) -> Result<(), NetError>
where
    S: Service,
    F: Fn(WorkerContext<S::Completion>) -> S + Send + Sync + 'static,
{
    let factory = Arc::new(factory);
    let (up, started) = mpsc::channel::<io::Result<()>>();
    for index in 0..options.workers {
        let (source, waker) = Source::new(handle.runtime)?;
        let doorbell = Arc::new(Doorbell::new(waker));
        let seed = Seed {
            source,
            factory: Arc::clone(&factory),
            observer: observer.clone(),
            ends: Arc::clone(&handle.ends),
            shared: Shared {
                index,
                options: Arc::clone(options),
                counters: Arc::clone(&handle.counters),
                doorbell: Arc::clone(&doorbell),
                mailbox: Mailbox::new(Arc::clone(&doorbell)),
            },
        };
        let up = up.clone();
        let thread = thread::spawn(format!("ringstone-w{index}"), move || seed.live::<S>(&up))?;
        handle.threads.push(thread);
        handle.doorbells.push(doorbell);
    }
    drop(up);
    for _ in 0..options.workers {
        // Every worker says that it is up or why it is not, even if it panics.
        started.recv().unwrap_or_else(|_| Err(io::Error::other("the workers have ended")))?;
    }
    Ok(())
}

/// What a worker's event loop is made from, in its thread.
enum Source {
    Mio(mio::Poll),
    #[cfg(target_os = "linux")]
    Uring(std::fs::File),
}

impl Source {
    fn new(runtime: Runtime) -> io::Result<(Self, Waker)> {
        #[cfg(target_os = "linux")]
        if runtime == Runtime::Uring {
            let (file, waker) = Waker::event_fd()?;
            return Ok((Source::Uring(file), waker));
        }
        debug_assert_eq!(runtime, Runtime::Mio);
        let poll = mio::Poll::new()?;
        let waker = Waker::Mio(mio::Waker::new(poll.registry(), poll::WAKE)?);
        Ok((Source::Mio(poll), waker))
    }
}

/// Everything that goes into a worker's thread.
struct Seed<T, F> {
    source: Source,
    factory: Arc<F>,
    observer: Observer,
    ends: Arc<Ends>,
    shared: Shared<T>,
}

impl<T: Send + 'static, F> Seed<T, F> {
    /// The thread's body: never unwinds, and always tells that it has ended.
    fn live<S>(self, up: &mpsc::Sender<io::Result<()>>)
    where
        S: Service<Completion = T>,
        F: Fn(WorkerContext<T>) -> S,
    {
        let Self { source, factory, observer, ends, shared } = self;
        let index = shared.index;
        let (doorbell, counters) = (Arc::clone(&shared.doorbell), Arc::clone(&shared.counters));
        let mailbox = shared.mailbox.clone();
        // A panicking worker's state is dropped by the unwinding and never looked at again.
        let result = catch_unwind(AssertUnwindSafe(|| work::<S, F>(source, &*factory, shared, up)));
        doorbell.leave();
        mailbox.discard();
        counters.worker(index).worker_ended();
        let words = match &result {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(format!("panicked: {}", panic_words(panic.as_ref()))),
        };
        if let Some(words) = words {
            // Heard only by a start that still waits for this worker.
            up.send(Err(io::Error::other(format!("worker {index}: {words}")))).ok();
            observer.tell(true, "WORKER_FAILED", format!("worker {index} has ended: {words}"));
        }
        ends.note(result.ok().and_then(Result::ok));
    }
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

fn work<S, F>(
    source: Source,
    factory: &F,
    shared: Shared<S::Completion>,
    up: &mpsc::Sender<io::Result<()>>,
) -> io::Result<Ended>
where
    S: Service,
    F: Fn(WorkerContext<S::Completion>) -> S,
{
    let pools = Pools::new(&shared.options);
    let context =
        WorkerContext { worker: shared.index, mailbox: shared.mailbox.clone(), counters: Arc::clone(&shared.counters) };
    // A receiver that has gone is a start that failed elsewhere; the doorbell will say so.
    match source {
        Source::Mio(poll) => {
            let events = Poll::new(poll, std::rc::Rc::clone(&pools.read));
            let worker = Worker::new(shared, events, factory(context), pools);
            worker.publish_buffers();
            up.send(Ok(())).ok();
            worker.run()
        }
        #[cfg(target_os = "linux")]
        Source::Uring(eventfd) => {
            let made = crate::uring::Uring::new(&shared.options, eventfd, &pools.read, &pools.output.buffers);
            let events = match made {
                Ok(events) => events,
                Err(error) => {
                    up.send(Err(error)).ok();
                    return Ok(Ended::Drained);
                }
            };
            let worker = Worker::new(shared, events, factory(context), pools);
            worker.publish_buffers();
            up.send(Ok(())).ok();
            worker.run()
        }
    }
}
