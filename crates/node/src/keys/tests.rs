//! Key files of ours and of OpenSSH, and everything that is none.

use super::*;

use super::file::parse;
use std::io::Write;

use gatos_values::sshsig;
use std::process::{Command, Stdio};

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        Home {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn store(&self) -> KeyStore {
        KeyStore::open(Some(self.folder.path()))
            .unwrap()
            .with_agent(None)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        set_mode(&path, mode);
        path
    }
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs `ssh-keygen`; `None` where it is not installed.
fn keygen(folder: &Path, arguments: &[&str], input: &[u8]) -> Option<std::process::Output> {
    let child = Command::new("ssh-keygen")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: `ssh-keygen` is not installed");
        return None;
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output)
}

#[test]
fn a_new_key_is_private_and_found_again() {
    let home = Home::new();
    let store = home.store();
    let public = store.generate().unwrap();
    let path = store.directory().join(public.key_id().to_string());
    assert_eq!((mode(store.directory()), mode(&path)), (0o700, 0o600));
    let beside = fs::read_to_string(path.with_extension("pub")).unwrap();
    assert_eq!(
        beside,
        format!("{} gatos {}\n", public.openssh_text(), public.key_id())
    );
    assert_eq!(
        fs::read_dir(store.directory()).unwrap().count(),
        2,
        "no temporary file is left"
    );
    let names = [
        public.key_id().to_string(),
        path.display().to_string(),
        format!("{}.pub", path.display()),
    ];
    for named in names {
        let signer = store.load(&named).unwrap();
        assert!(matches!(signer, Signer::File(_)));
        assert_eq!(signer.public(), public);
        let signature = signer.sign("gatos-event", b"message").unwrap();
        sshsig::verify("gatos-event", b"message", &signature).unwrap();
    }
    assert_ne!(store.generate().unwrap(), public);
    assert_eq!(store.list().unwrap().keys.len(), 2);
}

#[test]
fn openssh_reads_our_keys_and_verifies_our_signatures() {
    let home = Home::new();
    let store = home.store();
    let public = store.generate().unwrap();
    let path = store.directory().join(public.key_id().to_string());
    let Some(output) = keygen(
        home.folder.path(),
        &["-y", "-f", path.to_str().unwrap()],
        b"",
    ) else {
        return;
    };
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        printed,
        format!("{} gatos {}\n", public.openssh_text(), public.key_id())
    );
    let signature = store
        .load(&public.key_id().to_string())
        .unwrap()
        .sign("gatos-event", b"hello")
        .unwrap();
    home.write("signature", &signature.armored(), 0o644);
    home.write(
        "allowed",
        &format!("user:a {}\n", public.openssh_text()),
        0o644,
    );
    let arguments = [
        "-Y",
        "verify",
        "-f",
        "allowed",
        "-I",
        "user:a",
        "-n",
        "gatos-event",
        "-s",
        "signature",
    ];
    keygen(home.folder.path(), &arguments, b"hello").unwrap();
}

#[test]
fn keys_of_openssh_are_read() {
    let home = Home::new();
    let store = home.store();
    let arguments = [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "my key",
        "-f",
        "id_ed25519",
    ];
    if keygen(home.folder.path(), &arguments, b"").is_none() {
        return;
    }
    let path = home.path("id_ed25519");
    let signer = store.load(path.to_str().unwrap()).unwrap();
    let beside = fs::read_to_string(path.with_extension("pub")).unwrap();
    assert!(beside.starts_with(&signer.public().openssh_text()));
    // What we sign with it, OpenSSH signs likewise: ed25519 has one signature.
    fs::write(home.path("text"), "hello").unwrap();
    keygen(
        home.folder.path(),
        &[
            "-q",
            "-Y",
            "sign",
            "-f",
            "id_ed25519",
            "-n",
            "gatos-event",
            "text",
        ],
        b"",
    )
    .unwrap();
    let theirs = fs::read_to_string(home.path("text.sig")).unwrap();
    assert_eq!(
        signer.sign("gatos-event", b"hello").unwrap().armored(),
        theirs
    );
    // Imported, it is a key of the folder.
    let public = store.import(&path).unwrap();
    assert_eq!(store.import(&path).unwrap(), public, "twice is once");
    assert_eq!(
        store.find(&public.key_id()).unwrap().unwrap().public(),
        public
    );
}

#[test]
fn a_key_others_can_read_is_refused_with_its_cure() {
    let home = Home::new();
    let store = home.store();
    let public = store.generate().unwrap();
    let path = store.directory().join(public.key_id().to_string());
    for wrong in [0o640, 0o604, 0o644, 0o620] {
        set_mode(&path, wrong);
        let fault = store.find(&public.key_id()).unwrap_err();
        assert_eq!(fault.code, ErrorCode::BadKey);
        assert!(fault.reason.contains(&format!("{wrong:04o}")), "{fault}");
        assert_eq!(fault.hint, format!("chmod 600 {}", path.display()));
        let listing = store.list().unwrap();
        assert_eq!((listing.keys.len(), listing.faults.len()), (0, 1));
    }
    set_mode(&path, 0o400);
    store.find(&public.key_id()).unwrap().unwrap();
}

#[test]
fn a_key_folder_others_can_write_is_refused_with_its_cure() {
    let home = Home::new();
    let store = home.store();
    let public = store.generate().unwrap();
    set_mode(store.directory(), 0o770);
    for fault in [
        store.find(&public.key_id()).map(|_| ()).unwrap_err(),
        store.generate().unwrap_err(),
    ] {
        assert_eq!(fault.code, ErrorCode::BadKey);
        assert_eq!(
            fault.hint,
            format!("chmod 700 {}", store.directory().display())
        );
    }
}

#[test]
fn an_encrypted_key_needs_the_agent() {
    let home = Home::new();
    let store = home.store();
    if keygen(
        home.folder.path(),
        &["-q", "-t", "ed25519", "-N", "secret", "-f", "locked"],
        b"",
    )
    .is_none()
    {
        return;
    }
    let path = home.path("locked");
    for fault in [
        store.load(path.to_str().unwrap()).unwrap_err(),
        store.import(&path).unwrap_err(),
    ] {
        assert_eq!(fault.code, ErrorCode::BadKey);
        assert!(fault.reason.contains("is encrypted"), "{fault}");
        assert!(
            fault.hint.contains(&format!("ssh-add {}", path.display())),
            "{fault}"
        );
    }
}

#[test]
fn an_agent_signs_for_encrypted_files_public_files_and_key_ids() {
    let home = Home::new();
    let socket = home.path("agent");
    let started = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn();
    let Ok(mut agent) = started else {
        eprintln!("skipped: `ssh-agent` is not installed");
        return;
    };
    // The socket's file is there before anybody listens at it.
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    keygen(
        home.folder.path(),
        &["-q", "-t", "ed25519", "-N", "", "-f", "held"],
        b"",
    )
    .unwrap();
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(home.path("held"))
        .env("SSH_AUTH_SOCK", &socket)
        .status();
    assert!(added.unwrap().success());
    keygen(
        home.folder.path(),
        &["-q", "-p", "-P", "", "-N", "secret", "-f", "held"],
        b"",
    )
    .unwrap();
    let store = home.store().with_agent(Some(AgentClient::at(&socket)));
    let [identity] = <[AgentIdentity; 1]>::try_from(store.agent_identities().unwrap()).unwrap();
    let id = identity.public.key_id();
    let held = home.path("held");
    fs::rename(held.with_extension("pub"), home.path("public-only")).unwrap();
    let names = [
        held.display().to_string(),
        home.path("public-only").display().to_string(),
        id.to_string(),
    ];
    for named in names {
        let signer = store.load(&named).unwrap();
        assert!(matches!(signer, Signer::Agent(..)), "{named}");
        assert!(!format!("{signer:?}").is_empty());
        let signature = signer.sign("gatos-event", b"message").unwrap();
        assert_eq!(signature.public, identity.public);
    }
    agent.kill().unwrap();
    agent.wait().unwrap();
    // Without its agent the key is merely not at hand.
    assert!(store.find(&id).unwrap().is_none());
}

#[test]
fn what_is_no_usable_key_is_said_so() {
    let home = Home::new();
    let store = home.store();
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let large = "a ".repeat(40_000);
    let rows = [
        ("", "is no usable key"),
        ("hello", "is no usable key"),
        ("\u{0}\u{1}", "is no usable key"),
        ("ssh-rsa AAAAB3NzaC1yc2E= x", "is no usable key"),
        ("ssh-ed25519 AAAA", "is no usable key"),
        (pem, "is not in OpenSSH's own format"),
        (openssh, "is no usable OpenSSH private key"),
        (large.as_str(), "is too large"),
    ];
    for (content, words) in rows {
        let path = home.write("file", content, 0o600);
        let fault = store.load(path.to_str().unwrap()).unwrap_err();
        assert_eq!(fault.code, ErrorCode::BadKey, "{fault}");
        assert!(fault.reason.contains(words), "{fault}");
        assert_eq!(fault.resource, path.display().to_string());
    }
    let fault = store
        .load(home.folder.path().to_str().unwrap())
        .unwrap_err();
    assert!(fault.reason.contains("is no file"), "{fault}");
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let home = Home::new();
    for (kind, bits) in [("rsa", "1024"), ("ecdsa", "256")] {
        let arguments = ["-q", "-t", kind, "-b", bits, "-N", "", "-f", kind];
        if keygen(home.folder.path(), &arguments, b"").is_none() {
            return;
        }
        let fault = home
            .store()
            .load(home.path(kind).to_str().unwrap())
            .unwrap_err();
        assert_eq!(fault.code, ErrorCode::BadKey);
        assert!(fault.reason.contains("not ed25519"), "{fault}");
    }
}

/// One byte of a key file changed: refused, or (in the comment) the same key.
#[test]
fn a_damaged_key_file_never_gives_another_key() {
    let home = Home::new();
    let store = home.store();
    let public = store.generate().unwrap();
    let path = store.directory().join(public.key_id().to_string());
    let good = fs::read(&path).unwrap();
    for index in 0..good.len() {
        let mut bytes = good.clone();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        for damaged in [&bytes[..], &good[..index]] {
            if let Ok(KeyFile::Private(seed)) = parse(&path, damaged) {
                assert_eq!(SigningKey::from_seed(seed).public(), public, "byte {index}");
            }
        }
    }
}

#[test]
fn a_misnamed_file_is_refused() {
    let home = Home::new();
    let store = home.store();
    let public = store.generate().unwrap();
    let path = store.directory().join(public.key_id().to_string());
    let other = KeyId::from_bytes([0; 8]);
    fs::rename(&path, store.directory().join(other.to_string())).unwrap();
    assert!(
        store
            .find(&other)
            .unwrap_err()
            .reason
            .contains("another key than its name")
    );
    assert!(store.find(&public.key_id()).unwrap().is_none());
    let listing = store.list().unwrap();
    assert_eq!((listing.keys.len(), listing.faults.len()), (0, 1));
}

#[test]
fn a_key_that_is_nowhere_is_unknown() {
    let home = Home::new();
    let store = home.store();
    assert!(
        store.list().unwrap().keys.is_empty(),
        "a folder that does not exist is empty"
    );
    assert!(store.agent_identities().unwrap().is_empty());
    for named in ["0123456789abcdef", "/nowhere/key"] {
        let fault = store.load(named).unwrap_err();
        assert_eq!(fault.code, ErrorCode::UnknownKey);
        assert!(fault.hint.contains("gatos key list"), "{fault}");
    }
}

#[test]
fn a_file_in_the_way_is_not_overwritten() {
    let home = Home::new();
    let path = home.write("file", "mine", 0o600);
    let fault = write_new(&path, b"other", 0o600).unwrap_err();
    assert!(fault.reason.contains("exists already"), "{fault}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    write_new(&path, b"mine", 0o600).unwrap();
    assert_eq!(fs::read_dir(home.folder.path()).unwrap().count(), 1);
}

#[test]
fn the_configuration_folder_is_found_in_the_environment() {
    let find = |variables: &[(&str, &str)]| {
        let look_up = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        config_directory(look_up).map(|path| path.display().to_string())
    };
    let home = ("HOME", "/home/a");
    assert_eq!(find(&[home]).as_deref(), Some("/home/a/.config/gatos"));
    assert_eq!(
        find(&[home, ("XDG_CONFIG_HOME", "/x")]).as_deref(),
        Some("/x/gatos")
    );
    assert_eq!(
        find(&[home, ("XDG_CONFIG_HOME", "relative")]).as_deref(),
        Some("/home/a/.config/gatos")
    );
    assert_eq!(
        find(&[home, ("XDG_CONFIG_HOME", "")]).as_deref(),
        Some("/home/a/.config/gatos")
    );
    assert_eq!(
        find(&[home, ("XDG_CONFIG_HOME", "/x"), ("GATOS_HOME", "own")]).as_deref(),
        Some("own")
    );
    assert_eq!(find(&[]), None);
}

#[test]
fn a_signer_does_not_print_its_secret() {
    let key = SigningKey::from_seed([7; 32]);
    let shown = format!("{:?}", Signer::File(key.clone()));
    assert_eq!(shown, format!("Signer({} in file)", key.public().key_id()));
}
