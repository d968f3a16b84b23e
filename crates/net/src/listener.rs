//! Listening sockets: made, named, accepted from, and removed.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
#[cfg(target_vendor = "apple")]
use socket2::SockRef;
use socket2::{Domain, SockAddr, Type};

use crate::sys::Socket;
use crate::{ListenAddress, Listener, NetError, NetOptions};

/// A listener that listens.
pub(crate) struct Listening {
    inner: Inner,
    refusal: &'static [u8],
    local: String,
}

enum Inner {
    Tcp { listener: TcpListener, nodelay: bool },
    Unix { listener: UnixListener, _file: SocketFile },
}

/// What `accept` knows of a connection.
pub(crate) struct Accepted {
    pub(crate) socket: Socket,
    pub(crate) peer: Box<str>,
    pub(crate) local: Box<str>,
}

impl Listening {
    /// Binds and listens.
    pub(crate) fn open(listener: &Listener, options: &NetOptions) -> Result<Self, NetError> {
        let opened = match &listener.address {
            ListenAddress::Tcp(address) => open_tcp(*address, options),
            ListenAddress::Unix(path) => open_unix(path, options),
        };
        let (inner, local) = opened.map_err(|source| NetError::Bind { address: text_of(&listener.address), source })?;
        Ok(Self { inner, refusal: listener.refusal, local })
    }

    /// The real address (with the port that the system chose for :0).
    pub(crate) fn local(&self) -> &str {
        &self.local
    }

    /// Sent to a connection above `max_connections`.
    pub(crate) fn refusal(&self) -> &'static [u8] {
        self.refusal
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match &mut self.inner {
            Inner::Tcp { listener, .. } => registry.register(listener, token, Interest::READABLE),
            Inner::Unix { listener, .. } => registry.register(listener, token, Interest::READABLE),
        }
    }

    /// Accepts one connection, or `WouldBlock`.
    pub(crate) fn accept(&self) -> io::Result<Accepted> {
        match &self.inner {
            Inner::Tcp { listener, nodelay } => {
                let (stream, peer) = listener.accept()?;
                // On failure the connection works all the same, so these are not errors.
                if *nodelay {
                    stream.set_nodelay(true).ok();
                }
                let local = stream.local_addr().map_or_else(|_| self.local.clone(), |address| address.to_string());
                Ok(Accepted { socket: adopt(stream.into()), peer: peer.to_string().into(), local: local.into() })
            }
            Inner::Unix { listener, .. } => {
                let (stream, _) = listener.accept()?;
                // Clients have no path of their own as a rule; the listener's tells more.
                let text: Box<str> = self.local.as_str().into();
                Ok(Accepted { socket: adopt(stream.into()), peer: text.clone(), local: text })
            }
        }
    }
}

fn adopt(fd: OwnedFd) -> Socket {
    #[cfg(target_vendor = "apple")]
    SockRef::from(&fd).set_nosigpipe(true).ok();
    Socket::new(fd)
}

fn text_of(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    }
}

fn listening_socket(domain: Domain, address: &SockAddr, options: &NetOptions) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(domain, Type::STREAM, None)?;
    if domain == Domain::IPV6 {
        // Otherwise `0.0.0.0` and `[::]` could not be listened on side by side.
        socket.set_only_v6(true)?;
    }
    if domain != Domain::UNIX {
        socket.set_reuse_address(true)?;
        // Inherited by what is accepted: peers that vanish without a word are found out even without an idle timeout.
        socket.set_keepalive(true)?;
    }
    socket.bind(address)?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn open_tcp(address: SocketAddr, options: &NetOptions) -> io::Result<(Inner, String)> {
    let socket = listening_socket(Domain::for_address(address), &address.into(), options)?;
    let listener = TcpListener::from_std(socket.into());
    let local = listener.local_addr()?.to_string();
    Ok((Inner::Tcp { listener, nodelay: options.tcp_nodelay }, local))
}

fn open_unix(path: &Path, options: &NetOptions) -> io::Result<(Inner, String)> {
    let address = SockAddr::unix(path)?;
    let socket = match listening_socket(Domain::UNIX, &address, options) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            remove_stale(path)?;
            listening_socket(Domain::UNIX, &address, options)?
        }
        result => result?,
    };
    let file = SocketFile::of(path)?;
    let local = format!("unix:{}", path.display());
    Ok((Inner::Unix { listener: UnixListener::from_std(socket.into()), _file: file }, local))
}

/// Removes a socket file that nobody listens on. Anything else is left alone and is `AddrInUse`.
fn remove_stale(path: &Path) -> io::Result<()> {
    let in_use = || Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return in_use();
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        _ => in_use(),
    }
}

/// The file of a unix socket; removed when dropped, if it is still ours.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: Self::identity(path)? })
    }

    fn identity(path: &Path) -> io::Result<(u64, u64)> {
        let metadata = std::fs::symlink_metadata(path)?;
        Ok((metadata.dev(), metadata.ino()))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if Self::identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            std::fs::remove_file(&self.path).ok();
        }
    }
}
