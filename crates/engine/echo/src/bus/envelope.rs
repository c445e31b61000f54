//! Envelopes: what travels over the bus, with canonical bytes and a hash.
//!
//! Tests: `tests/it/bus.rs`.

use crate::access::Target;
use crate::component::Component;
use crate::hash::Tag;
use crate::registry::{ComponentId, Registry};
use crate::schedule::Phase;
use crate::snapshot::Reader;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gatos_values::Blake3Digest;

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

/// Which random numbers the handlers of an envelope draw: `count` of them from its stream, behind the first `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrngSpan {
    /// How many are passed over.
    pub first: u64,
    /// How many are drawn.
    pub count: u64,
}

/// What somebody wants to emit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub(crate) kind: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) phase: Phase,
    pub(crate) lane: Lane,
    pub(crate) after_ticks: u64,
    pub(crate) every_ticks: u64,
    pub(crate) weight: i64,
    pub(crate) span: Option<PrngSpan>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) causes: Vec<Blake3Digest>,
    pub(crate) reads: Vec<Target>,
    pub(crate) writes: Vec<Target>,
}

impl Draft {
    /// Longest kind and capability in bytes.
    pub const NAME_SIZE_MAX: usize = 128;
    /// Most capabilities, causes, reads and writes, of each.
    pub const LIST_LEN_MAX: usize = 255;
    /// Longest payload in bytes.
    pub const PAYLOAD_SIZE_MAX: usize = 1 << 20;

    /// An envelope of this kind with canonical bytes as payload, for [`Phase::Update`], as soon as possible.
    #[must_use]
    pub fn new(kind: &str, payload: &[u8]) -> Draft {
        Draft {
            kind: kind.to_string(),
            payload: payload.to_vec(),
            phase: Phase::default(),
            lane: Lane::default(),
            after_ticks: 0,
            every_ticks: 0,
            weight: 0,
            span: None,
            capabilities: Vec::new(),
            causes: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
        }
    }

    /// An envelope whose kind is the name of a component and whose payload is its row.
    #[must_use]
    pub fn of<T: Component>(value: &T) -> Draft {
        let mut row = alloc::vec![0; T::SIZE];
        value.write(&mut row);
        Draft::new(T::NAME, &row)
    }

    /// Is delivered in this phase. A phase that is past or under way comes again in the next tick.
    #[must_use]
    pub const fn phase(mut self, phase: Phase) -> Draft {
        self.phase = phase;
        self
    }

    /// Goes into this lane.
    #[must_use]
    pub const fn lane(mut self, lane: Lane) -> Draft {
        self.lane = lane;
        self
    }

    /// Is delivered so many ticks later.
    #[must_use]
    pub const fn after_ticks(mut self, ticks: u64) -> Draft {
        self.after_ticks = ticks;
        self
    }

    /// How many ticks later it is delivered.
    pub(crate) const fn ticks_after(&self) -> u64 {
        self.after_ticks
    }

    /// Is delivered again and again, with so many ticks in between; 0 for once.
    #[must_use]
    pub const fn every_ticks(mut self, ticks: u64) -> Draft {
        self.every_ticks = ticks;
        self
    }

    /// Is delivered after so many seconds: `max(1, ⌈seconds × ticks a second⌉)` ticks later.
    ///
    /// `None` for seconds that are negative or not finite, and beyond 2^53 ticks.
    #[must_use]
    pub fn after_seconds(mut self, seconds: f64, ticks_per_second: f64) -> Option<Draft> {
        const TICKS_MAX: f64 = 9_007_199_254_740_992.0;
        let ticks = seconds * ticks_per_second;
        let is_fine = seconds >= 0.0 && ticks_per_second > 0.0 && ticks <= TICKS_MAX;
        if !is_fine {
            return None;
        }
        let whole = ticks as u64;
        let is_whole = whole as f64 == ticks;
        self.after_ticks = (whole + u64::from(!is_whole)).max(1);
        Some(self)
    }

    /// Its weight among timelines.
    #[must_use]
    pub const fn weight(mut self, weight: i64) -> Draft {
        self.weight = weight;
        self
    }

    /// Which random numbers its handlers draw.
    #[must_use]
    pub const fn span(mut self, span: PrngSpan) -> Draft {
        self.span = Some(span);
        self
    }

    /// Claims a capability, which whoever emits must have been granted.
    #[must_use]
    pub fn capability(mut self, name: &str) -> Draft {
        self.capabilities.push(name.to_string());
        self
    }

    /// Names an envelope that led to this one.
    #[must_use]
    pub fn cause(mut self, hash: Blake3Digest) -> Draft {
        self.causes.push(hash);
        self
    }

    /// Names something that was read to make it.
    #[must_use]
    pub fn reads(mut self, target: Target) -> Draft {
        self.reads.push(target);
        self
    }

    /// Names something that will be written because of it.
    #[must_use]
    pub fn writes(mut self, target: Target) -> Draft {
        self.writes.push(target);
        self
    }

    /// Puts its lists in their one order.
    pub(crate) fn sort(&mut self) {
        self.capabilities.sort_unstable();
        self.capabilities.dedup();
        for list in [&mut self.reads, &mut self.writes] {
            list.sort_unstable();
            list.dedup();
        }
    }

    /// The rule it breaks, if any.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        let is_name = |name: &String| !name.is_empty() && name.len() <= Draft::NAME_SIZE_MAX;
        let lens = [
            self.capabilities.len(),
            self.causes.len(),
            self.reads.len(),
            self.writes.len(),
        ];
        if !is_name(&self.kind) || !self.capabilities.iter().all(is_name) {
            return Some("kinds and capabilities have 1 to 128 bytes");
        }
        if self.phase == Phase::Initialize {
            return Some("`initialize` hears no envelopes");
        }
        if lens.iter().any(|len| *len > Draft::LIST_LEN_MAX) {
            return Some("a list has more than 255 entries");
        }
        if self.payload.len() > Draft::PAYLOAD_SIZE_MAX {
            return Some("the payload has more than 1 MiB");
        }
        None
    }
}

/// A sealed envelope.
#[derive(Clone, Debug)]
pub struct Envelope {
    id: u64,
    /// The tick it is delivered in, or the first one after.
    chronos: u64,
    source: Arc<str>,
    draft: Draft,
    hash: Blake3Digest,
    /// Whether the hash was taken here, from these very values, and not read from bytes.
    is_sealed_here: bool,
}

/// Where an envelope was sealed is no part of it.
impl PartialEq for Envelope {
    fn eq(&self, other: &Envelope) -> bool {
        let key = |envelope: &Envelope| (envelope.id, envelope.chronos, envelope.hash);
        key(self) == key(other) && self.source == other.source && self.draft == other.draft
    }
}

impl Eq for Envelope {}

impl Envelope {
    /// Seals a draft: lists sorted, the hash taken.
    pub(crate) fn seal(id: u64, chronos: u64, source: Arc<str>, mut draft: Draft) -> Envelope {
        draft.after_ticks = 0;
        draft.sort();
        let mut envelope = Envelope {
            id,
            chronos,
            source,
            draft,
            hash: Blake3Digest::of(b""),
            is_sealed_here: true,
        };
        envelope.hash = envelope.computed_hash();
        envelope
    }

    /// The same again, so many ticks later.
    pub(crate) fn again(&self, id: u64) -> Envelope {
        let chronos = self.chronos.saturating_add(self.draft.every_ticks);
        Envelope::seal(id, chronos, Arc::clone(&self.source), self.draft.clone())
    }

    /// Its number in this world; numbers rise.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.draft.kind
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
    pub fn payload(&self) -> &[u8] {
        &self.draft.payload
    }

    /// The payload as the component that the kind names.
    #[must_use]
    pub fn read<T: Component>(&self) -> Option<T> {
        (self.draft.kind == T::NAME)
            .then(|| T::read(&self.draft.payload))
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
    pub const fn every_ticks(&self) -> u64 {
        self.draft.every_ticks
    }

    /// Its weight among timelines.
    #[must_use]
    pub const fn weight(&self) -> i64 {
        self.draft.weight
    }

    /// Which random numbers its handlers draw, if it says.
    #[must_use]
    pub const fn span(&self) -> Option<PrngSpan> {
        self.draft.span
    }

    /// The capabilities it carries, sorted.
    #[must_use]
    pub fn capabilities(&self) -> &[String] {
        &self.draft.capabilities
    }

    /// The envelopes that led to it, as given.
    #[must_use]
    pub fn causes(&self) -> &[Blake3Digest] {
        &self.draft.causes
    }

    /// BLAKE3 of the tag 0x20 and its bytes.
    #[must_use]
    pub const fn hash(&self) -> Blake3Digest {
        self.hash
    }

    /// Whether the hash is that of the bytes.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.is_sealed_here || self.hash == self.computed_hash()
    }

    fn computed_hash(&self) -> Blake3Digest {
        let mut bytes = crate::hash::start(Tag::Envelope);
        self.encode_body(&mut bytes);
        Blake3Digest::of(&bytes)
    }

    /// Appends the bytes and the hash.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        self.encode_body(output);
        output.extend(self.hash.as_bytes());
    }

    fn encode_body(&self, output: &mut Vec<u8>) {
        output.extend(self.id.to_le_bytes());
        output.extend(self.chronos.to_le_bytes());
        push_name(output, &self.source);
        self.draft.encode(output);
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
            hash,
            is_sealed_here: false,
        })
    }
}

impl Draft {
    /// Appends everything but the delay.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        push_name(output, &self.kind);
        output.push(self.phase as u8);
        output.push(self.lane as u8);
        output.extend(self.every_ticks.to_le_bytes());
        output.extend(self.weight.to_le_bytes());
        match self.span {
            None => output.push(0),
            Some(span) => {
                output.push(1);
                output.extend(span.first.to_le_bytes());
                output.extend(span.count.to_le_bytes());
            }
        }
        output.push(self.capabilities.len() as u8);
        for name in &self.capabilities {
            push_name(output, name);
        }
        output.push(self.causes.len() as u8);
        for cause in &self.causes {
            output.extend(cause.as_bytes());
        }
        for list in [&self.reads, &self.writes] {
            output.push(list.len() as u8);
            for target in list {
                target.encode(output);
            }
        }
        output.extend((self.payload.len() as u32).to_le_bytes());
        output.extend(&self.payload);
    }

    /// Reads what [`Draft::encode`] writes, lists being sorted, and nothing else.
    pub(crate) fn decode(reader: &mut Reader<'_>, component_count: usize) -> Option<Draft> {
        let kind = reader.name()?.to_string();
        let phase = *Phase::ALL.get(reader.u8()? as usize)?;
        let lane = *Lane::ALL.get(reader.u8()? as usize)?;
        let every_ticks = reader.u64()?;
        let weight = i64::from_le_bytes(reader.array()?);
        let span = match reader.u8()? {
            0 => None,
            1 => Some(PrngSpan {
                first: reader.u64()?,
                count: reader.u64()?,
            }),
            _ => return None,
        };
        let mut capabilities = Vec::new();
        for _ in 0..reader.u8()? {
            capabilities.push(reader.name()?.to_string());
        }
        let mut causes = Vec::new();
        for _ in 0..reader.u8()? {
            causes.push(Blake3Digest::from_bytes(reader.array()?));
        }
        let reads = read_targets(reader, component_count)?;
        let writes = read_targets(reader, component_count)?;
        let size = reader.u32()? as usize;
        let payload = reader.take(size)?.to_vec();
        let draft = Draft {
            kind,
            payload,
            phase,
            lane,
            after_ticks: 0,
            every_ticks,
            weight,
            span,
            capabilities,
            causes,
            reads,
            writes,
        };
        let is_fine = draft.flaw().is_none() && is_rising(&draft.capabilities);
        is_fine.then_some(draft)
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

fn push_name(output: &mut Vec<u8>, name: &str) {
    output.push(name.len() as u8);
    output.extend(name.as_bytes());
}

fn read_targets(reader: &mut Reader<'_>, component_count: usize) -> Option<Vec<Target>> {
    let mut targets = Vec::new();
    for _ in 0..reader.u8()? {
        let is_resource = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let id = ComponentId(reader.u16()?);
        if id.index() >= component_count {
            return None;
        }
        targets.push(if is_resource {
            Target::Resource(id)
        } else {
            Target::Component(id)
        });
    }
    is_rising(&targets).then_some(targets)
}

fn is_rising<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|pair| pair[0] < pair[1])
}
