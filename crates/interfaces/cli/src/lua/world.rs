//! `echo`, which scripts of worlds have: its members with what they do, and what a script asks of it that is not there.
//!
//! A source that gives a name `echo` to something of its own is not looked at.
//!
//! TWIN: world-words — `FUNCTIONS` of the engine's `script/desk.rs`, docs/guide/worlds.md. A member without its line fails a test.
//! Tests: world/tests.rs, tests/it/editor.rs.

pub mod terms;
#[cfg(test)]
mod tests;

use gatos_echolua::syntax::tree::{Expression, ExpressionKind, FunctionBody, StatementKind};
use gatos_echolua::syntax::walk::{self, Node};
use gatos_echolua::{Profile, syntax};
use gatos_yaml::{Finding, Position};

/// The name of the table.
const NAME: &str = "echo";

/// Members: name, how it is written, what it does.
pub const MEMBERS: &[(&str, &str, &str)] = &[
    (
        "add",
        "echo.add(e, \"c\", value)",
        "gives an entity a component, or another value whole.",
    ),
    (
        "alive",
        "echo.alive(e)",
        "whether something can be asked of an entity.",
    ),
    (
        "cancel",
        "echo.cancel(timer)",
        "stops a timer; whether it was waiting.",
    ),
    (
        "children",
        "echo.children(e)",
        "a list of its children's handles, the one that came first first.",
    ),
    ("count", "echo.count{…}", "how many rows a query has."),
    (
        "delay",
        "echo.delay(seconds, f)",
        "calls f `max(1, ⌈seconds × tick rate⌉)` ticks later; the timer's number.",
    ),
    ("despawn", "echo.despawn(e)", "ends an entity."),
    (
        "emit",
        "echo.emit(kind, payload, {delay =, phase =, lane =, caps =})",
        "an event; for `update` if nothing is said.",
    ),
    (
        "entity",
        "echo.entity(e)",
        "a handle as an object: `o.c.x`, `o.c.x = 1`, `o.c = nil`.",
    ),
    (
        "every",
        "echo.every(seconds, f)",
        "calls f again and again; the timer's number.",
    ),
    (
        "fork",
        "echo.fork(label)",
        "asks for a branch that begins after this tick.",
    ),
    (
        "get",
        "echo.get(e, \"c.x\")",
        "a field, a table of the fields, or nil; without an entity, of a resource.",
    ),
    (
        "has",
        "echo.has(e, \"c\")",
        "whether an entity has a component.",
    ),
    (
        "id",
        "echo.id(object)",
        "the handle of an object as a number.",
    ),
    (
        "link",
        "echo.link(\"r\", source, target)",
        "lets one entity point at another by a relation.",
    ),
    (
        "list",
        "echo.list{…}",
        "the handles of a query's rows, to be kept.",
    ),
    (
        "log",
        "echo.log(…)",
        "a line for whoever looks on; `print` is the same.",
    ),
    (
        "on",
        "echo.on(kind, function(payload, event) … end, {priority =, once =})",
        "hears events of a kind.",
    ),
    (
        "parent",
        "echo.parent(e)",
        "the handle of its parent, or nil.",
    ),
    (
        "query",
        "echo.query{\"c.x\", \"?maybe\", with =, without =, changed =, added =}",
        "for a loop: rows in canonical order, one value a term.",
    ),
    (
        "remove",
        "echo.remove(e, \"c\", …)",
        "takes components away.",
    ),
    (
        "rng",
        "echo.rng(a, b)",
        "an integer from a to b or from 1 to a, or a float in [0, 1); the stream is the script's own.",
    ),
    (
        "set",
        "echo.set(e, \"c.x\", value, …)",
        "overwrites fields of components that are there; without an entity, of a resource.",
    ),
    (
        "set_parent",
        "echo.set_parent(child, parent)",
        "its last child from then on; nobody's with nil.",
    ),
    (
        "sources",
        "echo.sources(\"r\", e)",
        "a list of those that point at it by a relation.",
    ),
    (
        "spawn",
        "echo.spawn{c = value, \"mark\"}",
        "a new entity; its handle.",
    ),
    (
        "target",
        "echo.target(\"r\", e)",
        "whom it points at by a relation, or nil.",
    ),
    ("tick", "echo.tick()", "how many ticks were completed."),
    ("time", "echo.time()", "seconds of the world's time."),
    (
        "unlink",
        "echo.unlink(\"r\", source)",
        "lets an entity let go of its target.",
    ),
];

/// What a hover says about `echo` or one of its members, by its full name.
#[must_use]
pub fn card(name: &str) -> Option<String> {
    if name == NAME {
        return Some("`echo`: the world of a script; see the guide of worlds.".to_owned());
    }
    let member = name.strip_prefix("echo.")?;
    let (_, written, does) = MEMBERS.iter().find(|(known, ..)| *known == member)?;
    Some(format!("`{written}`: {does}"))
}

/// Members of `echo` that a script uses and that are not there.
#[must_use]
pub fn findings(text: &str) -> Vec<Finding> {
    let tree = syntax::parse(text.as_bytes(), Profile::Script);
    if names_its_own(&tree.main) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    walk::walk(&tree.main, &mut |node| {
        if let Node::Expression(expression) = node
            && let Some((member, key)) = member_of(expression)
            && !MEMBERS.iter().any(|(known, ..)| *known == member)
        {
            let place = Position {
                line: key.place.line.max(1),
                column: key.place.column_in_characters(text),
            };
            let message = format!("`echo` has no member `{member}`");
            findings.push(Finding::warning(
                place,
                "unknown-member",
                message,
                hint(member),
            ));
        }
    });
    findings
}

/// The member that an expression names, with the place of its name.
fn member_of<'t>(expression: &'t Expression<'_>) -> Option<(&'t str, &'t Expression<'t>)> {
    let ExpressionKind::Index(table, key) = &expression.kind else {
        return None;
    };
    match (&table.kind, &key.kind) {
        (ExpressionKind::Name(NAME), ExpressionKind::Text(bytes)) => {
            Some((core::str::from_utf8(bytes).ok()?, key))
        }
        _ => None,
    }
}

fn hint(member: &str) -> String {
    let names = MEMBERS.iter().map(|(name, ..)| *name);
    let is_near = |name: &&str| name.chars().next() == member.chars().next();
    let near: Vec<String> = names
        .filter(is_near)
        .map(|name| format!("`{name}`"))
        .collect();
    match &near[..] {
        [] => "see its table in the guide of worlds".to_owned(),
        some => format!("of this letter it has {}", some.join(", ")),
    }
}

/// Whether a source gives the name to something of its own.
fn names_its_own(main: &FunctionBody<'_>) -> bool {
    let mut found = false;
    walk::walk(main, &mut |node| {
        found |= match node {
            Node::Function(function) => function.parameters.iter().any(|name| name.text == NAME),
            Node::Expression(_) => false,
            Node::Statement(statement) => match &statement.kind {
                StatementKind::Local(names, _) => names.iter().any(|(name, _)| name.text == NAME),
                StatementKind::LocalFunction(name, _) | StatementKind::NumericFor(name, ..) => {
                    name.text == NAME
                }
                StatementKind::GenericFor(names, ..) => names.iter().any(|name| name.text == NAME),
                StatementKind::Assign(targets, _) => targets.iter().any(is_echo_itself),
                _ => false,
            },
        };
    });
    found
}

/// Whether something is assigned to `echo`, or to a member of it.
fn is_echo_itself(target: &Expression<'_>) -> bool {
    match &target.kind {
        ExpressionKind::Name(name) => *name == NAME,
        ExpressionKind::Index(table, _) => matches!(table.kind, ExpressionKind::Name(NAME)),
        _ => false,
    }
}
