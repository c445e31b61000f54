//! Every finding of the doctor provoked, and its cure tried where it is a command.

use std::fs;
use std::path::PathBuf;

use gatos_node::doctor::{DoctorReport, Severity};
use gatos_node::{Acknowledgement, Node};

use crate::world::{World, append, intent, run};

fn examine(world: &World) -> DoctorReport {
    let node = Node::open_to_examine(&world.path(), world.options()).expect("it opens");
    node.doctor().expect("the doctor works")
}

/// The only journal's ref.
fn journal(world: &World) -> String {
    let refs = world.git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal"]);
    refs.trim().to_owned()
}

fn git_dir(world: &World) -> PathBuf {
    world.path().join(".git")
}

/// What is done to a repository with two visible events, and what the doctor must say of it.
struct Case {
    name: &'static str,
    harm: fn(&World),
    severity: Severity,
    check: &'static str,
    evidence: &'static str,
    /// Whether the printed cure is a command that makes it healthy again.
    has_cure: bool,
}

const CASES: [Case; 9] = [
    Case {
        name: "a setting that risks data",
        harm: |world| drop(world.git(&["config", "core.fsync", "none"])),
        severity: Severity::Error,
        check: "settings",
        evidence: "is `none`, should be `all`",
        has_cure: true,
    },
    Case {
        name: "a setting that costs",
        harm: |world| drop(world.git(&["config", "gc.auto", "100"])),
        severity: Severity::Warning,
        check: "settings",
        evidence: "is `100`, should be `0`",
        has_cure: true,
    },
    Case {
        name: "a setting taken away",
        harm: |world| drop(world.git(&["config", "--unset", "receive.fsckObjects"])),
        severity: Severity::Warning,
        check: "settings",
        evidence: "is `not set`, should be `true`",
        has_cure: true,
    },
    Case {
        name: "the hook taken away",
        harm: |world| fs::remove_file(git_dir(world).join("hooks/update")).expect("a hook"),
        severity: Severity::Warning,
        check: "hooks",
        evidence: "",
        has_cure: false,
    },
    Case {
        name: "a ref that is no journal",
        harm: |world| {
            let tip = journal(world);
            world.git(&["update-ref", "refs/gatos/journal/stray", &tip]);
        },
        severity: Severity::Warning,
        check: "refs",
        evidence: "is no journal",
        has_cure: true,
    },
    Case {
        name: "a journal taken back",
        harm: |world| {
            let tip = journal(world);
            world.git(&["update-ref", &tip, &format!("{tip}~1")]);
        },
        severity: Severity::Error,
        check: "refs",
        evidence: "FF_VIOLATION: the ref points at",
        has_cure: true,
    },
    Case {
        name: "a journal deleted",
        harm: |world| {
            let tip = journal(world);
            world.git(&["update-ref", "-d", &tip]);
        },
        severity: Severity::Error,
        check: "refs",
        evidence: "2 event(s) had been admitted",
        has_cure: true,
    },
    Case {
        name: "the key taken away",
        harm: |world| fs::remove_dir_all(world.home().join("keys")).expect("keys"),
        severity: Severity::Warning,
        check: "keys",
        evidence: "is at hand",
        has_cure: false,
    },
    Case {
        name: "packs upon packs",
        harm: many_packs,
        severity: Severity::Warning,
        check: "packs",
        evidence: "pack(s)",
        has_cure: false,
    },
];

/// As many packs as no upkeep leaves: copies of one under other names.
fn many_packs(world: &World) {
    let folder = git_dir(world).join("objects/pack");
    let mut names = fs::read_dir(&folder)
        .expect("packs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pack")
        });
    let pack = names.next().expect("a pack");
    for number in 0..300 {
        for extension in ["pack", "idx"] {
            let copy = folder.join(format!("pack-{number:040x}.{extension}"));
            fs::copy(pack.with_extension(extension), copy).expect("a copy");
        }
    }
}

#[test]
fn every_harm_is_found_and_its_command_mends_it() {
    for case in CASES {
        let world = World::new();
        let events = [intent("ops", "tick", "1"), intent("ops", "tick", "2")];
        append(&world.node(), &events);
        let well = examine(&world);
        assert!(well.is_healthy(), "{:?}", well.findings);
        (case.harm)(&world);
        let report = examine(&world);
        assert!(!report.is_healthy(), "{}", case.name);
        let bad: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Info)
            .collect();
        let [finding] = bad.as_slice() else {
            panic!("{}: {bad:?}", case.name);
        };
        assert_eq!(finding.severity, case.severity, "{}", case.name);
        assert_eq!(finding.check, case.check, "{}", case.name);
        let evidence = &finding.evidence;
        assert!(
            evidence.contains(case.evidence),
            "{}: {evidence}",
            case.name
        );
        assert!(!finding.mend.is_empty(), "{}", case.name);
        assert_eq!(&report.findings[0], *finding, "the worst comes first");
        // Looking changes nothing.
        assert_eq!(examine(&world).findings, report.findings, "{}", case.name);
        if case.has_cure {
            run(&world.path(), "sh", &["-c", &finding.mend]);
            let after = examine(&world);
            assert!(after.is_healthy(), "{}: {:?}", case.name, after.findings);
            append(&world.node(), &[intent("ops", "tick", "3")]);
        }
    }
}

#[test]
fn events_on_their_way_are_told_and_are_no_fault() {
    let world = World::new();
    let node = world.node();
    append(&node, &[intent("ops", "tick", "1")]);
    for number in 2..5 {
        let one = intent("ops", "tick", &number.to_string());
        node.append(&[one.clone(), one], Acknowledgement::Durable)
            .expect("the append works");
    }
    // Beside the writer, and after it was cut short.
    for node in [Some(node), None] {
        let report = examine(&world);
        assert!(report.is_healthy(), "{:?}", report.findings);
        let log = report
            .findings
            .iter()
            .find(|finding| finding.check == "write-ahead log");
        let evidence = &log.expect("the log is looked at").evidence;
        assert!(
            evidence.contains("3 call(s) not released yet with 6 event(s)"),
            "{evidence}"
        );
        drop(node);
    }
    append(&world.node(), &[intent("ops", "tick", "5")]);
    let report = examine(&world);
    let is_empty = |finding: &gatos_node::doctor::Finding| finding.evidence.contains(" 0 event(s)");
    assert!(
        report.findings.iter().any(is_empty),
        "{:?}",
        report.findings
    );
}

#[test]
fn a_damaged_log_is_found_and_left_as_it_is() {
    let world = World::new();
    let node = world.node();
    append(&node, &[intent("ops", "tick", "1")]);
    for number in 2..5 {
        let one = intent("ops", "tick", &number.to_string());
        node.append(&[one], Acknowledgement::Durable)
            .expect("the append works");
    }
    drop(node);
    let segment = git_dir(&world).join("gatos/wal/0000000000000001.wal");
    let mut bytes = fs::read(&segment).expect("the first segment");
    let frames: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, four)| *four == b"GwF1")
        .map(|(index, _)| index)
        .collect();
    // Of four frames the third, of which the fourth says that it was flushed.
    bytes[frames[2] + 200] ^= 1;
    fs::write(&segment, &bytes).expect("the damage is done");
    let report = examine(&world);
    let finding = &report.findings[0];
    assert_eq!(
        (finding.severity, finding.check),
        (Severity::Error, "write-ahead log")
    );
    assert!(
        finding.evidence.starts_with("WAL_CORRUPT"),
        "{}",
        finding.evidence
    );
    assert_eq!(fs::read(&segment).expect("the segment"), bytes);
    // A writer refuses to go on, and takes nothing away either.
    let outcome = world
        .node()
        .append(&[intent("ops", "tick", "9")], Acknowledgement::Durable);
    assert_eq!(crate::world::code(outcome), "WAL_CORRUPT");
    assert_eq!(fs::read(&segment).expect("the segment"), bytes);
}

#[test]
fn quarantine_is_named_until_somebody_takes_it_away() {
    let world = World::new();
    let node = world.node();
    append(
        &node,
        &[intent("ops", "tick", "1"), intent("ops", "tick", "2")],
    );
    node.append(&[intent("ops", "tick", "3")], Acknowledgement::Durable)
        .expect("the append works");
    let tip = journal(&world);
    let before = world.git(&["rev-parse", &tip]);
    world.git(&["update-ref", &tip, &format!("{tip}~1")]);
    assert!(node.close_writer().is_err());
    world.git(&["update-ref", &tip, before.trim()]);
    let report = examine(&world);
    let [finding] = report
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info)
        .collect::<Vec<_>>()[..]
    else {
        panic!("{:?}", report.findings);
    };
    assert_eq!(
        (finding.severity, finding.check),
        (Severity::Warning, "quarantine")
    );
    // Its command shows the report.
    let shown = run(&world.path(), "sh", &["-c", &finding.mend]);
    assert!(shown.contains("\"reason\""), "{shown}");
}

#[test]
fn a_clone_that_only_reads_is_healthy() {
    let world = World::new();
    append(&world.node(), &[intent("ops", "tick", "1")]);
    world.git(&["config", "--unset", "gatos.actor"]);
    world.git(&["config", "--unset", "gatos.key"]);
    fs::remove_dir_all(world.home()).expect("the keys go");
    let report = examine(&world);
    assert!(report.is_healthy(), "{:?}", report.findings);
    let keys = report
        .findings
        .iter()
        .find(|finding| finding.check == "keys");
    assert!(
        keys.expect("keys are looked at")
            .evidence
            .contains("no default actor")
    );
}
