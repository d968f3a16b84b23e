//! One connection: what it has still to send, and what it is owed.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::ops::RangeInclusive;

use mio::{Registry, Token};

use crate::clock::Clock;
use crate::dialect::{Encoder, ReplyReader, quote_line};
use crate::socket::Socket;
use crate::tally::Tally;
use crate::workload::{Request, Source};
use crate::{Options, Protocol};

/// A request that was sent or waits to be.
struct Asked {
    request: Request,
    /// When it was sent, or should have been.
    from_ns: u64,
    /// When it was sent.
    sent_ns: u64,
}

/// How late the load itself may have been at a fixed rate, so that it is not taken for the server's slowness.
#[derive(Clone, Copy)]
pub(crate) struct Lateness {
    /// It sent so late at most, since nothing was owed last. What that delays comes as much later, and so does what waits
    /// behind it.
    pub(crate) sending_ns: u64,
    /// When it looked at the sockets before this time: what it reads now had not come then.
    pub(crate) looked_ns: u64,
}

/// What connections of a thread read with.
pub(crate) struct Context {
    pub(crate) encoder: Encoder,
    pub(crate) clock: Clock,
    /// Lengths that a value may have.
    value_sizes: RangeInclusive<u64>,
    /// At a fixed rate.
    pub(crate) lateness: Option<Lateness>,
}

impl Context {
    pub(crate) fn new(options: &Options, clock: Clock) -> Self {
        let value_sizes = options.min_value_size as u64..=options.max_value_size as u64;
        Self { encoder: Encoder::new(options), clock, value_sizes, lateness: None }
    }
}

/// One connection.
pub(crate) struct Connection {
    /// `None` once it was given up.
    socket: Option<Socket>,
    token: Token,
    reader: ReplyReader,
    asked: VecDeque<Asked>,
    /// Of the keys of all that was asked, in that order.
    numbers: VecDeque<u64>,
    output: Vec<u8>,
    /// Bytes of `output` that were sent.
    sent: usize,
    watches_output: bool,
    /// When bytes came last, or when it began to wait for some.
    heard_ns: u64,
}

impl Connection {
    /// # Errors
    /// The event queue refuses the socket.
    pub(crate) fn new(
        mut socket: Socket,
        protocol: Protocol,
        context: &Context,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        socket.register(registry, token)?;
        Ok(Self {
            socket: Some(socket),
            token,
            reader: ReplyReader::new(protocol, context.value_sizes.clone()),
            asked: VecDeque::new(),
            numbers: VecDeque::new(),
            output: Vec::new(),
            sent: 0,
            watches_output: false,
            heard_ns: 0,
        })
    }

    /// Not given up.
    pub(crate) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Requests without a reply.
    pub(crate) fn owed(&self) -> usize {
        self.asked.len()
    }

    /// Output waits.
    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// A reply is owed and nothing came for `timeout_ns`.
    pub(crate) fn is_silent(&self, now_ns: u64, timeout_ns: u64) -> bool {
        !self.asked.is_empty() && now_ns.saturating_sub(self.heard_ns) > timeout_ns
    }

    /// Queues the next request, whose latency counts from `from_ns`. False when there is none.
    #[inline]
    pub(crate) fn ask(&mut self, source: &mut Source<'_>, from_ns: u64, now_ns: u64, encoder: &Encoder) -> bool {
        let Some(request) = source.next(&mut self.numbers) else { return false };
        if self.asked.is_empty() {
            self.heard_ns = now_ns;
        }
        encoder.append(&request, &self.numbers, &mut self.output);
        self.asked.push_back(Asked { request, from_ns, sent_ns: now_ns });
        true
    }

    /// Sends what the socket takes now; the rest when there is room again.
    pub(crate) fn flush(&mut self, registry: &Registry, tally: &mut Tally) -> io::Result<()> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        while self.sent < self.output.len() {
            match socket.write(&self.output[self.sent..]) {
                Ok(bytes) => {
                    self.sent += bytes;
                    tally.bytes_sent += bytes as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.watches_output {
                        socket.watch_output(registry, self.token, true)?;
                        self.watches_output = true;
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.output.clear();
        self.sent = 0;
        if self.watches_output {
            socket.watch_output(registry, self.token, false)?;
            self.watches_output = false;
        }
        Ok(())
    }

    /// Reads what is there and counts the replies. `to_end`: the other side has closed, so reading must meet the end.
    ///
    /// # Errors
    /// Why the connection cannot be used any more, in words.
    pub(crate) fn receive(
        &mut self,
        buffer: &mut [u8],
        to_end: bool,
        context: &Context,
        tally: &mut Tally,
    ) -> Result<(), String> {
        loop {
            let Some(socket) = &mut self.socket else { return Ok(()) };
            match socket.read(buffer) {
                Ok(0) => return Err("the server closed a connection".to_owned()),
                Ok(bytes) => {
                    let now_ns = context.clock.now_ns();
                    self.heard_ns = now_ns;
                    tally.bytes_received += bytes as u64;
                    self.take(&buffer[..bytes], now_ns, context, tally)?;
                    // A stream that gave less than was asked for is empty, and its next byte is a new event.
                    if bytes < buffer.len() && !to_end {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(format!("receiving: {error}")),
            }
        }
    }

    fn take(&mut self, mut input: &[u8], now_ns: u64, context: &Context, tally: &mut Tally) -> Result<(), String> {
        while !input.is_empty() {
            let Some(asked) = self.asked.front() else {
                return Err(format!("\"{}\" that no request asked for", quote_line(input)));
            };
            let read = self.reader.read(&asked.request, &self.numbers, context.encoder.keys(), &mut input);
            match read.map_err(|malformed| malformed.0)? {
                Some(outcome) => {
                    let latency_ns = now_ns.saturating_sub(asked.from_ns);
                    tally.count(asked.request.kind, outcome, latency_ns);
                    if let Some(Lateness { sending_ns, looked_ns }) = context.lateness {
                        let reading_ns = now_ns.saturating_sub(looked_ns.max(asked.sent_ns));
                        tally.count_lateness(latency_ns, sending_ns + reading_ns);
                    }
                    tally.last_reply_ns = now_ns;
                    self.numbers.drain(..asked.request.keys);
                    self.asked.pop_front();
                }
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Closes it; what it is owed stays unanswered.
    pub(crate) fn give_up(&mut self, registry: &Registry, tally: &mut Tally) {
        if let Some(mut socket) = self.socket.take() {
            // Fails only for a descriptor that is not registered, which would be closed next all the same.
            socket.deregister(registry).ok();
        }
        tally.unanswered += self.asked.len() as u64;
        self.asked.clear();
        self.numbers.clear();
        self.output = Vec::new();
        self.sent = 0;
    }
}
