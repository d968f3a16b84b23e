//! Users and their passwords: a file of `user:password` lines, as memcached's `-Y` takes it, for all protocols.

use crate::{Error, ErrorCode};
use parking_lot::RwLock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};

/// Longest name, and longest password, in bytes.
pub const MAX_SECRET: usize = 256;
/// Users at most: a check looks at all of them.
const MAX_USERS: usize = 256;
/// A file above so many bytes is not read.
const MAX_FILE: u64 = 1 << 20;

/// A name or a password, in room of one length for all.
#[derive(Clone)]
struct Padded {
    bytes: [u8; MAX_SECRET],
    length: u16,
}

impl Padded {
    /// `None` if it is too long.
    fn of(secret: &[u8]) -> Option<Padded> {
        let mut bytes = [0; MAX_SECRET];
        bytes.get_mut(..secret.len())?.copy_from_slice(secret);
        Some(Padded { bytes, length: u16::try_from(secret.len()).ok()? })
    }

    /// Takes as long for all contents and lengths.
    fn is(&self, other: &Padded) -> Choice {
        self.bytes.ct_eq(&other.bytes) & self.length.ct_eq(&other.length)
    }
}

/// Contents of the file.
struct Users(Vec<(Padded, Padded)>);

impl Users {
    /// A line that is wrong is named by its number: what stands in it is secret.
    fn parse(text: &[u8]) -> Result<Users, String> {
        let mut users = Vec::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let number = index + 1;
            let colon = line.iter().position(|&byte| byte == b':').ok_or(format!("line {number} has no colon"))?;
            let (user, password) = (&line[..colon], &line[colon + 1..]);
            if user.is_empty() || password.is_empty() {
                return Err(format!("line {number} has no {}", if user.is_empty() { "user" } else { "password" }));
            }
            match (Padded::of(user), Padded::of(password)) {
                (Some(user), Some(password)) => users.push((user, password)),
                _ => return Err(format!("line {number} has more than {MAX_SECRET} bytes for a user or a password")),
            }
        }
        match users.len() {
            0 => Err("there is no user in it".to_owned()),
            1..=MAX_USERS => Ok(Users(users)),
            _ => Err(format!("there are more than {MAX_USERS} users in it")),
        }
    }

    /// Compares with all of them, whichever it is.
    fn has(&self, user: &[u8], password: &[u8]) -> bool {
        let (Some(user), Some(password)) = (Padded::of(user), Padded::of(password)) else { return false };
        let found =
            self.0.iter().fold(Choice::from(0), |found, known| found | (known.0.is(&user) & known.1.is(&password)));
        found.into()
    }
}

/// Who may use the server. Without a file everybody may.
#[derive(Default)]
pub struct Auth {
    file: Option<PathBuf>,
    users: RwLock<Option<Arc<Users>>>,
}

impl Auth {
    /// Reads the file, if there is one.
    pub fn open(file: Option<&Path>) -> Result<Auth, Error> {
        let auth = Auth { file: file.map(Path::to_owned), users: RwLock::default() };
        auth.reload()?;
        Ok(auth)
    }

    /// Reads the file again, and answers with the number of its users. After an error the users are those from before.
    pub fn reload(&self) -> Result<usize, Error> {
        let Some(file) = &self.file else { return Ok(0) };
        let refused = |why: String| {
            Error::new(ErrorCode::AuthFile, format!("cannot take users from the auth file {}: {why}", file.display()))
        };
        let length = std::fs::metadata(file).map_err(|error| refused(error.to_string()))?.len();
        if length > MAX_FILE {
            return Err(refused(format!("it has more than {MAX_FILE} bytes")));
        }
        let text = std::fs::read(file).map_err(|error| refused(error.to_string()))?;
        let users = Users::parse(&text).map_err(refused)?;
        let count = users.0.len();
        *self.users.write() = Some(Arc::new(users));
        Ok(count)
    }

    /// Whether a connection has to say who it is before anything else.
    pub fn is_required(&self) -> bool {
        self.file.is_some()
    }

    /// Whether there is such a user with this password. Takes as long whatever they are.
    pub fn check(&self, user: &[u8], password: &[u8]) -> bool {
        let users = self.users.read().clone();
        users.is_some_and(|users| users.has(user, password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_users() {
        let users = Users::parse(b"ada:secret\r\n\nbob:pass:with:colons\nada:second\nx: y z").expect("is right");
        assert_eq!(users.0.len(), 4);
        assert!(users.has(b"ada", b"secret") && users.has(b"ada", b"second") && users.has(b"bob", b"pass:with:colons"));
        assert!(users.has(b"x", b" y z"));
        let (user, password) = (b"ada", b"secret");
        for (user, password) in [
            (&user[..], &b"secre"[..]),
            (user, b"secret\0"),
            (user, b""),
            (b"ad", password),
            (b"ada\0", password),
            (b"bob", password),
            (b"", b""),
            (&[b'a'; MAX_SECRET + 1], password),
        ] {
            assert!(!users.has(user, password), "{} {}", user.escape_ascii(), password.escape_ascii());
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_what_it_is() {
        let told = |text: &[u8]| Users::parse(text).err().expect("is wrong");
        assert_eq!(told(b"a:b\nsecret\n"), "line 2 has no colon");
        assert_eq!(told(b":secret"), "line 1 has no user");
        assert_eq!(told(b"secret:"), "line 1 has no password");
        assert_eq!(told(b"\n\r\n"), "there is no user in it");
        let long = [&b"a:"[..], &[b'p'; MAX_SECRET + 1]].concat();
        assert_eq!(told(&long), "line 1 has more than 256 bytes for a user or a password");
        assert_eq!(told(&b"a:b\n".repeat(MAX_USERS + 1)), "there are more than 256 users in it");
        assert!(Users::parse(&b"a:b\n".repeat(MAX_USERS)).is_ok());
    }
}
