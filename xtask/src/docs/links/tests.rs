//! Which links are refused and which pages count as lost.

use super::super::Page;
use super::{check_reach, check_targets, resolve};

fn page(path: &str, text: &str) -> Page {
    Page {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

fn faults(pages: &[Page]) -> Vec<String> {
    let exists = |path: &str| path == "src/lib.rs" || pages.iter().any(|page| page.path == path);
    check_targets(pages, &exists)
        .into_iter()
        .map(|complaint| complaint.what)
        .collect()
}

#[test]
fn targets_are_seen_from_the_page_that_names_them() {
    assert_eq!(
        resolve("docs/a/b.md", "../c.md").as_deref(),
        Some("docs/c.md")
    );
    assert_eq!(
        resolve("README.md", "./docs/x.md").as_deref(),
        Some("docs/x.md")
    );
    assert_eq!(resolve("README.md", "../x.md"), None);
}

#[test]
fn files_and_headings_must_be_there() {
    let pages = [
        page(
            "README.md",
            "[a](docs/a.md#one) [b](docs/a.md#two) [c](gone.md) [d](src/lib.rs) [e](https://x.y)",
        ),
        page("docs/a.md", "# One\n[up](../../x)"),
    ];
    assert_eq!(
        faults(&pages),
        [
            "`docs/a.md` has no heading `#two`",
            "`gone.md` leads nowhere: there is no `gone.md`",
            "`../../x` leads out of the repository",
        ]
    );
}

#[test]
fn a_page_that_nothing_links_to_is_lost() {
    let pages = [
        page("README.md", "[map](docs/README.md)"),
        page("docs/README.md", "[a](a.md)"),
        page("docs/a.md", ""),
        page("docs/lost.md", "[a](a.md)"),
    ];
    let lost: Vec<String> = check_reach(&pages)
        .into_iter()
        .map(|complaint| complaint.place)
        .collect();
    assert_eq!(lost, ["docs/lost.md"]);
}
