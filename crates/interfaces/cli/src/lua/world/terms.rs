//! Names of components, fields and relations in a script, compared with the world that the script is of.
//!
//! Looked at are literals in calls of `echo.…`; a name that is made at run time nobody knows before. What the engine would
//! refuse when the call comes is a warning here, with its place and the nearest name.
//!
//! Tests: tests.rs of the folder, tests/transcripts/worlds.md.

use super::{member_of, names_its_own};
use gatos_echo::Registry;
use gatos_echo::script::term_flaw;
use gatos_echolua::syntax::tree::{Expression, ExpressionKind, Field};
use gatos_echolua::syntax::walk::{self, Node};
use gatos_echolua::{Profile, syntax};
use gatos_yaml::{Finding, Position};

/// Words of a query that list components.
const LISTS: [&str; 4] = ["with", "without", "changed", "added"];

/// Longer names are no slip of another one.
const SLIP_SIZE_MAX: usize = 64;

/// Names that a script uses and the world has not.
#[must_use]
pub fn findings(text: &str, registry: &Registry) -> Vec<Finding> {
    let tree = syntax::parse(text.as_bytes(), Profile::Script);
    if names_its_own(&tree.main) {
        return Vec::new();
    }
    let mut look = Look {
        text,
        registry,
        findings: Vec::new(),
    };
    walk::walk(&tree.main, &mut |node| {
        if let Node::Expression(expression) = node
            && let ExpressionKind::Call(function, arguments) = &expression.kind
            && let Some((member, _)) = member_of(function)
        {
            look.call(member, arguments);
        }
    });
    look.findings
}

struct Look<'a> {
    text: &'a str,
    registry: &'a Registry,
    findings: Vec<Finding>,
}

impl Look<'_> {
    fn call(&mut self, member: &str, arguments: &[Expression<'_>]) {
        let rest = arguments.get(1..).unwrap_or_default();
        match member {
            "query" | "count" | "list" => self.query(arguments),
            "spawn" => arguments.iter().for_each(|table| self.spawn(table)),
            "add" | "has" => rest.iter().take(1).for_each(|name| self.term(name)),
            "remove" => rest.iter().for_each(|name| self.term(name)),
            "get" => match arguments {
                [resource] => self.term(resource),
                _ => rest.iter().take(1).for_each(|name| self.term(name)),
            },
            // Names and values by turns, behind an entity where the first one is no name.
            "set" => {
                let is_resource = arguments
                    .first()
                    .is_some_and(|first| text_of(first).is_some());
                let names = if is_resource { arguments } else { rest };
                names.iter().step_by(2).for_each(|name| self.term(name));
            }
            "link" | "unlink" | "target" | "sources" => {
                arguments
                    .iter()
                    .take(1)
                    .for_each(|name| self.relation(name));
            }
            _ => {}
        }
    }

    fn query(&mut self, arguments: &[Expression<'_>]) {
        let [
            Expression {
                kind: ExpressionKind::Table(fields),
                ..
            },
        ] = arguments
        else {
            return arguments.iter().for_each(|name| self.term(name));
        };
        for field in fields {
            match field {
                Field::Item(name) => self.term(name),
                Field::Pair(key, value) if text_of(key).is_some_and(|key| LISTS.contains(&key)) => {
                    match &value.kind {
                        ExpressionKind::Table(items) => items.iter().for_each(|item| {
                            if let Field::Item(name) = item {
                                self.term(name);
                            }
                        }),
                        _ => self.term(value),
                    }
                }
                Field::Pair(..) => {}
            }
        }
    }

    fn spawn(&mut self, table: &Expression<'_>) {
        let ExpressionKind::Table(fields) = &table.kind else {
            return;
        };
        for field in fields {
            match field {
                Field::Item(name) | Field::Pair(name, _) => self.term(name),
            }
        }
    }

    /// A component or a field, if the expression is a literal.
    fn term(&mut self, name: &Expression<'_>) {
        let Some(written) = text_of(name) else {
            return;
        };
        // In a query it may be missing.
        let written = written.strip_prefix('?').unwrap_or(written);
        if let Some(message) = term_flaw(self.registry, written) {
            self.tell(name, written, message);
        }
    }

    fn relation(&mut self, name: &Expression<'_>) {
        let Some(written) = text_of(name) else {
            return;
        };
        if self.registry.id(written).is_none() {
            self.tell(name, written, format!("no relation `{written}` is there"));
        }
    }

    fn tell(&mut self, name: &Expression<'_>, written: &str, message: String) {
        let place = Position {
            line: name.place.line.max(1),
            column: name.place.column_in_characters(self.text),
        };
        let hint = match nearest(written, self.registry) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it to `world.yaml`, or correct the name".to_owned(),
        };
        let rule = "unknown-component";
        self.findings
            .push(Finding::warning(place, rule, message, hint));
    }
}

fn text_of<'t>(expression: &'t Expression<'_>) -> Option<&'t str> {
    match &expression.kind {
        ExpressionKind::Text(bytes) => core::str::from_utf8(bytes).ok(),
        ExpressionKind::Parenthesised(inner) => text_of(inner),
        _ => None,
    }
}

/// The component, or field of one, that is written most alike, if one is much alike.
fn nearest(written: &str, registry: &Registry) -> Option<String> {
    if written.len() > SLIP_SIZE_MAX {
        return None;
    }
    let mut names = Vec::new();
    for (_, kind) in registry
        .kinds()
        .filter(|(_, kind)| !kind.name().starts_with("echo."))
    {
        names.push(kind.name().to_owned());
        let fields = kind.schema().fields().iter();
        names.extend(fields.map(|field| format!("{}.{}", kind.name(), field.name)));
    }
    let near = names
        .into_iter()
        .map(|name| (distance(written, &name), name));
    let (distance, name) = near.min()?;
    (distance <= written.chars().count() / 3).then_some(name)
}

/// How many letters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = index + 1;
        for (place, known) in other.iter().enumerate() {
            let change = corner + usize::from(letter != *known);
            corner = row[place + 1];
            row[place + 1] = change.min(corner + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
