//! Exporting single documents so that stock tools can check them without us.
//!
//! Each export is a folder with the signed bytes, an armored SSHSIG beside them and the `allowed_signers` line
//! of the key: `ssh-keygen -Y verify` needs nothing else. Tests: ../tests/it/append.rs, ../tests/it/folding.rs.

use std::path::{Path, PathBuf};

use gatos_values::{ErrorCode, EventId, Namespace, SignatureNamespace, SshSignature, Value};

use crate::fault::{Fault, Outcome};
use crate::node::Node;
use crate::reply;

/// What was written where.
#[derive(Clone, Debug)]
pub struct ExportReport {
    /// The folder.
    pub directory: PathBuf,
    /// The signed file's name.
    pub document: String,
    /// Who signed, as `ssh-keygen -I` wants it.
    pub identity: String,
    /// The SSHSIG namespace, as `ssh-keygen -n` wants it.
    pub namespace: &'static str,
}

impl ExportReport {
    /// The command that checks the export.
    pub fn check_command(&self) -> String {
        format!(
            "ssh-keygen -Y verify -f allowed_signers -I {} -n {} -s {}.sig < {}",
            self.identity, self.namespace, self.document, self.document
        )
    }

    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("dir", reply::text(&self.directory.display().to_string())),
            ("document", reply::text(&self.document)),
            ("identity", reply::text(&self.identity)),
            ("namespace", reply::text(self.namespace)),
            ("check", reply::text(&self.check_command())),
        ])
    }
}

impl Node {
    /// Writes an event's envelope, its signature and its signer into a folder.
    ///
    /// # Errors
    /// `UNKNOWN_EVENT`, `IO`.
    pub fn export_event(&self, id: &EventId, directory: &Path) -> Outcome<ExportReport> {
        let stored = self.find_event(id)?;
        write(
            directory,
            "event.json",
            stored.event.bytes(),
            stored.event.signature(),
            stored.event.envelope().actor.as_str(),
            SignatureNamespace::Event,
        )
    }

    /// Writes the newest checkpoint's document, its signature and its signer into a folder.
    ///
    /// # Errors
    /// `NO_CHECKPOINT`, `CHECKPOINT_INVALID`, `IO`.
    pub fn export_checkpoint(&self, ns: &Namespace, directory: &Path) -> Outcome<ExportReport> {
        let chain = self.governance()?;
        let read = self.checkpoint_at(ns, None)?;
        self.judge_checkpoint(&chain, &read)?;
        let key = read.signature.public.key_id();
        let record = chain.key_at(&key, chain.version()).ok_or_else(|| {
            Fault::new(
                ErrorCode::UnknownKey,
                key.to_string(),
                "the signer's key is not enrolled",
            )
        })?;
        write(
            directory,
            "checkpoint.json",
            &read.bytes,
            &read.signature,
            record.actor.as_str(),
            SignatureNamespace::Checkpoint,
        )
    }
}

fn write(
    directory: &Path,
    name: &str,
    bytes: &[u8],
    signature: &SshSignature,
    identity: &str,
    namespace: SignatureNamespace,
) -> Outcome<ExportReport> {
    let signers = format!(
        "{identity} namespaces=\"{}\" {}\n",
        namespace.as_str(),
        signature.public.openssh_text()
    );
    let failed = |error: std::io::Error| {
        Fault::new(
            ErrorCode::Io,
            directory.display().to_string(),
            format!("the export cannot be written: {error}"),
        )
        .with_hint("name a folder that can be written with `-o`")
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    std::fs::write(directory.join(name), bytes).map_err(failed)?;
    std::fs::write(directory.join(format!("{name}.sig")), signature.armored()).map_err(failed)?;
    std::fs::write(directory.join("allowed_signers"), signers).map_err(failed)?;
    Ok(ExportReport {
        directory: directory.to_owned(),
        document: name.to_owned(),
        identity: identity.to_owned(),
        namespace: namespace.as_str(),
    })
}
