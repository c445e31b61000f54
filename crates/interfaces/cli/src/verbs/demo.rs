//! `gatos demo`: the main job once through, told as a short story.

use crate::console::{Answer, Console, Ending};
use crate::faults;
use crate::manual::{Manual, Reply, example, field};
use crate::moment::duration_text;
use crate::table::{Side, Table, cut};
use crate::text::{Text, Tone, counted, grouped, shell_word};
use crate::verbs::{self, fold::roots_text};
use gatos_node::Outcome;
use gatos_node::demo::{self, DEMO_NAMESPACE, DemoOptions, DemoReport};
use gatos_node::keys::KeyStore;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "demo",
    examples: &[
        example("see it work on the Git history here", "gatos demo"),
        example(
            "on another history, in a folder to keep",
            "gatos demo --from ~/src/linux --dir ./linux-ledger",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: everything was made and verified"),
        field("dir", "the new repository"),
        field(
            "home",
            "folder of its keys; what `GATOS_HOME` must be to sign there",
        ),
        field("from", "the repository whose history was imported"),
        field("repo", "id of the new repository"),
        field("ns", "namespace of the events"),
        field("appended", "events made of commits"),
        field("events", "events in the state"),
        field(
            "verified",
            "events verified from scratch, signatures included",
        ),
        field("authors", "how many authors the state counts"),
        field("paths", "how many paths the state knows"),
        field("state_root", "Merkle root over the state files"),
        field("inputs_root", "Merkle root over the event ids"),
        field("policy_root", "SHA-256 of the policy"),
        field("fold_root", "SHA-256 of the fold"),
        field("checkpoint", "Git commit of the checkpoint"),
        field(
            "milliseconds",
            "how long each step took: `{import, fold, verify}`",
        ),
    ]),
    no_when: "something does not hold",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder of the new repository; its keys go to your key folder [default: a new temporary folder for both]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Git repository whose history to import
    #[arg(long, value_name = "REPO", default_value = verbs::HERE, hide_default_value = true)]
    from: PathBuf,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let (directory, home) = folders(self.dir)?;
        let options = DemoOptions {
            directory,
            from: self.from,
            home,
        };
        let mut bars = console.bars();
        let told = demo::run(&options, &mut |progress| bars.draw(progress));
        bars.finish();
        let report = with_full_paths(told?);
        console.show(&report.to_value(), &story(&report))?;
        Ok(Answer::Yes)
    }
}

/// A story that says `.` helps nobody who reads it elsewhere.
fn with_full_paths(report: DemoReport) -> DemoReport {
    let full = |path: PathBuf| fs::canonicalize(&path).unwrap_or(path);
    DemoReport {
        directory: full(report.directory),
        home: full(report.home),
        from: full(report.from),
        ..report
    }
}

/// Folder of the repository and folder of the keys.
///
/// A repository to keep gets keys that are kept, so that the next command can sign; a throw-away one
/// leaves no trace in the user's key folder.
fn folders(wanted: Option<PathBuf>) -> Outcome<(PathBuf, PathBuf)> {
    match wanted {
        Some(directory) => Ok((directory, own_home()?)),
        None => {
            let parent = new_temporary_folder()?;
            Ok((parent.join("ledger"), parent.join("home")))
        }
    }
}

/// The user's own folder of keys and settings.
fn own_home() -> Outcome<PathBuf> {
    let keys = KeyStore::open(None)?;
    Ok(keys
        .directory()
        .parent()
        .unwrap_or(keys.directory())
        .to_owned())
}

/// A folder nobody else has, readable by nobody else where the system knows such a thing.
fn new_temporary_folder() -> Outcome<PathBuf> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = format!(
        "gatos-demo-{}-{:x}",
        std::process::id(),
        since.subsec_nanos()
    );
    let path = std::env::temp_dir().join(name);
    private_folder(&path).map_err(|error| faults::unwritable(&path, &error))?;
    Ok(path)
}

#[cfg(unix)]
fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> std::io::Result<()> {
    fs::create_dir(path)
}

/// The whole story, a part a screenful.
fn story(report: &DemoReport) -> Text {
    Text::new()
        .then(beginning(report))
        .then(authors(report))
        .then(paths(report))
        .then(proof(report))
        .then(further(report))
}

fn beginning(report: &DemoReport) -> Text {
    let events = report.import.appended;
    Text::new()
        .say("A repository was made in ")
        .strong(report.directory.display())
        .say(",\nwith a key for ")
        .foreign(&report.init.actor)
        .say(" and a genesis that enrols it.\n\n")
        .say(format!("{} of ", counted(events, "commit", "commits")))
        .foreign(report.from.display())
        .say(" became signed events\n")
        .say(format!(
            "in {} ({}).\n",
            duration(report.import_time),
            per_second(events, report.import_time)
        ))
        .say(format!(
            "One fold with two reducers turned {} into state in {} ({}).\n",
            counted(report.run.event_count, "event", "events"),
            duration(report.fold_time),
            per_second(report.run.event_count, report.fold_time)
        ))
        .say(format!(
            "Then everything was verified from scratch, every signature included, in {}.\n",
            duration(report.verify_time)
        ))
}

/// Columns a name or path may take in the story's tables.
const CELL_WIDTH_MAX: usize = 48;

fn authors(report: &DemoReport) -> Text {
    let mut table =
        Table::new(&[("author", Side::Left), ("commits", Side::Right)]).cut_at(CELL_WIDTH_MAX);
    for (author, commits) in &report.authors {
        table.row([author.clone(), grouped(*commits)]);
    }
    heading(
        "Who wrote the most",
        report.authors.len(),
        report.author_count,
    )
    .then(table.text(2))
}

fn paths(report: &DemoReport) -> Text {
    let mut table = Table::new(&[
        ("path", Side::Left),
        ("last author", Side::Left),
        ("time", Side::Left),
    ])
    .cut_at(CELL_WIDTH_MAX);
    for (path, author, time) in &report.paths {
        table.row([path.clone(), author.clone(), cut(time, CELL_WIDTH_MAX)]);
    }
    heading("What changed last", report.paths.len(), report.path_count).then(table.text(2))
}

fn heading(words: &str, shown: usize, all: u64) -> Text {
    let count = format!(" ({} of {})", shown, grouped(all));
    Text::new().end().strong(words).faint(count).end()
}

fn proof(report: &DemoReport) -> Text {
    Text::new()
        .end()
        .strong("The four roots")
        .faint(" (same events, same policy, same fold: the same bytes on any machine)")
        .end()
        .then(roots_text(&report.run.roots))
        .field("checkpoint", report.run.checkpoint)
        .toned(Tone::Good, "  verified      ")
        .say(format!(
            "{}, {}, {}\n",
            counted(report.verify.event_count, "event", "events"),
            counted(report.verify.journal_count, "journal", "journals"),
            counted(report.verify.state_count, "state", "states")
        ))
}

/// Commands to go on with; they run as they stand.
fn further(report: &DemoReport) -> Text {
    let ns = DEMO_NAMESPACE;
    let mut lines = vec![format!("cd {}", shell_word(&report.directory))];
    let own_home = own_home().map(|home| fs::canonicalize(&home).unwrap_or(home));
    if own_home.as_ref() != Ok(&report.home) {
        lines.push(format!("export GATOS_HOME={}", shell_word(&report.home)));
    }
    lines.extend([
        "gatos status".to_owned(),
        format!("gatos event log --ns {ns} --limit 3"),
        format!("gatos state show --ns {ns} state/history/authors.json"),
        format!("gatos event append --ns {ns} --type note.made --payload '{{\"text\":\"hello\"}}'"),
        format!("gatos fold run --ns {ns} && gatos state diff --ns {ns}"),
        "gatos verify".to_owned(),
        "git log --oneline -3 refs/gatos/state/history/head".to_owned(),
        "git fsck --strict".to_owned(),
    ]);
    let head = Text::new().end().strong("Go on exploring").end();
    lines
        .iter()
        .fold(head, |text, line| text.say("  ").foreign(line).end())
}

fn duration(time: Duration) -> String {
    duration_text(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// `12,345 a second`.
fn per_second(count: u64, time: Duration) -> String {
    let milliseconds = time.as_millis().max(1);
    let rate = u128::from(count) * 1000 / milliseconds;
    format!(
        "{} a second",
        grouped(u64::try_from(rate).unwrap_or(u64::MAX))
    )
}
