//! Other hands: stock `git` at work on the same repository while writers run and die.
//!
//! It fetches from and pushes to a mirror, packs refs, repacks and collects garbage. A command may lose a
//! race for a lock of Git's own; what it complains of otherwise is kept for the judge.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::dice::Dice;
use crate::stock;

/// Name of the mirror beside the repository.
pub const MIRROR: &str = "mirror.git";

/// What stock git does, over and over.
const DEEDS: &[&[&str]] = &[
    &["gc", "--quiet"],
    &["gc", "--quiet", "--prune=now"],
    &["repack", "-a", "-d", "--quiet"],
    &["repack", "-d", "--geometric=2", "--quiet"],
    &["pack-refs", "--all", "--prune"],
    &["push", "--quiet", "mirror", "refs/gatos/*:refs/gatos/*"],
    &[
        "fetch",
        "--quiet",
        "mirror",
        "refs/gatos/journal/*:refs/gatos/remotes/mirror/journal/*",
    ],
    &["log", "--all", "--format=%H"],
    &["prune-packed", "--quiet"],
];

/// How often a command that failed is tried again before its words count.
const REPEATS: usize = 3;
const REPEAT_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// Complaints that only say that somebody else was first, or that a file was replaced meanwhile.
const RACES: &[&str] = &[
    "gc is already running",
    "Unable to create",
    "unable to create",
    "cannot lock ref",
    "failed to update ref",
    "could not remove reference",
    "packfile",
    "failed to run repack",
    "failed to run reflog",
    "failed to run prune",
    "failed to push some refs",
    "the remote end hung up",
    "index-pack",
    "could not write multi-pack bitmap",
    "could not finish pack-objects",
    "multi-pack-index",
    "renaming pack",
    "could not lock HEAD",
];

/// A thread that runs git until it is told to stop.
pub struct Hands {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(u64, Vec<String>)>,
}

impl Hands {
    /// Starts on a repository that has its mirror beside it (see [`make_mirror`]).
    pub fn start(repository: &Path, seed: u64) -> Hands {
        let stop = Arc::new(AtomicBool::new(false));
        let (flag, folder) = (stop.clone(), repository.to_owned());
        let thread = std::thread::spawn(move || work(&folder, seed, &flag));
        Hands { stop, thread }
    }

    /// Lets the present command end. Gives how many were run, or what one of them complained of.
    pub fn stop(self) -> Result<u64, String> {
        self.stop.store(true, Ordering::Relaxed);
        let (count, complaints) = self.thread.join().expect("the thread does not panic");
        match complaints.first() {
            None => Ok(count),
            Some(first) => Err(format!("git complained meanwhile: {first}")),
        }
    }
}

fn work(repository: &Path, seed: u64, stop: &AtomicBool) -> (u64, Vec<String>) {
    let mut dice = Dice::new(seed);
    let mut complaints = Vec::new();
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let deed = *dice.choose(DEEDS);
        let mut said = stock::try_run(repository, "git", deed);
        count += 1;
        // Two repacks at once (this one and the writer's upkeep) may take packs from under each other; Git
        // then stops with any words. What is really wrong is still wrong a moment later.
        for _ in 0..REPEATS {
            if said.ok {
                break;
            }
            std::thread::sleep(REPEAT_PAUSE);
            said = stock::try_run(repository, "git", deed);
        }
        if !said.ok && !RACES.iter().any(|race| said.complaint.contains(race)) {
            complaints.push(format!(
                "`git {}`: {}",
                deed.join(" "),
                said.complaint.trim()
            ));
        }
    }
    (count, complaints)
}

/// A bare repository beside `repository`, known to it as the remote `mirror`.
pub fn make_mirror(repository: &Path) -> PathBuf {
    let mirror = repository.with_file_name(MIRROR);
    let path = mirror.to_string_lossy().into_owned();
    let parent = repository.parent().expect("a repository lies in a folder");
    for (folder, arguments) in [
        (parent, &["init", "--quiet", "--bare", &path][..]),
        (repository, &["config", "remote.mirror.url", &path][..]),
    ] {
        stock::git(folder, arguments).expect("git makes a mirror");
    }
    mirror
}
