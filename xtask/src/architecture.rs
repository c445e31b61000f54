//! ARCHITECTURE.md held to the truth: its two tables against the crates' real dependencies.
//!
//! The first table names our crates, their floors and whom each uses; the second names every
//! outside crate and who may use it. Both are compared both ways: a use that is not written and a
//! written use that is not there are complaints alike. Dev-dependencies may point at `testkit` or
//! down; oracles from outside are free in tests. The sources' own rules are in `sources`.
//!
//! INVARIANT: the tables are the only place where a dependency between rooms is allowed.
//! Tests: `architecture/tests.rs`.

#[cfg(test)]
mod tests;

use crate::markdown;
use crate::report::{self, Complaint, Failure, Outcome};
use crate::{shell, sources};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const PAGE: &str = "ARCHITECTURE.md";
/// Folders whose crates serve the others' tests and the repository, and which nothing ships.
const SERVICE_FOLDERS: &[&str] = &["crates/testkit", "crates/sweeps", "xtask"];

/// `cargo xtask check-architecture`
pub fn run(_arguments: &[String]) -> Outcome {
    let root = shell::root();
    let page = shell::read(&root.join(PAGE))?;
    let crates = crates_of(&shell::metadata()?, &root.to_string_lossy());
    let mut complaints = compare(&page, &crates)?;
    complaints.extend(check_named(&crates, &|folder| source_text(&root, folder))?);
    complaints.extend(sources::check(&root)?);
    report::settle("check-architecture", &complaints)
}

/// One crate of the workspace as cargo sees it.
#[derive(Debug, Clone, Default)]
struct Crate {
    folder: String,
    ours: BTreeSet<String>,
    ours_in_tests: BTreeSet<String>,
    outside: BTreeSet<String>,
}

/// One row of the table of crates.
#[derive(Debug)]
struct Room {
    line: usize,
    name: String,
    folder: String,
    floor: Option<u32>,
    uses: BTreeSet<String>,
}

/// The workspace's crates by package name, out of `cargo metadata`.
fn crates_of(metadata: &Value, root: &str) -> BTreeMap<String, Crate> {
    let packages = list(&metadata["packages"]);
    packages
        .iter()
        .map(|package| (text(&package["name"]), crate_of(package, root)))
        .collect()
}

fn crate_of(package: &Value, root: &str) -> Crate {
    let manifest = text(&package["manifest_path"]);
    let folder = manifest
        .trim_start_matches(root)
        .trim_end_matches("Cargo.toml");
    let mut found = Crate {
        folder: folder.replace('\\', "/").trim_matches('/').to_owned(),
        ..Crate::default()
    };
    for dependency in list(&package["dependencies"]) {
        let name = text(&dependency["name"]);
        let is_ours = dependency["path"].is_string();
        let is_for_tests = dependency["kind"] == "dev";
        match (is_ours, is_for_tests) {
            (true, true) => found.ours_in_tests.insert(name),
            (true, false) => found.ours.insert(name),
            (false, false) => found.outside.insert(name),
            (false, true) => false,
        };
    }
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Every difference between the page and the crates.
fn compare(page: &str, crates: &BTreeMap<String, Crate>) -> Outcome<Vec<Complaint>> {
    let rooms = rooms_of(page)?;
    let mut complaints = Vec::new();
    for room in &rooms {
        match crates.get(&room.name) {
            Some(found) => {
                complaints.extend(compare_room(room, found));
                complaints.extend(check_direction(room, found, &rooms));
            }
            None => complaints.push(Complaint::new(
                place(room.line),
                format!("`{}` is no crate of the workspace", room.name),
                "delete the row, or add the crate to `members` in Cargo.toml",
            )),
        }
    }
    for name in crates
        .keys()
        .filter(|name| rooms.iter().all(|room| room.name != **name))
    {
        complaints.push(Complaint::new(
            PAGE,
            format!("the table of crates has no row for `{name}`"),
            "add the row, and say in a decision record which rule the new wall keeps",
        ));
    }
    complaints.extend(compare_walls(page, crates)?);
    Ok(complaints)
}

fn place(line: usize) -> String {
    format!("{PAGE}:{line}")
}

fn marked_table(page: &str, name: &str) -> Outcome<Vec<markdown::Row>> {
    markdown::table(page, name).ok_or_else(|| {
        Failure::new(format!("{PAGE}: no table after `<!-- table: {name} -->`\n    cure: put the marker back above the table"))
    })
}

fn rooms_of(page: &str) -> Outcome<Vec<Room>> {
    let rows = marked_table(page, "crates")?;
    Ok(rows
        .iter()
        .map(|row| Room {
            line: row.line,
            name: row.codes("crate").into_iter().next().unwrap_or_default(),
            folder: row.codes("folder").into_iter().next().unwrap_or_default(),
            floor: row.cell("floor").parse().ok(),
            uses: row.codes("uses").into_iter().collect(),
        })
        .collect())
}

fn compare_room(room: &Room, found: &Crate) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if room.folder != found.folder {
        complaints.push(Complaint::new(
            place(room.line),
            format!(
                "`{}` lies in `{}`, not in `{}`",
                room.name, found.folder, room.folder
            ),
            "write the real folder, or move the crate",
        ));
    }
    for used in found.ours.difference(&room.uses) {
        complaints.push(Complaint::new(
            place(room.line),
            format!("`{}` depends on `{used}`, which the table does not allow", room.name),
            "drop the dependency; if the new wall opening is wanted, write a decision record and add it to the row",
        ));
    }
    for unused in room.uses.difference(&found.ours) {
        complaints.push(Complaint::new(
            place(room.line),
            format!(
                "`{}` does not depend on `{unused}`, though the table says so",
                room.name
            ),
            "take it out of the row",
        ));
    }
    complaints
}

/// Calls go down: a crate uses lower floors only, and nothing shipped uses a service crate.
fn check_direction(room: &Room, found: &Crate, rooms: &[Room]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let Some(floor) = room.floor else {
        return vec![Complaint::new(
            place(room.line),
            format!("`{}` stands on no floor", room.name),
            "write a whole number in the column `floor`",
        )];
    };
    for used in found.ours.union(&found.ours_in_tests) {
        let Some(other) = rooms.iter().find(|other| other.name == *used) else {
            continue;
        };
        let is_service = SERVICE_FOLDERS.contains(&other.folder.as_str());
        let only_in_tests = !found.ours.contains(used);
        if is_service && only_in_tests {
            continue;
        }
        if is_service || other.floor.is_none_or(|below| below >= floor) {
            complaints.push(Complaint::new(
                place(room.line),
                format!(
                    "`{}` (floor {floor}) uses `{used}`, which does not lie below it",
                    room.name
                ),
                "calls go down, never across and never up: move the shared code to a lower floor",
            ));
        }
    }
    complaints
}

/// All sources of the crate in this folder, as one text.
fn source_text(root: &Path, folder: &str) -> Outcome<String> {
    let mut text = String::new();
    for path in sources::files(root, &[folder], "rs")? {
        text.push_str(&shell::read(&root.join(path))?);
    }
    Ok(text)
}

/// Dependencies that no source of the crate names.
fn check_named(
    crates: &BTreeMap<String, Crate>,
    read: &dyn Fn(&str) -> Outcome<String>,
) -> Outcome<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for (name, found) in crates {
        let text = read(&found.folder)?;
        for dependency in found.ours.union(&found.outside) {
            if !text.contains(&dependency.replace('-', "_")) {
                complaints.push(Complaint::new(
                    format!("{}/Cargo.toml", found.folder),
                    format!("no source of `{name}` names its dependency `{dependency}`"),
                    "delete the line",
                ));
            }
        }
    }
    Ok(complaints)
}

/// The table of outside crates against what the crates really pull in.
fn compare_walls(page: &str, crates: &BTreeMap<String, Crate>) -> Outcome<Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut written = BTreeSet::new();
    for row in marked_table(page, "outside")? {
        let users = row.codes("used by");
        for outside in row.codes("crate") {
            for user in &users {
                written.insert((outside.clone(), user.clone()));
                let is_used = crates
                    .get(user)
                    .is_some_and(|found| found.outside.contains(&outside));
                if !is_used {
                    complaints.push(Complaint::new(
                        place(row.line),
                        format!("`{user}` does not use `{outside}`, though the table says so"),
                        "take it out of the row",
                    ));
                }
            }
        }
    }
    for (user, found) in crates {
        for outside in &found.outside {
            if !written.contains(&(outside.clone(), user.clone())) {
                complaints.push(Complaint::new(
                    format!("{}/Cargo.toml", found.folder),
                    format!("`{user}` uses the outside crate `{outside}`, which the table does not allow"),
                    "use what a lower floor offers; if the crate is really needed, add it to the table of outside crates with its reason",
                ));
            }
        }
    }
    Ok(complaints)
}
