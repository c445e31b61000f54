//! Bringing many events in: JSON lines by the million, and the history of any Git repository.
//!
//! Both are streams of intents, appended in batches and acknowledged durable; the background thread makes
//! them visible, and the last batch waits for that. Running an import of a Git history twice adds nothing,
//! since each event's idempotency key is its commit id.
//! Tests: ../tests/it/import.rs.

use std::io::BufRead;
use std::path::Path;

use gatos_ledger::Writer;
use gatos_values::{
    Actor, ErrorCode, EventType, IdempotencyKey, Namespace, Ulid, Value, hex, json,
};

use crate::Progress;
use crate::append::{Acknowledgement, Appended, Intent};
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::git_log::{GitCommitRecord, GitLog, GitLogOptions};
use crate::node::Node;
use crate::reply;

/// Lines or commits appended by one call.
const BATCH_LEN: usize = 1024;
/// Longest line of JSON lines, in bytes: the largest envelope and room for white space.
const LINE_SIZE_MAX: u64 = 1 << 20;
/// Event type of an imported commit.
pub const GIT_COMMIT_TYPE: &str = "git.commit";
/// Actor of imported Git histories, unless another is named.
pub const GIT_LOG_ACTOR: &str = "service:git-log";

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Events appended.
    pub appended: u64,
    /// Events that were there before.
    pub duplicates: u64,
}

impl ImportReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("appended", reply::count(self.appended)),
            ("duplicates", reply::count(self.duplicates)),
        ])
    }

    fn add(&mut self, appended: &[Appended]) {
        for one in appended {
            if one.duplicate {
                self.duplicates += 1;
            } else {
                self.appended += 1;
            }
        }
    }
}

impl Node {
    /// Appends events from lines `{type, payload, ulid?, idem?, actor?}`.
    ///
    /// # Errors
    /// On a bad line: its fault with `line` (from 1) and what was appended before; nothing of that line's
    /// batch is appended.
    pub fn import_jsonl(
        &self,
        ns: &Namespace,
        actor: Option<&Actor>,
        input: &mut dyn BufRead,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<ImportReport> {
        self.writer()?.start_background();
        let mut report = ImportReport::default();
        let mut batch: Vec<Intent> = Vec::with_capacity(BATCH_LEN);
        let mut line = Vec::new();
        let mut line_number = 0_u64;
        let mut batch_first_line = 1_u64;
        loop {
            line.clear();
            let read = std::io::Read::take(&mut *input, LINE_SIZE_MAX + 1)
                .read_until(b'\n', &mut line)
                .map_err(|error| {
                    Fault::new(
                        ErrorCode::Io,
                        "",
                        format!("the input cannot be read: {error}"),
                    )
                })?;
            if read == 0 {
                break;
            }
            line_number += 1;
            let intent = parse_line(ns, actor, &line)
                .map_err(|fault| on_line(fault, line_number, &report))?;
            if let Some(intent) = intent {
                batch.push(intent);
            }
            if batch.len() == BATCH_LEN {
                self.append_lines(&mut batch, batch_first_line, line_number, &mut report)?;
                batch_first_line = line_number + 1;
                progress(Progress {
                    stage: "import",
                    done: report.appended + report.duplicates,
                    total: None,
                });
            }
        }
        self.append_lines(&mut batch, batch_first_line, line_number, &mut report)?;
        self.finish_import()?;
        Ok(report)
    }

    fn append_lines(
        &self,
        batch: &mut Vec<Intent>,
        first_line: u64,
        last_line: u64,
        report: &mut ImportReport,
    ) -> Outcome<()> {
        let appended = self
            .append(batch, Acknowledgement::Durable)
            .map_err(|fault| {
                let lines = format!("lines {first_line} to {last_line}: {}", fault.reason);
                let appended = report.appended;
                Fault {
                    reason: lines,
                    ..fault
                }
                .with_detail("line", reply::count(first_line))
                .with_detail("appended", reply::count(appended))
            })?;
        report.add(&appended);
        batch.clear();
        Ok(())
    }

    /// Makes an import visible and folds packs if there are many.
    fn finish_import(&self) -> Outcome<()> {
        let writer = self.writer()?;
        writer.flush()?;
        writer.upkeep()?;
        Ok(())
    }

    /// Turns the history of a Git repository into `git.commit` events, oldest first.
    ///
    /// # Errors
    /// What `git` said of the source; everything [`Node::append`] may say.
    pub fn import_git_log(
        &self,
        source: &Path,
        ns: &Namespace,
        actor: Option<&Actor>,
        options: &GitLogOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<ImportReport> {
        let actor = match actor {
            Some(actor) => actor.clone(),
            None => self.git_log_actor()?,
        };
        let writer = self.writer()?;
        writer.start_background();
        let mut log = GitLog::open(source, options)?;
        let total = log.commit_count();
        let mut report = ImportReport::default();
        // Commits that are there already are not even read: to import again costs the listing.
        let mut failure = None;
        log.retain(|id| match imported(&writer, ns, &actor, id) {
            Ok(is_there) => {
                report.duplicates += u64::from(is_there);
                !is_there
            }
            Err(fault) => {
                failure.get_or_insert(fault);
                true
            }
        });
        if let Some(fault) = failure {
            return Err(fault);
        }
        let mut batch: Vec<Intent> = Vec::with_capacity(BATCH_LEN);
        let mut last_ms = self.last_imported_ms(ns, &actor)?;
        let event_type = EventType::parse(GIT_COMMIT_TYPE).expect("the constant is a type");
        for record in log {
            let record = record?;
            let idem = IdempotencyKey::parse(&record.commit_hex())?;
            let ulid = ulid_of(&record, &mut last_ms);
            let mut intent = Intent::new(ns.clone(), event_type.clone(), record.payload);
            intent.actor = Some(actor.clone());
            intent.idem = Some(idem);
            intent.ulid = Some(ulid);
            batch.push(intent);
            if batch.len() == BATCH_LEN {
                report.add(&self.append(&batch, Acknowledgement::Durable)?);
                batch.clear();
                progress(Progress {
                    stage: "import",
                    done: report.appended + report.duplicates,
                    total: Some(total),
                });
            }
        }
        report.add(&self.append(&batch, Acknowledgement::Durable)?);
        progress(Progress {
            stage: "import",
            done: report.appended + report.duplicates,
            total: Some(total),
        });
        self.finish_import()?;
        Ok(report)
    }

    /// The actor of imported histories, enrolled with a key of its own at the first import.
    fn git_log_actor(&self) -> Outcome<Actor> {
        let actor = Actor::parse(GIT_LOG_ACTOR)?;
        let chain = self.governance()?;
        if chain.keys_of(&actor, chain.version()).is_empty() {
            let public = self.keys().generate()?;
            self.enrol(&actor, &public)?;
        }
        Ok(actor)
    }

    /// Time of the newest event of the actor's journals in the namespace.
    fn last_imported_ms(&self, ns: &Namespace, actor: &Actor) -> Outcome<Option<u64>> {
        let chain = self.governance()?;
        let acting = self.acting_key(&chain, Some(actor), None)?;
        let journal = gatos_values::JournalName {
            ns: ns.clone(),
            actor: actor.clone(),
            key: acting.key,
        };
        Ok(self.writer()?.tip(&journal)?.map(|tip| tip.ulid.time_ms()))
    }
}

/// Whether an event stands for this commit. It keeps its ULID, so it does not push the clock of new ones.
fn imported(writer: &Writer, ns: &Namespace, actor: &Actor, id: &[u8]) -> Outcome<bool> {
    let idem = IdempotencyKey::parse(&hex::encode(id))?;
    Ok(writer.find_idempotency_key(ns, actor, &idem)?.is_some())
}

/// Commit time made rising, with random bits from the commit id: the same history gives the same ULIDs.
///
/// A commit that claims to be from the future gets this machine's time, as every event of the future would
/// be refused.
fn ulid_of(record: &GitCommitRecord, last_ms: &mut Option<u64>) -> Ulid {
    let claimed = (record.time_seconds * 1000).min(clock::now_ms());
    let time_ms = match *last_ms {
        Some(last) => claimed.max(last + 1),
        None => claimed,
    };
    *last_ms = Some(time_ms);
    Ulid::from_parts(time_ms, record.random_bits())
        .expect("times below 2^34 s and 80 bits of a commit id fit a ULID")
}

fn parse_line(ns: &Namespace, actor: Option<&Actor>, line: &[u8]) -> Outcome<Option<Intent>> {
    let trimmed = line.trim_ascii();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let limit = usize::try_from(LINE_SIZE_MAX).unwrap_or(usize::MAX);
    let value = json::decode_strict(trimmed, limit)?;
    let bad = |reason: String| {
        Fault::new(ErrorCode::BadEvent, ns.as_str(), reason)
            .with_hint("a line is {\"type\":…, \"payload\":…} with optional ulid, idem, actor")
    };
    let Value::Map(map) = value else {
        return Err(bad("the line is not a JSON object".to_owned()));
    };
    let mut intent_type = None;
    let mut payload = None;
    let mut ulid = None;
    let mut idem = None;
    let mut named_actor = actor.cloned();
    for (key, value) in map {
        match (key.as_str(), value) {
            ("payload", value) => payload = Some(value),
            ("type", Value::Text(text)) => intent_type = Some(EventType::parse(&text)?),
            ("ulid", Value::Text(text)) => ulid = Some(Ulid::parse(&text)?),
            ("idem", Value::Text(text)) => idem = Some(IdempotencyKey::parse(&text)?),
            ("actor", Value::Text(text)) => named_actor = Some(Actor::parse(&text)?),
            ("type" | "ulid" | "idem" | "actor", _) => {
                return Err(bad(format!("`{key}` is not a string")));
            }
            _ => return Err(bad(format!("unknown field `{key}`"))),
        }
    }
    let event_type = intent_type.ok_or_else(|| bad("`type` is missing".to_owned()))?;
    let payload = payload.ok_or_else(|| bad("`payload` is missing".to_owned()))?;
    let mut intent = Intent::new(ns.clone(), event_type, payload);
    intent.ulid = ulid;
    intent.idem = idem;
    intent.actor = named_actor;
    Ok(Some(intent))
}

fn on_line(fault: Fault, line: u64, report: &ImportReport) -> Fault {
    Fault {
        reason: format!("line {line}: {}", fault.reason),
        ..fault
    }
    .with_detail("line", reply::count(line))
    .with_detail("appended", reply::count(report.appended))
}
