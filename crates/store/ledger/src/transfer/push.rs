//! Pushing refs, in an order that never shows a reader more than it can check, and in portions that
//! hosts accept.

use std::io::BufRead;

use super::porcelain::{PushLine, push_lines};
use super::{
    Remote, TransferError, TransferOptions, WORDS_SIZE_MAX, careful, refused, ssh_is_settled, words,
};
use crate::git::Repository;
use crate::object_id::ObjectId;
use crate::refs;
use crate::upkeep;

/// The variable by which the hook `pre-push` knows that it was asked already.
const LEAVING_JUDGED: &str = "GATOS_LEAVING_JUDGED";

/// How a push is cut into portions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushOptions {
    /// Refs in one atomic batch. Hosts limit how many one push may touch.
    pub ref_count_max: usize,
    /// Commits of one ref in one push, when the repository is larger than `pack_size_max`.
    pub commit_count_max: usize,
    /// Length of all packs up to which long refs are not cut, in bytes. Hosts limit one push to 2 GiB.
    pub pack_size_max: u64,
    /// How its surroundings are treated.
    pub transfer: TransferOptions,
}

impl Default for PushOptions {
    /// 400 refs; 500,000 commits once there is more than 1 GiB.
    fn default() -> PushOptions {
        PushOptions {
            ref_count_max: 400,
            commit_count_max: 500_000,
            pack_size_max: 1 << 30,
            transfer: TransferOptions::default(),
        }
    }
}

/// What became of one ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRef {
    /// Its name, here and there.
    pub name: String,
    /// Whether the remote had it already.
    pub up_to_date: bool,
    /// Why the remote does not have it now.
    pub rejection: Option<String>,
}

/// What became of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushReport {
    /// Every ref, in the order of pushing.
    pub refs: Vec<PushedRef>,
    /// What git and the remote's hooks printed where refs were rejected.
    pub words: String,
}

/// Pushes these refs to the same names at the remote, never by force.
pub fn push(
    repository: &Repository,
    remote: &str,
    names: &[String],
) -> Result<PushReport, TransferError> {
    push_with(repository, remote, names, PushOptions::default())
}

/// As [`push`], in portions of other sizes.
pub fn push_with(
    repository: &Repository,
    remote: &str,
    names: &[String],
    options: PushOptions,
) -> Result<PushReport, TransferError> {
    let remote = Remote::resolve(repository, remote)?;
    let mut wanted: Vec<&String> = names.iter().collect();
    wanted.sort_by_key(|name| (rank(name), *name));
    wanted.dedup();
    if upkeep::pack_size(repository)? > options.pack_size_max {
        for name in &wanted {
            push_in_steps(repository, &remote, name, options)?;
        }
    }
    let mut report = PushReport::default();
    for batch in wanted.chunks(options.ref_count_max.max(1)) {
        let refspecs: Vec<String> = batch.iter().map(|name| format!("{name}:{name}")).collect();
        let (lines, said) = push_once(repository, &remote, &refspecs, options.transfer)?;
        report.refs.extend(lines.iter().map(|line| PushedRef {
            name: line.name.clone(),
            up_to_date: line.flag == '=',
            rejection: line.reason.clone(),
        }));
        if lines.iter().any(|line| line.reason.is_some()) {
            report.words.push_str(&words::of_git(&said));
            report.words.push('\n');
        }
    }
    Ok(report)
}

/// Governance before what was signed under it, journals before the state computed from them.
fn rank(name: &str) -> usize {
    const ORDER: &[&str] = &[
        "governance",
        "policies",
        "folds",
        "journal",
        "sessions",
        "epoch",
        "attest",
        "audit",
        "state",
    ];
    let folder = name
        .trim_start_matches(refs::ROOT)
        .split('/')
        .next()
        .unwrap_or_default();
    ORDER
        .iter()
        .position(|known| *known == folder)
        .unwrap_or(ORDER.len())
}

/// Pushes the older part of a long ref first, so that no single push is too large.
fn push_in_steps(
    repository: &Repository,
    remote: &Remote,
    name: &str,
    options: PushOptions,
) -> Result<(), TransferError> {
    let tracked = name.replacen(
        refs::ROOT,
        &format!("refs/gatos/remotes/{}/", remote.room),
        1,
    );
    let known = refs::read(repository, &tracked).unwrap_or_default();
    let range = known.map_or_else(|| name.to_owned(), |known| format!("{known}..{name}"));
    let mut steps: Vec<ObjectId> = Vec::new();
    let mut count = 0;
    repository
        .git()?
        .arguments(["rev-list", "--reverse", "--first-parent", &range, "--"])
        .stream(|printed| {
            for line in printed.lines() {
                count += 1;
                if count % options.commit_count_max.max(1) == 0 {
                    steps.extend(ObjectId::parse(&line?));
                }
            }
            Ok(())
        })?;
    for step in steps {
        // A step that is refused leaves the verdict to the push of the ref itself.
        let (lines, _) = push_once(
            repository,
            remote,
            &[format!("{step}:{name}")],
            options.transfer,
        )?;
        if lines.iter().any(|line| line.reason.is_some()) {
            break;
        }
    }
    Ok(())
}

fn push_once(
    repository: &Repository,
    remote: &Remote,
    refspecs: &[String],
    options: TransferOptions,
) -> Result<(Vec<PushLine>, String), TransferError> {
    let output = careful(
        repository.git()?,
        options,
        ssh_is_settled(Some(repository))?,
    )
    // Whoever pushes through this file has asked what may leave; the hook need not ask again.
    .variable(LEAVING_JUDGED, "1")
    .arguments([
        "push",
        "--porcelain",
        "--atomic",
        "--no-progress",
        "--no-recurse-submodules",
    ])
    .arguments(["--end-of-options", &remote.address])
    .arguments(refspecs)
    .stderr_size_max(WORDS_SIZE_MAX)
    .run_any()?;
    let lines = push_lines(&output.text());
    if !output.status.success() && lines.iter().all(|line| line.reason.is_none()) {
        return Err(refused(&remote.address, &output.stderr));
    }
    Ok((lines, output.stderr))
}
