//! Who stands behind a refused ref: the actor whose signature holds on what was pushed, if there is one.
//!
//! Only what is new counts: somebody else's old, admitted commit in a refused push says nothing about who pushed
//! it. Keys are looked up in governance as it was before the push, so nobody enrols himself into a record.
//!
//! INVARIANT: an offender is named only after a strict verification of a signature by an enrolled key.
//! Tests: ../../tests/it/push_gate.rs.

use gatos_ledger::codec::{self, EventCommitView};
use gatos_ledger::objects::Reader;
use gatos_ledger::receive::PushedRef;
use gatos_ledger::{ObjectId, refs};
use gatos_policy::governance::Chain;
use gatos_values::{
    Actor, Blake3Digest, EventId, KeyId, Namespace, PublicKey, ResourceUri, SealedEvent,
    SignatureNamespace, SshSignature, sshsig,
};

use super::PushView;
use super::names::PushedKind;
use crate::fault::Fault;
use crate::state::{CHECKPOINT_FILE, ReadCheckpoint};

/// How many checkpoints back the same document is looked for.
const CHECKPOINT_SEARCH_COUNT_MAX: usize = 1024;

/// Who signed what was refused.
#[derive(Clone, Debug)]
pub(super) struct Offender {
    pub(super) actor: Actor,
    pub(super) key: KeyId,
    pub(super) event: Option<EventId>,
    pub(super) document: Option<Blake3Digest>,
    pub(super) resource: Option<ResourceUri>,
    pub(super) ns: Option<Namespace>,
}

/// The commit a fault is about.
pub(super) fn commit_of(fault: &Fault) -> Option<ObjectId> {
    let (_, value) = fault.details.iter().find(|(name, _)| *name == "commit")?;
    ObjectId::parse_bytes(value.as_str()?.as_bytes())
}

impl PushView<'_> {
    /// Who signed what was refused, if a signature holds.
    pub(super) fn offender(
        &self,
        kind: &PushedKind,
        one: &PushedRef,
        fault: &Fault,
    ) -> Option<Offender> {
        let commit = commit_of(fault).or(one.new)?;
        if Reader::new(self.here.repository()).contains(commit).ok()? {
            return None;
        }
        let content = Reader::new(self.repository()).commit(commit).ok()?;
        match kind {
            PushedKind::Journal(_) => self.event_offender(&content),
            PushedKind::Governance => self.document_offender(&content),
            PushedKind::State(ns) => self.checkpoint_offender(commit, ns),
            PushedKind::Epoch(ns) => self.anchor_offender(&content, ns),
            PushedKind::Policy
            | PushedKind::Fold(_)
            | PushedKind::Paper
            | PushedKind::Branch
            | PushedKind::Tag => None,
        }
    }

    fn event_offender(&self, content: &[u8]) -> Option<Offender> {
        let event = read_event(content)?;
        let envelope = event.envelope();
        let actor = enrolled(&self.before, &event.signature().public)?;
        event.verify_signature().ok()?;
        if self.is_admitted(&event)? {
            return None;
        }
        Some(Offender {
            actor,
            key: event.signature().public.key_id(),
            event: Some(event.id()),
            document: None,
            resource: Some(envelope.resource.clone()),
            ns: Some(envelope.ns.clone()),
        })
    }

    /// Whether the event stands in its journal already: then anybody can have replayed it.
    fn is_admitted(&self, event: &SealedEvent) -> Option<bool> {
        let repository = self.here.repository();
        let name = event.envelope().journal().ref_name();
        let Some(tip) = refs::read(repository, &name).ok()? else {
            return Some(false);
        };
        let reader = Reader::new(repository);
        for walked in reader.walk_back(tip, None) {
            let walked = walked.ok()?;
            let view = EventCommitView::scan(&walked.content).ok()?;
            if view.id == event.id() {
                return Some(true);
            }
        }
        Some(false)
    }

    fn document_offender(&self, content: &[u8]) -> Option<Offender> {
        let document = codec::decode_document_commit(content).ok()?;
        let by = document.signatures.iter().find_map(|signature| {
            self.signer_of(SignatureNamespace::Grant, &document.bytes, signature)
        })?;
        Some(Offender {
            actor: by.0,
            key: by.1,
            event: None,
            document: Some(Blake3Digest::of(&document.bytes)),
            resource: None,
            ns: None,
        })
    }

    fn anchor_offender(&self, content: &[u8], ns: &Namespace) -> Option<Offender> {
        let anchor = codec::decode_chained_commit(codec::DocumentForm::Anchor, content).ok()?;
        let by = anchor.signatures.iter().find_map(|signature| {
            self.signer_of(SignatureNamespace::Anchor, &anchor.bytes, signature)
        })?;
        Some(Offender {
            actor: by.0,
            key: by.1,
            event: None,
            document: Some(anchor.id),
            resource: None,
            ns: Some(ns.clone()),
        })
    }

    fn checkpoint_offender(&self, commit: ObjectId, ns: &Namespace) -> Option<Offender> {
        let read = self.there.read_checkpoint(commit).ok()?;
        let by = self.signer_of(SignatureNamespace::Checkpoint, &read.bytes, &read.signature)?;
        if self.is_kept(&read, ns)? {
            return None;
        }
        Some(Offender {
            actor: by.0,
            key: by.1,
            event: None,
            document: Some(Blake3Digest::of(&read.bytes)),
            resource: Some(read.checkpoint.resource),
            ns: Some(ns.clone()),
        })
    }

    /// Whether a checkpoint of the namespace holds this very document: then anybody can have wrapped it anew.
    fn is_kept(&self, read: &ReadCheckpoint, ns: &Namespace) -> Option<bool> {
        let document = read.files.get(CHECKPOINT_FILE)?;
        let mut next = self.here.checkpoint_head(ns).ok()?;
        for _ in 0..CHECKPOINT_SEARCH_COUNT_MAX {
            let Some(commit) = next else { break };
            let files = self.here.tree_of_commit(commit).ok()?;
            if files.get(CHECKPOINT_FILE) == Some(document) {
                return Some(true);
            }
            next = self.here.parents_of(commit).ok()?.first().copied();
        }
        Some(false)
    }

    pub(super) fn signer_of(
        &self,
        namespace: SignatureNamespace,
        message: &[u8],
        signature: &SshSignature,
    ) -> Option<(Actor, KeyId)> {
        let actor = enrolled(&self.before, &signature.public)?;
        sshsig::verify(namespace.as_str(), message, signature).ok()?;
        Some((actor, signature.public.key_id()))
    }
}

/// The event in a commit, also where something was wrapped around it.
fn read_event(content: &[u8]) -> Option<SealedEvent> {
    if let Ok(decoded) = codec::decode_event_commit(content) {
        return Some(decoded.event);
    }
    if let Ok(view) = EventCommitView::scan(content) {
        let signature = SshSignature::from_base64_line(view.signature).ok()?;
        return SealedEvent::from_parts(view.envelope.to_vec(), signature).ok();
    }
    let text = std::str::from_utf8(content).ok()?;
    let envelope = text.lines().find(|line| line.starts_with('{'))?;
    let signature = text.lines().find_map(|line| line.strip_prefix("Sig: "))?;
    let signature = SshSignature::from_base64_line(signature).ok()?;
    SealedEvent::from_parts(envelope.as_bytes().to_vec(), signature).ok()
}

/// The actor a key is or was enrolled for.
fn enrolled(chain: &Chain, public: &PublicKey) -> Option<Actor> {
    let key = public.key_id();
    let record = (0..=chain.version())
        .rev()
        .find_map(|version| chain.key_at(&key, version))?;
    (record.public == *public).then(|| record.actor.clone())
}
