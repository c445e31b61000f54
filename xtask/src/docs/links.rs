//! Links resolve, and every page under `docs/` can be reached from the README.
//!
//! Only targets inside the repository are followed; the network is never asked.
//! Tests: `links/tests.rs`.

#[cfg(test)]
mod tests;

use super::Page;
use crate::markdown;
use crate::report::Complaint;
use std::collections::BTreeSet;
use std::path::Path;

/// Every broken link and every page nobody links to.
pub fn check(root: &Path, pages: &[Page]) -> Vec<Complaint> {
    let exists = |path: &str| root.join(path).exists();
    let mut complaints = check_targets(pages, &exists);
    complaints.extend(check_reach(pages));
    complaints
}

fn check_targets(pages: &[Page], exists: &dyn Fn(&str) -> bool) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for page in pages {
        for link in markdown::links(&page.text) {
            if let Some((what, cure)) = fault_of(page, &link.target, pages, exists) {
                complaints.push(Complaint::new(
                    format!("{}:{}", page.path, link.line),
                    what,
                    cure,
                ));
            }
        }
    }
    complaints
}

/// What is wrong with a target, and its cure; nothing when it resolves or lies outside.
fn fault_of(
    page: &Page,
    target: &str,
    pages: &[Page],
    exists: &dyn Fn(&str) -> bool,
) -> Option<(String, &'static str)> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = resolve(&page.path, file) else {
        return Some((
            format!("`{target}` leads out of the repository"),
            "link to a file inside it",
        ));
    };
    if !exists(&path) {
        return Some((
            format!("`{target}` leads nowhere: there is no `{path}`"),
            "write the file, or mend the link",
        ));
    }
    let linked = pages.iter().find(|other| other.path == path)?;
    if anchor.is_empty()
        || markdown::anchors(&linked.text)
            .iter()
            .any(|known| known == anchor)
    {
        return None;
    }
    Some((
        format!("`{path}` has no heading `#{anchor}`"),
        "link to a heading that is there",
    ))
}

/// `target` seen from the page at `from`, as a path from the root; `None` above the root.
fn resolve(from: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let mut segments: Vec<&str> = from.split('/').collect();
    segments.pop();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            other => segments.push(other),
        }
    }
    Some(segments.join("/"))
}

/// Pages under `docs/` that no chain of links from the README reaches.
fn check_reach(pages: &[Page]) -> Vec<Complaint> {
    let mut reached = BTreeSet::from(["README.md".to_owned()]);
    let mut waiting = vec!["README.md".to_owned()];
    while let Some(path) = waiting.pop() {
        let Some(page) = pages.iter().find(|page| page.path == path) else {
            continue;
        };
        for link in markdown::links(&page.text) {
            let file = link.target.split('#').next().unwrap_or_default();
            let Some(next) = resolve(&page.path, file) else {
                continue;
            };
            if reached.insert(next.clone()) {
                waiting.push(next);
            }
        }
    }
    let is_lost = |page: &&Page| page.path.starts_with("docs/") && !reached.contains(&page.path);
    let lost = pages.iter().filter(is_lost);
    lost.map(|page| {
        Complaint::new(
            &page.path,
            "no chain of links from README.md reaches this page",
            "link it from docs/README.md",
        )
    })
    .collect()
}
