//! How pages become scripts and how what they print is judged.

use super::super::Page;
use super::{assemble, fits, in_parallel, run_page, steps};
use std::path::Path;

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(|line| (*line).to_owned()).collect()
}

/// What is said about a page with this text, run with nothing of ours on the path.
fn said(text: &str) -> Vec<String> {
    let page = Page {
        path: "README.md".to_owned(),
        text: text.to_owned(),
    };
    let complaints = run_page(&page, &steps(text), Path::new("/nowhere")).expect("bash runs");
    complaints
        .into_iter()
        .map(|complaint| format!("{}: {}", complaint.place, complaint.what))
        .collect()
}

#[test]
fn blocks_become_steps_and_norun_is_left_out() {
    let text = "```console\n$ echo a \\\n  b\na b\n$ false\n[1]\n```\n```sh norun\nrm -rf x\n```\n```sh\ntrue\n```\n";
    let steps = steps(text);
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[0].script, "echo a \\\n  b");
    assert_eq!(steps[0].shown, Some(lines(&["a b"])));
    assert_eq!(steps[1].status, 1);
    assert_eq!(steps[2].line, 11);
    assert!(!assemble(&steps).contains("rm -rf"));
}

#[test]
fn dots_stand_for_text_and_for_lines() {
    assert!(fits(
        &lines(&["id ... end", "...", "last"]),
        &lines(&["id 4711 end", "x", "y", "last"])
    ));
    assert!(fits(&lines(&["...", "last"]), &lines(&["last"])));
    assert!(!fits(&lines(&["id ... end"]), &lines(&["id 4711 ends"])));
    assert!(!fits(&lines(&["a"]), &lines(&["a", "b"])));
}

#[test]
fn a_page_that_shows_what_is_printed_is_left_alone() {
    let text = "<!--\n```sh\nmkdir scene\n```\n-->\n```console\n$ cd scene && echo one; echo two >&2\none\ntwo\n$ pwd\n.../scene\n$ exit_code() { return 3; }; exit_code\n[3]\n```\n";
    assert_eq!(said(text), Vec::<String>::new());
}

#[test]
fn other_output_and_other_answers_are_named_with_their_line() {
    let complaints = said("```console\n$ echo one\ntwo\n$ false\n```\n");
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].starts_with("README.md:2: the example prints something else"));
    assert!(complaints[1].starts_with("README.md:4: the example answers 1, not 0"));
}

#[test]
fn a_script_that_fails_midway_does_not_pass() {
    let complaints = said("```sh\nfalse\ntrue\n```\n");
    assert!(
        complaints[0].contains("the script stopped"),
        "{complaints:?}"
    );
}

#[test]
fn a_named_block_becomes_a_file() {
    let text =
        "```yaml file=a.yaml\nkey: \"$.id\"\n```\n```console\n$ cat a.yaml\nkey: \"$.id\"\n```\n";
    assert_eq!(said(text), Vec::<String>::new());
}

#[test]
fn what_is_done_at_once_is_told_in_the_order_of_the_items() {
    let items: Vec<usize> = (0..100).collect();
    for thread_count in [0, 1, 2, 7, 1000] {
        let squares = in_parallel(&items, thread_count, |item| item * item);
        let expected: Vec<usize> = items.iter().map(|item| item * item).collect();
        assert_eq!(squares, expected, "{thread_count} threads");
    }
    assert!(in_parallel(&[] as &[usize], 2, |item| *item).is_empty());
}
