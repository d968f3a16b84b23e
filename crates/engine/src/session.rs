//! What a connection has set for itself.

use crate::client::Client;
use crate::execute::resp::KeysWalk;
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
    /// A KEYS that was begun; the connection goes on with it before its next request.
    pub walk: Option<Box<KeysWalk>>,
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
            walk: None,
        }
    }

    /// Back to what a new connection has (RESET).
    pub fn reset(&mut self) {
        *self = Session::new(Arc::clone(&self.client));
    }
}
