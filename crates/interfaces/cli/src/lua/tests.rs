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
    let findings = script_findings("local s = 'å' + +");
    assert_eq!((findings[0].line, findings[0].column), (1, 17));
    assert!(script_findings("for k, v in pairs({}) do print(k, v) end").is_empty());
}
