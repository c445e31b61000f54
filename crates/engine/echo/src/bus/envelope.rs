//! Envelopes: what travels over the bus, with canonical bytes and a hash. How they wait is `batch`'s work.
//!
//! Tests: `tests/it/bus.rs`.

use super::draft::{Draft, PrngSpan, push_name};
use crate::component::Component;
use crate::hash::Tag;
use crate::registry::Registry;
use crate::schedule::Phase;
use crate::snapshot::Reader;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gatos_values::Blake3Digest;
use gatos_values::sshsig::SshSignature;

/// Which of the two lanes of a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Emptied first.
    Priority,
    /// Emptied second.
    #[default]
    Normal,
}

impl Lane {
    /// Both, in the order in which they are emptied.
    pub const ALL: [Lane; 2] = [Lane::Priority, Lane::Normal];
}

impl fmt::Display for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Lane::Priority => "priority",
            Lane::Normal => "normal",
        })
    }
}

/// A sealed envelope.
#[derive(Clone, Debug)]
pub struct Envelope {
    pub(super) id: u64,
    /// The tick it is delivered in, or the first one after.
    pub(super) chronos: u64,
    pub(super) source: Arc<str>,
    pub(super) draft: Draft,
    pub(super) hash: Hash,
}

/// The hash of an envelope and where it comes from.
///
/// Most envelopes are gone before anybody asks for theirs, so it is taken when it is needed: from values that cannot
/// change it is the same at any time. Nothing is known of the hash of one that was sealed here before somebody asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Hash(Option<Box<Known>>);

#[derive(Clone, Debug)]
enum Known {
    /// Sealed here, and taken from these very values.
    Taken(Blake3Digest),
    /// Read from bytes; it may be that of others.
    Read(Blake3Digest),
}

impl Hash {
    #[inline]
    pub(super) const fn is_untaken(&self) -> bool {
        self.0.is_none()
    }

    /// A hash that was taken from the values.
    pub(super) fn taken(hash: Blake3Digest) -> Hash {
        Hash(Some(Box::new(Known::Taken(hash))))
    }

    fn read(hash: Blake3Digest) -> Hash {
        Hash(Some(Box::new(Known::Read(hash))))
    }

    /// The hash, where it is known.
    pub(super) fn known(&self) -> Option<Blake3Digest> {
        self.0.as_deref().map(|known| match known {
            Known::Taken(hash) | Known::Read(hash) => *hash,
        })
    }

    /// The hash that was read, where it was.
    fn as_read(&self) -> Option<Blake3Digest> {
        match self.0.as_deref() {
            Some(Known::Read(hash)) => Some(*hash),
            _ => None,
        }
    }
}

/// What an envelope's bytes are made of.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    pub id: u64,
    pub chronos: u64,
    pub source: &'a str,
    pub draft: &'a Draft,
}

impl Body<'_> {
    /// BLAKE3 of the tag and the bytes.
    pub(super) fn hash(&self) -> Blake3Digest {
        let mut bytes = crate::hash::start(Tag::Envelope);
        self.encode(&mut bytes);
        Blake3Digest::of(&bytes)
    }

    /// Appends the bytes without the hash.
    pub(super) fn encode(&self, output: &mut Vec<u8>) {
        output.extend(self.id.to_le_bytes());
        output.extend(self.chronos.to_le_bytes());
        push_name(output, self.source.as_bytes());
        self.draft.encode(output);
    }
}

/// Where an envelope was sealed is no part of it.
impl PartialEq for Envelope {
    fn eq(&self, other: &Envelope) -> bool {
        let key = |envelope: &Envelope| (envelope.id, envelope.chronos, envelope.hash());
        key(self) == key(other) && self.source == other.source && self.draft == other.draft
    }
}

impl Eq for Envelope {}

impl Envelope {
    /// Seals a draft: its lists are sorted and nothing changes any more.
    pub(crate) fn seal(id: u64, chronos: u64, source: Arc<str>, mut draft: Draft) -> Envelope {
        draft.seal();
        Envelope {
            id,
            chronos,
            source,
            draft,
            hash: Hash::default(),
        }
    }

    /// The same again, so many ticks later.
    pub(crate) fn again(&self, id: u64) -> Envelope {
        let chronos = self.chronos.saturating_add(self.draft.ticks_between());
        Envelope::seal(id, chronos, Arc::clone(&self.source), self.draft.clone())
    }

    /// Its number in this world; numbers rise.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// What it is about.
    #[must_use]
    #[inline]
    pub fn kind(&self) -> &str {
        self.draft.kind()
    }

    /// The tick it was meant for.
    #[must_use]
    pub const fn chronos(&self) -> u64 {
        self.chronos
    }

    /// Who emitted it: a system, a handler, or `input`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The payload's canonical bytes.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> &[u8] {
        self.draft.payload()
    }

    /// The payload as the component that the kind names.
    #[must_use]
    pub fn read<T: Component>(&self) -> Option<T> {
        (self.kind() == T::NAME)
            .then(|| T::read(self.payload()))
            .flatten()
    }

    /// The phase it is delivered in.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.draft.phase
    }

    /// The lane it waits in.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        self.draft.lane
    }

    /// Ticks until it comes again; 0 for never.
    #[must_use]
    pub fn every_ticks(&self) -> u64 {
        self.draft.ticks_between()
    }

    /// Its weight among timelines.
    #[must_use]
    pub fn weight(&self) -> i64 {
        self.draft.weight_of()
    }

    /// Which random numbers its handlers draw, if it says.
    #[must_use]
    pub fn span(&self) -> Option<PrngSpan> {
        self.draft.span_of()
    }

    /// The capabilities it carries, sorted.
    #[must_use]
    pub fn capabilities(&self) -> &[String] {
        self.draft.capabilities()
    }

    /// The signature over what was emitted, if it has one.
    #[must_use]
    pub fn signature(&self) -> Option<&SshSignature> {
        self.draft.signature_of()
    }

    /// What was emitted.
    pub(crate) const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Whether it was sealed here, so that its signature was checked when it was emitted.
    #[inline]
    pub(crate) fn is_sealed_here(&self) -> bool {
        self.hash.as_read().is_none()
    }

    /// The envelopes that led to it, as given.
    #[must_use]
    pub fn causes(&self) -> &[Blake3Digest] {
        self.draft.causes()
    }

    /// BLAKE3 of the tag 0x20 and its bytes.
    #[must_use]
    pub fn hash(&self) -> Blake3Digest {
        self.hash.known().unwrap_or_else(|| self.body().hash())
    }

    /// Whether the hash is that of the bytes.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let read = self.hash.as_read();
        read.is_none_or(|hash| hash == self.body().hash())
    }

    fn body(&self) -> Body<'_> {
        Body {
            id: self.id,
            chronos: self.chronos,
            source: &self.source,
            draft: &self.draft,
        }
    }

    /// Appends the bytes and the hash.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        self.body().encode(output);
        output.extend(self.hash().as_bytes());
    }

    /// Reads what [`Envelope::encode`] writes, and nothing else. The hash is compared at delivery.
    pub(crate) fn decode(reader: &mut Reader<'_>, component_count: usize) -> Option<Envelope> {
        let id = reader.u64()?;
        let chronos = reader.u64()?;
        let source = Arc::from(reader.name()?);
        let draft = Draft::decode(reader, component_count)?;
        let hash = Blake3Digest::from_bytes(reader.array()?);
        Some(Envelope {
            id,
            chronos,
            source,
            draft,
            hash: Hash::read(hash),
        })
    }
}

/// An envelope's bytes as text, for reports.
pub(crate) fn describe(bytes: &[u8], registry: &Registry) -> String {
    let mut reader = Reader::new(bytes);
    let Some(envelope) = Envelope::decode(&mut reader, registry.len()) else {
        return "no envelope".to_string();
    };
    let payload = envelope.payload();
    let schema = registry
        .id(envelope.kind())
        .map(|id| registry.kind(id).schema());
    let text = match schema.filter(|schema| schema.accepts(payload)) {
        Some(schema) => schema.describe(payload),
        None => payload
            .iter()
            .map(|byte| alloc::format!("{byte:02x}"))
            .collect(),
    };
    let (kind, source, chronos) = (envelope.kind(), envelope.source(), envelope.chronos());
    alloc::format!("`{kind}` of `{source}` for tick {chronos}: {text}")
}
