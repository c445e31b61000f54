//! Installed folds and policies in Git: compiled bytes, their root, and the source beside them.
//!
//! Governance names what counts by its root; a ref of this form keeps the bytes, so it is a cache of what governance
//! says. Every install is a commit on the one before, so that older bytes are found again.
//!
//! INVARIANT: bytes are on the disk before governance names them.
//! Format: docs/formats/repository.md. Tests: ../tests/it/folding.rs, ../tests/it/governed.rs.

use gatos_ledger::{ObjectId, ObjectKind, RefChange, codec, objects, refs, tree, tree::TreeFile};
use gatos_policy::governance::Chain;
use gatos_values::{Namespace, Sha256Digest};

use crate::fault::Outcome;
use crate::node::Node;
use crate::policies::POLICIES_REF;
use crate::state::fold_ref;

/// How many installs back bytes are looked for.
const SEARCH_COUNT_MAX: usize = 1024;

/// What is installed where, and the words of its commits.
pub(crate) struct Installed {
    /// The namespace of folds; none for policies.
    ns: Option<Namespace>,
    /// The ref.
    pub(crate) reference: String,
    /// File of the compiled bytes.
    pub(crate) file: &'static str,
    /// Name of the root: `fold_root` or `policy_root`.
    root_name: &'static str,
    /// Trailer that holds the root.
    trailer: &'static str,
    /// Part of the system that stands as author.
    pub(crate) role: &'static str,
    /// Subject of the commit, before the root.
    subject: String,
}

impl Installed {
    /// The folds of a namespace.
    pub(crate) fn fold(ns: &Namespace) -> Installed {
        Installed {
            ns: Some(ns.clone()),
            reference: fold_ref(ns),
            file: "fold.rgf",
            root_name: "fold_root",
            trailer: "Fold-Root",
            role: "folds",
            subject: format!("fold.install {ns}"),
        }
    }

    /// The policies of the repository.
    pub(crate) fn policy() -> Installed {
        Installed {
            ns: None,
            reference: POLICIES_REF.to_owned(),
            file: "policy.rgc",
            root_name: "policy_root",
            trailer: "Policy-Root",
            role: "policies",
            subject: "policy.activate".to_owned(),
        }
    }

    /// The root that governance names at a version.
    pub(crate) fn root_at(&self, chain: &Chain, version: u64) -> Sha256Digest {
        match &self.ns {
            Some(ns) => chain.fold_root_at(ns, version),
            None => chain.policy_root_at(version),
        }
    }

    /// What a commit that joins two installs says.
    pub(crate) fn join_subject(&self) -> String {
        match &self.ns {
            Some(ns) => format!("fold.join {ns}"),
            None => "policy.join".to_owned(),
        }
    }

    /// Name of the file that states the root.
    pub(crate) fn root_file(&self) -> String {
        format!("{}.sha", self.file)
    }

    /// What that file says.
    pub(crate) fn root_line(&self, root: Sha256Digest) -> String {
        format!("{} = {root}\n", self.root_name)
    }
}

impl Node {
    /// Writes compiled bytes and their source beside them, and moves the ref.
    pub(crate) fn keep_installed(
        &self,
        what: &Installed,
        bytes: &[u8],
        root: Sha256Digest,
        beside: &[(&str, &[u8])],
    ) -> Outcome<ObjectId> {
        let writer = self.writer()?;
        let chain = self.governance()?;
        let head = refs::read(self.repository(), &what.reference)?;
        let root_line = what.root_line(root);
        let mut blobs: Vec<(String, &[u8])> = vec![
            (what.file.to_owned(), bytes),
            (what.root_file(), root_line.as_bytes()),
        ];
        for (name, bytes) in beside {
            blobs.push((format!("source/{}", source_name(name, what.file)), bytes));
        }
        let mut files = Vec::new();
        for (path, bytes) in &blobs {
            files.push(TreeFile {
                path: path.clone(),
                blob: objects::write_loose(self.repository(), ObjectKind::Blob, bytes)?,
            });
        }
        let trees = tree::build(&files)?;
        for (_, bytes) in &trees.objects {
            objects::write_loose(self.repository(), ObjectKind::Tree, bytes)?;
        }
        let person = codec::system_person_line(what.role, chain.ulid());
        let parent = head.map_or_else(String::new, |head| format!("parent {head}\n"));
        let content = format!(
            "tree {}\n{parent}author {person}\ncommitter {person}\n\n{} {root}\n\n{}: {root}\nGov-Id: {}\n",
            trees.root,
            what.subject,
            what.trailer,
            chain.head()
        );
        let commit =
            objects::write_loose(self.repository(), ObjectKind::Commit, content.as_bytes())?;
        writer.move_refs(&[RefChange {
            name: what.reference.clone(),
            expected: head,
            new: commit,
        }])?;
        Ok(commit)
    }

    /// The bytes with this root, from the newest install back; none where they are not here.
    pub(crate) fn installed_bytes(
        &self,
        what: &Installed,
        root: Sha256Digest,
    ) -> Outcome<Option<Vec<u8>>> {
        self.installed_file(what, root, what.file)
    }

    /// A file that was kept with the bytes of this root, from the newest install back.
    pub(crate) fn installed_file(
        &self,
        what: &Installed,
        root: Sha256Digest,
        path: &str,
    ) -> Outcome<Option<Vec<u8>>> {
        let mut next = refs::read(self.repository(), &what.reference)?;
        for _ in 0..SEARCH_COUNT_MAX {
            let Some(commit) = next else { break };
            if let Some(bytes) = self.file_of_commit(commit, what.file)?
                && Sha256Digest::of(&bytes) == root
            {
                return match path == what.file {
                    true => Ok(Some(bytes)),
                    false => self.file_of_commit(commit, path),
                };
            }
            next = self.parents_of(commit)?.first().copied();
        }
        Ok(None)
    }
}

/// The last part of a source file's name, made fit for a tree.
fn source_name(name: &str, otherwise: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let cleaned: String = base
        .chars()
        .map(|char| match char {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => char,
            _ => '_',
        })
        .take(100)
        .collect();
    let cleaned = cleaned.trim_matches('.');
    if cleaned.is_empty() {
        format!("{otherwise}.source")
    } else {
        cleaned.to_owned()
    }
}
