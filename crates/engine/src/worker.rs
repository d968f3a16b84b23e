//! A worker: takes the steps of a batch of connections in rounds, hashes and prefetches, executes, and counts.

use crate::Protocol;
use crate::cells::Cells;
use crate::client::{Client, Mail};
use crate::connection::{Connection, Mode, Receiving};
use crate::counters::{CommandIndex, Latency, WorkerCounters};
use crate::execute::{prefetch, resp, step};
use crate::intake::{Bounds, Intake, take};
use crate::lane::{Lane, LaneState};
use crate::loads::Patterns;
use crate::plain::take_plain;
use crate::reply::{ChainBody, OutputReply, Reply};
use crate::round::{Place, Queued, Round, blocks, command_name, only_command, reads_counters};
use crate::session::Modes;
use crate::shared::{Context, Outcome, Shared};
use crate::timing::{self, Timing};
use crate::trace;
use crate::usage::monotonic_ns;
use arrayvec::ArrayVec;
use ringstone_net::{BATCH, CloseReason, ConnectionInfo, Mailbox, Next, Output, Resumed, Service, Turn};
use ringstone_store::{Body, Hash, UnixMillis};
use std::sync::Arc;

/// Hashes for which the worker keeps room; a transaction may have had ten million keys.
const KEPT_HASHES: usize = 4096;

/// The service of one worker thread.
pub struct Worker {
    shared: Arc<Shared>,
    index: usize,
    bounds: Bounds,
    output_limit: usize,
    hashes: Vec<Hash>,
    scratch: Vec<u8>,
    /// How other threads reach its connections; `None` without an event loop.
    mailbox: Option<Mailbox<Mail>>,
}

impl Worker {
    /// The service of worker `index`.
    pub fn new(shared: Arc<Shared>, index: usize) -> Worker {
        let max_value_size = usize::try_from(shared.cache.options.max_value_size).unwrap_or(usize::MAX);
        let bounds = Bounds::new(max_value_size, shared.store.chain_threshold());
        let output_limit = shared.output_limit();
        Worker { shared, index, bounds, output_limit, hashes: Vec::new(), scratch: Vec::new(), mailbox: None }
    }

    /// The same in an event loop: its connections can be reached by this mailbox.
    pub fn reached_by(self, mailbox: Mailbox<Mail>) -> Worker {
        Worker { mailbox: Some(mailbox), ..self }
    }

    /// Collects up to `BATCH` steps, a fair share from each connection. The round is filled in place, as it is long: moving
    /// it would copy all of its room.
    /// True if a step is there that has waited for loads.
    fn collect<'i>(&self, lanes: &mut [Lane<'_, 'i>], round: &mut Round<'i>, now_ms: UnixMillis) -> bool {
        let mut grants = false;
        let active = lanes.iter().filter(|lane| lane.state == LaneState::Active).count();
        let share = (BATCH / active.max(1)).max(1);
        for (index, lane) in lanes.iter_mut().enumerate() {
            // What a request may be depends on whether the one before it was a login.
            let waits = lane.turn.connection.session.modes.has(Modes::UNAUTHENTICATED);
            for _ in 0..share {
                if lane.state != LaneState::Active || round.is_full() {
                    break;
                }
                if lane.requests_left == 0 || lane.has_replied_enough() {
                    lane.state = LaneState::Yielding;
                    break;
                }
                let mut start = lane.turn.connection.is_between_messages().then_some(lane.turn.consumed);
                if start.is_none() && matches!(lane.turn.connection.receiving, Receiving::Load(_)) {
                    if !lane.looks_again() {
                        break;
                    }
                    (start, grants) = (Some(lane.turn.consumed), true);
                }
                let turn = &mut *lane.turn;
                if start.is_some() && turn.consumed == lane.input.len() {
                    turn.need = 0;
                    lane.state = LaneState::Waiting;
                    break;
                }
                let (bounds, store, place) = (&self.bounds, &*self.shared.store, Place::new(round, index, start));
                let may_be_plain = start.is_some() && !waits;
                if may_be_plain && take_plain(turn.connection, lane.input, &mut turn.consumed, bounds, store, place) {
                    lane.requests_left -= 1;
                    continue;
                }
                match take(turn.connection, lane.input, &mut turn.consumed, bounds, store, now_ms) {
                    Intake::Need(need) => {
                        turn.need = need;
                        lane.state = LaneState::Waiting;
                    }
                    Intake::Step(step, hash) => {
                        lane.requests_left -= 1;
                        if waits || blocks(&step) {
                            lane.state = LaneState::Blocked;
                        }
                        Place::new(round, index, start).put(step, hash);
                    }
                }
            }
        }
        grants
    }

    /// Executes the round and empties it.
    fn execute_round(
        &mut self,
        lanes: &mut [Lane<'_, '_>],
        round: &mut Round<'_>,
        patterns: Option<&Patterns>,
        grants: bool,
        now_ms: UnixMillis,
        arrived_ns: u64,
    ) {
        if round.len() > 1 {
            prefetch(&self.shared.store, round.iter().filter_map(|queued| queued.hash));
        }
        let counters = self.shared.counters.worker(self.index);
        let store = &*self.shared.store;
        let cells = Cells::Open(store);
        let (hashes, scratch) = (&mut self.hashes, &mut self.scratch);
        let traced = self.shared.cache.trace.traced();
        let timing = Timing::new(&self.shared.settings);
        let mut context =
            Context { shared: &self.shared, store, cells, counters, now_ms, traced, hashes, scratch, timing };
        let mut executed = ArrayVec::<CommandIndex, BATCH>::new();
        // Where they are: what they are of is long.
        for Queued { lane, step, hash, start } in round.iter_mut() {
            let (lane, hash) = (&mut lanes[*lane], *hash);
            if lane.has_ended() {
                continue;
            }
            if let Some(start) = *start
                && lane.has_replied_enough()
            {
                lane.put_off(start);
                continue;
            }
            if (grants || patterns.is_some())
                && let Some(index) = lane.hold_up(step, hash, *start, patterns, &context, self.output_limit)
            {
                executed.extend(index);
                continue;
            }
            if reads_counters(step) {
                count(counters, &mut executed, arrived_ns);
            }
            let mut out = OutputReply {
                output: lane.turn.output,
                referenced_bytes: &mut lane.referenced_bytes,
                limit: self.output_limit,
                errors: &counters.resp_errors,
            };
            let connection = &mut *lane.turn.connection;
            if traced.any() {
                let serial = connection.session.client.serial;
                trace::enter(trace::Command { name: command_name(step, connection), connection: serial });
            }
            let (index, outcome) = if connection.session.is_silent() {
                step::execute_silently(step, hash, connection, &mut context, &mut out)
            } else {
                step::execute(step, hash, connection, &mut context, &mut out)
            };
            if let Some(index) = index {
                executed.push(index);
                lane.last_command = Some(index);
            }
            if !out.has_room() {
                lane.state = LaneState::Overrun;
            } else if outcome != Outcome::Continue {
                lane.follow(outcome);
            } else if lane.state == LaneState::Blocked {
                lane.state = LaneState::Active;
            }
        }
        if context.hashes.capacity() > KEPT_HASHES {
            *context.hashes = Vec::new();
        }
        if traced.any() {
            trace::leave();
            self.shared.cache.trace.publish();
        }
        let round_ns = count(counters, &mut executed, arrived_ns);
        if context.timing.is_long(round_ns) {
            let only = only_command(round).map(|(lane, args)| (args, &lanes[lane].turn.connection.session));
            timing::finish_round(round_ns, only, &context);
        }
        round.clear();
    }
}

/// All requests of a round share its time, which is the answer: from the start of the tick to the end of their execution.
fn count(counters: &WorkerCounters, executed: &mut ArrayVec<CommandIndex, BATCH>, arrived_ns: u64) -> u64 {
    let duration_ns = monotonic_ns().saturating_sub(arrived_ns);
    let bucket = Latency::bucket(duration_ns);
    for index in executed.drain(..) {
        let latency = &counters.commands[usize::from(index.0)];
        latency.buckets[bucket].add(1);
        latency.total_ns.add(duration_ns);
    }
    duration_ns
}

impl Service for Worker {
    type Connection = Connection;
    type Body = ChainBody;
    type Completion = Mail;

    fn open(&mut self, info: &ConnectionInfo, _output: &mut Output<ChainBody>) -> Connection {
        let protocol = self.shared.options.listeners.get(info.listener).map_or(Protocol::Auto, |l| l.protocol);
        let mut connection = match &self.mailbox {
            Some(mailbox) => {
                let client = Arc::new(Client::new(info, self.index, mailbox.clone(), self.shared.cache.clock.now_ms()));
                self.shared.clients.add(&client);
                self.shared.cache.trace.opened(&client);
                Connection::of(protocol, client)
            }
            None => Connection::new(protocol, info.serial),
        };
        connection.session.modes.set(Modes::UNAUTHENTICATED, self.shared.auth.is_required());
        connection
    }

    fn run(&mut self, batch: &mut [Turn<'_, Connection, ChainBody>], arrived_ns: u64) {
        let now_ms = self.shared.cache.clock.now_ms();
        let mut lanes = ArrayVec::<Lane<'_, '_>, BATCH>::new();
        lanes.extend(batch.iter_mut().map(Lane::new));
        let counters = self.shared.counters.worker(self.index);
        lanes.iter_mut().for_each(|lane| lane.read_mail(counters));
        let loads = &self.shared.cache.loads;
        // Here, and not where it is used: it has to be dropped, and what is made after it would be moved for that.
        let patterns = loads.any().then(|| loads.patterns());
        let mut round = Round::new();
        loop {
            let grants = self.collect(&mut lanes, &mut round, now_ms);
            if round.is_empty() {
                break;
            }
            self.execute_round(&mut lanes, &mut round, patterns.as_deref(), grants, now_ms, arrived_ns);
        }
        for lane in &mut lanes {
            lane.turn.connection.session.client.was_active(now_ms, lane.last_command);
            lane.turn.next = match lane.state {
                LaneState::Closing => Next::Close,
                LaneState::Overrun => Next::Overrun,
                LaneState::Yielding | LaneState::PutOff => Next::Yield,
                LaneState::Parked => Next::Park,
                // At the end of the input the loop closes, and knows that the peer did.
                _ => Next::Read,
            };
        }
    }

    fn body_room<'c>(&mut self, connection: &'c mut Connection) -> Option<&'c mut [u8]> {
        connection.body().map(Body::spare)
    }

    fn body_filled(&mut self, connection: &mut Connection, bytes: usize) -> bool {
        match connection.body() {
            Some(body) => {
                body.filled(bytes);
                body.remaining() == 0
            }
            None => true,
        }
    }

    fn is_between_messages(&self, connection: &Connection) -> bool {
        connection.is_between_messages()
    }

    /// As in Valkey and memcached: a subscriber and a watcher may listen for as long as they like.
    fn may_be_idle(&self, connection: &Connection) -> bool {
        connection.mode != Mode::Watch && !connection.session.modes.has(Modes::SUBSCRIBER)
    }

    fn resume(&mut self, _connection: &mut Connection, completion: Mail) -> Resumed {
        match completion {
            // They are read in the turn that follows.
            Mail::Letters => Resumed::Turn,
            Mail::Close => Resumed::Close,
            // Whatever comes while it waits gives it a turn, in which it looks whether it waits still.
            Mail::GoOn => Resumed::Turn,
        }
    }

    fn close(&mut self, mut connection: Connection, reason: CloseReason) {
        if let Receiving::Load(waiting) = &connection.receiving {
            waiting.withdraw(&self.shared.cache.loads);
        }
        let client = &connection.session.client;
        self.shared.clients.remove(client);
        if connection.mode == Mode::Watch {
            self.shared.unwatch(client);
        }
        self.shared.cache.trace.closed(client, reason);
        resp::leave(&mut connection.session, &self.shared);
    }
}
