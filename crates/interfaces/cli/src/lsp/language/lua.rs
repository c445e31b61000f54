//! EchoLua, folds and scripts: findings of the compiler, what a name is, and where it was declared.
//!
//! The parser goes on after mistakes, so a source that does not compile yet has hovers and definitions too. Which profile a
//! file has is decided as `gatos lint` decides it. There is no layout of ours for Lua. Tests: `tests.rs`, tests/it/editor.rs.

use super::{Hover, Language, Symbol, SymbolKind, lua_words};
use crate::lsp::source::{Source, Span};
use crate::lua;
use gatos_echolua::finding::Place;
use gatos_echolua::syntax::tree::{
    Block, Expression, ExpressionKind, Field, FunctionBody, Name, StatementKind,
};
use gatos_echolua::syntax::walk::{self, Node};
use gatos_echolua::{Profile, names, syntax};
use gatos_yaml::{Finding, Position};

/// The language of folds or scripts in Lua.
pub(super) struct Programs {
    /// Which rules the sources keep.
    pub(super) profile: Profile,
}

impl Language for Programs {
    fn name(&self) -> &'static str {
        match self.profile {
            Profile::Fold => "gatos fold",
            Profile::Script => "gatos script",
        }
    }

    fn takes(&self, language_id: &str, path: &str, text: &str) -> bool {
        (language_id == "lua" || lua::is_lua(path)) && lua::profile_of(path, text) == self.profile
    }

    fn findings(&self, text: &str) -> Vec<Finding> {
        match self.profile {
            Profile::Script => lua::findings_of(text, Profile::Script),
            Profile::Fold => match gatos_fold::compile_lua(text, "") {
                Ok(compiled) => compiled.warnings,
                Err(findings) => findings,
            },
        }
    }

    fn hover(&self, source: &Source, place: Position) -> Option<Hover> {
        let tree = syntax::parse(source.text().as_bytes(), self.profile);
        let names = Names::of(&tree.main, source);
        let found = names.at(place)?;
        let markdown = match &found.meaning {
            Meaning::Declared(declared) => declared.card(),
            Meaning::Library(name) => match lua_words::of_library(name, self.profile) {
                Some(card) => card,
                None if self.profile == Profile::Script => lua::world::card(name)?,
                None => return None,
            },
            Meaning::Export(name) if self.profile == Profile::Fold => {
                lua_words::of_export(name)?.to_owned()
            }
            Meaning::Export(_) => return None,
        };
        Some(Hover {
            span: found.span,
            markdown,
        })
    }

    fn definition(&self, source: &Source, place: Position) -> Option<Span> {
        let tree = syntax::parse(source.text().as_bytes(), self.profile);
        let names = Names::of(&tree.main, source);
        match &names.at(place)?.meaning {
            Meaning::Declared(declared) => Some(declared.span),
            Meaning::Library(name) | Meaning::Export(name) => names.first_assignment(name),
        }
    }

    fn symbols(&self, source: &Source) -> Vec<Symbol> {
        let tree = syntax::parse(source.text().as_bytes(), self.profile);
        let mut symbols = Vec::new();
        walk::walk(&tree.main, &mut |node| {
            if let Node::Statement(statement) = node {
                symbols.extend(symbols_of(&statement.kind, statement.place, source));
            }
        });
        symbols.extend(files_of(&tree.main, source));
        symbols.sort_by_key(|symbol| (symbol.span.start, symbol.name_span.start));
        symbols
    }

    fn format(&self, _source: &Source) -> Option<String> {
        None
    }
}

fn position(source: &Source, place: Place) -> Position {
    Position {
        line: place.line.max(1),
        column: place.column_in_characters(source.text()),
    }
}

fn span_of(source: &Source, place: Place, text: &str) -> Span {
    source.span(position(source, place), text.chars().count())
}

/// Where a name was given.
#[derive(Clone, Debug)]
struct Declared {
    name: String,
    /// What it is: a local variable, a parameter, …
    kind: &'static str,
    span: Span,
    /// Parameters, where it is a function.
    signature: Option<String>,
    is_constant: bool,
}

impl Declared {
    fn card(&self) -> String {
        let head = match &self.signature {
            Some(signature) => format!("`{}{signature}`", self.name),
            None => format!("`{}`", self.name),
        };
        let constant = if self.is_constant { ", constant" } else { "" };
        format!(
            "{head}: {}{constant}, line {}.",
            self.kind, self.span.start.line
        )
    }
}

/// What a name at a place means.
#[derive(Clone, Debug)]
enum Meaning {
    Declared(Declared),
    /// A global of the library, by its full name.
    Library(String),
    /// A global that a fold assigns, or any other.
    Export(String),
}

struct Use {
    span: Span,
    meaning: Meaning,
}

/// Every name of a source, with what it means there.
struct Names<'s> {
    source: &'s Source,
    uses: Vec<Use>,
    /// Places where globals are assigned.
    assigned: Vec<(String, Span)>,
    /// What can be seen, innermost last.
    scope: Vec<Declared>,
}

impl<'s> Names<'s> {
    fn of(main: &FunctionBody<'_>, source: &'s Source) -> Names<'s> {
        let mut names = Names {
            source,
            uses: Vec::new(),
            assigned: Vec::new(),
            scope: Vec::new(),
        };
        names.block(&main.body);
        names
    }

    fn at(&self, place: Position) -> Option<&Use> {
        self.uses.iter().find(|used| used.span.touches(place))
    }

    fn first_assignment(&self, name: &str) -> Option<Span> {
        let mut assigned = self.assigned.iter();
        assigned
            .find(|(assigned, _)| assigned == name)
            .map(|(_, span)| *span)
    }

    fn declare(
        &mut self,
        name: &Name<'_>,
        kind: &'static str,
        value: Option<&FunctionBody<'_>>,
        is_constant: bool,
    ) {
        let span = span_of(self.source, name.place, name.text);
        let declared = Declared {
            name: name.text.to_owned(),
            kind,
            span,
            signature: value.map(signature),
            is_constant,
        };
        self.uses.push(Use {
            span,
            meaning: Meaning::Declared(declared.clone()),
        });
        self.scope.push(declared);
    }

    fn find(&self, name: &str) -> Option<&Declared> {
        self.scope
            .iter()
            .rev()
            .find(|declared| declared.name == name)
    }

    fn block(&mut self, block: &Block<'_>) {
        let outer = self.scope.len();
        self.statements(block);
        self.scope.truncate(outer);
    }

    fn statements(&mut self, block: &Block<'_>) {
        for statement in &block.statements {
            self.statement(&statement.kind);
        }
    }

    fn statement(&mut self, kind: &StatementKind<'_>) {
        match kind {
            StatementKind::Local(declared, values) => {
                self.all(values);
                for (index, (name, attribute)) in declared.iter().enumerate() {
                    let value = values.get(index).and_then(function_of);
                    let what = if value.is_some() {
                        "a local function"
                    } else {
                        "a local variable"
                    };
                    let is_constant = *attribute != syntax::tree::Attribute::None;
                    self.declare(name, what, value, is_constant);
                }
            }
            StatementKind::LocalFunction(name, function) => {
                self.declare(name, "a local function", Some(function), false);
                self.function(function);
            }
            StatementKind::Assign(targets, values) => {
                for target in targets {
                    if let ExpressionKind::Name(text) = target.kind
                        && self.find(text).is_none()
                    {
                        let span = span_of(self.source, target.place, text);
                        self.assigned.push((text.to_owned(), span));
                    }
                }
                self.all(targets);
                self.all(values);
            }
            StatementKind::Call(call) => self.expression(call),
            StatementKind::Do(body) => self.block(body),
            StatementKind::While(condition, body) => {
                self.expression(condition);
                self.block(body);
            }
            StatementKind::Repeat(body, condition) => {
                // The condition sees the block's own names.
                let outer = self.scope.len();
                self.statements(body);
                self.expression(condition);
                self.scope.truncate(outer);
            }
            StatementKind::If(branches, otherwise) => {
                for (condition, body) in branches {
                    self.expression(condition);
                    self.block(body);
                }
                if let Some(body) = otherwise {
                    self.block(body);
                }
            }
            StatementKind::NumericFor(name, bounds, step, body) => {
                self.all(&**bounds);
                if let Some(step) = step {
                    self.expression(step);
                }
                self.loop_of(core::slice::from_ref(name), body);
            }
            StatementKind::GenericFor(loop_names, values, body) => {
                self.all(values);
                self.loop_of(loop_names, body);
            }
            StatementKind::Return(values) => self.all(values),
            StatementKind::Goto(_) | StatementKind::Label(_) | StatementKind::Break => {}
        }
    }

    fn loop_of(&mut self, loop_names: &[Name<'_>], body: &Block<'_>) {
        let outer = self.scope.len();
        for name in loop_names {
            self.declare(name, "a variable of the loop", None, false);
        }
        self.statements(body);
        self.scope.truncate(outer);
    }

    fn function(&mut self, function: &FunctionBody<'_>) {
        let outer = self.scope.len();
        for parameter in &function.parameters {
            self.declare(parameter, "a parameter", None, false);
        }
        self.statements(&function.body);
        self.scope.truncate(outer);
    }

    fn all(&mut self, values: &[Expression<'_>]) {
        for value in values {
            self.expression(value);
        }
    }

    fn expression(&mut self, value: &Expression<'_>) {
        match &value.kind {
            ExpressionKind::Name(text) => self.name(text, value.place),
            ExpressionKind::Index(table, key) => {
                self.member(table, key);
                self.expression(table);
                if !matches!(key.kind, ExpressionKind::Text(_)) {
                    self.expression(key);
                }
            }
            ExpressionKind::Call(function, arguments) => {
                self.expression(function);
                self.all(arguments);
            }
            ExpressionKind::Method(object, _, arguments) => {
                self.expression(object);
                self.all(arguments);
            }
            ExpressionKind::Function(function) => self.function(function),
            ExpressionKind::Table(fields) => {
                for field in fields {
                    match field {
                        Field::Item(value) => self.expression(value),
                        Field::Pair(key, value) => {
                            if !matches!(key.kind, ExpressionKind::Text(_)) {
                                self.expression(key);
                            }
                            self.expression(value);
                        }
                    }
                }
            }
            ExpressionKind::Unary(_, operand) | ExpressionKind::Parenthesised(operand) => {
                self.expression(operand);
            }
            ExpressionKind::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            _ => {}
        }
    }

    fn name(&mut self, text: &str, place: Place) {
        let span = span_of(self.source, place, text);
        // Methods make a parameter `self` that stands nowhere.
        if !self.source.rest(span.start).starts_with(text) {
            return;
        }
        let meaning = match self.find(text) {
            Some(declared) => Meaning::Declared(declared.clone()),
            None if names::EXPORTS.contains(&text) => Meaning::Export(text.to_owned()),
            None => Meaning::Library(text.to_owned()),
        };
        self.uses.push(Use { span, meaning });
    }

    /// `string.format`: the member of a library table that nothing hides.
    fn member(&mut self, table: &Expression<'_>, key: &Expression<'_>) {
        let (ExpressionKind::Name(table), ExpressionKind::Text(key_text)) =
            (&table.kind, &key.kind)
        else {
            return;
        };
        let Ok(key_text) = core::str::from_utf8(key_text) else {
            return;
        };
        if self.find(table).is_some() {
            return;
        }
        let span = span_of(self.source, key.place, key_text);
        if self.source.rest(span.start).starts_with(key_text) {
            let meaning = Meaning::Library(format!("{table}.{key_text}"));
            self.uses.push(Use { span, meaning });
        }
    }
}

fn function_of<'t, 'a>(value: &'t Expression<'a>) -> Option<&'t FunctionBody<'a>> {
    match &value.kind {
        ExpressionKind::Function(function) => Some(function),
        _ => None,
    }
}

fn signature(function: &FunctionBody<'_>) -> String {
    let mut parameters: Vec<&str> = function.parameters.iter().map(|name| name.text).collect();
    if function.is_variadic {
        parameters.push("...");
    }
    format!("({})", parameters.join(", "))
}

/// Functions that a statement declares, and a fold's own globals.
fn symbols_of(kind: &StatementKind<'_>, place: Place, source: &Source) -> Vec<Symbol> {
    let start = position(source, place);
    let symbol = |name: String, name_span: Span, function: Option<&FunctionBody<'_>>| {
        let end = function.map_or(name_span.end, |function| {
            source.end_of_line(function.end_line)
        });
        Symbol {
            name,
            detail: function.map(signature).unwrap_or_default(),
            kind: match function {
                Some(_) => SymbolKind::Function,
                None => SymbolKind::Variable,
            },
            span: Span {
                start: start.min(name_span.start),
                end: end.max(name_span.end),
            },
            name_span,
        }
    };
    match kind {
        StatementKind::LocalFunction(name, function) => Vec::from([symbol(
            name.text.to_owned(),
            span_of(source, name.place, name.text),
            Some(function),
        )]),
        StatementKind::Local(declared, values) => declared
            .iter()
            .zip(values)
            .filter_map(|((name, _), value)| {
                let function = function_of(value)?;
                let span = span_of(source, name.place, name.text);
                Some(symbol(name.text.to_owned(), span, Some(function)))
            })
            .collect(),
        StatementKind::Assign(targets, values) => targets
            .iter()
            .zip(values)
            .filter_map(|(target, value)| {
                let function = function_of(value);
                let (name, place) = full_name(target)?;
                let is_export = names::EXPORTS.contains(&name.as_str());
                (function.is_some() || is_export).then(|| {
                    let last = name.rsplit(['.', ':']).next().unwrap_or(&name).to_owned();
                    symbol(name, span_of(source, place, &last), function)
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// `a.b.c` as text, and where its last part stands.
fn full_name(target: &Expression<'_>) -> Option<(String, Place)> {
    match &target.kind {
        ExpressionKind::Name(text) => Some(((*text).to_owned(), target.place)),
        ExpressionKind::Index(table, key) => {
            let (table, _) = full_name(table)?;
            let ExpressionKind::Text(bytes) = &key.kind else {
                return None;
            };
            let key_text = core::str::from_utf8(bytes).ok()?;
            Some((format!("{table}.{key_text}"), key.place))
        }
        _ => None,
    }
}

/// Files whose paths are written out.
fn files_of(main: &FunctionBody<'_>, source: &Source) -> Vec<Symbol> {
    let mut files = Vec::new();
    walk::walk(main, &mut |node| {
        if let Node::Expression(expression) = node
            && let ExpressionKind::Call(function, arguments) = &expression.kind
            && matches!(function.kind, ExpressionKind::Name("emit_json_canonical"))
            && let Some(first) = arguments.first()
            && let ExpressionKind::Text(bytes) = &first.kind
            && let Ok(path) = core::str::from_utf8(bytes)
        {
            let span = source.span(position(source, first.place), path.chars().count() + 2);
            files.push(Symbol {
                name: path.to_owned(),
                detail: String::new(),
                kind: SymbolKind::File,
                span,
                name_span: span,
            });
        }
    });
    files
}
