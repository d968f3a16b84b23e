//! One thread's connections, driven through a phase.

use std::io;
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Poll, Token};

use crate::clock::Clock;
use crate::connection::{Connection, Context, Lateness};
use crate::pace::Schedule;
use crate::progress::{Control, Counters};
use crate::socket::Socket;
use crate::tally::Tally;
use crate::workload::Source;
use crate::{Error, Options};

/// Read at once: several of the largest replies that are common.
const BUFFER_SIZE: usize = 256 * 1024;
/// Events taken at once; further ones come with the next call.
const EVENTS: usize = 1024;
/// Longest sleep: how soon a wish to stop and a silent connection are noticed.
const MAX_SLEEP_NS: u64 = 50_000_000;
/// The system's resolution of a sleep; a request that is closer than this is waited for awake.
const SLEEP_UNIT_NS: u64 = 1_000_000;
/// Sending that took longer was held up by others, as far as anyone can tell.
const STALL_NS: u64 = 100_000;
/// How long a stopped run waits for replies on their way.
const STOP_GRACE_NS: u64 = 500_000_000;

/// One thread's part of the run.
pub(crate) struct Driver {
    poll: Poll,
    connections: Vec<Connection>,
    context: Context,
    buffer: Box<[u8]>,
    timeout_ns: u64,
}

/// One thread's part of a phase.
pub(crate) struct Plan<'a> {
    pub(crate) source: Source<'a>,
    /// Requests on their way per connection.
    pub(crate) depth: usize,
    /// Fixed rate; closed loop without.
    pub(crate) schedule: Option<Schedule>,
    /// When sending ends, unless `source` or `schedule` end before.
    pub(crate) end_ns: u64,
}

impl Driver {
    /// Opens `connections`, of those of all threads the ones after `opened`.
    pub(crate) fn connect(options: &Options, opened: usize, connections: usize, clock: Clock) -> Result<Self, Error> {
        let poll = Poll::new()?;
        let context = Context::new(options, clock);
        let open = |index| {
            let failed = |source| {
                let (opened, wanted) = (opened + index, options.connections);
                Error::Connect { target: options.target.clone(), opened, wanted, source }
            };
            let socket = Socket::connect(&options.target).map_err(failed)?;
            Ok(Connection::new(socket, options.protocol, &context, poll.registry(), Token(index))?)
        };
        let connections = (0..connections).map(open).collect::<Result<_, Error>>()?;
        Ok(Self {
            poll,
            connections,
            context,
            buffer: vec![0; BUFFER_SIZE].into(),
            timeout_ns: options.timeout.as_nanos() as u64,
        })
    }

    /// Sends what the plan says and waits for the replies.
    ///
    /// # Errors
    /// Of the event queue; what goes wrong with a connection is in the tally.
    pub(crate) fn run(&mut self, plan: Plan<'_>, control: &Control, counters: &Counters) -> io::Result<Tally> {
        // All that has come is seen by each look, so that what it does not show came later.
        let mut events = Events::with_capacity(EVENTS.max(self.connections.len()));
        let clock = self.context.clock;
        let mut pass = Pass::new(self, plan);
        pass.begin();
        loop {
            let now_ns = clock.now_ns();
            pass.keep_pace(now_ns);
            pass.look_after(now_ns, control);
            counters.publish(&pass.tally, pass.open);
            if pass.is_over(now_ns) {
                return Ok(pass.finish(now_ns));
            }
            let sleep = pass.sleep(now_ns);
            let looking_ns = clock.now_ns();
            match pass.driver.poll.poll(&mut events, Some(sleep)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
                polled => polled?,
            }
            for event in &events {
                pass.handle(event);
            }
            pass.looked(looking_ns);
        }
    }
}

/// A phase under way.
struct Pass<'d, 'p> {
    driver: &'d mut Driver,
    plan: Plan<'p>,
    tally: Tally,
    /// Connections that are not given up.
    open: usize,
    /// There is more to send.
    sending: bool,
    /// When the wish to stop was seen.
    stopped_ns: Option<u64>,
    /// The connection that is next to get a request of the fixed rate.
    cursor: usize,
    /// All connections had as many requests on their way as they may when last looked at.
    full: bool,
    /// When that may have ended last: the look at the sockets before the one that showed it.
    freed_ns: u64,
    looked_ns: u64,
}

/// Requests at a fixed rate that go over a connection together.
struct Batch {
    index: usize,
    /// When the first was made.
    asked_ns: u64,
    /// How late that was, and not for want of a connection.
    late_ns: u64,
}

impl<'d, 'p> Pass<'d, 'p> {
    fn new(driver: &'d mut Driver, plan: Plan<'p>) -> Self {
        let open = driver.connections.iter().filter(|connection| connection.is_open()).count();
        let looked_ns = driver.context.clock.now_ns();
        driver.context.lateness = plan.schedule.map(|_| Lateness { sending_ns: 0, looked_ns });
        Self {
            driver,
            plan,
            tally: Tally::default(),
            open,
            sending: true,
            stopped_ns: None,
            cursor: 0,
            full: false,
            freed_ns: 0,
            looked_ns: 0,
        }
    }

    /// In a closed loop every connection begins at once, and sends one batch at least: a thread that gets no CPU for the
    /// whole of a short phase has something to tell.
    fn begin(&mut self) {
        if self.plan.schedule.is_none() {
            for index in 0..self.driver.connections.len() {
                let now_ns = self.driver.context.clock.now_ns();
                self.send_batch(index, now_ns);
            }
        }
    }

    /// Sends the next batch of a closed loop, if it is not over.
    fn fill(&mut self, index: usize) {
        let now_ns = self.driver.context.clock.now_ns();
        self.sending &= now_ns < self.plan.end_ns;
        self.send_batch(index, now_ns);
    }

    fn send_batch(&mut self, index: usize, now_ns: u64) {
        let connection = &mut self.driver.connections[index];
        if !self.sending || !connection.is_open() {
            return;
        }
        for _ in 0..self.plan.depth {
            if !connection.ask(&mut self.plan.source, now_ns, now_ns, &self.driver.context.encoder) {
                self.sending = false;
                break;
            }
            self.tally.sent += 1;
        }
        self.flush(index);
    }

    /// Sends what is due at a fixed rate, each request over the next connection that may have one more on its way.
    fn keep_pace(&mut self, now_ns: u64) {
        let Some(mut schedule) = self.plan.schedule else { return };
        if !self.sending {
            return;
        }
        if self.tally.outstanding() == 0 {
            self.caught_up();
        }
        // What follows over the same connection is sent with it.
        let mut batch: Option<Batch> = None;
        while let Some(due_ns) = schedule.due(now_ns.min(self.plan.end_ns)) {
            let Some(index) = self.next_free() else { break };
            if let Some(before) = batch.take_if(|batch| batch.index != index) {
                self.send(before);
            }
            let Driver { connections, context, .. } = &mut *self.driver;
            let sent_ns = context.clock.now_ns();
            if !connections[index].ask(&mut self.plan.source, due_ns, sent_ns, &context.encoder) {
                break;
            }
            let late_ns = sent_ns.saturating_sub(due_ns.max(self.freed_ns));
            self.was_late(late_ns);
            batch.get_or_insert(Batch { index, asked_ns: sent_ns, late_ns });
            self.tally.sent += 1;
            schedule.advance();
        }
        self.plan.schedule = Some(schedule);
        if let Some(batch) = batch {
            self.send(batch);
        }
        self.sending = schedule.next_ns().is_some() && now_ns < self.plan.end_ns;
    }

    /// Sends what was asked over a connection at a fixed rate.
    fn send(&mut self, Batch { index, asked_ns, late_ns }: Batch) {
        self.flush(index);
        let took_ns = self.driver.context.clock.now_ns().saturating_sub(asked_ns);
        if took_ns > STALL_NS {
            self.was_late(late_ns + took_ns);
        }
    }

    /// A request was sent so late, and not for want of a connection.
    fn was_late(&mut self, late_ns: u64) {
        if let Some(Lateness { sending_ns, .. }) = &mut self.driver.context.lateness {
            *sending_ns = late_ns.max(*sending_ns);
        }
    }

    /// Nothing is owed, so nothing can come late any more because of what was sent late.
    fn caught_up(&mut self) {
        if let Some(Lateness { sending_ns, .. }) = &mut self.driver.context.lateness {
            *sending_ns = 0;
        }
    }

    /// All that the sockets had at `looking_ns` was read.
    fn looked(&mut self, looking_ns: u64) {
        if let Some(Lateness { looked_ns, .. }) = &mut self.driver.context.lateness {
            *looked_ns = looking_ns;
        }
    }

    /// The next connection with room for a request, in turn.
    fn next_free(&mut self) -> Option<usize> {
        let count = self.driver.connections.len();
        let depth = self.plan.depth;
        let connections = &self.driver.connections;
        let free = |index: &usize| connections[*index].is_open() && connections[*index].owed() < depth;
        let found = (0..count).map(|step| (self.cursor + step) % count).find(free);
        self.full = found.is_none();
        if let Some(index) = found {
            self.cursor = (index + 1) % count;
        }
        found
    }

    fn flush(&mut self, index: usize) {
        let connection = &mut self.driver.connections[index];
        if connection.has_output() {
            let flushed = connection.flush(self.driver.poll.registry(), &mut self.tally);
            if let Err(error) = flushed {
                self.give_up(index, &format!("sending: {error}"));
            }
        }
    }

    fn give_up(&mut self, index: usize, why: &str) {
        let connection = &mut self.driver.connections[index];
        if connection.is_open() {
            connection.give_up(self.driver.poll.registry(), &mut self.tally);
            self.tally.problem(why);
            self.open -= 1;
        }
    }

    fn handle(&mut self, event: &Event) {
        let Token(index) = event.token();
        if event.is_writable() {
            self.flush(index);
        }
        let Driver { connections, context, buffer, .. } = &mut *self.driver;
        let to_end = event.is_read_closed() || event.is_error();
        let received = if event.is_readable() || to_end {
            connections[index].receive(buffer, to_end, context, &mut self.tally)
        } else {
            Ok(())
        };
        match received {
            Err(why) => self.give_up(index, &why),
            Ok(()) if self.plan.schedule.is_none() && self.driver.connections[index].owed() == 0 => self.fill(index),
            Ok(()) if self.full => {
                self.full = false;
                self.freed_ns = self.driver.context.lateness.map_or(0, |lateness| lateness.looked_ns);
            }
            Ok(()) => {}
        }
    }

    /// Looks at silent connections and the wish to stop.
    fn look_after(&mut self, now_ns: u64, control: &Control) {
        if self.stopped_ns.is_none() && control.is_stopped() {
            self.stopped_ns = Some(now_ns);
            self.sending = false;
        }
        if now_ns.saturating_sub(self.looked_ns) < MAX_SLEEP_NS {
            return;
        }
        self.looked_ns = now_ns;
        for index in 0..self.driver.connections.len() {
            if self.driver.connections[index].is_silent(now_ns, self.driver.timeout_ns) {
                self.give_up(index, "no reply within the timeout");
            }
        }
    }

    fn is_over(&self, now_ns: u64) -> bool {
        let graced = self.stopped_ns.is_some_and(|stopped_ns| now_ns.saturating_sub(stopped_ns) > STOP_GRACE_NS);
        self.open == 0 || graced || (!self.sending && self.tally.outstanding() == 0)
    }

    /// How long nothing needs to be done unless an event comes.
    fn sleep(&self, now_ns: u64) -> Duration {
        // Awake, it knows how long a reply may have lain unread.
        if self.plan.schedule.is_some() && self.tally.outstanding() > 0 {
            return Duration::ZERO;
        }
        let end_ns = if self.sending { self.plan.end_ns.saturating_sub(now_ns).max(SLEEP_UNIT_NS) } else { u64::MAX };
        let next = self.plan.schedule.filter(|_| self.sending && !self.full).and_then(|schedule| schedule.next_ns());
        let next_ns = next.map_or(u64::MAX, |next_ns| next_ns.saturating_sub(now_ns));
        let sleep_ns = MAX_SLEEP_NS.min(end_ns).min(next_ns);
        // Whole units, rounded down: the system rounds up.
        Duration::from_millis(sleep_ns / SLEEP_UNIT_NS)
    }

    /// Counts what was due and not sent.
    fn finish(mut self, now_ns: u64) -> Tally {
        if let Some(schedule) = self.plan.schedule {
            let until_ns = self.stopped_ns.unwrap_or(now_ns).min(self.plan.end_ns);
            self.tally.unsent = schedule.behind(until_ns);
        }
        self.tally.unanswered += self.tally.outstanding();
        self.tally
    }
}
