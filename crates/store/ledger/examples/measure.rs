//! Measures reading and ref moves on this machine, in a repository of its own.
//!
//! `cargo run --release -p gatos-ledger --example measure -- read 100000` walks a journal of that
//! many commits back to its root, before and after `git gc`. `… -- refs 256` moves that many refs
//! in one durable step, on the disk of the temporary folder (`TMPDIR`).

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use gatos_ledger::objects::Reader;
use gatos_ledger::{ObjectId, RefChange, Repository, refs};
use gatos_testkit::git_fixture::FixtureGit;

const JOURNAL: &str = "refs/gatos/journal/measure/user/alice/0123456789abcdef";
/// Times each figure is taken; the median counts.
const ROUND_COUNT: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, count] = arguments.as_slice() else {
        return Err("usage: measure read|refs COUNT".into());
    };
    let count = count.parse()?;
    let folder = tempfile::tempdir()?;
    let git = FixtureGit::default_git();
    let (repository, _) = Repository::init(folder.path(), true)?;
    match what.as_str() {
        "read" => measure_reading(&git, &repository, folder.path(), count),
        "refs" => measure_refs(&git, &repository, folder.path(), count),
        other => Err(format!("`{other}` is neither `read` nor `refs`").into()),
    }
}

/// Commits of the size of an event of 300 bytes, with little to compress.
fn write_journal(
    git: &FixtureGit,
    folder: &Path,
    count: usize,
) -> Result<ObjectId, Box<dyn Error>> {
    let mut stream = String::new();
    for number in 0..count {
        let noise = blake3::hash(&number.to_le_bytes()).to_hex();
        let message = format!(
            "type.of.event 01J{number:023}\n\n{{\"payload\":\"{noise}{noise}{noise}{noise}\"}}\n\nEvent-Id: blake3:{noise}\nSig: {noise}{noise}\n"
        );
        stream.push_str(&format!(
            "commit {JOURNAL}\nauthor a <a@b> 1767225600 +0000\ncommitter a <a@b> 1767225600 +0000\ndata {}\n{message}\n",
            message.len()
        ));
    }
    git.feed(
        folder,
        &["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"],
        stream.as_bytes(),
    );
    Ok(ObjectId::parse(&git.run(folder, &["rev-parse", JOURNAL]))?)
}

fn measure_reading(
    git: &FixtureGit,
    repository: &Repository,
    folder: &Path,
    count: usize,
) -> Result<(), Box<dyn Error>> {
    let tip = write_journal(git, folder, count)?;
    let walk = || -> Result<(f64, u64), Box<dyn Error>> {
        let started = Instant::now();
        let mut size = 0;
        let mut found = 0;
        for walked in Reader::new(repository).walk_back(tip, None) {
            size += walked?.content.len() as u64;
            found += 1;
        }
        assert_eq!(found, count);
        Ok((started.elapsed().as_secs_f64(), size))
    };
    for what in ["as written", "after git gc"] {
        if what == "after git gc" {
            git.run(folder, &["gc", "--quiet"]);
        }
        let mut seconds = Vec::new();
        let mut size = 0;
        for _ in 0..ROUND_COUNT {
            let (second, bytes) = walk()?;
            seconds.push(second);
            size = bytes;
        }
        let median = median(seconds);
        println!(
            "{what}: {count} commits of {} bytes in {:.0} ms, {:.0} commits/s",
            size / count as u64,
            median * 1e3,
            count as f64 / median
        );
    }
    Ok(())
}

fn measure_refs(
    git: &FixtureGit,
    repository: &Repository,
    folder: &Path,
    count: usize,
) -> Result<(), Box<dyn Error>> {
    write_journal(git, folder, ROUND_COUNT + 1)?;
    let ids = git.run(folder, &["rev-list", "--reverse", JOURNAL]);
    let ids: Vec<ObjectId> = ids.lines().map(ObjectId::parse).collect::<Result<_, _>>()?;
    let mut seconds = Vec::new();
    for round in 0..=ROUND_COUNT {
        let changes: Vec<RefChange> = (0..count)
            .map(|index| RefChange {
                name: format!(
                    "refs/gatos/journal/measure/agent/a{}/{index:016x}",
                    index % 16
                ),
                expected: round.checked_sub(1).map(|before| ids[before]),
                new: ids[round],
            })
            .collect();
        let started = Instant::now();
        refs::update(repository, &changes)?;
        let second = started.elapsed().as_secs_f64();
        if round == 0 {
            println!("{count} refs made in {:.1} ms", second * 1e3);
        } else {
            seconds.push(second);
        }
    }
    println!("{count} refs moved in {:.1} ms", median(seconds) * 1e3);
    Ok(())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
