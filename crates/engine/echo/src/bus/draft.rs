//! Drafts: what somebody wants to emit, before it has an id.
//!
//! Most drafts have a short kind and payload and nothing else, so these lie in the draft itself and all that is rare lies
//! in a box that is not there. Sealing is `envelope`'s work.
//!
//! Bytes: `docs/formats/world.md`, section Envelopes. Tests: `tests/it/bus.rs`.

use super::envelope::Lane;
use super::short::ShortBytes;
use super::signature;
use crate::access::Target;
use crate::component::Component;
use crate::registry::ComponentId;
use crate::schedule::Phase;
use crate::snapshot::Reader;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;
use gatos_values::sshsig::{SigningKey, SshSignature};

/// Which random numbers the handlers of an envelope draw: `count` of them from its stream, behind the first `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrngSpan {
    /// How many are passed over.
    pub first: u64,
    /// How many are drawn.
    pub count: u64,
}

/// What somebody wants to emit.
#[derive(Clone, Debug)]
pub struct Draft {
    /// UTF-8.
    kind: ShortBytes,
    payload: ShortBytes,
    pub(crate) phase: Phase,
    pub(crate) lane: Lane,
    pub(crate) after_ticks: u64,
    rare: Option<Box<Rare>>,
}

/// What most drafts do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rare {
    every_ticks: u64,
    weight: i64,
    span: Option<PrngSpan>,
    capabilities: Vec<String>,
    causes: Vec<Blake3Digest>,
    reads: Vec<Target>,
    writes: Vec<Target>,
    signature: Option<SshSignature>,
}

/// What a draft says that says nothing rare.
static NOTHING_RARE: Rare = Rare {
    every_ticks: 0,
    weight: 0,
    span: None,
    capabilities: Vec::new(),
    causes: Vec::new(),
    reads: Vec::new(),
    writes: Vec::new(),
    signature: None,
};

/// Whether somebody said that nothing is rare, or said nothing, is the same.
impl PartialEq for Draft {
    fn eq(&self, other: &Draft) -> bool {
        let key = |draft: &Draft| (draft.phase, draft.lane, draft.after_ticks);
        key(self) == key(other)
            && self.kind == other.kind
            && self.payload == other.payload
            && self.rare() == other.rare()
    }
}

impl Eq for Draft {}

impl Draft {
    /// Longest kind and capability in bytes.
    pub const NAME_SIZE_MAX: usize = 128;
    /// Most capabilities, causes, reads and writes, of each.
    pub const LIST_LEN_MAX: usize = 255;
    /// Longest payload in bytes.
    pub const PAYLOAD_SIZE_MAX: usize = 1 << 20;
    /// What signatures of drafts are made for.
    pub const NAMESPACE: &'static str = "gatos-echo";

    /// An envelope of this kind with canonical bytes as payload, for [`Phase::Update`], as soon as possible.
    #[must_use]
    #[inline]
    pub fn new(kind: &str, payload: &[u8]) -> Draft {
        Draft {
            kind: ShortBytes::new(kind.as_bytes()),
            payload: ShortBytes::new(payload),
            phase: Phase::default(),
            lane: Lane::default(),
            after_ticks: 0,
            rare: None,
        }
    }

    #[inline]
    fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&NOTHING_RARE)
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
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
    #[inline]
    pub const fn phase(mut self, phase: Phase) -> Draft {
        self.phase = phase;
        self
    }

    /// Goes into this lane.
    #[must_use]
    #[inline]
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

    /// The kind, to be compared with others.
    #[inline]
    pub(crate) const fn short_kind(&self) -> &ShortBytes {
        &self.kind
    }

    #[inline]
    pub(crate) fn kind(&self) -> &str {
        // Made of text or read as text.
        core::str::from_utf8(self.kind.as_slice()).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn payload(&self) -> &[u8] {
        self.payload.as_slice()
    }

    #[inline]
    pub(crate) fn ticks_between(&self) -> u64 {
        self.rare().every_ticks
    }

    pub(crate) fn weight_of(&self) -> i64 {
        self.rare().weight
    }

    #[inline]
    pub(crate) fn span_of(&self) -> Option<PrngSpan> {
        self.rare().span
    }

    #[inline]
    pub(crate) fn capabilities(&self) -> &[String] {
        &self.rare().capabilities
    }

    pub(crate) fn causes(&self) -> &[Blake3Digest] {
        &self.rare().causes
    }

    /// Is delivered again and again, with so many ticks in between; 0 for once.
    #[must_use]
    pub fn every_ticks(mut self, ticks: u64) -> Draft {
        self.rare_mut().every_ticks = ticks;
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
    pub fn weight(mut self, weight: i64) -> Draft {
        self.rare_mut().weight = weight;
        self
    }

    /// Which random numbers its handlers draw.
    #[must_use]
    pub fn span(mut self, span: PrngSpan) -> Draft {
        self.rare_mut().span = Some(span);
        self
    }

    /// Claims a capability, which whoever emits must have been granted.
    #[must_use]
    pub fn capability(mut self, name: &str) -> Draft {
        self.rare_mut().capabilities.push(name.to_string());
        self
    }

    /// Names an envelope that led to this one.
    #[must_use]
    pub fn cause(mut self, hash: Blake3Digest) -> Draft {
        self.rare_mut().causes.push(hash);
        self
    }

    /// Names something that was read to make it.
    #[must_use]
    pub fn reads(mut self, target: Target) -> Draft {
        self.rare_mut().reads.push(target);
        self
    }

    /// Names something that will be written because of it.
    #[must_use]
    pub fn writes(mut self, target: Target) -> Draft {
        self.rare_mut().writes.push(target);
        self
    }

    /// Carries a signature, made for [`Draft::NAMESPACE`] over [`Draft::message`] as it is now. A signature that does not fit
    /// is refused, whoever asked for one.
    #[must_use]
    pub fn signature(mut self, signature: SshSignature) -> Draft {
        self.rare_mut().signature = Some(signature);
        self
    }

    /// Signs it as it is now: what is changed afterwards makes the signature wrong. When it is delivered is not signed.
    #[must_use]
    pub fn signed_by(self, key: &SigningKey) -> Draft {
        let signature = key.sign(Draft::NAMESPACE, &self.message());
        self.signature(signature)
    }

    /// What signers sign: all of it but the delay, in the bytes that envelopes have.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut plain = self.clone();
        if let Some(rare) = &mut plain.rare {
            rare.signature = None;
        }
        plain.sort();
        let mut bytes = Vec::new();
        plain.encode(&mut bytes);
        bytes
    }

    #[inline]
    pub(crate) fn signature_of(&self) -> Option<&SshSignature> {
        self.rare().signature.as_ref()
    }

    /// The same without a delay.
    #[inline(always)]
    pub(crate) fn without_delay(self) -> Draft {
        Draft {
            after_ticks: 0,
            ..self
        }
    }

    /// Makes it what envelopes hold: no delay, and its lists in their one order.
    #[inline]
    pub(crate) fn seal(&mut self) {
        self.after_ticks = 0;
        self.sort();
    }

    /// Puts its lists in their one order.
    #[inline]
    pub(crate) fn sort(&mut self) {
        let Some(rare) = &mut self.rare else {
            return;
        };
        rare.capabilities.sort_unstable();
        rare.capabilities.dedup();
        for list in [&mut rare.reads, &mut rare.writes] {
            list.sort_unstable();
            list.dedup();
        }
    }

    /// The rule it breaks, if any.
    #[inline]
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        if self.is_simple() {
            return None;
        }
        self.any_flaw()
    }

    /// Whether it says nothing rare and breaks no rule.
    #[inline]
    pub(crate) fn is_simple(&self) -> bool {
        let (kind_size, payload_size) = (self.kind.as_slice().len(), self.payload().len());
        let is_plain = self.rare.is_none() && self.phase != Phase::Initialize;
        is_plain
            && payload_size <= Draft::PAYLOAD_SIZE_MAX
            && (1..=Draft::NAME_SIZE_MAX).contains(&kind_size)
    }

    fn any_flaw(&self) -> Option<&'static str> {
        let is_name = |size: usize| size > 0 && size <= Draft::NAME_SIZE_MAX;
        let rare = self.rare();
        let lens = [
            rare.capabilities.len(),
            rare.causes.len(),
            rare.reads.len(),
            rare.writes.len(),
        ];
        let mut names = rare.capabilities.iter().map(String::len);
        if !is_name(self.kind.as_slice().len()) || !names.all(is_name) {
            return Some("kinds and capabilities have 1 to 128 bytes");
        }
        let is_for_us = |signature: &SshSignature| signature.namespace == Draft::NAMESPACE;
        if !rare.signature.as_ref().is_none_or(is_for_us) {
            return Some("signatures of envelopes are made for `gatos-echo`");
        }
        if self.phase == Phase::Initialize {
            return Some("`initialize` hears no envelopes");
        }
        if lens.iter().any(|len| *len > Draft::LIST_LEN_MAX) {
            return Some("a list has more than 255 entries");
        }
        if self.payload().len() > Draft::PAYLOAD_SIZE_MAX {
            return Some("the payload has more than 1 MiB");
        }
        None
    }
}

/// Bits that say which parts follow.
const SPANNED: u8 = 1;
const SIGNED: u8 = 2;

impl Draft {
    /// Appends everything but the delay.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        push_name(output, self.kind.as_slice());
        output.push(self.phase as u8);
        output.push(self.lane as u8);
        let rare = self.rare();
        output.extend(rare.every_ticks.to_le_bytes());
        output.extend(rare.weight.to_le_bytes());
        let signed = u8::from(rare.signature.is_some()) * SIGNED;
        output.push(u8::from(rare.span.is_some()) | signed);
        if let Some(span) = rare.span {
            output.extend(span.first.to_le_bytes());
            output.extend(span.count.to_le_bytes());
        }
        if let Some(signature) = &rare.signature {
            signature::encode(signature, output);
        }
        output.push(rare.capabilities.len() as u8);
        for name in &rare.capabilities {
            push_name(output, name.as_bytes());
        }
        output.push(rare.causes.len() as u8);
        for cause in &rare.causes {
            output.extend(cause.as_bytes());
        }
        for list in [&rare.reads, &rare.writes] {
            output.push(list.len() as u8);
            for target in list {
                target.encode(output);
            }
        }
        output.extend((self.payload().len() as u32).to_le_bytes());
        output.extend(self.payload());
    }

    /// Reads what [`Draft::encode`] writes, lists being sorted, and nothing else.
    pub(crate) fn decode(reader: &mut Reader<'_>, component_count: usize) -> Option<Draft> {
        let kind = ShortBytes::new(reader.name()?.as_bytes());
        let phase = *Phase::ALL.get(reader.u8()? as usize)?;
        let lane = *Lane::ALL.get(reader.u8()? as usize)?;
        let every_ticks = reader.u64()?;
        let weight = i64::from_le_bytes(reader.array()?);
        let parts = reader.u8()?;
        if parts & !(SPANNED | SIGNED) != 0 {
            return None;
        }
        let span = match parts & SPANNED {
            0 => None,
            _ => Some(PrngSpan {
                first: reader.u64()?,
                count: reader.u64()?,
            }),
        };
        let signature = match parts & SIGNED {
            0 => None,
            _ => Some(signature::decode(reader)?),
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
        let payload = ShortBytes::new(reader.take(size)?);
        let rare = Rare {
            every_ticks,
            weight,
            span,
            capabilities,
            causes,
            reads,
            writes,
            signature,
        };
        let draft = Draft {
            kind,
            payload,
            phase,
            lane,
            after_ticks: 0,
            rare: (rare != NOTHING_RARE).then(|| Box::new(rare)),
        };
        let is_fine = draft.flaw().is_none() && is_rising(&draft.rare().capabilities);
        is_fine.then_some(draft)
    }
}

/// Appends a name behind one byte of size.
pub(super) fn push_name(output: &mut Vec<u8>, name: &[u8]) {
    output.push(name.len() as u8);
    output.extend(name);
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
