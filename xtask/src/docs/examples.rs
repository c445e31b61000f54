//! Every fenced example runs: the page is a script, and what it shows is what is printed.
//!
//! A page's `console` and `sh` blocks run in order in one `bash`, in an empty folder that is also
//! `HOME`, with the built `gatos` first on the `PATH`. In a `console` block, lines after `$ ` are
//! commands and the lines below are what they print (both streams): `...` within a line stands for
//! any text, a line of only `...` for any lines, a last line `[1]` for that exit status. A `sh`
//! block prints nothing that is looked at and must end well. A block whose info string says
//! `file=NAME` is written to that file. One that says `norun` is left alone. A block in an HTML
//! comment runs unseen: that is how a page sets a scene.
//!
//! INVARIANT: a page without an expected line still has its commands' exit status checked.
//! Tests: `examples/tests.rs`.

#[cfg(test)]
mod tests;

use super::Page;
use crate::markdown::{self, Fence};
use crate::report::{Complaint, Failure, Outcome};
use crate::shell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Seconds after which a page's script is stopped.
const PAGE_SECONDS_MAX: u32 = 180;
const CURE: &str = "mend the page, or the program; `norun` behind the fence leaves a block out";

/// Runs the examples of the README and the guide.
pub fn check(pages: &[Page]) -> Outcome<Vec<Complaint>> {
    let scripts: Vec<(&Page, Vec<Step>)> = pages
        .iter()
        .filter(|page| page.path == "README.md" || page.path.starts_with("docs/guide/"))
        .map(|page| (page, steps(&page.text)))
        .filter(|(_, steps)| !steps.is_empty())
        .collect();
    if scripts.is_empty() {
        return Ok(Vec::new());
    }
    let binaries = build()?;
    let thread_count = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes = in_parallel(&scripts, thread_count, |(page, steps)| {
        println!("examples of {} ({} steps)", page.path, steps.len());
        run_page(page, steps, &binaries)
    });
    let complaints: Vec<Vec<Complaint>> = outcomes.into_iter().collect::<Outcome<_>>()?;
    Ok(complaints.into_iter().flatten().collect())
}

/// Builds the command and gives the folder it lies in.
///
/// As `cargo test --workspace` builds it: `--examples` asks for the features that only tests want of shared
/// dependencies. Without them everything below would be built a second time.
fn build() -> Outcome<PathBuf> {
    shell::run(shell::cargo().args(["build", "--quiet", "--workspace", "--bins", "--examples"]))?;
    Ok(shell::target_directory()?.join("debug"))
}

/// What `work` makes of each item, in the order of the items. Pages share nothing but the program, and wait for
/// disks and other programs most of the time.
fn in_parallel<Item: Sync, Made: Send + Sync>(
    items: &[Item],
    thread_count: usize,
    work: impl Fn(&Item) -> Made + Sync,
) -> Vec<Made> {
    let next = AtomicUsize::new(0);
    let made: Vec<OnceLock<Made>> = items.iter().map(|_| OnceLock::new()).collect();
    std::thread::scope(|scope| {
        for _ in 0..thread_count.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                while let Some((item, place)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).zip(made.get(index))
                } {
                    let _ = place.set(work(item));
                }
            });
        }
    });
    made.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// One thing a page does: the shell text, and what it must print and answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    line: usize,
    script: String,
    /// What a `console` block shows; nothing for a `sh` block.
    shown: Option<Vec<String>>,
    status: i32,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for fence in markdown::fences(text) {
        let mut words = fence.info.split_whitespace();
        let language = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        if words.contains(&"norun") {
            continue;
        }
        if let Some(name) = words.iter().find_map(|word| word.strip_prefix("file=")) {
            steps.push(file_step(&fence, name));
            continue;
        }
        match language {
            "console" => steps.extend(console_steps(&fence)),
            "sh" => steps.push(script_step(&fence)),
            _ => {}
        }
    }
    steps
}

fn script_step(fence: &Fence) -> Step {
    let script = format!("set -e\n{}\nset +e", fence.lines.join("\n"));
    Step {
        line: fence.line,
        script,
        shown: None,
        status: 0,
    }
}

fn file_step(fence: &Fence, name: &str) -> Step {
    let script = format!(
        "cat > '{name}' <<'@@gatos-file-ends'\n{}\n@@gatos-file-ends",
        fence.lines.join("\n")
    );
    Step {
        line: fence.line,
        script,
        shown: None,
        status: 0,
    }
}

fn console_steps(fence: &Fence) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for (index, line) in fence.lines.iter().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            goes_on = command.ends_with('\\');
            let line = fence.line + index + 1;
            steps.push(Step {
                line,
                script: command.to_owned(),
                shown: Some(Vec::new()),
                status: 0,
            });
        } else if let Some(step) = steps.last_mut() {
            if goes_on {
                step.script.push_str(&format!("\n{line}"));
                goes_on = line.ends_with('\\');
            } else if let Some(status) = status_line(line) {
                step.status = status;
            } else if let Some(shown) = step.shown.as_mut() {
                shown.push(line.clone());
            }
        }
    }
    steps
}

/// `[1]` alone on a line: the exit status the step must end with.
fn status_line(line: &str) -> Option<i32> {
    line.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// What a step really did.
#[derive(Debug, Default, Clone)]
struct Result {
    printed: Vec<String>,
    status: Option<i32>,
}

fn run_page(page: &Page, steps: &[Step], binaries: &Path) -> Outcome<Vec<Complaint>> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new(format!("no temporary folder: {error}")))?;
    let script = assemble(steps);
    let script_path = folder.path().join(".script.sh");
    std::fs::write(&script_path, script)
        .map_err(|error| Failure::new(format!("cannot write the script: {error}")))?;
    let output = bash(&script_path, folder.path(), binaries)
        .output()
        .map_err(|error| Failure::new(format!("cannot start bash: {error}")))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let results = results(&printed, steps.len());
    let judged = steps.iter().zip(&results);
    Ok(judged
        .filter_map(|(step, result)| judge(page, step, result))
        .collect())
}

fn bash(script: &Path, home: &Path, binaries: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![binaries.to_path_buf()];
    folders.extend(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).unwrap_or(path);
    // `timeout` is missing on some systems; there the page runs unwatched.
    let has_timeout = Command::new("timeout").arg("--version").output().is_ok();
    let mut command = if has_timeout {
        let mut command = Command::new("timeout");
        command.arg(PAGE_SECONDS_MAX.to_string()).arg("bash");
        command
    } else {
        Command::new("bash")
    };
    command
        .arg(script)
        .current_dir(home)
        .env("HOME", home)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GATOS_HOME")
        .env_remove("GATOS_KEY")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("SSH_AUTH_SOCK")
        .env_remove("GIT_DIR")
        .stdin(Stdio::null());
    command
}

const BEGIN: &str = "@@gatos-step-begins ";
const END: &str = "@@gatos-step-ends ";

/// One script of all steps, each between marks that carry its number and exit status.
fn assemble(steps: &[Step]) -> String {
    let mut script = String::from("exec 2>&1\n");
    for (index, step) in steps.iter().enumerate() {
        script.push_str(&format!(
            "printf '\\n{BEGIN}{index}\\n'\n{{ {}\n}}\n",
            step.script
        ));
        script.push_str(&format!("printf '\\n{END}%s\\n' $?\n"));
    }
    script
}

/// Cuts what the script printed into the results of its steps.
fn results(printed: &str, count: usize) -> Vec<Result> {
    let mut results = vec![Result::default(); count];
    let mut current: Option<usize> = None;
    for line in printed.lines() {
        if let Some(index) = line.strip_prefix(BEGIN) {
            current = index.parse().ok().filter(|&index: &usize| index < count);
        } else if let Some(result) = current.and_then(|index| results.get_mut(index)) {
            match line.strip_prefix(END) {
                Some(status) => {
                    result.status = status.parse().ok();
                    current = None;
                }
                None => result.printed.push(line.trim_end().to_owned()),
            }
        }
    }
    for result in &mut results {
        while result.printed.last().is_some_and(String::is_empty) {
            result.printed.pop();
        }
    }
    results
}

fn judge(page: &Page, step: &Step, result: &Result) -> Option<Complaint> {
    let place = format!("{}:{}", page.path, step.line);
    let printed = result.printed.join("\n    | ");
    if result.status != Some(step.status) {
        let status = result
            .status
            .map_or("nothing (the script stopped)".to_owned(), |status| {
                status.to_string()
            });
        let what = format!(
            "the example answers {status}, not {}; it printed\n    | {printed}",
            step.status
        );
        return Some(Complaint::new(place, what, CURE));
    }
    let shown = step.shown.as_ref()?;
    if shown.is_empty() || fits(shown, &result.printed) {
        return None;
    }
    Some(Complaint::new(
        place,
        format!("the example prints something else:\n    | {printed}"),
        CURE,
    ))
}

/// Whether the printed lines fit the shown ones; `...` alone on a line stands for any lines.
fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line.trim() == "..." => {
            (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| line_fits(line.trim_end(), first) && fits(rest, others)),
    }
}

/// `...` within a line stands for any text.
fn line_fits(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
