//! The layout, what happens to comments, and that roots stay.

use super::*;

fn check(source: &str, expected: &str) {
    let formatted =
        format_source(source).unwrap_or_else(|findings| panic!("{}\n{source}", findings[0]));
    assert_eq!(formatted, expected, "{source}");
    assert_eq!(format_source(expected).as_deref(), Ok(expected), "twice");
    let root = |source| compile(source).expect("valid").root;
    assert_eq!(root(source), root(expected));
}

#[test]
fn sources_get_the_one_layout() {
    check(
        "when:   {intent: write,path: gatos/journal/finance/**}\nallow_if: ['caps   includes \"journal:append\"',   '(trust[actor].level)>=2']\naudit:   true",
        "when: { intent: \"write\", path: \"gatos/journal/finance/**\" }\nallow_if:\n  - \"caps includes 'journal:append'\"\n  - \"trust[actor].level >= 2\"\naudit: true\n",
    );
    check(
        "version: 1\nrules:\n- when:\n    intent:\n    - read\n    - write\n  allow_if: true\n  id: a\n- {id: b, when: {}, deny_if: [\"payload['it\\\\'s'] == 'a\\\\\\\\b'\"], reason: 'Not now, sorry: ask.'}\n",
        "version: 1\nrules:\n  - when: { intent: [\"read\", \"write\"] }\n    allow_if:\n      - \"true\"\n    id: a\n\n  - id: b\n    when: {}\n    deny_if:\n      - \"payload['it\\\\'s'] == 'a\\\\\\\\b'\"\n    reason: \"Not now, sorry: ask.\"\n",
    );
}

#[test]
fn comments_keep_their_neighbours() {
    check(
        "# About the file.\n\nrules:   # the rules\n# About a.\n- id: a   # its name\n  when: {} # always\n  allow_if:\n  # why\n  - \"remote == '# no comment'\"  # x\n  reason: >\n    folded # inside\n    text\n# The end.\n",
        "# About the file.\nrules:  # the rules\n  # About a.\n  - id: a  # its name\n    when: {}  # always\n    allow_if:\n      # why\n      - \"remote == '# no comment'\"  # x\n    reason: \"folded # inside text\\n\"\n# The end.\n",
    );
}

#[test]
fn what_does_not_compile_is_not_formatted() {
    let findings = format_source("when: {}\nallow_if: ['caps']").expect_err("no truth value");
    assert_eq!(findings.len(), 1);
}
