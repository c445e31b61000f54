//! How a push reaches the hub: a path, a real sshd on this machine, or `git http-backend` behind a small server.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::http::HttpServer;

/// One way to push.
pub enum Transport {
    File,
    Ssh(SshServer),
    Http(HttpServer),
}

/// An sshd of our own; it ends with the test.
pub struct SshServer {
    folder: tempfile::TempDir,
    child: Child,
    port: u16,
}

impl Transport {
    pub fn file() -> Transport {
        Transport::File
    }

    pub fn ssh() -> Result<Transport, String> {
        SshServer::start().map(Transport::Ssh)
    }

    pub fn http() -> Result<Transport, String> {
        HttpServer::start().map(Transport::Http)
    }

    pub fn url(&self, hub: &Path) -> String {
        match self {
            Transport::File => hub.display().to_string(),
            Transport::Ssh(server) => format!("ssh://127.0.0.1:{}{}", server.port, hub.display()),
            Transport::Http(server) => {
                format!("http://127.0.0.1:{}{}", server.port(), hub.display())
            }
        }
    }

    /// What the client needs in its environment.
    pub fn prepare(&self, command: &mut Command) {
        if let Transport::Ssh(server) = self {
            let key = server.folder.path().join("client");
            let ssh = format!(
                "ssh -F /dev/null -i {} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
                key.display()
            );
            command.env("GIT_SSH_COMMAND", ssh);
        }
    }
}

impl SshServer {
    fn start() -> Result<SshServer, String> {
        let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"]
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
            .ok_or("there is no sshd (Debian: openssh-server)")?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        for name in ["host", "client"] {
            make_key(&folder.path().join(name))?;
        }
        std::fs::copy(
            folder.path().join("client.pub"),
            folder.path().join("authorized_keys"),
        )
        .map_err(|error| error.to_string())?;
        // sshd wants this folder when it runs as root; Debian makes it when the service starts.
        let _ = std::fs::create_dir("/run/sshd");
        let port = free_port()?;
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n",
            folder.path().display()
        );
        let path = folder.path().join("sshd_config");
        std::fs::write(&path, settings).map_err(|error| error.to_string())?;
        let child = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut server = SshServer {
            folder,
            child,
            port,
        };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("sshd ended at once: {status}"));
            }
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("sshd does not listen".to_owned())
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        // It is ours alone; what it forked ends with its connections.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn make_key(path: &Path) -> Result<(), String> {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("there is no ssh-keygen: {error}"))?;
    match made.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&made.stderr).into_owned()),
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    Ok(listener
        .local_addr()
        .map_err(|error| error.to_string())?
        .port())
}
