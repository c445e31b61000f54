//! Pipes and standard streams: readers that go away, disks that are full, output byte for byte.

use crate::stage::{Stage, run};
use std::io::Read;
use std::process::Stdio;

#[test]
fn canonical_bytes_come_without_a_line_end() {
    let stage = Stage::new();
    let output = run(
        stage.gatos(["canon", "encode"]),
        b" {\"b\" : 1.50, \"a\":[ ]}\n",
    );
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (b"{\"a\":[],\"b\":1.5}".as_slice(), b"".as_slice())
    );
    let output = run(stage.gatos(["canon", "encode", "--cbor"]), b"{\"a\":1.5}");
    assert_eq!(
        output.stdout,
        b"\xa1\x61a\xc5\x82\x38\x1f\x1b\x00\x00\x00\x01\x80\x00\x00\x00"
    );
}

#[test]
fn what_people_see_is_escaped_and_what_pipes_get_is_not() {
    let stage = Stage::new();
    let output = run(
        stage.gatos(["canon", "encode"]),
        "\"\u{202e}\u{7f}\"".as_bytes(),
    );
    assert_eq!(output.stdout, "\"\u{202e}\u{7f}\"".as_bytes());
    let output = run(stage.gatos(["lint", "-"]), "\u{202e}: 1".as_bytes());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        text.contains("\\u{202e}") && !text.contains('\u{202e}'),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_us_quietly() {
    let stage = Stage::new();
    let mut command = stage.gatos(["man", "event", "append"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    let mut errors = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut errors)
        .expect("readable");
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_said() {
    let stage = Stage::new();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let mut command = stage.gatos(["man"]);
    let child = command
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(
        errors.starts_with("error[DISK_FULL]: standard output"),
        "{errors}"
    );
}

#[test]
fn colour_comes_only_where_it_is_wanted() {
    let stage = Stage::new();
    let output = run(stage.gatos(["canon", "check", "--color", "always"]), b"1");
    assert_eq!(output.stdout, b"\x1b[32mcanonical JSON\x1b[0m, 1 byte\n");
    for line in [
        vec!["canon", "check"],
        vec!["canon", "check", "--color=never"],
    ] {
        let output = run(stage.gatos(line), b"1");
        assert_eq!(output.stdout, b"canonical JSON, 1 byte\n");
    }
}

/// `script` gives the program a terminal, where it is installed.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colour_unless_the_environment_objects() {
    let stage = Stage::new();
    let on_terminal = |setting: &str| {
        let mut command = stage.command("script");
        command.args([
            "-qec",
            &format!("{setting} gatos canon check < number"),
            "/dev/null",
        ]);
        command
    };
    std::fs::write(stage.work().join("number"), b"1").expect("writable");
    if stage.command("script").arg("--version").output().is_err() {
        println!("script is not installed: terminals not tried");
        return;
    }
    let coloured = run(on_terminal("TERM=xterm"), b"");
    assert!(
        String::from_utf8_lossy(&coloured.stdout).contains("\x1b[32m"),
        "{coloured:?}"
    );
    for setting in ["NO_COLOR=1", "TERM=dumb"] {
        let plain = run(on_terminal(setting), b"");
        assert!(
            !String::from_utf8_lossy(&plain.stdout).contains('\x1b'),
            "{setting}: {plain:?}"
        );
    }
}
