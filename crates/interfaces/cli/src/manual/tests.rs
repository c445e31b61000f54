use super::*;
use crate::verbs::MANUALS;
use std::collections::BTreeSet;

#[test]
fn every_command_has_a_manual_and_every_manual_a_command() {
    let command = crate::command();
    let commands: BTreeSet<String> = leaves(&command).into_iter().map(|(path, _)| path).collect();
    let manuals: BTreeSet<String> = MANUALS
        .iter()
        .map(|manual| manual.command.to_owned())
        .collect();
    assert_eq!(commands, manuals);
}

#[test]
fn manuals_stand_in_the_order_of_the_help() {
    let command = crate::command();
    let commands: Vec<String> = leaves(&command).into_iter().map(|(path, _)| path).collect();
    let manuals: Vec<&str> = MANUALS.iter().map(|manual| manual.command).collect();
    assert_eq!(commands, manuals);
}

#[test]
fn every_manual_has_an_example_that_the_command_line_accepts() {
    for manual in MANUALS {
        assert!(!manual.examples.is_empty(), "{}", manual.command);
        let calls = manual
            .examples
            .iter()
            .flat_map(|example| calls(example.line));
        let mut own = 0;
        for call in calls {
            let parsed = crate::command()
                .no_binary_name(true)
                .try_get_matches_from(&call);
            assert!(
                parsed.is_ok(),
                "{}: {call:?}: {}",
                manual.command,
                parsed.expect_err("refused")
            );
            let words: Vec<&str> = call.iter().map(String::as_str).collect();
            own += usize::from(words.starts_with(&manual.command.split(' ').collect::<Vec<_>>()));
        }
        assert!(own > 0, "no example of `{}` calls it", manual.command);
    }
}

/// The words of each call of `gatos` in a shell line: enough of a shell for our examples.
fn calls(line: &str) -> Vec<Vec<String>> {
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    for word in shell_words(line) {
        match word.as_str() {
            "|" | "&&" | ";" => commands.push(Vec::new()),
            _ => commands.last_mut().expect("one is there").push(word),
        }
    }
    let is_ours = |words: &Vec<String>| words.first().is_some_and(|word| word == "gatos");
    commands
        .into_iter()
        .filter(is_ours)
        .map(|words| {
            words
                .into_iter()
                .skip(1)
                .take_while(|word| !matches!(word.as_str(), ">" | "<"))
                .collect()
        })
        .collect()
}

fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut depth) = (Vec::new(), String::new(), None, 0);
    for character in line.chars() {
        match (quote, character) {
            (None, '\'' | '"') if depth == 0 => quote = Some(character),
            (Some(open), _) if character == open => quote = None,
            (None, '(') => {
                depth += 1;
                word.push(character)
            }
            (None, ')') => {
                depth -= 1;
                word.push(character)
            }
            (None, ' ') if depth == 0 => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Hints in the sources name commands too; a hint that cannot be typed helps nobody.
#[test]
fn every_command_named_in_a_hint_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
    let mut complaints = Vec::new();
    for folder in ["crates", "xtask"] {
        sources(
            &std::path::Path::new(root).join(folder),
            &mut |path, text| {
                for line in quoted_commands(text) {
                    if let Err(complaint) = check_words(&line) {
                        complaints.push(format!("{}: `gatos {line}`: {complaint}", path.display()));
                    }
                }
            },
        );
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn sources(folder: &std::path::Path, visit: &mut dyn FnMut(&std::path::Path, &str)) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            sources(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("manual/tests.rs")
        {
            visit(&path, &std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

/// What stands behind "gatos " between back quotes, wherever it does.
fn quoted_commands(text: &str) -> Vec<String> {
    let starts = text
        .match_indices("`gatos ")
        .map(|(index, open)| &text[index + open.len()..]);
    starts
        .filter_map(|rest| rest.split(['`', '\n']).next())
        .map(str::to_owned)
        .collect()
}

/// Whether the leading words are commands and the options theirs.
fn check_words(line: &str) -> Result<(), String> {
    let command = crate::command();
    let mut found = &command;
    for word in line.split_whitespace() {
        if word == "&&" || word.contains('…') || word.contains("...") || word.starts_with('{') {
            return Ok(());
        }
        if word == "help" {
            return Ok(());
        }
        if found.has_subcommands() && word.starts_with(|c: char| c.is_ascii_lowercase()) {
            let known =
                found.find_subcommand(word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()));
            found = known.ok_or_else(|| format!("no command `{word}`"))?;
        } else if let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) {
            let name = option.split(['=', ',']).next().unwrap_or(option);
            let is_known = |argument: &clap::Arg| argument.get_long() == Some(name);
            if name != "help"
                && !found
                    .get_arguments()
                    .chain(command.get_arguments())
                    .any(is_known)
            {
                return Err(format!("no option `--{name}`"));
            }
        }
    }
    Ok(())
}

/// clap knows arguments by their names; a verb's own must not take the place of a global one.
#[test]
fn no_argument_shares_its_name_with_a_global_option() {
    let mut command = crate::command();
    let globals: Vec<String> = command
        .get_arguments()
        .map(|argument| argument.get_id().to_string())
        .collect();
    command.build();
    for (path, leaf) in leaves(&command) {
        let own = leaf
            .get_arguments()
            .filter(|argument| !argument.is_global_set());
        for argument in own.filter(|argument| argument.get_id() != "help") {
            let name = argument.get_id().to_string();
            assert!(!globals.contains(&name), "`{name}` of `{path}`");
        }
    }
}
