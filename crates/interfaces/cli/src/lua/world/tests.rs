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

/// Findings with their places, a line each.
fn shown(findings: &[gatos_yaml::Finding]) -> Vec<String> {
    let lines = findings.iter().map(|found| {
        format!(
            "{}:{} {} ({})",
            found.line, found.column, found.message, found.hint
        )
    });
    lines.collect()
}

#[test]
fn members_that_are_not_there_are_told_with_their_place() {
    let told = |text: &str| shown(&findings(text));
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

#[test]
fn names_that_the_world_has_not_are_told_with_the_nearest() {
    use gatos_echo::{Field, FieldKind, Registry};
    let field = |name: &str| Field::new(name, FieldKind::F64, 1);
    let registry = Registry::builder()
        .with_record("place", &[field("x"), field("y")])
        .with_record("hull.mass", &[field("0")])
        .with_record("anchored", &[])
        .with_named_relation("follows", false)
        .build()
        .expect("the parts fit together");
    let told = |text: &str| shown(&terms::findings(text, &registry));
    for fine in [
        "for e, x, m in echo.query{'place.x', '?hull.mass', with = {'anchored'}, changed = 'place'} do end",
        "echo.spawn{place = {x = 1}, 'anchored', ['hull.mass'] = 2}",
        "echo.set(e, 'place.x', 'plaice', 'place', {x = 1}) echo.set('place.x', 'plaice')",
        "echo.get(e, 'place') echo.get('place.y') echo.get(name) echo.has(e, name .. 'x')",
        "echo.link('follows', e, f) echo.target('follows', e)",
        "local echo = {} echo.get(e, 'plaice')",
        "other.get(e, 'plaice') echo.emit('plaice', {plaice = 1})",
    ] {
        assert_eq!(told(fine), [""; 0], "{fine}");
    }
    let rows = [
        (
            "for e in echo.query{'plaice.x',\n without = {'anchord'}} do end",
            vec![
                "1:21 no component `plaice` is registered (did you mean `place.x`?)",
                "2:13 no component `anchord` is registered (did you mean `anchored`?)",
            ],
        ),
        (
            "echo.count('place.z') echo.list{'x', added = 'y'}",
            vec![
                "1:12 `place` has no field `z` (did you mean `place.x`?)",
                "1:33 no component `x` is registered (add it to `world.yaml`, or correct the name)",
                "1:46 no component `y` is registered (add it to `world.yaml`, or correct the name)",
            ],
        ),
        (
            "echo.spawn{plaice = {}, 'anchored'} echo.remove(e, 'place', 'hull.mas')",
            vec![
                "1:12 no component `plaice` is registered (did you mean `place`?)",
                "1:61 no component `hull` is registered (did you mean `hull.mass`?)",
            ],
        ),
        (
            "echo.set(e, 'place.x', 1, 'plac.y', 2) echo.set('wind.x', 1) echo.link('folows', e, f)",
            vec![
                "1:27 no component `plac` is registered (did you mean `place.y`?)",
                "1:49 no component `wind` is registered (add it to `world.yaml`, or correct the name)",
                "1:72 no relation `folows` is there (did you mean `follows`?)",
            ],
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(told(text), expected, "{text}");
    }
}
