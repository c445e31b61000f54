//! Statements: slots for names, blocks, loops, jumps, and the lints that look at statements.
//!
//! Tests: `tests/it/front.rs`.

use super::Compiler;
use super::scope::{Found, Local, LocalKind};
use crate::elc::{Block, Expression, Statement, Target, Values};
use crate::finding::{Finding, Place};
use crate::names::{self, Effect};
use crate::syntax::tree::{self, Attribute, ExpressionKind, Name, StatementKind};
use alloc::format;
use alloc::vec::Vec;

/// Whether a declaration is one `<const>` with a value that is written out, which then takes no slot.
pub(super) fn is_known_constant(
    names: &[(Name<'_>, Attribute)],
    values: &[tree::Expression<'_>],
) -> bool {
    let ([(_, Attribute::Const)], [value]) = (names, values) else {
        return false;
    };
    matches!(
        value.kind,
        ExpressionKind::Nil
            | ExpressionKind::True
            | ExpressionKind::False
            | ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Fixed(_)
            | ExpressionKind::Text(_)
    )
}

impl<'a> Compiler<'a> {
    pub(super) fn block(&mut self, block: &tree::Block<'a>) -> Block {
        let scope = self.scope();
        let (local_count, slots) = (scope.locals.len(), scope.slots);
        self.block_of(block, local_count, slots)
    }

    /// A block whose owner has declared its first slots; `local_count` and `slots` are from before that.
    fn block_of(&mut self, block: &tree::Block<'a>, local_count: usize, slots: u32) -> Block {
        self.open_block(block, local_count, slots, false);
        let statements = self.statements(block);
        self.close_block();
        statements
    }

    fn statements(&mut self, block: &tree::Block<'a>) -> Block {
        let mut statements = Vec::new();
        let mut ended = false;
        for statement in &block.statements {
            let emits = self.emit_count;
            self.statement(statement, &mut statements);
            if ended && self.emit_count > emits {
                let hint = "move it before what ends the block, or remove it";
                self.error(
                    statement.place,
                    "unreachable-emit",
                    "this emit is never reached",
                    hint,
                );
            }
            ended = match statements.last() {
                Some(Statement::Label { .. }) => false,
                Some(last) => ended || never_goes_on(last),
                None => ended,
            };
        }
        statements
    }

    fn statement(&mut self, statement: &tree::Statement<'a>, output: &mut Block) {
        let place = statement.place;
        let compiled = match &statement.kind {
            StatementKind::Local(names, values) => return self.local(names, values, output),
            StatementKind::LocalFunction(name, body) => {
                self.declare(*name);
                Statement::LocalFunction {
                    function: self.function(body, Some(place)),
                }
            }
            StatementKind::Assign(targets, values) => {
                let targets = targets.iter().map(|target| self.target(target)).collect();
                Statement::Assign {
                    targets,
                    values: self.values(values),
                }
            }
            StatementKind::Call(call) => {
                let compiled = self.expression(call);
                self.check_unused(&compiled, call.place);
                Statement::Call(compiled)
            }
            StatementKind::Do(body) => Statement::Do(self.block(body)),
            StatementKind::While(condition, body) => Statement::While {
                condition: self.expression(condition),
                body: self.looped(|this| this.block(body)),
            },
            StatementKind::Repeat(body, condition) => self.repeat(body, condition),
            StatementKind::If(arms, otherwise) => self.conditional(arms, otherwise.as_ref()),
            StatementKind::NumericFor(name, bounds, step, body) => {
                let [start, limit] = &**bounds;
                let start = self.expression(start);
                let limit = self.expression(limit);
                let step = step
                    .as_ref()
                    .map_or(Expression::Integer(1), |step| self.expression(step));
                Statement::NumericFor {
                    start,
                    limit,
                    step,
                    body: self.loop_body(&[*name], body),
                    line: place.line,
                }
            }
            StatementKind::GenericFor(names, values, body) => Statement::GenericFor {
                count: names.len() as u32,
                values: self.values(values),
                body: self.loop_body(names, body),
                // As in Lua, the iterator is called at the line where the values begin.
                line: values.first().map_or(place.line, |value| value.place.line),
            },
            StatementKind::Goto(name) => return self.goto(*name, output),
            StatementKind::Label(name) => {
                let open = self.scope().blocks.last_mut().and_then(|block| {
                    let line = name.place.line;
                    let mut labels = block.labels.iter_mut();
                    let label =
                        labels.find(|label| label.name == name.text && label.line == line)?;
                    label.is_passed = true;
                    Some(label.label)
                });
                Statement::Label {
                    label: open.unwrap_or(0),
                }
            }
            StatementKind::Break => {
                if self.scope().loops == 0 {
                    let message = format!("break outside a loop at line {}", place.line);
                    self.error(place, "break", message, "remove it, or use `return`");
                }
                Statement::Break
            }
            StatementKind::Return(values) => Statement::Return {
                values: self.values(values),
                line: place.line,
            },
        };
        output.push(compiled);
    }

    fn looped<T>(&mut self, body: impl FnOnce(&mut Compiler<'a>) -> T) -> T {
        self.scope().loops += 1;
        let result = body(self);
        self.scope().loops -= 1;
        result
    }

    fn loop_body(&mut self, names: &[Name<'a>], body: &tree::Block<'a>) -> Block {
        self.looped(|this| {
            let scope = this.scope();
            let (local_count, slots) = (scope.locals.len(), scope.slots);
            for name in names {
                this.declare(*name);
            }
            this.block_of(body, local_count, slots)
        })
    }

    fn local(
        &mut self,
        names: &[(Name<'a>, Attribute)],
        values: &[tree::Expression<'a>],
        output: &mut Block,
    ) {
        if is_known_constant(names, values) {
            let value = self.expression(&values[0]);
            self.scope().locals.push(Local {
                name: names[0].0.text,
                is_constant: true,
                kind: LocalKind::Value(value),
            });
            return;
        }
        let values = self.values(values);
        output.push(Statement::Local {
            count: names.len() as u32,
            values,
        });
        let mut closed = None;
        for (name, attribute) in names {
            let slot = self.declare(*name);
            if *attribute != Attribute::None
                && let Some(local) = self.scope().locals.last_mut()
            {
                local.is_constant = true;
            }
            if *attribute == Attribute::Close {
                self.check_close(name.place, closed.is_some());
                closed = Some(Statement::Close {
                    slot,
                    line: name.place.line,
                });
            }
        }
        output.extend(closed);
    }

    fn check_close(&mut self, place: Place, is_second: bool) {
        if self.is_fold() {
            self.error(
                place,
                "no-close",
                "a fold closes nothing",
                "remove `<close>`",
            );
        }
        if is_second {
            let message = "multiple to-be-closed variables in local list";
            self.error(place, "close", message, "declare them one by one");
        }
    }

    fn repeat(&mut self, body: &tree::Block<'a>, condition: &tree::Expression<'a>) -> Statement {
        let scope = self.scope();
        let (local_count, slots) = (scope.locals.len(), scope.slots);
        self.open_block(body, local_count, slots, true);
        let body = self.looped(|this| this.statements(body));
        let condition = self.expression(condition);
        self.close_block();
        Statement::Repeat { body, condition }
    }

    fn conditional(
        &mut self,
        arms: &[(tree::Expression<'a>, tree::Block<'a>)],
        otherwise: Option<&tree::Block<'a>>,
    ) -> Statement {
        let mut compiled = Vec::new();
        for (condition, body) in arms {
            compiled.push((self.expression(condition), self.block(body)));
        }
        let mut rest = otherwise.map_or_else(Vec::new, |block| self.block(block));
        // The last arm lies innermost.
        let mut statement = None;
        for (condition, then) in compiled.into_iter().rev() {
            if let Some(inner) = statement.take() {
                rest = Vec::from([inner]);
            }
            statement = Some(Statement::If {
                condition,
                then,
                otherwise: core::mem::take(&mut rest),
            });
        }
        statement.unwrap_or(Statement::Do(Vec::new()))
    }

    fn goto(&mut self, name: Name<'a>, output: &mut Block) {
        let scope = self.scope();
        let mut slots_here = scope.slots;
        let mut answer = None;
        for block in scope.blocks.iter().rev() {
            if let Some(label) = block.labels.iter().find(|label| label.name == name.text) {
                let is_open = label.slots <= slots_here || label.is_last;
                let entered = (slots_here.saturating_sub(block.first_slot)) as usize;
                let entered = block.names.get(entered).copied().unwrap_or_default();
                answer = Some((label.label, is_open, entered));
                break;
            }
            slots_here = block.slots;
        }
        match answer {
            Some((label, true, _)) => output.push(Statement::Goto { label }),
            Some((_, false, entered)) => {
                let message = format!(
                    "<goto {}> at line {} jumps into the scope of local '{entered}'",
                    name.text, name.place.line
                );
                self.error(
                    name.place,
                    "goto",
                    message,
                    "declare the local before the jump",
                );
            }
            None => {
                let message = format!(
                    "no visible label '{}' for <goto> at line {}",
                    name.text, name.place.line
                );
                self.error(
                    name.place,
                    "goto",
                    message,
                    "write the label in this block or one around it",
                );
            }
        }
    }

    fn target(&mut self, target: &tree::Expression<'a>) -> Target {
        match &target.kind {
            ExpressionKind::Index(table, key) => {
                self.refuse_frozen(target);
                Target::Index {
                    table: self.expression(table),
                    key: self.key(key),
                    line: target.place.line,
                }
            }
            ExpressionKind::Name(text) => {
                let name = Name {
                    text,
                    place: target.place,
                };
                self.name_target(name)
            }
            // The parser lets nothing else through.
            _ => Target::Local(0),
        }
    }

    fn name_target(&mut self, name: Name<'a>) -> Target {
        let found = self.find(name);
        // What is a value by now was a constant, however many functions further out.
        let is_value = matches!(found, Found::Value(_));
        if is_value || !matches!(found, Found::Global) && self.is_constant(name.text) {
            let message = format!("attempt to assign to const variable '{}'", name.text);
            self.error(
                name.place,
                "const",
                message,
                "remove `<const>`, or use another variable",
            );
        }
        match found {
            Found::Local(slot) => Target::Local(slot),
            Found::Upvalue(index) => Target::Upvalue(index),
            Found::Value(_) => Target::Local(0),
            Found::Global if self.is_fold() => {
                let export = names::EXPORTS
                    .iter()
                    .position(|export| *export == name.text);
                if export.is_none() {
                    let message = format!("a fold must not assign the global `{}`", name.text);
                    let hint = format!(
                        "write `local {}`; globals are {}",
                        name.text,
                        names::EXPORTS.join(", ")
                    );
                    self.error(name.place, "global-assignment", message, hint);
                }
                Target::Export(export.unwrap_or(0) as u32)
            }
            Found::Global => {
                let (table, key) = self.global(name);
                Target::Index {
                    table,
                    key,
                    line: name.place.line,
                }
            }
        }
    }

    /// In a fold, members of the library are not assigned.
    fn refuse_frozen(&mut self, target: &tree::Expression<'a>) {
        let ExpressionKind::Index(table, _) = &target.kind else {
            return;
        };
        let ExpressionKind::Name(text) = table.kind else {
            return;
        };
        let name = Name {
            text,
            place: target.place,
        };
        if self.is_fold()
            && names::intrinsic(text).is_some()
            && matches!(self.find(name), Found::Global)
        {
            let message = format!("the library table `{text}` is frozen");
            self.error(target.place, "frozen-library", message, "use a local table");
        }
    }

    pub(super) fn values(&mut self, values: &[tree::Expression<'a>]) -> Values {
        let mut single: Vec<Expression> = Vec::new();
        let mut rest = None;
        for (index, value) in values.iter().enumerate() {
            let compiled = self.expression(value);
            let is_open =
                compiled.is_multiple() && !matches!(value.kind, ExpressionKind::Parenthesised(_));
            if index + 1 == values.len() && is_open {
                rest = Some(alloc::boxed::Box::new(compiled));
            } else {
                single.push(compiled);
            }
        }
        Values { single, rest }
    }

    /// A call of a pure function whose result is dropped.
    fn check_unused(&mut self, call: &Expression, place: Place) {
        let Expression::Call { function, .. } = call else {
            return;
        };
        let Expression::Intrinsic(name) = **function else {
            return;
        };
        if names::effect(name) == Effect::None {
            let message = format!("the result of `{name}` is not used");
            self.findings.push(Finding::error(
                place,
                "unused-result",
                message,
                "use the result, or remove the call: it does nothing else",
            ));
        }
    }
}

/// Whether nothing behind the statement in its block is reached.
fn never_goes_on(statement: &Statement) -> bool {
    let ends = |block: &Block| block.last().is_some_and(never_goes_on);
    match statement {
        Statement::Return { .. } | Statement::Break | Statement::Goto { .. } => true,
        Statement::Do(body) => ends(body),
        Statement::If {
            then, otherwise, ..
        } => ends(then) && ends(otherwise),
        Statement::Call(Expression::Call { function, .. }) => {
            matches!(**function, Expression::Intrinsic("error"))
        }
        _ => false,
    }
}
