//! Expressions: names become slots, upvalues, library names or members of the globals; constants are folded.
//!
//! Tests: `tests/it/front.rs`.

use super::Compiler;
use super::constant;
use super::scope::Found;
use crate::elc::{Binary, Expression, Item, Unary};
use crate::finding::{Finding, Place};
use crate::names;
use crate::syntax::tree::{self, BinaryOperator, ExpressionKind, Field, Name, UnaryOperator};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use gatos_numbers::binary64;

impl<'a> Compiler<'a> {
    pub(super) fn expression(&mut self, expression: &tree::Expression<'a>) -> Expression {
        let place = expression.place;
        let line = place.line;
        match &expression.kind {
            ExpressionKind::Nil => Expression::Nil,
            ExpressionKind::True => Expression::Boolean(true),
            ExpressionKind::False => Expression::Boolean(false),
            ExpressionKind::Rest => {
                if !self.scope().is_variadic {
                    let message = "cannot use '...' outside a vararg function near '...'";
                    self.error(
                        place,
                        "varargs",
                        message,
                        "write `...` as the last parameter",
                    );
                }
                Expression::Rest
            }
            ExpressionKind::Integer(integer) => Expression::Integer(*integer),
            ExpressionKind::Float(float) => Expression::Float(binary64::canonical_bits(*float)),
            ExpressionKind::Fixed(steps) => Expression::Fixed(*steps),
            ExpressionKind::Text(text) => Expression::Text(Box::from(text.as_slice())),
            ExpressionKind::Name(text) => self.name(Name { text, place }),
            ExpressionKind::Index(object, key) => self.index(object, key, place),
            ExpressionKind::Call(function, arguments) => Expression::Call {
                function: Box::new(self.expression(function)),
                arguments: self.values(arguments),
                line,
            },
            ExpressionKind::Method(object, name, arguments) => {
                self.refuse_metamethod(name.text.as_bytes(), name.place);
                Expression::Method {
                    object: Box::new(self.expression(object)),
                    name: Box::from(name.text.as_bytes()),
                    arguments: self.values(arguments),
                    line,
                }
            }
            ExpressionKind::Function(body) => {
                Expression::Function(self.function(body, Some(place)))
            }
            ExpressionKind::Table(fields) => self.table(fields, line),
            ExpressionKind::Unary(operator, operand) => {
                let operand = self.expression(operand);
                self.unary(*operator, operand, line)
            }
            ExpressionKind::Binary(operator, left, right) => {
                let left = self.expression(left);
                let right = self.expression(right);
                self.binary(*operator, left, right, line)
            }
            ExpressionKind::Parenthesised(inner) => self.expression(inner),
        }
    }

    fn unary(&self, operator: UnaryOperator, operand: Expression, line: u32) -> Expression {
        let operator = match operator {
            UnaryOperator::Negate => Unary::Negate,
            UnaryOperator::Not => Unary::Not,
            UnaryOperator::Length => Unary::Length,
            UnaryOperator::BitNot => Unary::BitNot,
        };
        constant::unary(operator, &operand, self.profile).unwrap_or_else(|| Expression::Unary {
            operator,
            operand: Box::new(operand),
            line,
        })
    }

    fn binary(
        &self,
        operator: BinaryOperator,
        left: Expression,
        right: Expression,
        line: u32,
    ) -> Expression {
        let operator = match operator {
            BinaryOperator::And if left.is_constant_false() => return left,
            BinaryOperator::And if left.is_constant_true() && !right.is_multiple() => return right,
            BinaryOperator::And => return Expression::And(Box::new((left, right))),
            BinaryOperator::Or if left.is_constant_true() => return left,
            BinaryOperator::Or if left.is_constant_false() && !right.is_multiple() => return right,
            BinaryOperator::Or => return Expression::Or(Box::new((left, right))),
            BinaryOperator::Concat => return concat(left, right, line),
            BinaryOperator::NotEqual => {
                let operands = Box::new((left, right));
                let operator = Binary::Equal;
                let equal = Expression::Binary {
                    operator,
                    operands,
                    line,
                };
                return self.unary(UnaryOperator::Not, equal, line);
            }
            BinaryOperator::Add => Binary::Add,
            BinaryOperator::Subtract => Binary::Subtract,
            BinaryOperator::Multiply => Binary::Multiply,
            BinaryOperator::Divide => Binary::Divide,
            BinaryOperator::FloorDivide => Binary::FloorDivide,
            BinaryOperator::Modulo => Binary::Modulo,
            BinaryOperator::Power => Binary::Power,
            BinaryOperator::BitAnd => Binary::BitAnd,
            BinaryOperator::BitOr => Binary::BitOr,
            BinaryOperator::BitXor => Binary::BitXor,
            BinaryOperator::ShiftLeft => Binary::ShiftLeft,
            BinaryOperator::ShiftRight => Binary::ShiftRight,
            BinaryOperator::Equal => Binary::Equal,
            BinaryOperator::Less => Binary::Less,
            BinaryOperator::LessEqual => Binary::LessEqual,
            BinaryOperator::Greater => Binary::Greater,
            BinaryOperator::GreaterEqual => Binary::GreaterEqual,
        };
        constant::binary(operator, &left, &right, self.profile).unwrap_or_else(|| {
            Expression::Binary {
                operator,
                operands: Box::new((left, right)),
                line,
            }
        })
    }

    fn name(&mut self, name: Name<'a>) -> Expression {
        match self.find(name) {
            Found::Local(slot) => Expression::Local(slot),
            Found::Upvalue(index) => Expression::Upvalue(index),
            Found::Value(value) => value,
            Found::Global if self.is_fold() => self.fold_global(name),
            Found::Global => {
                let (table, key) = self.global(name);
                Expression::Index {
                    operands: Box::new((table, key)),
                    line: name.place.line,
                }
            }
        }
    }

    /// A script's global is a member of `_ENV`.
    pub(super) fn global(&mut self, name: Name<'a>) -> (Expression, Expression) {
        let environment = Name {
            text: "_ENV",
            place: name.place,
        };
        let table = match self.find(environment) {
            Found::Local(slot) => Expression::Local(slot),
            Found::Upvalue(index) => Expression::Upvalue(index),
            Found::Value(value) => value,
            Found::Global => Expression::Nil,
        };
        (table, Expression::Text(Box::from(name.text.as_bytes())))
    }

    fn fold_global(&mut self, name: Name<'a>) -> Expression {
        if let Some(export) = names::EXPORTS
            .iter()
            .position(|export| *export == name.text)
        {
            return Expression::Export(export as u32);
        }
        if let Some(intrinsic) = names::intrinsic(name.text) {
            self.note_use(intrinsic, name.place);
            return Expression::Intrinsic(intrinsic);
        }
        let forbidden = names::FORBIDDEN
            .iter()
            .find(|(forbidden, ..)| *forbidden == name.text);
        match forbidden {
            Some((_, why, cure)) => {
                let message = format!("a fold must not use `{}`: {why}", name.text);
                self.error(name.place, forbidden_rule(name.text), message, *cure);
            }
            None => {
                let message = format!("`{}` is not declared", name.text);
                self.error(
                    name.place,
                    "undeclared",
                    message,
                    "declare it with `local`, or correct the name",
                );
            }
        }
        Expression::Nil
    }

    fn note_use(&mut self, intrinsic: &str, place: Place) {
        match intrinsic {
            "emit_json_canonical" => self.emit_count += 1,
            "rng" => self.findings.push(Finding::warning(
                place,
                "rng",
                "random draws make every run of the fold a full run",
                "derive what you need from the events instead",
            )),
            _ => {}
        }
    }

    fn index(
        &mut self,
        object: &tree::Expression<'a>,
        key: &tree::Expression<'a>,
        place: Place,
    ) -> Expression {
        if let Some(member) = self.library_member(object, key) {
            return member;
        }
        let object = self.expression(object);
        let key = self.key(key);
        Expression::Index {
            operands: Box::new((object, key)),
            line: place.line,
        }
    }

    /// `string.format` and the like in a fold.
    fn library_member(
        &mut self,
        object: &tree::Expression<'a>,
        key: &tree::Expression<'a>,
    ) -> Option<Expression> {
        let (ExpressionKind::Name(text), ExpressionKind::Text(member)) = (&object.kind, &key.kind)
        else {
            return None;
        };
        let name = Name {
            text,
            place: object.place,
        };
        if !self.is_fold()
            || names::intrinsic(text).is_none()
            || !matches!(self.find(name), Found::Global)
        {
            return None;
        }
        let member = core::str::from_utf8(member).unwrap_or_default();
        let full = format!("{text}.{member}");
        if let Some(intrinsic) = names::intrinsic(&full) {
            self.note_use(intrinsic, object.place);
            return Some(Expression::Intrinsic(intrinsic));
        }
        if full == "math.random" || full == "math.randomseed" {
            let cure = "use `rng`, and say so with `allow = {\"rng\"}`";
            self.error(
                object.place,
                "no-random",
                format!("a fold must not use `{full}`"),
                cure,
            );
        } else {
            let message = format!("the library has no `{full}`");
            self.error(
                object.place,
                "undeclared",
                message,
                "correct the name, or write the function yourself",
            );
        }
        Some(Expression::Nil)
    }

    /// A key of a table; in a fold some metamethods must not be named.
    pub(super) fn key(&mut self, key: &tree::Expression<'a>) -> Expression {
        if let ExpressionKind::Text(text) = &key.kind {
            self.refuse_metamethod(text, key.place);
        }
        self.expression(key)
    }

    fn refuse_metamethod(&mut self, name: &[u8], place: Place) {
        let ignored = names::IGNORED_METAMETHODS
            .iter()
            .find(|(ignored, _)| ignored.as_bytes() == name);
        if !self.is_fold()
            && let Some((name, why)) = ignored
        {
            let message = format!("`{name}` does nothing here: {why}");
            let hint = "remove it, or close what must be closed with `<close>`";
            self.findings
                .push(Finding::warning(place, "ignored-metamethod", message, hint));
        }
        let forbidden = names::FORBIDDEN_METAMETHODS
            .iter()
            .find(|forbidden| forbidden.as_bytes() == name);
        if self.is_fold()
            && let Some(name) = forbidden
        {
            let message = format!("a fold must not use the metamethod `{name}`");
            self.error(
                place,
                "no-metamethod",
                message,
                "remove it: what it does must not be seen in a fold",
            );
        }
    }

    fn table(&mut self, fields: &[Field<'a>], line: u32) -> Expression {
        let mut items = Vec::new();
        let mut rest = None;
        for (index, field) in fields.iter().enumerate() {
            match field {
                Field::Item(value) => {
                    let compiled = self.expression(value);
                    let is_open = compiled.is_multiple()
                        && !matches!(value.kind, ExpressionKind::Parenthesised(_));
                    if index + 1 == fields.len() && is_open {
                        rest = Some(Box::new(compiled));
                    } else {
                        items.push(Item::Listed(compiled));
                    }
                }
                Field::Pair(key, value) => {
                    let key = self.key(key);
                    items.push(Item::Keyed(key, self.expression(value)));
                }
            }
        }
        Expression::Table { items, rest, line }
    }
}

/// `a .. (b .. c)` is one operation of three.
fn concat(left: Expression, right: Expression, line: u32) -> Expression {
    let operands = match right {
        Expression::Concat { mut operands, .. } => {
            operands.insert(0, left);
            operands
        }
        right => Vec::from([left, right]),
    };
    Expression::Concat { operands, line }
}

/// The rule that forbids a global.
fn forbidden_rule(name: &str) -> &'static str {
    match name {
        "pairs" | "next" => "no-pairs",
        "coroutine" => "no-coroutines",
        _ => "forbidden-global",
    }
}
