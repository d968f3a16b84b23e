//! What a connection has set for itself.

use crate::client::Client;
use crate::transaction::Transaction;
use crate::watches::Watches;
use ringstone_protocol::resp::reply::Version;
use std::sync::Arc;

/// State of a connection that outlives a request.
#[derive(Debug)]
pub struct Session {
    /// The connection as others see it.
    pub client: Arc<Client>,
    /// RESP2 until HELLO 3.
    pub version: Version,
    /// `CLIENT SETNAME`.
    pub name: Vec<u8>,
    /// `CLIENT SETINFO LIB-NAME`.
    pub library_name: Vec<u8>,
    /// `CLIENT SETINFO LIB-VER`.
    pub library_version: Vec<u8>,
    /// What was queued since MULTI.
    pub transaction: Option<Box<Transaction>>,
    /// What WATCH asked for.
    pub watches: Option<Box<Watches>>,
}

impl Session {
    /// Of a new connection.
    pub fn new(client: Arc<Client>) -> Session {
        Session {
            client,
            version: Version::default(),
            name: Vec::new(),
            library_name: Vec::new(),
            library_version: Vec::new(),
            transaction: None,
            watches: None,
        }
    }

    /// A request was refused: a transaction that it was to be part of will not be executed.
    #[cold]
    pub fn refuse(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.abort();
        }
    }

    /// Takes what EXEC and DISCARD end.
    pub fn end_transaction(&mut self) -> (Option<Box<Transaction>>, Option<Box<Watches>>) {
        (self.transaction.take(), self.watches.take())
    }

    /// Back to what a new connection has (RESET).
    pub fn reset(&mut self) {
        *self = Session::new(Arc::clone(&self.client));
    }
}
