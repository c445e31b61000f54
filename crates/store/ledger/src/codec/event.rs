//! Events as commits.
//!
//! Layout: docs/formats/journal.md, "Commit of an event". TWIN: journal commit.

use gatos_values::{
    Blake3Digest, EventId, PublicKey, SealedEvent, Sha256Digest, SignatureError, SshSignature,
    Ulid, hex,
};

use super::lines::{Lines, push, push_head};
use super::{CommitError, require_equal};
use crate::object_id::ObjectId;

const EVENT_ID: &[u8] = b"Event-Id: ";
const POLICY_ROOT: &[u8] = b"Policy-Root: ";
const FOLD_ROOT: &[u8] = b"Fold-Root: ";
pub(super) const SIGNATURE: &[u8] = b"Sig: ";

/// The content of the commit that holds `event` after `parent`: a pure function of the two.
pub fn encode_event_commit(event: &SealedEvent, parent: Option<ObjectId>) -> Vec<u8> {
    let envelope = event.envelope();
    let (kind, name) = (
        envelope.actor.kind().as_str().as_bytes(),
        envelope.actor.name().as_bytes(),
    );
    let seconds = (envelope.ulid.time_ms() / 1000).to_string();
    let ulid = envelope.ulid.to_string();
    let person: [&[u8]; 9] = [
        kind,
        b":",
        name,
        b" <",
        name,
        b"@",
        kind,
        b".gatos.invalid> ",
        seconds.as_bytes(),
    ];
    // Around the envelope: fixed text, four digests, one signature in base64.
    let mut out = Vec::with_capacity(event.bytes().len() + 1024);
    let person = [person.as_slice(), &[b" +0000"]].concat();
    push_head(&mut out, parent, &person);
    push(
        &mut out,
        &[
            envelope.event_type.as_str().as_bytes(),
            b" ",
            ulid.as_bytes(),
            b"\n\n",
        ],
    );
    push(&mut out, &[event.bytes(), b"\n\n"]);
    push_digest(
        &mut out,
        EVENT_ID,
        Blake3Digest::PREFIX,
        event.id().as_bytes(),
    );
    push_digest(
        &mut out,
        POLICY_ROOT,
        Sha256Digest::PREFIX,
        envelope.policy_root.as_bytes(),
    );
    push_digest(
        &mut out,
        FOLD_ROOT,
        Sha256Digest::PREFIX,
        envelope.fold_root.as_bytes(),
    );
    push(
        &mut out,
        &[
            SIGNATURE,
            event.signature().to_base64_line().as_bytes(),
            b"\n",
        ],
    );
    out
}

fn push_digest(out: &mut Vec<u8>, name: &[u8], prefix: &str, digest: &[u8; 32]) {
    push(
        out,
        &[
            name,
            prefix.as_bytes(),
            b":",
            hex::encode(digest).as_bytes(),
            b"\n",
        ],
    );
}

/// An event out of its commit, checked to be exactly the commit of this event after this parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedCommit {
    /// The event. Its signature has the right form and key; whether it holds is not known yet.
    pub event: SealedEvent,
    /// The commit before it in the journal.
    pub parent: Option<ObjectId>,
}

/// Reads the content of a commit and requires that it is what [`encode_event_commit`] makes of it.
pub fn decode_event_commit(content: &[u8]) -> Result<DecodedCommit, CommitError> {
    EventDecoder::default().decode(content)
}

/// As [`decode_event_commit`], for many commits: a key that was found to be a point of the curve once
/// need not be checked again for the next commit of the same journal.
#[derive(Debug, Clone, Default)]
pub struct EventDecoder {
    last_public: Option<PublicKey>,
}

impl EventDecoder {
    /// As [`decode_event_commit`]; what was decoded before changes the time it takes, never the answer.
    pub fn decode(&mut self, content: &[u8]) -> Result<DecodedCommit, CommitError> {
        let decoded = self.decode_admitted(content)?;
        require_equal(
            content,
            &encode_event_commit(&decoded.event, decoded.parent),
        )?;
        Ok(decoded)
    }

    /// As [`EventDecoder::decode`], without building the commit again to compare: for content whose id is that of a
    /// commit which was compared when it was admitted.
    pub fn decode_admitted(&mut self, content: &[u8]) -> Result<DecodedCommit, CommitError> {
        let view = EventCommitView::scan(content)?;
        let signature = self.signature(view.signature)?;
        let event = SealedEvent::from_parts(view.envelope.to_vec(), signature)?;
        Ok(DecodedCommit {
            event,
            parent: view.parent,
        })
    }

    fn signature(&mut self, line: &str) -> Result<SshSignature, SignatureError> {
        if let Some(public) = &self.last_public
            && let Ok(signature) = SshSignature::from_base64_line_by(public, line)
        {
            return Ok(signature);
        }
        let signature = SshSignature::from_base64_line(line)?;
        self.last_public = Some(signature.public);
        Ok(signature)
    }
}

/// The parts of an event's commit, borrowed from its content.
///
/// For commits that were admitted before: the lines stand where they belong, but nothing was compared
/// with anything, and `id` is what the trailer claims. Everything else goes through [`decode_event_commit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCommitView<'a> {
    /// The commit before it in the journal.
    pub parent: Option<ObjectId>,
    /// The event's type, from the subject.
    pub event_type: &'a str,
    /// The event's ULID, from the subject.
    pub ulid: Ulid,
    /// The envelope's canonical bytes.
    pub envelope: &'a [u8],
    /// The event's id, from the trailer.
    pub id: EventId,
    /// The signature in base64, from the trailer.
    pub signature: &'a str,
}

impl<'a> EventCommitView<'a> {
    /// Finds the parts without building or copying anything.
    pub fn scan(content: &'a [u8]) -> Result<EventCommitView<'a>, CommitError> {
        let mut lines = Lines::new(content);
        let parent = lines.head()?;
        lines.people()?;
        let expected = "the subject: type and ULID";
        let subject = lines.text(expected)?;
        let (event_type, ulid) = subject
            .split_once(' ')
            .and_then(|(event_type, ulid)| Some((event_type, Ulid::parse(ulid).ok()?)))
            .ok_or_else(|| lines.error_before(expected))?;
        lines.empty()?;
        let envelope = lines.line("the envelope on one line")?;
        lines.empty()?;
        let expected = "`Event-Id: blake3:` and 64 hex digits";
        let id = lines.field_text(EVENT_ID, expected)?;
        let id = EventId::parse(id).map_err(|_| lines.error_before(expected))?;
        lines.field(POLICY_ROOT, "`Policy-Root:`")?;
        lines.field(FOLD_ROOT, "`Fold-Root:`")?;
        let signature = lines.field_text(SIGNATURE, "`Sig:`")?;
        lines.end()?;
        Ok(EventCommitView {
            parent,
            event_type,
            ulid,
            envelope,
            id,
            signature,
        })
    }
}
