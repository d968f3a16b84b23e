//! What a connection has queued between MULTI and EXEC.

use ringstone_protocol::resp::command::Spec;
use ringstone_protocol::resp::parse::Args;
use ringstone_store::Body;

/// Commands that one transaction may have.
pub const MAX_COMMANDS: usize = 1 << 17;
/// Bytes that the words of one transaction's commands may take in all; large values, which are in the store's memory and bound
/// there, do not count.
pub const MAX_BYTES: usize = 64 << 20;

/// A command to be executed by EXEC.
struct Queued {
    spec: &'static Spec,
    /// Words.
    count: usize,
    /// Where its words end in `Transaction::words`.
    end: usize,
    /// As in a request.
    bodies: Vec<(usize, Option<Body>)>,
}

/// The commands of a transaction, copied from the input.
#[derive(Default)]
pub struct Transaction {
    commands: Vec<Queued>,
    /// The words of all commands, as they came over the wire.
    words: Vec<u8>,
    is_aborted: bool,
}

/// The transaction would have more than it may.
pub struct TooLong;

impl Transaction {
    /// Takes a command whose arity was checked, unless the transaction is aborted already.
    pub fn queue(
        &mut self,
        spec: &'static Spec,
        args: Args<'_>,
        bodies: &mut [(usize, Option<Body>)],
    ) -> Result<(), TooLong> {
        if self.is_aborted {
            return Ok(());
        }
        args.copy_to(&mut self.words);
        if self.words.len() > MAX_BYTES || self.commands.len() == MAX_COMMANDS {
            self.abort();
            return Err(TooLong);
        }
        let bodies = bodies.iter_mut().map(|(index, body)| (*index, body.take())).collect();
        self.commands.push(Queued { spec, count: args.len(), end: self.words.len(), bodies });
        Ok(())
    }

    /// A command was refused: EXEC will execute nothing. What was queued is not kept until then.
    pub fn abort(&mut self) {
        *self = Transaction { is_aborted: true, ..Transaction::default() };
    }

    /// Whether a command was refused.
    pub fn is_aborted(&self) -> bool {
        self.is_aborted
    }

    /// Commands queued.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Rows and words of the commands.
    pub fn requests(&self) -> impl Iterator<Item = (&'static Spec, Args<'_>)> {
        let mut start = 0;
        self.commands.iter().map(move |queued| {
            let raw = &self.words[start..queued.end];
            start = queued.end;
            (queued.spec, Args::Wire { count: queued.count, raw })
        })
    }

    /// Gives each command to `execute`, in order, with its large values.
    pub fn execute(mut self, mut execute: impl FnMut(&'static Spec, Args<'_>, &mut [(usize, Option<Body>)])) {
        let mut start = 0;
        for queued in &mut self.commands {
            let raw = &self.words[start..queued.end];
            start = queued.end;
            execute(queued.spec, Args::Wire { count: queued.count, raw }, &mut queued.bodies);
        }
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction")
            .field("commands", &self.commands.len())
            .field("bytes", &self.words.len())
            .field("is_aborted", &self.is_aborted)
            .finish()
    }
}
