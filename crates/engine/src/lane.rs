//! A connection's turn: what of it is in which state while the batch is worked on.

use crate::connection::{Connection, Receiving};
use crate::counters::{CommandIndex, WorkerCounters};
use crate::execute::loading::{self, Asking, Loading};
use crate::intake::Step;
use crate::loads::Patterns;
use crate::parking::Waiting;
use crate::reply::{ChainBody, OutputReply};
use crate::shared::{Context, Outcome};
use ringstone_net::Turn;
use ringstone_store::Hash;

/// Requests that one connection may have executed in one tick before others get their turn.
pub const REQUESTS_PER_TURN: usize = 256;
/// Bytes of replies that a connection may queue in one tick, but for the reply that goes beyond.
pub const OUTPUT_PER_TURN: usize = 256 << 10;

/// A connection's turn while its batch is worked on.
pub struct Lane<'t, 'i> {
    /// As the event loop gave it.
    pub turn: &'t mut Turn<'i, Connection, ChainBody>,
    /// Of the turn.
    pub input: &'i [u8],
    /// Of mail and of replies to earlier turns that are still queued.
    queued_bytes: usize,
    /// Of this turn's replies, bytes of large values.
    pub referenced_bytes: usize,
    /// Requests that it may have executed yet.
    pub requests_left: usize,
    /// Of this turn, the last that was executed.
    pub last_command: Option<CommandIndex>,
    /// What its next step has waited for is settled: see `Connection::granted`.
    is_granted: bool,
    /// How it stands.
    pub state: LaneState,
}

impl<'t, 'i> Lane<'t, 'i> {
    /// At its start.
    pub fn new(turn: &'t mut Turn<'i, Connection, ChainBody>) -> Lane<'t, 'i> {
        let (input, queued_bytes) = (turn.input, turn.output.len());
        Lane {
            turn,
            input,
            queued_bytes,
            referenced_bytes: 0,
            requests_left: REQUESTS_PER_TURN,
            last_command: None,
            is_granted: false,
            state: LaneState::Active,
        }
    }

    /// Whether nothing more is executed of it in this turn.
    #[inline]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, LaneState::Closing | LaneState::Overrun | LaneState::PutOff | LaneState::Parked)
    }

    /// Only this turn's replies count: one that does nothing because earlier ones are unread would be given again at once.
    #[inline]
    pub fn has_replied_enough(&self) -> bool {
        self.turn.output.len() - self.queued_bytes >= OUTPUT_PER_TURN
    }

    /// What others have put in comes before the replies of this turn.
    #[inline]
    pub fn read_mail(&mut self, counters: &WorkerCounters) {
        let client = &self.turn.connection.session.client;
        if client.has_mail() && !self.turn.connection.is_writing() {
            let mut out = OutputReply {
                output: self.turn.output,
                referenced_bytes: &mut self.referenced_bytes,
                limit: usize::MAX,
                errors: &counters.resp_errors,
            };
            if client.deliver(&mut out) {
                self.state = LaneState::Closing;
            }
            // It is no reply: however much comes in each turn, the connection's own requests have their share.
            self.queued_bytes = self.turn.output.len();
        }
    }

    /// After a step that does not merely go on.
    #[cold]
    pub fn follow(&mut self, outcome: Outcome) {
        let connection = &mut *self.turn.connection;
        self.state = match outcome {
            Outcome::Continue => LaneState::Active,
            Outcome::Close => LaneState::Closing,
            Outcome::Yield => LaneState::Yielding,
            Outcome::Walk => {
                connection.receiving = connection.session.walk.take().map_or(Receiving::Nothing, Receiving::Walk);
                LaneState::Active
            }
        };
    }

    /// Whether it may go on, of a connection that waits for loads; if so, its next step is the one that waited.
    #[cold]
    pub fn looks_again(&mut self) -> bool {
        let connection = &mut *self.turn.connection;
        match std::mem::replace(&mut connection.receiving, Receiving::Nothing) {
            Receiving::Load(waiting) if waiting.is_over() => {
                (connection.granted, self.is_granted) = (Some(waiting), true);
                true
            }
            receiving => {
                connection.receiving = receiving;
                self.state = LaneState::Parked;
                false
            }
        }
    }

    fn take_grant(&mut self) -> Option<Box<Waiting>> {
        // Not in the lane itself, which would have to be dropped then: some hundred instructions in each turn.
        if std::mem::take(&mut self.is_granted) { self.turn.connection.granted.take() } else { None }
    }

    /// Before a step is executed, while there are loaders: whether it is not to be, as it waits for loads, or is answered here, as
    /// one has failed. Then it answers with the counter of the command, if it is answered.
    #[cold]
    pub fn hold_up(
        &mut self,
        step: &Step<'_>,
        hash: Option<Hash>,
        start: Option<usize>,
        patterns: Option<&Patterns>,
        context: &Context<'_>,
        output_limit: usize,
    ) -> Option<Option<CommandIndex>> {
        let Context { shared, store, now_ms, counters, .. } = *context;
        let loading = match (self.take_grant(), start, patterns) {
            (Some(granted), ..) => granted.failure().map_or(Loading::Ready, Loading::Failed),
            (None, Some(_), Some(patterns)) => {
                let asking = Asking { loads: &shared.cache.loads, patterns, store, now_ms };
                asking.ask(step, hash, &self.turn.connection.session)
            }
            _ => Loading::Ready,
        };
        match (loading, start) {
            (Loading::Waits(waiting), Some(start)) => {
                self.park(start, waiting);
                Some(None)
            }
            (Loading::Failed(error), _) => {
                let mut out = OutputReply {
                    output: self.turn.output,
                    referenced_bytes: &mut self.referenced_bytes,
                    limit: output_limit,
                    errors: &counters.resp_errors,
                };
                let index = loading::refuse(step, &error, &mut self.turn.connection.session, &mut out);
                self.last_command = index.or(self.last_command);
                if self.state == LaneState::Blocked {
                    self.state = LaneState::Active;
                }
                Some(index)
            }
            _ => None,
        }
    }

    /// Has a step, which starts at `consumed`, wait for loads, and gives back all from there on.
    #[cold]
    fn park(&mut self, consumed: usize, waiting: Waiting) {
        self.put_off(consumed);
        self.turn.connection.receiving = Receiving::Load(Box::new(waiting));
        self.state = LaneState::Parked;
    }

    /// Gives back what was taken from `consumed` on.
    #[cold]
    pub fn put_off(&mut self, consumed: usize) {
        (self.turn.consumed, self.turn.need) = (consumed, 0);
        self.turn.connection.rewind();
        self.state = LaneState::PutOff;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LaneState {
    /// May have more to do.
    Active,
    /// Not before this round's steps are executed.
    Blocked,
    /// Needs more input.
    Waiting,
    /// Its share of the tick is used up.
    Yielding,
    /// As `Yielding`, with steps of this round that were given back.
    PutOff,
    /// Waits for loads; steps of this round were given back.
    Parked,
    /// Closes.
    Closing,
    /// Closes at once: a reply was given up for want of room.
    Overrun,
}
