//! Checkpoints in Git: writing one, reading one, and answering questions about state.
//!
//! A checkpoint is a commit on `refs/gatos/state/<ns>/head` whose tree holds the state files, the signed
//! `checkpoint.json` and the fold state in chunks (docs/formats/checkpoint.md). What its fields mean is
//! `gatos_fold::checkpoint`; this file gives it a commit and finds it again.
//!
//! INVARIANT: a checkpoint is believed only after its signature, its key and its tree agree with it.
//! Tests: ../tests/it/state.rs.

use std::collections::BTreeMap;

use gatos_fold::checkpoint::Checkpoint;
use gatos_fold::{EncodedState, Fold, FoldState, InputsRoot, StateFile};
use gatos_ledger::objects::{self, Reader};
use gatos_ledger::pack::{self, PackObject, PackWritten};
use gatos_ledger::tree::{self, TreeFile};
use gatos_ledger::{ObjectId, ObjectKind, refs};
use gatos_ledger::{codec, commit};
use gatos_policy::governance::Chain;
use gatos_values::{
    Blake3Digest, ErrorCode, Namespace, SignatureNamespace, SshSignature, Ulid, Value, merkle,
    sshsig,
};

use crate::fault::{Fault, Outcome};
use crate::installed::Installed;
use crate::node::Node;
use crate::reply;
use crate::signing::ActingKey;

/// Largest single file read back from a checkpoint.
const FILE_SIZE_MAX: u64 = 1 << 30;
/// Name of the signed document in the tree.
pub(crate) const CHECKPOINT_FILE: &str = "checkpoint.json";
/// Name of its armored signature.
const SIGNATURE_FILE: &str = "checkpoint.json.sig";
/// Name of the fold state's manifest.
const FOLD_STATE_FILE: &str = "fold-state.cbor";
/// Folder of the fold state's chunks.
const FOLD_STATE_FOLDER: &str = "fold-state";

/// The ref of a namespace's checkpoints.
pub fn state_ref(ns: &Namespace) -> String {
    format!("refs/gatos/state/{ns}/head")
}

/// The ref of a namespace's installed folds.
pub fn fold_ref(ns: &Namespace) -> String {
    format!("refs/gatos/folds/{ns}/head")
}

/// A checkpoint as read back, not yet judged.
#[derive(Clone, Debug)]
pub struct ReadCheckpoint {
    /// Commit that holds it.
    pub commit: ObjectId,
    /// Parents of the commit.
    pub parents: Vec<ObjectId>,
    /// The document.
    pub checkpoint: Checkpoint,
    /// Its bytes, as signed.
    pub bytes: Vec<u8>,
    /// The signature over them.
    pub signature: SshSignature,
    /// Everything in the tree: path → blob.
    pub files: BTreeMap<String, ObjectId>,
}

/// Everything that goes into a checkpoint commit.
pub(crate) struct CheckpointCommit<'a> {
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) files: &'a [StateFile],
    pub(crate) encoded: &'a EncodedState,
    pub(crate) parents: &'a [ObjectId],
    pub(crate) acting: &'a ActingKey,
    pub(crate) date: Ulid,
}

impl CheckpointCommit<'_> {
    /// Writes blobs, trees and the commit as one durable pack, kept from `git gc` until the caller has moved
    /// the ref and releases it.
    pub(crate) fn write(&self, node: &Node) -> Outcome<(ObjectId, PackWritten)> {
        let document = self.checkpoint.encode()?;
        let signature = self
            .acting
            .sign(SignatureNamespace::Checkpoint, &document)?;
        let armored = signature.armored();
        let mut blobs: Vec<(String, &[u8])> = vec![
            (CHECKPOINT_FILE.to_owned(), &document),
            (SIGNATURE_FILE.to_owned(), armored.as_bytes()),
            (FOLD_STATE_FILE.to_owned(), &self.encoded.manifest),
        ];
        for (name, bytes) in &self.encoded.chunks {
            blobs.push((format!("{FOLD_STATE_FOLDER}/{name}.cbor"), bytes));
        }
        for file in self.files {
            blobs.push((file.path.clone(), &file.bytes));
        }
        let files: Vec<TreeFile> = blobs
            .iter()
            .map(|(path, bytes)| TreeFile {
                path: path.clone(),
                blob: ObjectId::of(ObjectKind::Blob, bytes),
            })
            .collect();
        let trees = tree::build(&files)?;
        let content = self.commit_content(trees.root)?;
        let reader = Reader::new(node.repository());
        let mut objects: Vec<(ObjectId, ObjectKind, &[u8])> = Vec::new();
        for ((_, bytes), file) in blobs.iter().zip(&files) {
            // Chunks and files that have not changed are in the repository already.
            if !reader.contains(file.blob)? {
                objects.push((file.blob, ObjectKind::Blob, bytes));
            }
        }
        for (id, bytes) in &trees.objects {
            if !reader.contains(*id)? {
                objects.push((*id, ObjectKind::Tree, bytes));
            }
        }
        let commit = codec::commit_id(&content);
        objects.push((commit, ObjectKind::Commit, &content));
        let packed: Vec<PackObject<'_>> = objects
            .iter()
            .map(|(id, kind, bytes)| PackObject::with_id(*id, *kind, bytes))
            .collect();
        let kept = pack::write_pack(&node.repository().pack_dir(), packed)?;
        Ok((commit, kept))
    }

    fn commit_content(&self, tree: ObjectId) -> Outcome<Vec<u8>> {
        let person = commit::person_line(&self.acting.actor, self.date);
        let mut head = format!("tree {tree}\n");
        for parent in self.parents {
            head.push_str(&format!("parent {parent}\n"));
        }
        head.push_str(&format!("author {person}\ncommitter {person}\n"));
        let message = format!(
            "checkpoint {} {}\n\nState-Root: {}\nInputs-Root: {}\nPolicy-Root: {}\nFold-Root: {}\n",
            self.checkpoint.ns,
            self.checkpoint.window.count,
            self.checkpoint.state_root,
            self.checkpoint.inputs_root,
            self.checkpoint.policy_root,
            self.checkpoint.fold_root
        );
        let unsigned = format!("{head}\n{message}");
        let signature = self
            .acting
            .sign(SignatureNamespace::Git, unsigned.as_bytes())?
            .armored();
        let header = signature.trim_end().replace('\n', "\n ");
        Ok(format!("{head}gpgsig {header}\n\n{message}").into_bytes())
    }
}

impl Node {
    /// The commit that a ref points at, by the full name of the ref; none where there is no such ref.
    ///
    /// # Errors
    /// That the name is none, or an I/O error.
    pub fn commit_of_ref(&self, name: &str) -> Outcome<Option<ObjectId>> {
        Ok(refs::read(self.repository(), name)?)
    }

    /// The newest checkpoint commit of a namespace.
    pub fn checkpoint_head(&self, ns: &Namespace) -> Outcome<Option<ObjectId>> {
        Ok(refs::read(self.repository(), &state_ref(ns))?)
    }

    /// Namespaces that have checkpoints.
    pub fn state_namespaces(&self) -> Outcome<Vec<Namespace>> {
        let mut found = Vec::new();
        for (name, _) in refs::list(self.repository(), "refs/gatos/state/")? {
            let ns = name
                .strip_prefix("refs/gatos/state/")
                .and_then(|rest| rest.strip_suffix("/head"));
            if let Some(ns) = ns {
                found.push(Namespace::parse(ns)?);
            }
        }
        Ok(found)
    }

    /// Reads a checkpoint commit: strict forms, but nothing judged yet.
    ///
    /// # Errors
    /// `CHECKPOINT_INVALID` with what is wrong.
    pub fn read_checkpoint(&self, commit: ObjectId) -> Outcome<ReadCheckpoint> {
        let invalid = |reason: String| {
            Fault::new(
                ErrorCode::CheckpointInvalid,
                commit.to_string(),
                format!("checkpoint commit {commit}: {reason}"),
            )
            .with_hint("a checkpoint is a cache: `gatos fold run` makes a new one from the events")
        };
        let files = self.tree_of_commit(commit)?;
        let bytes = self
            .blob_of(&files, CHECKPOINT_FILE)?
            .ok_or_else(|| invalid(format!("`{CHECKPOINT_FILE}` is missing")))?;
        let armored = self
            .blob_of(&files, SIGNATURE_FILE)?
            .ok_or_else(|| invalid(format!("`{SIGNATURE_FILE}` is missing")))?;
        let checkpoint = Checkpoint::decode(&bytes).map_err(|error| invalid(error.to_string()))?;
        let armored = String::from_utf8(armored)
            .map_err(|_| invalid(format!("`{SIGNATURE_FILE}` is not text")))?;
        let signature =
            SshSignature::from_armored(&armored).map_err(|error| invalid(error.to_string()))?;
        Ok(ReadCheckpoint {
            commit,
            parents: self.parents_of(commit)?,
            checkpoint,
            bytes,
            signature,
            files,
        })
    }

    /// Judges a checkpoint without recomputing it: repository, signature, signer, tree against its digests.
    ///
    /// # Errors
    /// `CHECKPOINT_INVALID` with what does not agree.
    pub fn judge_checkpoint(&self, chain: &Chain, read: &ReadCheckpoint) -> Outcome<()> {
        let invalid = |reason: String| {
            Fault::new(
                ErrorCode::CheckpointInvalid,
                read.checkpoint.resource.to_string(),
                format!("checkpoint commit {}: {reason}", read.commit),
            )
            .with_hint("a checkpoint is a cache: `gatos fold run` makes a new one from the events")
        };
        let checkpoint = &read.checkpoint;
        if checkpoint.repo != chain.repository_id() {
            return Err(invalid("it belongs to another repository".to_owned()));
        }
        let version = chain.version_of(&checkpoint.gov).ok_or_else(|| {
            invalid(format!(
                "governance version `{}` is unknown",
                checkpoint.gov
            ))
        })?;
        let key = read.signature.public.key_id();
        let record = chain.key_at(&key, version).ok_or_else(|| {
            invalid(format!(
                "key `{key}` was not live at its governance version"
            ))
        })?;
        if record.public != read.signature.public {
            return Err(invalid(
                "the signature's key is not the enrolled one".to_owned(),
            ));
        }
        sshsig::verify(
            SignatureNamespace::Checkpoint.as_str(),
            &read.bytes,
            &read.signature,
        )
        .map_err(|error| invalid(error.to_string()))?;
        if checkpoint.policy_root != chain.policy_root_at(version)
            || checkpoint.fold_root != chain.fold_root_at(&checkpoint.ns, version)
        {
            return Err(invalid(
                "its policy or fold root is not that of its governance version".to_owned(),
            ));
        }
        let root = self.state_root_of_tree(read)?;
        if root != checkpoint.state_root {
            return Err(invalid(format!(
                "its files give state root `{root}`, it states `{}`",
                checkpoint.state_root
            )));
        }
        Ok(())
    }

    /// The Merkle root over the state files in a checkpoint's tree.
    fn state_root_of_tree(&self, read: &ReadCheckpoint) -> Outcome<Blake3Digest> {
        let reader = Reader::new(self.repository());
        let mut leaves = Vec::new();
        for (path, blob) in state_files(&read.files) {
            let bytes = reader.read(*blob, ObjectKind::Blob, FILE_SIZE_MAX)?;
            leaves.push((path.as_str(), Blake3Digest::of(&bytes)));
        }
        Ok(merkle::state_root(leaves))
    }

    /// Loads the fold state a checkpoint carries.
    pub(crate) fn load_fold_state(
        &self,
        fold: &Fold,
        read: &ReadCheckpoint,
    ) -> Outcome<(FoldState, InputsRoot)> {
        let manifest = self
            .blob_of(&read.files, FOLD_STATE_FILE)?
            .unwrap_or_default();
        if Blake3Digest::of(&manifest) != read.checkpoint.fold_state {
            return Err(Fault::new(
                ErrorCode::CheckpointInvalid,
                read.checkpoint.resource.to_string(),
                "the fold state is not the one the checkpoint names",
            ));
        }
        let reader = Reader::new(self.repository());
        Ok(FoldState::decode(fold, &manifest, |name| {
            let blob = read
                .files
                .get(&format!("{FOLD_STATE_FOLDER}/{name}.cbor"))?;
            reader.read(*blob, ObjectKind::Blob, FILE_SIZE_MAX).ok()
        })?)
    }

    /// A commit with two parents and the tree of one of them: both sides go on from here.
    pub(crate) fn write_join_commit(
        &self,
        what: &Installed,
        governing: ObjectId,
        parents: [ObjectId; 2],
        date: Ulid,
    ) -> Outcome<ObjectId> {
        let (tree, _) = commit::head_of(&Reader::new(self.repository()).commit(governing)?)?;
        let person = codec::system_person_line(what.role, date);
        let [first, second] = parents;
        let content = format!(
            "tree {tree}\nparent {first}\nparent {second}\nauthor {person}\ncommitter {person}\n\n{}\n",
            what.join_subject()
        );
        Ok(objects::write_loose(
            self.repository(),
            ObjectKind::Commit,
            content.as_bytes(),
        )?)
    }

    /// All files of a commit's tree.
    pub(crate) fn tree_of_commit(&self, commit: ObjectId) -> Outcome<BTreeMap<String, ObjectId>> {
        Ok(tree::list_commit(self.repository(), commit)?
            .into_iter()
            .map(|file| (file.path, file.blob))
            .collect())
    }

    /// One file of a commit's tree.
    pub(crate) fn file_of_commit(&self, commit: ObjectId, path: &str) -> Outcome<Option<Vec<u8>>> {
        let files = self.tree_of_commit(commit)?;
        self.blob_of(&files, path)
    }

    /// Parents of a commit.
    pub(crate) fn parents_of(&self, commit: ObjectId) -> Outcome<Vec<ObjectId>> {
        let content = Reader::new(self.repository()).commit(commit)?;
        Ok(commit::head_of(&content)?.1)
    }

    fn blob_of(&self, files: &BTreeMap<String, ObjectId>, path: &str) -> Outcome<Option<Vec<u8>>> {
        match files.get(path) {
            Some(blob) => Ok(Some(Reader::new(self.repository()).read(
                *blob,
                ObjectKind::Blob,
                FILE_SIZE_MAX,
            )?)),
            None => Ok(None),
        }
    }

    /// The checkpoint of a namespace at a moment: the newest one, or the newest whose window ends at or
    /// before the given ULID.
    ///
    /// # Errors
    /// `NO_CHECKPOINT`.
    pub fn checkpoint_at(&self, ns: &Namespace, at: Option<Ulid>) -> Outcome<ReadCheckpoint> {
        let mut next = self.checkpoint_head(ns)?;
        while let Some(commit) = next {
            let read = self.read_checkpoint(commit)?;
            let fits = match (at, read.checkpoint.window.last) {
                (None, _) | (Some(_), None) => true,
                (Some(at), Some(last)) => last.ulid <= at,
            };
            if fits {
                return Ok(read);
            }
            next = read.parents.first().copied();
        }
        Err(Fault::new(
            ErrorCode::NoCheckpoint,
            state_ref(ns),
            match at {
                None => format!("namespace `{ns}` has no checkpoint"),
                Some(at) => format!("namespace `{ns}` has no checkpoint at or before `{at}`"),
            },
        )
        .with_hint(format!("make one: `gatos fold run --ns {ns}`")))
    }

    /// A state file's canonical bytes.
    ///
    /// # Errors
    /// `UNKNOWN_PATH` with the nearest paths there are.
    pub fn state_show(&self, ns: &Namespace, path: &str, at: Option<Ulid>) -> Outcome<Vec<u8>> {
        let read = self.checkpoint_at(ns, at)?;
        let Some(blob) = state_files(&read.files)
            .find(|(known, _)| known.as_str() == path)
            .map(|(_, blob)| *blob)
        else {
            let known: Vec<&str> = state_files(&read.files)
                .map(|(path, _)| path.as_str())
                .take(5)
                .collect();
            return Err(Fault::new(
                ErrorCode::UnknownPath,
                read.checkpoint.resource.to_string(),
                format!("the state of `{ns}` has no file `{path}`"),
            )
            .with_hint(format!(
                "it has {} file(s), such as {}; `gatos state list --ns {ns}` shows all",
                state_files(&read.files).count(),
                known.join(", ")
            )));
        };
        Ok(Reader::new(self.repository()).read(blob, ObjectKind::Blob, FILE_SIZE_MAX)?)
    }

    /// The paths of a namespace's state files.
    pub fn state_list(&self, ns: &Namespace, at: Option<Ulid>) -> Outcome<Vec<String>> {
        let read = self.checkpoint_at(ns, at)?;
        Ok(state_files(&read.files)
            .map(|(path, _)| path.clone())
            .collect())
    }

    /// The checkpoints of a namespace, newest first.
    pub fn state_log(&self, ns: &Namespace, limit: usize) -> Outcome<Vec<ReadCheckpoint>> {
        let mut found = Vec::new();
        let mut next = self.checkpoint_head(ns)?;
        while let Some(commit) = next {
            if found.len() == limit {
                break;
            }
            let read = self.read_checkpoint(commit)?;
            next = read.parents.first().copied();
            found.push(read);
        }
        Ok(found)
    }

    /// What changed between two moments of a namespace's state.
    ///
    /// # Errors
    /// `NO_CHECKPOINT`.
    pub fn state_diff(
        &self,
        ns: &Namespace,
        from: Option<Ulid>,
        to: Option<Ulid>,
    ) -> Outcome<Vec<StateChange>> {
        let newer = self.checkpoint_at(ns, to)?;
        let older = match from {
            Some(from) => self.checkpoint_at(ns, Some(from))?,
            None => match newer.parents.first() {
                Some(parent) => self.read_checkpoint(*parent)?,
                None => return Ok(changes(&BTreeMap::new(), &newer.files)),
            },
        };
        let mut found = changes(&older.files, &newer.files);
        let reader = Reader::new(self.repository());
        for change in &mut found {
            change.before = self.read_optional(&reader, older.files.get(&change.path))?;
            change.after = self.read_optional(&reader, newer.files.get(&change.path))?;
        }
        Ok(found)
    }

    fn read_optional(&self, reader: &Reader, blob: Option<&ObjectId>) -> Outcome<Option<Vec<u8>>> {
        match blob {
            Some(blob) => Ok(Some(reader.read(*blob, ObjectKind::Blob, FILE_SIZE_MAX)?)),
            None => Ok(None),
        }
    }
}

/// A path whose file differs between two checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Path of the state file.
    pub path: String,
    /// Its bytes before; absent when it is new.
    pub before: Option<Vec<u8>>,
    /// Its bytes after; absent when it is gone.
    pub after: Option<Vec<u8>>,
}

impl StateChange {
    /// `added`, `removed` or `changed`.
    pub fn kind(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        }
    }
}

/// The reply fields of a checkpoint in a log.
pub fn checkpoint_value(read: &ReadCheckpoint) -> Value {
    let mut entries = crate::folding::roots_entries(&crate::folding::roots_of(&read.checkpoint));
    entries.extend([
        ("commit", reply::text(&read.commit.to_string())),
        ("events", reply::count(read.checkpoint.window.count)),
        (
            "last",
            read.checkpoint
                .window
                .last
                .map_or(Value::Null, |mark| reply::text(&mark.ulid.to_string())),
        ),
        ("gov", reply::text(&read.checkpoint.gov.to_string())),
        (
            "signer",
            reply::text(&read.signature.public.key_id().to_string()),
        ),
    ]);
    reply::object(entries)
}

/// The state files among the files of a checkpoint's tree.
fn state_files(files: &BTreeMap<String, ObjectId>) -> impl Iterator<Item = (&String, &ObjectId)> {
    files.iter().filter(|(path, _)| path.starts_with("state/"))
}

fn changes(
    older: &BTreeMap<String, ObjectId>,
    newer: &BTreeMap<String, ObjectId>,
) -> Vec<StateChange> {
    let mut paths: Vec<&String> = state_files(older)
        .chain(state_files(newer))
        .map(|(path, _)| path)
        .filter(|path| older.get(*path) != newer.get(*path))
        .collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .map(|path| StateChange {
            path: path.clone(),
            before: None,
            after: None,
        })
        .collect()
}

impl Node {
    /// A state file of a checkpoint, if it has it.
    pub(crate) fn state_file_bytes(
        &self,
        read: &ReadCheckpoint,
        path: &str,
    ) -> Outcome<Option<Vec<u8>>> {
        self.blob_of(&read.files, path)
    }
}
