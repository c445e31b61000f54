//! Replay: recorded requests decided again under another policy, and what comes out otherwise.
//!
//! Records do not hold everything that was asked. What they leave out is *unknown* to the policy, and unknown spreads; so
//! an allow, and a denial that does not rest on something unknown, hold whatever was left out. The rest is told apart as
//! [`Fate::Untold`]. Rebuilding requests from journals and records is the node's work.
//!
//! INVARIANT: a fate other than [`Fate::Untold`] is the one that the whole request would have.
//! Tests: tests/it/language/replays.rs.

use crate::language::{Decision, DenyReason, Policy, Request, Truth};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What was decided when the request was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    /// It was allowed.
    Allowed,
    /// It was denied.
    Denied,
}

/// Whether a rebuilt request is the one that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// Every part is there that was there.
    Whole,
    /// Missing parts may have been there.
    InPart,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The same answer as before.
    Same,
    /// Denied before, allowed now.
    NewlyAllowed(Decision),
    /// Allowed before, denied now.
    NewlyDenied(Decision),
    /// It hangs on this part, which is not on record.
    Untold(String),
}

/// Decides a recorded request under a policy.
#[must_use]
pub fn fate(policy: &Policy, request: &Request<'_>, was: Was, rebuilt: Rebuilt) -> Fate {
    let decision = policy.evaluate(request);
    if rebuilt == Rebuilt::InPart
        && let Decision::Deny { reason, .. } = &decision
        && let DenyReason::Unknown { path, .. } = reason
        && !is_denied_for_sure(policy, request)
    {
        return Fate::Untold(path.clone());
    }
    match (was, decision.is_allow()) {
        (Was::Allowed, true) | (Was::Denied, false) => Fate::Same,
        (Was::Allowed, false) => Fate::NewlyDenied(decision),
        (Was::Denied, true) => Fate::NewlyAllowed(decision),
    }
}

/// Whether a rule denies, or every rule fails to allow, whichever way the unknown turns out.
fn is_denied_for_sure(policy: &Policy, request: &Request<'_>) -> bool {
    let mut may_allow = false;
    for rule in policy.rules() {
        let verdict = rule.judge(request);
        if verdict.denies == Truth::True {
            return true;
        }
        may_allow |= verdict.allows != Truth::False;
    }
    !may_allow
}

/// How a group of requests comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Denied before, allowed now.
    NewlyAllowed,
    /// Allowed before, denied now.
    NewlyDenied,
    /// What decides it is not on record.
    Untold,
}

impl Turn {
    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Turn::NewlyAllowed => "newly_allowed",
            Turn::NewlyDenied => "newly_denied",
            Turn::Untold => "untold",
        }
    }
}

/// Requests that come out otherwise alike: one actor, one path, the same rules before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How they come out.
    pub turn: Turn,
    /// Who asked.
    pub actor: String,
    /// For what.
    pub path: String,
    /// The decision before, in a few words.
    pub before: String,
    /// The decision now; of [`Turn::Untold`] the part that is not on record.
    pub after: String,
    /// How many.
    pub count: u64,
    /// One of them: the id of its event or record.
    pub example: String,
}

/// What a group of requests has in common: turn, actor, path, and the decisions before and after.
type Common = (Turn, String, String, String, String);

/// Counts of a replay, and its changes by actor, path and rules.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    same_count: u64,
    groups: BTreeMap<Common, (u64, String)>,
}

impl Tally {
    /// Counts a request without a change.
    pub fn same(&mut self) {
        self.same_count += 1;
    }

    /// Counts a request with a change: its actor and path, what was decided before and now, and its id.
    pub fn changed(
        &mut self,
        turn: Turn,
        [actor, path]: [&str; 2],
        [before, after]: [String; 2],
        example: impl FnOnce() -> String,
    ) {
        let key = (turn, actor.to_string(), path.to_string(), before, after);
        let group = self.groups.entry(key).or_insert_with(|| (0, example()));
        group.0 += 1;
    }

    /// Requests that come out as before.
    #[must_use]
    pub const fn same_count(&self) -> u64 {
        self.same_count
    }

    /// Requests with this turn.
    #[must_use]
    pub fn count(&self, turn: Turn) -> u64 {
        let groups = self.groups.iter().filter(|(key, _)| key.0 == turn);
        groups.map(|(_, (count, _))| count).sum()
    }

    /// The changes, the most frequent first.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let groups = self.groups.iter();
        let mut changes: Vec<Change> = groups
            .map(
                |((turn, actor, path, before, after), (count, example))| Change {
                    turn: *turn,
                    actor: actor.clone(),
                    path: path.clone(),
                    before: before.clone(),
                    after: after.clone(),
                    count: *count,
                    example: example.clone(),
                },
            )
            .collect();
        // Stable: what is equally frequent stays in the order of the map.
        changes.sort_by_key(|change| core::cmp::Reverse(change.count));
        changes
    }
}
