//! What a repository holds, at a glance. Tests: ../tests/it/status.rs.

use std::collections::BTreeMap;

use gatos_ledger::lock::WriterLock;
use gatos_ledger::refs;
use gatos_values::{Actor, JournalName, Namespace, Value};

use crate::fault::Outcome;
use crate::node::Node;
use crate::reply;

/// One namespace.
#[derive(Clone, Debug)]
pub struct NamespaceStatus {
    /// Its name.
    pub ns: Namespace,
    /// Journals in it.
    pub journal_count: u64,
    /// Events in them.
    pub event_count: u64,
    /// Events its newest checkpoint covers; absent when there is none.
    pub checkpoint_event_count: Option<u64>,
    /// Whether a fold is installed.
    pub has_fold: bool,
}

/// The repository.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// Id of the genesis.
    pub repository: String,
    /// Name in resource URIs.
    pub name: String,
    /// Git directory.
    pub git_dir: String,
    /// Newest governance version.
    pub governance_version: u64,
    /// Its id.
    pub gov: String,
    /// The clone's default actor.
    pub actor: Option<Actor>,
    /// Enrolled actors.
    pub actor_count: u64,
    /// Namespaces, by name.
    pub namespaces: Vec<NamespaceStatus>,
    /// Refs in quarantine.
    pub quarantine_count: u64,
    /// Who holds the writer lock, if anybody.
    pub writer: Option<String>,
}

impl StatusReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let namespaces = self
            .namespaces
            .iter()
            .map(|ns| {
                reply::object(vec![
                    ("ns", reply::text(ns.ns.as_str())),
                    ("journals", reply::count(ns.journal_count)),
                    ("events", reply::count(ns.event_count)),
                    (
                        "checkpoint_events",
                        ns.checkpoint_event_count.map_or(Value::Null, reply::count),
                    ),
                    ("fold", Value::Bool(ns.has_fold)),
                ])
            })
            .collect();
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("repo", reply::text(&self.repository)),
            ("name", reply::text(&self.name)),
            ("git_dir", reply::text(&self.git_dir)),
            ("governance_version", reply::count(self.governance_version)),
            ("gov", reply::text(&self.gov)),
            (
                "actor",
                reply::optional_text(self.actor.as_ref().map(Actor::as_str)),
            ),
            ("actors", reply::count(self.actor_count)),
            ("namespaces", Value::List(namespaces)),
            ("quarantined", reply::count(self.quarantine_count)),
            ("writer", reply::optional_text(self.writer.as_deref())),
        ])
    }
}

impl Node {
    /// Looks the repository over, without taking the writer lock.
    ///
    /// # Errors
    /// As [`Node::journal_views`].
    pub fn status(&self) -> Outcome<StatusReport> {
        let chain = self.governance()?;
        let version = chain.version();
        let mut namespaces: BTreeMap<Namespace, (u64, u64)> = BTreeMap::new();
        for view in self.journal_views(&|_| true)? {
            let entry = namespaces.entry(view.journal().ns.clone()).or_default();
            entry.0 += 1;
            entry.1 += view.count();
        }
        for (ns, _) in chain.folds() {
            namespaces.entry(ns.clone()).or_default();
        }
        let mut found = Vec::new();
        for (ns, (journal_count, event_count)) in namespaces {
            let checkpoint_event_count = match self.checkpoint_head(&ns)? {
                Some(commit) => Some(self.read_checkpoint(commit)?.checkpoint.window.count),
                None => None,
            };
            let has_fold = chain.fold_root_at(&ns, version) != gatos_values::roots::EMPTY_FOLD_ROOT;
            found.push(NamespaceStatus {
                ns,
                journal_count,
                event_count,
                checkpoint_event_count,
                has_fold,
            });
        }
        Ok(StatusReport {
            repository: chain.repository_id().to_string(),
            name: chain.repository_name().to_string(),
            git_dir: self.repository().git_dir().display().to_string(),
            governance_version: version,
            gov: chain.head().to_string(),
            actor: self.configured_actor()?,
            actor_count: chain.actors_at(version).len() as u64,
            namespaces: found,
            quarantine_count: refs::list(self.repository(), "refs/gatos/quarantine/")?.len() as u64,
            writer: WriterLock::holder(&self.repository().gatos_dir())?
                .map(|owner| owner.to_string()),
        })
    }

    /// All journals there are, by name.
    pub fn journals(&self) -> Outcome<Vec<JournalName>> {
        let mut found = Vec::new();
        for (name, _) in refs::list(self.repository(), "refs/gatos/journal/")? {
            if let Ok(journal) = JournalName::parse_ref(&name) {
                found.push(journal);
            }
        }
        Ok(found)
    }
}
