//! Real `git` for tests: temporary repositories, a clean environment, a fixed identity and clock.
//!
//! Nothing of the machine's settings reaches these runs, so object ids in tests are the same
//! everywhere. Every call panics with the command and its output when it fails: a fixture that
//! does not work is a broken test, not a case to handle.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Date of every commit made by a fixture: 2026-01-01T00:00:00Z.
pub const FIXTURE_DATE: &str = "1767225600 +0000";

/// One installed `git`.
#[derive(Clone, Debug)]
pub struct FixtureGit {
    /// Where it is.
    pub path: PathBuf,
    /// What `git --version` prints.
    pub version: String,
}

impl FixtureGit {
    /// The `git` on the search path.
    #[must_use]
    pub fn default_git() -> FixtureGit {
        FixtureGit::probe(Path::new("git")).expect("tests need git on the search path")
    }

    /// Every `git` of a different version found on the search path and in the usual places, the
    /// one on the search path first. `GATOS_TEST_GITS` (paths joined by `:`) adds more.
    #[must_use]
    pub fn all_installed() -> Vec<FixtureGit> {
        let more = std::env::var("GATOS_TEST_GITS").unwrap_or_default();
        let usual = [
            "git",
            "/usr/bin/git",
            "/usr/local/bin/git",
            "/opt/homebrew/bin/git",
        ];
        let mut found: Vec<FixtureGit> = Vec::new();
        for path in usual
            .into_iter()
            .chain(more.split(':').filter(|path| !path.is_empty()))
        {
            if let Some(git) = FixtureGit::probe(Path::new(path))
                && found.iter().all(|known| known.version != git.version)
            {
                found.push(git);
            }
        }
        assert!(!found.is_empty(), "tests need git on the search path");
        found
    }

    fn probe(path: &Path) -> Option<FixtureGit> {
        let output = Command::new(path).arg("--version").output().ok()?;
        let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        output.status.success().then(|| FixtureGit {
            path: path.to_path_buf(),
            version,
        })
    }

    /// A command with a clean environment, to be run in `directory`.
    #[must_use]
    pub fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(directory)
            .env("LC_ALL", "C")
            .env("HOME", directory)
            .env("XDG_CONFIG_HOME", directory)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env(
                "GIT_CONFIG_GLOBAL",
                if cfg!(windows) { "NUL" } else { "/dev/null" },
            )
            .env("GIT_AUTHOR_NAME", "Fixture")
            .env("GIT_AUTHOR_EMAIL", "fixture@example.invalid")
            .env("GIT_AUTHOR_DATE", FIXTURE_DATE)
            .env("GIT_COMMITTER_NAME", "Fixture")
            .env("GIT_COMMITTER_EMAIL", "fixture@example.invalid")
            .env("GIT_COMMITTER_DATE", FIXTURE_DATE)
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(Stdio::null());
        command
    }

    /// Runs and returns whatever came of it.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn output(&self, directory: &Path, arguments: &[&str]) -> Output {
        self.command(directory)
            .args(arguments)
            .output()
            .expect("git can be started")
    }

    /// Runs, requires success, and returns standard output without its last line end.
    ///
    /// # Panics
    /// When git fails or prints what is no UTF-8.
    pub fn run(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = self.output(directory, arguments);
        assert!(
            output.status.success(),
            "git {arguments:?} in `{}` failed: {}{}",
            directory.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).expect("git prints UTF-8 here");
        text.trim_end_matches('\n').to_owned()
    }

    /// Runs, requires failure, and returns what git printed on standard error.
    ///
    /// # Panics
    /// When git succeeds.
    pub fn refuse(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = self.output(directory, arguments);
        assert!(
            !output.status.success(),
            "git {arguments:?} should have failed"
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Runs with this standard input, requires success, and returns standard output without its
    /// last line end.
    ///
    /// # Panics
    /// When git fails.
    pub fn feed(&self, directory: &Path, arguments: &[&str], input: &[u8]) -> String {
        use std::io::Write;
        let mut child = self
            .command(directory)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git can be started");
        let mut stdin = child.stdin.take().expect("standard input was asked for");
        let output = std::thread::scope(|scope| {
            // Git may stop reading when it fails; its own message says why.
            scope.spawn(move || stdin.write_all(input).ok());
            child.wait_with_output().expect("git can be waited for")
        });
        assert!(
            output.status.success(),
            "git {arguments:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end_matches('\n')
            .to_owned()
    }
}

/// A temporary folder with an empty repository in it, removed when dropped.
#[derive(Debug)]
pub struct GitFixture {
    directory: tempfile::TempDir,
    git: FixtureGit,
}

impl GitFixture {
    /// A repository with a work tree, made by the `git` on the search path.
    #[must_use]
    pub fn new() -> GitFixture {
        GitFixture::with(FixtureGit::default_git(), false)
    }

    /// A bare repository.
    #[must_use]
    pub fn new_bare() -> GitFixture {
        GitFixture::with(FixtureGit::default_git(), true)
    }

    /// A repository made by this `git`.
    ///
    /// # Panics
    /// When the folder or the repository cannot be made.
    #[must_use]
    pub fn with(git: FixtureGit, bare: bool) -> GitFixture {
        let directory = temporary_folder();
        let kind: &[&str] = if bare { &["--bare"] } else { &[] };
        git.run(
            directory.path(),
            &[&["init", "--quiet", "--initial-branch=main"], kind].concat(),
        );
        GitFixture { directory, git }
    }

    /// A temporary folder without a repository in it.
    ///
    /// # Panics
    /// When the folder cannot be made.
    #[must_use]
    pub fn empty(git: FixtureGit) -> GitFixture {
        GitFixture {
            directory: temporary_folder(),
            git,
        }
    }

    /// The folder of the fixture.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The `git` it uses.
    #[must_use]
    pub fn git(&self) -> &FixtureGit {
        &self.git
    }

    /// Runs `git` here and requires success; see [`FixtureGit::run`].
    pub fn run(&self, arguments: &[&str]) -> String {
        self.git.run(self.path(), arguments)
    }

    /// Runs `git` here and requires failure; see [`FixtureGit::refuse`].
    pub fn refuse(&self, arguments: &[&str]) -> String {
        self.git.refuse(self.path(), arguments)
    }

    /// Runs `git` here with input; see [`FixtureGit::feed`].
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> String {
        self.git.feed(self.path(), arguments, input)
    }

    /// Makes a commit on the empty tree and returns its id.
    pub fn commit(&self, parents: &[&str], message: &str) -> String {
        let tree = self.feed(&["hash-object", "-w", "-t", "tree", "--stdin"], b"");
        let mut arguments = vec!["commit-tree", &tree, "-m", message];
        for parent in parents {
            arguments.extend(["-p", parent]);
        }
        self.run(&arguments)
    }

    /// Makes `count` commits on the empty tree, one on the other, in one pack; sets `name` to the
    /// last and returns their ids, oldest first. Each message is `text` and the commit's number.
    ///
    /// # Panics
    /// When git refuses the stream.
    pub fn chain(&self, name: &str, text: &str, count: usize) -> Vec<String> {
        self.import_chain(name, text, count, "")
    }

    /// As [`GitFixture::chain`], with each commit in a pack of its own.
    ///
    /// # Panics
    /// When git refuses the stream.
    pub fn chain_of_packs(&self, name: &str, text: &str, count: usize) -> Vec<String> {
        self.import_chain(name, text, count, "checkpoint\n")
    }

    fn import_chain(&self, name: &str, text: &str, count: usize, after_each: &str) -> Vec<String> {
        let mut stream = String::new();
        for number in 1..=count {
            let message = format!("{text} {number}\n");
            stream.push_str(&format!(
                "commit {name}\nmark :{number}\nauthor F <f@example.invalid> {date}\ncommitter F <f@example.invalid> {date}\ndata {length}\n{message}\n{after_each}",
                date = FIXTURE_DATE,
                length = message.len(),
            ));
        }
        stream.push_str("done\n");
        let marks = self.path().join("fixture-marks");
        let export = format!("--export-marks={}", marks.display());
        self.feed(
            &[
                "-c",
                "fastimport.unpackLimit=0",
                "fast-import",
                "--quiet",
                "--done",
                &export,
            ],
            stream.as_bytes(),
        );
        let text = std::fs::read_to_string(&marks).expect("git wrote the marks");
        std::fs::remove_file(&marks).expect("the marks were there");
        let mut numbered: Vec<(usize, String)> = text
            .lines()
            .filter_map(|line| line.strip_prefix(':')?.split_once(' '))
            .map(|(number, id)| (number.parse().expect("a mark is a number"), id.to_owned()))
            .collect();
        numbered.sort();
        numbered.into_iter().map(|(_, id)| id).collect()
    }
}

/// A temporary folder in memory where the system has one (a ref moved on a disk costs a flush or
/// more), else in the usual place.
///
/// # Panics
/// When no folder can be made.
#[must_use]
pub fn temporary_folder() -> tempfile::TempDir {
    let in_memory = Path::new("/dev/shm");
    let folder = match in_memory.is_dir() {
        true => tempfile::tempdir_in(in_memory).or_else(|_| tempfile::tempdir()),
        false => tempfile::tempdir(),
    };
    folder.expect("a temporary folder")
}

impl Default for GitFixture {
    fn default() -> GitFixture {
        GitFixture::new()
    }
}
