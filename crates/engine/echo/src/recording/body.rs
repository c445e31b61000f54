//! What stands in the frames of a recording, and its bytes.
//!
//! Bytes: `docs/formats/recording.md`. Tests: `tests/it/recording.rs`.

use super::TraceDepth;
use crate::bus::{Draft, Drop, Lane};
use crate::difference::{Change, Subject};
use crate::hash::push_u64;
use crate::registry::ComponentId;
use crate::replay::{Group, StepKind, StepTrace, changes_digest, encode_change};
use crate::schedule::Phase;
use crate::simulation::{Identity, Input, Version};
use crate::snapshot::Reader;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// A plugin by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginName {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: Version,
}

/// What ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The engine's words for itself.
    pub engine: String,
    /// How many ticks a second has.
    pub ticks_per_second: u32,
    /// Digests of what ran.
    pub identity: Identity,
    /// How many components worlds can have.
    pub component_count: u16,
    /// How much is said about the steps of ticks.
    pub trace: TraceDepth,
    /// The plugins, in the order they were loaded.
    pub plugins: Vec<PluginName>,
    /// The scripts with the digests of their code, at the beginning.
    pub scripts: Vec<(String, Blake3Digest)>,
}

/// A tick that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickRecord {
    /// The number of the tick: how many were completed before it.
    pub tick: u64,
    /// What came from outside before it.
    pub inputs: Vec<Input>,
    /// The digest of world and scripts after it.
    pub hash: Blake3Digest,
    /// How many envelopes were delivered.
    pub events: u64,
    /// How many random numbers were drawn.
    pub draws: u64,
    /// Envelopes that full lanes dropped.
    pub dropped: Vec<Drop>,
    /// Labels of branches that scripts asked for, to begin after the tick.
    pub forks: Vec<String>,
}

/// A tick that stopped with an error, the last thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number of the tick.
    pub tick: u64,
    /// What came from outside before it.
    pub inputs: Vec<Input>,
    /// The error's words.
    pub reason: String,
}

fn push_name(output: &mut Vec<u8>, name: &str) {
    output.push(name.len() as u8);
    output.extend(name.as_bytes());
}

fn push_u32(output: &mut Vec<u8>, value: usize) {
    output.extend((value as u32).to_le_bytes());
}

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a str> {
    let size = reader.u32()? as usize;
    core::str::from_utf8(reader.take(size)?).ok()
}

fn digest(reader: &mut Reader<'_>) -> Option<Blake3Digest> {
    reader.array().map(Blake3Digest::from_bytes)
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut output = Vec::new();
        push_name(&mut output, &self.engine);
        output.extend(self.ticks_per_second.to_le_bytes());
        let identity = &self.identity;
        for digest in [identity.config, identity.plugins, identity.handlers] {
            output.extend(digest.as_bytes());
        }
        output.extend(self.component_count.to_le_bytes());
        output.push(self.trace as u8);
        push_u32(&mut output, self.plugins.len());
        for plugin in &self.plugins {
            push_name(&mut output, &plugin.id);
            let version = plugin.version;
            for number in [version.major, version.minor, version.patch] {
                output.extend(number.to_le_bytes());
            }
        }
        push_u32(&mut output, self.scripts.len());
        for (name, digest) in &self.scripts {
            push_u32(&mut output, name.len());
            output.extend(name.as_bytes());
            output.extend(digest.as_bytes());
        }
        output
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Option<Header> {
        let engine = reader.name()?.to_string();
        let ticks_per_second = reader.u32()?;
        let identity = Identity {
            config: digest(reader)?,
            plugins: digest(reader)?,
            handlers: digest(reader)?,
        };
        let component_count = reader.u16()?;
        let trace = match reader.u8()? {
            0 => TraceDepth::None,
            1 => TraceDepth::Digests,
            2 => TraceDepth::Values,
            _ => return None,
        };
        let mut plugins: Vec<PluginName> = Vec::new();
        for _ in 0..reader.u32()? {
            let id = reader.name()?.to_string();
            let version = Version::new(reader.u32()?, reader.u32()?, reader.u32()?);
            if plugins.last().is_some_and(|last| last.id >= id) {
                return None;
            }
            plugins.push(PluginName { id, version });
        }
        let mut scripts: Vec<(String, Blake3Digest)> = Vec::new();
        for _ in 0..reader.u32()? {
            let name = text(reader)?.to_string();
            if scripts.last().is_some_and(|(last, _)| *last >= name) {
                return None;
            }
            scripts.push((name, digest(reader)?));
        }
        (ticks_per_second > 0).then_some(Header {
            engine,
            ticks_per_second,
            identity,
            component_count,
            trace,
            plugins,
            scripts,
        })
    }
}

/// Appends inputs. Whoever records them has seen the bus accept them, or checks [`is_recordable`].
pub(super) fn encode_inputs(inputs: &[Input], output: &mut Vec<u8>) {
    push_u32(output, inputs.len());
    for input in inputs {
        match input {
            Input::Emit(draft) => {
                output.push(0);
                push_u64(output, draft.after_ticks);
                let mut draft = draft.clone();
                draft.sort();
                draft.encode(output);
            }
            Input::Reload { script, code } => {
                output.push(1);
                push_u32(output, script.len());
                output.extend(script.as_bytes());
                push_u32(output, code.len());
                output.extend(code);
            }
            Input::Stop => output.push(2),
        }
    }
}

/// Whether the inputs have bytes: drafts that break a rule of envelopes have none, nor
/// has anything behind a stop.
pub(super) fn is_recordable(inputs: &[Input]) -> bool {
    let before = &inputs[..inputs.len().saturating_sub(1)];
    !before.contains(&Input::Stop)
        && inputs.iter().all(|input| match input {
            Input::Emit(draft) => draft.flaw().is_none(),
            Input::Reload { script, code } => {
                script.len() <= u32::MAX as usize && code.len() <= u32::MAX as usize
            }
            Input::Stop => true,
        })
}

fn decode_inputs(reader: &mut Reader<'_>, component_count: u16) -> Option<Vec<Input>> {
    let mut inputs = Vec::new();
    for _ in 0..reader.u32()? {
        if inputs.last() == Some(&Input::Stop) {
            return None;
        }
        inputs.push(match reader.u8()? {
            0 => {
                let after_ticks = reader.u64()?;
                let mut draft = Draft::decode(reader, component_count.into())?;
                draft.after_ticks = after_ticks;
                Input::Emit(draft)
            }
            1 => {
                let script = text(reader)?.to_string();
                let size = reader.u32()? as usize;
                let code = reader.take(size)?.to_vec();
                Input::Reload { script, code }
            }
            2 => Input::Stop,
            _ => return None,
        });
    }
    Some(inputs)
}

impl TickRecord {
    pub(super) fn encode(&self, output: &mut Vec<u8>) {
        push_u64(output, self.tick);
        encode_inputs(&self.inputs, output);
        output.extend(self.hash.as_bytes());
        push_u64(output, self.events);
        push_u64(output, self.draws);
        push_u32(output, self.dropped.len());
        for drop in &self.dropped {
            output.extend([drop.phase as u8, drop.lane as u8]);
            push_u64(output, drop.id);
            output.extend(drop.hash.as_bytes());
        }
        push_u32(output, self.forks.len());
        for label in &self.forks {
            push_u32(output, label.len());
            output.extend(label.as_bytes());
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>, component_count: u16) -> Option<TickRecord> {
        let tick = reader.u64()?;
        let inputs = decode_inputs(reader, component_count)?;
        let hash = digest(reader)?;
        let events = reader.u64()?;
        let draws = reader.u64()?;
        let mut dropped = Vec::new();
        for _ in 0..reader.u32()? {
            dropped.push(Drop {
                phase: *Phase::ALL.get(reader.u8()? as usize)?,
                lane: *Lane::ALL.get(reader.u8()? as usize)?,
                id: reader.u64()?,
                hash: digest(reader)?,
            });
        }
        let mut forks = Vec::new();
        for _ in 0..reader.u32()? {
            forks.push(text(reader)?.to_string());
        }
        Some(TickRecord {
            forks,
            tick,
            inputs,
            hash,
            events,
            draws,
            dropped,
        })
    }
}

impl Failure {
    pub(super) fn encode(&self, output: &mut Vec<u8>) {
        push_u64(output, self.tick);
        encode_inputs(&self.inputs, output);
        push_u32(output, self.reason.len());
        output.extend(self.reason.as_bytes());
    }

    pub(super) fn decode(reader: &mut Reader<'_>, component_count: u16) -> Option<Failure> {
        Some(Failure {
            tick: reader.u64()?,
            inputs: decode_inputs(reader, component_count)?,
            reason: text(reader)?.to_string(),
        })
    }
}

/// Appends the steps of a tick.
pub(super) fn encode_trace(tick: u64, steps: &[StepTrace], output: &mut Vec<u8>) {
    push_u64(output, tick);
    push_u32(output, steps.len());
    for step in steps {
        output.extend([step.phase as u8, step.kind as u8]);
        push_name(output, &step.name);
        push_u32(output, step.groups.len());
        for group in &step.groups {
            let (number, id) = subject_code(group.subject);
            output.push(number);
            output.extend(id.to_le_bytes());
            output.extend(group.digest.as_bytes());
            if let Some(changes) = &group.changes {
                push_u32(output, changes.len());
                for change in changes {
                    encode_change(change, output);
                }
            }
        }
    }
}

/// The tick and its steps.
pub(super) fn decode_trace(
    reader: &mut Reader<'_>,
    component_count: u16,
    depth: TraceDepth,
) -> Option<(u64, Vec<StepTrace>)> {
    let tick = reader.u64()?;
    let mut steps = Vec::new();
    for _ in 0..reader.u32()? {
        let phase = *Phase::ALL.get(reader.u8()? as usize)?;
        let kind = *StepKind::ALL.get(reader.u8()? as usize)?;
        let name = reader.name()?.to_string();
        let mut groups: Vec<Group> = Vec::new();
        for _ in 0..reader.u32()? {
            let subject = subject_of(reader.u8()?, reader.u16()?, component_count)?;
            if groups.last().is_some_and(|last| last.subject >= subject) {
                return None;
            }
            let digest = digest(reader)?;
            let changes = match depth {
                TraceDepth::Values => Some(decode_changes(reader, subject)?),
                TraceDepth::Digests => None,
                TraceDepth::None => return None,
            };
            let fits = |changes: &Vec<Change>| changes_digest(changes) == digest;
            if !changes.as_ref().is_none_or(fits) {
                return None;
            }
            groups.push(Group {
                subject,
                digest,
                changes,
            });
        }
        steps.push(StepTrace {
            phase,
            kind,
            name,
            groups,
        });
    }
    Some((tick, steps))
}

fn decode_changes(reader: &mut Reader<'_>, subject: Subject) -> Option<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..reader.u32()? {
        let key = reader.u64()?;
        let value = match reader.u8()? {
            0 => None,
            1 => {
                let size = reader.u32()? as usize;
                Some(reader.take(size)?.to_vec())
            }
            _ => return None,
        };
        if changes.last().is_some_and(|last| last.key >= key) {
            return None;
        }
        changes.push(Change {
            subject,
            key,
            value,
        });
    }
    (!changes.is_empty()).then_some(changes)
}

const fn subject_code(subject: Subject) -> (u8, u16) {
    match subject {
        Subject::Component(id) => (0, id.number()),
        Subject::Resource(id) => (1, id.number()),
        Subject::Place => (2, 0),
        Subject::Envelope => (3, 0),
        Subject::Bus => (4, 0),
        Subject::Slots => (5, 0),
        Subject::Scripts => (6, 0),
        Subject::Local(id) => (7, id.number()),
    }
}

fn subject_of(number: u8, id: u16, component_count: u16) -> Option<Subject> {
    let component = (id < component_count).then_some(ComponentId(id));
    match (number, id) {
        (0, _) => component.map(Subject::Component),
        (1, _) => component.map(Subject::Resource),
        (2, 0) => Some(Subject::Place),
        (3, 0) => Some(Subject::Envelope),
        (4, 0) => Some(Subject::Bus),
        (5, 0) => Some(Subject::Slots),
        (6, 0) => Some(Subject::Scripts),
        (7, _) => component.map(Subject::Local),
        _ => None,
    }
}
