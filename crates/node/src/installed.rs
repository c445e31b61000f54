//! Installed folds and policies in Git: compiled bytes, their root, and the source beside them.
//!
//! Governance names what counts by its root; a ref of this form keeps the bytes, so it is a cache of what governance
//! says. Every install is a commit on the one before, so that older bytes are found again.
//!
//! INVARIANT: bytes are on the disk before governance names them.
//! Format: docs/formats/repository.md. Tests: ../tests/it/folding.rs, ../tests/it/governed.rs.

use std::collections::{BTreeSet, VecDeque};

use gatos_ledger::{ObjectId, refs};
use gatos_policy::governance::Chain;
use gatos_values::{Namespace, Sha256Digest};

use crate::fault::Outcome;
use crate::kept::KeptCommit;
use crate::node::Node;
use crate::policies::POLICIES_REF;
use crate::state::fold_ref;

/// Folder of the sources beside compiled bytes.
pub(crate) const SOURCE_FOLDER: &str = "source/";
/// How many installs back bytes are looked for.
const SEARCH_COUNT_MAX: usize = 4096;

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
        let chain = self.governance()?;
        let head = refs::read(self.repository(), &what.reference)?;
        let mut files = vec![
            (what.file.to_owned(), bytes.to_vec()),
            (what.root_file(), what.root_line(root).into_bytes()),
        ];
        for (name, bytes) in beside {
            let path = format!("{SOURCE_FOLDER}{}", source_name(name, what.file));
            files.push((path, bytes.to_vec()));
        }
        KeptCommit {
            reference: &what.reference,
            parents: head.as_slice(),
            files: &files,
            role: what.role,
            subject: &format!("{} {root}", what.subject),
            trailers: &format!("{}: {root}\nGov-Id: {}\n", what.trailer, chain.head()),
            date: chain.ulid(),
        }
        .write(self)
    }

    /// What was installed, from the newest install back, on both sides of a join.
    pub(crate) fn installs(&self, what: &Installed) -> Outcome<Installs<'_>> {
        let head = refs::read(self.repository(), &what.reference)?;
        Ok(Installs {
            node: self,
            file: what.file,
            open: head.into_iter().collect(),
            seen: BTreeSet::new(),
        })
    }

    /// The commit that keeps the bytes with this root, and the bytes; none where they are not here.
    pub(crate) fn install_of(
        &self,
        what: &Installed,
        root: Sha256Digest,
    ) -> Outcome<Option<(ObjectId, Vec<u8>)>> {
        for install in self.installs(what)? {
            let (commit, bytes) = install?;
            if Sha256Digest::of(&bytes) == root {
                return Ok(Some((commit, bytes)));
            }
        }
        Ok(None)
    }

    /// The bytes with this root; none where they are not here.
    pub(crate) fn installed_bytes(
        &self,
        what: &Installed,
        root: Sha256Digest,
    ) -> Outcome<Option<Vec<u8>>> {
        Ok(self.install_of(what, root)?.map(|(_, bytes)| bytes))
    }

    /// A file that was kept with the bytes of this root.
    pub(crate) fn installed_file(
        &self,
        what: &Installed,
        root: Sha256Digest,
        path: &str,
    ) -> Outcome<Option<Vec<u8>>> {
        match self.install_of(what, root)? {
            Some((commit, _)) => self.file_of_commit(commit, path),
            None => Ok(None),
        }
    }
}

/// Installs one after the other: the commit and its compiled bytes.
pub(crate) struct Installs<'a> {
    node: &'a Node,
    file: &'static str,
    open: VecDeque<ObjectId>,
    seen: BTreeSet<ObjectId>,
}

impl Installs<'_> {
    fn read(&mut self, commit: ObjectId) -> Outcome<Option<(ObjectId, Vec<u8>)>> {
        self.open.extend(self.node.parents_of(commit)?);
        let bytes = self.node.file_of_commit(commit, self.file)?;
        Ok(bytes.map(|bytes| (commit, bytes)))
    }
}

impl Iterator for Installs<'_> {
    type Item = Outcome<(ObjectId, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.seen.len() < SEARCH_COUNT_MAX {
            let commit = self.open.pop_front()?;
            if !self.seen.insert(commit) {
                continue;
            }
            if let Some(found) = self.read(commit).transpose() {
                return Some(found);
            }
        }
        None
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
