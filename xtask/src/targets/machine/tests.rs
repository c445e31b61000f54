//! Real programs that end well, end badly, and do not end.

use super::{ask, watched};
use std::process::Command;
use std::time::Duration;

fn bash(line: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", line]);
    command
}

#[test]
fn a_program_is_watched_to_its_end() {
    let limit = Duration::from_secs(60);
    let printed = watched(&mut bash("printf 'a\\tb\\n'; echo noise >&2"), limit);
    assert_eq!(printed, Ok("a\tb\n".to_owned()));
    let reason = watched(&mut bash("echo half; exit 7"), limit).expect_err("a bad end");
    assert!(reason.contains("exit status: 7"), "{reason}");
    let reason = watched(&mut bash("kill -SEGV $$"), limit).expect_err("a crash");
    assert!(reason.contains("signal: 11"), "{reason}");
    let reason =
        watched(&mut Command::new("no-such-program-anywhere"), limit).expect_err("nothing");
    assert!(reason.starts_with("cannot start"), "{reason}");
}

#[test]
fn a_program_that_hangs_is_ended() {
    let reason = watched(&mut bash("exec sleep 3600"), Duration::from_millis(1));
    assert_eq!(reason, Err("did not end within 0 s".to_owned()));
}

#[test]
fn the_last_line_of_a_complaint_is_the_reason() {
    assert_eq!(ask(&mut bash("echo way")), Ok("way\n".to_owned()));
    let complaint = "echo 'targets: first' >&2; echo 'targets: not here' >&2; exit 3";
    assert_eq!(ask(&mut bash(complaint)), Err("not here".to_owned()));
    let reason = ask(&mut bash("exit 3")).expect_err("a bad end");
    assert!(reason.contains("exit status: 3"), "{reason}");
}
