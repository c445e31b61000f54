//! The judge: what stock `git` shows of a repository, held against what was acknowledged.
//!
//! It reads journals with `git log` and takes events apart with `serde_json`; of ours it uses only the hash
//! of an envelope. It remembers each ref between looks, so that it sees one move backwards.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use gatos_node::VerifyScope;
use gatos_values::EventId;

use crate::lanes::Acknowledged;
use crate::scene::Scene;
use crate::stock;

/// One journal as last seen.
#[derive(Default)]
struct Journal {
    tip: String,
    last_event: Option<String>,
    last_ulid: String,
}

/// Everything known of one repository.
#[derive(Default)]
pub struct Books {
    journals: BTreeMap<String, Journal>,
    /// Commit of each event seen in a journal.
    commits: HashMap<String, String>,
    /// Places seen of each call, and how many there must be.
    calls: HashMap<String, (Vec<u64>, u64)>,
    acknowledged: Vec<Acknowledged>,
    governance: Option<String>,
}

impl Books {
    pub fn note(&mut self, acknowledged: Vec<Acknowledged>) {
        self.acknowledged.extend(acknowledged);
    }

    pub fn event_count(&self) -> usize {
        self.commits.len()
    }

    pub fn acknowledged_count(&self) -> usize {
        let ids: std::collections::HashSet<&str> = self
            .acknowledged
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        ids.len()
    }

    /// What must hold at any instant, also before recovery: refs moved forward only, what was acknowledged as
    /// visible is there, and what is there is a signed chain.
    pub fn check_untouched(&mut self, repository: &Path) -> Result<(), String> {
        self.read(repository)?;
        self.check_acknowledged(|one| one.visible)
    }

    /// What must hold once a writer has recovered: everything that was acknowledged is there, once; no call
    /// is half there; nothing lies about; Git and our own verification find nothing wrong.
    pub fn check_recovered(&mut self, scene: &Scene) -> Result<(), String> {
        wait_for_orphans(scene.repository());
        self.read(scene.repository())?;
        self.check_acknowledged(|_| true)?;
        self.check_whole_calls()?;
        check_nothing_set_aside(scene.repository())?;
        check_no_leftovers(scene.repository())?;
        fsck_when_quiet(scene.repository())
            .map_err(|complaint| format!("git fsck: {complaint}"))?;
        let verified = scene
            .node()
            .verify(VerifyScope::All, None, &mut |_| {})
            .map_err(|fault| format!("verify: {fault}"))?;
        if verified.event_count != self.commits.len() as u64 {
            return Err(format!(
                "verify counts {} events, git log shows {}",
                verified.event_count,
                self.commits.len()
            ));
        }
        Ok(())
    }

    /// Takes in what is new since the last look.
    fn read(&mut self, repository: &Path) -> Result<(), String> {
        let listed = stock::git_text(
            repository,
            &[
                "for-each-ref",
                "--format=%(refname) %(objectname)",
                "refs/gatos/journal",
                "refs/gatos/governance",
            ],
        )?;
        let mut refs: BTreeMap<&str, &str> = listed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        let governance = refs.remove("refs/gatos/governance").map(str::to_owned);
        if self.governance.is_some() && self.governance != governance {
            return Err(format!(
                "governance moved from {:?} to {governance:?}",
                self.governance
            ));
        }
        self.governance = governance;
        if let Some(gone) = self
            .journals
            .keys()
            .find(|name| !refs.contains_key(name.as_str()))
        {
            return Err(format!("the ref {gone} is gone"));
        }
        for (name, tip) in refs {
            self.read_journal(repository, name, tip)?;
        }
        Ok(())
    }

    fn read_journal(&mut self, repository: &Path, name: &str, tip: &str) -> Result<(), String> {
        let mut journal = self.journals.remove(name).unwrap_or_default();
        if journal.tip != tip {
            let range = match journal.tip.is_empty() {
                true => tip.to_owned(),
                false => format!("{}..{tip}", journal.tip),
            };
            let log = stock::git_text(
                repository,
                &[
                    "log",
                    "--reverse",
                    "--topo-order",
                    "--format=%H%x01%P%x01%B%x02",
                    &range,
                    "--",
                ],
            )?;
            for entry in log
                .split('\u{2}')
                .map(str::trim_start)
                .filter(|entry| !entry.is_empty())
            {
                self.take_in(&mut journal, entry)
                    .map_err(|complaint| format!("{name}: {complaint}"))?;
            }
            if journal.tip != tip {
                // `A..B` is empty or branches off elsewhere when B does not contain A.
                return Err(format!(
                    "{name} moved from {} to {tip}, which does not continue it",
                    journal.tip
                ));
            }
        }
        self.journals.insert(name.to_owned(), journal);
        Ok(())
    }

    /// One commit, which must continue its journal.
    fn take_in(&mut self, journal: &mut Journal, entry: &str) -> Result<(), String> {
        let mut parts = entry.splitn(3, '\u{1}');
        let (Some(commit), Some(parents), Some(message)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("git log printed `{entry}`"));
        };
        if parents != journal.tip {
            return Err(format!(
                "commit {commit} has the parents `{parents}`, not `{}`",
                journal.tip
            ));
        }
        let line = message.lines().nth(2).unwrap_or_default();
        let envelope: serde_json::Value =
            serde_json::from_str(line).map_err(|error| format!("commit {commit}: {error}"))?;
        let id = EventId::of_envelope(line.as_bytes()).to_string();
        if envelope["prev"].as_str() != journal.last_event.as_deref() {
            return Err(format!(
                "event {id} names {} as the one before it",
                envelope["prev"]
            ));
        }
        let ulid = envelope["ulid"].as_str().unwrap_or_default().to_owned();
        if ulid <= journal.last_ulid {
            return Err(format!("ULID {ulid} follows {}", journal.last_ulid));
        }
        if let Some(other) = self.commits.insert(id.clone(), commit.to_owned()) {
            return Err(format!("event {id} is there twice: {other} and {commit}"));
        }
        self.note_place(&envelope["payload"])?;
        *journal = Journal {
            tip: commit.to_owned(),
            last_event: Some(id),
            last_ulid: ulid,
        };
        Ok(())
    }

    fn note_place(&mut self, payload: &serde_json::Value) -> Result<(), String> {
        let (Some(call), Some(index), Some(of)) = (
            payload["call"].as_str(),
            payload["index"].as_u64(),
            payload["of"].as_u64(),
        ) else {
            return Ok(());
        };
        let (places, _) = self
            .calls
            .entry(call.to_owned())
            .or_insert((Vec::new(), of));
        if places.contains(&index) {
            return Err(format!("place {index} of call {call} is there twice"));
        }
        places.push(index);
        Ok(())
    }

    fn check_acknowledged(&self, wanted: impl Fn(&Acknowledged) -> bool) -> Result<(), String> {
        let mut missing = self
            .acknowledged
            .iter()
            .filter(|one| wanted(one) && self.commits.get(&one.id) != Some(&one.commit));
        let Some(first) = missing.next() else {
            return Ok(());
        };
        Err(format!(
            "LOST: event {} was acknowledged as commit {} (visible: {}), git log has {:?}; {} more like it",
            first.id,
            first.commit,
            first.visible,
            self.commits.get(&first.id),
            missing.count()
        ))
    }

    fn check_whole_calls(&self) -> Result<(), String> {
        match self
            .calls
            .iter()
            .find(|(_, (places, of))| places.len() as u64 != *of)
        {
            None => Ok(()),
            Some((call, (places, of))) => Err(format!(
                "HALF: of the {of} events of call {call} there are {}",
                places.len()
            )),
        }
    }
}

/// Nobody moved a ref by hand, so nothing may lie in quarantine.
fn check_nothing_set_aside(repository: &Path) -> Result<(), String> {
    let refs = stock::git_text(repository, &["for-each-ref", "refs/gatos/quarantine"])?;
    match refs.is_empty() {
        true => Ok(()),
        false => Err(format!("set aside without a reason: {refs}")),
    }
}

/// After recovery no lock and no half-written pack of ours is left.
fn check_no_leftovers(repository: &Path) -> Result<(), String> {
    let git_dir = repository.join(".git");
    let mut found = Vec::new();
    collect(&git_dir.join("refs"), &mut |path| {
        if path
            .extension()
            .is_some_and(|extension| extension == "lock")
        {
            found.push(path.to_owned());
        }
    });
    collect(&git_dir.join("objects").join("pack"), &mut |path| {
        if path
            .extension()
            .is_some_and(|extension| extension == "keep")
        {
            found.push(path.to_owned());
        }
    });
    match found.is_empty() {
        true => Ok(()),
        false => Err(format!("left behind: {found:?}")),
    }
}

fn collect(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    for path in paths {
        match path.is_dir() {
            true => collect(&path, visit),
            false => visit(&path),
        }
    }
}

/// A repack that a killed writer had started goes on without it, and removes packs while others read them:
/// judging begins when no `git` works in the repository any more (Linux; elsewhere at once).
fn wait_for_orphans(repository: &Path) {
    let name = repository.to_string_lossy().into_owned();
    for _ in 0..200 {
        let is_busy = std::fs::read_dir("/proc").is_ok_and(|processes| {
            processes.flatten().any(|process| {
                let folder = process.path();
                let is_git = std::fs::read_to_string(folder.join("comm"))
                    .is_ok_and(|comm| comm.starts_with("git"));
                is_git
                    && (std::fs::read_link(folder.join("cwd"))
                        .is_ok_and(|cwd| cwd.starts_with(repository))
                        || std::fs::read(folder.join("cmdline"))
                            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&name)))
            })
        });
        if !is_busy {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// What is really damaged is so on every look; a pack that went while `fsck` read it is not.
fn fsck_when_quiet(repository: &Path) -> Result<Vec<u8>, String> {
    let look = || stock::git(repository, &["fsck", "--strict", "--no-progress"]);
    for _ in 0..4 {
        if let Ok(said) = look() {
            return Ok(said);
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        wait_for_orphans(repository);
    }
    look()
}
