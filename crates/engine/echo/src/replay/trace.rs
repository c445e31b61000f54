//! Traces: what every step of a tick left behind, so that two runs of the tick can be laid side by side.
//!
//! A [`Tracer`] watches a tick and compares the world after each step with the world before it. Finding out which of two
//! runs is right is `verify`'s work; writing traces down is `recording`'s.
//!
//! INVARIANT: a trace depends on the tick alone; levels that ran side by side give the trace of those that ran one by one.
//! Tests: `tests/it/faults.rs`.

use crate::access::Target;
use crate::difference::{self, Change, Subject};
use crate::schedule::{Phase, Ran, Step, Watch};
use crate::world::World;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use gatos_values::Blake3Digest;

/// What kind of step it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// What reached the world before its tick began.
    Inputs,
    /// A handler heard an envelope.
    Handler,
    /// The scripts heard an envelope.
    Event,
    /// The scripts were called for the phase.
    Scripts,
    /// A system ran.
    System,
    /// What a system or the scripts asked for was done: commands, envelopes.
    Reduced,
}

impl StepKind {
    /// Every kind, in the order of its number.
    pub const ALL: [StepKind; 6] = [
        StepKind::Inputs,
        StepKind::Handler,
        StepKind::Event,
        StepKind::Scripts,
        StepKind::System,
        StepKind::Reduced,
    ];

    /// A word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            StepKind::Inputs => "inputs",
            StepKind::Handler => "handler",
            StepKind::Event => "scripts at an event",
            StepKind::Scripts => "scripts",
            StepKind::System => "system",
            StepKind::Reduced => "commands",
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The changes of one subject in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they are about.
    pub subject: Subject,
    /// BLAKE3 over the changes.
    pub digest: Blake3Digest,
    /// The changes, by key; none where only the digest was kept.
    pub changes: Option<Vec<Change>>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTrace {
    /// The phase.
    pub phase: Phase,
    /// What it was.
    pub kind: StepKind,
    /// Who: the handler, the system, the emitter of the envelope, or `scripts`.
    pub name: String,
    /// What is different since the step before, by subject.
    pub groups: Vec<Group>,
}

impl StepTrace {
    fn new(phase: Phase, kind: StepKind, name: &str, changes: Vec<Change>) -> StepTrace {
        let mut groups: Vec<Group> = Vec::new();
        for change in changes {
            match groups.last_mut() {
                Some(group) if group.subject == change.subject => {
                    group.changes.get_or_insert_default().push(change);
                }
                _ => groups.push(Group {
                    subject: change.subject,
                    digest: Blake3Digest::of(b""),
                    changes: Some(alloc::vec![change]),
                }),
            }
        }
        for group in &mut groups {
            group.digest = changes_digest(group.changes.as_deref().unwrap_or_default());
        }
        StepTrace {
            phase,
            kind,
            name: name.to_string(),
            groups,
        }
    }

    /// Whether the two are the same step, whatever they left behind.
    #[must_use]
    pub fn is_same_step(&self, other: &StepTrace) -> bool {
        (self.phase, self.kind, &self.name) == (other.phase, other.kind, &other.name)
    }

    /// Forgets the values and keeps their digests.
    pub(crate) fn forget_values(&mut self) {
        for group in &mut self.groups {
            group.changes = None;
        }
    }
}

/// The digest of changes of one subject: for each its key, whether there is a value, its size and bytes.
pub(crate) fn changes_digest(changes: &[Change]) -> Blake3Digest {
    let mut bytes = Vec::new();
    for change in changes {
        encode_change(change, &mut bytes);
    }
    Blake3Digest::of(&bytes)
}

/// Appends key, whether there is a value, and size and bytes of the value.
pub(crate) fn encode_change(change: &Change, output: &mut Vec<u8>) {
    output.extend(change.key.to_le_bytes());
    match &change.value {
        None => output.push(0),
        Some(value) => {
            output.push(1);
            output.extend((value.len() as u32).to_le_bytes());
            output.extend(value);
        }
    }
}

/// Watches a tick.
pub struct Tracer {
    /// The world after the step before.
    before: World,
    steps: Vec<StepTrace>,
    scripts: Option<Blake3Digest>,
}

impl Tracer {
    /// A tracer of the tick that comes next in this world.
    #[must_use]
    pub fn new(world: &World) -> Tracer {
        Tracer {
            before: world.fork(),
            steps: Vec::new(),
            scripts: None,
        }
    }

    /// The steps so far, in order.
    #[must_use]
    pub fn into_steps(self) -> Vec<StepTrace> {
        self.steps
    }

    fn take_changes(&mut self, world: &World) -> Vec<Change> {
        let changes = difference::changes(self.before.state(), world.state());
        self.before = world.fork();
        changes
    }

    fn push(&mut self, phase: Phase, kind: StepKind, name: &str, changes: Vec<Change>) {
        self.steps.push(StepTrace::new(phase, kind, name, changes));
    }

    /// Adds that the scripts' state is another one.
    fn note_scripts(&mut self, digest: Option<Blake3Digest>, changes: &mut Vec<Change>) {
        if let Some(digest) = digest.filter(|_| digest != self.scripts) {
            let value = digest.as_bytes().to_vec();
            changes.push(Change::of_one(Subject::Scripts, value));
            self.scripts = Some(digest);
        }
    }

    /// Divides what systems did side by side among them, by what they may write.
    fn push_systems(&mut self, phase: Phase, systems: &[Ran<'_>], changes: Vec<Change>) {
        let mut lists: Vec<Vec<Change>> = systems.iter().map(|_| Vec::new()).collect();
        for change in changes {
            let target = match change.subject {
                Subject::Component(id) => Some(Target::Component(id)),
                Subject::Resource(id) => Some(Target::Resource(id)),
                _ => None,
            };
            let writes = |ran: &Ran<'_>| target.is_some_and(|target| ran.access.may_write(target));
            let owns = |ran: &Ran<'_>| match change.subject {
                Subject::Local(_) => difference::key_of_name(ran.name) == change.key,
                _ => writes(ran),
            };
            let owner = systems.iter().position(owns).unwrap_or(0);
            if let Some(list) = lists.get_mut(owner) {
                list.push(change);
            }
        }
        for (ran, changes) in systems.iter().zip(lists) {
            self.push(phase, StepKind::System, ran.name, changes);
        }
    }
}

impl Watch for Tracer {
    fn wants_digests(&self) -> bool {
        true
    }

    fn done(&mut self, phase: Phase, step: Step<'_>, world: &World) {
        let mut changes = self.take_changes(world);
        match step {
            Step::Begin => {
                if !changes.is_empty() {
                    self.push(phase, StepKind::Inputs, "input", changes);
                }
            }
            Step::Handler { handler, .. } => self.push(phase, StepKind::Handler, handler, changes),
            Step::Event { envelope, digest } => {
                self.note_scripts(digest, &mut changes);
                self.push(phase, StepKind::Event, envelope.kind(), changes);
            }
            Step::Scripts { digest } => {
                self.note_scripts(digest, &mut changes);
                self.push(phase, StepKind::Scripts, "scripts", changes);
            }
            Step::Systems(systems) => self.push_systems(phase, systems, changes),
            Step::Reduced { source } => self.push(phase, StepKind::Reduced, source, changes),
        }
    }
}

/// What one of two runs has at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The step was not made.
    NotRun,
    /// The step left this subject as it was.
    Unchanged,
    /// Nothing is there now.
    Nothing,
    /// These bytes; see [`Subject`].
    Value(Vec<u8>),
    /// Something of which only the digest was kept.
    Digest(Blake3Digest),
}

/// The first place where two runs of a tick are not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The step's number in the tick.
    pub step_index: usize,
    /// The phase.
    pub phase: Phase,
    /// What kind of step it is.
    pub kind: StepKind,
    /// Who.
    pub name: String,
    /// What it is about; none where one run made a step that the other did not.
    pub subject: Option<Subject>,
    /// The entity or envelope, where it is known.
    pub key: Option<u64>,
    /// What the first run has.
    pub left: Seen,
    /// What the second run has.
    pub right: Seen,
}

/// The first place where the two differ, by step, then subject, then key.
#[must_use]
pub fn first_mismatch(left: &[StepTrace], right: &[StepTrace]) -> Option<Mismatch> {
    let count = left.len().max(right.len());
    (0..count).find_map(|index| match (left.get(index), right.get(index)) {
        (Some(one), Some(other)) if one.is_same_step(other) => step_mismatch(index, one, other),
        (Some(one), Some(other)) => {
            // Whoever is not met again on the other side ran on one side only.
            let is_later = right[index..].iter().any(|step| step.is_same_step(one));
            Some(if is_later {
                missing_step(index, other, false)
            } else {
                missing_step(index, one, true)
            })
        }
        (Some(one), None) => Some(missing_step(index, one, true)),
        (None, Some(other)) => Some(missing_step(index, other, false)),
        (None, None) => None,
    })
}

fn missing_step(step_index: usize, step: &StepTrace, is_left: bool) -> Mismatch {
    let (here, there) = (Seen::Unchanged, Seen::NotRun);
    let (left, right) = if is_left {
        (here, there)
    } else {
        (there, here)
    };
    Mismatch {
        step_index,
        phase: step.phase,
        kind: step.kind,
        name: step.name.clone(),
        subject: None,
        key: None,
        left,
        right,
    }
}

fn step_mismatch(step_index: usize, one: &StepTrace, other: &StepTrace) -> Option<Mismatch> {
    let mut subjects: Vec<Subject> = one
        .groups
        .iter()
        .chain(&other.groups)
        .map(|group| group.subject)
        .collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects.into_iter().find_map(|subject| {
        let find = |step: &'_ StepTrace| -> Option<Group> {
            let group = step.groups.iter().find(|group| group.subject == subject);
            group.cloned()
        };
        let (key, left, right) = group_mismatch(find(one).as_ref(), find(other).as_ref())?;
        Some(Mismatch {
            step_index,
            phase: one.phase,
            kind: one.kind,
            name: one.name.clone(),
            subject: Some(subject),
            key,
            left,
            right,
        })
    })
}

/// The first key at which two groups differ, and both values.
fn group_mismatch(one: Option<&Group>, other: Option<&Group>) -> Option<(Option<u64>, Seen, Seen)> {
    if let (Some(one), Some(other)) = (one, other)
        && one.digest == other.digest
    {
        return None;
    }
    let changes = |group: Option<&'_ Group>| -> Option<Vec<Change>> {
        group.map_or(Some(Vec::new()), |group| group.changes.clone())
    };
    let (Some(left), Some(right)) = (changes(one), changes(other)) else {
        let seen = |group: Option<&Group>| {
            group.map_or(Seen::Unchanged, |group| Seen::Digest(group.digest))
        };
        return Some((None, seen(one), seen(other)));
    };
    let mut keys: Vec<u64> = left.iter().chain(&right).map(|change| change.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let seen =
        |list: &[Change], key: u64| match list.binary_search_by_key(&key, |change| change.key) {
            Err(_) => Seen::Unchanged,
            Ok(place) => match &list[place].value {
                None => Seen::Nothing,
                Some(value) => Seen::Value(value.clone()),
            },
        };
    keys.into_iter().find_map(|key| {
        let (left, right) = (seen(&left, key), seen(&right, key));
        (left != right).then_some((Some(key), left, right))
    })
}
