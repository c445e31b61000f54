//! The repository a history is read from: where its objects are, where its history begins, in what order.
//!
//! INVARIANT: the repository itself is only asked where things are; every object is read through a [`Scratch`].
//! Tests: `tests.rs` beside this file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use gatos_values::hex;

use super::order::{CommitOrder, id_from_hex};
use super::process::{self, Pipeline, Scratch};
use super::{GitLogError, GitLogOptions, commit};

/// How much of one commit object is looked at, in bytes; a longer message is cut anyway.
pub(super) const OBJECT_SIZE_READ_MAX: u64 = 4 << 20;
/// The longest line of a listing that is kept, in bytes.
const LINE_SIZE_MAX: usize = 256;
const DIFF_PROCESSES_MAX: usize = 4;

/// The repository to read: its objects behind a [`Scratch`], its tips, its shallow boundary.
pub(super) struct Source {
    pub scratch: Arc<Scratch>,
    sha256: bool,
    tips: Vec<u8>,
    /// The commits behind which the repository has nothing.
    pub shallow: Arc<BTreeSet<Vec<u8>>>,
    pub diff_processes: usize,
    pub process_blocks: usize,
}

impl Source {
    pub fn find(path: &Path, options: &GitLogOptions) -> Result<Source, GitLogError> {
        let question = Question {
            program: &options.program,
            path,
        };
        let format = question.must(&["rev-parse", "--show-object-format=storage"])?;
        let sha256 = match trim_line(&format) {
            b"sha1" => false,
            b"sha256" => true,
            other => {
                return Err(GitLogError::UnknownObjectFormat {
                    path: path.to_owned(),
                    format: String::from_utf8_lossy(other).into_owned(),
                });
            }
        };
        let objects = question.git_path("objects")?;
        let shallow_file = process::read_optional(Path::new(&question.git_path("shallow")?))?;
        let tips = question.tips(options.all_refs)?;
        let shallow = shallow_file.as_deref().unwrap_or_default();
        let shallow = Arc::new(
            shallow
                .split(|byte| *byte == b'\n')
                .filter_map(id_from_hex)
                .collect(),
        );
        let scratch = Scratch::create(
            &options.program,
            &options.scratch_parent,
            &objects,
            sha256,
            shallow_file.as_deref(),
        )?;
        let diff_processes = options.diff_processes.clamp(1, DIFF_PROCESSES_MAX);
        Ok(Source {
            scratch: Arc::new(scratch),
            sha256,
            tips,
            shallow,
            diff_processes,
            process_blocks: options.process_blocks.max(1),
        })
    }

    /// All commits reachable from the tips, in order.
    pub fn order(&self) -> Result<CommitOrder, GitLogError> {
        let mut order = CommitOrder::new(self.sha256);
        let command = self.scratch.command(&["rev-list", "--stdin"]);
        let tips = self.tips.clone();
        let mut listing =
            Pipeline::start("rev-list", self.scratch.program(), command, move |to| {
                to.write_all(&tips)
            })?;
        // The ids go through us, in a listing of their own, so that both programs can be told
        // from each other when one fails.
        let mut ids = Vec::new();
        let mut line = Vec::new();
        while listing.read_token(b'\n', LINE_SIZE_MAX, &mut line)? {
            let Some(id) = id_from_hex(&line).filter(|id| id.len() == order.id_size()) else {
                return Err(listing.failure("listed something that is no commit id"));
            };
            ids.extend_from_slice(&id);
        }
        listing.finish()?;
        let id_size = order.id_size();
        let count = ids.len() / id_size;
        let mut objects = self.object_reader("cat-file", move |to| {
            ids.chunks_exact(id_size)
                .try_for_each(|id| writeln!(to, "{}", hex::encode(id)))
        })?;
        let mut object = Vec::new();
        for _ in 0..count {
            let Some(found) = read_object(&mut objects, &mut object, None)? else {
                return Err(objects.failure("stopped early"));
            };
            let unread = found.size - object.len() as u64;
            let commit = parse_commit(&object, &found.id_text, unread)?;
            let id = id_from_hex(found.id_text.as_bytes()).filter(|id| id.len() == id_size);
            let Some(id) = id else {
                return Err(objects.failure("answered with something that is no commit id"));
            };
            order.push(commit.committer.time.seconds, &id);
        }
        objects.finish()?;
        order.sort();
        Ok(order)
    }

    /// A process that answers the commit ids it is fed with their objects.
    pub fn object_reader(
        &self,
        name: &'static str,
        feed: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Pipeline, GitLogError> {
        let command = self.scratch.command(&["cat-file", "--batch", "--buffer"]);
        Pipeline::start(name, self.scratch.program(), command, feed)
    }
}

/// Questions to the repository itself.
struct Question<'a> {
    program: &'a Path,
    path: &'a Path,
}

impl Question<'_> {
    fn ask(&self, arguments: &[&str]) -> Result<process::Answer, GitLogError> {
        process::ask(self.program, self.path, arguments)
    }

    fn must(&self, arguments: &[&str]) -> Result<Vec<u8>, GitLogError> {
        let answer = self.ask(arguments)?;
        if answer.status.success() {
            Ok(answer.stdout)
        } else {
            Err(self.refusal(answer))
        }
    }

    fn refusal(&self, answer: process::Answer) -> GitLogError {
        let complaint = answer.complaint;
        let nothing_there = ["not a git repository", "cannot change to"];
        if nothing_there.iter().any(|words| complaint.contains(words)) {
            return GitLogError::NotARepository {
                path: self.path.to_owned(),
                complaint,
            };
        }
        GitLogError::Git {
            command: "rev-parse",
            complaint,
        }
    }

    fn git_path(&self, name: &str) -> Result<OsString, GitLogError> {
        let arguments = ["rev-parse", "--path-format=absolute", "--git-path", name];
        os_string(trim_line(&self.must(&arguments)?)).ok_or_else(|| GitLogError::Git {
            command: "rev-parse",
            complaint: "the repository's path is not text".to_owned(),
        })
    }

    /// The ids to start from, one a line.
    fn tips(&self, all_refs: bool) -> Result<Vec<u8>, GitLogError> {
        let mut tips = self.head()?;
        if all_refs {
            let format = "--format=%(objectname) %(refname)";
            let refs = self.must(&["for-each-ref", format])?;
            for line in refs.split(|byte| *byte == b'\n') {
                let Some(space) = line.iter().position(|byte| *byte == b' ') else {
                    continue;
                };
                if !line[space + 1..].starts_with(b"refs/gatos/") {
                    tips.extend_from_slice(&line[..space]);
                    tips.push(b'\n');
                }
            }
        }
        Ok(tips)
    }

    /// The commit `HEAD` names; nothing on a branch without commits.
    fn head(&self) -> Result<Vec<u8>, GitLogError> {
        let answer = self.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        if answer.status.success() {
            return Ok(answer.stdout);
        }
        // Quiet failure: either nothing is there yet, or something that is no commit.
        let answer = self.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?;
        if answer.status.success() {
            let head = String::from_utf8_lossy(trim_line(&answer.stdout)).into_owned();
            let reason = "HEAD names it, but it is missing or no commit";
            return Err(GitLogError::BadCommit {
                commit: head,
                reason,
            });
        }
        if answer.complaint.is_empty() {
            Ok(Vec::new())
        } else {
            Err(self.refusal(answer))
        }
    }
}

/// What [`read_object`] found.
pub(super) struct FoundObject {
    pub id_text: String,
    /// The whole object, in bytes; only the first [`OBJECT_SIZE_READ_MAX`] are kept.
    pub size: u64,
}

/// The next commit object of a `cat-file --batch`; `None` at its end (unless one is expected).
pub(super) fn read_object(
    objects: &mut Pipeline,
    object: &mut Vec<u8>,
    expected: Option<&str>,
) -> Result<Option<FoundObject>, GitLogError> {
    // `<id> commit <size>` or `<id> missing`.
    if !objects.read_token(b'\n', LINE_SIZE_MAX, object)? {
        return match expected {
            None => Ok(None),
            Some(_) => Err(objects.failure("stopped early")),
        };
    }
    let line = String::from_utf8_lossy(object).into_owned();
    let mut words = line.split(' ');
    let id_text = words.next().unwrap_or_default().to_owned();
    if expected.is_some_and(|expected| expected != id_text) {
        return Err(objects.failure("answered out of turn"));
    }
    let kind = words.next().unwrap_or_default();
    let size = words.next().and_then(|size| size.parse::<u64>().ok());
    let size = match (kind, size) {
        ("commit", Some(size)) => size,
        ("missing", _) => {
            return Err(GitLogError::BadCommit {
                commit: id_text,
                reason: "it is missing",
            });
        }
        _ => {
            return Err(GitLogError::BadCommit {
                commit: id_text,
                reason: "it is no commit",
            });
        }
    };
    if !objects.read_content(size, OBJECT_SIZE_READ_MAX, object)? {
        return Err(objects.failure("stopped early"));
    }
    let mut end = Vec::new();
    if !objects.read_token(b'\n', 1, &mut end)? || !end.is_empty() {
        return Err(objects.failure("answered with a wrong size"));
    }
    Ok(Some(FoundObject { id_text, size }))
}

/// `unread` counts the bytes of the object behind those given.
pub(super) fn parse_commit<'a>(
    object: &'a [u8],
    id: &str,
    unread: u64,
) -> Result<commit::Commit<'a>, GitLogError> {
    let parsed = match commit::parse(object, id.len()) {
        Ok(commit) if unread > 0 && !commit.header_ended => Err("its header is above 4 MiB"),
        parsed => parsed,
    };
    parsed.map_err(|reason| GitLogError::BadCommit {
        commit: id.to_owned(),
        reason,
    })
}

fn trim_line(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> Option<OsString> {
    String::from_utf8(bytes.to_vec()).ok().map(OsString::from)
}
