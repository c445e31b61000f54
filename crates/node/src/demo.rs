//! The main job, once through, on a real event stream.
//!
//! A new repository, the history of a Git repository as signed events, one fold with two reducers, a
//! checkpoint, everything verified from scratch. What a person reads of it is the interface's work.
//! Tests: ../tests/it/demo.rs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gatos_fold::compile_yaml;
use gatos_values::{Actor, ErrorCode, Namespace, Segment, Value, json};

use crate::Progress;
use crate::fault::{Fault, Outcome};
use crate::folding::RunReport;
use crate::git_log::GitLogOptions;
use crate::import::ImportReport;
use crate::init::{InitOptions, InitReport};
use crate::node::{Node, NodeOptions};
use crate::reply;
use crate::verify::{VerifyReport, VerifyScope};

/// Namespace of the demo's events.
pub const DEMO_NAMESPACE: &str = "history";
/// The demo's fold, as it stands in `examples/folds/`.
pub const DEMO_FOLD_SOURCE: &str = include_str!("../../../examples/folds/history.yaml");
/// Rows shown of each table.
const ROW_COUNT_MAX: usize = 8;

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Folder of the new repository.
    pub directory: PathBuf,
    /// Repository whose history is imported.
    pub from: PathBuf,
    /// Folder of the demo's keys.
    pub home: PathBuf,
}

/// What the demo did.
#[derive(Clone, Debug)]
pub struct DemoReport {
    /// Folder of the new repository.
    pub directory: PathBuf,
    /// Folder of the demo's keys.
    pub home: PathBuf,
    /// Repository whose history was imported.
    pub from: PathBuf,
    /// The new repository.
    pub init: InitReport,
    /// The import.
    pub import: ImportReport,
    /// The run of the fold.
    pub run: RunReport,
    /// The verification.
    pub verify: VerifyReport,
    /// Top authors: name and number of commits.
    pub authors: Vec<(String, u64)>,
    /// Number of authors in all.
    pub author_count: u64,
    /// Paths last touched: path, author, time.
    pub paths: Vec<(String, String, String)>,
    /// Number of paths in all.
    pub path_count: u64,
    /// How long importing took.
    pub import_time: Duration,
    /// How long folding took.
    pub fold_time: Duration,
    /// How long verifying took.
    pub verify_time: Duration,
}

impl DemoReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let mut entries = crate::folding::roots_entries(&self.run.roots);
        entries.extend([
            ("ok", Value::Bool(true)),
            ("dir", reply::text(&self.directory.display().to_string())),
            ("from", reply::text(&self.from.display().to_string())),
            ("home", reply::text(&self.home.display().to_string())),
            ("repo", reply::text(&self.init.repository.to_string())),
            ("ns", reply::text(DEMO_NAMESPACE)),
            ("appended", reply::count(self.import.appended)),
            ("events", reply::count(self.run.event_count)),
            ("verified", reply::count(self.verify.event_count)),
            ("authors", reply::count(self.author_count)),
            ("paths", reply::count(self.path_count)),
            ("checkpoint", reply::text(&self.run.checkpoint.to_string())),
            (
                "milliseconds",
                reply::object(vec![
                    ("import", milliseconds(self.import_time)),
                    ("fold", milliseconds(self.fold_time)),
                    ("verify", milliseconds(self.verify_time)),
                ]),
            ),
        ]);
        reply::object(entries)
    }
}

fn milliseconds(time: Duration) -> Value {
    reply::count(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Runs the demo.
///
/// # Errors
/// `USAGE` when the folder is not empty, and everything the steps may say.
pub fn run(options: &DemoOptions, progress: &mut dyn FnMut(Progress<'_>)) -> Outcome<DemoReport> {
    refuse_used_folder(&options.directory)?;
    let ns = Namespace::parse(DEMO_NAMESPACE)?;
    let init = Node::init(&InitOptions {
        directory: options.directory.clone(),
        bare: false,
        name: Some(Segment::parse("demo")?),
        actor: Some(Actor::parse("user:demo")?),
        key: None,
        profile: None,
        home: Some(options.home.clone()),
    })?;
    let node = Node::open(
        &options.directory,
        NodeOptions {
            home: Some(options.home.clone()),
            ..NodeOptions::default()
        },
    )?;
    let compiled = compile_yaml(DEMO_FOLD_SOURCE).map_err(|_| {
        Fault::new(
            ErrorCode::Internal,
            "examples/folds/history.yaml",
            "the demo's own fold does not compile",
        )
    })?;
    node.fold_install(
        &ns,
        &compiled.rgf,
        Some(("history.yaml", DEMO_FOLD_SOURCE.as_bytes())),
    )?;
    let started = Instant::now();
    let import = node.import_git_log(
        &options.from,
        &ns,
        None,
        &GitLogOptions::default(),
        progress,
    )?;
    let import_time = started.elapsed();
    let started = Instant::now();
    let run = node.fold_run(&ns, progress)?;
    let fold_time = started.elapsed();
    let started = Instant::now();
    let verify = node.verify(VerifyScope::All, None, progress)?;
    let verify_time = started.elapsed();
    let authors = file(&node, &ns, "state/history/authors.json")?;
    let paths = file(&node, &ns, "state/history/paths.json")?;
    node.close_writer()?;
    Ok(DemoReport {
        directory: options.directory.clone(),
        home: options.home.clone(),
        from: options.from.clone(),
        init,
        import,
        run,
        verify,
        author_count: entry_count(&authors),
        authors: top_authors(&authors),
        path_count: entry_count(&paths),
        paths: last_paths(&paths),
        import_time,
        fold_time,
        verify_time,
    })
}

fn refuse_used_folder(directory: &Path) -> Outcome<()> {
    let used = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if !used {
        return Ok(());
    }
    Err(Fault::new(
        ErrorCode::Usage,
        directory.display().to_string(),
        format!("the folder `{}` is not empty", directory.display()),
    )
    .with_hint("give `--dir` a new folder, or leave it out for a temporary one"))
}

fn file(node: &Node, ns: &Namespace, path: &str) -> Outcome<Value> {
    let bytes = node.state_show(ns, path, None)?;
    Ok(json::decode_canonical(&bytes, bytes.len())?)
}

fn entry_count(value: &Value) -> u64 {
    value.as_map().map_or(0, |map| map.len() as u64)
}

fn top_authors(authors: &Value) -> Vec<(String, u64)> {
    let mut rows: Vec<(String, u64)> = authors
        .as_map()
        .into_iter()
        .flat_map(|map| map.iter())
        .map(|(name, count)| {
            let count = count
                .as_integer()
                .and_then(|count| u64::try_from(count).ok());
            (name.to_string(), count.unwrap_or(0))
        })
        .collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    rows.truncate(ROW_COUNT_MAX);
    rows
}

fn last_paths(paths: &Value) -> Vec<(String, String, String)> {
    let field = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut rows: Vec<(String, String, String)> = paths
        .as_map()
        .into_iter()
        .flat_map(|map| map.iter())
        .map(|(path, entry)| {
            (
                path.to_string(),
                field(entry, "author"),
                field(entry, "time"),
            )
        })
        .collect();
    rows.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    rows.truncate(ROW_COUNT_MAX);
    rows
}
