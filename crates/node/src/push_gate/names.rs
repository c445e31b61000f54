//! Which refs a push may name: the known layout, branches and tags. Everything else is refused by its name alone.
//!
//! INVARIANT: a name this file accepts has exactly one meaning. Tests: ../../tests/it/push_gate.rs.

use gatos_values::{ErrorCode, JournalName, Namespace, Ulid};

use crate::fault::{Fault, Outcome};
use crate::governance::GOVERNANCE_REF;
use crate::policies::POLICIES_REF;
use crate::proposals::PROPOSALS;

/// What a pushed ref is, in the order in which kinds are judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PushedKind {
    /// The chain of governance.
    Governance,
    /// A journal.
    Journal(JournalName),
    /// The policies.
    Policy,
    /// The installed folds of a namespace.
    Fold(Namespace),
    /// The epoch anchors of a namespace.
    Epoch(Namespace),
    /// The checkpoints of a namespace.
    State(Namespace),
    /// Policies or a proposal with its approvals: papers that are judged when they are used.
    Paper,
    /// A branch: git's business.
    Branch,
    /// A tag: git's business, but it never moves.
    Tag,
}

/// Folders whose refs a node writes for itself alone.
const OWN: [(&str, &str); 4] = [
    (
        "refs/gatos/remotes/",
        "is a room for what was fetched and not yet verified",
    ),
    ("refs/gatos/quarantine/", "is a room for what was set aside"),
    ("refs/gatos/cache/", "is a cache"),
    ("refs/gatos/audit/policy", "is written by the gate itself"),
];

impl PushedKind {
    /// Reads a ref's name.
    ///
    /// # Errors
    /// `BAD_NAME` for a name outside the layout, `FF_VIOLATION` for a replace ref.
    pub(super) fn of(name: &str) -> Outcome<PushedKind> {
        if name.starts_with("refs/heads/") {
            return Ok(PushedKind::Branch);
        }
        if name.starts_with("refs/tags/") {
            return Ok(PushedKind::Tag);
        }
        if name.starts_with("refs/replace/") {
            return Err(Fault::new(
                ErrorCode::FfViolation,
                name,
                "replace refs are not accepted: they change what a commit seems to say",
            )
            .with_hint("remove the refspec for refs/replace/ from the push"));
        }
        if name == GOVERNANCE_REF {
            return Ok(PushedKind::Governance);
        }
        if name == POLICIES_REF {
            return Ok(PushedKind::Policy);
        }
        if let Some((_, what)) = OWN.iter().find(|(folder, _)| name.starts_with(folder)) {
            return Err(outside(name, &format!("`{name}` {what}")));
        }
        if name.starts_with("refs/gatos/journal/") {
            return JournalName::parse_ref(name)
                .map(PushedKind::Journal)
                .map_err(|error| outside(name, &error.to_string()));
        }
        let headed = |folder: &str| name.strip_prefix(folder)?.strip_suffix("/head");
        let namespace =
            |text: &str| Namespace::parse(text).map_err(|error| outside(name, &error.to_string()));
        if let Some(ns) = headed("refs/gatos/folds/") {
            return namespace(ns).map(PushedKind::Fold);
        }
        if let Some(ns) = headed("refs/gatos/epoch/") {
            return namespace(ns).map(PushedKind::Epoch);
        }
        if let Some(ns) = headed("refs/gatos/state/") {
            return namespace(ns).map(PushedKind::State);
        }
        let is_proposal = |id: &str| Ulid::parse(id).is_ok();
        if name == POLICIES_REF || name.strip_prefix(PROPOSALS).is_some_and(is_proposal) {
            return Ok(PushedKind::Paper);
        }
        Err(outside(
            name,
            &format!("`{name}` is no ref of the layout that this gate knows"),
        ))
    }
}

fn outside(name: &str, reason: &str) -> Fault {
    Fault::new(ErrorCode::BadName, name, reason).with_hint(
        "docs/formats/repository.md lists the refs; a plain `git push` names the right ones",
    )
}
