//! What our Markdown subset reads, and what it leaves alone.

use super::{anchors, fences, links, table};

const PAGE: &str = "\
# One flow
Text with [a link](docs/a.md#here \"title\"), `[not](one)` and ![picture](p.png).
[ref]: other.md

<!-- table: crates -->
| crate | uses | note |
|---|---|---|
| `a` | `b` `c` | x \\| y |
| `d` | - | |

## One flow
### With `code` & signs!
```console hidden
$ echo \"[x](inside)\"
# not a heading
```
";

#[test]
fn a_marked_table_gives_cells_by_column_and_line() {
    let rows = table(PAGE, "crates").expect("the table is there");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].line, 8);
    assert_eq!(rows[0].codes("uses"), ["b", "c"]);
    assert_eq!(rows[0].cell("note"), "x | y");
    assert!(rows[1].codes("uses").is_empty());
    assert!(table(PAGE, "absent").is_none());
}

#[test]
fn links_outside_code_are_found_and_titles_dropped() {
    let targets: Vec<String> = links(PAGE).into_iter().map(|link| link.target).collect();
    assert_eq!(targets, ["docs/a.md#here", "p.png", "other.md"]);
}

#[test]
fn anchors_are_numbered_when_headings_repeat() {
    assert_eq!(
        anchors(PAGE),
        ["one-flow", "one-flow-1", "with-code--signs"]
    );
}

#[test]
fn a_fence_keeps_its_info_string_and_lines() {
    let blocks = fences(PAGE);
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].info, "console hidden");
    assert_eq!(blocks[0].lines.len(), 2);
}
