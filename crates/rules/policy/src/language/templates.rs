//! Policies to start from, each with the suite that tests it.
//!
//! The texts lie in `templates/`; they are shipped as they stand, comments included.
//!
//! INVARIANT: every template compiles without a warning, is in the one layout but for its comments, passes its suite, and
//! its suite sees every outcome and notices every mutant that a request can tell.
//! Tests: tests/it/language/templates.rs.

/// A policy to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// The `.rgs`.
    pub policy: &'static str,
    /// The suite.
    pub suite: &'static str,
}

/// Every template.
pub const TEMPLATES: [Template; 3] = [
    Template {
        name: "minimal",
        summary: "nothing but what a capability allows",
        policy: include_str!("../../templates/minimal.rgs"),
        suite: include_str!("../../templates/minimal.test.yaml"),
    },
    Template {
        name: "regulated",
        summary: "levels, two approvals for exports and changes, records, grants that end",
        policy: include_str!("../../templates/regulated.rgs"),
        suite: include_str!("../../templates/regulated.test.yaml"),
    },
    Template {
        name: "airgapped",
        summary: "the inner network only, and no export",
        policy: include_str!("../../templates/airgapped.rgs"),
        suite: include_str!("../../templates/airgapped.test.yaml"),
    },
];

/// The template of this name.
#[must_use]
pub fn template(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}
