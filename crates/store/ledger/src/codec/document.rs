//! Documents of a chain as commits: governance versions, decisions of the audit journal, epoch anchors.
//!
//! The ledger knows three things of a document, all from its own bytes: its `kind` and its number,
//! which make the subject, and its `ulid`, which makes the date. What it means is the caller's business.
//!
//! INVARIANT: a commit is a pure function of document, signatures and parent.
//! Layout: docs/formats/journal.md, "Commit of a governance document". Tests: `tests.rs`.

use gatos_values::{Blake3Digest, GovernanceId, SshSignature, Ulid, Value, json};

use super::event::SIGNATURE;
use super::lines::{Lines, push, push_head};
use super::{CommitError, require_equal, system_person_line};
use crate::object_id::ObjectId;

/// The size, in bytes, of a document this codec accepts at most.
pub const DOCUMENT_SIZE_MAX: usize = 1 << 20;

/// Which chain a document belongs to: it decides the words of its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentForm {
    /// A governance version, on `refs/gatos/governance`.
    Governance,
    /// A decision, on `refs/gatos/audit/policy`.
    Decision,
    /// An epoch anchor, on `refs/gatos/epoch/<ns>/head`.
    Anchor,
}

impl DocumentForm {
    /// The part of the system that stands as author.
    const fn role(self) -> &'static str {
        match self {
            DocumentForm::Governance => "governance",
            DocumentForm::Decision => "audit",
            DocumentForm::Anchor => "epochs",
        }
    }

    /// The trailer that holds the document's id.
    const fn trailer(self) -> &'static [u8] {
        match self {
            DocumentForm::Governance => b"Gov-Id: ",
            DocumentForm::Decision => b"Decision-Id: ",
            DocumentForm::Anchor => b"Anchor-Id: ",
        }
    }

    /// The field that counts along the chain.
    const fn number_field(self) -> &'static str {
        match self {
            DocumentForm::Governance | DocumentForm::Decision => "version",
            DocumentForm::Anchor => "epoch",
        }
    }

    const fn number_missing(self) -> &'static str {
        match self {
            DocumentForm::Governance | DocumentForm::Decision => "has no `version` from 0 on",
            DocumentForm::Anchor => "has no `epoch` from 0 on",
        }
    }

    /// Whether a document of this kind belongs to the chain.
    fn has(self, kind: &str) -> bool {
        match self {
            // The chain itself refuses kinds it does not know, with its own words.
            DocumentForm::Governance => kind != "decision" && kind != "anchor",
            DocumentForm::Decision => kind == "decision",
            DocumentForm::Anchor => kind == "anchor",
        }
    }
}

/// A document of any chain out of its commit, checked to be exactly the commit of these parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedDocument {
    /// The document's canonical bytes.
    pub bytes: Vec<u8>,
    /// BLAKE3 of them.
    pub id: Blake3Digest,
    /// Its signatures, one a key, sorted by key id. Whether they hold is not known yet.
    pub signatures: Vec<SshSignature>,
    /// The commit before it in the chain.
    pub parent: Option<ObjectId>,
}

/// A governance document out of its commit, checked to be exactly the commit of these parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedDocument {
    /// The document's canonical bytes.
    pub bytes: Vec<u8>,
    /// Its id.
    pub id: GovernanceId,
    /// Its signatures, one a key, sorted by key id. Whether they hold is not known yet.
    pub signatures: Vec<SshSignature>,
    /// The commit before it in the chain.
    pub parent: Option<ObjectId>,
}

/// The content of the commit that holds a governance document after `parent`.
///
/// The document is a canonical JSON object with the texts `kind` and `ulid` and the number `version`.
/// The order of `signatures` does not matter; there is at least one, and at most one by each key.
pub fn encode_document_commit(
    bytes: &[u8],
    signatures: &[SshSignature],
    parent: Option<ObjectId>,
) -> Result<Vec<u8>, CommitError> {
    encode_chained_commit(DocumentForm::Governance, bytes, signatures, parent)
}

/// As [`encode_document_commit`], for a document of any chain.
pub fn encode_chained_commit(
    form: DocumentForm,
    bytes: &[u8],
    signatures: &[SshSignature],
    parent: Option<ObjectId>,
) -> Result<Vec<u8>, CommitError> {
    let heading = Heading::of(form, bytes)?;
    let person = system_person_line(form.role(), heading.ulid);
    let mut out = Vec::with_capacity(bytes.len() + 1024);
    push_head(&mut out, parent, &[person.as_bytes()]);
    push(
        &mut out,
        &[format!("{} v{}\n\n", heading.kind, heading.version).as_bytes()],
    );
    push(&mut out, &[bytes, b"\n\n"]);
    let id = Blake3Digest::of(bytes).to_string();
    push(&mut out, &[form.trailer(), id.as_bytes(), b"\n"]);
    for signature in sorted(signatures)? {
        push(
            &mut out,
            &[SIGNATURE, signature.to_base64_line().as_bytes(), b"\n"],
        );
    }
    Ok(out)
}

/// Reads the content of a commit and requires that it is what [`encode_document_commit`] makes of it.
pub fn decode_document_commit(content: &[u8]) -> Result<DecodedDocument, CommitError> {
    let decoded = decode_chained_commit(DocumentForm::Governance, content)?;
    Ok(DecodedDocument {
        id: GovernanceId::from_digest(decoded.id),
        bytes: decoded.bytes,
        signatures: decoded.signatures,
        parent: decoded.parent,
    })
}

/// As [`decode_document_commit`], for a document of any chain.
pub fn decode_chained_commit(
    form: DocumentForm,
    content: &[u8],
) -> Result<ChainedDocument, CommitError> {
    let mut lines = Lines::new(content);
    let parent = lines.head()?;
    lines.people()?;
    lines.line("the subject: kind and version")?;
    lines.empty()?;
    let bytes = lines.line("the document on one line")?;
    lines.empty()?;
    lines.field(form.trailer(), "the trailer with the document's id")?;
    let mut signatures = Vec::new();
    while !lines.is_at_end() {
        let line = lines.field_text(SIGNATURE, "`Sig:`")?;
        signatures.push(SshSignature::from_base64_line(line)?);
    }
    require_equal(
        content,
        &encode_chained_commit(form, bytes, &signatures, parent)?,
    )?;
    Ok(ChainedDocument {
        bytes: bytes.to_vec(),
        id: Blake3Digest::of(bytes),
        signatures,
        parent,
    })
}

/// What a commit shows of a document.
struct Heading {
    kind: String,
    version: u64,
    ulid: Ulid,
}

impl Heading {
    fn of(form: DocumentForm, bytes: &[u8]) -> Result<Heading, CommitError> {
        let refuse = |reason| CommitError::Document { reason };
        let document = json::decode_canonical(bytes, DOCUMENT_SIZE_MAX)
            .map_err(|_| refuse("is not canonical JSON of at most 1 MiB"))?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        // The kind stands at the front of the subject: one plain word.
        let is_plain = |kind: &&str| {
            !kind.is_empty()
                && kind
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'.')
        };
        let kind = text("kind")
            .filter(is_plain)
            .filter(|kind| form.has(kind))
            .ok_or_else(|| refuse("has no plain `kind`"))?;
        let version = document
            .get(form.number_field())
            .and_then(Value::as_integer);
        let version = version.and_then(|version| u64::try_from(version).ok());
        let ulid = text("ulid").and_then(|ulid| Ulid::parse(ulid).ok());
        Ok(Heading {
            kind: kind.to_owned(),
            version: version.ok_or_else(|| refuse(form.number_missing()))?,
            ulid: ulid.ok_or_else(|| refuse("has no `ulid`"))?,
        })
    }
}

fn sorted(signatures: &[SshSignature]) -> Result<Vec<&SshSignature>, CommitError> {
    let mut sorted: Vec<&SshSignature> = signatures.iter().collect();
    sorted.sort_by_key(|signature| signature.public.key_id());
    let repeats = sorted
        .windows(2)
        .any(|pair| pair[0].public.key_id() == pair[1].public.key_id());
    if repeats {
        return Err(CommitError::Document {
            reason: "is signed twice by one key",
        });
    }
    if sorted.is_empty() {
        return Err(CommitError::Document {
            reason: "is not signed",
        });
    }
    Ok(sorted)
}
