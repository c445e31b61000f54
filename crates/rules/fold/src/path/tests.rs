//! Paths that may be written, names made from keys, and collisions.

extern crate std;

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

fn template(path: &str) -> PathTemplate {
    PathTemplate::parse(path, path.contains("{key}")).expect("a valid path")
}

#[test]
fn refuses_paths_that_some_system_cannot_hold() {
    for path in [
        "state/a",
        "state/a/b.json",
        "state/A-b_c.9.json",
        "state/console.json",
        "state/com10",
    ] {
        assert!(PathTemplate::parse(path, false).is_ok(), "{path}");
    }
    for (path, expected) in [
        ("", "`` is not below `state/`"),
        ("state", "`state` is not below `state/`"),
        ("/state/a", "`/state/a` is not below `state/`"),
        ("states/a", "`states/a` is not below `state/`"),
        ("state/", "`` in `state/` is no file name"),
        ("state//a", "`` in `state//a` is no file name"),
        ("state/../a", "`..` in `state/../a` is no file name"),
        ("state/.git/a", "`.git` in `state/.git/a` is no file name"),
        ("state/a.", "`a.` in `state/a.` is no file name"),
        ("state/a b", "`a b` in `state/a b` is no file name"),
        ("state/a\\b", "`a\\b` in `state/a\\b` is no file name"),
        ("state/é", "`é` in `state/é` is no file name"),
        ("state/a%41", "`a%41` in `state/a%41` is no file name"),
        ("state/git~1", "`git~1` in `state/git~1` is no file name"),
        (
            "state/Con",
            "`Con` in `state/Con` is a device name on Windows",
        ),
        (
            "state/nul.tar.gz",
            "`nul.tar.gz` in `state/nul.tar.gz` is a device name on Windows",
        ),
        (
            "state/lpt1/x",
            "`lpt1` in `state/lpt1/x` is a device name on Windows",
        ),
        (
            "state/{key}",
            "`state/{key}`: with `split: key`, the last segment holds `{key}` once, and no other path holds it",
        ),
    ] {
        assert_eq!(
            PathTemplate::parse(path, false)
                .expect_err(path)
                .to_string(),
            expected
        );
    }
    for path in [
        "state/a",
        "state/{key}/a",
        "state/{key}{key}",
        "state/con.{key}",
        "state/{key}.",
    ] {
        assert!(PathTemplate::parse(path, true).is_err(), "{path}");
    }
    let long = format!("state/{}", "a".repeat(SEGMENT_SIZE_MAX + 1));
    assert_eq!(
        PathTemplate::parse(&long, false),
        Err(PathError::TooLong(long.clone()))
    );
}

#[test]
fn escapes_keys() {
    let path = template("state/x/{key}.json");
    for (key, expected) in [
        ("inv-7_a", "state/x/inv-7_a.json"),
        ("A", "state/x/%41.json"),
        ("a/b", "state/x/a%2Fb.json"),
        ("é%", "state/x/%C3%A9%25.json"),
        ("..", "state/x/%2E%2E.json"),
        ("con", "state/x/%63on.json"),
        ("lpt9", "state/x/%6Cpt9.json"),
        ("con-", "state/x/con-.json"),
        ("", "state/x/~af1349b9f5f9a1a6a0404dea36dcc949.json"),
    ] {
        assert_eq!(path.path_for(key), expected, "{key}");
    }
    assert_eq!(template("state/co{key}").path_for("n"), "state/co%6E");
    let key = "k".repeat(100);
    assert_eq!(path.path_for(&key), format!("state/x/{key}.json"));
    let key = "k".repeat(101);
    let digest = Blake3Digest::of(key.as_bytes()).to_hex();
    assert_eq!(
        path.path_for(&key),
        format!("state/x/{}~{}.json", "k".repeat(60), &digest[..32])
    );
}

#[test]
fn finds_collisions_before_they_happen() {
    let collide = |left: &str, right: &str| {
        let (left, right) = (template(left), template(right));
        assert_eq!(
            collision(&left, &right),
            collision(&right, &left),
            "{left} {right}"
        );
        collision(&left, &right)
    };
    for (left, right) in [
        ("state/a", "state/A"),
        ("state/a", "state/a/b"),
        ("state/A", "state/a/b"),
        ("state/A/x", "state/a/y"),
        ("state/{key}.json", "state/all.json"),
        ("state/{key}.json", "state/ALL.json"),
        ("state/{key}", "state/all/x.json"),
        ("state/{key}.json", "state/x{key}.json"),
        ("state/a{key}", "state/{key}b"),
        ("state/{key}", "state/{key}"),
        ("state/{key}.json", "state/a.{key}"),
        ("state/{key}.a.b", "state/x.a.{key}"),
        ("state/{key}.json", "state/a.{key}n"),
    ] {
        assert!(collide(left, right), "{left} {right}");
    }
    for (left, right) in [
        ("state/a", "state/b"),
        ("state/a", "state/a.b"),
        ("state/{key}.json", "state/{key}.jsonl"),
        ("state/{key}.json", "state/index.all.json"),
        ("state/{key}.json", "state/x/y.json"),
        ("state/a.{key}", "state/b.{key}"),
        ("state/{key}.json", "state/a.b.{key}"),
        ("state/{key}.json", "state/a.{key}.b"),
        ("state/ab{key}", "state/ab"),
        ("state/x/{key}", "state/y/{key}"),
    ] {
        assert!(!collide(left, right), "{left} {right}");
    }
}

#[test]
fn checks_paths_made_at_run_time() {
    let check =
        |paths: &[&str]| check_made(paths.iter().copied()).map_err(|error| error.to_string());
    assert_eq!(check(&["state/a%2Fb", "state/c~0", "state/d/e"]), Ok(()));
    assert!(check(&["state/a", "state/A"]).is_err());
    assert!(check(&["state/a-b", "state/a", "state/a/b"]).is_err());
    assert!(check(&["state/a/x", "state/A/y"]).is_err());
    assert!(check(&["other/a"]).is_err());
}

/// Templates that are apart and keys that try to bring them together.
fn any_template() -> impl Strategy<Value = String> {
    (
        "(a|A|b|x/)?",
        "[aA.-]{0,3}",
        prop_oneof!["[{]key[}]", Just(alloc::string::String::new())],
        "(\\.json|b|B|\\.a|-\\.)?",
    )
        .prop_map(|(folder, head, key, tail)| format!("state/{folder}{head}{key}{tail}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2048) })]

    #[test]
    fn two_keys_never_share_a_name(keys in prop::collection::btree_set(prop_oneof!["[a-cA-C%~/é.]{0,3}", "(con|CON|aux|com1|COM1)", "a{98,104}"], 0..8)) {
        for path in ["state/{key}", "state/co{key}.json"] {
            let path = template(path);
            let paths: Vec<String> = keys.iter().map(|key| path.path_for(key)).collect();
            prop_assert_eq!(check_made(paths.iter().map(String::as_str)), Ok(()));
        }
    }

    #[test]
    fn accepted_templates_never_collide(left in any_template(), right in any_template(), keys in prop::collection::vec("[aAb./-]{0,3}|json|con", 1..6)) {
        let parse = |text: &String| PathTemplate::parse(text, text.contains("{key}"));
        let (Ok(left), Ok(right)) = (parse(&left), parse(&right)) else { return Ok(()) };
        if collision(&left, &right) {
            return Ok(());
        }
        let mut paths = vec![];
        for template in [&left, &right] {
            let made: BTreeSet<String> = keys.iter().map(|key| template.path_for(key)).collect();
            paths.extend(made);
        }
        prop_assert_eq!(check_made(paths.iter().map(String::as_str)), Ok(()), "{} {}", left, right);
    }
}
