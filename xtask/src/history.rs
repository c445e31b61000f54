//! `cargo xtask make-history`: a Git repository with as many commits over as many paths as one likes.
//!
//! The seed decides every byte, so that two machines measure the same history. It is written as a stream
//! for `git fast-import`: each commit changes one to four files of a few lines, and now and then one is a
//! merge. Tests: `history/tests.rs`.

#[cfg(test)]
mod tests;

use crate::flags::Flags;
use crate::report::{Failure, Outcome};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const USAGE: &str = "usage: cargo xtask make-history [--commits N] [--paths N] [--seed N] DIR";
/// Files of one folder; a flat tree of thousands would be what is measured.
const FILES_PER_FOLDER: u64 = 50;
const AUTHOR_COUNT: u64 = 40;
/// One commit in so many has a second parent.
const COMMITS_PER_MERGE: u64 = 20;
const FIRST_TIME_SECONDS: u64 = 1_500_000_000;

/// `cargo xtask make-history`
pub fn run(arguments: &[String]) -> Outcome {
    let flags = Flags::parse(arguments, USAGE, &["commits", "paths", "seed"], 1)?;
    let plan = Plan {
        commits: flags.number("commits", 50_000)?,
        paths: flags.number("paths", 2_000)?.max(1),
        seed: flags.number("seed", 1)?,
    };
    let folder = flags.word(0).ok_or_else(|| flags.usage())?;
    make(&plan, Path::new(folder))
}

/// What a history is like.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many commits.
    pub commits: u64,
    /// How many paths they change.
    pub paths: u64,
    /// Decides everything else.
    pub seed: u64,
}

/// Makes a bare repository of this history at `folder`.
pub fn make(plan: &Plan, folder: &Path) -> Outcome {
    crate::shell::run(
        Command::new("git")
            .args(["init", "--quiet", "--bare", "--initial-branch=main"])
            .arg(folder),
    )?;
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::new(format!("cannot start git fast-import: {error}")))?;
    let mut stream = BufWriter::new(import.stdin.take().expect("the input is piped"));
    let written = write_stream(plan, &mut stream).and_then(|()| stream.flush());
    drop(stream);
    let status = import
        .wait()
        .map_err(|error| Failure::new(format!("lost git fast-import: {error}")))?;
    written.map_err(|error| Failure::new(format!("git fast-import stopped reading: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{status}: git fast-import")))
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn write_stream(plan: &Plan, out: &mut impl Write) -> std::io::Result<()> {
    let mut dice = Dice(plan.seed);
    let mut time_seconds = FIRST_TIME_SECONDS;
    for number in 1..=plan.commits {
        time_seconds += dice.below(7200);
        let author = dice.below(AUTHOR_COUNT);
        let message = format!("Change number {number}\n");
        writeln!(out, "commit refs/heads/main\nmark :{number}")?;
        let person =
            format!("Author {author:02} <author{author:02}@example.org> {time_seconds} +0000");
        writeln!(out, "author {person}\ncommitter {person}")?;
        writeln!(out, "data {}\n{message}", message.len())?;
        if number > 1 {
            writeln!(out, "from :{}", number - 1)?;
        }
        if number > COMMITS_PER_MERGE && dice.below(COMMITS_PER_MERGE) == 0 {
            writeln!(
                out,
                "merge :{}",
                number - 2 - dice.below(COMMITS_PER_MERGE - 3)
            )?;
        }
        for _ in 0..=dice.below(4) {
            // The first commits touch every path once, so that a short history has as many as a long one.
            let path = match number <= plan.paths {
                true => number - 1,
                false => dice.below(plan.paths),
            };
            let content = content(&mut dice, number);
            let folder = path / FILES_PER_FOLDER;
            writeln!(out, "M 100644 inline part{folder:03}/file{path:05}.txt")?;
            writeln!(out, "data {}\n{content}", content.len())?;
        }
        writeln!(out)?;
    }
    writeln!(out, "done")
}

fn content(dice: &mut Dice, number: u64) -> String {
    (0..=dice.below(5))
        .map(|line| {
            format!(
                "line {line} of change {number}: {:08x}\n",
                dice.below(1 << 32)
            )
        })
        .collect()
}
