//! Doctor: what is wrong with this clone, how bad it is, the evidence, and the command that mends it.
//!
//! It looks, and changes nothing. Judged here: Git's version and settings, hooks, refs (stray names, journals
//! that were rewritten or deleted), the write-ahead log, packs and loose objects, keys at hand, quarantine.
//! Verifying every signature is `verify`'s work. Tests: ../tests/it/doctor.rs.

use gatos_ledger::settings;
pub use gatos_ledger::settings::Severity;
use gatos_ledger::{hooks, refs, upkeep, wal};
use gatos_values::{ErrorCode, JournalName, Value};

use crate::fault::{Fault, Outcome};
use crate::governance;
use crate::node::Node;
use crate::reply;

/// One thing the operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Which check.
    pub check: &'static str,
    /// What it is about.
    pub resource: String,
    /// What was seen.
    pub evidence: String,
    /// The command that mends it.
    pub mend: String,
}

impl Finding {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("severity", reply::text(self.severity.as_str())),
            ("check", reply::text(self.check)),
            ("resource", reply::text(&self.resource)),
            ("evidence", reply::text(&self.evidence)),
            ("mend", reply::text(&self.mend)),
        ])
    }
}

/// What the doctor found.
#[derive(Clone, Debug, Default)]
pub struct DoctorReport {
    /// Checks made, in order.
    pub checks: Vec<&'static str>,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
}

impl DoctorReport {
    /// True when nothing is wrong; remarks do not count.
    pub fn is_healthy(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity == Severity::Info)
    }

    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(self.is_healthy())),
            (
                "checks",
                Value::List(self.checks.iter().map(|check| reply::text(check)).collect()),
            ),
            (
                "findings",
                Value::List(self.findings.iter().map(Finding::to_value).collect()),
            ),
        ])
    }

    /// The same, worst first.
    pub(crate) fn sorted(mut self) -> DoctorReport {
        self.findings
            .sort_by(|a, b| b.severity.cmp(&a.severity).then(a.check.cmp(b.check)));
        self
    }

    pub(crate) fn add(
        &mut self,
        severity: Severity,
        check: &'static str,
        resource: impl Into<String>,
        evidence: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.findings.push(Finding {
            severity,
            check,
            resource: resource.into(),
            evidence: evidence.into(),
            mend: mend.into(),
        });
    }

    fn fault(&mut self, check: &'static str, fault: &Fault) {
        self.add(
            Severity::Error,
            check,
            fault.resource.clone(),
            format!("{}: {}", fault.code.as_str(), fault.reason),
            fault.hint.clone(),
        );
    }
}

impl Node {
    /// Examines the clone.
    ///
    /// # Errors
    /// Only when nothing can be examined at all.
    pub fn doctor(&self) -> Outcome<DoctorReport> {
        let mut report = DoctorReport::default();
        for (name, check) in CHECKS {
            report.checks.push(name);
            if let Err(fault) = check(self, &mut report) {
                report.fault(name, &fault);
            }
        }
        Ok(report.sorted())
    }

    fn check_git(&self, report: &mut DoctorReport) -> Outcome<()> {
        let program = self.repository().program()?;
        report.add(
            Severity::Info,
            "git",
            "git",
            format!("version {}", program.version()),
            "nothing to do",
        );
        Ok(())
    }

    fn check_settings(&self, report: &mut DoctorReport) -> Outcome<()> {
        for finding in settings::inspect(self.repository())? {
            let have = finding.have.as_deref().unwrap_or("not set").to_owned();
            report.add(
                finding.severity,
                "settings",
                finding.key,
                format!("is `{have}`, should be `{}`: {}", finding.want, finding.why),
                finding.mend,
            );
        }
        Ok(())
    }

    fn check_hooks(&self, report: &mut DoctorReport) -> Outcome<()> {
        for finding in hooks::inspect(self.repository())? {
            report.add(
                Severity::Warning,
                "hooks",
                finding.hook,
                finding.evidence,
                finding.mend,
            );
        }
        Ok(())
    }

    fn check_governance(&self, report: &mut DoctorReport) -> Outcome<()> {
        let head = governance::head(self.repository())?;
        let chain = governance::load(self.repository(), head)?;
        report.add(
            Severity::Info,
            "governance",
            governance::GOVERNANCE_REF,
            format!("{} version(s), all signatures good", chain.version() + 1),
            "nothing to do",
        );
        Ok(())
    }

    fn check_refs(&self, report: &mut DoctorReport) -> Outcome<()> {
        for (name, _) in refs::list(self.repository(), "refs/gatos/journal/")? {
            if let Err(error) = JournalName::parse_ref(&name) {
                report.add(
                    Severity::Warning,
                    "refs",
                    name.clone(),
                    format!("is no journal: {error}"),
                    format!("git update-ref -d {}", shell_word(&name)),
                );
            }
        }
        for known in gatos_ledger::reading::known_journals(self.repository())? {
            let name = known.journal.ref_name();
            match refs::read(self.repository(), &name)? {
                None => report.add(
                    Severity::Error,
                    "refs",
                    name.clone(),
                    format!(
                        "{}: the journal was deleted; {} event(s) had been admitted",
                        ErrorCode::FfViolation.as_str(),
                        known.count
                    ),
                    format!("git update-ref {name} {}", known.commit),
                ),
                Some(tip) if !self.contains(tip, known.commit)? => report.add(
                    Severity::Error,
                    "refs",
                    name.clone(),
                    format!(
                        "{}: the ref points at {tip}, which does not contain the admitted commit {}",
                        ErrorCode::FfViolation.as_str(),
                        known.commit
                    ),
                    format!("git update-ref {name} {} {tip}", known.commit),
                ),
                Some(_) => {}
            }
        }
        for (name, _) in gatos_ledger::quarantine::list(self.repository())? {
            let is_settled = gatos_ledger::quarantine::is_settled(self.repository(), &name)?;
            let (severity, evidence) = match is_settled {
                true => (
                    Severity::Info,
                    "governance chose between the branches that are set aside here",
                ),
                false => (Severity::Warning, "events are set aside here"),
            };
            report.add(
                severity,
                "quarantine",
                name.clone(),
                evidence,
                format!("git show {}", shell_word(&format!("{name}:report.json"))),
            );
        }
        Ok(())
    }

    /// True when `older` is `tip` or an ancestor of it, on single parents.
    fn contains(
        &self,
        tip: gatos_ledger::ObjectId,
        older: gatos_ledger::ObjectId,
    ) -> Outcome<bool> {
        let reader = gatos_ledger::objects::Reader::new(self.repository());
        for walked in reader.walk_back(tip, None) {
            if walked?.id == older {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn check_epochs(&self, report: &mut DoctorReport) -> Outcome<()> {
        for ns in self.epoch_namespaces()? {
            let name = crate::epochs::epoch_ref(&ns);
            match self.epoch_list(&ns) {
                Ok(anchors) => report.add(
                    Severity::Info,
                    "epochs",
                    name,
                    format!("{} epoch(s) sealed", anchors.len()),
                    "nothing to do",
                ),
                Err(fault) => report.add(
                    Severity::Error,
                    "epochs",
                    name,
                    format!("{}: {}", fault.code.as_str(), fault.reason),
                    "gatos sync",
                ),
            }
        }
        Ok(())
    }

    fn check_log(&self, report: &mut DoctorReport) -> Outcome<()> {
        let Some(log) = wal::inspect(&self.repository().gatos_dir().join("wal"))? else {
            return Ok(());
        };
        report.add(
            Severity::Info,
            "write-ahead log",
            "wal",
            format!(
                "{} segment(s), {} call(s) not released yet with {} event(s)",
                log.segment_count, log.frame_count, log.event_count
            ),
            "the next write, such as `gatos sync`, makes visible what is not",
        );
        if let Some(tail) = log.dropped {
            report.add(
                Severity::Info,
                "write-ahead log",
                tail.path.display().to_string(),
                format!(
                    "a call at byte {} was cut short before it was acknowledged",
                    tail.position
                ),
                "nothing to do: the next write goes on from there",
            );
        }
        Ok(())
    }

    fn check_packs(&self, report: &mut DoctorReport) -> Outcome<()> {
        let counts = upkeep::count(self.repository())?;
        let severity = if counts.pack_count >= 4 * upkeep::PACK_COUNT_MAX {
            Severity::Warning
        } else {
            Severity::Info
        };
        report.add(
            severity,
            "packs",
            "objects",
            format!(
                "{} pack(s), {} loose object(s)",
                counts.pack_count, counts.loose_count
            ),
            "writes fold packs by themselves; `git repack -d --geometric=2` does it now",
        );
        Ok(())
    }

    fn check_keys(&self, report: &mut DoctorReport) -> Outcome<()> {
        let Some(actor) = self.configured_actor()? else {
            report.add(
                Severity::Info,
                "keys",
                "gatos.actor",
                "this clone has no default actor: it can read and verify; to write, name an actor and key",
                "git config gatos.actor user:<name>",
            );
            return Ok(());
        };
        let chain = self.governance()?;
        match self.acting_key(&chain, Some(&actor), None) {
            Ok(acting) => report.add(
                Severity::Info,
                "keys",
                actor.as_str(),
                format!("key {} is at hand", acting.key),
                "nothing to do",
            ),
            Err(fault) => report.add(
                Severity::Warning,
                "keys",
                actor.as_str(),
                fault.reason,
                fault.hint,
            ),
        }
        Ok(())
    }
}

/// A word of a command that may be pasted into a shell, whatever the name in it was chosen for.
fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-@".contains(&byte);
    match text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// A check with its name.
type Check = (&'static str, fn(&Node, &mut DoctorReport) -> Outcome<()>);

const CHECKS: [Check; 9] = [
    ("git", Node::check_git),
    ("settings", Node::check_settings),
    ("hooks", Node::check_hooks),
    ("governance", Node::check_governance),
    ("refs", Node::check_refs),
    ("epochs", Node::check_epochs),
    ("write-ahead log", Node::check_log),
    ("packs", Node::check_packs),
    ("keys", Node::check_keys),
];
