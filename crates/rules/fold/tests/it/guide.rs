//! The guide tells the truth: every fold in it compiles, and where events and a result follow, it gives that result.

use crate::support::{apply_all, compiled, files, program};
use crate::vectors::events_of;
use gatos_fold::{FoldState, compile_yaml};
use gatos_values::{Value, json};

/// Fenced blocks of a page: language and text, in order.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((language, text.join("\n")));
        }
    }
    blocks
}

#[test]
fn folds_of_the_guide_give_the_results_it_shows() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/guide/folds.md");
    let page = std::fs::read_to_string(path).expect("the guide is there");
    let blocks = blocks(&page);
    let mut runs = 0;
    for (index, (language, source)) in blocks.iter().enumerate() {
        let fold = match *language {
            "yaml" if source.contains("version:") => compiled(source),
            "lua" => program(source),
            _ => continue,
        };
        let Some([(events_language, events), (result_language, result)]) =
            blocks.get(index + 1..index + 3)
        else {
            continue;
        };
        if (*events_language, *result_language) != ("jsonl", "json") {
            continue;
        }
        let mut state = FoldState::new(&fold);
        apply_all(&fold, &mut state, &events_of(events));
        let value = |bytes: &[u8]| json::decode_strict(bytes, usize::MAX).expect("JSON");
        let found: Vec<Value> = files(&fold, &state)
            .expect("emits")
            .values()
            .map(|bytes| value(bytes))
            .collect();
        assert_eq!(found, [value(result.as_bytes())], "{source}\n{events}");
        runs += 1;
    }
    assert!(runs >= 16, "a run for each kind, found {runs}");
}

#[test]
fn mistakes_of_the_guide_are_shown_as_they_are_reported() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/guide/folds.md");
    let page = std::fs::read_to_string(path).expect("the guide is there");
    let blocks = blocks(&page);
    let wrong = blocks
        .windows(2)
        .find(|pair| pair[0].0 == "yaml wrong")
        .expect("an example of mistakes");
    let findings = compile_yaml(&wrong[0].1).expect_err("mistakes");
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(shown.join("\n"), wrong[1].1);
}
