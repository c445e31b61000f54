use super::*;

fn manners(line: &[&str]) -> Manners {
    let arguments: Vec<OsString> = line.iter().map(OsString::from).collect();
    manners_of(&arguments)
}

#[test]
fn manners_are_known_before_the_line_makes_sense() {
    assert!(manners(&["nonsense", "--json"]).json);
    assert!(!manners(&["event", "--", "--json"]).json);
    assert!(manners(&["-q", "x"]).quiet);
    assert_eq!(manners(&["--color", "never"]).colour, Colour::Never);
    assert_eq!(manners(&["x", "--color=always"]).colour, Colour::Always);
    assert_eq!(manners(&["--color", "blue"]).colour, Colour::Auto);
}

#[test]
fn help_ends_with_examples_that_can_be_copied() {
    for manual in verbs::MANUALS {
        let arguments: Vec<OsString> = manual
            .command
            .split(' ')
            .chain(["--help"])
            .map(OsString::from)
            .collect();
        let mut command = crate::command().bin_name("gatos").no_binary_name(true);
        let error = command
            .try_get_matches_from_mut(&arguments)
            .expect_err("help is no command");
        assert_eq!(error.kind(), ErrorKind::DisplayHelp, "{}", manual.command);
        let text = help(&command_asked_for(&command, &arguments).0, &error.render()).render(false);
        assert!(text.ends_with('\n'));
        for example in manual.examples {
            assert!(
                text.lines().any(|line| line.trim() == example.line),
                "{}: {text}",
                manual.command
            );
        }
    }
}

fn refusal(line: &[&str]) -> Fault {
    let arguments: Vec<OsString> = line.iter().map(OsString::from).collect();
    let mut command = crate::command().bin_name("gatos").no_binary_name(true);
    let error = command
        .try_get_matches_from_mut(&arguments)
        .expect_err("it makes no sense");
    fault(&command, &arguments, &error)
}

#[test]
fn refusals_name_the_command_and_its_help() {
    let fault = refusal(&["event", "append"]);
    assert_eq!(
        (fault.code, fault.resource.as_str()),
        (ErrorCode::Usage, "gatos event append")
    );
    assert!(fault.reason.contains("--ns"), "{}", fault.reason);
    assert_eq!(fault.hint, "see `gatos event append --help`");
}

#[test]
fn near_misses_get_a_suggestion() {
    assert_eq!(
        refusal(&["evnt"]).hint,
        "did you mean `event`? see `gatos --help`"
    );
    assert!(refusal(&["verify", "journals"]).hint.contains("`journal`"));
}

#[test]
fn values_of_the_wrong_form_say_why() {
    let fault = refusal(&["event", "log", "--ns", "Not A Name"]);
    assert!(fault.reason.contains("'Not A Name'"), "{}", fault.reason);
    assert!(fault.reason.contains("--ns"), "{}", fault.reason);
}

#[test]
fn huge_arguments_do_not_make_huge_messages() {
    let fault = refusal(&["event", "log", "--ns", &"x".repeat(1 << 20)]);
    assert!(
        fault.reason.chars().count() <= 500,
        "{}",
        fault.reason.len()
    );
}
