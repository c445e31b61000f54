//! What if another policy had been in force: events of the journals and recorded refusals, decided again.
//!
//! An event's request is rebuilt from its envelope and the governance version it names, as the gate filled it; where the
//! event came from is this clone's setting now. A recorded refusal holds no payload, and an old one less
//! ([`Asked`]); what hangs on the rest is told apart. The events are read once, in order, in flat memory.
//!
//! INVARIANT: the same journals, records, policy and settings give the same report.
//! Tests: ../tests/it/replay.rs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use gatos_ledger::reading::{EventReader, Selection};
use gatos_policy::audit::{Answer, Asked, Decision};
use gatos_policy::governance::Chain;
use gatos_policy::language::suite::describe;
use gatos_policy::language::{Decision as Answered, Intent, Policy, Request, Rule, TrustSnapshot};
use gatos_policy::replay::{Change, Fate, Rebuilt, Tally, Turn, Was, fate};
use gatos_values::{Actor, Envelope, ErrorCode, EventId, Namespace, Text, Ulid, Value};

use crate::Progress;
use crate::fault::Outcome;
use crate::gate::Surroundings;
use crate::node::Node;
use crate::reply;

/// After how many decisions progress is told.
const PROGRESS_STEP: u64 = 4096;

/// What a replay found.
#[derive(Clone, Debug, Default)]
pub struct ReplayReport {
    /// Events of the journals that were decided again.
    pub event_count: u64,
    /// Records of the audit journal that were decided again: refusals, and allows whose event is not here.
    pub record_count: u64,
    /// Refusals that no policy made: signatures, order, cuts. They stand.
    pub other_count: u64,
    /// Requests with the same answer as before.
    pub same_count: u64,
    /// Requests that were denied and are allowed now.
    pub newly_allowed_count: u64,
    /// Requests that were allowed and are denied now.
    pub newly_denied_count: u64,
    /// Requests that hang on something that is not on record.
    pub untold_count: u64,
    /// The changes by actor, path and rules, the most frequent first.
    pub changes: Vec<Change>,
}

impl ReplayReport {
    /// Whether every answer that can be told is as before.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.newly_allowed_count == 0 && self.newly_denied_count == 0
    }

    /// The fields of the `--json` document.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        let changes = self.changes.iter().map(|change| {
            reply::object(vec![
                ("turn", Value::from(change.turn.as_str())),
                ("actor", reply::text(&change.actor)),
                ("path", reply::text(&change.path)),
                ("before", reply::text(&change.before)),
                ("after", reply::text(&change.after)),
                ("count", reply::count(change.count)),
                ("example", reply::text(&change.example)),
            ])
        });
        vec![
            ("events", reply::count(self.event_count)),
            ("records", reply::count(self.record_count)),
            ("other", reply::count(self.other_count)),
            ("same", reply::count(self.same_count)),
            ("newly_allowed", reply::count(self.newly_allowed_count)),
            ("newly_denied", reply::count(self.newly_denied_count)),
            ("untold", reply::count(self.untold_count)),
            ("changes", Value::List(changes.collect())),
        ]
    }
}

impl Node {
    /// Decides what was decided again, under another policy.
    ///
    /// # Errors
    /// As [`Node::journal_views`] and [`Node::audit_log`].
    pub fn what_if(
        &self,
        policy: &Policy,
        ns: Option<&Namespace>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<ReplayReport> {
        let mut replay = Replay::new(self, policy)?;
        let (refusals, mut allows) = self.records_to_replay(ns, &mut replay.report)?;
        replay.events(ns, &mut allows, progress)?;
        for record in &refusals {
            replay.record(record, Was::Denied);
        }
        for record in allows.values() {
            replay.record(record, Was::Allowed);
        }
        Ok(replay.finished())
    }

    /// Records that the policy made: refusals, and allows by their event.
    fn records_to_replay(
        &self,
        ns: Option<&Namespace>,
        report: &mut ReplayReport,
    ) -> Outcome<(Vec<Decision>, BTreeMap<EventId, Decision>)> {
        let (mut refusals, mut allows) = (Vec::new(), BTreeMap::new());
        let prefix = ns.map(|ns| format!("gatos/journal/{ns}/"));
        for record in self.audit_log()? {
            let decision = record?.decision;
            let path = decision.path.as_str();
            if prefix
                .as_ref()
                .is_some_and(|prefix| !path.starts_with(prefix))
            {
                continue;
            }
            match (decision.answer, decision.event) {
                (Answer::Deny(ErrorCode::PolicyDeny | ErrorCode::CapExpired), Some(_)) => {
                    refusals.push(decision);
                }
                (Answer::Allow, Some(event)) => {
                    allows.insert(event, decision);
                }
                _ => report.other_count += 1,
            }
        }
        refusals.reverse();
        Ok((refusals, allows))
    }
}

/// What is looked up again and again.
struct Replay<'a> {
    node: &'a Node,
    policy: &'a Policy,
    chain: Arc<Chain>,
    surroundings: Surroundings,
    trusts: HashMap<u64, Arc<TrustSnapshot>>,
    /// Up to which ULID each epoch of a namespace is sealed, oldest first.
    sealed: HashMap<Namespace, Vec<Ulid>>,
    /// What was granted: by actor, version, epoch and resource.
    granted: HashMap<(Actor, u64, u64, String), Arc<HashSet<Text>>>,
    tally: Tally,
    report: ReplayReport,
}

impl<'a> Replay<'a> {
    fn new(node: &'a Node, policy: &'a Policy) -> Outcome<Replay<'a>> {
        Ok(Replay {
            node,
            policy,
            chain: node.governance()?,
            surroundings: Surroundings::local(node)?,
            trusts: HashMap::new(),
            sealed: HashMap::new(),
            granted: HashMap::new(),
            tally: Tally::default(),
            report: ReplayReport::default(),
        })
    }

    /// Every event of the journals; a record of one that is here has nothing to add.
    fn events(
        &mut self,
        ns: Option<&Namespace>,
        allows: &mut BTreeMap<EventId, Decision>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<()> {
        let prefix = match ns {
            Some(ns) => format!("gatos/journal/{ns}/"),
            None => "gatos/journal/".to_owned(),
        };
        let depth = ns.map(|_| prefix.matches('/').count() + 2);
        // A namespace is a path: `finance` must not read `finance/eu`.
        let wanted = |name: &str| {
            name.starts_with(&prefix)
                && depth.is_none_or(|depth| name.matches('/').count() == depth)
        };
        let views = self.node.journal_views(&wanted)?;
        let total = views.iter().map(|view| view.count()).sum();
        let selection = Selection {
            since: None,
            until: None,
        };
        for stored in EventReader::from_positions(self.node.repository(), views, &[], selection) {
            let event = stored?.event;
            allows.remove(&event.id());
            self.event(event.envelope(), event.id())?;
            let done = self.report.event_count;
            if done.is_multiple_of(PROGRESS_STEP) {
                progress(Progress {
                    stage: "replay",
                    done,
                    total: Some(total),
                });
            }
        }
        Ok(())
    }

    fn event(&mut self, envelope: &Envelope, id: EventId) -> Outcome<()> {
        self.report.event_count += 1;
        let version = self.chain.version_of(&envelope.gov);
        let version = version.unwrap_or(self.chain.version());
        // The same policy says the same again.
        if self.chain.policy_root_at(version) == self.policy.root() {
            self.tally.same();
            return Ok(());
        }
        let epoch = self.epoch_of(envelope)?;
        let resource = envelope.resource.to_string();
        let granted = self.granted(envelope, version, epoch, &resource);
        let caps: Vec<&str> = envelope
            .caps
            .iter()
            .filter(|cap| granted.contains(*cap))
            .map(|cap| cap.as_str())
            .collect();
        let labels: Vec<&str> = envelope.labels.iter().map(|label| label.as_str()).collect();
        let path = envelope.journal().short();
        let trust = self.trust(version);
        let surroundings = self.surroundings.clone();
        let request = Request {
            intent: Intent::Write,
            actor: Some(envelope.actor.as_str()),
            caps: Some(&caps),
            labels: Some(&labels),
            remote: Some(surroundings.remote()),
            remote_addr: Some(surroundings.remote_addr()),
            epoch: Some(epoch),
            path: Some(&path),
            resource: Some(&resource),
            payload: Some(&envelope.payload),
            trust: &trust,
        };
        let found = fate(self.policy, &request, Was::Allowed, Rebuilt::Whole);
        if found == Fate::Same {
            self.tally.same();
            return Ok(());
        }
        let before = match self.node.policy_at(&self.chain, version) {
            Ok(Some(policy)) => describe_let_in(&policy.evaluate(&request)),
            Ok(None) => "allow (the empty policy)".to_owned(),
            Err(fault) if fault.code == ErrorCode::BadPolicy => "allow".to_owned(),
            Err(fault) => return Err(fault),
        };
        self.count(found, [envelope.actor.as_str(), &path], before, || {
            id.to_string()
        });
        Ok(())
    }

    /// A record, as far as it holds its request.
    fn record(&mut self, decision: &Decision, was: Was) {
        self.report.record_count += 1;
        let version = self.chain.version_of(&decision.gov);
        let trust = self.trust(version.unwrap_or(self.chain.version()));
        let texts = |texts: &'_ [Text]| texts.iter().map(|text| text.as_str().to_owned()).collect();
        let asked: Option<&Asked> = decision.asked.as_ref();
        let caps: Vec<String> = asked.map_or_else(Vec::new, |asked| texts(&asked.caps));
        let labels: Vec<String> = asked.map_or_else(Vec::new, |asked| texts(&asked.labels));
        let caps: Vec<&str> = caps.iter().map(String::as_str).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let resource = decision.resource.as_ref().map(ToString::to_string);
        let request = Request {
            intent: decision.intent,
            actor: Some(decision.actor.as_str()),
            caps: asked.map(|_| &*caps),
            labels: asked.map(|_| &*labels),
            remote: asked.map(|asked| asked.remote.as_str()),
            remote_addr: asked.map(|asked| asked.remote_addr.as_str()),
            epoch: asked.map(|asked| asked.epoch),
            path: Some(decision.path.as_str()),
            resource: resource.as_deref(),
            payload: None,
            trust: &trust,
        };
        let mut found = fate(self.policy, &request, was, Rebuilt::InPart);
        let is_settled = decision.policy_root == self.policy.root() || self.still_fires(decision);
        if matches!(found, Fate::Untold(_)) && is_settled {
            found = Fate::Same;
        }
        let rules: Vec<&str> = decision.rule_ids.iter().map(|id| id.as_str()).collect();
        let word = match was {
            Was::Allowed => "allow",
            Was::Denied => "deny",
        };
        let before = format!("{word} ({})", rules.join(", "));
        let who = [decision.actor.as_str(), decision.path.as_str()];
        let example = decision
            .event
            .map_or_else(String::new, |event| event.to_string());
        self.count(found, who, before, || example);
    }

    /// Whether a rule that denied the request then stands in the policy as it was: what made it fire does so again.
    fn still_fires(&self, decision: &Decision) -> bool {
        let is_denied = matches!(decision.answer, Answer::Deny(ErrorCode::PolicyDeny));
        let Ok(then) = self.node.kept_policy(decision.policy_root) else {
            return false;
        };
        is_denied
            && decision.rule_ids.iter().any(|id| {
                let fired = then.rule(id.as_str());
                fired.is_some_and(|fired| {
                    self.policy.rules().iter().any(|rule| repeats(rule, fired))
                })
            })
    }

    fn count(
        &mut self,
        found: Fate,
        who: [&str; 2],
        before: String,
        example: impl FnOnce() -> String,
    ) {
        let (turn, after) = match found {
            Fate::Same => return self.tally.same(),
            Fate::NewlyAllowed(decision) => (Turn::NewlyAllowed, describe(&decision)),
            Fate::NewlyDenied(decision) => (Turn::NewlyDenied, describe(&decision)),
            Fate::Untold(part) => (Turn::Untold, part),
        };
        self.tally.changed(turn, who, [before, after], example);
    }

    /// The same as [`Node::epoch_of`], with the anchors read once.
    fn epoch_of(&mut self, envelope: &Envelope) -> Outcome<u64> {
        if !self.sealed.contains_key(&envelope.ns) {
            let anchors = self.node.epoch_list(&envelope.ns)?;
            let mut sealed: Vec<Ulid> = anchors
                .iter()
                .map(|sealed| sealed.anchor.max_ulid)
                .collect();
            sealed.sort_unstable();
            self.sealed.insert(envelope.ns.clone(), sealed);
        }
        let sealed = self.sealed.get(&envelope.ns);
        let below = sealed.map_or(0, |sealed| {
            sealed.partition_point(|max_ulid| *max_ulid < envelope.ulid)
        });
        Ok(below as u64)
    }

    fn granted(
        &mut self,
        envelope: &Envelope,
        version: u64,
        epoch: u64,
        resource: &str,
    ) -> Arc<HashSet<Text>> {
        // What claims nothing holds nothing.
        if envelope.caps.is_empty() {
            return Arc::default();
        }
        let key = (envelope.actor.clone(), version, epoch, resource.to_owned());
        let chain = &self.chain;
        let granted = self.granted.entry(key).or_insert_with(|| {
            let granted =
                chain.capabilities_at(&envelope.actor, version, epoch, &envelope.resource);
            Arc::new(granted.live.into_iter().collect())
        });
        granted.clone()
    }

    fn trust(&mut self, version: u64) -> Arc<TrustSnapshot> {
        let chain = &self.chain;
        self.trusts
            .entry(version)
            .or_insert_with(|| Arc::new(chain.trust_snapshot_at(version)))
            .clone()
    }

    fn finished(self) -> ReplayReport {
        ReplayReport {
            same_count: self.tally.same_count(),
            newly_allowed_count: self.tally.count(Turn::NewlyAllowed),
            newly_denied_count: self.tally.count(Turn::NewlyDenied),
            untold_count: self.tally.count(Turn::Untold),
            changes: self.tally.changes(),
            ..self.report
        }
    }
}

/// Whether a rule denies whatever another one denies: the same requests, and every line of it.
fn repeats(rule: &Rule, other: &Rule) -> bool {
    let lines = &other.deny_if;
    rule.when == other.when && lines.iter().all(|line| rule.deny_if.contains(line))
}

/// The decision under the policy of its time; the event was let in, whatever this clone would say now.
fn describe_let_in(decision: &Answered) -> String {
    match decision.is_allow() {
        true => describe(decision),
        false => "allow (elsewhere)".to_owned(),
    }
}
