//! Measures reading and ref moves on this machine, in a repository of its own.
//!
//! `cargo run --release -p gatos-ledger --example measure -- read 100000` walks a journal of that
//! many commits back to its root, before and after `git gc`. `… -- refs 256` moves that many refs
//! in one durable step, on the disk of the temporary folder (`TMPDIR`).

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use gatos_ledger::objects::Reader;
use gatos_ledger::pack::{self, PackObject};
use gatos_ledger::{ObjectId, ObjectKind, RefChange, Repository, refs};
use gatos_testkit::git_fixture::FixtureGit;

const JOURNAL: &str = "refs/gatos/journal/measure/user/alice/0123456789abcdef";
/// Times each figure is taken; the median counts.
const ROUND_COUNT: usize = 5;
/// Commits in one pack: one visible batch.
const PACK_COMMIT_COUNT: usize = 4096;

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
        "refs" => measure_refs(&repository, count),
        other => Err(format!("`{other}` is neither `read` nor `refs`").into()),
    }
}

/// Commits of the size of an event of 300 bytes, with little to compress, in packs as the writer
/// makes them.
fn write_journal(repository: &Repository, count: usize) -> Result<Vec<ObjectId>, Box<dyn Error>> {
    let mut ids: Vec<ObjectId> = Vec::with_capacity(count);
    let mut contents = Vec::new();
    for number in 0..count {
        let noise = |part: u64| blake3::hash(&(number as u64 * 8 + part).to_le_bytes()).to_hex();
        let parent = ids
            .last()
            .map_or_else(String::new, |id| format!("parent {id}\n"));
        let person = "user:alice <alice@user.gatos.invalid> 1767225600 +0000";
        // What differs from event to event: payload, the event before, the id, the signature.
        let content = format!(
            "tree {}\n{parent}author {person}\ncommitter {person}\n\ntype.of.event 01J{number:023}\n\n\
             {{\"actor\":\"user:alice\",\"payload\":{{\"note\":\"some words of every event, the same in each\",\"noise\":\"{}{}{}\"}},\"prev\":\"blake3:{}\"}}\n\n\
             Event-Id: blake3:{}\nSig: {}{}\n",
            ObjectId::EMPTY_TREE,
            noise(0),
            noise(1),
            noise(2),
            noise(3),
            noise(4),
            noise(5),
            noise(6),
        );
        ids.push(ObjectId::of(ObjectKind::Commit, content.as_bytes()));
        contents.push(content);
        if contents.len() == PACK_COMMIT_COUNT || number + 1 == count {
            let objects = contents
                .iter()
                .map(|content| PackObject::new(ObjectKind::Commit, content.as_bytes()));
            pack::write_pack(&repository.pack_dir(), objects)?.release()?;
            contents.clear();
        }
    }
    Ok(ids)
}

fn measure_reading(
    git: &FixtureGit,
    repository: &Repository,
    folder: &Path,
    count: usize,
) -> Result<(), Box<dyn Error>> {
    let tip = *write_journal(repository, count)?
        .last()
        .ok_or("no commits")?;
    refs::update(
        repository,
        &[RefChange {
            name: JOURNAL.to_owned(),
            expected: None,
            new: tip,
        }],
    )?;
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

fn measure_refs(repository: &Repository, count: usize) -> Result<(), Box<dyn Error>> {
    let ids = write_journal(repository, ROUND_COUNT + 1)?;
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
