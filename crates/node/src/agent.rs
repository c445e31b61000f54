//! A small client of the ssh-agent: list ed25519 keys, have one sign.
//!
//! The protocol is draft-miller-ssh-agent (messages 11–14) over the Unix socket that `SSH_AUTH_SOCK` names.
//! The agent is a stranger: replies are bounded in size and time, every field is checked, and a signature
//! counts only after it verified. Which key to use is `keys`' work.
//!
//! INVARIANT: after any error the connection is closed, so a late reply cannot answer a later question.
//! Tests: `agent/tests.rs` (hostile agents, and the real one where it is installed).

#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gatos_values::{ErrorCode, PublicKey, SshSignature, sshsig};

/// Never connected: see [`connect`].
#[cfg(not(unix))]
use std::net::TcpStream as Stream;
#[cfg(unix)]
use std::os::unix::net::UnixStream as Stream;

/// The largest reply, in bytes; OpenSSH's own limit.
const REPLY_SIZE_MAX: u32 = 256 * 1024;
/// How long listing may take.
const LIST_TIME_MAX: Duration = Duration::from_secs(10);
/// How long signing may take: a person may have to confirm it.
const SIGN_TIME_MAX: Duration = Duration::from_secs(60);

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

const ALGORITHM: &[u8] = b"ssh-ed25519";

/// Why the agent could not help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// Nobody listens at the socket.
    #[error("the ssh-agent at `{}` cannot be reached: {error}", socket.display())]
    Unreachable {
        /// The socket's path.
        socket: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The connection broke or went silent.
    #[error("the ssh-agent at `{}` stopped answering: {error}", socket.display())]
    Broken {
        /// The socket's path.
        socket: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A reply that is not of the protocol.
    #[error("the ssh-agent at `{}` gave a malformed reply: {reason}", socket.display())]
    Malformed {
        /// The socket's path.
        socket: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The agent says no: it lacks the key, is locked, or its owner declined.
    #[error("the ssh-agent at `{}` refused", socket.display())]
    Refused {
        /// The socket's path.
        socket: PathBuf,
    },
    /// A signature that does not verify.
    #[error("the ssh-agent at `{}` gave a wrong signature: {error}", socket.display())]
    WrongSignature {
        /// The socket's path.
        socket: PathBuf,
        /// Why it does not verify.
        error: gatos_values::SignatureError,
    },
}

impl AgentError {
    /// The code of the published table.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::AgentFailed
    }

    /// What to try next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            AgentError::Unreachable { .. } => {
                "start one with `eval $(ssh-agent)` and add the key with `ssh-add`"
            }
            AgentError::Broken { .. } => {
                "see whether `ssh-add -l` answers; restart the agent if not"
            }
            AgentError::Refused { .. } => {
                "see whether `ssh-add -l` lists the key; unlock the agent with `ssh-add -X`"
            }
            AgentError::Malformed { .. } | AgentError::WrongSignature { .. } => {
                "use the agent of OpenSSH, or a key file"
            }
        }
    }
}

/// A key the agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentIdentity {
    /// The key.
    pub public: PublicKey,
    /// The agent's note on it, usually a file name; any bytes that are no UTF-8 are replaced.
    pub comment: String,
}

/// A connection to an agent, opened when first needed and shared by all who sign.
#[derive(Debug)]
pub struct AgentClient {
    socket: PathBuf,
    connection: Mutex<Option<Stream>>,
}

impl AgentClient {
    /// The agent of this login, if `SSH_AUTH_SOCK` names one. Nothing is connected yet.
    #[must_use]
    pub fn from_environment() -> Option<AgentClient> {
        let socket = std::env::var_os("SSH_AUTH_SOCK")?;
        if socket.is_empty() {
            None
        } else {
            Some(AgentClient::at(Path::new(&socket)))
        }
    }

    /// The agent at a socket. Nothing is connected yet.
    #[must_use]
    pub fn at(socket: &Path) -> AgentClient {
        AgentClient {
            socket: socket.to_owned(),
            connection: Mutex::new(None),
        }
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The ed25519 keys the agent holds; keys of other kinds, certificates and keys no verifier would accept
    /// are passed over.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn identities(&self) -> Result<Vec<AgentIdentity>, AgentError> {
        let reply = self.ask(&[REQUEST_IDENTITIES], LIST_TIME_MAX)?;
        let malformed = |reason| AgentError::Malformed {
            socket: self.socket.clone(),
            reason,
        };
        parse_identities(&reply).map_err(malformed)
    }

    /// Has the agent sign `message` under an SSHSIG namespace. The signature is verified before it is given
    /// out.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn sign(
        &self,
        public: &PublicKey,
        namespace: &str,
        message: &[u8],
    ) -> Result<SshSignature, AgentError> {
        let data = sshsig::signed_data(namespace, message);
        let mut request = Vec::with_capacity(data.len() + 64);
        request.push(SIGN_REQUEST);
        put_string(&mut request, &public.to_wire());
        put_string(&mut request, &data);
        request.extend_from_slice(&[0; 4]);
        let reply = self.ask(&request, SIGN_TIME_MAX)?;
        let signature = parse_signature(&reply).map_err(|reason| AgentError::Malformed {
            socket: self.socket.clone(),
            reason,
        })?;
        let signature = SshSignature {
            public: *public,
            namespace: namespace.to_owned(),
            signature,
        };
        sshsig::verify(namespace, message, &signature).map_err(|error| {
            AgentError::WrongSignature {
                socket: self.socket.clone(),
                error,
            }
        })?;
        Ok(signature)
    }

    /// One question and its answer, without the length in front.
    fn ask(&self, request: &[u8], time_max: Duration) -> Result<Vec<u8>, AgentError> {
        let deadline = Instant::now() + time_max;
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Taken out, so that any error below leaves the connection closed.
        if let Some(mut stream) = connection.take()
            && let Ok(reply) = exchange(&mut stream, request, deadline)
            && let Ok(reply) = self.accept(reply)
        {
            *connection = Some(stream);
            return Ok(reply);
        }
        // Nothing was open, or the agent has been restarted since: once more on a fresh connection.
        let mut stream = connect(&self.socket).map_err(|error| AgentError::Unreachable {
            socket: self.socket.clone(),
            error,
        })?;
        let reply =
            exchange(&mut stream, request, deadline).map_err(|error| AgentError::Broken {
                socket: self.socket.clone(),
                error,
            })?;
        let reply = self.accept(reply)?;
        *connection = Some(stream);
        Ok(reply)
    }

    fn accept(&self, reply: Reply) -> Result<Vec<u8>, AgentError> {
        let socket = self.socket.clone();
        match reply {
            Reply::Message(message) if message.first() == Some(&FAILURE) => {
                Err(AgentError::Refused { socket })
            }
            Reply::Message(message) => Ok(message),
            Reply::BadLength => Err(AgentError::Malformed {
                socket,
                reason: "its length is 0 or above 256 KiB",
            }),
        }
    }
}

#[cfg(unix)]
fn connect(socket: &Path) -> io::Result<Stream> {
    Stream::connect(socket)
}

#[cfg(not(unix))]
fn connect(_socket: &Path) -> io::Result<Stream> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "agents are supported on Unix only",
    ))
}

enum Reply {
    Message(Vec<u8>),
    BadLength,
}

fn exchange(stream: &mut Stream, request: &[u8], deadline: Instant) -> io::Result<Reply> {
    let mut framed = Vec::with_capacity(request.len() + 4);
    put_string(&mut framed, request);
    stream.set_write_timeout(Some(time_left(deadline)?))?;
    stream.write_all(&framed)?;
    let mut length = [0; 4];
    read_before(stream, &mut length, deadline)?;
    let length = u32::from_be_bytes(length);
    if length == 0 || length > REPLY_SIZE_MAX {
        return Ok(Reply::BadLength);
    }
    let mut message = vec![0; length as usize];
    read_before(stream, &mut message, deadline)?;
    Ok(Reply::Message(message))
}

/// Fills `buffer`; a drop now and then does not extend the time.
fn read_before(stream: &mut Stream, buffer: &mut [u8], deadline: Instant) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        stream.set_read_timeout(Some(time_left(deadline)?))?;
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(timed_out()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    // A timeout of zero would mean none.
    if left < Duration::from_millis(1) {
        Err(timed_out())
    } else {
        Ok(left)
    }
}

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no reply in time")
}

/// `byte 12, u32 count, count × (string key blob, string comment)`.
fn parse_identities(reply: &[u8]) -> Result<Vec<AgentIdentity>, &'static str> {
    let mut rest = reply;
    if take_byte(&mut rest) != Some(IDENTITIES_ANSWER) {
        return Err("it is no list of keys");
    }
    let count = take_u32(&mut rest).ok_or("the list of keys is cut off")?;
    let mut identities = Vec::new();
    for _ in 0..count {
        let blob = take_string(&mut rest).ok_or("the list of keys is cut off")?;
        let comment = take_string(&mut rest).ok_or("the list of keys is cut off")?;
        if let Ok(public) = PublicKey::from_wire(blob) {
            let comment = String::from_utf8_lossy(comment).into_owned();
            identities.push(AgentIdentity { public, comment });
        }
    }
    if rest.is_empty() {
        Ok(identities)
    } else {
        Err("something follows the list of keys")
    }
}

/// `byte 14, string (string algorithm, string signature)`.
fn parse_signature(reply: &[u8]) -> Result<[u8; 64], &'static str> {
    let mut rest = reply;
    if take_byte(&mut rest) != Some(SIGN_RESPONSE) {
        return Err("it is no signature");
    }
    let mut blob = take_string(&mut rest).ok_or("the signature is cut off")?;
    let algorithm = take_string(&mut blob).ok_or("the signature is cut off")?;
    let signature = take_string(&mut blob).ok_or("the signature is cut off")?;
    if algorithm != ALGORITHM {
        return Err("the signature is not of ed25519");
    }
    if !rest.is_empty() || !blob.is_empty() {
        return Err("something follows the signature");
    }
    signature
        .try_into()
        .map_err(|_| "the signature has not 64 bytes")
}

fn put_string(output: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).expect("requests are far below 4 GiB");
    output.extend_from_slice(&length.to_be_bytes());
    output.extend_from_slice(string);
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(*first)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (number, others) = rest.split_first_chunk::<4>()?;
    *rest = others;
    Some(u32::from_be_bytes(*number))
}

fn take_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_u32(rest)? as usize;
    if length > rest.len() {
        return None;
    }
    let (string, others) = rest.split_at(length);
    *rest = others;
    Some(string)
}
