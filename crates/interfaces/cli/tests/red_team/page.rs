//! docs/red-team.md and the list of attacks are the same.

use std::collections::BTreeSet;

use crate::attacks::attacks;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/red-team.md");
const START: &str = "<!-- attacks: written by the test -->\n";
const END: &str = "<!-- end of attacks -->\n";

#[test]
fn the_page_lists_every_attack() {
    let mut table = "| class | attack | the pusher reads | kept |\n|---|---|---|---|\n".to_owned();
    for attack in attacks() {
        table.push_str(&format!(
            "| {} | {} | `{}` | {} |\n",
            attack.class,
            attack.name,
            attack.says,
            attack.kept.word()
        ));
    }
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let (head, rest) = page.split_once(START).expect("the mark is there");
    let (_, tail) = rest.split_once(END).expect("the end mark is there");
    let wanted = format!("{head}{START}{table}{END}{tail}");
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::write(PAGE, &wanted).expect("writable");
    } else {
        assert!(
            page == wanted,
            "docs/red-team.md is not the list of attacks: GATOS_BLESS=1 writes it"
        );
    }
}

#[test]
fn attacks_have_names_of_their_own_and_classes_enough() {
    let names: BTreeSet<&str> = attacks().map(|attack| attack.name).collect();
    assert_eq!(names.len(), attacks().count());
    assert!(names.len() >= 30, "{}", names.len());
}
