//! Writing a module as canonical CBOR.
//!
//! A node is a list whose first item is its number; lists of nodes are lists. Lines and names are written for scripts,
//! where programs can see them through error messages, and left out for folds.
//!
//! TWIN: elc-numbers — `decode.rs`, `docs/formats/elc.md`. Tests: `tests/it/elc.rs`.

use super::{
    Binary, Block, Capture, Expression, Function, Item, MAP_VERSION, Module, Statement, Target,
    Unary, VERSION, Values,
};
use crate::profile::Profile;
use alloc::vec::Vec;
use gatos_numbers::Fixed;
use gatos_values::Value;
use gatos_values::cbor::{encode_bytes_into, encode_into, encode_list_head_into, encode_text_into};

/// The canonical bytes of a module.
#[must_use]
pub fn encode(module: &Module) -> Vec<u8> {
    let mut writer = Writer::default();
    let with_lines = module.profile == Profile::Script;
    writer.list(if with_lines { 4 } else { 3 });
    writer.count(VERSION);
    encode_text_into(module.profile.as_str(), &mut writer.output);
    let mut debug = Vec::new();
    writer.list(module.functions.len());
    for function in &module.functions {
        writer.lines.clear();
        writer.function(function);
        debug.push(core::mem::take(&mut writer.lines));
    }
    if with_lines {
        writer.list(module.functions.len());
        for (function, lines) in module.functions.iter().zip(debug) {
            writer.debug(function, &lines);
        }
    }
    writer.output
}

/// Where a program came from, beside its bytes: the name of the source, and the lines and names of every function.
///
/// A fold's module does not hold them, so that layout and local names do not change its digest; reports need them.
#[must_use]
pub fn encode_map(module: &Module, source: &str) -> Vec<u8> {
    let digest = module.digest();
    let mut code = Writer::default();
    let mut writer = Writer::default();
    writer.list(4);
    writer.count(MAP_VERSION);
    encode_text_into(source, &mut writer.output);
    writer.bytes(digest.as_bytes());
    writer.list(module.functions.len());
    for function in &module.functions {
        code.lines.clear();
        code.function(function);
        writer.debug(function, &code.lines);
    }
    writer.output
}

#[derive(Default)]
struct Writer {
    output: Vec<u8>,
    /// Lines of the nodes that have one, in the order in which the nodes are written.
    lines: Vec<u32>,
}

impl Writer {
    fn list(&mut self, count: usize) {
        encode_list_head_into(count, &mut self.output);
    }

    fn value(&mut self, value: Value) {
        // Scalars always have a form.
        if encode_into(&value, &mut self.output).is_err() {
            self.output.push(0xF6);
        }
    }

    fn count(&mut self, count: u64) {
        self.value(Value::from(count));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        encode_bytes_into(bytes, &mut self.output);
    }

    /// The head of a node: its number, and `operands` items to follow.
    fn node(&mut self, number: u64, operands: usize) {
        self.list(operands + 1);
        self.count(number);
    }

    fn line(&mut self, line: u32) {
        self.lines.push(line);
    }

    fn function(&mut self, function: &Function) {
        self.list(4);
        self.count(u64::from(function.parameter_count));
        self.value(Value::Bool(function.is_variadic));
        self.list(function.captures.len());
        for capture in &function.captures {
            match capture {
                Capture::Local(slot) => {
                    self.node(0, 1);
                    self.count(u64::from(*slot));
                }
                Capture::Upvalue(index) => {
                    self.node(1, 1);
                    self.count(u64::from(*index));
                }
                Capture::Globals => self.node(2, 0),
            }
        }
        self.block(&function.body);
    }

    fn debug(&mut self, function: &Function, lines: &[u32]) {
        let debug = &function.debug;
        self.list(5);
        self.count(u64::from(debug.line));
        self.count(u64::from(debug.end_line));
        for names in [&debug.locals, &debug.upvalues] {
            self.list(names.len());
            for name in names {
                self.bytes(name.as_bytes());
            }
        }
        self.list(lines.len());
        for line in lines {
            self.count(u64::from(*line));
        }
    }

    fn block(&mut self, block: &Block) {
        self.list(block.len());
        for statement in block {
            self.statement(statement);
        }
    }

    fn values(&mut self, values: &Values) {
        self.list(2);
        self.list(values.single.len());
        for value in &values.single {
            self.expression(value);
        }
        self.optional(values.rest.as_deref());
    }

    fn optional(&mut self, node: Option<&Expression>) {
        match node {
            Some(node) => self.expression(node),
            None => self.value(Value::Null),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Local { count, values } => {
                self.node(0, 2);
                self.count(u64::from(*count));
                self.values(values);
            }
            Statement::Close { slot, line } => {
                self.line(*line);
                self.node(1, 1);
                self.count(u64::from(*slot));
            }
            Statement::LocalFunction { function } => {
                self.node(2, 1);
                self.count(u64::from(*function));
            }
            Statement::Assign { targets, values } => {
                self.node(3, 2);
                self.list(targets.len());
                for target in targets {
                    self.target(target);
                }
                self.values(values);
            }
            Statement::Call(call) => {
                self.node(4, 1);
                self.expression(call);
            }
            Statement::Do(body) => {
                self.node(5, 1);
                self.block(body);
            }
            Statement::While { condition, body } => {
                self.node(6, 2);
                self.expression(condition);
                self.block(body);
            }
            Statement::Repeat { body, condition } => {
                self.node(7, 2);
                self.block(body);
                self.expression(condition);
            }
            Statement::If {
                condition,
                then,
                otherwise,
            } => {
                self.node(8, 3);
                self.expression(condition);
                self.block(then);
                self.block(otherwise);
            }
            Statement::NumericFor {
                start,
                limit,
                step,
                body,
                line,
            } => {
                self.line(*line);
                self.node(9, 4);
                self.expression(start);
                self.expression(limit);
                self.expression(step);
                self.block(body);
            }
            Statement::GenericFor {
                count,
                values,
                body,
                line,
            } => {
                self.line(*line);
                self.node(10, 3);
                self.count(u64::from(*count));
                self.values(values);
                self.block(body);
            }
            Statement::Goto { label } => {
                self.node(11, 1);
                self.count(u64::from(*label));
            }
            Statement::Label { label } => {
                self.node(12, 1);
                self.count(u64::from(*label));
            }
            Statement::Break => self.node(13, 0),
            Statement::Return { values, line } => {
                self.line(*line);
                self.node(14, 1);
                self.values(values);
            }
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Local(slot) => {
                self.node(0, 1);
                self.count(u64::from(*slot));
            }
            Target::Upvalue(index) => {
                self.node(1, 1);
                self.count(u64::from(*index));
            }
            Target::Export(index) => {
                self.node(2, 1);
                self.count(u64::from(*index));
            }
            Target::Index { table, key, line } => {
                self.line(*line);
                self.node(3, 2);
                self.expression(table);
                self.expression(key);
            }
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Nil => self.node(0, 0),
            Expression::Boolean(value) => {
                self.node(1, 1);
                self.value(Value::Bool(*value));
            }
            Expression::Integer(integer) => {
                self.node(2, 1);
                self.value(Value::from(*integer));
            }
            Expression::Float(bits) => {
                self.node(3, 1);
                self.count(*bits);
            }
            Expression::Fixed(steps) => {
                self.node(4, 1);
                self.value(Value::fixed(Fixed::from_steps(i128::from(*steps))));
            }
            Expression::Text(text) => {
                self.node(5, 1);
                self.bytes(text);
            }
            Expression::Rest => self.node(6, 0),
            Expression::Local(slot) => {
                self.node(7, 1);
                self.count(u64::from(*slot));
            }
            Expression::Upvalue(index) => {
                self.node(8, 1);
                self.count(u64::from(*index));
            }
            Expression::Export(index) => {
                self.node(9, 1);
                self.count(u64::from(*index));
            }
            Expression::Intrinsic(name) => {
                self.node(10, 1);
                encode_text_into(name, &mut self.output);
            }
            Expression::Function(index) => {
                self.node(11, 1);
                self.count(u64::from(*index));
            }
            Expression::Table { items, rest, line } => {
                self.line(*line);
                self.node(12, 2);
                self.list(items.len());
                for item in items {
                    match item {
                        Item::Listed(value) => {
                            self.list(1);
                            self.expression(value);
                        }
                        Item::Keyed(key, value) => {
                            self.list(2);
                            self.expression(key);
                            self.expression(value);
                        }
                    }
                }
                self.optional(rest.as_deref());
            }
            Expression::Unary {
                operator,
                operand,
                line,
            } => {
                self.line(*line);
                self.node(13, 2);
                self.count(unary_number(*operator));
                self.expression(operand);
            }
            Expression::Binary {
                operator,
                operands,
                line,
            } => {
                self.line(*line);
                self.node(14, 3);
                self.count(binary_number(*operator));
                self.expression(&operands.0);
                self.expression(&operands.1);
            }
            Expression::Concat { operands, line } => {
                self.line(*line);
                self.node(15, 1);
                self.list(operands.len());
                for operand in operands {
                    self.expression(operand);
                }
            }
            Expression::And(operands) | Expression::Or(operands) => {
                let is_and = matches!(expression, Expression::And(_));
                self.node(if is_and { 16 } else { 17 }, 2);
                self.expression(&operands.0);
                self.expression(&operands.1);
            }
            Expression::Index { operands, line } => {
                self.line(*line);
                self.node(18, 2);
                self.expression(&operands.0);
                self.expression(&operands.1);
            }
            Expression::Call {
                function,
                arguments,
                line,
            } => {
                self.line(*line);
                self.node(19, 2);
                self.expression(function);
                self.values(arguments);
            }
            Expression::Method {
                object,
                name,
                arguments,
                line,
            } => {
                self.line(*line);
                self.node(20, 3);
                self.expression(object);
                self.bytes(name);
                self.values(arguments);
            }
        }
    }
}

fn unary_number(operator: Unary) -> u64 {
    super::decode::UNARY
        .iter()
        .position(|other| *other == operator)
        .map_or(0, |number| number as u64)
}

fn binary_number(operator: Binary) -> u64 {
    super::decode::BINARY
        .iter()
        .position(|other| *other == operator)
        .map_or(0, |number| number as u64)
}
