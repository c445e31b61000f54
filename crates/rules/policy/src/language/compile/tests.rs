//! What sources compile to, what is refused with which words and where, and what the bytes do not depend on.

use super::*;
use alloc::string::String;

/// The rule of the system's first description.
const SEED: &str = r#"when: { intent: "write", path: "gatos/journal/finance/**" }
allow_if:
    - "caps includes 'journal:append'"
    - "trust[actor].level >= 2"
deny_if:
    - "labels contains 'private' and remote != 'internal'"
audit: true
"#;

fn findings(source: &str) -> String {
    match compile(source) {
        Ok(compiled) => shown(&compiled.warnings),
        Err(findings) => shown(&findings),
    }
}

fn shown(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn root(source: &str) -> Sha256Digest {
    match compile(source) {
        Ok(compiled) => compiled.root,
        Err(findings) => panic!("{}\n{source}", shown(&findings)),
    }
}

#[test]
fn the_bare_rule_of_the_first_description_compiles() {
    let compiled = compile(SEED).expect("valid");
    assert_eq!(compiled.warnings, []);
    let [rule] = compiled.policy.rules() else {
        panic!("one rule")
    };
    assert!(rule.audit && rule.id.starts_with("auto-"));
    assert_eq!(rule.allow_if.as_ref().map(Vec::len), Some(2));
    assert_eq!(
        compiled.source_map[0].deny_if[0].position,
        Position { line: 6, column: 7 }
    );
}

#[test]
fn what_does_not_matter_does_not_show() {
    let expected = root(SEED);
    for same in [
        "# a comment\nversion: 1\nrules:\n- audit: true\n  deny_if: [\"labels includes 'private'  and remote != 'internal' and true\"]\n  when: {path: [gatos/journal/finance/**], intent: [write]}\n  allow_if:\n  - trust[actor].level >= 2\n  - has_cap('journal:append')\n".to_string(),
        SEED.replace(">= 2", ">= 1 + 1"),
        SEED.replace("caps includes 'journal:append'", "'journal:append' in caps"),
        SEED.replace("caps includes 'journal:append'", "includes(caps, \\\"journal:append\\\")"),
    ] {
        assert_eq!(root(&same), expected, "{same}");
    }
    for other in [
        SEED.replace(">= 2", ">= 3"),
        SEED.replace("write", "read"),
        SEED.replace("audit: true", "audit: false"),
        format!("reason: ask finance\n{SEED}"),
        format!("id: finance\n{SEED}"),
    ] {
        assert_ne!(root(&other), expected, "{other}");
    }
}

#[test]
fn ids_of_the_compiler_do_not_move_with_neighbours() {
    let rule = |level| format!("- when: {{}}\n  allow_if: [\"trust[actor].level >= {level}\"]\n");
    let ids = |levels: &[u32]| -> Vec<Arc<str>> {
        let rules: String = levels.iter().map(|level| rule(*level)).collect();
        let compiled = compile(&format!("rules:\n{rules}")).expect("valid");
        compiled
            .policy
            .rules()
            .iter()
            .map(|rule| rule.id.clone())
            .collect()
    };
    let (one, both) = (ids(&[1]), ids(&[1, 2]));
    assert_eq!(both, ids(&[2, 1]));
    assert!(both.contains(&one[0]) && both.contains(&ids(&[2])[0]));
}

#[test]
fn findings_name_the_place_and_the_cure() {
    for (source, expected) in [
        (
            "",
            "1:1: error[wrong-type]: a policy must be a map, not null (write a map)",
        ),
        (
            "rules: []",
            "1:8: error[empty]: a policy without rules (a repository begins with the empty policy, which admits every enrolled key; write at least one rule)",
        ),
        (
            "version: 2\nwhen: {}\naudit: true",
            "1:10: error[version]: `version` is not one this program knows (write `version: 1`)",
        ),
        (
            "when: {}",
            "1:1: error[empty]: a rule that neither allows nor denies nor audits (add `allow_if`, `deny_if` or `audit: true`)",
        ),
        (
            "audit: true",
            "1:1: error[missing-key]: a rule without `when` (write `when: { intent: \"write\", path: \"gatos/journal/**\" }`, or `when: {}` for every request)",
        ),
        (
            "when: {}\nallow: ['true']",
            "1:1: error[empty]: a rule that neither allows nor denies nor audits (add `allow_if`, `deny_if` or `audit: true`)\n2:1: error[unknown-key]: `allow` is not a key of a rule (write `allow_if`)",
        ),
        (
            "when: {}\nallow_if: []",
            "2:11: error[empty]: `allow_if` is an empty list (write `allow_if: [\"true\"]` to allow whatever matches, or leave it out)",
        ),
        (
            "when: {intent: wirte}\naudit: true",
            "1:16: error[unknown-intent]: `wirte` is not an intent (intents are read, write, exec, publish, subscribe, export, govern)",
        ),
        (
            "when: {path: a//b}\naudit: true",
            "1:14: error[bad-glob]: `a//b` is not a pattern: a segment is empty (byte 2) (`*` stands for anything within a segment, `**` for any number of whole segments)",
        ),
        (
            "when: {path: journal/**}\naudit: true",
            "1:14: warning[unreachable-path]: `journal/**` matches no path of a repository (paths start with `gatos/`, for example `gatos/journal/finance/**`)",
        ),
        (
            "when: {}\nallow_if:\n- \"caps includes journal\"",
            "3:18: error[expression]: `journal` is not a part of a request (put text in quotes; names are intent, actor, caps, labels, remote, remote_addr, epoch, path, resource, payload, trust)",
        ),
        (
            "when: {}\nallow_if:\n- trust[actor].level => 2",
            "3:22: error[expression]: `=` has no meaning here (write `==`)",
        ),
        (
            "when: {}\nallow_if: ['trust[actor].level >= \"2\"']",
            "2:35: error[expression]: a number and a text never compare (compare things of one kind)",
        ),
        (
            "when: {}\nallow_if: [caps == \"a\"]",
            "2:20: error[expression]: a list of texts and a text never compare (write `includes` to look into a list)",
        ),
        (
            "when: {}\nallow_if: [actor]",
            "2:12: error[expression]: a line of a rule must be a truth value, not a text (compare it with something)",
        ),
        (
            "when: {}\nallow_if: [\"in_cidr(remote_addr, '10.1.0.0/8')\"]",
            "2:34: error[expression]: `10.1.0.0/8` is not a network: bits are set behind the prefix; the network is `10.0.0.0/8` (write '10.0.0.0/8')",
        ),
        (
            "when: {}\nallow_if: [payload.a * payload.b > 2]",
            "2:12: error[expression]: `*` needs a constant integer on one side (multiply by a constant)",
        ),
        (
            "when: {}\nallow_if: [1 < 2 < 3]",
            "2:18: error[expression]: comparisons do not chain (write `a < b and b < c`, or use brackets)",
        ),
        (
            "rules:\n- {id: a, when: {}, audit: true}\n- {id: a, when: {}, audit: true}",
            "3:3: error[duplicate-id]: a second rule `a`; the first is in line 2 (give it another id)",
        ),
        (
            "rules:\n- {when: {}, audit: true}\n- {when: {}, audit: true}",
            "3:3: warning[repeated]: this rule says the same as the one in line 2 (remove one of the two)",
        ),
        (
            "id: default-deny\nwhen: {}\naudit: true",
            "1:5: error[bad-id]: id `default-deny` is the name of the denial that no rule asked for (choose another id)",
        ),
        (
            "when: {}\ndeny_if: 'false'",
            "2:10: warning[constant]: this line never denies (remove the line)",
        ),
        (
            "a: &b 1",
            "1:4: error[yaml]: anchors and aliases are not supported (write the value out where it is used, or quote text that starts with `&` or `*`)",
        ),
    ] {
        assert_eq!(findings(source), expected, "{source}");
    }
}

#[test]
fn what_compiles_decodes_again() {
    let compiled = compile(SEED).expect("valid");
    let decoded = Policy::decode(&compiled.rgc).expect("our own bytes");
    assert_eq!(
        (decoded.root(), decoded.rules()),
        (compiled.root, compiled.policy.rules())
    );
}
