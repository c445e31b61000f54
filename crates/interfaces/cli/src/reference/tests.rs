use super::*;
use std::fs;
use std::path::Path;

/// Compares a page of the repository with its generated text, or writes it with `GATOS_BLESS=1`.
fn check(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../..")
        .join(path);
    if std::env::var_os("GATOS_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("pages are in folders")).expect("writable");
        fs::write(&path, text).expect("writable");
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == text,
        "{} is not what the code says; `GATOS_BLESS=1 cargo test -p gatos-cli reference` rewrites it",
        path.display()
    );
}

#[test]
fn the_command_reference_is_what_the_code_says() {
    check("docs/cli/reference.md", &reference_markdown());
}

#[test]
fn the_table_of_codes_is_what_the_code_says() {
    check("docs/errors.md", &errors_markdown());
}

#[test]
fn every_code_says_what_it_means_and_what_to_try() {
    for code in ErrorCode::ALL {
        assert!(code.meaning().ends_with('.'), "{code}");
        assert!(!code.hint().is_empty(), "{code}");
        assert!((1..=3).contains(&code.exit_status()), "{code}");
    }
}

#[test]
fn the_command_tree_reaches_every_verb() {
    let mut command = crate::command();
    command.build();
    let tree = command_value("", &command);
    let names = |value: &Value| -> Vec<String> {
        let commands = value
            .get("commands")
            .and_then(Value::as_list)
            .unwrap_or_default();
        commands
            .iter()
            .filter_map(|inner| inner.get("command")?.as_str().map(str::to_owned))
            .collect()
    };
    assert!(
        names(&tree).contains(&"gatos event".to_owned()),
        "{:?}",
        names(&tree)
    );
}
