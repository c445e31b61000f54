//! Making a repository: Git settings, hooks, a key, a genesis.
//!
//! `init` is complete or absent: the genesis ref is the last thing written, so a run that was cut short can
//! simply be repeated. Tests: ../tests/it/init.rs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatos_ledger::hooks::{self, Hook};
use gatos_ledger::{RefChange, Repository, WriterLock, objects, refs, settings};
use gatos_policy::governance::{self as rules, GenesisActor, SignedDocument};
use gatos_values::{
    Actor, ErrorCode, GovernanceId, KeyId, PublicKey, Segment, SignatureNamespace, Value,
};

use crate::audit;
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::governance::{self, GOVERNANCE_REF};
use crate::keys::Signer;
use crate::node::{Node, NodeOptions};
use crate::profile::{self, Profile};
use crate::reply;

/// What `gatos init` is asked for.
#[derive(Clone, Debug, Default)]
pub struct InitOptions {
    /// Folder of the new repository, or of an existing Git repository to make a GATOS one.
    pub directory: PathBuf,
    /// Make a bare repository.
    pub bare: bool,
    /// Name of the repository in resource URIs; the folder's name when absent.
    pub name: Option<Segment>,
    /// First actor and governor; `user:<login name>` when absent.
    pub actor: Option<Actor>,
    /// Private key file or key id of that actor; a new key is made when absent.
    pub key: Option<String>,
    /// Who enforces what: `local` (when absent) or `push-gate`.
    pub profile: Option<String>,
    /// Folder of keys; the user's own when absent.
    pub home: Option<PathBuf>,
}

/// What `gatos init` did.
#[derive(Clone, Debug)]
pub struct InitReport {
    /// The repository's id: that of its genesis document.
    pub repository: GovernanceId,
    /// Its name.
    pub name: Segment,
    /// The first actor.
    pub actor: Actor,
    /// Its key.
    pub key: KeyId,
    /// True when the key was made by this call.
    pub key_made: bool,
    /// The profile.
    pub profile: String,
    /// The Git directory.
    pub git_dir: PathBuf,
    /// What a person should know, such as a hook of the user's own that was left alone.
    pub remarks: Vec<String>,
}

impl InitReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("repo", reply::text(&self.repository.to_string())),
            ("name", reply::text(self.name.as_str())),
            ("actor", reply::text(self.actor.as_str())),
            ("key", reply::text(&self.key.to_string())),
            ("key_made", Value::Bool(self.key_made)),
            ("profile", reply::text(&self.profile)),
            ("git_dir", reply::text(&self.git_dir.display().to_string())),
            (
                "remarks",
                Value::List(
                    self.remarks
                        .iter()
                        .map(|remark| reply::text(remark))
                        .collect(),
                ),
            ),
        ])
    }
}

/// The clone's setting that names a key file outside the key folder.
pub(crate) const KEY_FILE_SETTING: &str = "gatos.keyFile";

impl Node {
    /// Makes a repository with a genesis, so that the next command works.
    ///
    /// # Errors
    /// `REPO_EXISTS` when there is a genesis already, `BAD_NAME` when no repository name can be made from the
    /// folder's, and everything Git, the disk and the key store may say.
    pub fn init(options: &InitOptions) -> Outcome<InitReport> {
        let profile = profile_of(options)?;
        let name = name_of(options)?;
        let actor = actor_of(options)?;
        let (repository, git_report) = Repository::init(&options.directory, options.bare)?;
        let mut remarks = git_report.remarks;
        remarks.extend(hooks::install_hook(&repository, Hook::PrePush)?.remarks);
        profile::remember_program(&repository)?;
        if profile == Profile::PushGate {
            // Before the genesis is looked for, so that repeating the call mends hook and settings.
            remarks.extend(profile::prepare_gate(&repository, options.home.as_deref())?);
        }
        let node = Node::over(
            repository,
            NodeOptions {
                home: options.home.clone(),
                ..NodeOptions::default()
            },
        )?;
        let _lock = WriterLock::acquire(
            &node.repository().gatos_dir(),
            crate::node::WRITER_PATIENCE_DEFAULT,
        )?;
        if refs::read(node.repository(), GOVERNANCE_REF)?.is_some() {
            return Err(Fault::new(
                ErrorCode::RepoExists,
                node.repository().git_dir().display().to_string(),
                "this repository has a genesis already",
            )
            .with_hint("`gatos status` shows it; to start anew, choose another folder"));
        }
        let (signer, key_made) = node.key_for_genesis(options)?;
        let public = signer.public();
        let gate_key = node.key_for_gate(profile)?;
        let repository_id = node.publish_genesis(name.clone(), &actor, &signer, gate_key)?;
        settings::set(node.repository(), "gatos.actor", actor.as_str())?;
        settings::set(node.repository(), "gatos.key", &public.key_id().to_string())?;
        settings::set(
            node.repository(),
            profile::PROFILE_SETTING,
            profile.as_str(),
        )?;
        if let Some(key) = gate_key {
            let key = key.key_id().to_string();
            settings::set(node.repository(), audit::NODE_KEY_SETTING, &key)?;
        }
        node.remember_key_file(options)?;
        Ok(InitReport {
            repository: repository_id,
            name,
            actor,
            key: public.key_id(),
            key_made,
            profile: profile.as_str().to_owned(),
            git_dir: node.repository().git_dir().to_owned(),
            remarks,
        })
    }

    fn key_for_genesis(&self, options: &InitOptions) -> Outcome<(Signer, bool)> {
        if let Some(named) = &options.key {
            return Ok((self.keys().load(named)?, false));
        }
        let public = self.keys().generate()?;
        Ok((self.keys().load(&public.key_id().to_string())?, true))
    }

    /// A push gate signs its own record, with a key of its own that the genesis enrols.
    fn key_for_gate(&self, profile: Profile) -> Outcome<Option<PublicKey>> {
        match profile {
            Profile::Local => Ok(None),
            Profile::PushGate => self.keys().generate().map(Some),
        }
    }

    /// A key file that was named by its path stays where it is; the clone remembers the path.
    fn remember_key_file(&self, options: &InitOptions) -> Outcome<()> {
        let Some(path) = options
            .key
            .as_deref()
            .filter(|named| Path::new(named).is_file())
        else {
            return Ok(());
        };
        let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
        if let Some(text) = absolute.to_str() {
            settings::set(self.repository(), KEY_FILE_SETTING, text)?;
        }
        Ok(())
    }

    fn publish_genesis(
        &self,
        name: Segment,
        actor: &Actor,
        signer: &Signer,
        gate_key: Option<PublicKey>,
    ) -> Outcome<GovernanceId> {
        let mut actors = vec![GenesisActor {
            actor: actor.clone(),
            keys: vec![signer.public()],
        }];
        actors.extend(gate_key.map(|key| GenesisActor {
            actor: profile::gate_actor(),
            keys: vec![key],
        }));
        let bytes = rules::genesis(
            name,
            clock::fresh_ulid(clock::now_ms()),
            actors,
            vec![actor.clone()],
            1,
        )?;
        let signature = signer.sign(SignatureNamespace::Grant.as_str(), &bytes)?;
        let document = SignedDocument {
            bytes,
            signatures: vec![signature],
        };
        // The chain judges its own genesis before it is written.
        let chain = Arc::new(rules::Chain::from_genesis(&document)?);
        let content = governance::encode_commit(&document, None)?;
        let commit = objects::write_loose(
            self.repository(),
            gatos_ledger::ObjectKind::Commit,
            &content,
        )?;
        refs::update(
            self.repository(),
            &[RefChange {
                name: GOVERNANCE_REF.to_owned(),
                expected: None,
                new: commit,
            }],
        )?;
        Ok(chain.repository_id())
    }
}

fn profile_of(options: &InitOptions) -> Outcome<Profile> {
    match options.profile.as_deref() {
        None => Ok(Profile::Local),
        Some(text) => Profile::parse(text),
    }
}

fn name_of(options: &InitOptions) -> Outcome<Segment> {
    if let Some(name) = &options.name {
        return Ok(name.clone());
    }
    let absolute = std::path::absolute(&options.directory).unwrap_or(options.directory.clone());
    let folder = absolute
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let cleaned = segment_like(&folder);
    Segment::parse(&cleaned).map_err(|_| {
        Fault::new(
            ErrorCode::BadName,
            folder.clone(),
            format!("no repository name can be made from the folder's name `{folder}`"),
        )
        .with_hint("give one: `gatos init --name <lower-case-name>`")
    })
}

fn actor_of(options: &InitOptions) -> Outcome<Actor> {
    if let Some(actor) = &options.actor {
        return Ok(actor.clone());
    }
    let login = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .map(|name| segment_like(&name))
        .filter(|name| Segment::parse(name).is_ok())
        .unwrap_or_else(|| "owner".to_owned());
    Ok(Actor::parse(&format!("user:{login}"))?)
}

/// Brings a folder's or person's name as near to a segment as letters allow.
fn segment_like(name: &str) -> String {
    let mut cleaned = String::new();
    for char in name.trim_end_matches(".git").to_lowercase().chars() {
        match char {
            'a'..='z' | '0'..='9' | '.' | '_' | '-' => cleaned.push(char),
            _ => cleaned.push('-'),
        }
    }
    let cleaned = cleaned.trim_matches(|char| matches!(char, '.' | '_' | '-'));
    cleaned.chars().take(60).collect()
}
