use super::*;
use proptest::prelude::*;

#[test]
fn columns_line_up_also_with_wide_characters() {
    let mut table = Table::new(&[("author", Side::Left), ("commits", Side::Right)]);
    table.row(["Ada".to_owned(), "1,204".to_owned()]);
    table.row(["山田".to_owned(), "7".to_owned()]);
    assert_eq!(
        table.text(2).render(false),
        "  author  commits\n  Ada       1,204\n  山田          7\n"
    );
}

#[test]
fn hostile_cells_are_escaped_and_rows_keep_their_shape() {
    let mut table = Table::new(&[("a", Side::Left), ("b", Side::Left)]);
    table.row(["x\x1b[2J\n".to_owned()]);
    table.row(["1".to_owned(), "2".to_owned(), "3".to_owned()]);
    assert_eq!(
        table.text(0).render(false),
        "a             b\nx\\u{1b}[2J\\n\n1             2\n"
    );
}

#[test]
fn long_cells_lose_their_middle() {
    assert_eq!(cut("crates/base/values/src/json.rs", 15), "crat…rc/json.rs");
    assert_eq!(cut("short", 15), "short");
    assert_eq!(cut("abc", 0), "…");
}

proptest! {
    #[test]
    fn a_cut_text_is_never_wider(text in "\\PC{0,40}", columns in 1usize..30) {
        prop_assert!(width(&cut(&text, columns)) <= columns);
    }
}
