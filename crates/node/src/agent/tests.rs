//! Agents that misbehave, and the real one.

use super::*;

use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use gatos_values::{SignatureNamespace, SigningKey};

fn key() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

/// An agent that reads one request per connection and answers with bytes made of it.
struct FakeAgent {
    folder: tempfile::TempDir,
    thread: Option<JoinHandle<usize>>,
}

impl FakeAgent {
    /// Serves `connections` connections, each with as many questions as come, and counts the questions.
    fn start(connections: usize, answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> FakeAgent {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("agent")).unwrap();
        let thread = std::thread::spawn(move || {
            let mut questions = 0;
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().unwrap();
                while let Some(request) = read_request(&mut stream) {
                    questions += 1;
                    if stream.write_all(&answer(&request)).is_err() {
                        break;
                    }
                }
            }
            questions
        });
        FakeAgent {
            folder,
            thread: Some(thread),
        }
    }

    fn client(&self) -> AgentClient {
        AgentClient::at(&self.folder.path().join("agent"))
    }

    fn questions(mut self, client: AgentClient) -> usize {
        drop(client);
        self.thread.take().unwrap().join().unwrap()
    }
}

fn read_request(stream: &mut Stream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).ok()?;
    Some(request)
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    put_string(&mut framed, message);
    framed
}

fn identities_answer(keys: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut message = vec![IDENTITIES_ANSWER];
    message.extend_from_slice(&(keys.len() as u32).to_be_bytes());
    for (blob, comment) in keys {
        put_string(&mut message, blob);
        put_string(&mut message, comment);
    }
    message
}

fn signature_answer(algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    put_string(&mut blob, algorithm);
    put_string(&mut blob, signature);
    let mut message = vec![SIGN_RESPONSE];
    put_string(&mut message, &blob);
    message
}

/// What the agent should have signed, out of a request to sign.
fn raw_signature(request: &[u8]) -> [u8; 64] {
    let mut rest = &request[1..];
    take_string(&mut rest).unwrap();
    let data = take_string(&mut rest).unwrap();
    // The data starts with SSHSIG, the namespace, an empty field and the hash's name; the key signs it whole,
    // so signing the message the test knows gives the same bytes.
    assert!(data.starts_with(b"SSHSIG"));
    key().sign(SignatureNamespace::Event, b"message").signature
}

fn sign(client: &AgentClient) -> Result<SshSignature, AgentError> {
    client.sign(&key().public(), "gatos-event", b"message")
}

#[test]
fn an_honest_agent_signs_over_one_connection() {
    let agent = FakeAgent::start(1, |request| match request[0] {
        REQUEST_IDENTITIES => framed(&identities_answer(&[(
            &key().public().to_wire(),
            b"work \xff",
        )])),
        _ => framed(&signature_answer(ALGORITHM, &raw_signature(request))),
    });
    let client = agent.client();
    let identities = client.identities().unwrap();
    assert_eq!(
        identities,
        [AgentIdentity {
            public: key().public(),
            comment: "work \u{fffd}".into()
        }]
    );
    for _ in 0..3 {
        let signature = sign(&client).unwrap();
        sshsig::verify("gatos-event", b"message", &signature).unwrap();
    }
    assert_eq!(agent.questions(client), 4);
}

#[test]
fn other_kinds_of_keys_are_passed_over() {
    let mut rsa = Vec::new();
    put_string(&mut rsa, b"ssh-rsa");
    put_string(&mut rsa, &[0; 256]);
    let mut certificate = Vec::new();
    put_string(&mut certificate, b"ssh-ed25519-cert-v01@openssh.com");
    put_string(&mut certificate, &[1; 32]);
    let mut small = Vec::new();
    put_string(&mut small, ALGORITHM);
    // The neutral element: a point every signature of some kind verifies under.
    put_string(&mut small, &[&[1][..], &[0; 31]].concat());
    let mut long = key().public().to_wire();
    long.push(0);
    let keys = [
        rsa,
        certificate,
        small,
        long,
        Vec::new(),
        key().public().to_wire(),
    ];
    let agent = FakeAgent::start(1, move |_| {
        let keys: Vec<(&[u8], &[u8])> = keys.iter().map(|blob| (&blob[..], &b""[..])).collect();
        framed(&identities_answer(&keys))
    });
    let client = agent.client();
    let identities = client.identities().unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].public, key().public());
}

/// Every answer here is refused by listing or signing, quickly and without a large buffer.
#[test]
fn hostile_answers_are_refused() {
    let good_list = identities_answer(&[(&key().public().to_wire(), b"c")]);
    let good_signature =
        signature_answer(ALGORITHM, &key().sign("gatos-event", b"message").signature);
    let mut rows: Vec<(&str, Vec<u8>)> = vec![
        ("length 0", framed(b"")),
        ("length of 4 GiB", vec![0xff; 4]),
        (
            "length just above the limit",
            (REPLY_SIZE_MAX + 1).to_be_bytes().to_vec(),
        ),
        ("garbage", vec![0x5a; 64]),
        ("wrong type", framed(&[6])),
        (
            "a count without keys",
            framed(&[IDENTITIES_ANSWER, 0xff, 0xff, 0xff, 0xff]),
        ),
        ("a count cut off", framed(&[IDENTITIES_ANSWER, 0])),
        (
            "a key of 4 GiB",
            framed(&[IDENTITIES_ANSWER, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0]),
        ),
        (
            "a signature of 4 GiB",
            framed(&[SIGN_RESPONSE, 0xff, 0xff, 0xff, 0xff, 0]),
        ),
        (
            "a short signature",
            framed(&signature_answer(ALGORITHM, &[0; 63])),
        ),
        (
            "a long signature",
            framed(&signature_answer(ALGORITHM, &[0; 65])),
        ),
        (
            "another algorithm",
            framed(&signature_answer(b"ssh-rsa", &[0; 64])),
        ),
        (
            "a wrong signature",
            framed(&signature_answer(ALGORITHM, &[0; 64])),
        ),
        (
            "a signature for another namespace",
            framed(&signature_answer(
                ALGORITHM,
                &key().sign("git", b"message").signature,
            )),
        ),
        ("refusal", framed(&[FAILURE])),
    ];
    for (name, good) in [("list", &good_list), ("signature", &good_signature)] {
        let trailing: &'static str = if name == "list" {
            "list and more"
        } else {
            "signature and more"
        };
        rows.push((trailing, framed(&[good, &[0][..]].concat())));
        for cut in 1..good.len() {
            rows.push(("cut", framed(&good[..cut])));
        }
    }
    for (name, answer) in rows {
        let agent = FakeAgent::start(2, move |_| answer.clone());
        let client = agent.client();
        let started = Instant::now();
        // "garbage" promises 0x5a5a5a5a bytes; none of these may wait for the time to run out.
        let error = sign(&client).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::AgentFailed, "{name}: {error}");
        assert!(!error.hint().is_empty());
        assert!(
            client.identities().is_err() || name.starts_with("cut"),
            "{name}"
        );
        assert!(started.elapsed() < Duration::from_secs(5), "{name}");
    }
}

#[test]
fn an_agent_that_hangs_up_is_broken() {
    let agent = FakeAgent::start(1, |_| vec![0, 0]);
    let client = agent.client();
    // It answers half a length and then waits for a further question, which never comes before the client gives
    // up; hanging up is the same with the stream closed at once.
    let socket = agent.folder.path().join("closing");
    let listener = UnixListener::bind(&socket).unwrap();
    let thread = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let error = AgentClient::at(&socket).identities().unwrap_err();
    assert!(matches!(error, AgentError::Broken { .. }), "{error}");
    thread.join().unwrap();
    drop(client);
}

#[test]
fn a_slow_agent_runs_out_of_time_however_it_drips() {
    let (mut ours, mut theirs) = Stream::pair().unwrap();
    let dripping = std::thread::spawn(move || {
        let _ = theirs.write_all(&1000u32.to_be_bytes());
        while theirs.write_all(&[0]).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let started = Instant::now();
    let deadline = started + Duration::from_millis(300);
    let error = exchange(&mut ours, &[REQUEST_IDENTITIES], deadline)
        .err()
        .unwrap();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(3));
    drop(ours);
    dripping.join().unwrap();
}

#[test]
fn nobody_at_the_socket_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let client = AgentClient::at(&folder.path().join("nothing"));
    let error = client.identities().unwrap_err();
    assert!(matches!(error, AgentError::Unreachable { .. }), "{error}");
}

#[test]
fn an_agent_that_was_restarted_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent");
    let client = AgentClient::at(&socket);
    for _ in 0..2 {
        let listener = UnixListener::bind(&socket).unwrap();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream).unwrap();
            stream.write_all(&framed(&identities_answer(&[]))).unwrap();
            // Gone after one answer; the client does not know yet.
        });
        assert_eq!(client.identities().unwrap(), []);
        thread.join().unwrap();
        std::fs::remove_file(&socket).unwrap();
    }
}

/// A real ssh-agent, ended when dropped.
struct RealAgent {
    child: Child,
    folder: tempfile::TempDir,
}

impl RealAgent {
    fn start() -> Option<RealAgent> {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(folder.path().join("agent"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            eprintln!("skipped: `ssh-agent` is not installed");
            return None;
        };
        let agent = RealAgent { child, folder };
        let deadline = Instant::now() + Duration::from_secs(10);
        // The socket's file is there before anybody listens at it.
        while UnixStream::connect(agent.socket()).is_err() {
            assert!(Instant::now() < deadline, "ssh-agent does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(agent)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(program)
            .args(arguments)
            .env("SSH_AUTH_SOCK", self.socket())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_agent_of_openssh_lists_and_signs() {
    let Some(agent) = RealAgent::start() else {
        return;
    };
    let client = AgentClient::at(&agent.socket());
    assert_eq!(client.identities().unwrap(), []);
    agent.run(
        "ssh-keygen",
        &["-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", "other"],
    );
    agent.run(
        "ssh-keygen",
        &[
            "-q", "-t", "ed25519", "-N", "", "-C", "the key", "-f", "key",
        ],
    );
    agent.run("ssh-add", &["-q", "other", "key"]);
    let [identity] = <[AgentIdentity; 1]>::try_from(client.identities().unwrap()).unwrap();
    assert_eq!(identity.comment, "the key");
    let signature = client
        .sign(&identity.public, "gatos-event", b"message")
        .unwrap();
    sshsig::verify("gatos-event", b"message", &signature).unwrap();
    // A key it does not hold.
    let refused = client
        .sign(&key().public(), "gatos-event", b"message")
        .unwrap_err();
    assert!(matches!(refused, AgentError::Refused { .. }), "{refused}");
    agent.run("ssh-add", &["-q", "-D"]);
    assert_eq!(client.identities().unwrap(), []);
}
