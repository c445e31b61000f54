//! Files kept in commits of the program's own: installed folds and policies with their sources, proposals with their approvals.
//!
//! Such a commit is no evidence: whoever reads it checks the files. Its author is the program, its date a document's.
//! Tests: ../tests/it/governed.rs.

use gatos_ledger::{ObjectId, ObjectKind, RefChange, codec, objects, tree};
use gatos_values::Ulid;

use crate::fault::Outcome;
use crate::node::Node;

/// A commit to write: files, what it says, and where it goes.
pub(crate) struct KeptCommit<'a> {
    pub reference: &'a str,
    pub parents: &'a [ObjectId],
    pub files: &'a [(String, Vec<u8>)],
    /// Who writes, as in `gatos-policies`.
    pub role: &'a str,
    pub subject: &'a str,
    /// Lines below the subject, each with its line end; none for most.
    pub trailers: &'a str,
    pub date: Ulid,
}

impl KeptCommit<'_> {
    /// Writes the commit and moves its ref from the first parent to it.
    ///
    /// # Errors
    /// Those of moving a ref that other hands have moved meanwhile; I/O errors.
    pub(crate) fn write(&self, node: &Node) -> Outcome<ObjectId> {
        let repository = node.repository();
        let mut files = Vec::new();
        for (path, bytes) in self.files {
            files.push(tree::TreeFile {
                path: path.clone(),
                blob: objects::write_loose(repository, ObjectKind::Blob, bytes)?,
            });
        }
        let trees = tree::build(&files)?;
        for (_, bytes) in &trees.objects {
            objects::write_loose(repository, ObjectKind::Tree, bytes)?;
        }
        let parents: String = self
            .parents
            .iter()
            .map(|parent| format!("parent {parent}\n"))
            .collect();
        let person = codec::system_person_line(self.role, self.date);
        let gap = if self.trailers.is_empty() { "" } else { "\n" };
        let content = format!(
            "tree {}\n{parents}author {person}\ncommitter {person}\n\n{}\n{gap}{}",
            trees.root, self.subject, self.trailers
        );
        let commit = objects::write_loose(repository, ObjectKind::Commit, content.as_bytes())?;
        node.writer()?.move_refs(&[RefChange {
            name: self.reference.to_owned(),
            expected: self.parents.first().copied(),
            new: commit,
        }])?;
        Ok(commit)
    }
}

impl Node {
    /// All files of a commit with their bytes.
    pub(crate) fn files_of_commit(&self, commit: ObjectId) -> Outcome<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for path in self.tree_of_commit(commit)?.into_keys() {
            if let Some(bytes) = self.file_of_commit(commit, &path)? {
                files.push((path, bytes));
            }
        }
        Ok(files)
    }
}
