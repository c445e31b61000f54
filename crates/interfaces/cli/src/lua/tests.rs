use super::*;

#[test]
fn a_mark_or_a_folder_says_the_profile() {
    let rows = [
        ("folds/a.lua", "", Profile::Fold),
        ("file:///home/al/folds/deep/a.lua", "", Profile::Fold),
        ("C:\\repo\\folds\\a.lua", "", Profile::Fold),
        ("manifolds/a.lua", "", Profile::Script),
        ("tools/folds.lua", "", Profile::Script),
        (
            "folds/a.lua",
            "---@profile script\nprint(1)",
            Profile::Script,
        ),
        (
            "a.lua",
            "-- A fold.\n\n---@profile fold\nfunction fold() end",
            Profile::Fold,
        ),
        (
            "a.lua",
            "#!/usr/bin/env lua\n---@profile  fold ",
            Profile::Fold,
        ),
        ("a.lua", "local x = 1\n---@profile fold", Profile::Script),
        ("folds/a.lua", "---@profile other", Profile::Fold),
    ];
    for (path, text, expected) in rows {
        assert_eq!(profile_of(path, text), expected, "{path}: {text}");
    }
}

#[test]
fn findings_of_a_script_count_characters() {
    let findings = findings_of("local s = 'å' + +", Profile::Script);
    assert_eq!((findings[0].line, findings[0].column), (1, 17));
    assert!(findings_of("for k, v in pairs({}) do print(k, v) end", Profile::Script).is_empty());
}

#[test]
fn what_ends_too_early_is_told_from_what_is_wrong() {
    for (text, expected) in [
        ("for i = 1, 3 do", true),
        ("local t = {", true),
        ("print(1", true),
        ("local s = [[a", true),
        ("x = = 1", false),
        ("end", false),
    ] {
        let findings = findings_of(text, Profile::Script);
        assert_eq!(
            is_unfinished(&findings[0].message),
            expected,
            "{text}: {}",
            findings[0].message
        );
    }
}

#[test]
fn a_whole_fold_is_told_by_its_functions() {
    assert!(is_whole_fold("function fold(events) end"));
    assert!(is_whole_fold("function init() end"));
    assert!(!is_whole_fold("return 1 + 2"));
    assert!(!is_whole_fold("local function fold() end"));
}
