//! Making what an attacker pushes: events as they should be and commits as they should not.

use std::io::Write;
use std::process::Stdio;

use gatos_ledger::ObjectId;
use gatos_ledger::codec::{
    DocumentForm, decode_chained_commit, decode_event_commit, encode_event_commit,
};
use gatos_ledger::objects::Reader;
use gatos_policy::epoch::Anchor;
use gatos_values::{Envelope, EventId, SealedEvent, SigningKey, SshSignature, json};

use crate::scene::{Person, Scene, git, stock_git};

impl Scene {
    /// Puts an object into the pusher's repository, whatever it says.
    pub fn object(&self, kind: &str, content: &[u8]) -> ObjectId {
        let mut child = stock_git(&self.pusher())
            .args(["hash-object", "--literally", "-w", "--stdin", "-t", kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git runs");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(content).expect("git reads");
        drop(stdin);
        let output = child.wait_with_output().expect("git ends");
        ObjectId::parse_bytes(output.stdout.trim_ascii_end()).expect("an object id")
    }

    /// The newest event of a person's journal in `ops`, and its commit.
    pub fn tip(&self, person: &Person) -> (SealedEvent, ObjectId) {
        let commit = self.at(&self.journal(person));
        (self.event_at(commit), commit)
    }

    pub fn event_at(&self, commit: ObjectId) -> SealedEvent {
        let content = self.content_of(commit);
        decode_event_commit(&content).expect("an event").event
    }

    pub fn content_of(&self, commit: ObjectId) -> Vec<u8> {
        let hub = gatos_ledger::Repository::open(&self.hub()).expect("the hub opens");
        Reader::new(&hub).commit(commit).expect("a commit")
    }

    /// The commit before one.
    pub fn before(&self, commit: ObjectId) -> ObjectId {
        let id = git(&self.hub(), &["rev-parse", &format!("{commit}^")]);
        ObjectId::parse_bytes(id.trim().as_bytes()).expect("an object id")
    }

    /// The event that a person would write next; the mark makes it one of a kind.
    pub fn draft(&self, person: &Person, mark: &str) -> Envelope {
        let (tip, _) = self.tip(person);
        let mut envelope = tip.envelope().clone();
        envelope.prev = Some(tip.id());
        envelope.ulid = envelope.ulid.next().expect("ULIDs are left");
        let payload = format!(r#"{{"k":"{mark}"}}"#);
        envelope.payload = json::decode_strict(payload.as_bytes(), 1024).expect("JSON");
        envelope
    }

    /// The commit of an event, as a writer makes it.
    pub fn commit(&self, event: &SealedEvent, parent: Option<ObjectId>) -> ObjectId {
        self.object("commit", &encode_event_commit(event, parent))
    }

    /// A push of this commit to a person's journal, over what is there.
    pub fn to_journal(&self, person: &Person, commit: ObjectId) -> Vec<String> {
        vec![format!("+{commit}:{}", self.journal(person))]
    }

    /// The person's next event, its commit changed by `change`, on top of the journal.
    pub fn tampered(
        &self,
        person: &Person,
        mark: &str,
        change: impl FnOnce(String) -> String,
    ) -> Vec<String> {
        let (_, tip) = self.tip(person);
        let event = sign(self.draft(person, mark), &person.key);
        let content = encode_event_commit(&event, Some(tip));
        let content = change(String::from_utf8(content).expect("text"));
        self.to_journal(person, self.object("commit", content.as_bytes()))
    }

    /// The person's next event with these bytes in place of its envelope, signed as they are.
    pub fn with_envelope(
        &self,
        person: &Person,
        mark: &str,
        change: impl FnOnce(String) -> String,
    ) -> Vec<String> {
        let draft = self.draft(person, mark);
        let plain = String::from_utf8(draft.encode().expect("an envelope")).expect("text");
        let changed = change(plain.clone());
        let signature = person.key.sign("gatos-event", changed.as_bytes());
        let id = EventId::of_envelope(changed.as_bytes()).to_string();
        let event = sign(draft, &person.key);
        let (old_id, old_line) = (event.id().to_string(), event.signature().to_base64_line());
        self.tampered(person, mark, |content| {
            content
                .replace(&plain, &changed)
                .replace(&old_id, &id)
                .replace(&old_line, &signature.to_base64_line())
        })
    }

    /// The person's next event with another signature.
    pub fn with_signature(
        &self,
        person: &Person,
        mark: &str,
        sign_it: impl FnOnce(&[u8]) -> SshSignature,
    ) -> Vec<String> {
        let event = sign(self.draft(person, mark), &person.key);
        let old = event.signature().to_base64_line();
        let new = sign_it(event.bytes()).to_base64_line();
        self.tampered(person, mark, |content| content.replace(&old, &new))
    }

    /// The person's next event, changed before it is signed, on top of the journal.
    pub fn signed(
        &self,
        person: &Person,
        mark: &str,
        change: impl FnOnce(&mut Envelope),
    ) -> Vec<String> {
        let (_, tip) = self.tip(person);
        let mut draft = self.draft(person, mark);
        change(&mut draft);
        let commit = self.commit(&sign(draft, &person.key), Some(tip));
        self.to_journal(person, commit)
    }

    /// The newest anchor of `ops`.
    pub fn anchor(&self) -> Anchor {
        let content = self.content_of(self.at("refs/gatos/epoch/ops/head"));
        let chained =
            decode_chained_commit(DocumentForm::Anchor, &content).expect("an anchor's commit");
        Anchor::decode(&chained.bytes).expect("an anchor")
    }

    /// A checkpoint commit whose files are those of the newest one after these changes.
    pub fn checkpoint_with(&self, changes: &[(&str, Vec<u8>)]) -> ObjectId {
        let head = self.at("refs/gatos/state/ops/head");
        let index = self.root().join("index-of-checkpoint");
        let _ = std::fs::remove_file(&index);
        let run = |arguments: &[&str]| {
            let mut command = stock_git(&self.pusher());
            command.args(arguments).env("GIT_INDEX_FILE", &index);
            crate::scene::succeed(command).trim().to_owned()
        };
        run(&["read-tree", &head.to_string()]);
        for (path, content) in changes {
            let blob = self.object("blob", content);
            run(&[
                "update-index",
                "--add",
                "--cacheinfo",
                &format!("100644,{blob},{path}"),
            ]);
        }
        let tree = run(&["write-tree"]);
        let commit = run(&[
            "commit-tree",
            &tree,
            "-p",
            &head.to_string(),
            "-m",
            "checkpoint",
        ]);
        ObjectId::parse_bytes(commit.as_bytes()).expect("an object id")
    }

    pub fn checkpoint_file(&self, path: &str) -> Vec<u8> {
        let name = format!("refs/gatos/state/ops/head:{path}");
        let mut command = stock_git(&self.hub());
        command.args(["cat-file", "blob", &name]);
        command.output().expect("git runs").stdout
    }
}

/// Signs an envelope, whatever key it names.
pub fn sign(envelope: Envelope, key: &SigningKey) -> SealedEvent {
    SealedEvent::sign(envelope, key).expect("an envelope of this key")
}
