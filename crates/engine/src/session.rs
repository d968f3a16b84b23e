//! What a RESP connection has set for itself.

use ringstone_protocol::resp::reply::Version;

/// State of a RESP connection that outlives a request.
#[derive(Debug, Default)]
pub struct Session {
    /// RESP2 until HELLO 3.
    pub version: Version,
    /// `CLIENT ID`.
    pub id: u64,
    /// `CLIENT SETNAME`.
    pub name: Vec<u8>,
    /// `CLIENT SETINFO LIB-NAME`.
    pub library_name: Vec<u8>,
    /// `CLIENT SETINFO LIB-VER`.
    pub library_version: Vec<u8>,
}

impl Session {
    /// Of a new connection.
    pub fn new(id: u64) -> Session {
        Session { id, ..Session::default() }
    }

    /// Back to what a new connection has (RESET).
    pub fn reset(&mut self) {
        *self = Session::new(self.id);
    }
}
