use super::*;

#[test]
fn every_member_that_scripts_have_has_a_line_and_no_other() {
    let mut members: Vec<&str> = gatos_echo::script::members().collect();
    members.sort_unstable();
    let lines: Vec<&str> = MEMBERS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(lines, members);
    for (name, written, does) in MEMBERS {
        assert!(written.starts_with(&format!("echo.{name}")), "{written}");
        assert!(does.ends_with('.') || does.ends_with('`'), "{does}");
    }
}

#[test]
fn members_that_are_not_there_are_told_with_their_place() {
    let told = |text: &str| -> Vec<String> {
        findings(text)
            .iter()
            .map(|found| {
                format!(
                    "{}:{} {} ({})",
                    found.line, found.column, found.message, found.hint
                )
            })
            .collect()
    };
    assert_eq!(
        told("local x = 1\nfunction update() echo.spwan{} echo.log(echo['tick'](), echo.zoom) end"),
        [
            "2:24 `echo` has no member `spwan` (of this letter it has `set`, `set_parent`, `sources`, `spawn`)",
            "2:62 `echo` has no member `zoom` (see its table in the guide of worlds)",
        ]
    );
    for own in [
        "local echo = {} echo.x()",
        "echo = {} echo.x()",
        "function echo.x() end echo.x()",
        "local function f(echo) return echo.x end",
        "for echo in pairs({}) do print(echo.x) end",
        "local function echo() end print(echo.x)",
    ] {
        assert_eq!(told(own), [""; 0], "{own}");
    }
}

#[test]
fn hovers_know_echo_and_its_members() {
    assert_eq!(
        card("echo.time").as_deref(),
        Some("`echo.time()`: seconds of the world's time.")
    );
    assert!(card("echo").is_some());
    assert_eq!(card("echo.zoom"), None);
    assert_eq!(card("other.time"), None);
}
