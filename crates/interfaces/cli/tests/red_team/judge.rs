//! What must hold after every attack: refused, told, kept, and nothing moved.

use std::collections::BTreeSet;

use gatos_node::{Node, NodeOptions, VerifyScope};

use crate::attacks::{AFTER_ROTATION, Attack, BEFORE_ROTATION, Kept};
use crate::scene::{Scene, append, git, sync};

/// Every attack, and an honest push between.
pub fn all(scene: &Scene) {
    run(scene, BEFORE_ROTATION.iter());
    honest_push(scene);
    scene.replace_the_key_of_bob();
    run(scene, AFTER_ROTATION.iter());
}

/// The first attack of each class, and an honest push between.
pub fn one_of_each_class(scene: &Scene) {
    let mut seen = BTreeSet::new();
    let mut is_first = |attack: &&Attack| seen.insert(attack.class);
    run(scene, BEFORE_ROTATION.iter().filter(&mut is_first));
    honest_push(scene);
    scene.replace_the_key_of_bob();
    run(scene, AFTER_ROTATION.iter().filter(&mut is_first));
}

fn run<'a>(scene: &Scene, attacks: impl Iterator<Item = &'a Attack>) {
    let mut complaints = Vec::new();
    let mut count = 0;
    for attack in attacks {
        count += 1;
        complaints.extend(try_one(scene, attack).err());
    }
    assert!(
        complaints.is_empty(),
        "{} of {count} attacks:\n{}",
        complaints.len(),
        complaints.join("\n\n")
    );
    let hub = hub_node(scene);
    hub.verify(VerifyScope::All, None, &mut |_| {})
        .expect("the hub verifies");
    hub.audit_verify().expect("the record verifies");
    git(
        &scene.hub(),
        &["fsck", "--strict", "--no-dangling", "--no-progress"],
    );
    eprintln!("{count} attacks refused");
}

/// The gate is no wall: who continues his journal is let in.
fn honest_push(scene: &Scene) {
    let bob = scene.clone_as("bob-again", "bob");
    append(&bob, &scene.bob.actor, "honest");
    sync(&bob);
}

pub fn hub_node(scene: &Scene) -> Node {
    let options = NodeOptions {
        home: Some(scene.root().join("gate")),
        ..NodeOptions::default()
    };
    Node::open(&scene.hub(), options).expect("the hub opens")
}

/// What the hub holds, but for the gate's own record.
#[derive(PartialEq, Debug)]
struct Holdings {
    refs: String,
    reachable: BTreeSet<String>,
}

fn holdings(scene: &Scene) -> Holdings {
    let hub = scene.hub();
    let refs = git(&hub, &["for-each-ref", "--format=%(refname) %(objectname)"]);
    let keep = |line: &&str| !line.starts_with("refs/gatos/audit/policy ");
    let objects = git(
        &hub,
        &[
            "rev-list",
            "--objects",
            "--exclude=refs/gatos/audit/policy",
            "--all",
        ],
    );
    Holdings {
        refs: refs.lines().filter(keep).collect::<Vec<_>>().join("\n"),
        reachable: objects.lines().map(str::to_owned).collect(),
    }
}

/// Records and counts of the gate.
fn books(scene: &Scene) -> (u64, u64) {
    let report = hub_node(scene).audit_verify().expect("the record verifies");
    (
        report.record_count,
        report.counted.iter().map(|(_, count)| count).sum(),
    )
}

fn try_one(scene: &Scene, attack: &Attack) -> Result<(), String> {
    let name = format!("{}: {}", attack.class, attack.name);
    let before = (holdings(scene), books(scene));
    let push = (attack.make)(scene);
    let output = scene.push(&push);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let complain = |what: &str| Err(format!("{name}: {what}\n  {push:?}\n{said}"));
    if output.status.success() {
        return complain("it went through");
    }
    let (records, counts) = books(scene);
    let (records_before, counts_before) = before.1;
    let kept = (records - records_before, counts - counts_before);
    let (wanted, words) = match attack.kept {
        Kept::Recorded => ((1, 0), "recorded: "),
        Kept::Counted => ((0, 1), "counted, not recorded"),
        Kept::ByGit => ((0, 0), ""),
    };
    if !said.contains(attack.says) {
        return complain(&format!("`{}` is not said", attack.says));
    }
    if kept != wanted || !said.contains(words) {
        return complain(&format!("kept {kept:?}, wanted {wanted:?}"));
    }
    if attack.kept != Kept::ByGit && !said.contains("hint: ") {
        return complain("no hint is given");
    }
    if holdings(scene) != before.0 {
        return complain("the hub holds something else now");
    }
    if attack.kept == Kept::Recorded {
        let newest = hub_node(scene).audit_log().expect("it opens").next();
        let code = newest.expect("one").expect("it reads").code();
        if code.map(|code| code.as_str()) != Some(attack.says) {
            return complain("the record has another code");
        }
    }
    let rooms = std::fs::read_dir(scene.hub().join("objects")).expect("it is there");
    let is_room = |name: &str| name.starts_with("tmp_objdir");
    if rooms
        .flatten()
        .any(|entry| is_room(&entry.file_name().to_string_lossy()))
    {
        return complain("git's quarantine is still there");
    }
    Ok(())
}
